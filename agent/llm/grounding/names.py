"""Names and properties that a model made up: what nothing in the evidence says, in places where something is stated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from agent.embedded.text import normalise, tokenize
from agent.llm.grounding.facts import Facts, stems_of
from agent.llm.grounding.language import words
from agent.llm.grounding.statement import MARK, Part

_TOKEN = re.compile(r"[A-Za-z][\w'’&.-]*[\w]|[A-Za-z]|\d+[A-Za-z][\w-]*", re.ASCII)
_CODE = re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[\w-]+$")
_MEASURE = re.compile(r"^\d+(?:[.,]\d+)?[A-Za-zµμ°%\"]{1,4}$|^\d+(?:st|nd|rd|th|s)$", re.I)
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.\w+|(?:\+|00)\d[\d\s-]{6,}\d|\b\d{3}[\s-]\d{3}[\s-]?\d{2,4}\b")
_COMPLEMENT = re.compile(r"(.{1,70}?)(?=[.,;:!?，。；：！？、()（）—–]|\bbut\b|\bwhile\b|\band it\b|但|$)")
_OURS = re.compile(r"(?:^|\s)(?:i|we|you|they|i'd|we'd)\s+(?:\w+\s+)?$|[我您你]们?$")
_CJK = re.compile(r"[一-鿿]{2,}")
_SAID = 0.5
"""The share of a Chinese complement's pairs of characters that the evidence must have."""


def invented(
    plain: str, low: str, parts: Sequence[Part], about: Sequence[tuple[int, ...]], facts: Facts,
    knows: Callable[[str], bool],
) -> str:  # fmt: skip
    """Return what a sentence makes up; empty when nothing.

    Args:
        plain: the sentence without Markdown.
        low: the same, folded, names as marks.
        parts: its parts.
        about: for each part the items that it is said of.
        facts: the turn's.
        knows: tells words of the language from names.
    """
    if _CONTACT.search(plain) and not any(_CONTACT.search(text) for text in (*facts.passages, *facts.strings)):
        return "a contact that nobody stated"
    phrases = [part.text for part in parts if part.span is not None or part.number]
    covered = {token for text in phrases for token in text.split()} | {text.replace(" ", "") for text in phrases}
    for name in _names(plain, facts, knows, covered):
        return f"name {name}"
    places = next((found for found in about if found), ())
    if not facts.items:
        return ""
    known = facts.words if not places else frozenset().union(*(facts.items[place].words for place in places))
    text = "".join(facts.items[place].text for place in places or range(len(facts.items))) + "".join(facts.texts)
    for complement in _complements(low):
        for word in _unknown(complement, known | facts.asked, covered, text):
            return f"property {word}"
    return ""


def _names(plain: str, facts: Facts, knows: Callable[[str], bool], covered: set[str]) -> Iterator[str]:
    """Yield capitalised words and codes that stand nowhere in the evidence."""
    general = words()
    begins = True
    known = facts.spelled | covered
    for match in _TOKEN.finditer(plain):
        word, at_start = match.group(), begins
        if word.startswith(MARK):
            begins = False
            continue
        folded = normalise(word)
        begins = plain[match.end() :].lstrip()[:1] in (":", ".", "!", "?", "\n")
        pieces = re.split(r"[-'’.&]", folded)
        if folded in known or folded in general.months or any(p in known for p in pieces if len(p) > 2):
            continue
        if _CODE.match(word):
            if word.rstrip("0123456789").lower() in known:
                continue  # a label that a number follows without a space
            if not _MEASURE.match(word):
                yield word
        elif word[0].isupper() and not _general(word, folded):
            named = not (word.isupper() and len(word) <= 3) if not at_start else _opens_a_claim(plain, match.end())
            if named and not (at_start and knows(folded)):
                yield word


def _general(word: str, folded: str) -> bool:
    general = words()
    if re.split(r"['’]", folded)[0] in ("i", "we", "you", "it", "that", "here", "there", "what", "let", "they"):
        return True
    return word in ("I", "A") or folded in general.plain or folded in general.verbs or folded in general.carried


def _opens_a_claim(plain: str, after: int) -> bool:
    """Tell whether a verb follows the name at the beginning: "Zephyr has …"."""
    following = re.match(r"(?:\s+[A-Z0-9][\w-]*){0,4}\s+([a-z]+)", plain[after:])
    return following is not None and following.group(1) in words().verbs


def _complements(low: str) -> Iterator[str]:
    for match in words().features.finditer(low):
        if _OURS.search(low[: match.start()]):
            continue  # "I have three suggestions"
        found = _COMPLEMENT.match(low[match.end() :])
        if found is not None:
            yield found.group(1)


def _unknown(complement: str, known: frozenset[str], covered: set[str], text: str) -> Iterator[str]:
    """Yield the words of a complement that neither the evidence nor general language has."""
    general = words()
    chinese = "".join(_CJK.findall(complement))
    said = (text for text in (*covered, *general.carried) if len(text) > 1 and not text.isascii())
    for phrase in sorted(said, key=len, reverse=True):
        chinese = chinese.replace(phrase, "")
    chinese = "".join(char for char in chinese if char not in general.carried)
    pairs = [chinese[at : at + 2] for at in range(len(chinese) - 1)]
    if pairs and MARK not in complement and sum(pair not in text for pair in pairs) > (1 - _SAID) * len(pairs):
        yield chinese
    for token in tokenize(complement):
        if token.kind != "word" or token.text.startswith(MARK) or len(token.text) < 3:
            continue
        if token.text in general.plain or token.text in general.carried or token.text in covered:
            continue
        if token.stem not in known and token.stem not in _general_stems():
            yield token.text


def _general_stems() -> frozenset[str]:
    return _STEMS.setdefault("en", frozenset(stems_of(" ".join(sorted(words().plain)))))


_STEMS: dict[str, frozenset[str]] = {}

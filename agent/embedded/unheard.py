"""Names and words of a need that nothing in the catalogue answers to: said, rather than passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Set

from agent.embedded.elements import Element
from agent.embedded.reading import Reading

_CODE = re.compile(r"\b[A-Za-z]+-?\d[\w-]*")
_MOST = 5
_SHORTEST = 3
"""Letters of a word that may be a name."""


def unheard(
    reading: Reading, stopwords: Set[str], is_word: Callable[[str], bool], mentions: Callable[[str], bool]
) -> tuple[str, ...]:
    """Return the words of a message that name something which no item's text has, in order.

    An ordinary English word may still be met by its meaning; a name may not, nor may a Chinese word that stands right
    beside what is asked for.

    Args:
        reading: the message as read.
        stopwords: words that carry no need.
        is_word: tells ordinary words from names.
        mentions: whether any item's text has a word.
    """
    written = {word.strip(".,;:!?()'\"") for word in reading.text.split()[1:]}
    found: list[str] = []
    for run, beside in _runs(reading.elements, stopwords):
        if run.isascii():
            named = not is_word(run) or run.capitalize() in written
            told = len(run) >= _SHORTEST and run.isalpha() and named
        else:
            told = len(run) > 1 and beside
        if told and not mentions(run):
            found.append(run.capitalize() if run.capitalize() in written else run)
    return tuple(dict.fromkeys(found))[:_MOST]


def codes(message: str) -> list[str]:
    """Return what is written as names of models are: "WH-1000", "X200"."""
    return list(dict.fromkeys(_CODE.findall(message)))[:_MOST]


def runs(reading: Reading, stopwords: Set[str]) -> list[str]:
    """Return the free words of a message that may name something, Chinese characters in a row as one."""
    found = [text for text, _ in _runs(reading.elements, stopwords)]
    return [text for text in dict.fromkeys(found) if len(text) > 1]


def _runs(elements: tuple[Element, ...], stopwords: Set[str]) -> list[tuple[str, bool]]:
    """Return free words, Chinese characters in a row as one, and whether a phrase of the shop stands beside each."""
    runs: list[tuple[str, bool]] = []
    at = 0
    while at < len(elements):
        first = elements[at]
        if not _free(first, stopwords):
            at += 1
            continue
        end = at + 1
        while not first.text.isascii() and end < len(elements) and _free(elements[end], stopwords):
            if elements[end].text.isascii() or len(elements[end].text) > 1 or len(first.text) > 1:
                break
            end += 1
        text = "".join(element.text for element in elements[at:end])
        after = [element for element in elements[end : end + 2] if element.text != "的"][:1]
        before = elements[at - 1 : at] if at else ()
        runs.append((text, any(element.is_shop() for element in (*before, *after))))
        at = end
    return runs


def _free(element: Element, stopwords: Set[str]) -> bool:
    return element.tells() and element.text not in stopwords and not element.negated and not element.past

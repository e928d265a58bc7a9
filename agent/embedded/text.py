"""Text as the embedded decider sees it: normalised tokens, stems, the language of a message."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from core.entities import Language
from retrieval.tokens import stem

_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*|(?<!\S)\.\d+)"
    r"|(?P<cjk>[㐀-䶿一-鿿豈-﫿])"
    r"|(?P<word>[^\W\d_㐀-䶿一-鿿豈-﫿]+(?:['’](?!s\b)[^\W\d_]+)?)"
    r"|(?P<sign>[^\w\s])"
)

_WORDS = re.compile(r"\d+(?:[.,]\d+)*|(?<!\S)\.\d+|[㐀-䶿一-鿿豈-﫿]|[^\W\d_㐀-䶿一-鿿豈-﫿]+(?:['’](?!s\b)[^\W\d_]+)?")
"""As ``_TOKEN``, without signs and groups."""

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Control and format characters."""

_RUN, _CODE = re.compile(r"[!-~]+"), re.compile(r"[\d@]")
"""Printable ASCII, and what makes a run of it a code: a number with its unit, an order number, an e-mail address. Codes
are written alike in every language."""


HEAD, TAIL = 3000, 1000
"""Characters of the beginning and the end of a message that are read: more than a shopper writes, and little enough for
any machine. Who pastes a letter says what it is about at one of its ends."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a message."""

    text: str
    """Lower case, NFKC."""
    stem: str
    kind: str
    """``number``, ``cjk``, ``word`` or ``sign``."""
    start: int
    end: int
    glued: bool = False
    """True when no space separates it from the token before ("16gb")."""


def normalise(text: str, *, cased: bool = False) -> str:
    """Return the text in NFKC and, unless ``cased``, lower case, control characters as spaces."""
    if text.isascii() and text.isprintable():
        return text if cased else text.lower()
    # A full-width comma separates: it groups no thousands ("至少1，410欧元").
    text = unicodedata.normalize("NFKC", text.replace("，", ", ")).replace("’", "'")
    text = text if cased else text.lower()
    return text if text.isprintable() else _UNSEEN.sub(" ", text)


def read_part(text: str) -> str:
    """Return what is read of a message: all of it, or of a very long one its beginning and its end."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens: numbers, words, single Chinese characters and signs."""
    tokens: list[Token] = []
    text = normalise(text)
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        word = match.group()
        glued = bool(tokens) and tokens[-1].end == match.start()
        root = stem(word) if kind == "word" else word
        tokens.append(Token(word, root, kind, match.start(), match.end(), glued))
    return [token for at, token in enumerate(tokens) if not _joins_words(tokens, at)]


def words_of(text: str) -> list[str]:
    """Return a text's tokens without signs, as ``tokenize`` writes them; quicker, for whole catalogues."""
    return _WORDS.findall(normalise(text))


def _joins_words(tokens: list[Token], at: int) -> bool:
    """Tell whether a hyphen only joins words ("noise-cancelling", "wh-1000"); between numbers it is a range."""
    if tokens[at].text not in "-‐‑" or not 0 < at < len(tokens) - 1:
        return False
    before, after = tokens[at - 1], tokens[at + 1]
    glued = tokens[at].glued and after.glued
    return glued and "word" in (before.kind, after.kind) and "cjk" not in (before.kind, after.kind)


def language_of(text: str, fallback: Language) -> Language:
    """Return ``zh`` when Chinese characters carry the message, ``en`` when Latin words do, else the fallback.

    Brand names keep their Latin letters in Chinese sentences, so one Chinese character weighs as much as a word.
    """
    text = read_part(text)
    tokens = tokenize(_RUN.sub(lambda run: " " if _CODE.search(run.group()) else run.group(), text))
    chinese = sum(token.kind == "cjk" for token in tokens)
    latin = sum(token.kind == "word" for token in tokens)
    if chinese == latin == 0:
        return fallback
    return "zh" if chinese >= latin and chinese else "en"

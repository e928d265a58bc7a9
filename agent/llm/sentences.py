"""Cuts a stream of text into sentences as it comes, and makes what a model writes harmless Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection

_END = re.compile(r"[.!?][\"'”’)\]*_]*(?=\s)|[!?](?=[A-Z])|[。！？][”’」』）*_]*|\n")
_UNENDED = re.compile(
    r"(?:^|\s|[(*_])(?:\d{1,3}|[A-Za-z]|e\.g|i\.e|etc|approx|vs|no|nr|mr|mrs|ms|dr|st|inc|ltd|co|incl|max|min)\.$", re.I
)
"""A full stop after these ends no sentence: list numbers, initials, abbreviations."""
LONGEST = 700
"""Characters after which a sentence is taken as it is."""

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)|!\[[^\]]*\]\[[^\]]*\]")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s*\S+.*$")
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>|<[a-z]+:[^<>\s]+>", re.S)
_URL = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>()\]]+|\b(?:javascript|data|vbscript):[^\s<>()]*")
_DOMAIN = re.compile(
    r"(?i)(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|net|org|io|cn|shop|store|info|biz|co|example|ru|xyz|app|dev|ly|gl)\b(?:/[^\s<>()]*)?"
)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+|^\s{0,3}>\s?")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_ROW = re.compile(r"^\s*\|")
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]|[\U000e0000-\U000e007f]")


class Sentences:
    """Fed with pieces of text, returns whole sentences, each with the white space before it."""

    def __init__(self) -> None:
        """Start empty."""
        self._buffer = ""

    def feed(self, piece: str) -> list[str]:
        """Add a piece; return the sentences that are whole now."""
        self._buffer += piece
        found: list[str] = []
        start = 0
        for end in _END.finditer(self._buffer):
            upto = end.end()
            text = self._buffer[start:upto]
            if end.group() == "\n":
                if text.strip():
                    found.append(text[:-1])
                    start = upto - 1
                continue
            if upto == len(self._buffer) and end.group()[0] not in "。！？":
                break
            if end.group()[0] == "." and _UNENDED.search(text.rstrip()):
                continue
            found.append(text)
            start = upto
        self._buffer = self._buffer[start:]
        if len(self._buffer) > LONGEST:
            found.append(self._buffer)
            self._buffer = ""
        return found

    def rest(self) -> str:
        """Return what has no end yet."""
        rest, self._buffer = self._buffer, ""
        return rest


def harmless(sentence: str, urls: Collection[str] = ()) -> str:
    """Return a sentence without images, HTML, headings, tables and code fences, and with known links only.

    Args:
        sentence: as the model wrote it.
        urls: addresses that stand in this turn's evidence; every other one is taken away.
    """
    text = _HIDDEN.sub("", sentence)
    if _FENCE.match(text) or _REFERENCE.match(text) or _ROW.match(text):
        return ""
    text = _IMAGE.sub("", text)
    text = _LINK.sub(lambda found: found.group(1) if found.group(2) not in urls else found.group(), text)
    before = None
    while before != text:  # a tag inside a tag
        before, text = text, _TAG.sub("", text)
    text = _HEADING.sub("", text)
    kept = set(urls)
    text = _URL.sub(lambda found: found.group() if found.group().rstrip(".,;:!?") in kept else "", text)
    if not any(url in text for url in kept):
        text = _DOMAIN.sub("", text)
    return text.replace("<", "&lt;")

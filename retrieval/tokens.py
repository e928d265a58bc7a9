"""Texts to search terms: lower case, English stems, single characters and pairs of Chinese, Japanese and Korean."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:[.'’][^\W_{_CJK}]+)*")
_WIDE = re.compile(rf"[{_CJK}]")
_STOP_WORDS = frozenset(
    "a an and any are as at be but by can could do does for from get give go had has have hello hey hi how i if in into"
    " is it its just like looking may me my need of on one or our out please recommend same show so some something"
    " suggest than that the their them then there these they this to too up us want was we were what when which who"
    " will with would you your".split()
)
_STOP_PAIRS = frozenset(
    "我想 想要 一个 一款 一些 有没 没有 推荐 可以 帮我 给我 什么 怎么 请问 这个 那个 我要 需要 的话".split()
)
_lock = threading.Lock()


@cache
def _stemmer() -> object:
    from Stemmer import Stemmer

    return Stemmer("english")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the English stem of a lower-case word; other words come back as they are."""
    if not word.isascii() or not word.isalpha():
        return word
    # PyStemmer's objects are not thread-safe.
    with _lock:
        return str(_stemmer().stemWord(word))  # type: ignore[attr-defined]


def fold(text: str) -> str:
    """Return a text in lower case and in one Unicode form (full-width letters become plain ones)."""
    return unicodedata.normalize("NFKC", text).lower()


def words(text: str) -> list[str]:
    """Return the words of a text in order, lower case and unstemmed; a run of CJK characters is one word."""
    return _TOKEN.findall(fold(text))


def terms(text: str) -> list[str]:
    """Return what BM25 indexes of a text: stems, CJK characters and CJK pairs."""
    found: list[str] = []
    for word in words(text):
        if _WIDE.match(word):
            found.extend(word)
            found.extend(word[place : place + 2] for place in range(len(word) - 1))
        elif word not in _STOP_WORDS:
            found.append(stem(word))
    return found


def query_terms(text: str) -> dict[str, str]:
    """Return the distinct terms of a question and, for each, the word of the text that it came from.

    Stop words are left out; of a run of CJK characters only the pairs count, since single characters match too much.
    """
    found: dict[str, str] = {}
    for word in words(text):
        if not _WIDE.match(word):
            if word not in _STOP_WORDS:
                found.setdefault(stem(word), word)
        elif len(word) == 1:
            found.setdefault(word, word)
        else:
            pairs = (word[place : place + 2] for place in range(len(word) - 1))
            found.update({pair: pair for pair in pairs if pair not in _STOP_PAIRS})
    return found

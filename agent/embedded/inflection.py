"""Degrees of vague words: "light" → "lighter", "lightest", "less light"; "轻" → "更轻", "轻一点", "最轻"."""

from __future__ import annotations

import re

_VOWELS = re.compile(r"[aeiouy]+")
_IRREGULAR = {"good": ("better", "best"), "bad": ("worse", "worst"), "far": ("further", "furthest")}


def comparatives(word: str) -> list[str]:
    """Return the wordings that mean more of a vague word, relative to something."""
    if not word.isascii():
        return [
            f"更{word}",
            f"{word}一点",
            f"{word}点",
            f"{word}一些",
            f"{word}些",
            f"再{word}",
            f"更{word}一点",
            f"比较{word}",
        ]
    return [
        f"more {word}",
        f"even more {word}",
        *(f"{form}" for form in _suffixed(word, "er", 0)),
        f"a bit more {word}",
    ]


def superlatives(word: str) -> list[str]:
    """Return the wordings that mean the most of a vague word."""
    if not word.isascii():
        return [f"最{word}", f"最最{word}"]
    return [f"most {word}", f"the most {word}", *_suffixed(word, "est", 1)]


def opposites(word: str) -> list[str]:
    """Return the wordings that mean less of a vague word."""
    if not word.isascii():
        return [
            f"没那么{word}",
            f"不那么{word}",
            f"别太{word}",
            f"不要太{word}",
            f"不太{word}",
            f"太{word}",
            f"有点{word}",
            f"太{word}了",
        ]
    return [f"less {word}", f"not as {word}", f"not so {word}", f"not too {word}", f"too {word}", f"a bit too {word}"]


def questions(word: str) -> list[str]:
    """Return the wordings that ask how much of it something is."""
    return [f"how {word}"] if word.isascii() else [f"多{word}", f"有多{word}"]


def measured(label: str) -> str | None:
    """Return the adjective that a Chinese measure is named after ("重量" → "重", "长度" → "长"), or None."""
    found = re.fullmatch(r"(\w)[量度]", label)
    return found.group(1) if found and not label.isascii() else None


def counted(label: str) -> str | None:
    """Return the word that a Chinese count is named after ("页数" → "页", "座位数" → "座位"), or None."""
    found = re.fullmatch(r"(\w+)数量?", label)
    return found.group(1) if found and not label.isascii() else None


def _suffixed(word: str, suffix: str, irregular: int) -> list[str]:
    if word in _IRREGULAR:
        return [_IRREGULAR[word][irregular]]
    if " " in word or "-" in word or len(_VOWELS.findall(word)) > 2 or not word.isalpha():
        return []
    if word.endswith("e"):
        return [word + suffix[1:]]
    if re.search(r"[^aeiou]y$", word):
        return [word[:-1] + "i" + suffix]
    if re.search(r".[aeiou][^aeiou]+ey$", word):
        return [word[:-2] + "i" + suffix]  # pricey, pricier
    if re.search(r"^[^aeiou]*[aeiou][bdgklmnprt]$", word):
        return [word + word[-1] + suffix]
    return [word + suffix]

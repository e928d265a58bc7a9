"""The general words that statements are checked by (``language.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from prompts.phrases import standard

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_SKELETON = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


@dataclass(frozen=True)
class Words:
    """Patterns over lower-case text in both languages."""

    negators: re.Pattern[str]
    not_negators: re.Pattern[str]
    unstated: re.Pattern[str]
    all_of: re.Pattern[str]
    some_of: re.Pattern[str]
    pronouns: re.Pattern[str]
    features: re.Pattern[str]
    service: re.Pattern[str]
    stock_in: re.Pattern[str]
    stock_out: re.Pattern[str]
    statuses: Mapping[str, re.Pattern[str]]
    verbs: frozenset[str]
    carried: frozenset[str]
    plain: frozenset[str]
    months: frozenset[str]
    points: frozenset[str]


@cache
def words() -> Words:
    """Return the words, read once."""
    content = yaml.safe_load((Path(__file__).parent / "language.yaml").read_text(encoding="utf-8"))
    names = (
        "negators", "not_negators", "unstated", "all_of", "some_of", "pronouns", "features", "service", "stock_in",
        "stock_out",
    )  # fmt: skip
    return Words(
        **{name: _pattern(content[name]) for name in names},
        statuses={name: _pattern(by) for name, by in content["status"].items()},
        verbs=frozenset(content["verbs"]["en"]),
        carried=frozenset((*content["carried"]["en"], *content["carried"]["zh"])),
        plain=frozenset(content["plain"]["en"]) | said_by_code(),
        months=frozenset(content["months"]["en"]),
        points=frozenset(content["points"]["zh"]) | frozenset(content["points"]["en"]),
    )


def _pattern(by_language: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    english = sorted(map(str, by_language.get("en", ())), key=len, reverse=True)
    chinese = sorted(map(str, by_language.get("zh", ())), key=len, reverse=True)
    parts = []
    if english:
        parts.append(r"(?<![a-z])(?:" + "|".join(map(re.escape, english)) + r")(?![a-z])")
    if chinese:
        parts.append("|".join(map(re.escape, chinese)))
    return re.compile("|".join(parts))


@cache
def said_by_code() -> frozenset[str]:
    """Return the words of the embedded writer's own phrases: they state nothing by themselves."""
    phrases: Any = standard()
    found: set[str] = set()
    for key in phrases.keys("en"):
        for variant in phrases.variants(key, "en"):
            found.update(_WORD.findall(_SKELETON.sub(" ", variant).lower()))
    return frozenset(found)

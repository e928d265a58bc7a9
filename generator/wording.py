"""Titles and descriptions in both languages, from a category's sentences and a product's own facets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from generator.conditions import compile_condition
from generator.tables import Brand, CategoryTable, Line, read_table

Both = tuple[str, str]

_AN = re.compile(r"\b([Aa]) (?=8|11\b|18\b|APS|OLED|HD\b)")
"""Where a filled-in value wants "an"."""


@cache
def value_labels(facet: str) -> Mapping[str, Both]:
    """Return a facet's values -> (English, Chinese) display names."""
    values = read_table("facets").get(facet, {}).get("values", {})
    return {value: (raw[0] or value, raw[1] or value) for value, raw in values.items()}


@cache
def _unit(facet: str) -> str | None:
    unit: str | None = read_table("facets").get(facet, {}).get("unit")
    return unit


def show(facet: str, value: Any, language: int) -> str:
    """Return a value as it stands in a sentence: masses and bytes with their unit, other numbers bare."""
    if isinstance(value, tuple):
        words = [show(facet, one, language) for one in value]
        return ", ".join(words) if language == 0 else "、".join(words)
    if isinstance(value, str):
        return value_labels(facet).get(value, (value, value))[language]
    unit = _unit(facet)
    if unit == "kg":
        return f"{value:g} kg" if value >= 1 else f"{value * 1000:.0f} g"
    if unit == "GB":
        return f"{value / 1000:g} TB" if value >= 1000 else f"{value:g} GB"
    if unit == "MP" and language == 1:
        return f"{value * 100:g}万" if value < 100 else f"{value / 100:g}亿"
    return f"{value:,g}" if language == 0 else f"{value:g}"


def shown(values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a template may name, for English and for Chinese."""
    english, chinese = ({name: show(name, value, k) for name, value in values.items()} for k in (0, 1))
    sizes = {name for name, value in values.items() if isinstance(value, float | int)}
    return english, {name: text.replace(" ", "") if name in sizes else text for name, text in chinese.items()}


def fitting(lines: Sequence[Line], values: Mapping[str, Any]) -> list[Both]:
    """Return the lines whose conditions hold."""
    return [(english, chinese) for condition, english, chinese in lines if compile_condition(condition)(values)]


def titles(table: CategoryTable, brand: Brand, name: str, values: Mapping[str, Any]) -> Both:
    """Return the title in both languages: maker, name, what it is, and what sets it apart."""
    english_words, chinese_words = shown(values)
    noun, noun_zh = table.nouns[values["type"]]
    adjectives = fitting(table.adjectives, values)[:2]
    specs = fitting(table.specs, values)[:3]
    english = " ".join([brand.name, name, *(a[0] for a in adjectives), noun]).format_map(english_words)
    tail = [s[0].format_map(english_words) for s in specs]
    words_zh = [text.format_map(chinese_words) for text in (*(a[1] for a in adjectives), noun_zh)]
    chinese = f"{brand.name} {brand.zh} {name} {_joined(words_zh)}"
    tail_zh = [s[1].format_map(chinese_words) for s in specs]
    color = values.get("color")
    if color:
        tail.append(show("color", color, 0).title())
        tail_zh.append(show("color", color, 1))
    return ", ".join([english, *tail]), " ".join([chinese, *tail_zh])


def descriptions(table: CategoryTable, brand: Brand, name: str, values: Mapping[str, Any], rng: Random) -> Both:
    """Return 3 to 4 sentences in both languages; the same draw serves both, so that they say the same."""
    english_words, chinese_words = shown({**values, "name": name})
    english_words["maker"], chinese_words["maker"] = brand.name, brand.zh
    sentences = [rng.choice(fitting(table.openers, values))]
    facts = fitting(table.facts, values)
    chosen = sorted(rng.sample(range(len(facts)), min(2, len(facts))))
    sentences += [facts[k] for k in chosen]
    closers = fitting(table.closers, values)
    if closers and rng.random() < 0.55:
        sentences.append(rng.choice(closers))
    elif rng.random() < 0.5:
        sentences.append(rng.choice(brand.character))
    english = " ".join(_capital(s[0].format_map(english_words)) for s in sentences)
    return _AN.sub(r"\1n ", english), "".join(s[1].format_map(chinese_words) for s in sentences)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(words: Sequence[str]) -> str:
    """Join Chinese words, with a space only between two Latin ones."""
    text = ""
    for word in words:
        text += f" {word}" if text[-1:].isascii() and text and word[:1].isascii() else word
    return text

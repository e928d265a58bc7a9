"""The chat page's and the terminal's own words: UI strings, prices, constraint chips, and text made safe to show."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from agent.embedded.word_constraints import word_chip
from core.entities import Constraint, Facet, Language, Op, Strength

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "RMB": "¥", "JPY": "JP¥", "INR": "₹", "KRW": "₩"}
_LOW_STOCK = 5
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INVISIBLE = re.compile(r"[\x80-\x9f\u202a-\u202e\u2066-\u2069]")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return the UI strings: language -> key -> text with ``{placeholders}``."""
    content: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("page_texts.yaml").read_text(encoding="utf-8")
    )
    return content


def ui_language(tag: Language | None) -> Language:
    """Return the UI language for a tag: ``zh`` for any Chinese, else ``en``."""
    return "zh" if (tag or "").lower().startswith("zh") else "en"


def word(key: str, language: Language, **values: object) -> str:
    """Return a UI string in a language, with its placeholders filled."""
    return texts()[ui_language(language)][key].format(**values)


def visible(text: str) -> str:
    """Return text whose control characters are pictures of themselves and whose direction overrides are marked."""
    return _INVISIBLE.sub("\ufffd", _CONTROLS.sub(_picture, text))


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    return "\u2421" if code == 0x7F else chr(0x2400 + code)


def esc(text: str) -> str:
    """Return text safe inside HTML elements and quoted attributes."""
    return html.escape(visible(text), quote=True)


def capital(text: str) -> str:
    """Return text whose first letter is a capital one."""
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    """Return a number without needless decimals, thousands separated."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0").rstrip(".")


def money(amount: float, currency: str | None) -> str:
    """Return a price as people write it: ``$899``, ``¥1,299.50``, ``899 CHF``."""
    figure = f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.2f}"
    if currency is None:
        return figure
    symbol = _SYMBOLS.get(currency.upper())
    return f"{symbol}{figure}" if symbol else f"{figure} {currency}"


def stock_words(stock: int, language: Language) -> tuple[str, str]:
    """Return ``good``, ``low`` or ``out``, and how a person says it."""
    if stock <= 0:
        return "out", word("out_of_stock", language)
    if stock <= _LOW_STOCK:
        return "low", word("low_stock", language, count=stock)
    return "good", word("in_stock", language)


def constraint_label(
    constraint: Constraint, facets: Mapping[str, Facet], language: Language, currency: str | None = None
) -> str:
    """Return a constraint as a chip shows it: ``Under $900``, ``Not Apple``, ``Battery life 10–20 h``."""
    label = word_chip(constraint, facets, currency, ui_language(language))
    if constraint.strength is Strength.WISH:
        label = word("ideally", language, label=label)
    named = constraint.field == "brand" and constraint.op in (Op.EQ, Op.IN)
    return label if named else capital(label)

"""The chat page's and the terminal's own words: UI strings, prices, constraint chips, and text made safe to show."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from core.entities import Constraint, Facet, FacetType, Language, Op, Strength, Value

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "RMB": "¥", "JPY": "JP¥", "INR": "₹", "KRW": "₩"}
_BOUNDS = {Op.LE: "≤", Op.GE: "≥", Op.LT: "<", Op.GT: ">", Op.EQ: "=", Op.NE: "≠"}
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
    """Return a constraint as a chip shows it: ``Price ≤ $900``, ``not Apple``, ``Battery life 10-20 h``."""
    facet = facets.get(constraint.field) or Facet(constraint.field, FacetType.TEXT)
    label = _bare_label(constraint, facet, language, currency)
    if constraint.strength is Strength.WISH:
        label = word("ideally", language, label=label)
    named = facet.name == "brand" and constraint.op in (Op.EQ, Op.IN)
    return label if named else capital(label)


def _bare_label(constraint: Constraint, facet: Facet, language: Language, currency: str | None) -> str:
    name, op, value = facet.label(language), constraint.op, constraint.value
    if isinstance(value, bool):
        wanted = value is (op is not Op.NE)
        return name if wanted else word("without", language, value=name)
    if isinstance(value, (int, float)):
        return f"{name} {_BOUNDS.get(op, op.value)} {_amount(value, constraint, currency)}"
    if op is Op.BETWEEN and isinstance(value, tuple) and len(value) == 2:
        low, high = (_amount(float(end), constraint, currency) for end in value)
        return f"{name} {low} – {high}"
    if op in _BOUNDS and op not in (Op.EQ, Op.NE):
        return f"{name} {_BOUNDS[op]} {value}"
    shown = word("or", language).join(_value_label(part, facet, language) for part in _parts(value))
    if op in (Op.NE, Op.NOT_IN, Op.NOT_CONTAINS):
        return word("not", language, value=shown)
    return shown if facet.name in ("brand", "category") else f"{name}: {shown}"


def _amount(value: float, constraint: Constraint, currency: str | None) -> str:
    if constraint.field == "price":
        return money(value, constraint.unit or currency)
    return f"{number(value)} {constraint.unit}" if constraint.unit else number(value)


def _parts(value: Value) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, tuple) else (str(value),)


def _value_label(value: str, facet: Facet, language: Language) -> str:
    """A category node is shown by its last part."""
    return facet.value_label(value, language) if facet.name != "category" else _category_label(value, facet, language)


def _category_label(value: str, facet: Facet, language: Language) -> str:
    label = facet.value_label(value, language)
    return label.rsplit(" > ", 1)[-1] if label == value else label

"""Infers what kind of facet a column of text holds; shop.yaml overrides it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
import polars as pl

from core.entities import FacetType
from core.shop import FacetConfig
from retrieval.parsing import FALSE, TRUE, parse_numbers, parse_times
from retrieval.units import find_currency, find_unit

AGREEING = 0.95
"""The share of a column's values that must be of one kind; the others are reported and left out."""
SHORT = 40
"""Characters of a value that still reads as a name rather than as prose."""
FEW = 50
"""So many distinct names may a category facet have in any case; beyond, they must repeat."""

_ID_NAMES = frozenset({"id", "ids", "uuid", "guid", "ean", "gtin", "upc", "isbn", "asin", "sku", "mpn", "barcode"})
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]\d{1,2}:\d{2}.*)?$")
_FLAG_NAMES = frozenset({"is", "has", "with", "can"})
_SEPARATORS = ("|", ";", "、", ",", "，", "/")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a column is to be read."""

    type: FacetType
    unit: str | None = None
    separator: str | None = None
    """Of a list: what stands between elements; None for JSON lists."""
    words: str = ""
    """The column's name in words, without its unit."""


def field_name(header: str) -> tuple[str, str | None]:
    """Return a header as a field name (``Weight (kg)`` -> ``weight``) and the unit in its brackets, if any."""
    text, unit = header.strip(), None
    found = re.fullmatch(r"(.+?)\s*[(（\[]([^)）\]]+)[)）\]]", text)
    if found and find_unit(found[2]):
        text, unit = found[1], find_unit(found[2])
    base, at, language = text.partition("@")
    name = re.sub(r"[\s\-./]+", "_", base.strip()).strip("_").lower()
    return f"{name}{at}{language.strip().lower()}", unit.symbol if unit else None


def infer(name: str, column: pl.Series, config: FacetConfig, separator: str, unit: str | None = None) -> Plan | None:
    """Return how to read a column, or None when it says nothing (empty, ids, addresses).

    Args:
        name: the field's name; a unit at its end (``battery_h``) counts for numbers.
        column: texts or lists of texts; null is missing.
        config: what shop.yaml says of the facet: its type and unit win.
        separator: the shop's list separator.
        unit: the unit in the header's brackets.
    """
    stated = column.drop_nulls()
    words = name.replace("_", " ")
    if stated.dtype != pl.String:
        return Plan(config.type or FacetType.LIST, words=words) if stated.list.len().sum() else None
    if not len(stated) and config.type is None:
        return None
    kind = config.type
    if kind in (None, FacetType.NUMBER):
        stem, suffix = _unit_suffix(name)
        found = _number_unit(stated, config.unit or unit or suffix, forced=kind is not None)
        if kind is not None or (found is not None and not _flaglike(name, stated) and not _idlike(name, stated)):
            return Plan(FacetType.NUMBER, found or None, words=stem.replace("_", " ") if suffix else words)
    if kind is None:
        if _idlike(name, stated):
            return None
        kind, separator = _kind(name, stated, separator)
    elif kind is FacetType.LIST:
        separator = _list_separator(stated, separator) or separator
    return Plan(kind, separator=separator if kind is FacetType.LIST else None, words=words)


def _kind(name: str, stated: pl.Series, separator: str) -> tuple[FacetType, str]:
    """Tell booleans, dates, lists, categories and prose apart."""
    distinct = stated.unique(maintain_order=True)
    if _flaglike(name, stated):
        return FacetType.BOOLEAN, separator
    if _share(stated.str.contains(_DATE.pattern.replace("$", r"$"))) >= AGREEING and not parse_times(stated)[1].any():
        return FacetType.DATE, separator
    found = _list_separator(stated, separator)
    if found is not None:
        return FacetType.LIST, found
    if _named(stated) and (len(distinct) <= FEW or len(distinct) <= 0.5 * len(stated)):
        return FacetType.CATEGORY, separator
    return FacetType.TEXT, separator


def _share(hits: pl.Series) -> float:
    return float(hits.sum()) / max(len(hits), 1)


def _named(texts: pl.Series) -> bool:
    """Return whether texts read as names: short, few words, no sentences."""
    sentence = texts.str.contains(r"[.。!?！？]\s|[。！？]$")
    short = (texts.str.len_chars() <= SHORT) & (texts.str.count_matches(" ") <= 5) & ~sentence
    return _share(short) >= AGREEING


def _flaglike(name: str, stated: pl.Series) -> bool:
    values = set(stated.str.to_lowercase().unique().to_list())
    if values <= {"0", "1", "0.0", "1.0"}:
        return name.split("_")[0] in _FLAG_NAMES
    return values <= {*TRUE, *FALSE}


def _idlike(name: str, stated: pl.Series) -> bool:
    """Return whether a column holds identifiers or addresses, which say nothing to a shopper."""
    if name.rpartition("_")[2] in _ID_NAMES and stated.n_unique() >= 0.5 * len(stated):
        return True
    sample = stated.head(200)
    addresses = sum(urlsplit_scheme(text) in ("http", "https", "data", "ftp") for text in sample.to_list())
    if addresses >= 0.9 * len(sample):
        return True
    return _share(stated.str.contains(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")) >= AGREEING


def urlsplit_scheme(text: str) -> str:
    """Return an address's scheme; empty when it is none."""
    try:
        return urlsplit(text).scheme.lower() if ":" in text else ""
    except ValueError:
        return ""


def _unit_suffix(name: str) -> tuple[str, str | None]:
    """Split ``battery_h`` into its name and unit; names without one stay whole."""
    stem, _, last = name.rpartition("_")
    unit = find_unit(last) if stem and not last.isdigit() else None
    return (stem, unit.symbol) if unit else (name, None)


def _number_unit(stated: pl.Series, given: str | None, forced: bool) -> str | None:
    """Return the unit of a column of numbers ("": none), or None when it does not hold numbers.

    Args:
        stated: the column's texts.
        given: the unit that shop.yaml or the header names.
        forced: shop.yaml says that they are numbers: misfits are reported later.
    """
    known = find_unit(given) if given else None
    own = known.symbol if known else (given or "")
    numbers = parse_numbers(stated)
    good = 1.0 - float(numbers.bad.mean()) if len(stated) else 1.0
    # Codes are written with leading zeros, or with letters before the number.
    before = numbers.before.drop_nulls().unique().to_list()
    coded = bool(stated.str.contains(r"^0\d").any()) or any(find_currency(text) is None for text in before)
    if not forced and (good < AGREEING or coded):
        return None
    units = Counter(numbers.after.drop_nulls().to_list())
    if not units:
        return own
    return _common_unit(units, own, len(stated), forced)


def _common_unit(units: Counter[str], own: str, total: int, forced: bool) -> str | None:
    resolved: Counter[str] = Counter()
    base = find_unit(own) if own else find_unit(units.most_common(1)[0][0])
    for text, count in units.items():
        unit = find_unit(text, base.dimension) if base else None
        if unit is not None:
            resolved[unit.symbol] += count
    if sum(resolved.values()) >= AGREEING * sum(units.values()):
        return own or resolved.most_common(1)[0][0]
    text, count = units.most_common(1)[0]
    if not own and count >= AGREEING * total and len(text) <= 12:
        return text
    return own if forced else None


def _list_separator(stated: pl.Series, usual: str) -> str | None:
    """Return what separates a column's list elements ("" for JSON lists), or None when it holds no lists."""
    if _share(stated.str.contains(r"^\[.*\]$")) >= AGREEING and all(map(json_list, stated.head(50).to_list())):
        return ""
    for separator in dict.fromkeys((usual, *_SEPARATORS)):
        having = stated.filter(stated.str.contains(separator, literal=True))
        if not len(having):
            continue
        pieces = having.str.split(separator).explode().str.strip_chars()
        if not _named(pieces) or (pieces.str.len_chars() == 0).all():
            continue
        # The shop's own separator is meant; any other must be frequent, and its elements must come back.
        if separator == usual:
            return separator
        everything = stated.str.split(separator).explode().str.strip_chars()
        if _share(stated.str.contains(separator, literal=True)) >= 0.2 and everything.n_unique() <= 0.4 * len(
            everything
        ):
            return separator
    return None


def json_list(text: str) -> list[str] | None:
    """Return the texts of a JSON list, or None when a text is none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return [str(each) for each in value if each is not None] if isinstance(value, list) else None

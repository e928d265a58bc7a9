"""Turns columns of text into numbers, booleans, dates and addresses, all rows at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt
import polars as pl

from retrieval.columns import Bools, Floats
from retrieval.comparing import EPOCH

_DIGITS = r"(?:\d[\d,.' \x{00A0}\x{202F}]*\d|\d|[.]\d+)(?:[eE][+-]?\d+)?"
_NUMBER = rf"^([+\-−]?)\s*([^\d\s.,+\-−]{{0,4}})\s*([+\-−]?)({_DIGITS})\s*-?([^\d].{{0,30}})?$"

TRUE = ("true", "yes", "y", "t", "是", "有", "支持", "✓")
FALSE = ("false", "no", "n", "f", "否", "无", "没有", "不支持", "✗")

_MILLISECONDS = 1e11
"""Epoch times beyond this are milliseconds."""


@dataclass(frozen=True)
class Numbers:
    """A text column read as numbers."""

    values: Floats
    """NaN where the text is missing or no number."""
    before: pl.Series
    """What stands before the number (a currency sign); null when nothing does."""
    after: pl.Series
    """What stands after the number (a unit); null when nothing does."""
    bad: Bools
    """Rows that have a text which is no number."""


def parse_numbers(texts: pl.Series) -> Numbers:
    """Read ``1299``, ``$1,299.00``, ``1.299,00 €``, ``1.3 kg``; what stands around a number is kept."""
    plain = texts.cast(pl.Float64, strict=False)
    plain = plain.set(plain.is_infinite() | plain.is_nan(), None)
    rest = texts.is_not_null() & plain.is_null()
    empty = pl.Series([None], dtype=pl.String).extend_constant(None, len(texts) - 1) if len(texts) else texts
    if not rest.any():
        return Numbers(plain.to_numpy().astype(np.float64), empty, empty, rest.to_numpy())
    groups = texts.str.extract_groups(_NUMBER).struct
    sign = groups.field("1").fill_null("") + groups.field("3").fill_null("")
    value = _unpunctuated(groups.field("4")).cast(pl.Float64, strict=False)
    value = pl.select(pl.when(sign.is_in(["-", "−"])).then(-value).otherwise(value)).to_series()
    value = value.set(value.is_infinite() | (sign.str.len_chars() > 1), None)
    merged = plain.fill_null(value)
    around = [
        pl.select(pl.when(rest & (part.str.len_chars() > 0)).then(part.str.strip_chars())).to_series()
        for part in (groups.field("2"), groups.field("5"))
    ]
    bad = texts.is_not_null() & merged.is_null()
    return Numbers(merged.to_numpy().astype(np.float64), around[0], around[1], bad.to_numpy())


def _unpunctuated(digits: pl.Series) -> pl.Series:
    """Drop thousands separators and make the decimal comma a point."""
    text = pl.lit(digits.str.replace_all(r"[' \x{00A0}\x{202F}]", ""))
    return pl.select(
        pl.when(text.str.contains(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$"))
        .then(text.str.replace_all(",", "", literal=True))
        .when(text.str.contains(r"^\d{1,3}(?:\.\d{3})+,\d+$|^\d{1,3}(?:\.\d{3}){2,}$"))
        .then(text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
        .when(text.str.contains(r"^\d+,\d+$"))
        .then(text.str.replace(",", ".", literal=True))
        .when(text.str.contains(r"^\d*\.?\d+(?:[eE][+-]?\d+)?$"))
        .then(text)
    ).to_series()


def parse_flags(texts: pl.Series) -> tuple[npt.NDArray[np.int8], Bools]:
    """Read yes and no in several spellings; returns 1, 0 or -1 (missing), and which rows hold something else."""
    folded = texts.str.to_lowercase()
    flags = pl.select(
        pl.when(folded.is_in([*TRUE, "1", "1.0"]))
        .then(1)
        .when(folded.is_in([*FALSE, "0", "0.0"]))
        .then(0)
        .otherwise(-1)
    ).to_series()
    values = flags.to_numpy().astype(np.int8)
    return values, texts.is_not_null().to_numpy() & (values < 0)


def _moment(text: str) -> float | None:
    """Return a date or time as seconds since the epoch, or None."""
    if re.fullmatch(r"\d{4}", text):
        text += "-01-01"
    elif re.fullmatch(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", text):
        year, month, day = re.split(r"[-/.]", text)
        text = f"{year}-{int(month):02}-{int(day):02}"
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH).total_seconds()


def parse_times(texts: pl.Series) -> tuple[Floats, Bools]:
    """Read ISO dates and times, ``2024/5/17``, years, and epoch seconds or milliseconds.

    Returns:
        Seconds since the epoch (NaN: missing), and which rows hold something else.
    """
    numbers = texts.cast(pl.Float64, strict=False)
    seconds = numbers.set(numbers.is_nan() | numbers.is_infinite() | (texts.str.len_chars() <= 4), None)
    seconds = pl.select(pl.when(seconds.abs() > _MILLISECONDS).then(seconds / 1000).otherwise(seconds)).to_series()
    # The year 9999 bounds what a datetime can hold.
    seconds = seconds.set(seconds.abs() > 253_402_300_799, None)
    plain = texts.str.replace(" ", "T", literal=True).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    seconds = seconds.fill_null(plain.dt.epoch("s").cast(pl.Float64))
    rest = texts.filter(texts.is_not_null() & seconds.is_null()).unique()
    if len(rest):
        moments = pl.Series([_moment(text) for text in rest.to_list()], dtype=pl.Float64)
        seconds = seconds.fill_null(texts.replace_strict(rest, moments, default=None, return_dtype=pl.Float64))
    bad = texts.is_not_null() & seconds.is_null()
    return seconds.to_numpy().astype(np.float64), bad.to_numpy()


def safe_address(text: str) -> bool:
    """Return whether an address may be shown: http(s), or a path below the shop's folder."""
    if any(ord(each) <= 32 or each in '\\"<>`' for each in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return bool(parts.hostname)
    return (
        not parts.scheme
        and not parts.netloc
        and not text.startswith("/")
        and ".." not in unquote(parts.path).split("/")
    )

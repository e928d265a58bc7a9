"""Builds the catalogue's columns from columns of text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from core.entities import FacetType, Language
from retrieval.categories import Path
from retrieval.columns import Bools, CodeColumn, Column, FlagColumn, Floats, ListColumn, NumberColumn, TextColumn, fold
from retrieval.findings import Findings
from retrieval.inference import Plan, json_list
from retrieval.parsing import parse_flags, parse_numbers, parse_times, safe_address
from retrieval.tables import Table
from retrieval.units import convert, find_currency, find_unit

DAY = 86_400.0


class Assembly:
    """Turns one table's columns into catalogue columns; what cannot be read is reported and left out."""

    def __init__(self, table: Table, findings: Findings) -> None:
        """Keep the table, whose rows are the items."""
        self._table = table
        self._findings = findings

    def _series(self, name: str) -> pl.Series:
        series = self._table.frame[name]
        return series if series.dtype == pl.String else series.list.join("|")

    def _report(self, bad: Bools, texts: pl.Series, message: str, field: str) -> None:
        rows = np.flatnonzero(bad)
        shown = texts.gather(rows).to_list()
        self._findings.add_all(zip(self._table.lines[rows].tolist(), shown, strict=True), message, field)

    # -- by kind of facet ----------------------------------------------------------------------------------------------

    def facet(self, name: str, plan: Plan) -> Column:
        """Return a facet's column."""
        match plan.type:
            case FacetType.NUMBER:
                return NumberColumn.of(self.measures(name, plan.unit))
            case FacetType.BOOLEAN:
                return self.flags(name)
            case FacetType.DATE:
                return self.days(name)
            case FacetType.LIST:
                return self.lists(name, plan.separator)
            case FacetType.CATEGORY:
                return self.coded(name)
            case FacetType.TEXT:
                return self.texts(name)

    def measures(self, name: str, unit: str | None) -> Floats:
        """Return numbers in the facet's unit; values that are written with another unit are converted."""
        texts = self._series(name)
        numbers = parse_numbers(texts)
        values, bad = numbers.values.copy(), numbers.bad.copy()
        own = find_unit(unit) if unit else None
        for written in numbers.after.drop_nulls().unique().to_list():
            rows = (numbers.after == written).fill_null(False).to_numpy()
            other = find_unit(written, own.dimension if own else None)
            if own and other:
                if other.symbol != own.symbol:
                    values[rows] = [
                        round(convert(value, other.symbol, own.symbol), 9) for value in values[rows].tolist()
                    ]
            elif written != unit:
                bad |= rows
        values[bad] = np.nan
        self._report(bad, texts, f"must be a number in {unit}" if unit else "must be a number", name)
        return values

    def amounts(self, name: str, whole: bool = False) -> Floats:
        """Return numbers that must not be negative; ``whole`` ones without a fraction."""
        texts = self._series(name)
        numbers = parse_numbers(texts)
        values = numbers.values.copy()
        wrong = (
            numbers.bad
            | (values < 0)
            | numbers.before.is_not_null().to_numpy()
            | numbers.after.is_not_null().to_numpy()
        )
        if whole:
            wrong |= ~np.isnan(values) & (values != np.floor(values))
        values[wrong] = np.nan
        kind = "a whole number" if whole else "a number"
        self._report(wrong, texts, f"must be {kind} that is not negative", name)
        return values

    def prices(self, name: str) -> tuple[Floats, str | None]:
        """Return prices (``$1,299.00`` or ``500 元`` too), and the currency that most of them name."""
        texts = self._series(name)
        numbers = parse_numbers(texts)
        values = numbers.values.copy()
        wrong = numbers.bad | (values < 0)
        named: dict[str, int] = {}
        for part in (numbers.before, numbers.after):
            for row in part.drop_nulls().value_counts().iter_rows():
                currency = find_currency(row[0])
                if currency is None:
                    wrong |= (part == row[0]).fill_null(False).to_numpy()
                else:
                    named[currency] = named.get(currency, 0) + row[1]
        values[wrong] = np.nan
        self._report(wrong, texts, "must be a price that is not negative", name)
        return values, max(named, key=lambda each: named[each]) if named else None

    def flags(self, name: str) -> FlagColumn:
        """Return booleans."""
        texts = self._series(name)
        values, bad = parse_flags(texts)
        self._report(bad, texts, "must be yes or no", name)
        return FlagColumn.of(values)

    def days(self, name: str) -> NumberColumn:
        """Return dates as days since the epoch."""
        texts = self._series(name)
        seconds, bad = parse_times(texts)
        self._report(bad, texts, "must be a date as YYYY-MM-DD", name)
        return NumberColumn.of(seconds / DAY)

    def texts(self, name: str) -> TextColumn:
        """Return free texts."""
        return TextColumn.of(self._series(name).to_list())

    def titles(self, name: str) -> TextColumn:
        """Return texts of one line."""
        return TextColumn.of(self._series(name).str.replace_all(r"\s+", " ").to_list())

    def coded(self, name: str) -> CodeColumn:
        """Return texts out of few; spellings that differ in case only are one value, the most frequent spelling."""
        texts = self._series(name)
        codes, values = _merged(texts)
        return CodeColumn.of(codes, values)

    def addresses(self, name: str) -> TextColumn:
        """Return addresses that may be shown: http(s), or a path below the shop's folder; others are dropped."""
        texts = self._series(name)
        safe = [text is None or safe_address(text) for text in texts.to_list()]
        bad = ~np.array(safe, dtype=np.bool_)
        self._report(bad, texts, "must be an http(s) address or a path below the shop's folder", name)
        return TextColumn.of([text if fine else None for text, fine in zip(texts.to_list(), safe, strict=True)])

    def elements(self, name: str, separator: str | None) -> pl.Series:
        """Return a column's list elements; null where an item does not say."""
        column = self._table.frame[name]
        if column.dtype != pl.String:
            return column
        if separator:
            split = column.str.split(separator)
        else:
            split = pl.Series([text and (json_list(text) or [text]) for text in column], dtype=pl.List(pl.String))
        return split.list.eval(pl.element().str.strip_chars())

    def lists(self, name: str, separator: str | None) -> ListColumn:
        """Return lists of texts; an element that is listed twice counts once."""
        column = self.elements(name, separator)
        column = column.list.eval(pl.element().filter(pl.element().str.len_chars() > 0)).list.unique(
            maintain_order=True
        )
        lengths = column.list.len().fill_null(0).to_numpy()
        indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        codes, values = _merged(column.filter(column.list.len() > 0).explode())
        return ListColumn.of(indptr, codes, values)

    def paths(self, name: str, separator: str) -> list[Path | None]:
        """Return category paths, from ``Audio > Headphones`` or JSON lists."""
        column = self._table.frame[name]
        known: dict[str, Path] = {}
        if column.dtype != pl.String:
            column = column.list.join(separator)
        for text in column.drop_nulls().unique().to_list():
            parts = json_list(text) if text.startswith("[") else None
            pieces = parts if parts is not None else text.split(separator)
            known[text] = tuple(piece.strip() for piece in pieces if piece.strip())
        return [known[text] if text is not None else None for text in column.to_list()]

    # -- display names -------------------------------------------------------------------------------------------------

    def labels(
        self, name: str, translations: Mapping[Language, str], separator: str | None
    ) -> dict[str, dict[str, str]]:
        """Return value -> language -> the display name that most rows give it.

        Args:
            name: the column of values.
            translations: language -> the column of display names.
            separator: of lists, what stands between elements; None for single values.
        """
        found: dict[str, dict[str, str]] = {}
        for language, other in translations.items():
            pair = pl.DataFrame({"value": self._split(name, separator), "label": self._split(other, separator)})
            if pair["value"].dtype != pl.String:
                pair = pair.filter(pl.col("value").list.len() == pl.col("label").list.len()).explode("value", "label")
            pair = pair.drop_nulls().filter(pl.col("label").str.len_chars() > 0)
            counted = pair.group_by("value", "label").len().sort("len", "label", descending=[False, True])
            for value, label, _ in counted.iter_rows():
                found.setdefault(value, {})[language] = label
        return found

    def _split(self, name: str, separator: str | None) -> pl.Series:
        return self._series(name) if separator is None else self.elements(name, separator)


def _merged(texts: pl.Series) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], list[str]]:
    """Return a code for each text (-1: missing), and the distinct texts, most frequent first."""
    counts = texts.drop_nulls().value_counts().sort("count", texts.name or "", descending=[True, False])
    spelled: dict[str, int] = {}
    values: list[str] = []
    codes: list[int] = []
    for text in counts[:, 0].to_list():
        key = fold(text)
        if key not in spelled:
            spelled[key] = len(values)
            values.append(text)
        codes.append(spelled[key])
    found = texts.replace_strict(counts[:, 0], pl.Series(codes, dtype=pl.Int32), default=-1, return_dtype=pl.Int32)
    return found.fill_null(-1).to_numpy().astype(np.int32), values

"""What to ask next: the facets whose answer would tell most about which candidate is wanted.

The wanted item is taken to be each candidate with the softmax of its score. Asking a facet splits the candidates by its
options; the expected information gain is the entropy of that split (an answer names its option without error), times
the share of candidates that state the facet. The category is asked like any other facet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from core.entities import Constraint, Facet, FacetType, Op, Option, Question
from retrieval.catalogue import Catalogue
from retrieval.columns import ListColumn
from retrieval.signals import Rows

CONSIDERED = 300
"""The best candidates decide what is asked."""
TEMPERATURE = 0.08
STATED_BY = 0.7
"""A facet that fewer of the candidates state is not asked."""
MOST_OPTIONS = 4
MOST_QUESTIONS = 3
LEAST_CANDIDATES = 4
SAMPLED = 60
VARIANTS_COST = 0.7
LEAST_GAIN = 0.25
Floats = npt.NDArray[np.float64]
_NEVER = frozenset({"title", "rating", "rating_count", "stock", "created_at"})


def questions(
    catalogue: Catalogue, rows: Rows, scores: npt.NDArray[np.floating], asked_fields: Sequence[str]
) -> tuple[Question, ...]:
    """Return at most three questions, the most informative first; () when the candidates are few.

    Args:
        catalogue: the catalogue.
        rows: the candidates.
        scores: one score a candidate.
        asked_fields: fields that are settled or were asked already.
    """
    if len(rows) < LEAST_CANDIDATES:
        return ()
    if len(rows) > CONSIDERED:
        best = np.argpartition(-scores, CONSIDERED)[:CONSIDERED]
        rows, scores = rows[best], scores[best]
    weights = np.exp((scores - scores.max()) / TEMPERATURE).astype(np.float64)
    weights /= weights.sum()
    skipped = _NEVER.union(asked_fields)
    found = [
        question
        for name, facet in catalogue.facets.items()
        if facet.ask and name not in skipped and (question := _question(catalogue, facet, rows, weights)) is not None
    ]
    likely = sorted(found, key=lambda question: (-question.gain, question.field))[: 2 * MOST_QUESTIONS]
    variants = _variants(catalogue, rows[np.argsort(-weights, kind="stable")[:SAMPLED]])
    gained = [
        replace(question, gain=round(question.gain * _between_products(catalogue, question.field, variants), 4))
        for question in likely
    ]
    return tuple(sorted(gained, key=lambda question: (-question.gain, question.field))[:MOST_QUESTIONS])


def _question(catalogue: Catalogue, facet: Facet, rows: Rows, weights: Floats) -> Question | None:
    """Return the question about one facet, or None when it would tell little."""
    if facet.type is FacetType.NUMBER:
        options, shares = _ranges(facet, catalogue.numbers(facet.name, rows=rows), weights)
    elif facet.name == "category" or facet.type in (FacetType.CATEGORY, FacetType.BOOLEAN):
        options, shares = _values(catalogue, facet, rows, weights)
    elif facet.type is FacetType.LIST:
        return _listed(catalogue, facet, rows, weights)
    else:
        return None
    stated = float(np.sum(shares))
    if len(options) < 2 or stated < STATED_BY:
        return None
    # Values beyond those offered are one answer: "another".
    offered = np.sort(shares)[::-1]
    split = np.append(offered[:MOST_OPTIONS], offered[MOST_OPTIONS:].sum()) / stated
    split = split[split > 0]
    gain = float(-(split * np.log2(split)).sum() * stated)
    return Question(facet.name, tuple(options), round(gain, 4)) if gain >= LEAST_GAIN else None


def _listed(catalogue: Catalogue, facet: Facet, rows: Rows, weights: Floats) -> Question | None:
    """Return the question which of its values matters: who wants an item names any of those that it lists.

    An answer leaves every candidate that lists it, so that it tells less than the share of those who would give it.
    """
    column = catalogue.lists(facet.name)
    if column is None:
        return None
    owners, codes = _entries(column, rows)
    lengths = np.bincount(owners, minlength=len(rows))
    stated = float(weights[lengths > 0].sum())
    if stated < STATED_BY:
        return None
    values, codes = np.unique(codes, return_inverse=True)
    left = np.bincount(codes, weights=weights[owners])
    said = np.bincount(codes, weights=weights[owners] / lengths[owners])
    counts = np.bincount(codes)
    best = np.lexsort((values, -counts, -said))
    offered, others = best[:MOST_OPTIONS], best[MOST_OPTIONS:]
    # Values beyond those offered are one answer: "another".
    answers = np.append(said[offered], said[others].sum())
    remains = np.minimum(np.append(left[offered], left[others].sum()) / stated, 1.0)
    gain = float(-(answers[answers > 0] * np.log2(remains[answers > 0])).sum())
    if len(offered) < 2 or gain < LEAST_GAIN:
        return None
    options = tuple(_option(facet, column.values[values[at]], int(counts[at])) for at in offered.tolist())
    return Question(facet.name, options, round(gain, 4))


def _entries(column: ListColumn, rows: Rows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.integer]]:
    """Return the codes that some rows list, one after the other, and before them which of the rows each belongs to."""
    found = column.places(rows)
    places = np.asarray(rows) if found is None else found[0]
    starts = column.indptr[places].astype(np.int64)
    lengths = column.indptr[places + 1] - starts
    if found is not None:
        lengths = np.where(found[1], lengths, 0)
    owners = np.repeat(np.arange(len(rows)), lengths)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return owners, column.data[starts[owners] + within]


def _variants(catalogue: Catalogue, rows: Rows) -> list[list[int]]:
    """Return the rows of each product that has several variants among the rows."""
    column = catalogue.column("group_id")
    if column is None:
        return []
    groups: dict[str, list[int]] = {}
    for row in rows.tolist():
        group = column.at(row)
        if group is not None:
            groups.setdefault(group, []).append(row)
    return [members for members in groups.values() if len(members) > 1]


def _between_products(catalogue: Catalogue, name: str, variants: Sequence[Sequence[int]]) -> float:
    """Return 1 for a facet that tells products apart, less the more it tells only variants of one product apart.

    Which product comes first in a talk, which colour of it last.
    """
    column = catalogue.column(name)
    if column is None or not variants:
        return 1.0
    differ = sum(len({column.at(row) for row in members}) > 1 for members in variants)
    return 1.0 - VARIANTS_COST * differ / len(variants)


def _values(
    catalogue: Catalogue, facet: Facet, rows: Rows, weights: Floats
) -> tuple[list[Option], npt.NDArray[np.float64]]:
    """Return one option for each of the values that most candidates have, and what share all values have.

    Nothing of a facet that too few candidates state.
    """
    if facet.type is FacetType.BOOLEAN and facet.name != "category":
        numbers = catalogue.numbers(facet.name, rows=rows)
        codes = np.where(np.isnan(numbers), -1, numbers).astype(np.int64)
        labels: Sequence[str] = ("false", "true")
    else:
        try:
            raw, labels = catalogue.codes(facet.name, rows)
        except ValueError:
            return [], np.zeros(0)
        codes = raw.astype(np.int64)
    stated = codes >= 0
    if float(weights[stated].sum()) < STATED_BY:
        return [], np.zeros(0)
    shares: Floats = np.bincount(codes[stated], weights=weights[stated], minlength=len(labels)).astype(np.float64)
    counts = np.bincount(codes[stated], minlength=len(labels))
    best = [code for code in np.lexsort((np.arange(len(labels)), -counts, -shares)).tolist() if counts[code]]
    options = [_option(facet, labels[code], int(counts[code])) for code in best[:MOST_OPTIONS]]
    return options, shares


def _option(facet: Facet, value: str, count: int) -> Option:
    if facet.type is FacetType.BOOLEAN:
        wanted = value == "true"
        return Option(value, count, Constraint(f"{facet.name}={value}", facet.name, Op.EQ, wanted))
    # A category's label is its path; the last element names the node, the whole path is its value.
    label = value.rsplit(">", 1)[-1].strip() if facet.name == "category" else value
    op = Op.CONTAINS if facet.type is FacetType.LIST else Op.EQ
    return Option(label, count, Constraint(f"{facet.name}={value}", facet.name, op, value))


def _ranges(facet: Facet, numbers: Floats, weights: Floats) -> tuple[list[Option], npt.NDArray[np.float64]]:
    """Return two to four ranges between round numbers, cut near the quantiles of the likely candidates.

    Nothing of a facet that too few of them state.
    """
    stated = ~np.isnan(numbers)
    values, mass = numbers[stated], weights[stated]
    if float(mass.sum()) < STATED_BY or values.min() == values.max():
        return [], np.zeros(0)
    cuts = _round_cuts(values, mass)
    edges = [-np.inf, *cuts, np.inf]
    options, shares = [], []
    for low, high in pairwise(edges):
        inside = (values >= low) & (values < high)
        if not inside.any():
            continue
        # The share splits the candidates; the count is what the option's constraint keeps, both ends included.
        kept = inside if np.inf in (high, -low) else (values >= low) & (values <= high)
        options.append(_range_option(facet, low, high, int(kept.sum())))
        shares.append(float(mass[inside].sum()))
    return options, np.array(shares)


def _round_cuts(values: Floats, mass: Floats) -> list[float]:
    """Return one to three distinct round numbers near the quartiles (or thirds, or the median) of the values."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    # Half by likelihood, half by number: the ranges should be of use for what is less likely, too.
    level = np.cumsum(mass[order] / mass.sum() + 1.0 / len(values)) / 2.0
    low, high = np.minimum(np.searchsorted(level, (0.1, 0.9)), len(values) - 1)
    span = float(ordered[high] - ordered[low])
    span = span or float(ordered[-1] - ordered[0])
    parts = 4 if len(np.unique(values)) >= 8 else 3 if len(np.unique(values)) >= 5 else 2
    step = _round_step(span / parts)
    places = np.searchsorted(level, [part / parts for part in range(1, parts)])
    quantiles = ordered[np.minimum(places, len(values) - 1)]
    cuts = sorted({round(round(float(value) / step) * step, 10) for value in quantiles})
    inside = [cut for cut in cuts if ordered[0] < cut <= ordered[-1]]
    middle = float(ordered[len(ordered) // 2])
    return inside or [middle if middle > ordered[0] else float(ordered[-1])]


def _round_step(width: float) -> float:
    """Return the 1, 2, 2.5 or 5 times a power of ten that is nearest below a width."""
    power = 10.0 ** np.floor(np.log10(width))
    factor = max(factor for factor in (1.0, 2.0, 2.5, 5.0) if factor <= width / power + 1e-9)
    return float(factor * power)


def _range_option(facet: Facet, low: float, high: float, count: int) -> Option:
    op, value, label = _bounds(low, high)
    unit = f" {facet.unit}" if facet.unit else ""
    return Option(f"{label}{unit}", count, Constraint(f"{facet.name}{label}", facet.name, op, value, facet.unit))


def _bounds(low: float, high: float) -> tuple[Op, float | tuple[float, ...], str]:
    if low == -np.inf:
        return Op.LT, high, f"< {high:g}"
    if high == np.inf:
        return Op.GE, low, f"≥ {low:g}"
    return Op.BETWEEN, (low, high), f"{low:g}-{high:g}"

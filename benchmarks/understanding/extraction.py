"""How much of what people ask for is read: the labelled WebShop goals against a shop made of the other half's labels.

Two folds: the goals of even place make a shop (each an item, its labels the item's facets) against which the goals of
odd place are read, and the other way round. So every goal is read by a vocabulary that was not made of it; what the
vocabulary does not hold cannot be read, and is reported as coverage.

Goals of even number are for development, those of odd number are held out: they are tallied apart.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import yaml

from agent.embedded.decider import EmbeddedDecider
from agent.ports import TurnContext
from benchmarks.understanding.goals import Amount, Goal
from core.conversation import ConversationState
from core.entities import Constraint, Op, Strength
from core.ports import Embedder
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue
from retrieval.tokens import terms
from retrieval.units import convert, find_unit

DIMENSIONS = {"mass": "oz", "volume": "fl oz", "length": "in", "memory": "GB", "power": "W"}
"""The numeric facets with a unit, and the unit that the shop keeps them in."""
COUNTED, SIZED, SHORTER = "pack", "size", "width"
PARTS = ("development", "held out")
ABOUT, EXACT = 0.2, 0.05
"""How far a reading of "about", and of a measure as such (4.2 oz is also 4.25), may reach to both sides."""
_AS_WRITTEN = {"pound": "lb", "ounce": "oz", "foot": "ft", "feet": "ft", "inch": "in", "gb": "GB", "tb": "TB"}
_Label = TypeVar("_Label")
_OUT = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})
_IN = frozenset({Op.EQ, Op.IN, Op.CONTAINS})
_SIDES = re.compile(r"\d\s*(?:by|x|\*)\s*\d")
_LENGTHS = frozenset({"wide", "high", "long", "diameter"})


@dataclass(slots=True)
class Tally:
    """Counts of one kind of label."""

    found: int = 0
    """Labels that were read."""
    right: int = 0
    """Readings that are labelled."""
    read: int = 0
    musts: int = 0
    """Readings that are requirements, and no wishes."""
    right_musts: int = 0
    labelled: int = 0
    coverable: int = 0
    """Labels that the vocabulary holds (for numbers, all)."""
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of what was read that is labelled."""
        return self.right / self.read if self.read else 0.0

    @property
    def required(self) -> float:
        """The share of what was read as required that is labelled."""
        return self.right_musts / self.musts if self.musts else 0.0

    @property
    def recall(self) -> float:
        """The share of the labels that were read, of those that the vocabulary holds."""
        return self.found / self.coverable if self.coverable else 0.0


def measure(goals: Sequence[Goal], embedder: Embedder) -> dict[str, dict[str, Tally]]:
    """Return tallies by part (``PARTS``) and kind: ``quantities``, ``exclusions``, ``attributes``."""
    tallies = {part: {kind: Tally() for kind in ("quantities", "exclusions", "attributes")} for part in PARTS}
    for fold in (0, 1):
        with tempfile.TemporaryDirectory(prefix="goals-") as folder:
            write_shop(Path(folder), goals[fold::2])
            catalogue, _ = read_catalogue(load_shop(Path(folder)))
            decider = EmbeddedDecider(_Near(catalogue, embedder), embedder)  # type: ignore[arg-type]
            for goal in goals[1 - fold :: 2]:
                context = TurnContext(goal.text, "en", ConversationState(), catalogue.shop, catalogue)
                read = decider.read(context).needs.constraints
                _compare(goal, read, catalogue, tallies[PARTS[goal.number % 2]])
    return tallies


class _Near:
    """As much of a recommender as reading needs."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        self.catalogue, self.embedder = catalogue, embedder

    def affinity(self, text: str) -> float:
        return 0.0

    def mentions(self, word: str) -> bool:
        return False


def write_shop(folder: Path, goals: Iterable[Goal]) -> None:
    """Write a shop with one item for each goal: its product, attributes, what it excludes, and its numbers."""
    names = ["id", "title", "category", "attributes", "ingredients", *DIMENSIONS, SHORTER, COUNTED, SIZED]
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, names)
        writer.writeheader()
        for goal in goals:
            product = goal.product or "thing"
            row: dict[str, object] = {"id": f"g{goal.number}", "title": f"{product} {goal.number}", "category": product}
            row["attributes"] = "|".join(text.replace("|", "/") for text in goal.attributes)
            row["ingredients"] = "|".join(goal.excluded)
            for amount in goal.amounts:
                name, value, _ = facet_of(amount)
                if name == "length" and name in row:  # the shop keeps the longer side as the length
                    row[SHORTER], row[name] = sorted((value, float(str(row[name]))))
                row.setdefault(name, value)
            writer.writerow(row)
    facets: dict[str, object] = {name: {"type": "number", "unit": unit} for name, unit in DIMENSIONS.items()}
    facets |= {SHORTER: {"type": "number", "unit": DIMENSIONS["length"]}}
    facets |= {COUNTED: {"type": "number", "synonyms": {"en": ["count", "pieces", "pair", "bags", "units", "set"]}}}
    facets |= {SIZED: {"type": "number"}, "attributes": {"type": "list"}, "ingredients": {"type": "list"}}
    shop = {"name": "Goals", "currency": "USD", "facets": facets}
    (folder / "shop.yaml").write_text(yaml.safe_dump(shop), encoding="utf-8")


def facet_of(amount: Amount) -> tuple[str, float, float]:
    """Return the shop's facet of a labelled quantity, and its bounds in the facet's unit."""
    unit = find_unit(_AS_WRITTEN.get(amount.unit, amount.unit))
    if amount.unit in _LENGTHS:
        return "length", amount.low, amount.high  # no unit is said: inches, as the shop has them
    for name, own in DIMENSIONS.items():
        try:
            low, high = (
                (convert(value, unit.symbol, own) for value in (amount.low, amount.high)) if unit else (0.0, 0.0)
            )
        except ValueError:
            continue
        if unit:
            return name, low, high
    return (SIZED if amount.unit == "size" else COUNTED), amount.low, amount.high


def _compare(goal: Goal, constraints: Sequence[Constraint], catalogue: Catalogue, tallies: dict[str, Tally]) -> None:
    numbers = [c for c in constraints if c.field in (*DIMENSIONS, SHORTER, COUNTED, SIZED)]
    out = [c for c in constraints if c.op in _OUT and c not in numbers]
    wanted = [c for c in constraints if c.op in _IN and c.field == "attributes"]
    excludable, known = catalogue.values("ingredients"), catalogue.values("attributes")
    amounts = [(replace(amount, unit="long") if _is_side(amount, goal) else amount, True) for amount in goal.amounts]
    _count(tallies["quantities"], goal, amounts, numbers, _same_amount)
    _count(tallies["exclusions"], goal, [(text, text in excludable) for text in goal.excluded], out, _same_words)
    _count(tallies["attributes"], goal, [(text, text in known) for text in goal.attributes], wanted, _same_words)


def _count(
    tally: Tally,
    goal: Goal,
    labels: Sequence[tuple[_Label, bool]],
    read: Sequence[Constraint],
    same: Callable[[_Label, Constraint], bool],
) -> None:
    """Count labels that were read, and readings that are labelled; "blue or grey" is one reading of two labels."""
    for label, known in labels:
        found = any(same(label, constraint) for constraint in read)
        tally.labelled += 1
        tally.coverable += known or found
        tally.found += found
        if known and not found:
            tally.missed.append(f"{label} in: {goal.text}")
    for constraint in read:
        right = any(same(label, constraint) for label, _ in labels)
        tally.read += 1
        tally.right += right
        tally.musts += constraint.strength is Strength.MUST
        tally.right_musts += right and constraint.strength is Strength.MUST
        if not right:
            tally.wrong.append(f"{constraint.field} {constraint.op} {constraint.value} in: {goal.text}")


def _is_side(amount: Amount, goal: Goal) -> bool:
    """Tell whether a number without a unit is a side: "52 by 63"."""
    sizes = [one for one in goal.amounts if one.unit == SIZED]
    return amount.unit == SIZED and len(sizes) > 1 and bool(_SIDES.search(goal.text))


def _same_amount(amount: Amount, constraint: Constraint) -> bool:
    name, low, high = facet_of(amount)
    if name != constraint.field and not (name == "length" and constraint.field == SHORTER):
        return False
    values = constraint.value if isinstance(constraint.value, (list, tuple)) else [constraint.value]
    found = [float(value) for value in values if isinstance(value, (int, float))]
    if not found:
        return False
    wanted = {
        "=": {Op.EQ, Op.BETWEEN}, "~": {Op.BETWEEN, Op.EQ}, ">=": {Op.GE}, "<=": {Op.LE}, ">": {Op.GT},
        "between": {Op.BETWEEN},
    }[amount.op]  # fmt: skip
    if constraint.op not in wanted:
        return False
    slack = (ABOUT if amount.op == "~" else EXACT) * high
    return abs(found[0] - low) <= slack and abs(found[-1] - high) <= slack


def _same_words(label: str, constraint: Constraint) -> bool:
    values = constraint.value if isinstance(constraint.value, (list, tuple)) else [constraint.value]
    return any(set(terms(label)) == set(terms(str(value))) for value in values)

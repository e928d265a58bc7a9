"""WebShop goals labelled by hand (``goals.tsv``): what 310 people asked for, and how much of it is read.

A row: the goal's number and digest, the product, quantities, excluded things, attributes; lists are joined by ``; ``.

- A quantity is an operator (``=``, ``~`` about, ``>=``, ``<=``, ``>``, ``a-b``), a number and a unit as written; a
  length by a width is two; ``size`` stands for a number without a unit.
- Excluded is what shall not be there, however it is said: "no sugar", "sugar free", "non gmo", "without arms".
- Attributes are the other requirements in the goal's own words; alternatives stand as two.

Drawn with a fixed seed from the distinct goals: 150 at random, then 160 of those with words of negation or of bounds.
The goals speak of money in none of these; money is measured by the product's own tests and the simulated shoppers.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

LABELS = Path(__file__).parent / "goals.tsv"


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity as labelled."""

    op: str
    """``=``, ``~``, ``>=``, ``<=``, ``>`` or ``between``."""
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and its labels."""

    number: int
    text: str
    product: str
    amounts: tuple[Amount, ...]
    excluded: tuple[str, ...]
    attributes: tuple[str, ...]


def read_goals(path: Path) -> tuple[Goal, ...]:
    """Read the labels and the goals that they are of.

    Raises:
        ValueError: a goal of the data set is not the one that was labelled.
    """
    texts = json.loads(path.read_text(encoding="utf-8"))
    with LABELS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(_goal(row, texts) for row in rows)


def _goal(row: dict[str, str], texts: list[str]) -> Goal:
    number = int(row["goal"])
    text = texts[number]
    if hashlib.sha256(text.encode()).hexdigest()[:8] != row["digest"]:
        raise ValueError(f"{LABELS.name}: goal {number} is another one in this copy of the data set")
    amounts = tuple(_amount(part) for part in _parts(row["quantities"]))
    return Goal(number, text, row["product"], amounts, _parts(row["excluded"]), _parts(row["attributes"]))


def _parts(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split(";") if part.strip())


def _amount(text: str) -> Amount:
    value, unit = text.split(" ", 1)
    op = next((sign for sign in (">=", "<=", ">", "=", "~") if value.startswith(sign)), "between")
    bounds = value.removeprefix(op).split("-") if op != "between" else value.split("-")
    if op == "=" and len(bounds) == 2:
        op = "between"
    return Amount(op, float(bounds[0]), float(bounds[-1]), unit)

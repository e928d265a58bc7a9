"""Measures of several sides, numbers in words, counts of things, and values that are named in part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.embedded.vocabulary import Vocabulary
from core.entities import Strength
from core.shop import load_shop
from retrieval.loading import read_catalogue
from tests.agent.conftest import needs_of, reading_of

SHOP = """\
name: Rooms
currency: USD
facets:
  length: {type: number, unit: in}
  width: {type: number, unit: in}
  volume: {type: number, unit: ml}
  pieces: {type: number, synonyms: {en: [piece, set]}}
  color: {type: category}
"""
ITEMS = """\
id,title,category,price,length,width,volume,pieces,color
r1,A rug,rugs,99,90,60,,,red
r2,Another rug,rugs,199,120,96,,,pastel pink
r3,A third rug,rugs,49,63,40,,,pink
t1,A table,tables,300,50,40,,,brown
b1,A bottle,bottles,9,,,250,,blue
n1,Some nails,nails,5,,,,24,dark blue
n2,More nails,nails,7,,,,34,pink
"""


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    folder: Path = tmp_path_factory.mktemp("rooms")
    (folder / "items.csv").write_text(ITEMS, encoding="utf-8")
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    return Vocabulary(read_catalogue(load_shop(folder))[0])


def _middles(message: str, rooms: Vocabulary) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in needs_of(message, rooms).constraints:
        if one.field not in ("category", "color"):
            value: Any = one.value
            found[one.field] = round(sum(value) / 2, 1) if isinstance(value, tuple) else float(value)
    return found


@pytest.mark.parametrize(
    ("message", "sides"),
    [
        ("a rug 60 by 90", {"length": 90, "width": 60}),
        ("a rug, 5 x 7.5 feet", {"length": 90, "width": 60}),
        ("a 9x6 ft rug", {"length": 108, "width": 72}),
        ("a rug 42 *90 inches", {"length": 90, "width": 42}),
        ("a rug around sixty by forty inches", {"length": 60, "width": 40}),
        ("a rug 52w by 90l", {"length": 90, "width": 52}),
        ("地毯 60乘90", {"length": 90, "width": 60}),
        ("a rug 1.2 by 1.5 mm", {}),
    ],
)
def test_sides(message: str, sides: dict[str, float], rooms: Vocabulary) -> None:
    assert _middles(message, rooms) == sides


@pytest.mark.parametrize(
    ("message", "number"),
    [("forty-six", 46), ("forty six", 46), ("eleven", 11), ("five and a half", 5.5), ("sixty", 60), (".4", 0.4)],
)
def test_numbers_in_words(message: str, number: float, rooms: Vocabulary) -> None:
    assert [each.number.value for each in reading_of(message, rooms).elements if each.number] == [number]


def test_a_measure_that_no_item_of_the_kind_states_is_a_wish(rooms: Vocabulary) -> None:
    (one,) = [each for each in needs_of("nails of about 3 inches", rooms).constraints if each.field != "category"]
    assert one.strength is Strength.WISH
    (other,) = [each for each in needs_of("a rug of about 90 inches", rooms).constraints if each.field != "category"]
    assert other.strength is Strength.MUST


def test_what_counts_is_no_price(rooms: Vocabulary) -> None:
    assert _middles("a 34 piece set of nails", rooms) == {"pieces": 34}
    assert _middles("nails for 10+ visitors", rooms) == {}
    assert _middles("a rug, at most 100", rooms) == {"price": 100}


@pytest.mark.parametrize(
    ("message", "color"),
    [
        ("a pink rug", ("pink", Strength.MUST)),
        ("a pastel pink rug", ("pastel pink", Strength.MUST)),
        ("a dark pink rug", ("pink", Strength.WISH)),
        ("a comfortable pink rug", ("pink", Strength.MUST)),
    ],
)
def test_a_value_that_a_word_makes_another_is_a_wish(
    message: str, color: tuple[str, Strength], rooms: Vocabulary
) -> None:
    (one,) = [each for each in needs_of(message, rooms).constraints if each.field == "color"]
    assert (one.value, one.strength) == color

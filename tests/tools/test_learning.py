"""What turned down items have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.conversation import Wants
from core.entities import Constraint, Op, Strength
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue
from tests.shops import write_shop
from tools.learning import concluded


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    items = [
        {"id": f"m{at}", "title": f"Mug {at}", "category": "Mugs", "price": 10 + at, "brand": f"B{at % 4}",
         "pattern": "dotted" if at % 3 == 0 else "plain", "lid": "yes" if at % 2 else "no"}
        for at in range(24)
    ]  # fmt: skip
    folder: Path = write_shop(tmp_path_factory.mktemp("mugs"), {"name": {"en": "Mugs"}, "currency": "USD"}, items)
    return read_catalogue(load_shop(folder))[0]


def test_what_all_share_and_most_do_not_becomes_a_wish(catalogue: Catalogue) -> None:
    refused = catalogue.items(["m0", "m3", "m6", "m9"])
    wish = concluded(catalogue, Wants(), refused, [])
    assert wish is not None
    assert (wish.field, wish.op, wish.value, wish.strength) == ("pattern", Op.NE, "dotted", Strength.WISH)


def test_what_an_accepted_item_has_is_not_held_against_others(catalogue: Catalogue) -> None:
    refused, liked = catalogue.items(["m0", "m3", "m6", "m9"]), catalogue.items(["m12"])
    assert concluded(catalogue, Wants(), refused, liked) is None


def test_what_is_wanted_or_was_concluded_before_is_left_alone(catalogue: Catalogue) -> None:
    refused = catalogue.items(["m0", "m3", "m6", "m9"])
    wants = Wants(constraints=(Constraint("c1", "pattern", Op.EQ, "dotted"),))
    assert concluded(catalogue, wants, refused, []) is None
    assert concluded(catalogue, Wants(), refused, [], ["pattern"]) is None


def test_two_items_prove_nothing(catalogue: Catalogue) -> None:
    assert concluded(catalogue, Wants(), catalogue.items(["m0", "m3"]), []) is None

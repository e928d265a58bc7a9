"""The worked example of docs/phones.md: five phones, one user's ratings, and a look at the fourth."""

from pathlib import Path

import pytest

from core.entities import EventKind, Interaction, ItemId, Query, ReasonKind, UserId
from core.settings import CHECKOUT, Settings
from retrieval import index

SHOP: Path = CHECKOUT / "shops" / "phones"
QUERY = Query(user_id=UserId("alex"), limit=5)


@pytest.fixture
def phones(tmp_path, encoder):
    return index.open(SHOP, tmp_path, Settings(), embedder=encoder)


def test_the_ranking_follows_the_taste(phones):
    titles = [each.item.title.split(" (")[0] for each in phones.recommend(QUERY).items]
    assert titles == [
        "Apple iPhone 12", "Samsung Galaxy S21", "Huawei P40", "Xiaomi Mi 11", "OnePlus 9",
    ]  # fmt: skip


def test_a_look_at_the_fourth_raises_it_and_what_resembles_it(phones):
    before = phones.recommend(QUERY).items
    phones.record([Interaction(UserId("alex"), ItemId("4"), EventKind.VIEW)])
    after = phones.recommend(QUERY).items
    place = {each.item.id: number for number, each in enumerate(after)}
    assert place["4"] < [each.item.id for each in before].index("4")
    looked_at = next(each for each in after if each.item.id == "4")
    first = looked_at.reasons[0]
    assert first.kind is ReasonKind.PROFILE
    assert first.data == {"item_id": "4", "title": looked_at.item.title, "event": "view", "now": True}
    raised = {each.item.id: each.parts.get("session", 0.0) for each in after}
    vectors, row = phones.serving.vectors, phones.catalogue.row
    likeness = {item: float(vectors[row(item)] @ vectors[row("4")]) for item in raised}
    assert raised["4"] == max(raised.values())
    nearest = max((item for item in raised if item != "4"), key=lambda item: likeness[item])
    assert raised[nearest] > 0


def test_the_walk_through_prints_its_steps(phones):
    from benchmarks.phones import walk

    lines = list(walk(phones))
    assert [line[0] for line in lines if line[:1].isdigit()] == ["1", "2", "3", "4", "5"]
    assert sum("Xiaomi Mi 11 (White)" in line for line in lines) >= 2

"""Praise and complaints by aspect: on sentences labelled by hand, and counted reviewer by reviewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.entities import ItemId
from core.settings import CHECKOUT
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue, read_reviews
from retrieval.opinions import Aspects, Opinion, OpinionStore, Polarity, clauses, tallied
from retrieval.records import Review

LABELLED: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "review_sentences.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def default_shop() -> tuple[Catalogue, list[Review]]:
    shop = load_shop(CHECKOUT / "shops" / "electronics")
    catalogue, _ = read_catalogue(shop)
    return catalogue, list(read_reviews(shop, catalogue)[0])


@pytest.fixture(scope="module")
def unseen(default_shop: tuple[Catalogue, list[Review]]) -> list[Review]:
    """Return the reviews that hold none of the labelled sentences: what is learned has not met them."""
    held = {one["text"] for one in LABELLED}
    return [r for r in default_shop[1] if not held & {r.text[begin:end].strip() for begin, end in clauses(r.text)}]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def test_sides_of_sentences_that_were_not_met(
    default_shop: tuple[Catalogue, list[Review]], unseen: list[Review], record_property: Any
) -> None:
    polarity, stars = Polarity.learned(unseen), {review.id: review.rating for review in default_shop[1]}
    labelled = [one for one in LABELLED if one["side"]]
    right = [_sign(polarity.of(one["text"], stars[one["review"]])) == one["side"] for one in labelled]
    words = [_sign(polarity.of(one["text"], None)) == one["side"] for one in labelled]
    by_stars = [((stars[one["review"]] or 0) >= 4.5) == (one["side"] > 0) for one in labelled]
    complaints = [one for one in labelled if polarity.of(one["text"], stars[one["review"]]) < 0]
    precision = sum(one["side"] < 0 for one in complaints) / len(complaints)
    figures = {
        "accuracy": sum(right) / len(right), "words alone": sum(words) / len(words),
        "stars alone": sum(by_stars) / len(by_stars), "precision of complaints": precision,
        "recall of complaints": sum(one["side"] < 0 for one in complaints) / sum(one["side"] < 0 for one in labelled),
    }  # fmt: skip
    for name, value in figures.items():
        record_property(name, f"{value:.3f}")
    assert figures["accuracy"] > figures["stars alone"]
    assert figures["accuracy"] >= 0.8
    assert figures["precision of complaints"] >= 0.8


def test_aspects_of_sentences(default_shop: tuple[Catalogue, list[Review]], unseen: list[Review]) -> None:
    catalogue, reviews = default_shop
    sentences = [r.text[begin:end] for r in unseen for begin, end in clauses(r.text)]
    aspects = Aspects(catalogue.facets, sentences)
    items = {review.id: catalogue.item(review.item_id) for review in reviews}
    found = right = 0
    for one in LABELLED:
        own = set(items[one["review"]].facets) | {"price"}
        told = [name for name in aspects.of(one["text"]) if name[0] == "=" or name in own]
        found += bool(told)
        right += one["aspect"] in told if told else 0
    gold = sum(bool(one["aspect"]) for one in LABELLED)
    assert right / found >= 0.8
    assert right / gold >= 0.4


def test_a_turn_to_the_contrary_is_a_sentence_of_its_own() -> None:
    text = "Light, but the battery is weak. 很轻，不过电池不行！"
    assert [text[begin:end].strip() for begin, end in clauses(text)] == [
        "Light", "but the battery is weak", "很轻", "不过电池不行",
    ]  # fmt: skip


def test_every_reviewer_counts_once_a_side() -> None:
    said = [
        Opinion("weight", True, 0, 0, 5), Opinion("weight", True, 0, 6, 9), Opinion("weight", False, 1, 0, 5),
        Opinion("=app", False, 2, 0, 5),
    ]  # fmt: skip
    first, second = tallied(said)
    assert (first.aspect, len(first.praise), len(first.complaints)) == ("weight", 1, 1)
    assert (second.aspect, len(second.praise), len(second.complaints)) == ("=app", 0, 1)


def test_what_is_kept_is_what_was_read(default_shop: tuple[Catalogue, list[Review]], tmp_path: Path) -> None:
    catalogue, reviews = default_shop
    few = reviews[:400]
    rows = [catalogue.row(review.item_id) for review in few]
    steps: list[str] = []
    made = OpinionStore.of(few, rows, catalogue, lambda stage, done, of: steps.append(stage))
    made.save(tmp_path / "opinions")
    again = OpinionStore.open(tmp_path / "opinions")
    assert again is not None
    assert steps
    by_item: dict[str, list[Review]] = {}
    for review in few:
        by_item.setdefault(review.item_id, []).append(review)
    for item_id, own in by_item.items():
        row = catalogue.row(ItemId(item_id))
        assert again.of_item(row) == made.of_item(row)
        for opinion in again.of_item(row):
            assert own[opinion.review].text[opinion.begin : opinion.end].strip()
    assert OpinionStore.open(tmp_path / "nothing") is None
    assert OpinionStore.of([], [], catalogue).of_item(0) == []

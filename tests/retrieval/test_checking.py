"""Interactions, reviews and relations, and the check of a whole shop folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.entities import EventKind
from core.errors import Problem, ShopError
from core.shop import Shop, load_shop
from retrieval.catalogue import Catalogue
from retrieval.checking import check_shop
from retrieval.loading import read_catalogue, read_interactions, read_relations, read_reviews
from tests.shops import fashion, films, hotels, write_shop

ITEMS = [{"id": f"i{n}", "title": f"Item {n}", "category": "Things"} for n in range(3)]


def opened(folder: Path, **files: str) -> tuple[Shop, Catalogue]:
    write_shop(folder, {"name": "x"}, ITEMS)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    shop = load_shop(folder)
    return shop, read_catalogue(shop)[0]


def lines(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_interactions(tmp_path: Path) -> None:
    content = (
        "user_id,item_id,event,value,time\n"
        "u1,i0,view,,2024-01-01T00:00:00\n"
        "u1,gone,view,,2024-01-01\n"
        "u2,i1,Purchase,2,1700000000\n"
        "u2,i1,stare,,\n"
        ",i1,view,,\n"
        "u3,i2,rating,five,someday\n"
        "u3,lost,view,,\n"
    )
    found, problems = read_interactions(*opened(tmp_path, interactions=content))
    assert found.users == ["u1", "u2", "u3"]
    assert found.rows.tolist() == [0, 1, 2]
    assert found.kinds == [EventKind.VIEW, EventKind.PURCHASE, EventKind.RATING]
    assert found.values[1] == 2
    assert np.isnan(found.values[[0, 2]]).all()
    assert found.times[:2].tolist() == [1_704_067_200, 1_700_000_000]
    unknown = "2 rows speak of items that the catalogue does not have ('gone', 'lost'); left out"
    kinds = "view, click, cart, purchase, rating, like, dislike, impression"
    assert lines(problems) == [
        "interactions.csv:6: user_id: is missing; the row is left out",
        f"interactions.csv:3: item_id: {unknown}",
        f"interactions.csv:5: event: must be one of {kinds}, not 'stare'",
        "interactions.csv:7: value: must be a number, not 'five'",
        "interactions.csv:7: time: must be an ISO time or seconds since 1970, not 'someday'",
    ]
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize(
    ("content", "kind"),
    [("user,item,rating\nu,i0,4\n", EventKind.RATING), ("customer_id,product_id\nu,i0\n", EventKind.PURCHASE)],
)
def test_interactions_without_an_event(tmp_path: Path, content: str, kind: EventKind) -> None:
    found, problems = read_interactions(*opened(tmp_path, interactions=content))
    assert problems == []
    assert found.kinds == [kind]


def test_reviews(tmp_path: Path) -> None:
    content = (
        "review_id,item_id,user_id,text,rating,time\n"
        'r1,i0,u1,"Good, really",5,2024-01-01\n'
        "r1,i1,u2,Again,4,\n"
        ",i1,,Quiet,,\n"
        "r3,gone,u1,Lost,1,\n"
        "r4,i1,u1,,1,\n"
    )
    found, problems = read_reviews(*opened(tmp_path, reviews=content))
    assert [(review.id, review.item_id, review.text, review.rating) for review in found] == [
        ("r1", "i0", "Good, really", 5.0),
        ("r4", "i1", "Quiet", None),
    ]
    assert [problem.row for problem in problems] == [6, 5, 3]


def test_relations(tmp_path: Path) -> None:
    content = "item_id,relation,related_id\ni0,fits,i1\ni0,fits,gone\ngone,fits,i1\ni2,,i1\n"
    found, problems = read_relations(*opened(tmp_path, relations=content))
    assert (found.subjects.tolist(), found.relations, found.objects.tolist()) == ([0], ["fits"], [1])
    assert [problem.field for problem in problems] == ["relation", "item_id", "related_id"]


@pytest.mark.parametrize("read", [read_interactions, read_reviews, read_relations])
def test_absent_and_empty_files_are_fine(tmp_path: Path, read) -> None:
    shop, catalogue = opened(tmp_path)
    assert len(read(shop, catalogue)[0]) == 0
    header = "user_id,item_id,text,relation,related_id,event,time,value,rating\n"
    for name in ("interactions", "reviews", "relations"):
        (tmp_path / f"{name}.csv").write_text(header)
    found, problems = read(shop, catalogue)
    assert (len(found), problems) == (0, [])


@pytest.mark.parametrize("read", [read_interactions, read_reviews, read_relations])
def test_a_missing_column_is_fatal(tmp_path: Path, read) -> None:
    broken = dict.fromkeys(("interactions", "reviews", "relations"), "thing,stuff\n1,2\n")
    with pytest.raises(ShopError, match="there is no such column among: thing, stuff"):
        read(*opened(tmp_path, **broken))


@pytest.mark.parametrize("make", [films, hotels, fashion])
def test_a_good_shop_has_no_problems(make, tmp_path: Path) -> None:
    assert check_shop(make(tmp_path)) == []


def test_every_part_is_checked(tmp_path: Path) -> None:
    settings = {
        "name": "x",
        "brands": {"Nobody": {}},
        "categories": {"Things": {}, "Nothing": {}},
        "facets": {"color": {"values": {"red": {}, "pink": {}}}, "ghost": {}},
        "returns": {"not_returnable_categories": ["Food"]},
    }
    items = [{**item, "color": "Red", "image_url": "images/a.svg", "price": "?"} for item in ITEMS]
    write_shop(tmp_path, settings, items, interactions=[{"user_id": "u", "item_id": "gone", "event": "view"}])
    (tmp_path / "reviews.csv").write_text("nothing\n1\n")
    mine = Problem("orders.jsonl", "is odd", 3)
    problems = check_shop(tmp_path, [lambda folder, shop: [mine] if folder == tmp_path == shop.root else []])
    said = "\n".join(lines(problems))
    for part in (
        "items.csv:2: price: must be a price",
        "facets.ghost: no item states this facet",
        "interactions.csv:2: item_id: 1 rows speak of items",
        "reviews.csv:1: item_id: there is no such column",
        "brands.Nobody: no item has this value",
        "categories.Nothing: no item has this value",
        "facets.color.values.pink: no item has this value",
        "not_returnable_categories: no item is in category 'Food'",
        "image_url: 3 pictures are not in the folder (images/a.svg of i0",
        "orders.jsonl:3: is odd",
    ):
        assert part in said
    assert "values.red" not in said
    assert [problem.file for problem in problems if problem.fatal] == ["reviews.csv", "orders.jsonl"]


def test_a_broken_shop_is_reported_not_raised(tmp_path: Path) -> None:
    assert [problem.fatal for problem in check_shop(tmp_path)] == [True]
    (tmp_path / "shop.yaml").write_text("name: x\n")
    (problem,) = check_shop(tmp_path)
    assert "not found" in problem.message

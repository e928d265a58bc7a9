"""The ranking benchmark: its measures by hand, its splits leak nothing, and a tiny run from end to end."""

from __future__ import annotations

import gzip
from dataclasses import replace
from math import log2

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ranking import ablation, learners, page, search, speed, tastes
from benchmarks.ranking.metrics import Table, bootstrap, dcg, hits_ndcg, ndcg, recall
from benchmarks.ranking.models import Baseline, als, bpr, ease, nearest, popular
from benchmarks.ranking.sources import Source
from benchmarks.ranking.splits import (
    PAIR,
    answerable,
    core,
    cuts,
    folds,
    latest_split,
    random_split,
    time_split,
)

# -- measures ----------------------------------------------------------------------------------------------------------


def test_ndcg_by_hand():
    assert dcg([3, 2, 0, 1], 3) == pytest.approx(3 + 2 / log2(3))
    assert ndcg([3, 2, 0, 1], 10) == pytest.approx((3 + 2 / log2(3) + 1 / log2(5)) / (3 + 2 / log2(3) + 1 / 2))
    assert ndcg([0, 1], 1) == 0
    assert ndcg([0, 0], 10) == 0
    # The ideal holds what was not ranked, too.
    assert ndcg([1], 10, [1, 1]) == pytest.approx(1 / (1 + 1 / log2(3)))


def test_hits_by_hand():
    assert recall([1, 2, 3], {2, 9}, 3) == 0.5
    assert recall([1, 2, 3], {1, 2, 9}, 2) == 1.0
    assert recall([1], set(), 3) == 0
    assert hits_ndcg([5, 7], {7}, 10) == pytest.approx(1 / log2(3))
    assert hits_ndcg([7, 5], {7}, 10) == 1


def test_bootstrap_holds_the_mean_and_narrows_with_the_sample():
    values = np.array([0.0, 1.0] * 50)
    few, many = bootstrap(values), bootstrap(np.tile(values, 16))
    assert few == bootstrap(values)
    assert few.mean == 0.5
    # The standard error of 100 coin flips is .05: the interval reaches about two of them to either side.
    assert few.low == pytest.approx(0.4, abs=0.02)
    assert few.high == pytest.approx(0.6, abs=0.02)
    assert many.high - many.low == pytest.approx((few.high - few.low) / 4, rel=0.15)
    same = bootstrap(np.full(9, 0.3))
    assert (same.low, same.high) == pytest.approx((0.3, 0.3))
    assert bootstrap(np.zeros(0)).mean == 0


def test_a_paired_gain_is_surer_than_two_intervals():
    noise = np.random.default_rng(0).random(200)
    table = Table({"m": {"a": noise + 0.01, "b": noise}})
    gain = table.gain("m", "a", "b")
    assert (gain.low, gain.high) == pytest.approx((0.01, 0.01))
    assert gain.signed() == "+.010 [+.010, +.010]"
    assert table.estimate("m", "a").low < table.estimate("m", "b").high
    assert table.estimate("m", "b", noise > 0.5).mean > 0.5


# -- splits ------------------------------------------------------------------------------------------------------------

EVENTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12), st.integers(0, 40)), min_size=1, max_size=120).map(
    lambda rows: pl.DataFrame(
        {
            "user_id": [f"u{user}" for user, _, _ in rows],
            "item_id": [f"i{item}" for _, item, _ in rows],
            "time": [float(time) for _, _, time in rows],
        }
    )
)


def pairs(frame):
    return list(frame.select(PAIR).iter_rows())


@settings(deadline=None, max_examples=60)
@given(EVENTS)
def test_no_pair_stands_in_two_parts_and_none_is_lost(frame):
    for split in (random_split(frame.drop("time"), 1), latest_split(frame), time_split(frame)):
        found = [*pairs(split.train), *pairs(split.valid), *pairs(split.test)]
        assert len(found) == len(set(found))
        assert set(found) == set(pairs(frame))


@settings(deadline=None, max_examples=60)
@given(EVENTS)
def test_nothing_of_the_future_is_known(frame):
    split = time_split(frame)
    early, late = cuts(frame)
    assert all(time < early for time in split.train["time"])
    assert all(early <= time < late for time in split.valid["time"])
    assert all(time >= late for time in split.test["time"])
    own = latest_split(frame)
    for user in set(frame["user_id"]):
        parts = [part.filter(pl.col("user_id") == user)["time"].to_list() for part in (own.train, own.valid, own.test)]
        for earlier, later in ((parts[0], parts[1]), (parts[1], parts[2]), (parts[0], parts[2])):
            assert not earlier or not later or max(earlier) <= min(later)


@settings(deadline=None, max_examples=60)
@given(EVENTS)
def test_what_is_asked_can_be_answered_and_is_new(frame):
    split = time_split(frame)
    asked = answerable(split.known, split.test)
    assert set(asked["user_id"]) <= set(split.known["user_id"])
    assert set(asked["item_id"]) <= set(split.known["item_id"])
    assert not set(pairs(asked)) & set(pairs(split.known))


@settings(deadline=None, max_examples=40)
@given(EVENTS, st.integers(1, 4))
def test_a_core_is_dense_enough(frame, least):
    kept = core(frame, least)
    for name in PAIR:
        assert kept.is_empty() or kept[name].value_counts()["count"].min() >= least


def test_a_random_split_depends_on_its_seed_alone():
    frame = pl.DataFrame({"user_id": ["a"] * 40, "item_id": [f"i{place:02}" for place in range(40)]})
    first, again, other = random_split(frame, 1), random_split(frame.reverse(), 1), random_split(frame, 2)
    assert pairs(first.test) == pairs(again.test)
    assert pairs(first.test) != pairs(other.test)
    assert (first.train.height, first.valid.height, first.test.height) == (28, 4, 8)


def test_folds_are_even():
    assert sorted(np.bincount(folds(13, 5, 0)).tolist()) == [2, 2, 3, 3, 3]


def test_a_query_never_chooses_its_own_setting():
    # Setting 1 is best by far for the second fold alone, so that fold does not get it.
    table = np.repeat(np.array([[0.5, 0.4], [0.5, 0.4], [0.1, 0.9], [0.1, 0.9]])[:, :, None], 3, axis=2)
    values, chosen = search.cross_validated(table, [0.0, 1.0], np.array([0, 0, 1, 1]))
    assert chosen == [1.0, 0.0]
    assert values[search.FIRST].tolist() == [0.4, 0.4, 0.1, 0.1]


def test_unjudged_items_of_a_first_page_are_left_out_and_missing_ones_cost():
    labels = {"a": 3.0, "b": 1.0}
    assert search.first_ndcg(["x", "a", "y", "b"], labels) == 1
    assert search.first_ndcg(["x", "b"], labels) == pytest.approx(1 / (3 + 1 / log2(3)))


# -- search ------------------------------------------------------------------------------------------------------------


def test_labels_without_a_relevant_product_are_left_out(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("query,docid,final_rating\nmug,1,3\nmug,2,0\nsaw,3,0\n", encoding="utf-8")
    assert search.read_labels(path) == {"mug": {"1": 3.0, "2": 0.0}}


def test_judged_items_alone_are_ranked_and_ties_do_not_favour_the_relevant():
    labels = {"a": 0.0, "b": 3.0}
    assert search.judged_ndcg({"a": 0.1, "b": 0.2, "other": 9.0}, labels) == 1
    assert search.judged_ndcg({"a": 0.1, "b": 0.1}, labels) == pytest.approx(1 / log2(3))


# -- occasions ---------------------------------------------------------------------------------------------------------


def test_an_occasion_gives_nothing_away():
    rows = [
        ("a", "old", "purchase", 1.0), ("b", "x", "view", 2.0),
        ("a", "old", "purchase", 10.0), ("a", "y", "view", 11.0), ("a", "new", "view", 12.0), ("a", "z", "view", 13.0),
        ("a", "new", "purchase", 14.0), ("b", "w", "view", 15.0), ("c", "new", "purchase", 16.0),
    ]  # fmt: skip
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "event", "when"], orient="row").with_columns(
        pl.lit(None, dtype=pl.Float64).alias("value")
    )
    # b bought nothing; c is not known before.
    (found,) = ablation.occasions(events, early=5.0)
    assert (found.user, found.item, found.when) == ("a", "new", 12.0)
    assert [str(event.item_id) for event in found.before] == ["old", "y"]
    assert found.met == {"old", "y"}
    assert ablation.occasions(events, early=5.0, late=12.0) == []
    drawn = ablation.chance(["old", "y", "new"], [found])
    assert drawn[ablation.NDCG].tolist() == [1.0]


# -- the page and a tiny run -------------------------------------------------------------------------------------------


def test_only_our_own_part_of_the_page_is_replaced(tmp_path):
    path = tmp_path / "quality.md"
    page.write(path, {"search": "first", "ablation": "stays"})
    path.write_text(path.read_text(encoding="utf-8") + "\n<!-- other -->kept\n", encoding="utf-8")
    page.write(path, {"search": "second \\1"})
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Quality")
    assert "second \\1" in text
    assert "first" not in text
    assert text.index("second") < text.index("stays")
    assert text.count(page.START) == text.count(page.END) == 1
    assert "<!-- other -->kept" in text


def two_tastes():
    """Return likes of forty users, half of whom like even items and half odd ones."""
    draw = np.random.default_rng(2)
    rows = []
    for user in range(40):
        liked = draw.choice(np.arange(user % 2, 24, 2), 8, replace=False)
        rows += [(f"u{user:02}", f"i{item:02}", "purchase", float(draw.integers(1, 9) * 86_400)) for item in liked]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "event", "time"], orient="row")


SYSTEMS = (
    Baseline("popularity", popular, [{}]),
    Baseline("kNN", nearest, [{"near": 5, "shrink": 0}, {"near": 30, "shrink": 1}]),
    Baseline("ALS", als, [{"factors": 4, "alpha": 5, "ridge": 0.1}]),
    Baseline("BPR", bpr, [{"factors": 4, "rate": 0.05, "ridge": 0.01}]),
    Baseline("EASE", ease, [{"strength": 5}]),
)


@pytest.mark.parametrize("name", ["SASRec", "two-tower"])
def test_learners_stop_on_validation_and_are_fitted_again(name, monkeypatch):
    if name == "SASRec":
        pytest.importorskip("torch")
    monkeypatch.setattr(learners, "SASREC", replace(learners.SASREC, width=16, length=8, epochs=6, rate=5e-3))
    monkeypatch.setattr(learners, "TOWERS", replace(learners.TOWERS, width=4, epochs=6, batch=32, rate=1e-2))
    split = random_split(two_tastes(), 1)
    practice, task = tastes.Task.of(split.train, split.valid, 30), tastes.Task.of(split.known, split.test, 30)
    sides = {item: np.array([1.0, 0.1]) if int(item[1:]) % 2 else np.array([0.1, 1.0]) for item in task.items}
    vectors = {item: (side / np.linalg.norm(side)).astype(np.float32) for item, side in sides.items()}
    (learner,) = (one for one in learners.learners() if one.name == name)
    rankings, chosen = tastes.learned(learner, practice, task, vectors)
    assert rankings.shape == (30, tastes.LENGTH)
    assert 1 <= chosen["epochs"] <= 6
    again, _ = tastes.learned(learner, practice, task, vectors)
    assert (again == rankings).all(), "the same data and seed learn the same"
    known = task.matrix[task.asked].toarray() > 0
    first = np.take_along_axis(known, rankings[:, :1], axis=1)
    assert not first.any(), "new items only"
    popular_first = task.measure(task.rankings(SYSTEMS[0], {}))[tastes.NDCG].mean()
    assert task.measure(rankings)[tastes.NDCG].mean() > popular_first


def test_a_tiny_run(tmp_path):
    items = [{"id": f"i{place:02}", "title": f"{'Red' if place % 2 else 'Blue'} thing {place}"} for place in range(24)]
    source = Source("Tiny", "at random", random_split(two_tastes(), 1), items, {"name": {"en": "Tiny"}})
    outcome = tastes.measure(source, tmp_path, most=30, systems=SYSTEMS)
    assert (len(outcome.sizes), outcome.asked) == (30, 40)
    found = {name: float(values.mean()) for name, values in outcome.table.measures[tastes.NDCG].items()}
    assert list(found) == [*(system.name for system in SYSTEMS), tastes.PLAIN, tastes.OURS, tastes.OURS_CF]
    # Whoever sees the two tastes does far better than whoever does not.
    assert min(found[name] for name in ("kNN", "EASE", tastes.OURS_CF)) > found["popularity"] + 0.1
    again = tastes.Task.of(source.split.known, source.split.test, 30)
    assert again.measure(again.rankings(SYSTEMS[0], {}))[tastes.NDCG].mean() == found["popularity"]
    text = page.sections(outcomes=[outcome])["tastes"]
    assert "#### Tiny" in text
    assert "| EASE |" in text


def test_what_is_known_is_never_recommended():
    split = random_split(two_tastes(), 1)
    task = tastes.Task.of(split.known, split.test, 100)
    rankings = task.rankings(SYSTEMS[0], {})
    for user, row in zip(task.asked, rankings, strict=True):
        known = set(task.matrix[user].indices.tolist())
        unknown = len(task.items) - len(known)
        assert not known & set(row[:unknown].tolist())


def _facts(items, **more):
    times = dict.fromkeys(("p50", "p99", "most", "cpu_p50", "cpu_p99", "cpu_most"), 1.0)
    numbers = dict.fromkeys((*speed.BUILDING, "vocabulary_s", "train_s", "implicit_s", "overlap"), 2.0)
    return {**numbers, "items": items, "events": 7, "quantised": False, "ours": times, "read": times, "long": times,
            "brute": times, **more}  # fmt: skip


def test_speed_measures_only_what_is_missing(tmp_path, monkeypatch):
    ran = []

    def step(name, folder, work, chroma):
        ran.append((name, folder.name, chroma))
        path = work / "speed" / folder.name / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(_facts(int(folder.name.removeprefix("shop-")))))

    monkeypatch.setattr(speed, "_step", step)
    monkeypatch.setattr(speed.large_shop, "make", lambda folder, items, data: folder)
    assert [one["items"] for one in speed.measure([5, 50], tmp_path, chroma=5)] == [5, 50]
    assert ran == [(name, shop, shop == "shop-5") for shop in ("shop-5", "shop-50") for name in speed.STEPS]
    (tmp_path / "speed" / "shop-50" / "ask.json").unlink()
    ran.clear()
    speed.measure([5, 50], tmp_path)
    assert [name for name, _, _ in ran] == ["ask"]
    ran.clear()
    speed.measure([5], tmp_path, again=True)
    assert [name for name, _, _ in ran] == list(speed.STEPS)


def test_speed_is_told_in_three_tables():
    text = page.speeds(
        [_facts(1000, chroma={"p50": 3.0, "p99": 4.0}, chroma_build_s=9.0), _facts(10**6, quantised=True)]
    )
    assert "| 1,000 | 2 |" in text
    assert "| 1,000,000 (quantised) | 2 |" in text
    assert "| 3.0 | 4.0 |" in text
    assert "| - | - |" in text, "plain Chroma was not measured at a million"


def test_long_messages_are_as_long_as_may_be_sent():
    assert {len(text) for text in speed.long_messages(["A lamp", "A chair"])} == {speed.LONG}


def test_editions_are_products_of_their_own(tmp_path):
    from benchmarks import large_shop

    base = tmp_path / "base"
    base.mkdir()
    (base / "shop.yaml").write_text("name: Base\n")
    (base / "items.csv").write_text("id,title,price,group_id\na,Lamp,10.00,g\nb,Chair,20.00,\n")
    with gzip.open(base / "interactions.csv.gz", "wt") as file:
        file.write("user_id,item_id,event\nu,a,view\n")
    large_shop.editions(base, tmp_path / "made", 3)
    items = pl.read_csv(tmp_path / "made" / "items.csv", infer_schema=False)
    assert items["id"].to_list() == ["a", "b", "a-1", "b-1", "a-2", "b-2"]
    assert items["title"].to_list()[::2] == ["Lamp", "Lamp Mk2", "Lamp Mk3"]
    assert [float(price) for price in items["price"]] == [10.0, 20.0, 10.1, 20.2, 10.2, 20.4]
    events = pl.read_csv(tmp_path / "made" / "interactions.csv", infer_schema=False)
    assert events.rows() == [("u", "a", "view"), ("u-1", "a-1", "view"), ("u-2", "a-2", "view")]

"""Training: nothing leaks, what pays is switched on, what was measured is not measured again, weights are bounded."""

import json

import numpy as np
import pytest

from core.entities import EventKind, Query, UserId
from core.settings import Settings
from retrieval import index
from retrieval.histories import History
from retrieval.learned import FILE, Learned, Tastes
from retrieval.training import parts
from retrieval.training.blend import Blend, Said, among, crossed, fitted, lists
from retrieval.training.holdout import Holdout, gain, hold_out
from retrieval.training.journal import Journal
from retrieval.training.run import run
from retrieval.training.sequential import Schooling
from retrieval.training.tuning import _plainest
from tests.shops import write_shop

DAY = 86_400


def history(users=60, timed=True):
    """Two camps; every user takes another item of their camp each day."""
    draw = np.random.default_rng(2)
    names, rows, times = [], [], []
    for user in range(users):
        for day, item in enumerate(draw.permutation(10)[:8]):
            names.append(f"u{user}")
            rows.append(item + 10 * (user % 2))
            times.append(1e9 + day * DAY if timed else np.nan)
    count = len(rows)
    return History.of(
        names, np.array(rows, dtype=np.int32), [EventKind.PURCHASE] * count, np.full(count, np.nan), np.array(times)
    )


@pytest.mark.parametrize(
    ("users", "timed", "how"), [(150, True, "one moment"), (60, True, "every"), (60, False, "random")]
)
def test_what_is_held_out_was_never_seen(users, timed, how):
    log = history(users, timed)
    found = hold_out(log)
    assert how in found.how
    for name, code, wanted in zip(found.users, found.codes, found.wanted, strict=True):
        before = {event.row for event in found.early.events(name)}
        everything = {event.row for event in log.events(name)}
        assert list(log.users)[code] == name
        assert wanted
        assert not wanted & before
        assert wanted <= everything
        if timed and "moment" in how:
            late = [event.time for event in log.events(name) if event.row in wanted]
            assert min(late) > max(found.early.times)


def test_nothing_to_hold_out():
    nothing = History.of([], np.zeros(0, dtype=np.int32), [], np.zeros(0), np.zeros(0))
    assert hold_out(nothing) is None


def test_worth_counts_places():
    found = Holdout(history(4), ["u0"], np.array([0]), [frozenset({3})], "")
    assert found.worth([np.array([3, 1, 2])]).tolist() == [1.0]
    assert found.worth([np.array([1, 3])]) == pytest.approx([1 / np.log2(3)])
    assert found.worth([np.array([1, 2])]).tolist() == [0.0]


def test_a_gain_has_an_interval():
    mean, low, high = gain(np.array([0.5, 0.6, 0.7, 0.6]), np.array([0.1, 0.1, 0.2, 0.2]))
    assert low <= mean <= high
    assert low > 0


def test_a_training_that_was_stopped_goes_on(tmp_path):
    calls = []

    def measure():
        calls.append(1)
        return np.array([0.5])

    Journal(tmp_path, "a").remembered({"x": "1"}, measure)
    with (tmp_path / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"data": "a", "key": "half a li')
    assert Journal(tmp_path, "a").remembered({"x": "1"}, measure).tolist() == [0.5]
    assert len(calls) == 1
    Journal(tmp_path, "of other data").remembered({"x": "1"}, measure)
    assert len(calls) == 2


def shop(folder, users=120):
    draw = np.random.default_rng(4)
    items = [{"id": f"i{n}", "title": f"{'Red' if n < 10 else 'Blue'} thing {n}", "price": n + 1} for n in range(20)]
    events = [
        {"user_id": f"u{user}", "item_id": f"i{item + 10 * (user % 2)}", "event": "purchase", "time": 1e9 + day * DAY}
        for user in range(users)
        for day, item in enumerate(draw.permutation(10)[:8])
    ]
    return write_shop(folder, {"name": "Camps"}, items, interactions=events)


def test_train_then_serve(tmp_path, encoder):
    folder = shop(tmp_path / "shop")
    data, options = tmp_path / "data", Settings(shop=folder, data_dir=tmp_path / "data")
    serving = index.open(folder, data, options, embedder=encoder)
    learned = run(folder, data, options, embedder=encoder)
    assert learned.report["users"] >= 100
    for part in ("tastes", "weights"):
        assert learned.report[part]["on"] == (learned.report[part]["gain"]["low"] > 0)
    assert run(folder, data, options, embedder=encoder) == learned, "the same data and seed learn the same"
    assert serving.refresh(), "a running server takes over what was learned"
    assert serving.serving.collaborative.user_days == learned.tastes.user_days
    assert serving.recommend(Query(user_id=UserId("u1"))).items


def walkers(folder, users=150, items=20, steps=8):
    """Everybody goes around a circle of things: what comes next follows from what was last."""
    draw = np.random.default_rng(6)
    things = [{"id": f"i{n}", "title": f"Thing {n}", "price": 5} for n in range(items)]
    begins = draw.integers(0, items, users).tolist()
    events = [
        {"user_id": f"u{user}", "item_id": f"i{(begin + step) % items}", "event": "view", "time": 1e9 + step * DAY}
        for user, begin in enumerate(begins)
        for step in range(steps)
    ]
    return write_shop(folder, {"name": "Circle"}, things, interactions=events)


def test_a_sequential_model_that_pays_is_served(tmp_path, encoder, monkeypatch):
    pytest.importorskip("torch")
    small = Schooling(width=16, length=8, epochs=8, rate=5e-3, least_batches=10)
    monkeypatch.setattr(parts, "SCHOOLING", small)
    folder, data = walkers(tmp_path / "shop"), tmp_path / "data"
    options = Settings(shop=folder, data_dir=data)
    learned = run(folder, data, options, embedder=encoder)
    assert learned.report["sequential"]["on"]
    assert learned.sequential
    assert learned.weights["sequential"] > 0
    serving = index.open(folder, data, options, embedder=encoder)
    assert serving.serving.sequential.length == small.length
    events = serving.events(UserId("u1"))
    met = tuple(serving.user_items(UserId("u1")))
    found = serving.recommend(Query(user_id=UserId("u1"), exclude=met, limit=3)).items
    assert f"i{(events[-1].row + 1) % 20}" in [entry.item.id for entry in found]
    assert any(entry.parts.get("sequential") for entry in found)
    again = run(folder, data, options, embedder=encoder)
    assert again.report == learned.report
    assert again.weights == learned.weights
    trained = index.trained_folder(folder, data)
    kept = [path for path in trained.iterdir() if path.is_dir()]
    assert sorted(kept) == sorted(again.models(trained).values()), "what is not in use is deleted"


def test_without_torch_training_says_so(tmp_path, encoder, monkeypatch):
    monkeypatch.setattr(parts.sequential, "available", lambda: False)
    folder, data = walkers(tmp_path / "shop"), tmp_path / "data"
    learned = run(folder, data, Settings(shop=folder, data_dir=data), embedder=encoder)
    assert not learned.report["sequential"]["on"]
    assert "torch" in learned.report["sequential"]["why"]
    assert not learned.sequential


def test_without_times_there_is_no_order():
    assert "no times" in parts.missing(history(200, timed=False), 20) or not parts.sequential.available()


def test_of_settings_that_do_about_as_well_the_plainest_stays():
    draw = np.random.default_rng(1)
    plain = draw.random(200)
    by_chance = plain + draw.normal(0.001, 0.3, 200)
    clearly = plain + 0.2
    first, second, third = Tastes(), Tastes(item_days=90.0), Tastes(item_days=30.0)
    assert _plainest({first: plain, second: by_chance}) == first
    assert _plainest({first: plain, second: plain + 0.195, third: clearly + draw.normal(0, 0.3, 200)}) == second
    assert _plainest({first: plain, third: clearly}) == third


def camps_said(users=80, items=30):
    """A source that says what was taken of users of whom much is known, one that does of others, and noise."""
    draw = np.random.default_rng(8)
    wanted = [frozenset(draw.choice(items, 2, replace=False).tolist()) for _ in range(users)]
    log = history(users)
    sample = Holdout(log, [f"u{user}" for user in range(users)], np.arange(users), wanted, "")
    said = []
    for user, right in enumerate(wanted):
        scores = draw.random((3, items)).astype(np.float32)
        scores[user % 2, list(right)] += 0.6
        said.append(Said(np.arange(items), scores, 200 if user % 2 else 1))
    return sample, said


def test_weights_are_moved_towards_what_is_right():
    sample, said = camps_said()
    names = ("collaborative", "sequential", "popularity")
    start = Blend(dict.fromkeys(names, 1.0))
    before = sample.worth(lists(names, said, start)).mean()
    flat = fitted(sample, names, said, start, names, False)
    assert flat.weights["popularity"] < min(flat.weights["collaborative"], flat.weights["sequential"])
    assert sum(flat.weights.values()) == pytest.approx(3.0, abs=1e-3)
    following = fitted(sample, names, said, start, names, True)
    worth = [sample.worth(lists(names, said, one)).mean() for one in (flat, following)]
    assert before < worth[0] < worth[1]
    assert following.slopes.get("sequential", 0.0) > following.slopes.get("collaborative", 0.0)
    silent = fitted(sample, names, said, start, ("collaborative",), False)
    assert (silent.weights["sequential"], silent.weights["popularity"]) == (0.0, 0.0)


def test_what_weights_were_learned_from_does_not_judge_them():
    sample, said = camps_said()
    names = ("collaborative", "sequential", "popularity")
    start = Blend(dict.fromkeys(names, 1.0))
    found = crossed(sample, names, said, start, names, False)
    odd = fitted(among(sample, np.arange(1, 80, 2)), names, said[1::2], start, names, False)
    assert all((one == other).all() for one, other in zip(found[::2], lists(names, said[::2], odd), strict=True))


def test_recall_of_sparse_items_asks_those_who_took_some():
    log = History.of(
        ["a", "a", "b", "b", "c"], np.array([0, 1, 0, 2, 0], dtype=np.int32), [EventKind.LIKE] * 5, np.full(5, np.nan),
        np.full(5, np.nan),
    )  # fmt: skip
    sample = Holdout(log, ["a", "b", "c"], np.arange(3), [frozenset({2}), frozenset({1, 0}), frozenset({0})], "")
    found = sample.rare([np.array([0, 2]), np.array([0, 2]), np.array([0, 1])])
    assert found.tolist() == [1.0, 0.0], "0 is no sparse item"


def test_too_small_a_log_teaches_nothing(tmp_path, encoder):
    folder = shop(tmp_path / "shop", users=3)
    options = Settings(shop=folder, data_dir=tmp_path / "data")
    assert run(folder, tmp_path / "data", options, embedder=encoder) == Learned()


def test_learned_settings_are_plain_and_checked(tmp_path):
    Learned(Tastes(ridge=7.0), {"profile": 0.5}).save(tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    content["weights"] |= {"unknown": 1.0, "graph": -3.0, "price": float("nan")}
    (tmp_path / FILE).write_text(json.dumps(content))
    found = Learned.load(tmp_path)
    assert (found.tastes.ridge, dict(found.weights)) == (7.0, {"profile": 0.5})
    (tmp_path / FILE).write_text("[]")
    with pytest.raises(ValueError, match=r"launch\.py train"):
        Learned.load(tmp_path)


def test_the_shops_own_weights_stay(tmp_path):
    from core.shop import load_shop

    folder = write_shop(tmp_path, {"name": "X", "weights": {"profile": 0.9}}, [{"id": "1", "title": "A"}])
    found = Learned(weights={"profile": 0.1, "graph": 0.2}).browsing(load_shop(folder))
    assert (found.profile, found.graph) == (0.9, 0.2)
    assert Learned().browsing(load_shop(folder)) is None

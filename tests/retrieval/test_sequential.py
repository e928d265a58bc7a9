"""The sequential model: the order of events, the graph against torch, files, and reasons that are true."""

from dataclasses import replace

import numpy as np
import pytest

from core.entities import EventKind, Interaction, ItemId, Query, ReasonKind, UserId
from retrieval.histories import Event, History
from retrieval.learned import Learned, model_folder
from retrieval.pipeline import Recommender
from retrieval.sequential import GRAPH, Sequences, SequentialModel, save_model, sequence, session_of
from tests.retrieval.garden import T0
from tests.retrieval.learned_models import PLACES, graph, with_models


def event(row, weight=1.0, time=0.0):
    return Event(row, EventKind.VIEW, weight, time)


def test_an_item_stands_once_at_its_latest_event_and_goes_when_disliked():
    assert sequence([event(3), event(1), event(2), event(3), event(1, -1.0)]).tolist() == [2, 3]
    assert sequence([event(1), event(1, 0.0)]).tolist() == [1]
    assert sequence([]).tolist() == []


def test_sequences_of_a_log_are_those_of_its_users():
    log = History.of(
        ["a", "b", "a", "a"], np.array([5, 7, 6, 5], dtype=np.int32), [EventKind.PURCHASE] * 4, np.full(4, np.nan),
        np.array([1.0, 2.0, 3.0, 4.0]),
    )  # fmt: skip
    found = Sequences.of(log)
    assert [found.of_user(log.users[name]).tolist() for name in ("a", "b")] == [[6, 5], [7]]
    assert found.of_user(0).tolist() == sequence(log.events("a")).tolist()
    assert found.times.tolist() == [3.0, 4.0, 2.0]


def model(items=9, numbers=None):
    rows = np.arange(items)
    return SequentialModel(session_of(graph(items)), rows if numbers is None else numbers, rows, PLACES, 1.0)


def test_order_counts_and_so_does_every_item():
    one = model()
    forth, back = one.predict(np.array([[1, 2, 3], [3, 2, 1]]))
    assert np.abs(forth - back).max() > 1e-3
    assert one.predict(np.zeros((1, 0), dtype=np.int64)).tolist() == [[0.0] * 9]
    lost = one.without(np.array([1, 2, 3]))
    assert lost[0] == pytest.approx(one.predict(np.array([[2, 3]]))[0], abs=1e-5)
    assert lost.shape == (3, 9)


def test_what_came_later_does_not_change_what_was_foretold_in_a_batch():
    one = model()
    alone = one.predict(np.array([[4, 5]]))[0]
    assert one.predict(np.array([[4, 5], [0, 8]]))[0] == pytest.approx(alone, abs=1e-5)


def test_unknown_items_are_passed_over(tmp_path):
    mark = save_model(tmp_path, graph(3), ["a", "b", "gone"], PLACES, 1.0)
    assert len(mark) == 32
    found = SequentialModel.open(tmp_path, ["new", "b", "a"])
    assert found is not None
    assert found.known(np.array([0, 1, 2])).tolist() == [1, 2]
    scores = found.predict(np.array([[1, 2]]))[0]
    assert scores[0] == 0.0
    assert scores[1] != 0.0
    assert SequentialModel.open(tmp_path / "nothing", ["a"]) is None


def test_a_damaged_file_is_told(tmp_path):
    save_model(tmp_path, graph(3), ["a", "b", "c"], PLACES, 1.0)
    (tmp_path / GRAPH).write_bytes(b"x")
    with pytest.raises(ValueError, match=r"launch\.py train"):
        SequentialModel.open(tmp_path, ["a", "b", "c"])


def test_the_index_serves_what_training_left_and_leaves_out_what_is_damaged(opened, tmp_path, caplog):
    from retrieval.index import trained_folder

    serving = opened()
    assert serving.serving.sequential is None
    folder = trained_folder(tmp_path / "shop", tmp_path / "data")
    ids = serving.catalogue.ids
    mark = save_model(tmp_path / "draft", graph(len(ids)), ids, PLACES, 3.0)
    folder.mkdir(parents=True)
    (tmp_path / "draft").rename(model_folder(folder, "sequential", mark))
    Learned(sequential=mark).save(folder)
    assert serving.refresh()
    assert serving.serving.sequential is not None
    assert any(entry.parts.get("sequential") for entry in serving.recommend(Query(user_id=UserId("u0"))).items)
    (model_folder(folder, "sequential", mark) / GRAPH).write_bytes(b"damaged")
    Learned(sequential=mark, report={"again": 1}).save(folder)
    assert serving.refresh()
    assert serving.serving.sequential is None
    assert "left out" in caplog.text


def test_what_happened_a_moment_ago_counts(opened):
    serving = opened(clock=lambda: T0 + 1000.0)
    serving = Recommender(
        with_models(serving.serving), serving.embedder, serving._overlay._path.parent, lambda told: None,
        lambda: T0 + 1000.0,
    )  # fmt: skip
    query = Query(user_id=UserId("somebody"))
    assert not any("sequential" in entry.parts for entry in serving.recommend(query).items)
    serving.record([Interaction(UserId("somebody"), ItemId("g3"), EventKind.VIEW)])
    first = serving.fit_of(ItemId("g5"), query).parts["sequential"]
    serving.record([Interaction(UserId("somebody"), ItemId("g9"), EventKind.VIEW)])
    assert serving.fit_of(ItemId("g5"), query).parts["sequential"] != first


def test_a_reason_names_what_others_took_before_and_falls_with_it(opened):
    plain = opened(clock=lambda: T0 + 1000.0)
    index = with_models(plain.serving)
    serving = Recommender(
        index, plain.embedder, plain._overlay._path.parent, lambda told: None, lambda: T0 + 1000.0
    )  # fmt: skip
    seen = 0
    for user in (f"u{number}" for number in range(30)):
        for entry in serving.recommend(Query(user_id=UserId(user), limit=10)).items:
            for reason in entry.reasons:
                if reason.kind is not ReasonKind.COLLABORATIVE or not reason.data.get("after"):
                    continue
                seen += 1
                carrier, row = index.catalogue.row(ItemId(reason.data["liked"][0])), index.catalogue.row(entry.item.id)
                assert 0 < reason.weight <= entry.parts["sequential"] + 1e-6
                assert reason.data["users"] == went_on(index.history, user, carrier, row) >= 2
                known = index.sequential.known(sequence(index.history.events(user)))
                rest = known[known != carrier]
                assert index.sequential.predict(rest[None])[0][row] < index.sequential.predict(known[None])[0][row]
    assert seen


def went_on(history, own, first, then):
    """Count by hand."""
    found = 0
    for user in history.users:
        taken = [(one.row, one.time) for one in history.events(user) if one.weight > 0 and user != own]
        early = [time for row, time in taken if row == first]
        late = [time for row, time in taken if row == then]
        found += bool(early) and bool(late) and min(early) < max(late)
    return found


def test_the_graph_says_what_torch_says():
    torch = pytest.importorskip("torch")
    from retrieval.sequential_onnx import build_model
    from retrieval.training import sequential as training

    draw = np.random.default_rng(0)
    schooling = training.Schooling(width=16, length=PLACES)
    network = training._model(draw.normal(size=(20, 12)).astype(np.float32), schooling)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    ours = session_of(build_model(training._arrays(network), schooling.heads).SerializeToString())
    for length in (1, 3, PLACES):
        rows = draw.permutation(20)[:length]
        theirs = training._scores(network, [rows], PLACES)
        assert ours.run(["scores"], {"items": rows[None]})[0] == pytest.approx(theirs, abs=1e-4)


def circle(users=80, items=12, steps=7):
    """Everybody walks around a circle of items, from somewhere: what comes next follows from what was last."""
    draw = np.random.default_rng(3)
    rows = np.concatenate([(np.arange(steps) + draw.integers(items)) % items for _ in range(users)])
    starts = np.arange(users + 1) * steps
    return Sequences(starts, rows.astype(np.int64), np.tile(np.arange(steps, dtype=np.float64), users))


def test_it_learns_what_comes_next_the_same_each_time():
    pytest.importorskip("torch")
    from retrieval.training.sequential import Schooling, fit

    schooling = Schooling(width=16, length=PLACES, epochs=12, rate=5e-3, least_batches=10)
    vectors = np.eye(12, dtype=np.float32)
    found, again = (fit(circle(), vectors, schooling) for _ in range(2))
    assert all((found.arrays[name] == again.arrays[name]).all() for name in found.arrays)
    from retrieval.sequential_onnx import build_model

    session = session_of(build_model(found.arrays, schooling.heads).SerializeToString())
    rows = np.arange(12)
    one = SequentialModel(session, rows, rows, PLACES, 1.0)
    right = [one.predict(np.array([[at, (at + 1) % 12]]))[0].argmax() == (at + 2) % 12 for at in range(12)]
    assert sum(right) >= 10


def test_a_judge_ends_the_training_and_its_best_epoch_stands():
    pytest.importorskip("torch")
    from retrieval.training.sequential import Schooling, fit

    values = iter([0.1, 0.3, 0.2, 0.2, 0.2])
    found = fit(
        circle(20), np.eye(12, dtype=np.float32), Schooling(width=8, length=6, patience=2), lambda _: next(values)
    )
    assert (found.epochs, found.value) == (2, 0.3)


def test_the_next_moment_is_never_this_one():
    pytest.importorskip("torch")
    from retrieval.training.sequential import _next_moments

    times = np.array([1.0, 1.0, 2.0, 3.0, 3.0, 1.0, 1.0])
    codes = np.array([0, 0, 0, 0, 0, 1, 1])
    first, last = _next_moments(times, codes)
    assert list(zip(first.tolist(), last.tolist(), strict=True))[:3] == [(2, 3), (2, 3), (3, 5)]
    assert (first[3], last[3]) == (4, 5), "within the last moment, the next item"
    assert (first[5], last[5]) == (6, 7)


def test_a_shop_without_the_models_is_as_before(garden):
    found = garden.recommend(Query(user_id=UserId("u0"))).items
    assert not any({"sequential", "towers"} & set(entry.parts) for entry in found)
    index = replace(garden.serving, sequential=None)
    assert index.sequential is None

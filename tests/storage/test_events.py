from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import EventKind, Interaction, ItemId, UserId
from storage.events import EventLog, Shown

ANN, BOB = UserId("ann"), UserId("bob")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    log = EventLog(tmp_path / "events.db", clock=lambda: 1000.0)
    yield log
    log.close()


def like(item: str, user: UserId = ANN, event_id: str | None = None) -> Interaction:
    return Interaction(user, ItemId(item), EventKind.LIKE, event_id=event_id)


def test_append_is_idempotent_by_the_users_event_id(log: EventLog) -> None:
    assert log.append([like("a", event_id="1"), like("b", event_id="2"), like("c")]) == 3
    assert log.append([like("a", event_id="1"), like("c")]) == 1
    assert log.append([like("a", user=BOB, event_id="1")]) == 1, "clients number their events as they like"
    assert [entry.item_id for entry in log.of_user(ANN)] == ["a", "b", "c", "c"]


def test_add_returns_the_new_ones_with_their_time(log: EventLog) -> None:
    log.append([like("a", event_id="1")])
    (new,) = log.add([like("a", event_id="1"), like("b", event_id="2")])
    assert new.item_id == "b"
    assert new.time == datetime.fromtimestamp(1000, UTC)


def test_everything_of_an_interaction_comes_back(log: EventLog) -> None:
    moment = datetime(2020, 5, 1, 12, 30, tzinfo=UTC)
    entry = Interaction(ANN, ItemId("a"), EventKind.RATING, 4.5, moment, "s", "t", 2, "e")
    log.append(
        [
            entry,
            Interaction(ANN, ItemId("b"), EventKind.VIEW, time=datetime(2020, 5, 1, tzinfo=UTC).replace(tzinfo=None)),
        ]
    )
    assert log.of_user(ANN)[0] == entry
    assert log.of_user(ANN)[1].time == datetime(2020, 5, 1, tzinfo=UTC)
    assert log.of_user(ANN, limit=1)[0].item_id == "b"


def test_reading_on_from_a_row(log: EventLog) -> None:
    log.append([like(str(number)) for number in range(5)])
    first = log.since(0, limit=3)
    rest = log.since(first[-1][0])
    assert [entry.item_id for _, entry in (*first, *rest)] == list("01234")
    assert log.since(rest[-1][0]) == ()


def test_impressions_keep_what_the_ranker_knew(log: EventLog) -> None:
    shown = [Shown(ItemId("a"), 1, 0.8, {"semantic": 0.5}), Shown(ItemId("b"), 2, 0.7, {}, 0.25)]
    assert log.impressions("t1", "s", ANN, shown, "v1") == 2
    assert log.impressions("t1", "s", ANN, shown, "v1") == 0, "a repeated turn"
    assert log.impressions("t2", "s", None, shown[:1], "v1") == 1
    first, second, third = log.impressions_since()
    assert (first.item_id, first.position, first.parts, first.ranker) == ("a", 1, {"semantic": 0.5}, "v1")
    assert (first.propensity, second.propensity, third.user_id) == (None, 0.25, None)
    assert log.impressions_since(second.rowid) == (third,)


def test_forgetting_a_user(log: EventLog) -> None:
    log.append([like("a"), like("b", user=BOB)])
    log.impressions("t", "s", ANN, [Shown(ItemId("a"), 1, 0.5, {})], "v")
    assert log.delete_user(ANN) == 2
    assert log.of_user(ANN) == ()
    assert log.impressions_since() == ()
    assert len(log.of_user(BOB)) == 1


def test_survives_reopening(tmp_path: Path) -> None:
    first = EventLog(tmp_path / "e.db")
    first.append([like("a", event_id="1")])
    first.close()
    second = EventLog(tmp_path / "e.db")
    assert second.append([like("a", event_id="1")]) == 0
    second.close()


@settings(deadline=None, max_examples=50)
@given(ids=st.lists(st.none() | st.sampled_from("abc"), max_size=12), split=st.integers(0, 12))
def test_sending_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str | None], split: int
) -> None:
    log = EventLog(tmp_path_factory.mktemp("log") / "e.db")
    batch = [like("x", event_id=event_id) for event_id in ids]
    log.append(batch[:split])
    log.append([entry for entry in batch if entry.event_id])
    log.append(batch[split:])
    named = {event_id for event_id in ids if event_id}
    assert len(log.of_user(ANN)) == len(named) + ids.count(None)
    log.close()

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.conversation import ConversationState, Identity, Intent, Wants
from core.entities import (
    Constraint,
    Item,
    ItemId,
    Op,
    Option,
    Question,
    Reason,
    ReasonKind,
    Recommendation,
    Sort,
    Source,
    UserId,
)
from core.events import Action, Citation, Reply
from storage.sessions import SessionStore, Utterance, without_identity

PRICE = Constraint("c1", "price", Op.LE, 900.0, "USD", text="under $900")
PORTS = Constraint("c2", "ports", Op.CONTAINS, ("usb", "hdmi"))
QUIET = Constraint("c3", "quiet", Op.EQ, True)
STATE = ConversationState(
    turn=3,
    language="zh",
    wants=Wants("安静的笔记本", (PRICE, PORTS, QUIET), (Sort("price", False),), liked=(ItemId("a"),), gift=True),
    past=(Wants("x"),),
    shown=(ItemId("a"), ItemId("b")),
    question=Question("brand", (Option("Acme", 3, replace(PRICE, value=(1.0, 2.0), op=Op.BETWEEN)),), 0.5),
    awaiting="confirmation",
    topic=Intent.REFINE,
    identity=Identity("c-1", ("o-1",), 99.5),
    desk={"pending": {"kind": "cancel", "n": [1, None]}},
)
REPLY = Reply(
    "s",
    "t",
    "Hello **you**",
    "en",
    (Intent.RECOMMEND,),
    items=(
        Recommendation(
            Item(
                ItemId("a"),
                "A",
                price=9.5,
                facets={"weight": 1.2, "wifi": True, "ports": ("usb",), "made": "2024-01-01"},
            ),
            0.5,
            (Reason(ReasonKind.ATTRIBUTE, Source("facet", "weight"), {"actual": 1.2, "of": 3}),),
        ),
    ),
    citations=(Citation("policies/a.md#b", "text"),),
    actions=(Action("handoff", "why", {"x": 1}),),
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[SessionStore]:
    store = SessionStore(tmp_path / "sessions.db", clock=clock)
    yield store
    store.close()


def test_state_comes_back_as_it_was(store: SessionStore) -> None:
    assert store.load("k") is None
    store.save(["k", "alias"], STATE, issued=True)
    assert store.load("k") == STATE
    assert store.load("alias") == STATE
    store.save(["k"], replace(STATE, turn=4), issued=True)
    assert store.load("k") == replace(STATE, turn=4)
    assert store.load("alias") == STATE


def test_snapshots_never_change_and_hold_no_identity(store: SessionStore) -> None:
    store.save(["k"], STATE, issued=True, snapshots=["h"])
    store.save(["k"], replace(STATE, turn=9), issued=True, snapshots=["h", "h2"])
    snapshot = store.load("h")
    assert snapshot == without_identity(STATE)
    assert snapshot is not None
    assert (snapshot.identity, snapshot.desk, snapshot.awaiting) == (None, {}, None)
    store.save(["h"], replace(STATE, turn=9), issued=True)
    assert store.load("h") == snapshot
    later = store.load("h2")
    assert later is not None
    assert later.turn == 9
    assert later.identity is None


def test_a_session_not_issued_here_holds_no_identity(store: SessionStore) -> None:
    store.save(["k"], STATE, issued=False)
    assert store.load("k") == without_identity(STATE)


def test_no_identity_in_the_file_of_a_stateless_turn(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "s.db")
    secret = replace(STATE, identity=Identity("customer-4711", ("order-4711",), 1.0), desk={"order": "order-4711"})
    store.save([], secret, issued=True, snapshots=["h"])
    store.save(["k"], secret, issued=False)
    store.close()
    assert b"4711" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_turn_is_one_transaction(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Utterance(None, "no role")  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        store.save(["k"], STATE, issued=True, snapshots=["h"], transcript=[bad], retry_key="r", reply=REPLY)
    assert store.load("k") is None
    assert store.load("h") is None
    assert store.find_reply("r") is None


def test_transcript_is_kept_in_order(store: SessionStore, clock: Clock) -> None:
    for turn in range(3):
        lines = [Utterance("user", f"q{turn}"), Utterance("assistant", f"a{turn} \ud800")]
        store.save(["k", "other"], ConversationState(turn=turn), issued=True, transcript=lines)
    assert [line.text for line in store.transcript("k")] == ["q0", "a0 ?", "q1", "a1 ?", "q2", "a2 ?"]
    assert [(line.role, line.turn, line.time) for line in store.transcript("k", 1)] == [("assistant", 2, 1000.0)]
    assert store.transcript("other") == ()


def test_reply_is_found_for_ten_minutes(store: SessionStore, clock: Clock) -> None:
    store.save(["k"], STATE, issued=True, retry_key="r", reply=REPLY)
    store.save_reply("r2", REPLY)
    clock.now += 599
    assert store.find_reply("r") == REPLY
    assert store.find_reply("r2") == REPLY
    clock.now += 2
    assert store.find_reply("r") is None
    assert store.find_reply("never") is None


def test_prune_and_delete(store: SessionStore, clock: Clock) -> None:
    store.save(["old"], STATE, issued=True, transcript=[Utterance("user", "x")])
    clock.now += 100
    store.save(["new"], STATE, issued=True, snapshots=["h"], transcript=[Utterance("user", "y")])
    assert store.prune(50) == 2
    assert store.load("old") is None
    assert store.transcript("old") == ()
    assert store.load("new") == STATE
    store.delete("new")
    assert store.load("new") is None
    assert store.transcript("new") == ()
    assert store.load("h") is not None


def test_forgetting_a_user(store: SessionStore) -> None:
    ann, bob = UserId("ann"), UserId("bob")
    lines = [Utterance("user", "x")]
    store.save(["a"], STATE, issued=True, snapshots=["ha"], transcript=lines, user_id=ann, retry_key="ra", reply=REPLY)
    store.save(["b"], STATE, issued=True, transcript=lines, user_id=bob)
    assert store.delete_user(ann) == 4
    assert store.load("a") is None
    assert store.load("ha") is None
    assert store.find_reply("ra") is None
    assert store.load("b") == STATE
    assert len(store.transcript("b")) == 1


def test_who_writes_without_a_user_does_not_hide_whose_it_is(store: SessionStore) -> None:
    store.save(["a"], STATE, issued=True, user_id=UserId("ann"))
    store.save(["a"], replace(STATE, turn=4), issued=True)  # an operator gives the conversation back
    assert store.delete_user(UserId("ann")) == 1
    assert store.load("a") is None


def test_what_is_old_goes_without_a_restart(store: SessionStore, clock: Clock) -> None:
    store.prune(30 * 86_400)
    store.save(["old"], STATE, issued=True, transcript=[Utterance("user", "x")])
    clock.now += 31 * 86_400
    store.save(["new"], STATE, issued=True)
    assert store.load("old") is None
    assert store.transcript("old") == ()
    assert store.load("new") == STATE


@pytest.mark.parametrize(
    "change",
    ["UPDATE states SET format = 0", 'UPDATE states SET body = \'{"turn": "many"}\'', "UPDATE states SET body = '{'"],
)
def test_unreadable_state_is_discarded(tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "s.db"
    store = SessionStore(path)
    store.save(["k"], STATE, issued=True)
    other = sqlite3.connect(path)
    with other:
        other.execute(change)
    other.close()
    with caplog.at_level(logging.WARNING):
        assert store.load("k") is None
    assert "discarded" in caplog.text
    store.close()


def test_threads_and_reopening(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "s.db")

    def converse(name: str) -> None:
        for turn in range(20):
            state = store.load(name) or ConversationState()
            store.save([name], replace(state, turn=state.turn + 1), issued=True, snapshots=[f"{name}{turn}"])

    threads = [threading.Thread(target=converse, args=(f"s{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    again = SessionStore(tmp_path / "s.db")
    for number in range(6):
        state = again.load(f"s{number}")
        assert state is not None
        assert state.turn == 20
    again.close()


VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.booleans(),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=3).map(tuple),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=9), min_size=1, max_size=3).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(value=VALUES, text=st.text(st.characters(codec="utf-8"), max_size=50))
def test_any_value_of_a_constraint_comes_back(store: SessionStore, value: object, text: str) -> None:
    constraint = Constraint("c", "f", Op.EQ, value, text=text)  # type: ignore[arg-type]
    state = ConversationState(wants=Wants(text, (constraint,)))
    store.save(["k"], state, issued=True)
    loaded = store.load("k")
    assert loaded == state
    assert loaded is not None
    assert type(loaded.wants.constraints[0].value) is type(value)

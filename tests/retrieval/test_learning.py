"""Learning online: what teaches, what must not, and how little one account can do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.entities import EventKind, Interaction, ItemId, UserId
from retrieval import learning
from retrieval.learning import ACCOUNT, BOUND, FILE, OnlineLearner, examined
from storage.events import EventLog, Shown

START = 1_700_000_000.0


class Log:
    """A real event log with a clock that tests turn."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.log = EventLog(folder / "events.db", clock=lambda: self.now)
        self._turns = 0

    def show(self, user: str | None, items: dict[str, dict[str, float]], propensity: float | None = None) -> None:
        self._turns += 1
        shown = [
            Shown(ItemId(item), at, 0.5, parts, propensity) for at, (item, parts) in enumerate(items.items(), start=1)
        ]
        self.log.impressions(f"t{self._turns}", "s", None if user is None else UserId(user), shown, "1")

    def do(self, user: str, item: str, event: EventKind = EventKind.PURCHASE) -> None:
        self.log.append([Interaction(UserId(user), ItemId(item), event, time=datetime.fromtimestamp(self.now, UTC))])


@pytest.fixture
def log(tmp_path: Path):
    found = Log(tmp_path)
    yield found
    found.log.close()


def _simulated(log: Log, *tells: str, seed: int = 0, turns: int = 1200) -> None:
    """Show three items a turn, the one with most of ``first`` first; what is liked is what has most of ``tells``."""
    draw = np.random.default_rng(seed)
    for turn in range(turns):
        parts = [{"first": float(a), "second": float(b)} for a, b in draw.random((3, 2)) * 0.5]
        parts.sort(key=lambda each: -each["first"])
        log.now += 60.0
        log.show(f"u{turn % 400}", {f"i{turn}-{place}": each for place, each in enumerate(parts)})
        for place, each in enumerate(parts):
            above = sum(each[name] - sum(other[name] for other in parts) / 3 for name in tells)
            liked = 1 / (1 + np.exp(1.0 - learning.SCALE * 2.0 / len(tells) * above))
            if draw.random() < liked * examined(place + 1):
                log.do(f"u{turn % 400}", f"i{turn}-{place}")


def test_what_is_liked_grows_louder(log: Log, tmp_path: Path) -> None:
    _simulated(log, "second")
    learner = OnlineLearner(tmp_path)
    assert learner.advance(log.log)
    assert learner.factors["second"] > 1.05
    assert learner.factors["second"] > learner.factors["first"] + 0.1


def test_the_place_does_not_teach(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parts please alike. The item with most of "first" is clicked more, but only since it stands first."""
    _simulated(log, "first", "second")
    learner = OnlineLearner(tmp_path / "weighed")
    learner.advance(log.log)
    monkeypatch.setattr(learning, "FADING", 0.0)
    naive = OnlineLearner(tmp_path / "naive")
    naive.advance(log.log)
    fooled = naive.factors["first"] - naive.factors["second"]
    assert fooled > 0.15
    assert abs(learner.factors["first"] - learner.factors["second"]) < 0.6 * fooled


def test_one_account_is_bounded(log: Log, tmp_path: Path) -> None:
    """Thousands of purchases by one account move no factor by more than stated, and count once for the item."""
    for turn in range(2000):
        log.now += 1.0
        items = {f"a{turn}": {"new": 0.9}, f"b{turn}": {"new": 0.0}, "mine": {"new": 0.5}}
        log.show("attacker", items)
        log.do("attacker", f"a{turn}")
        log.do("attacker", "mine")
    learner = OnlineLearner(tmp_path)
    learner.advance(log.log)
    assert 0.0 < abs(learner.factors["new"] - 1.0) <= ACCOUNT + 1e-9
    assert learner.counts("mine") == (1.0, 1.0)


def test_a_client_s_own_times_buy_no_more(log: Log, tmp_path: Path) -> None:
    """Whoever dates events into coming days gets no further days' worth of influence."""
    log.show("attacker", {f"i{n}": {"new": n / 40} for n in range(40)})
    days = [datetime.fromtimestamp(START + n * learning.DAY, UTC) for n in range(40)]
    log.log.append([Interaction(UserId("attacker"), ItemId("i39"), EventKind.PURCHASE, time=day) for day in days])
    for n, day in enumerate(days):
        log.log.append([Interaction(UserId("attacker"), ItemId(f"i{n}"), EventKind.PURCHASE, time=day)])
    learner = OnlineLearner(tmp_path)
    learner.advance(log.log)
    assert abs(learner.factors["new"] - 1.0) <= ACCOUNT + 1e-9


def test_many_days_stay_within_the_bound(log: Log, tmp_path: Path) -> None:
    for turn in range(400):
        log.now += learning.DAY
        log.show(f"u{turn}", {"a": {"new": 0.9}, "b": {"new": -0.9}})
        log.do(f"u{turn}", "a")
    learner = OnlineLearner(tmp_path)
    learner.advance(log.log)
    assert 1.0 < learner.factors["new"] <= 1.0 + BOUND


def test_nothing_is_learned_twice(log: Log, tmp_path: Path) -> None:
    _simulated(log, "second", turns=50)
    whole = OnlineLearner(tmp_path)
    whole.advance(log.log)
    again = OnlineLearner(tmp_path)
    assert again.factors == whole.factors
    assert not again.advance(log.log)
    assert again.factors == whole.factors


def test_feedback_after_a_restart_still_counts(log: Log, tmp_path: Path) -> None:
    log.show("ann", {"a": {"new": 0.5}, "b": {"new": 0.0}})
    first = OnlineLearner(tmp_path)
    first.advance(log.log)
    before = first.factors["new"]
    log.do("ann", "a")
    second = OnlineLearner(tmp_path)
    assert second.advance(log.log)
    assert second.factors["new"] > before
    assert second.counts("a") == (1.0, 1.0)


def test_who_is_forgotten_leaves_no_items_and_gains_no_influence(log: Log, tmp_path: Path) -> None:
    learner = OnlineLearner(tmp_path)
    for turn in range(80):
        log.now += 1.0
        log.show("ann", {f"a{turn}": {"new": 0.9}, "b": {"new": 0.0}})
        log.do("ann", f"a{turn}")
        learner.advance(log.log)
        learner.forget("ann")
    assert abs(learner.factors["new"] - 1.0) <= ACCOUNT + 1e-9
    state = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert [items for _, _, items in state["accounts"].values()] == [{}]
    assert learner.counts("b")[0] <= 1.0


def test_a_full_disk_stops_no_service(log: Log, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    learner = OnlineLearner(tmp_path / "file")
    log.show("ann", {"a": {"new": 0.5}, "b": {"new": 0.0}})
    assert not learner.advance(log.log)
    assert "waits" in caplog.text


def test_the_anonymous_teach_nothing(log: Log, tmp_path: Path) -> None:
    log.show(None, {"a": {"new": 0.5}, "b": {"new": 0.0}})
    learner = OnlineLearner(tmp_path)
    assert learner.advance(log.log)
    assert not learner.factors


def test_a_damaged_state_is_begun_anew(log: Log, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text('{"version": 1, "cursors": "x"', encoding="utf-8")
    learner = OnlineLearner(tmp_path)
    assert "begins anew" in caplog.text
    log.show("ann", {"a": {"new": 0.5}, "b": {"new": 0.0}})
    assert learner.advance(log.log)
    assert "ann" not in (tmp_path / FILE).read_text(encoding="utf-8")


def test_pages_keep_turns_whole(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _simulated(log, "second", turns=30)
    whole = OnlineLearner(tmp_path / "whole")
    whole.advance(log.log)
    monkeypatch.setattr(learning, "PAGE", 7)
    paged = OnlineLearner(tmp_path / "paged")
    paged.advance(log.log)
    assert paged.factors == pytest.approx(dict(whole.factors))

"""New items get a share of the places: bounded, told with its propensity, and never against what must hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from core.entities import Constraint, ItemId, Op, Query, ReasonKind, Sort, UserId
from core.settings import Settings
from retrieval import index
from retrieval.bandit import FEW
from retrieval.pipeline import Recommender
from storage.events import EventLog, Shown
from tests.retrieval.garden import T0, items, write_garden

RATE = 0.3
NEW = ("g28", "g39", "g40", "g44")


@pytest.fixture
def log(tmp_path: Path):
    found = EventLog(tmp_path / "events.db", clock=lambda: float(T0))
    yield found
    found.close()


def _system(folder: Path, encoder, log: EventLog, rate: float) -> Recommender:
    """Open the garden with a few items of this week."""
    rows = [dict(row) for row in items()]
    for row in rows:
        new = row["id"] in NEW
        row["created_at"] = datetime.fromtimestamp(T0 - (3 if new else 900) * 86_400, UTC).date().isoformat()
    shop = write_garden(folder / "shop", rows)
    settings = yaml.safe_load((shop / "shop.yaml").read_text(encoding="utf-8"))
    settings["rules"] = {"explore": rate, "in_stock_only": False}
    settings["weights"] = {"new": 0.0}
    (shop / "shop.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    data = folder / "data"
    system = index.open(
        shop, data, Settings(shop=shop, data_dir=data), embedder=encoder, clock=lambda: float(T0 + 1000)
    )
    system.follow(log, folder)
    return system


def _asked(system: Recommender, count: int = 300, **query) -> list:
    return [system.recommend(Query(user_id=UserId(f"someone{n}"), limit=3, **query)) for n in range(count)]


def _newcomers(ranking) -> list[int]:
    return [place for place, one in enumerate(ranking.items) if str(one.item.id) in NEW]


def test_the_share_is_bounded_and_told(tmp_path: Path, encoder, log: EventLog) -> None:
    plain = _system(tmp_path / "plain", encoder, log, 0.0)
    system = _system(tmp_path / "explored", encoder, log, RATE)
    before, after = _asked(plain), _asked(system)
    assert not any(_newcomers(ranking) for ranking in before), "or nothing is shown by this test"
    given = [ranking for ranking in after if _newcomers(ranking)]
    assert 0.15 * len(after) < len(given) < 0.45 * len(after)
    for ranking in given:
        assert _newcomers(ranking) == [2]
        last = ranking.items[-1]
        assert last.reasons[0].kind is ReasonKind.NEW
        assert last.propensity is not None
        assert 0 < last.propensity <= RATE
        assert all(one.propensity is None for one in ranking.items[:-1])
        assert last.score <= ranking.items[1].score
    for ranking in after:
        if ranking not in given:
            assert ranking.items[-1].propensity in (None, 1.0 - RATE)
    assert len({str(ranking.items[-1].item.id) for ranking in given}) > 1


def test_the_same_question_shows_the_same(tmp_path: Path, encoder, log: EventLog) -> None:
    system = _system(tmp_path, encoder, log, RATE)
    assert _asked(system, 40) == _asked(system, 40)


def test_musts_and_orders_hold(tmp_path: Path, encoder, log: EventLog) -> None:
    system = _system(tmp_path, encoder, log, RATE)
    must = Constraint("c1", "category", Op.EQ, "Pruners")
    for ranking in _asked(system, 60, constraints=(must,)):
        assert all("Pruners" in one.item.category for one in ranking.items)
    for ranking in _asked(system, 20, sorts=(Sort("price", False),)):
        assert all(one.propensity is None for one in ranking.items)
    hidden = tuple(ItemId(each) for each in NEW)
    assert not any(_newcomers(ranking) for ranking in _asked(system, 40, exclude=hidden))


def test_what_many_saw_is_new_no_longer(tmp_path: Path, encoder, log: EventLog) -> None:
    system = _system(tmp_path, encoder, log, RATE)
    for number in range(int(FEW)):
        shown = [Shown(ItemId(item), at, 0.5, {"quality": 0.1}) for at, item in enumerate(NEW, start=1)]
        log.impressions(f"t{number}", "s", UserId(f"viewer{number}"), shown, "1")
    assert any(_newcomers(ranking) for ranking in _asked(system, 40))
    system.refresh()
    assert not any(_newcomers(ranking) for ranking in _asked(system, 40))

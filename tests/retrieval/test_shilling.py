"""What one account can do to an item's rank for others: a bound, and an attack of thousands of events against it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.entities import EventKind, Interaction, ItemId, Query, UserId
from core.settings import Settings
from retrieval import index
from retrieval.collaborative import preferences
from retrieval.histories import History
from retrieval.popularity import MOST_OF_ONE, popularity
from tests.retrieval.garden import T0, items, write_garden

ATTACKS = 4000


def _history(attack: int, kind: EventKind = EventKind.PURCHASE) -> History:
    """Ten shoppers take items 0 to 9, item k by k + 1 of them; the attacker takes item 0, however often."""
    honest = [(f"u{user}", item) for item in range(10) for user in range(item + 1)]
    events = [*honest, *[("attacker", 0)] * attack]
    count = len(events)
    kinds = [EventKind.PURCHASE] * len(honest) + [kind] * attack
    return History.of(
        [user for user, _ in events], np.array([item for _, item in events], dtype=np.int32), kinds,
        np.full(count, np.nan), np.full(count, float(T0)),
    )  # fmt: skip


def test_thousands_of_events_count_as_one_account() -> None:
    """The item's popularity is what one more honest taker would make of it, and no other item's moves."""
    once, often = popularity(_history(1), 10), popularity(_history(ATTACKS), 10)
    np.testing.assert_array_equal(once[0], often[0])
    np.testing.assert_array_equal(once[1], often[1])
    before, _ = popularity(_history(0), 10)
    np.testing.assert_array_equal(np.argsort(-before)[:8], np.argsort(-often[0])[:8])
    assert MOST_OF_ONE <= 1.0


@pytest.mark.parametrize("kind", [EventKind.VIEW, EventKind.CLICK, EventKind.LIKE])
def test_cheap_events_add_up_to_no_more_than_a_purchase(kind: EventKind) -> None:
    bought, clicked = popularity(_history(1), 10)[0], popularity(_history(ATTACKS, kind), 10)[0]
    assert clicked[0] <= bought[0] + 1e-6


def test_tastes_take_an_account_s_pair_once() -> None:
    matrix = preferences(_history(ATTACKS), 10, 240.0)
    assert matrix.max() <= 1.0
    assert matrix.sum(axis=0)[0, 0] == pytest.approx(2.0)


def test_recorded_attacks_move_nobody_else(opened) -> None:
    """What is recorded while serving says something of that account only."""
    system = opened(clock=lambda: T0 + 1000.0)
    ask = Query(text="quiet mower", user_id=UserId("u2"), limit=10)
    before = [(str(found.item.id), found.score) for found in system.recommend(ask).items]
    when = datetime.fromtimestamp(T0 + 900, UTC)
    system.record([Interaction(UserId("attacker"), ItemId("g40"), EventKind.LIKE, time=when)] * ATTACKS)
    assert [(str(found.item.id), found.score) for found in system.recommend(ask).items] == before


def test_an_attack_in_the_shop_s_log_is_worth_one_shopper(tmp_path: Path, encoder) -> None:
    """Two shops differ only in how often the attacker bought: every other user's ranking is the same in both."""

    def ranks(name: str, times: int) -> dict[str, list[str]]:
        rows = items()
        honest = [
            {"user_id": f"u{user}", "item_id": f"g{(user * 7 + step) % 44}", "event": "purchase", "time": T0 + step}
            for user in range(20)
            for step in range(4)
        ]
        attack = [{"user_id": "attacker", "item_id": "g3", "event": "purchase", "time": T0}] * times
        folder = write_garden(tmp_path / name, rows, interactions=[*honest, *attack])
        data = tmp_path / f"{name}-data"
        system = index.open(
            folder, data, Settings(shop=folder, data_dir=data), embedder=encoder, clock=lambda: T0 + 9.0
        )
        users = ["u1", "u5", "nobody"]
        return {
            user: [str(one.item.id) for one in system.recommend(Query(user_id=UserId(user), limit=10)).items]
            for user in users
        }

    assert ranks("once", 1) == ranks("often", ATTACKS)

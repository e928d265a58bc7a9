"""Reasons from the item itself: without its evidence the item scores lower, by what the reason's weight promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.ranking.faithfulness import measure, rows_of
from core.entities import Query, Reason, ReasonKind, Source, UserId
from core.settings import Settings
from retrieval import index
from retrieval.pipeline import Recommender
from storage.events import EventLog, Shown
from tests.retrieval.garden import T0, write_garden

QUERIES = [
    Query(text="quiet cordless lawn mower", user_id=UserId("u2"), limit=4),
    Query(text="hedge trimmer for bushes", limit=4),
    Query(user_id=UserId("u1"), limit=4),
]


def test_without_its_evidence_an_item_scores_lower(garden: Recommender, tmp_path: Path) -> None:
    found = measure("garden", garden, QUERIES, tmp_path)
    kinds = {one.kind for one in found.found}
    assert {ReasonKind.LEXICAL, ReasonKind.SEMANTIC} <= kinds
    assert kinds & {ReasonKind.QUALITY, ReasonKind.POPULARITY}
    for one in found.found:
        assert one.lost > 0, one
        assert one.places >= 0, one
        if one.kind is not ReasonKind.SEMANTIC:
            assert one.lost == pytest.approx(one.weight, rel=0.05, abs=0.002), one
    assert len(rows_of(found)) == len(kinds)


def test_an_invented_reason_is_found_out(garden: Recommender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure can fail: a reason that the score does not rest on loses nothing."""
    plain = garden.recommend

    def inventing(query: Query):
        ranking = plain(query)
        row = {one.item.id: garden.catalogue.row(one.item.id) for one in ranking.items}
        unpopular = [one for one in ranking.items if not garden.serving.popularity[row[one.item.id]]]
        invented = Reason(ReasonKind.POPULARITY, Source("interaction", "x"), {}, 0.2)
        return replace(ranking, items=tuple(replace(one, reasons=(invented,)) for one in unpopular))

    monkeypatch.setattr(garden, "recommend", inventing)
    found = measure("garden", garden, [replace(query, limit=20) for query in QUERIES], tmp_path)
    assert found.found
    assert all(one.lost == 0 for one in found.found)


def test_what_was_learned_is_heard_only_where_the_shop_wants_it(tmp_path: Path, encoder) -> None:
    """The same log teaches two shops; only the one that says so ranks otherwise, and its parts still sum up."""
    log = EventLog(tmp_path / "events.db", clock=lambda: float(T0))
    shop = write_garden(tmp_path / "shop")
    system = index.open(
        shop,
        tmp_path / "data",
        Settings(shop=shop, data_dir=tmp_path / "data"),
        embedder=encoder,
        clock=lambda: T0 + 1.0,
    )
    before = system.recommend(QUERIES[0])
    for turn in range(120):
        user = UserId(f"v{turn}")
        shown = [Shown(one.item.id, at, one.score, one.parts) for at, one in enumerate(before.items, start=1)]
        log.impressions(f"t{turn}", "s", user, shown, "1")
    (tmp_path / "on").mkdir()
    rules = system.serving.shop.rules.model_copy(update={"learn_online": True})
    learning = replace(system.serving, shop=system.serving.shop.model_copy(update={"rules": rules}))
    taught = Recommender(learning, encoder, tmp_path / "on", lambda told: None, lambda: T0 + 1.0)
    for one in (system, taught):
        one.follow(log, tmp_path / "on")
        one.refresh()
    assert system.recommend(QUERIES[0]) == before
    after = taught.recommend(QUERIES[0])
    assert [one.parts for one in after.items] != [one.parts for one in before.items]
    for found in after.items:
        assert found.score <= (1 + sum(found.parts.values())) / 2 + 1e-3
    log.close()

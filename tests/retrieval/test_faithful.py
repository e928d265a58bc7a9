"""Reasons are true: without what they name, the item's score falls."""

from benchmarks.ranking.faithful import removals
from tests.retrieval.garden import T0


def test_without_its_evidence_an_item_scores_less(opened):
    serving = opened(clock=lambda: T0 + 1000.0)
    users = [f"u{number}" for number in range(12)]
    found = removals(serving, users, T0)
    assert len(found) > 10
    fallen = [removal.after < removal.before for removal in found]
    assert sum(fallen) / len(fallen) > 0.9
    assert all(removal.before - removal.after < 2 for removal in found)

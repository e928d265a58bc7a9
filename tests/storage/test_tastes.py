"""Stated tastes: kept, replaced, taken back, and deleted with their user."""

from __future__ import annotations

from pathlib import Path

from core.entities import UserId
from storage.tastes import Taste, TasteStore

ANN, BEN = UserId("ann"), UserId("ben")


def test_what_is_said_later_replaces_what_was_said_before(tmp_path: Path) -> None:
    store = TasteStore(tmp_path / "tastes.db")
    store.put(ANN, Taste("brand", "Acme", True))
    store.put(ANN, Taste("brand", "Acme", False))
    assert store.of_user(ANN) == (Taste("brand", "Acme", False),)
    store.close()


def test_tastes_outlive_a_restart_and_are_taken_back_one_by_one_or_all_at_once(tmp_path: Path) -> None:
    store = TasteStore(tmp_path / "tastes.db")
    for user in (ANN, BEN):
        store.put(user, Taste("brand", "Acme", True))
    store.close()
    store = TasteStore(tmp_path / "tastes.db")
    assert store.remove(ANN, "brand", "Acme")
    assert not store.remove(ANN, "brand", "Acme")
    assert store.delete_user(BEN) == 1
    assert not store.of_user(BEN)
    store.close()

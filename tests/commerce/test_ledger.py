"""What the desk did is kept once, by customer, and can be forgotten."""

from __future__ import annotations

from pathlib import Path

from commerce.ledger import Ledger


def test_entries_are_kept_once_and_newest_first(tmp_path: Path):
    times = iter(range(1, 100))
    ledger = Ledger(tmp_path / "l.db", clock=lambda: float(next(times)))
    for _ in range(2):
        ledger.add("a/0", "ann", "return", "FW-1", titles=["Lamp"])
    ledger.add("a/1", "ann", "cancel", "FW-2")
    ledger.add("b/0", "bob", "cancel", "FW-3")
    assert [(one.kind, one.order_id) for one in ledger.of_customer("ann")] == [("cancel", "FW-2"), ("return", "FW-1")]
    assert ledger.of_customer("ann")[1].plain()["titles"] == ["Lamp"]
    ledger.close()


def test_who_waits_for_an_item_waits_once(tmp_path: Path):
    ledger = Ledger(tmp_path / "l.db")
    assert ledger.wait_for("ann", "w5")
    assert not ledger.wait_for("ann", "w5")
    assert ledger.waiting("w5") == ("ann",)
    ledger.add("k", "ann", "return")
    assert ledger.forget("ann") == 2
    assert ledger.waiting("w5") == ()
    assert ledger.of_customer("ann") == ()
    ledger.close()

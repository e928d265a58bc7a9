"""``launch.py train`` says what each part gained, and why one is off."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from core.settings import Settings
from retrieval.learned import Learned
from server.train_command import train
from tests.shops import write_shop


def report(**parts):
    return {"held_out": "the last tenth", "users": 1200, **parts}


PAID = {"gain": {"mean": 0.01, "low": 0.002, "high": 0.02}, "before": 0.1, "on": True}
SPARSE = {**PAID, "sparse": {"mean": 0.03, "low": 0.01, "high": 0.05}}


@pytest.mark.parametrize(
    ("learned", "lines"),
    [
        (Learned(), ["Too few users come back"]),
        (
            Learned(report=report(tastes=PAID, weights={**PAID, "on": False}, towers=SPARSE)),
            ["1,200 users", "tastes: 0.1000, learned +0.0100 [+0.0020, +0.0200]; on.", "weights: ", "does not pay",
             "sparse items +0.0300 [+0.0100, +0.0500]; on."],
        ),
        (
            Learned(report=report(tastes=PAID, sequential={"on": False, "why": "torch is not installed"})),
            ["sequential: off, since torch is not installed."],
        ),
    ],
)  # fmt: skip
def test_what_training_found_is_said(tmp_path, monkeypatch, learned, lines):
    folder = write_shop(tmp_path / "shop", {"name": "X"}, [{"id": "1", "title": "A"}])
    monkeypatch.setattr("retrieval.training.run.run", lambda *_: learned)
    heard = io.StringIO()
    assert train(Settings(shop=folder, data_dir=tmp_path / "data"), Console(file=heard, width=200)) == 0
    assert all(line in heard.getvalue() for line in lines)

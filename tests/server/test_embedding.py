"""The embedder's door: ``import floorwalker``."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

import floorwalker
from core.settings import CHECKOUT


def test_what_it_offers():
    from agent.assistant import Assistant
    from core import errors, events

    assert floorwalker.Assistant is Assistant
    assert floorwalker.Reply is events.Reply
    assert floorwalker.events is events
    assert floorwalker.errors is errors
    assert set(floorwalker.__all__) == {"Assistant", "Reply", "__version__", "errors", "events"}
    with pytest.raises(AttributeError, match="Nothing"):
        _ = floorwalker.Nothing


def test_the_version_is_the_projects():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert floorwalker.__version__ == project["version"]


def test_its_own_packages_are_no_intruders():
    assert floorwalker.intruders() == []


def test_an_intruder_is_named(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(CHECKOUT)])
    run = subprocess.run(
        [sys.executable, "-c", "import floorwalker"], env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1
    assert "ImportError" in run.stderr
    assert str(tmp_path / "tools" / "__init__.py") in run.stderr
    assert "core:" not in run.stderr

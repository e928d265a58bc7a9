"""The house's rules hold, and each of them can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.floors import FLOORS, check, check_file, sources

ROOT = Path(__file__).resolve().parent.parent


def test_the_repository_keeps_the_rules():
    violations = check(ROOT)
    assert not violations, "\n" + "\n".join(str(violation) for violation in violations)


def test_every_package_stands_on_a_floor():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= {*FLOORS, "benchmarks", "docs", "generator", "tests"}
    assert {path.relative_to(ROOT).parts[0] for path in sources(ROOT)} >= packages


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("core/entities.py", "import retrieval.pipeline", "core imports retrieval"),
        ("retrieval/pipeline.py", "def f():\n    from commerce import orders", "retrieval imports commerce"),
        ("tools/search.py", "from prompts import render", "tools imports prompts"),
        ("prompts/render.py", "from tools import registry", "prompts imports tools"),
        ("agent/turn.py", "import importlib\nimportlib.import_module('server.app')", "agent imports server"),
        ("agent/turn.py", "import launch", "a door"),
        ("server/app.py", "import floorwalker", "a door"),
        ("server/app.py", "from tests import fakes", "beside the house"),
        ("retrieval/index.py", "import generator.__main__", "beside the house"),
        ("evaluation/report.py", "import benchmarks", "beside the house"),
        ("benchmarks/turns.py", "from generator import catalogue", "beside the house"),
        ("agent/assistant.py", "from fastapi import FastAPI", "only in server/"),
        ("launch.py", "import gradio as gr", "only in server/"),
        ("tools/registry.py", "from langgraph.graph import StateGraph", "only in agent/"),
        ("retrieval/index.py", "import chromadb", "only in retrieval/dense.py"),
        ("retrieval/popularity.py", "def f():\n    import implicit.als", "only in retrieval/collaborative.py"),
        ("commerce/orders.py", "from langchain_core.tools import tool", "only in tools/ and agent/"),
        ("server/vllm.py", "import vllm", "another process"),
        ("tests/test_x.py", "import vllm", "another process"),
        ("core/utils.py", "", "says nothing"),
        ("tests/helpers.py", "", "says nothing"),
        ("agent/session_manager.py", "", "says nothing"),
        ("core/long.py", "x = 1\n" * 401, "401 lines"),
        ("core/long.py", "def f():\n" + "    x = 1\n" * 40, "f() has 41 lines"),
        ("core/settings.py", "settings = Settings()", "Settings() at import"),
        ("core/shop.py", "import datetime\nclass A:\n    today = datetime.date.today()", "today() at import"),
        ("core/shop.py", "TEXT = open('x').read()", "open() at import"),
        ("core/shop.py", "register()", "a call at import"),
        ("core/shop.py", "for x in range(3):\n    pass", "a loop"),
        ("core/shop.py", "if True:\n    run()", "a call at import"),
    ],
)
def test_a_planted_violation_is_found(path, text, message):
    assert any(message in str(violation) for violation in check_file(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("server/app.py", "from agent.assistant import Assistant\nimport fastapi\nimport gradio"),
        ("agent/turn.py", "from tools.registry import build\nfrom prompts import render\nimport langgraph.graph"),
        ("retrieval/dense.py", "import chromadb\nfrom core.errors import ShopError"),
        ("launch.py", "import floorwalker\nfrom server import app"),
        ("tests/server/test_app.py", "import fastapi, chromadb\nfrom generator import shop"),
        ("generator/__main__.py", "from retrieval.vectors import write_cache\nif __name__ == '__main__':\n    main()"),
        ("core/shop.py", "import re\nWORD = re.compile('x')\nORDER = tuple(sorted({1, 2}))\nF = lambda: open('x')"),
        ("core/short.py", 'def f():\n    """' + "text\n" * 50 + '"""\n' + "    x = 1\n" * 39),
    ],
)
def test_what_is_allowed_passes(path, text):
    assert check_file(path, text) == []


def test_sources_finds_files_by_package(tmp_path):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "bad.py").write_text("import server\n", encoding="utf-8")
    (tmp_path / "launch.py").write_text("import server\n", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "other.py").write_text("import vllm\n", encoding="utf-8")
    assert [violation.path for violation in check(tmp_path)] == ["core/bad.py"]

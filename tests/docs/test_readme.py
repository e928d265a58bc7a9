"""The READMEs hold: their Python runs, their commands and files exist, both show the same code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.settings import Settings
from core.shop import Weights
from server.options import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh.md")
PAGES = (*READMES, *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return [code for kind, code in FENCE.findall(text_of(page)) if kind == language]


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_python_example_runs(monkeypatch, tmp_path, data_folder, capsys):
    monkeypatch.setenv("FLOORWALKER_DATA_DIR", str(data_folder(tmp_path)))
    monkeypatch.chdir(ROOT)
    (code,) = blocks("README.md", "python")
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    printed = capsys.readouterr().out
    assert "Xiaomi Mi 11 (White)" in printed
    assert "749" in printed


def test_both_languages_show_the_same_code():
    english, chinese = (blocks(page, "python") for page in READMES)
    assert english == chinese


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_exist(page):
    text = text_of(page)
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named <= targets
    options = {"--" + name.replace("_", "-") for name in Settings.model_fields} | {"--help", "--version", "--no-watch"}
    imports = {"--out", "--name", "--currency", "--site"}
    for line in re.findall(r"launch\.py([^`\n|#]*)", text):
        words = line.split()
        known = imports if words[:1] == ["import"] else options
        assert {word for word in words if word.startswith("--")} <= known, line
        if words and re.fullmatch(r"[a-z]+", words[0]):
            assert words[0] in {*COMMANDS, "import"}, line


@pytest.mark.parametrize("page", PAGES)
def test_the_links_lead_somewhere(page):
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.relative_to(ROOT).as_posix()), link


def test_the_page_on_ranking_tells_the_weights_in_force():
    told: dict[str, float] = {}
    for names, weight in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([\d.]+)", text_of("docs/ranking.md"), re.MULTILINE):
        told.update(dict.fromkeys(re.findall(r"`(\w+)`", names), float(weight)))
    defaults = Weights().model_dump()
    assert told == {name: defaults[name] for name in told}
    assert len(told) >= len(defaults) - 1  # a sort is an order, not a share

"""Resolved cases: read without personal data, found by words and by meaning, checked with the shop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commerce.cases import CaseBook, check, read_cases
from core.shop import Shop

ROWS: list[dict[str, Any]] = [
    {
        "id": "c1", "problem": "The zip of my coat broke after a week, I am Ann Lee, ann@example.com, order FW-1001",
        "resolution": "Exchanged for a new one, Ann Lee was told by mail", "procedure": "exchange",
        "customer": {"name": "Ann Lee"},
    },
    {
        "id": "c2", "messages": [{"role": "customer", "text": "包裹一直没到，手机13812345678"}],
        "resolution": "查到丢件，已退款", "procedure": "refund",
    },
    {"id": "c3", "problem": "ordered twice by accident", "resolution": "Cancelled one", "procedure": "cancel"},
]  # fmt: skip


def written(folder: Path, rows: list[Any]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "cases.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_nobodys_data_is_kept(tmp_path: Path):
    cases, problems = read_cases(written(tmp_path, ROWS))
    assert not problems
    kept = " ".join(f"{case.problem} {case.resolution}" for case in cases)
    for secret in ("Ann", "Lee", "ann@example.com", "FW-1001", "13812345678"):
        assert secret not in kept
    assert [case.language for case in cases] == ["en", "zh", "en"]


def test_bad_lines_are_told_and_skipped(tmp_path: Path):
    folder = written(tmp_path, [*ROWS, "{no json", {"id": "c1", "problem": "x", "resolution": "y"}, {"id": "c9"}])
    cases, problems = read_cases(folder)
    assert len(cases) == 3
    assert [problem.row for problem in problems] == [4, 5, 6]
    assert not any(problem.fatal for problem in problems)
    assert len(check(folder, Shop(name={"en": "x"}, root=folder))) == 3


def test_a_shop_without_cases_has_none(tmp_path: Path):
    assert read_cases(tmp_path) == ([], [])
    assert CaseBook([], None).similar("anything", "en") == ()


def test_cases_are_found_by_words_in_either_language(tmp_path: Path):
    book = CaseBook(read_cases(written(tmp_path, ROWS))[0], None)
    assert book.similar("the zip of the coat broke", "en")[0].case.id == "c1"
    assert book.similar("包裹没到", "zh")[0].case.id == "c2"
    assert book.similar("which lamp is brightest", "en") == ()


def test_cases_are_found_by_meaning(tmp_path: Path, encoder: Any):
    book = CaseBook(read_cases(written(tmp_path, ROWS))[0], encoder)
    found = book.similar("I placed the same order two times by mistake", "en")
    assert found
    assert found[0].case.procedure == "cancel"
    assert found[0].plain()["resolution"] == "Cancelled one"

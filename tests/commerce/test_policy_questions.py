"""The policy search on the default shop: how often it finds the section, or says nothing where none answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from commerce.policies import PolicyBook
from core.ports import Embedder
from core.shop import load_shop

SHOP = Path(__file__).resolve().parents[2] / "shops" / "electronics"
QUESTIONS = yaml.safe_load(Path(__file__).with_name("policy_questions.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Outcome:
    language: str
    question: str
    answered: bool
    right: bool
    found: str


@pytest.fixture(scope="module")
def book(encoder: Embedder, cache_dir: Path) -> PolicyBook:
    return PolicyBook.open(load_shop(SHOP), encoder, cache_dir)


def judge(book: PolicyBook, entry: dict[str, Any]) -> Outcome:
    passages = book.search(entry["ask"], entry["language"], 1)
    found = passages[0].ref if passages else ""
    wanted = {f"policies/{ref}" for ref in entry["answers"]}
    silent_is_right = not wanted or bool(entry.get("or_nothing"))
    right = found in wanted if found else silent_is_right
    return Outcome(entry["language"], entry["ask"], bool(found), right, found)


def test_every_answer_names_a_section(book: PolicyBook) -> None:
    for entry in (*QUESTIONS["tune"], *QUESTIONS["held_out"]):
        for ref in entry["answers"]:
            assert book.section(f"policies/{ref}") is not None, ref


@pytest.mark.parametrize(("half", "least"), [("tune", 0.9), ("held_out", 0.75)])
def test_finds_the_section_or_says_nothing(book: PolicyBook, half: str, least: float) -> None:
    outcomes = [judge(book, entry) for entry in QUESTIONS[half]]
    wrong = [outcome for outcome in outcomes if not outcome.right]
    assert 1 - len(wrong) / len(outcomes) >= least, wrong


@pytest.mark.parametrize("half", ["tune", "held_out"])
def test_seldom_answers_with_the_wrong_section(book: PolicyBook, half: str) -> None:
    answered = [outcome for outcome in (judge(book, entry) for entry in QUESTIONS[half]) if outcome.answered]
    wrong = [outcome for outcome in answered if not outcome.right]
    assert len(wrong) <= 0.15 * len(answered), wrong

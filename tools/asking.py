"""The shop's own question whether somebody may be shown what they ask for: how it is put, and what a yes confirms."""

from __future__ import annotations

from collections.abc import Sequence

from core.entities import Language, Question
from core.shop import EligibilityRule
from tools.context import ToolContext


def eligibility(key: str) -> str:
    """Return the field under which the question of an eligibility rule is kept."""
    return f"confirm:{key}"


def gate_question(rule: EligibilityRule, language: Language) -> Question:
    """Return a rule's question in the user's language."""
    text = rule.question.get(language) or next(iter(rule.question.values()), "")
    return Question(eligibility(rule.key), (), text=text)


def confirmed_keys(keys: Sequence[str], context: ToolContext) -> tuple[str, ...]:
    """Return the eligibility rules that a yes confirms: only what the user has just been asked."""
    question = context.state.question
    return tuple(key for key in keys if question is not None and question.field == eligibility(key))

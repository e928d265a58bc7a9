"""When to ask the shopper something, and what."""

from __future__ import annotations

from core.conversation import ConversationState
from core.entities import Question, Ranking

WORTH_BITS = 0.8
"""A question must be expected to tell at least this much about which candidates fit."""
CLEAR_ENOUGH = 3
"""With no more matches than this many times what is shown, the shopper sees for themselves."""


ELIGIBILITY = "confirm:"
"""Fields of the shop's own questions begin so; they come first, whatever the answer would tell."""


def choose_question(ranking: Ranking, state: ConversationState) -> Question | None:
    """Return the question to put beside a ranking, or None.

    One at a time, never the same twice, and only where the answer would narrow many candidates. Whether the user may be
    shown what is asked for is asked before anything else.
    """
    for question in ranking.questions:
        if question.field.startswith(ELIGIBILITY) and question.field not in state.asked:
            return question
    if ranking.matches <= CLEAR_ENOUGH * max(1, len(ranking.items)):
        return None
    settled = {constraint.field for constraint in state.wants.constraints} | set(state.asked)
    for question in ranking.questions:
        if question.field not in settled and question.gain >= WORTH_BITS and len(question.options) > 1:
            return question
    return None

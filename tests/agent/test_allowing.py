"""What is merely allowed widens what was required, and asks for nothing."""

from __future__ import annotations

import pytest

from agent.embedded.allowing import allowing, allows
from agent.embedded.needs import Needs, NeedsReader
from agent.embedded.vocabulary import Vocabulary
from core.entities import Constraint, Op, Strength, Value
from tests.agent.conftest import reading_of


def _held(field: str, op: Op, value: Value) -> Constraint:
    return Constraint("c1", field, op, value)


def _needs(message: str, vocabulary: Vocabulary, *held: Constraint, question: str | None = None) -> Needs:
    reading = reading_of(message, vocabulary)
    asked = allows(reading, held) or question
    return allowing(NeedsReader(reading, vocabulary, "Laptops", asked, held).needs(), reading, held, question)


@pytest.mark.parametrize(
    ("message", "held", "left"),
    [
        ("heavier is fine", ("weight", Op.LT, 1.5), None),
        ("a bit heavier is OK too", ("weight", Op.BETWEEN, (1.0, 1.5)), (Op.GE, 1.0)),
        ("lighter is fine too", ("weight", Op.BETWEEN, (1.0, 1.5)), (Op.LE, 1.5)),
        ("heavier is fine", ("weight", Op.GT, 1.0), (Op.GT, 1.0)),
        ("重一点也没关系", ("weight", Op.LE, 1.5), None),
        ("1200 would be fine too", ("price", Op.LT, 900.0), (Op.LE, 1200.0)),
        ("800 would be fine too", ("price", Op.LE, 900.0), (Op.LE, 900.0)),
        ("1200也可以", ("price", Op.LE, 900.0), (Op.LE, 1200.0)),
        ("300 is fine too", ("price", Op.GE, 500.0), (Op.GE, 300.0)),
        ("silver is fine too", ("color", Op.EQ, "black"), (Op.IN, ("black", "silver"))),
        ("silver is fine too", ("color", Op.NE, "silver"), None),
        ("silver is fine too", ("color", Op.NOT_IN, ("silver", "black")), (Op.NOT_IN, ("black",))),
    ],
)  # fmt: skip
def test_what_is_required_is_widened(
    message: str, held: tuple[str, Op, Value], left: tuple[Op, Value] | None, vocabulary: Vocabulary
) -> None:
    needs = _needs(message, vocabulary, _held(*held))
    assert needs.critiques == ()
    new = [(c.op, c.value) for c in needs.constraints if c.field == held[0]]
    if left == held[1:]:
        assert (new, needs.dropped) == ([], ())
    else:
        assert needs.dropped == (held[0],)
        assert new == ([] if left is None else [left])


def test_where_nothing_is_required_a_value_is_a_wish_and_a_degree_nothing(vocabulary: Vocabulary) -> None:
    (wish,) = _needs("silver is fine too", vocabulary).constraints
    assert (wish.field, wish.strength) == ("color", Strength.WISH)
    heavier = _needs("heavier is fine", vocabulary)
    assert (heavier.critiques, heavier.constraints) == ((), ())


def test_an_answer_to_the_open_question_asks_for_it(vocabulary: Vocabulary) -> None:
    (must,) = _needs("silver is fine", vocabulary, question="color").constraints
    assert (must.field, must.strength) == ("color", Strength.MUST)


def test_only_what_stands_in_the_clause_is_allowed(vocabulary: Vocabulary) -> None:
    needs = _needs("heavier is fine, but it must be silver", vocabulary, _held("weight", Op.LT, 1.5))
    assert [(c.field, c.strength) for c in needs.constraints] == [("color", Strength.MUST)]

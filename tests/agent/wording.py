"""What the writer's tests share: catalogues of the small shops, and short ways to make evidence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent.embedded.writer import EmbeddedWriter
from agent.ports import Decision, TurnContext
from core.conversation import ConversationState, Intent
from core.entities import Constraint, Item, Op, Reason, ReasonKind, Recommendation, Source, Strength
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue
from tests import shops
from tools.results import Evidence


def catalogue_of(name: str, folder: Path) -> Catalogue:
    return read_catalogue(load_shop(getattr(shops, name)(folder / name)))[0]


@pytest.fixture(scope="module")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_of("fashion", tmp_path_factory.mktemp("shops"))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_of("films", tmp_path_factory.mktemp("shops"))


@pytest.fixture(scope="module")
def hotels(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_of("hotels", tmp_path_factory.mktemp("shops"))


def must(field: str, op: str, value: Any, key: str = "", strength: str = "must") -> Constraint:
    return Constraint(key or field, field, Op(op), value, strength=Strength(strength))


def reason(kind: str, weight: float = 0.0, source: str = "facet", **data: Any) -> Reason:
    return Reason(ReasonKind(kind), Source(source, "ref"), data, weight)


def pick(item: Item, *reasons: Reason, **more: Any) -> Recommendation:
    return Recommendation(item, 0.8, tuple(reasons), **more)


def say(
    catalogue: Catalogue,
    *evidence: Evidence,
    language: str = "en",
    seed: int = 0,
    intents: tuple[str, ...] = ("recommend",),
    note: str | None = None,
    state: ConversationState | None = None,
    message: str = "",
    on_screen: tuple[Item, ...] = (),
    clean: bool = True,
) -> str:
    context = TurnContext(
        message, language, state or ConversationState(turn=3), catalogue.shop, catalogue, on_screen, seed=seed
    )
    decision = Decision(tuple(Intent(one) for one in intents), note=note)
    text = "".join(EmbeddedWriter().pieces(context, decision, evidence))
    if clean:
        assert_clean(text)
    return text


def assert_clean(text: str) -> None:
    """No leftovers of templates, no doubled punctuation or spaces, no Python in the prose."""
    assert text.strip() == text
    assert text
    for leftover in ("{{", "{%", "None", "True", "False", "[]", "Decimal", "nan"):
        assert leftover not in text
    prose = "\n".join(line for line in text.splitlines() if not line.startswith(("|", ">")))
    assert not re.search(r"(?<!\.)\.\.(?!\.)|,,|;;|。。|，，|；；|：：|:;| ,| ;|\(\)|（）|“”", prose), prose
    assert not re.search(r"\S  +\S", prose), prose


def numbers(text: str) -> set[float]:
    return {float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}

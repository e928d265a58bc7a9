"""Tools over the profile: tastes in the catalogue's own words, and a deletion that only the user's own yes makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.state import finish, merge
from core.conversation import ConversationState, Wants
from core.entities import ItemId, UserId
from core.errors import ToolRetry
from storage.tastes import Taste, TasteStore
from tools.context import Memory, ToolContext
from tools.registry import run_tool, writes
from tools.results import ProfileChanged, ProfileShown, Recommended, Told

ANN = UserId("ann")


class Kept:
    """A memory in a folder of its own, and whom it was told to erase."""

    def __init__(self, folder: Path) -> None:
        self.tastes = TasteStore(folder / "tastes.db")
        self.erased: list[str] = []


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.tastes.close()


@pytest.fixture
def ann(context: ToolContext, kept: Kept) -> ToolContext:
    """Return a turn of a known user."""
    services = replace(context.services, memory=Memory(kept.tastes, kept.erased.append))
    return replace(context, services=services, user_id=ANN)


def _brand(context: ToolContext) -> str:
    catalogue = context.services.recommender.catalogue
    return next(brand for row in range(len(catalogue)) if (brand := catalogue.item_at(row).brand))


def test_a_taste_is_kept_in_the_catalogues_spelling(ann: ToolContext, kept: Kept) -> None:
    brand = _brand(ann)
    found = run_tool("change_profile", {"likes": [{"field": "brand", "value": brand.lower()}]}, ann).evidence
    assert isinstance(found, ProfileChanged)
    assert kept.tastes.of_user(ANN) == (Taste("brand", brand, True),)
    shown = run_tool("show_profile", {}, ann).evidence
    assert isinstance(shown, ProfileShown)
    assert [one.value for one in shown.stated] == [brand]


@pytest.mark.parametrize(
    "taste", [{"field": "colour of the moon", "value": "red"}, {"field": "price", "value": "900"}, {"field": "brand"}]
)
def test_what_is_no_value_of_the_shop_is_refused(ann: ToolContext, kept: Kept, taste: dict[str, Any]) -> None:
    with pytest.raises(ToolRetry):
        run_tool("change_profile", {"likes": [taste]}, ann)
    assert not kept.tastes.of_user(ANN)


def test_a_dislike_goes_last_unless_it_is_a_gift(ann: ToolContext) -> None:
    def first(context: ToolContext, **more: Any) -> Any:
        found = run_tool("recommend_items", {"limit": 1, **more}, context).evidence
        assert isinstance(found, Recommended)
        return found.ranking.items[0].item

    before = first(ann)
    run_tool("change_profile", {"dislikes": [{"field": "brand", "value": before.brand}]}, ann)
    assert first(ann).brand != before.brand
    assert first(ann, gift=True).id == first(replace(ann, user_id=None), gift=True).id


def test_of_an_unknown_user_nothing_is_kept(ann: ToolContext, kept: Kept) -> None:
    nobody = replace(ann, user_id=None, consent=True, state=replace(ann.state, awaiting="erasure"))
    for name, arguments in (("change_profile", {"likes": [{"field": "brand", "value": "x"}]}), ("forget_user", {})):
        assert run_tool(name, arguments, nobody).evidence == Told("profile.nobody")
        assert writes(name)
    assert not kept.erased


def test_everything_is_deleted_only_on_the_users_own_yes_to_the_question(ann: ToolContext, kept: Kept) -> None:
    asked = run_tool("forget_user", {}, replace(ann, consent=True))  # a yes to something else
    assert asked.evidence == Told("profile.ask_erase")
    state = finish(merge(ann.state, asked.change), (), (asked.evidence,), None, False)
    assert state.awaiting == "erasure"
    run_tool("forget_user", {}, replace(ann, state=state))  # a model that says yes for them
    run_tool("forget_user", {"keep": True}, replace(ann, state=state, consent=True))
    assert not kept.erased
    assert run_tool("forget_user", {}, replace(ann, state=state, consent=True)).evidence == Told("profile.erased")
    assert kept.erased == [ANN]


def test_items_liked_in_the_conversation_are_shown(ann: ToolContext) -> None:
    ids = [ann.services.recommender.catalogue.item_at(row).id for row in (0, 1)]
    state = ConversationState(wants=Wants(liked=(ItemId(ids[0]),), disliked=(ItemId(ids[1]),)))
    shown = run_tool("show_profile", {}, replace(ann, state=state)).evidence
    assert isinstance(shown, ProfileShown)
    assert ([one.id for one in shown.liked], [one.id for one in shown.disliked]) == (ids[:1], ids[1:])

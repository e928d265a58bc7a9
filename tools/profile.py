"""Tools over what is kept of a user: tastes that they state, correct or take back, and everything at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.conversation import StateChange
from core.entities import Constraint, FacetType, ItemId, Op, Strength, Value
from core.errors import ToolRetry
from retrieval.catalogue import Catalogue
from retrieval.validation import validate
from storage.tastes import Taste
from tools.arguments import ChangeProfile, ForgetUser, TasteArgument, item_ids
from tools.context import ToolContext
from tools.results import ProfileChanged, Told, ToolResult

ERASURE = "profile.ask_erase"
"""What is asked before everything is deleted; the answer to it is awaited."""
REMEMBERED, FORGOTTEN = "remembered", "forgotten"
"""The desk's notes of what was kept of the user's taste last, and taken out of it."""
ERASED = "erased"
"""The desk's note that nothing of this conversation is kept either."""


def change_profile(arguments: ChangeProfile, context: ToolContext) -> ToolResult:
    """Keep, correct or forget what the user said to like or dislike."""
    if arguments.forget_items:
        return _unsaid(item_ids(arguments.forget_items), context)
    memory, user_id = context.services.memory, context.user_id
    if memory is None or user_id is None:
        return ToolResult("the user is not known: nothing is kept", Told("profile.nobody"))
    catalogue = context.services.recommender.catalogue
    likes = tuple(_taste(one, True, catalogue) for one in arguments.likes)
    dislikes = tuple(_taste(one, False, catalogue) for one in arguments.dislikes)
    for taste in (*likes, *dislikes):
        memory.tastes.put(user_id, taste)
    forget = tuple(_taste(one, True, catalogue) for one in arguments.forget)
    held = {(one.field, one.value): one for one in memory.tastes.of_user(user_id)}
    gone = tuple(one for one in forget if memory.tastes.remove(user_id, one.field, one.value))
    missed = tuple(one for one in forget if one not in gone)
    likes_, dislikes_, gone_, missed_ = (_plain(some, catalogue) for some in (likes, dislikes, gone, missed))
    changed = ProfileChanged(likes_, dislikes_, gone_, missed_)
    told = (f"{'likes' if t.likes else 'dislikes'} {t.field}: {t.value}" for t in (*likes, *dislikes))
    text = "; ".join([*told, *(f"forgot {t.field}: {t.value}" for t in gone)]) or "nothing of that was kept"
    notes = _noted(context, (*likes, *dislikes), tuple(held.get((one.field, one.value), one) for one in gone))
    change = StateChange(remove=_overtaken(context, (*dislikes, *gone)), desk=notes)
    return ToolResult(text, changed, change)


def _noted(context: ToolContext, kept: tuple[Taste, ...], gone: tuple[Taste, ...]) -> dict[str, Any] | None:
    """Return the note of what was remembered and forgotten now: "forget that" and "undo" speak of it."""
    notes = {
        name: {"turn": context.state.turn, "tastes": [taste._asdict() for taste in tastes]}
        for name, tastes in ((REMEMBERED, kept), (FORGOTTEN, gone))
        if tastes
    }
    return {**context.state.desk, **notes} if notes else None


def _unsaid(ids: tuple[ItemId, ...], context: ToolContext) -> ToolResult:
    """Forget that items were liked or not in this conversation; an undo brings it back."""
    wants, catalogue = context.state.wants, context.services.recommender.catalogue
    held = tuple(one for one in ids if one in (*wants.liked, *wants.disliked))
    known = [one for one in ids if catalogue.has(one)]
    changed = ProfileChanged(
        items=tuple(catalogue.items([one for one in known if one in held])),
        items_not_held=tuple(catalogue.items([one for one in known if one not in held])),
    )
    text = f"forgot that these were liked or not: {', '.join(held)}" if held else "nothing was said of these items"
    return ToolResult(text, changed, StateChange(unsaid=held))


def forget_user(arguments: ForgetUser, context: ToolContext) -> ToolResult:
    """Delete everything that is kept of the user; asks first, and deletes only on the user's own yes."""
    memory, user_id, state = context.services.memory, context.user_id, context.state
    if memory is None or user_id is None:
        return ToolResult("the user is not known: nothing is kept", Told("profile.nobody"))
    if arguments.keep:
        return ToolResult("nothing is deleted", Told("profile.kept"))
    if state.awaiting != "erasure" or not context.consent:
        return ToolResult("ask whether everything is to be deleted; nothing is deleted yet", Told(ERASURE))
    memory.erase(user_id)
    everything = tuple(constraint.id for constraint in state.wants.constraints)
    change = StateChange(remove=everything, text="", sorts=(), anchors=(), desk={ERASED: True})
    return ToolResult("everything kept of the user is deleted", Told("profile.erased"), change)


def stated(context: ToolContext) -> tuple[Constraint, ...]:
    """Return the user's stated tastes as wishes; a value that the catalogue has no longer is left out."""
    memory, user_id = context.services.memory, context.user_id
    if memory is None or user_id is None:
        return ()
    catalogue = context.services.recommender.catalogue
    found: list[Constraint] = []
    for taste in memory.tastes.of_user(user_id):
        try:
            found.append(validate(catalogue, wish(taste, catalogue, f"taste{len(found) + 1}")))
        except (KeyError, ValueError):  # the shop's data changed since: there is no such field or value now
            continue
    return tuple(found)


def wish(taste: Taste, catalogue: Catalogue, key: str = "") -> Constraint:
    """Return a taste as a wish."""
    listed = catalogue.facets[taste.field].type is FacetType.LIST
    ops = (Op.CONTAINS, Op.NOT_CONTAINS) if listed else (Op.EQ, Op.NE)
    return Constraint(key, taste.field, ops[not taste.likes], taste.value, strength=Strength.WISH)


def positive(taste: Constraint) -> Constraint:
    """Return what a taste is about, whether liked or not."""
    return replace(taste, op={Op.NE: Op.EQ, Op.NOT_CONTAINS: Op.CONTAINS}.get(taste.op, taste.op))


def _plain(tastes: tuple[Taste, ...], catalogue: Catalogue) -> tuple[Constraint, ...]:
    """Return the values themselves, whether liked or not."""
    return tuple(wish(taste._replace(likes=True), catalogue) for taste in tastes)


def _taste(argument: TasteArgument, likes: bool, catalogue: Catalogue) -> Taste:
    """Return a taste in the catalogue's own spelling."""
    facet = catalogue.facets.get(argument.field)
    if facet is None:
        raise ToolRetry(f"there is no field {argument.field!r} in this shop")
    op = Op.CONTAINS if facet.type is FacetType.LIST else Op.EQ
    try:
        checked = validate(catalogue, Constraint("", argument.field, op, argument.value))
    except ValueError as error:
        raise ToolRetry(str(error)) from error
    if not isinstance(checked.value, str):
        raise ToolRetry(f"{argument.field}: a taste is one of the field's words, not {argument.value!r}")
    return Taste(argument.field, checked.value, likes)


def _overtaken(context: ToolContext, tastes: tuple[Taste, ...]) -> tuple[str, ...]:
    """Return the wants of this conversation that ask for what is liked no longer."""
    gone = {(taste.field, taste.value) for taste in tastes}

    def asks(field: str, value: Value) -> bool:
        return isinstance(value, str) and (field, value) in gone

    return tuple(
        c.id for c in context.state.wants.constraints if c.op in (Op.EQ, Op.CONTAINS) and asks(c.field, c.value)
    )

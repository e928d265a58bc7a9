"""What was begun at the desk and is not done: drafts of changes, how a message continues, corrects or joins them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retrieval.catalogue import Catalogue
from tools.amending import amended
from tools.desk_arguments import DeskChange, PrepareChanges

OUTRIGHT = frozenset({"return", "exchange", "cancel", "change_items"})
"""Kinds of which one takes the place of another for the same items."""
_POINTS = re.compile(r"\b(?:it|them|that one|this one|those|instead|rather|that)\b|它|这个|那个|这件|还是|算了")


def begun(arguments: PrepareChanges, notes: Mapping[str, Any], catalogue: Catalogue) -> list[DeskChange]:
    """Return the drafts after a message: begun before, completed, corrected, left out, and new ones."""
    drafts = [] if arguments.replace else drafts_of(notes)
    said = str(notes.get("said") or "")
    arguments = arguments.model_copy(update={"changes": [with_hint(change, said) for change in arguments.changes]})
    before, asked_at = len(drafts), notes.get("asked_at")
    if arguments.answers and isinstance(asked_at, int) and asked_at < before and len(arguments.changes) == 1:
        return answered(drafts, asked_at, arguments.changes[0])
    for change in arguments.changes:
        # What one message asks for stands side by side; only what was begun before can be continued or replaced.
        drafts = (
            [*merged(drafts[:before], change), *drafts[before:]]
            if continues(drafts[:before], change)
            else [*drafts, change]
        )
    if arguments.skip and isinstance(asked_at, int) and asked_at < len(drafts):
        order = notes.get("asked_order")
        if drafts[asked_at].order_id is None and order:  # a clause about several orders goes on without this one
            drafts[asked_at] = drafts[asked_at].model_copy(update={"kept": [*drafts[asked_at].kept, str(order)]})
        else:
            del drafts[asked_at]
    if arguments.amend:
        drafts = amended(drafts, arguments.amend, catalogue)
    return drafts


def answered(drafts: list[DeskChange], at: int, answer: DeskChange) -> list[DeskChange]:
    """Return drafts with what was asked for filled in."""
    drafts[at] = continued(drafts[at], answer)
    if answer.address is None:
        return drafts
    return [  # one new address is new for everything that waits for it
        draft.model_copy(update={"address": answer.address})
        if draft.kind in ("change_address", "change_home") and draft.address is None and not draft.home
        else draft
        for draft in drafts
    ]


def drafts_of(notes: Mapping[str, Any]) -> list[DeskChange]:
    """Return the changes that were begun."""
    return [DeskChange.model_validate(draft) for draft in notes.get("drafts") or ()]


def with_hint(change: DeskChange, said: str) -> DeskChange:
    """Return a change with what the customer said before it, which may tell what "the other one" is."""
    return change.model_copy(update={"hint": f"{said} {change.hint}"[-500:]}) if said and change.words else change


def continues(drafts: Sequence[DeskChange], new: DeskChange) -> bool:
    """Tell whether a change is about what was begun before rather than a wish of its own."""
    if not new.words or any(item.item_id or item.new_item_id for item in new.items):
        return bool(drafts)
    unfilled = any(not draft.items and not draft.order_id and draft.kind == new.kind for draft in drafts)
    return bool(drafts) and (unfilled or bool(_POINTS.search(new.words.lower())))


def merged(drafts: Sequence[DeskChange], new: DeskChange) -> list[DeskChange]:
    """Return the drafts with one more: it adds to the draft it continues, or takes the place of one it contradicts."""
    out = list(drafts)
    for at, old in enumerate(drafts):
        if old.order_id and new.order_id and old.order_id != new.order_id:
            continue
        if old.kind == new.kind or {old.kind, new.kind} == {"exchange", "change_items"}:
            out[at] = continued(old, new)
            return out
        if {old.kind, new.kind} <= OUTRIGHT:
            inherited: dict[str, Any] = {"order_id": new.order_id or old.order_id}
            if new.kind != "cancel":
                inherited["items"] = [
                    (old.items[0] if len(old.items) == 1 else item).model_copy(
                        update=item.model_dump(exclude_defaults=True)
                    )
                    for item in new.items
                ] or old.items  # fmt: skip
                inherited["reason"] = new.reason if new.reason is not None else old.reason
            out[at] = new.model_copy(update=inherited)
            return out
    return [*out, new]


def continued(old: DeskChange, new: DeskChange) -> DeskChange:
    """Return a draft with what a later message says of it."""
    given = new.model_dump(exclude_defaults=True)
    update: dict[str, Any] = {
        name: getattr(new, name) for name in given if name not in ("kind", "items", "set", "words")
    }
    chosen = [item for item in new.items if item.new_item_id and not (item.item_id or item.words or item.position)]
    items = list(old.items)
    for choice in chosen:  # "that one": for the first item that has no replacement yet, else for the last
        open_ones = [at for at, item in enumerate(items) if not item.new_item_id] or [len(items) - 1]
        if items:
            items[open_ones[0]] = items[open_ones[0]].model_copy(update={"new_item_id": choice.new_item_id})
    items += [item for item in new.items if item not in chosen]
    if new.set:
        items = [item.model_copy(update={"new_item_id": None}) for item in items]
    words = " ".join(one for one in dict.fromkeys((old.words, new.words)) if one)[:2000]
    for name in ("picks", "whole", "kept"):
        update[name] = [*getattr(old, name), *getattr(new, name)]
    update["hint"] = f"{old.hint} {new.hint}".strip()[:500]
    return old.model_copy(update={**update, "items": items, "set": [*old.set, *new.set], "words": words or old.words})


def without(drafts: Sequence[DeskChange], new: DeskChange) -> list[DeskChange]:
    """Return drafts less the lines that a newer one wants something else done with."""
    lines = {item.item_id for item in new.items if item.item_id}
    out: list[DeskChange] = []
    for old in drafts:
        if old.order_id != new.order_id or old.kind == new.kind or not {old.kind, new.kind} <= OUTRIGHT or not lines:
            out.append(old)
            continue
        left = [item for item in old.items if item.item_id not in lines]
        if left or not old.items:
            out.append(old.model_copy(update={"items": left}))
    return out


def joined(drafts: Sequence[DeskChange], new: DeskChange) -> list[DeskChange]:
    """Return drafts with one more; lines of the same order and kind come together, said later wins."""
    for at, old in enumerate(drafts):
        whole = new.kind in ("change_address", "change_payment", "change_home", "cancel")
        if whole and (old.kind, old.order_id) == (new.kind, new.order_id):
            return [*drafts[:at], new, *drafts[at + 1 :]]
        swap = {old.kind, new.kind} == {"exchange", "change_items"}
        if old.order_id and old.order_id == new.order_id and (old.kind == new.kind or swap) and old.items and new.items:
            items = {item.item_id or f"?{place}": item for place, item in enumerate([*old.items, *new.items])}
            method, reason = new.method or old.method, new.reason if new.reason is not None else old.reason
            update = {"items": list(items.values()), "method": method, "reason": reason, "set": [*old.set, *new.set]}
            return [*drafts[:at], old.model_copy(update=update), *drafts[at + 1 :]]
    return [*drafts, new]


def dumped(drafts: Iterable[DeskChange]) -> list[dict[str, Any]]:
    """Return drafts as plain JSON values, for the desk's notes."""
    return [draft.model_dump(mode="json", exclude_defaults=True) | {"kind": draft.kind} for draft in drafts]

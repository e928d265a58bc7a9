"""Tools that change orders: prepare and read back, then carry out after an explicit yes, or drop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from commerce.changes import Change, PendingAction, action_from_json, action_to_json
from core.conversation import Identity, StateChange
from core.entities import Constraint, ItemId, Op, Passage, Query, Recommendation, Sort, Strength
from core.errors import ServiceError, ToolFailed
from tools.amending import amended
from tools.context import ToolContext
from tools.desk_actions import asked
from tools.desk_arguments import ConfirmChanges, DeskChange, DropChanges, Identify, PrepareChanges
from tools.filling import Filler
from tools.lacking import Lacking
from tools.orders import identify, tried
from tools.results import Confirmed, DetailNeeded, Dropped, IdentityNeeded, Prepared, Refusal, ToolResult

_OUTRIGHT = frozenset({"return", "exchange", "cancel", "change_items"})
"""Kinds of which one takes the place of another for the same items."""
_POINTS = re.compile(r"\b(?:it|them|that one|this one|those|instead|rather|that)\b|它|这个|那个|这件|还是|算了")
_SEQUENCE = ("change_home", "change_address", "change_payment", "change_items", "exchange", "return", "cancel")
_CONSIDERED = 12
_OFFERED = 3


def prepare_changes(arguments: PrepareChanges, context: ToolContext) -> ToolResult:
    """Prepare changes of orders and read back exactly what would happen; writes nothing."""
    drafts = [] if arguments.replace else drafts_of(context.state.desk)
    said = str(context.state.desk.get("said") or "")
    arguments = arguments.model_copy(update={"changes": [_with_hint(change, said) for change in arguments.changes]})
    before, asked_at = len(drafts), context.state.desk.get("asked_at")
    if arguments.answers and isinstance(asked_at, int) and asked_at < before and len(arguments.changes) == 1:
        answer = arguments.changes[0]
        drafts[asked_at] = _continued(drafts[asked_at], answer)
        if answer.address is not None:  # one new address is new for everything that waits for it
            drafts = [
                draft.model_copy(update={"address": answer.address})
                if draft.kind in ("change_address", "change_home") and draft.address is None and not draft.home
                else draft
                for draft in drafts
            ]
        arguments = arguments.model_copy(update={"changes": []})
    for change in arguments.changes:
        # What one message asks for stands side by side; only what was begun before can be continued or replaced.
        drafts = (
            [*merged(drafts[:before], change), *drafts[before:]]
            if _continues(drafts[:before], change)
            else [*drafts, change]
        )
    if arguments.skip and isinstance(asked_at, int) and asked_at < len(drafts):
        order = context.state.desk.get("asked_order")
        if drafts[asked_at].order_id is None and order:  # a clause about several orders goes on without this one
            drafts[asked_at] = drafts[asked_at].model_copy(update={"kept": [*drafts[asked_at].kept, str(order)]})
        else:
            del drafts[asked_at]
    if arguments.amend:
        drafts = amended(drafts, arguments.amend, context.services.recommender.catalogue)
    named = arguments.who.order_id or next((draft.order_id for draft in drafts if draft.order_id), None)
    who = identify(arguments.who.model_copy(update={"order_id": named}), context)
    said = " ".join([said, *(f"{change.hint} {change.words}" for change in arguments.changes if change.words)])[-400:]
    notes = {**who.notes, "drafts": _dumped(drafts), "pending": None, "asking": None, "said": said}
    if who.needed is not None or who.identity is None:
        needed = who.needed or IdentityNeeded(())
        return ToolResult("identity is needed first", needed, StateChange(desk=notes), asked(needed))
    try:
        return _prepare(drafts, who.identity, notes, context)
    except ServiceError as error:
        raise ToolFailed(str(error)) from error


def confirm_changes(arguments: ConfirmChanges, context: ToolContext) -> ToolResult:
    """Carry out what was read back, after the customer's explicit yes."""
    desk, notes = context.services.orders, dict(context.state.desk)
    waits = context.state.awaiting == "confirmation" and notes.get("read_back", 0) < context.state.turn
    # What was read back in this very turn, or not last, has no yes yet.
    action = action_from_json((notes.get("pending") if waits else None) or notes.get("done"))
    if action is None:
        return ToolResult("nothing waits for a confirmation", Dropped(), StateChange(desk=notes))
    if not context.consent:
        return _asked_again(notes, context)
    if not context.issued or not desk.valid(context.state.identity):
        needed = IdentityNeeded((), "session") if not context.issued else identify(Identify(), context).needed
        change = StateChange(desk={**notes, "pending": None, "done": None})
        return ToolResult("identity is needed first", needed or IdentityNeeded(()), change)
    try:
        receipt = desk.confirm(context.state.identity, action)
    except ServiceError as error:
        if error.code != "stale" or context.state.identity is None:
            raise ToolFailed(str(error)) from error
        notes = {**tried(notes, "confirm", "stale"), "pending": None, "done": None}
        result = _prepare(drafts_of(notes), context.state.identity, notes, context)  # says anew what would happen
        evidence = result.evidence
        return replace(result, evidence=replace(evidence, stale=True)) if isinstance(evidence, Prepared) else result
    for number, effect in enumerate(receipt.effects):  # again after a crash: the key makes it once
        titles = [line.title for line in effect.items]
        desk.ledger.add(f"{action.key}/{number}", action.customer_id, effect.kind, effect.order_id, titles=titles)
    for effect in () if receipt.repeated else receipt.effects:
        notes = tried(notes, effect.kind, "done", effect.order_id)
    notes = {
        **notes,
        "pending": None,
        "drafts": [],
        "asking": None,
        "done": action_to_json(action),
        "rated": notes.get("rated"),
    }
    text = "done before, nothing was repeated" if receipt.repeated else "done"
    evidence = Confirmed(receipt)
    actions = asked(evidence, context.services.recommender.catalogue)
    return ToolResult(text, evidence, StateChange(desk=notes), actions)


def _asked_again(notes: Mapping[str, Any], context: ToolContext) -> ToolResult:
    """Refuse to write without the customer's own yes, whatever called the tool; read back once more what waits."""
    refused = "refused: the customer's message is no explicit yes. Nothing is changed"
    identity = context.state.identity if context.issued else None
    if identity is None or not notes.get("pending") or not context.services.orders.valid(identity):
        return ToolResult(refused, Dropped(), StateChange(desk=notes))
    try:
        result = _prepare(drafts_of(notes), identity, notes, context)
    except ServiceError as error:
        raise ToolFailed(str(error)) from error
    return replace(result, text=f"{refused}; {result.text}")


def drop_changes(arguments: DropChanges, context: ToolContext) -> ToolResult:
    """Drop what was begun or read back; nothing is changed."""
    notes = dict(context.state.desk)
    kinds = tuple(draft.kind for draft in drafts_of(notes))
    for kind in kinds:
        notes = tried(notes, kind, "dropped")
    change = StateChange(desk={**notes, "pending": None, "drafts": [], "asking": None})
    return ToolResult("nothing is changed", Dropped(kinds), change)


def drafts_of(notes: Mapping[str, Any]) -> list[DeskChange]:
    """Return the changes that were begun."""
    return [DeskChange.model_validate(draft) for draft in notes.get("drafts") or ()]


def _with_hint(change: DeskChange, said: str) -> DeskChange:
    """Return a change with what the customer said before it, which may tell what "the other one" is."""
    return change.model_copy(update={"hint": f"{said} {change.hint}"[-500:]}) if said and change.words else change


def _continues(drafts: Sequence[DeskChange], new: DeskChange) -> bool:
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
            out[at] = _continued(old, new)
            return out
        if {old.kind, new.kind} <= _OUTRIGHT:
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


def _continued(old: DeskChange, new: DeskChange) -> DeskChange:
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


@dataclass
class _Work:
    """What came of a list of drafts so far."""

    changes: list[Change] = field(default_factory=list)
    drafts: list[DeskChange] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    refused_words: list[str] = field(default_factory=list)
    needed: DetailNeeded | None = None
    asked_at: int | None = None
    """Which draft the question is about."""

    def lacks(self, lacking: Lacking) -> None:
        """Keep a draft that is not complete; the first question is asked first."""
        if self.needed is None:
            self.needed, self.asked_at = lacking.needed, len(self.drafts)
        self.drafts.append(lacking.draft)


def _prepare(
    drafts: Sequence[DeskChange], identity: Identity, notes: Mapping[str, Any], context: ToolContext
) -> ToolResult:
    filler = Filler(identity, notes.get("order_id"), context)
    work = _Work()
    later = [draft for draft in drafts if draft.fallback]
    for draft in _expanded([draft for draft in drafts if not draft.fallback], work, filler):
        _take(draft, work, filler, identity, context)
    if later and work.refusals and work.needed is None:
        told = [draft.model_copy(update={"fallback": False}) for draft in later]
        later = []
        for draft in _expanded(told, work, filler):
            _take(draft, work, filler, identity, context)
    work.drafts += later
    action = None
    if work.needed is None and work.changes:
        action = context.services.orders.prepare(identity, work.changes)
    alternatives = _alternatives(work, identity, context) if action is not None else ()
    for refusal, words in zip(work.refusals, work.refused_words, strict=True):
        notes = tried(notes, refusal.kind, refusal.code, str(refusal.data.get("order_id") or "") or None, words)
    order_ids = [str(one.data["order_id"]) for one in work.refusals if one.data.get("order_id")]
    order_ids += [draft.order_id for draft in work.drafts if draft.order_id]
    after = {
        **notes,
        "order_id": order_ids[-1] if order_ids else notes.get("order_id"),
        "drafts": _dumped(work.drafts),
        "pending": action_to_json(action) if action else None,
        "done": None if action else notes.get("done"),
        "read_back": context.state.turn,
        "asked_at": work.asked_at,
        "asked_order": work.needed.order_id if work.needed else None,
        "asking": None if work.needed is None else work.needed.what,
        "asked_kind": None if work.needed is None else work.needed.kind,
        "options": [value for value, _ in work.needed.options] if work.needed else [],
        "labels": [label for _, label in work.needed.options] if work.needed else [],
        "offer": [str(entry.item.id) for entry in alternatives],
        "missed": next((str(one.data["item_id"]) for one in work.refusals if one.code == "unavailable"), None)
        or notes.get("missed"),
        "person": bool(work.refusals) and action is None and work.needed is None,
    }
    items = tuple(alternatives) or (work.needed.items if work.needed else ())
    shown: tuple[ItemId, ...] = tuple(entry.item.id for entry in items)
    passages = _passages(action, work.refusals, context)
    evidence = Prepared(action, tuple(work.refusals), work.needed, passages, tuple(alternatives))
    change = StateChange(identity=identity, desk=after, shown=shown or None, focus=shown or None)
    return ToolResult(_told(evidence), evidence, change, asked(evidence, context.services.recommender.catalogue))


def _expanded(drafts: Sequence[DeskChange], work: _Work, filler: Filler) -> list[DeskChange]:
    """Return a draft for each order; what is done to an order's items comes last, since it may be final."""
    found: list[DeskChange] = []
    unsure: list[DeskChange] = []
    for draft in drafts:
        try:
            expanded = filler.expand(draft)
        except Lacking:
            unsure.append(draft)
            continue
        if any(one.order_id is None and one.kind not in ("change_home", "cancel") for one in expanded):
            unsure.append(draft)
            continue
        for one in expanded:
            found = joined(without(found, one), one)
    for draft in unsure:  # what the rest of the request is about may settle them
        try:
            for one in filler.expand(draft, frozenset(one.order_id for one in found if one.order_id)):
                found = joined(without(found, one), one)
        except Lacking as lacking:
            work.lacks(lacking)
    return sorted(found, key=lambda one: _SEQUENCE.index(one.kind) if one.kind in _SEQUENCE else len(_SEQUENCE))


def without(drafts: Sequence[DeskChange], new: DeskChange) -> list[DeskChange]:
    """Return drafts less the lines that a newer one wants something else done with."""
    lines = {item.item_id for item in new.items if item.item_id}
    out: list[DeskChange] = []
    for old in drafts:
        if old.order_id != new.order_id or old.kind == new.kind or not {old.kind, new.kind} <= _OUTRIGHT or not lines:
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


def _take(draft: DeskChange, work: _Work, filler: Filler, identity: Identity, context: ToolContext) -> None:
    """Fill one draft and try it after those before it."""
    try:
        filled = filler.fill(draft)
        context.services.orders.prepare(identity, [*work.changes, filled.change])
    except Lacking as lacking:
        work.lacks(lacking)
    except ServiceError as error:
        if error.code == "identity_needed":
            raise
        work.refusals.append(Refusal(error.code, draft.kind, error.data))
        work.refused_words.append(draft.words[:300])
    else:
        work.changes.append(filled.change)
        work.drafts.append(filled.draft)


def _alternatives(work: _Work, identity: Identity, context: ToolContext) -> tuple[Recommendation, ...]:
    """Return what answers the reason of a return better and may be had in exchange for it."""
    drafts = [draft for draft in work.drafts if draft.kind == "return" and draft.wishes and len(draft.items) == 1]
    if len(drafts) != 1 or len(work.changes) != 1:
        return ()
    catalogue, draft = context.services.recommender.catalogue, drafts[0]
    item_id = draft.items[0].item_id or ""
    if not catalogue.has(item_id):
        return ()
    old = catalogue.item(item_id)
    constraints = [Constraint("", "category", Op.EQ, old.category[-1])] if old.category else []
    sorts = []
    for wish in draft.wishes:
        value = old.price if wish.field == "price" else old.facets.get(wish.field)
        facet = catalogue.facets.get(wish.field)
        if isinstance(value, int | float) and not isinstance(value, bool) and facet is not None:
            op = Op.GT if wish.direction == "highest" else Op.LT
            constraints.append(Constraint("", wish.field, op, float(value), facet.unit, Strength.MUST))
            sorts.append(Sort(wish.field, wish.direction == "highest"))
    if not sorts:
        return ()
    query = Query(
        constraints=tuple(constraints), anchors=(old.id,), exclude=(old.id,), user_id=context.user_id,
        limit=_CONSIDERED, language=context.language,
    )  # fmt: skip
    found = context.services.recommender.recommend(query).items
    return tuple(entry for entry in found if _exchangeable(draft, entry, identity, context))[:_OFFERED]


def _exchangeable(draft: DeskChange, entry: Recommendation, identity: Identity, context: ToolContext) -> bool:
    """Tell whether the rules would let an item come instead."""
    item = draft.items[0].model_copy(update={"new_item_id": str(entry.item.id)})
    swap = draft.model_copy(update={"kind": "exchange", "items": [item]})
    try:
        filled = Filler(identity, draft.order_id, context).fill(swap)
        context.services.orders.prepare(identity, [filled.change])
    except (ServiceError, Lacking):
        return False
    return True


def _passages(action: PendingAction | None, refusals: Iterable[Refusal], context: ToolContext) -> tuple[Passage, ...]:
    """Return the policy sections that decided."""
    refs = [str(refusal.data["policy"]) for refusal in refusals if refusal.data.get("policy")]
    refs += [effect.policy for effect in action.effects if effect.policy] if action else []
    found = []
    for ref in dict.fromkeys(refs):
        section = context.services.policies.section(ref, context.language)
        if section is not None:
            found.append(Passage(section.ref, section.title, section.text, 1.0))
    return tuple(found)


def _dumped(drafts: Iterable[DeskChange]) -> list[dict[str, Any]]:
    return [draft.model_dump(mode="json", exclude_defaults=True) | {"kind": draft.kind} for draft in drafts]


def _told(evidence: Prepared) -> str:
    parts = [f"refused: {refusal.kind} ({refusal.code})" for refusal in evidence.refusals]
    if evidence.needed is not None:
        parts.append(f"ask for: {evidence.needed.what}")
    if evidence.action is not None:
        parts.append("read back what is prepared and ask for a yes; nothing is changed yet")
    return "; ".join(parts) or "there is nothing to change"

"""Tools that change orders: prepare and read back, then carry out after an explicit yes, or drop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from commerce.changes import Change, PendingAction, action_from_json, action_to_json
from core.conversation import Identity, StateChange
from core.entities import Constraint, ItemId, Op, Passage, Query, Recommendation, Sort, Strength
from core.errors import ServiceError, ToolFailed
from tools.context import ToolContext
from tools.desk_actions import asked
from tools.desk_arguments import ConfirmChanges, DeskChange, DropChanges, Identify, PrepareChanges
from tools.drafts import begun, drafts_of, dumped, joined, without
from tools.filling import Filler
from tools.lacking import Lacking
from tools.orders import identify, tried
from tools.results import Confirmed, DetailNeeded, Dropped, IdentityNeeded, Prepared, Refusal, ToolResult

_SEQUENCE = ("change_home", "change_address", "change_payment", "change_items", "exchange", "return", "cancel")
_CONSIDERED = 12
_OFFERED = 3


def prepare_changes(arguments: PrepareChanges, context: ToolContext) -> ToolResult:
    """Prepare changes of orders and read back exactly what would happen; writes nothing."""
    notes_before = context.state.desk
    drafts = begun(arguments, notes_before, context.services.recommender.catalogue)
    named = arguments.who.order_id or next((draft.order_id for draft in drafts if draft.order_id), None)
    who = identify(arguments.who.model_copy(update={"order_id": named}), context)
    said = str(notes_before.get("said") or "")
    said = " ".join([said, *(f"{change.hint} {change.words}" for change in arguments.changes if change.words)])[-400:]
    notes = {**who.notes, "drafts": dumped(drafts), "pending": None, "asking": None, "said": said}
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
    after = _noted(notes, work, action, alternatives, context)
    items = tuple(alternatives) or (work.needed.items if work.needed else ())
    shown: tuple[ItemId, ...] = tuple(entry.item.id for entry in items)
    passages = _passages(action, work.refusals, context)
    evidence = Prepared(action, tuple(work.refusals), work.needed, passages, tuple(alternatives))
    change = StateChange(identity=identity, desk=after, shown=shown or None, focus=shown or None)
    return ToolResult(_told(evidence), evidence, change, asked(evidence, context.services.recommender.catalogue))


def _noted(
    notes: Mapping[str, Any], work: _Work, action: PendingAction | None, alternatives: Sequence[Recommendation],
    context: ToolContext,
) -> dict[str, Any]:  # fmt: skip
    """Return the desk's notes after preparing."""
    for refusal, words in zip(work.refusals, work.refused_words, strict=True):
        notes = tried(notes, refusal.kind, refusal.code, str(refusal.data.get("order_id") or "") or None, words)
    order_ids = [str(one.data["order_id"]) for one in work.refusals if one.data.get("order_id")]
    order_ids += [draft.order_id for draft in work.drafts if draft.order_id]
    return {
        **notes,
        "order_id": order_ids[-1] if order_ids else notes.get("order_id"),
        "drafts": dumped(work.drafts),
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


def _told(evidence: Prepared) -> str:
    parts = [f"refused: {refusal.kind} ({refusal.code})" for refusal in evidence.refusals]
    if evidence.needed is not None:
        parts.append(f"ask for: {evidence.needed.what}")
    if evidence.action is not None:
        parts.append("read back what is prepared and ask for a yes; nothing is changed yet")
    return "; ".join(parts) or "there is nothing to change"

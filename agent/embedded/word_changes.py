"""Changes of orders in words: the read-back, what is done, refused or still needed; and the cart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.embedded.word_service import method_of, order_line, status_of
from agent.embedded.word_voice import Piece, Voice
from commerce.changes import Effect, MoneyMove
from commerce.records import OrderLine
from core.entities import Item, Passage, Recommendation
from tools.results import CartShown, Confirmed, DetailNeeded, Dropped, Prepared, Refusal


def prepared(voice: Voice, found: Prepared) -> Iterator[Piece]:
    """Say what is refused, ask what is needed, or read back exactly what would happen and ask for a yes."""
    if found.stale:
        yield Piece(voice.say("change.stale"))
    for refusal in found.refusals:
        yield Piece(_refused(voice, refusal, found.passages))
    if found.needed is not None:
        yield from _needed(voice, found.needed)
    elif found.action is not None:
        yield Piece(voice.say("change.check"))
        yield from _effects(voice, found.action.effects, found.passages)
        if found.alternatives:
            yield Piece(voice.say("change.alternatives"))
            yield from _choices(voice, found.alternatives)
            yield Piece(voice.say("change.confirm_or_choose"))
        else:
            yield Piece(voice.say("change.confirm"))
    elif found.refusals:
        yield Piece(voice.say("change.person"))
    else:
        yield Piece(voice.say("change.nothing"))


def confirmed(voice: Voice, found: Confirmed) -> Iterator[Piece]:
    """Say what was carried out."""
    if found.receipt.repeated:
        yield Piece(voice.say("change.repeated"))
        return
    yield Piece(voice.say("change.done"))
    yield from _effects(voice, found.receipt.effects, found.passages)
    for move in (move for effect in found.receipt.effects for move in effect.moves if move.kind == "refund"):
        yield Piece(voice.say("change.refund_days", days=move.days))
        break


def dropped(voice: Voice, found: Dropped) -> Iterator[Piece]:
    """Say that nothing is changed."""
    yield Piece(voice.say("change.dropped" if found.kinds else "change.nothing_waits"))


def cart(voice: Voice, found: CartShown) -> Iterator[Piece]:
    """Say what is in the cart and where it is paid; what cannot be had, with others instead."""
    for refusal in found.refusals:
        title = _title(voice, str(refusal.data.get("item_id", "")), str(refusal.data.get("title") or ""))
        yield Piece(voice.say("cart.unavailable", title=title, stock=int(refusal.data.get("stock") or 0)))
    if found.alternatives:
        yield Piece(voice.say("cart.alternatives"))
        yield from _choices(voice, found.alternatives)
    if not found.lines:
        if not found.refusals:
            yield Piece(voice.say("cart.empty"))
        return
    yield Piece(voice.say("cart.lead"))
    for item, quantity in found.lines:
        yield Piece(f"- {_position(voice, item, quantity)}", tight=True)
    total, currency = sum((item.price or 0.0) * quantity for item, quantity in found.lines), found.lines[0][0].currency
    yield Piece(voice.say("cart.total", total=voice.safe(voice.values.money(total, currency))))
    yield Piece(voice.say("cart.checkout", link=found.link) if found.link else voice.say("cart.no_checkout"))


def _effects(voice: Voice, effects: Iterable[Effect], passages: Iterable[Passage]) -> Iterator[Piece]:
    effects = tuple(effects)
    known = _by_ref((effect.policy for effect in effects), passages)
    for effect in effects:
        yield Piece(f"- {_effect(voice, effect)}", tight=True)
        for old, new in zip(effect.items, effect.new_items, strict=False):
            yield Piece("  - " + voice.say("change.swap", old=_line(voice, old), new=_line(voice, new)), tight=True)
        if not effect.new_items:
            for line in effect.items:
                yield Piece(f"  - {_line(voice, line)}", tight=True)
        for move in effect.moves:
            yield Piece(f"  - {_move(voice, move)}", tight=True)
        if effect.new_items and not effect.moves:
            yield Piece("  - " + voice.say("change.no_difference"), tight=True)
        if effect.final:
            key = f"change.final_{effect.kind}"
            if voice.has(key):
                yield Piece("  - " + voice.say(key), tight=True)
        if effect.policy in known:
            passage = known[effect.policy]
            source = voice.say("policy.source", title=voice.safe(passage.title), ref=voice.safe(passage.ref))
            yield Piece(f"  - {source}", tight=True)


def _by_ref(refs: Iterable[str | None], passages: Iterable[Passage]) -> dict[str, Passage]:
    """Return the sections by the refs that the rules name; a section may be quoted in another language."""
    named = list(dict.fromkeys(ref for ref in refs if ref))
    quoted = tuple(passages)
    exact = {passage.ref: passage for passage in quoted}
    return exact | (dict(zip(named, quoted, strict=True)) if len(named) == len(quoted) else {})


def _effect(voice: Voice, effect: Effect) -> str:
    number = voice.safe(effect.order_id or "")
    address = voice.safe(str(effect.address)) if effect.address else ""
    return voice.say(f"change.{effect.kind}", number=number, address=address)


def _line(voice: Voice, line: OrderLine) -> str:
    title = _title(voice, line.item_id, line.title)
    price = voice.safe(voice.values.money(line.price, voice.context.shop.currency))
    return voice.say("order.line", quantity=line.quantity, title=title, price=price)


def _title(voice: Voice, item_id: str, title: str) -> str:
    catalogue = voice.context.catalogue
    return voice.safe(voice.values.title(catalogue.item(item_id)) if catalogue.has(item_id) else title or item_id)


def _move(voice: Voice, move: MoneyMove) -> str:
    amount = voice.safe(voice.values.money(move.amount, move.currency))
    return voice.say(f"change.{move.kind}_move", amount=amount, method=method_of(voice, move.label or move.method))


def _position(voice: Voice, item: Item, quantity: int) -> str:
    price = voice.safe(voice.values.price(item))
    return voice.say("order.line", quantity=quantity, title=voice.linked(item), price=price)


def _choices(voice: Voice, items: Iterable[Recommendation]) -> Iterator[Piece]:
    for at, one in enumerate(items, start=1):
        price = voice.safe(voice.values.price(one.item))
        yield Piece(f"{at}. " + voice.say("item.head", name=voice.linked(one.item), price=price), tight=True)


def _refused(voice: Voice, refusal: Refusal, passages: Iterable[Passage]) -> str:
    """Word a rule's refusal from its own values, with the policy section that it stands in."""
    data = refusal.data
    key = f"refused.{refusal.code}"
    verb = voice.say(f"verb.{refusal.kind}") if voice.has(f"verb.{refusal.kind}") else ""
    text = voice.say(
        key if voice.has(key) else "refused.other",
        number=voice.safe(str(data.get("order_id") or "")),
        verb=verb,
        status=status_of(voice, str(data.get("status") or "")) if data.get("status") else "",
        title=voice.safe(str(data.get("title") or "")),
        days=data.get("days") or 0,
        ended=voice.safe(voice.values.day(str(data["ended"]))) if data.get("ended") else "",
        balance=voice.safe(f"{float(data.get('balance') or 0):.2f}"),
        amount=voice.safe(f"{float(data.get('amount') or 0):.2f}"),
    )
    passage = _by_ref((str(data.get("policy") or ""),), passages).get(str(data.get("policy")))
    if passage is None:
        return text
    source = voice.say("policy.source", title=voice.safe(passage.title), ref=voice.safe(passage.ref))
    return voice.paragraph([text, source])


def _needed(voice: Voice, needed: DetailNeeded) -> Iterator[Piece]:
    """Ask for what a change still lacks, with the choices that there are."""
    verb = voice.say(f"verb.{needed.kind}")
    number, title = voice.safe(needed.order_id), voice.safe(needed.title)
    yield Piece(voice.say(f"need.{needed.what}", verb=verb, number=number, title=title))
    if needed.orders:
        for order in needed.orders:
            yield Piece(f"- {order_line(voice, order)}", tight=True)
    elif needed.items:
        yield from _choices(voice, needed.items)
    else:
        for at, (_, words) in enumerate(needed.options, start=1):
            yield Piece(f"{at}. {method_of(voice, words)}", tight=True)

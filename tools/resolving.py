"""From a clause of a customer to drafts that each know their order and their lines.

"Return the lamp and the kettle" may concern two orders; "cancel or return everything" concerns each order as its status
allows. What cannot be told apart is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from commerce.records import Customer, Order, order_facts, order_key
from core.entities import Item
from core.shop import ReturnRules
from retrieval.catalogue import Catalogue
from tools.addresses import completed, known_address, orders_meant
from tools.clauses import SAME, STATUSES, about_the_old, after_connector, located
from tools.desk_arguments import DeskChange, DeskItem
from tools.lacking import Lacking
from tools.mentions import CONNECTOR, Held, Mention, held_by, mentions, new_ids
from tools.results import DetailNeeded
from tools.variants import describe

SWAPS = ("exchange", "change_items")
_ORDER = re.compile(r"\b(?:orders?|purchase|package)\b|整单|订单")
_INSIDE = re.compile(r"\b(?:in|from|of|off)\b[^,.;]{0,30}\b(?:orders?|purchase)\b|订单(?:里|中)")
_ALL = re.compile(
    r"\b(?:everything|all(?! (?:the )?(?:items|things) (?:that )?(?:i|you))|"
    r"every (?:item|thing|order)|both|whole|entire)\b|全部|所有|整单|都"
)
_POINTS = re.compile(r"\b(?:it|them|ones?|that|this|those|these)\b|它|这个|那个|那件")
_EVERY = re.compile(r"\b(?:orders|everything|both|every order)\b|所有|全部")
_DEARER = re.compile(r"\b(?:more|most) expensive\b|\bpricier\b|更贵|最贵|贵的")
_CHEAPER = re.compile(r"\b(?:cheaper|cheapest|less expensive|least expensive)\b|便宜")
_OFFERED = 12


class Resolver:
    """Resolves clauses for one customer in one turn; immutable."""

    def __init__(
        self, orders: Sequence[Order], customer: Customer, rules: ReturnRules, catalogue: Catalogue,
        spoken_of: str | None,
    ) -> None:  # fmt: skip
        """Look at a customer's orders; ``spoken_of`` is the order that the conversation is about."""
        self._orders, self._customer, self._rules = orders, customer, rules
        self._catalogue, self._spoken_of = catalogue, spoken_of
        self.near: frozenset[str] = frozenset()
        """Orders that the same request is about already: what may be in several is taken to be in one of them."""

    def expand(self, draft: DeskChange) -> list[DeskChange]:
        """Return a draft for each order that a clause concerns.

        Raises:
            Lacking: which lines are meant cannot be told.
        """
        if draft.kind == "change_home" or any(item.item_id or item.position for item in draft.items):
            return [self._with_order(draft)]
        if draft.items and any(item.new_item_id for item in draft.items) and not draft.words:
            return [draft]
        words = " ".join([draft.words, *(item.words for item in draft.items)])
        orders = self._named_orders(words, draft)
        if orders is None:
            return [draft]
        orders = [order for order in orders if order.id not in draft.kept]
        found = mentions(words, held_by(orders), self._catalogue)
        if not found and draft.hint and draft.kind in (*SWAPS, "return", "give_up") and _POINTS.search(words.lower()):
            found = self._pointed(words, draft.hint, orders)
        if draft.kind in ("change_address", "change_payment"):
            return self._orders_of_change(draft, words, orders, found)
        if draft.kind == "cancel":
            return self._cancel(draft, words, orders, found)
        return self._lines(draft, words, orders, found)

    def _pointed(self, words: str, hint: str, orders: Sequence[Order]) -> list[Mention]:
        """Return what "it" or "the more expensive one" is: the thing named before, with what is said of it now."""
        found = mentions(hint, held_by(orders), self._catalogue)
        return [replace(one, before=words, after=words, negated=False) for one in found[-1:]]

    def _with_order(self, draft: DeskChange) -> DeskChange:
        item_id = next((item.item_id for item in draft.items if item.item_id), None)
        if draft.order_id or item_id is None:
            return draft
        holding = [order for order in self._orders if order.line(item_id)]
        allowed = [order for order in holding if order.status.value in self._statuses(draft.kind)]
        order = next(iter(allowed or holding), None)
        return draft.model_copy(update={"order_id": order.id}) if order else draft

    def _named_orders(self, words: str, draft: DeskChange) -> list[Order] | None:
        """Return the orders that are named by number, else all; None when a number is nobody's of theirs."""
        said = [draft.order_id] if draft.order_id else []
        keys = {order_key(str(one)) for one in said}
        known = {order_key(order.id): order for order in self._orders}
        keys |= {key for key in known if re.search(rf"(?<![A-Z0-9]){re.escape(key)}(?![A-Z0-9])", words.upper())}
        if not keys:
            return list(self._orders)
        own = [known[key] for key in keys if key in known]
        return own if len(own) == len(keys) else None

    def _statuses(self, kind: str) -> Sequence[str]:
        rules = self._rules
        if kind in SWAPS:
            return (*rules.exchangeable, *rules.modifiable)
        if kind == "give_up":
            return (*rules.cancellable, *rules.returnable)
        return {"cancel": rules.cancellable, "return": rules.returnable}.get(kind, rules.modifiable)

    def _open(self, orders: Iterable[Order], kind: str) -> list[Order]:
        return [order for order in orders if order.status.value in self._statuses(kind) and not order.items_modified]

    # Whole orders

    def _orders_of_change(
        self, draft: DeskChange, words: str, orders: Sequence[Order], found: Sequence[Mention]
    ) -> list[DeskChange]:
        """Return a draft for each order whose address or payment is to change."""
        if draft.order_id:
            return [draft]
        open_ones = self._open(orders, draft.kind)
        if draft.kind == "change_address":
            meant = orders_meant(words, open_ones, self._customer)
        else:
            meant = open_ones
        if draft.kind == "change_address":
            meant = [order for order in meant if self._moves(draft, words, order)] or meant
        holding = {one.order.id for mention in found for one in mention.held}
        named = [order for order in meant if order.id in holding]
        meant = named or meant
        if len(meant) > 1 and not _ALL.search(words.lower()):
            spoken = [order for order in meant if order.id == self._spoken_of]
            meant = spoken or meant
        if len(meant) == 1 or (meant and _ALL.search(words.lower())):
            return [draft.model_copy(update={"order_id": order.id}) for order in meant]
        if not meant:
            return [draft]
        raise self._which_order(draft, meant)

    def _moves(self, draft: DeskChange, words: str, order: Order) -> bool:
        """Tell whether an order does not go where it should go already."""
        wanted = known_address(words, self._customer, self._orders, order, draft.hint, self._catalogue)
        if draft.address is not None and draft.address.lines:
            wanted = completed(draft.address.record(), [order.shipping.address])
        return wanted is None or wanted != order.shipping.address

    def _which_order(self, draft: DeskChange, orders: Sequence[Order]) -> Lacking:
        choices = tuple(order_facts(order) for order in orders[:_OFFERED])
        options = tuple((str(order["order_id"]), str(order["order_id"])) for order in choices)
        return Lacking(DetailNeeded("order", draft.kind, options=options, orders=choices), draft)

    def _cancel(
        self, draft: DeskChange, words: str, orders: Sequence[Order], found: Sequence[Mention]
    ) -> list[DeskChange]:
        meant = [one for mention in found if not mention.negated for one in mention.held]
        kept = {one.order.id for mention in found if mention.negated for one in mention.held}
        chosen = {one.order.id for one in self._chosen(meant, draft)} if meant else set()
        if not meant and not _EVERY.search(words.lower()) and self._spoken_of in {order.id for order in orders}:
            chosen = {str(self._spoken_of)}
        elif not meant and _ALL.search(words.lower()) and len(orders) > 1:
            chosen = {order.id for order in self._open(orders, "cancel")} - kept
        if not chosen:  # what was declined is not asked for again
            return [] if draft.kept else [draft]
        out = []
        for order in orders:
            if order.id in chosen:
                lines = {one.line.item_id for one in meant if one.order.id == order.id}
                all_of_it = not lines or len(lines) == len({line.item_id for line in order.items})
                part = not (
                    all_of_it
                    or _ORDER.search(_INSIDE.sub("", words.lower()))
                    or draft.all_items
                    or order.id in draft.whole
                )
                if part and order.status.value in self._rules.cancellable:
                    raise self._whole_order(draft, order, lines)
                out.append(draft.model_copy(update={"order_id": order.id, "items": []}))
        return out

    def _whole_order(self, draft: DeskChange, order: Order, lines: Iterable[str]) -> Lacking:
        """Ask, since one thing of an order cannot be cancelled alone."""
        titles = [line.title for line in order.items if line.item_id in set(lines)]
        facts = (order_facts(order),)
        return Lacking(DetailNeeded("whole_order", "cancel", order.id, ", ".join(titles), orders=facts), draft)

    # Lines

    def _lines(
        self, draft: DeskChange, words: str, orders: Sequence[Order], found: Sequence[Mention]
    ) -> list[DeskChange]:
        kept = {self._key(one) for mention in found if mention.negated for one in mention.held}
        positive = [mention for mention in found if not mention.negated]
        if draft.kind not in SWAPS:
            positive = located(positive)
        everything = draft.all_items or bool(_ALL.search(words.lower()))
        if not positive and everything and draft.kind not in SWAPS:
            reachable = self._open(orders, draft.kind)
            spoken = [order for order in reachable if order.id == self._spoken_of]
            meant = [one for order in (spoken if draft.all_items and spoken else reachable) for one in held_by([order])]
            return self._drafts(draft, [(one, "") for one in meant if self._key(one) not in kept])
        if not positive:
            return self._unnamed(draft, words, orders)
        pairs: list[tuple[Held, str]] = []
        unsure: list[Mention] = []
        for mention in self._inherited(positive, draft.kind):
            lines = self._meant(mention, draft)
            if lines is None:
                unsure.append(mention)
            else:
                pairs += [(one, self._new_side(mention, draft.kind)) for one in lines]
        homes = {one.order.id for one, _ in pairs} or self._common(unsure, draft) or set(self.near)
        for mention in unsure:  # "the bicycle and the puzzle in the same order"
            open_ones = [one for one in mention.held if one.order.status.value in self._statuses(draft.kind)]
            near = [one for one in open_ones if one.order.id in homes]
            near = near or [one for one in open_ones if one.order.id == self._spoken_of]
            if len(near) != 1:
                raise self._which_line(draft, mention)
            pairs.append((near[0], self._new_side(mention, draft.kind)))
        return self._drafts(draft, [pair for pair in pairs if self._key(pair[0]) not in kept])

    def _common(self, unsure: Sequence[Mention], draft: DeskChange) -> set[str]:
        """Return the one order that holds everything that was named, if there is one."""
        if len(unsure) < 2:
            return set()
        allowed = self._statuses(draft.kind)
        sets = [{one.order.id for one in each.held if one.order.status.value in allowed} for each in unsure]
        common = set.intersection(*sets)
        return common if len(common) == 1 else set()

    def _unnamed(self, draft: DeskChange, words: str, orders: Sequence[Order]) -> list[DeskChange]:
        """Find what is meant where nothing is named: the only thing there is, or the only one that can become so."""
        if draft.kind not in SWAPS:
            return [draft]
        meant = [one for order in self._open(orders, draft.kind) for one in held_by([order])]
        if draft.order_id is None and self._spoken_of:
            meant = [one for one in meant if one.order.id == self._spoken_of] or meant
        if self.near:
            meant = [one for one in meant if one.order.id in self.near] or meant
        if len(meant) > 1:
            pending = self._by_status(meant, words)
            fitting = [one for one in pending if not self._describes(words, one).empty]
            meant = fitting or pending
        return self._drafts(draft, [(meant[0], words)]) if len(meant) == 1 else [draft]

    def _describes(self, words: str, one: Held):  # type: ignore[no-untyped-def]
        family = [item for item in self._family(one) if item.id != one.line.item_id]
        return describe(after_connector(words), None, family, self._catalogue)

    def _family(self, one: Held) -> list[Item]:
        from tools.matching import family_of  # matching knows the shop's rule for what may come instead

        if not self._catalogue.has(one.line.item_id):
            return []
        return family_of(self._catalogue.item(one.line.item_id), self._catalogue, self._rules.exchange_within)

    def _inherited(self, found: Sequence[Mention], kind: str) -> list[Mention]:
        """In "the lamp and the chair to black ones" the wish is for both."""
        if kind not in SWAPS:
            return list(found)
        out: list[Mention] = []
        wish = ""
        for mention in reversed(found):
            own = self._new_side(mention, kind).strip(" ,.;")
            wish = mention.after if re.search(r"\w", own) else wish
            if not re.search(r"\w", own) and wish:
                mention = replace(mention, after=wish)
            out.append(mention)
        return out[::-1]

    def _new_side(self, mention: Mention, kind: str) -> str:
        if kind not in SWAPS:
            return ""
        return after_connector(f"{mention.after}") or (mention.after if not about_the_old(mention.after) else "")

    def _old_side(self, mention: Mention, kind: str) -> str:
        if kind not in SWAPS:
            return f"{mention.before} {mention.after}"
        match = CONNECTOR.search(mention.after.lower())
        after = mention.after[: match.start()] if match else (mention.after if about_the_old(mention.after) else "")
        return f"{mention.before} {after}"

    def _meant(self, mention: Mention, draft: DeskChange) -> list[Held] | None:
        """Return the lines that a thing is, or None when it may be one or another."""
        picked = [one for one in mention.held if self._key(one) in draft.picks]
        if picked:
            return picked
        allowed = self._statuses(draft.kind)
        pool = [one for one in mention.held if one.order.status.value in allowed and not one.order.items_modified]
        pool = pool or [one for one in mention.held if one.order.status.value in allowed] or list(mention.held)
        old = self._old_side(mention, draft.kind)
        pool = self._by_status(pool, old)
        if len(pool) == 1:
            return pool
        described = self._by_words(pool, f"{old} {draft.hint}")
        if len(described) == 1:
            return described
        if mention.many:
            return described
        spoken = [one for one in described if one.order.id == self._spoken_of]
        return spoken if len(spoken) == 1 else None

    def _chosen(self, held: Sequence[Held], draft: DeskChange) -> list[Held]:
        allowed = [one for one in held if one.order.status.value in self._statuses(draft.kind)]
        picked = [one for one in held if self._key(one) in draft.picks]
        return picked or allowed or list(held)

    def _by_status(self, pool: list[Held], words: str) -> list[Held]:
        for pattern, name in STATUSES:
            if re.search(pattern, words.lower()):
                states: Sequence[str] = getattr(self._rules, name)
                return [one for one in pool if one.order.status.value in states] or pool
        return pool

    def _by_words(self, pool: list[Held], words: str) -> list[Held]:
        """Return the lines that a description fits best: "the 15-inch one", "the more expensive one"."""
        items = [self._catalogue.item(one.line.item_id) for one in pool if self._catalogue.has(one.line.item_id)]
        said = describe(words, None, items, self._catalogue)
        scores = []
        for one in pool:
            item = self._catalogue.item(one.line.item_id) if self._catalogue.has(one.line.item_id) else None
            facets = item.facets if item is not None else {}
            scores.append(sum(facets.get(name) in values for name, values in said.values.items()))
        best = max(scores, default=0)
        left = [one for one, score in zip(pool, scores, strict=True) if score == best] if best else pool
        if len(left) > 1 and _DEARER.search(words.lower()):
            return [max(left, key=lambda one: one.line.price)]
        if len(left) > 1 and _CHEAPER.search(words.lower()):
            return [min(left, key=lambda one: one.line.price)]
        return left

    def _which_line(self, draft: DeskChange, mention: Mention) -> Lacking:
        allowed = self._statuses(draft.kind)
        pool = [one for one in mention.held if one.order.status.value in allowed] or list(mention.held)
        options = tuple((self._key(one), f"{self._title(one)}, {one.order.id}") for one in pool[:_OFFERED])
        return Lacking(DetailNeeded("items", draft.kind, title=pool[0].line.title, options=options), draft)

    def _title(self, one: Held) -> str:
        return self._catalogue.item(one.line.item_id).title if self._catalogue.has(one.line.item_id) else one.line.title

    def _key(self, one: Held) -> str:
        return f"{one.order.id}|{one.line.item_id}"

    def _drafts(self, draft: DeskChange, pairs: Sequence[tuple[Held, str]]) -> list[DeskChange]:
        """Return a draft for each order, with its lines and the words about what comes instead."""
        out: list[DeskChange] = []
        for order in self._orders:
            own = {one.line.item_id: (one, wish) for one, wish in pairs if one.order.id == order.id}
            if not own:
                continue
            items = [self._item(one, wish, draft) for one, wish in own.values()]
            kind = draft.kind
            if kind == "give_up":
                kind = "cancel" if order.status.value in self._rules.cancellable else "return"
                whole = len(own) == len({line.item_id for line in order.items})
                if kind == "cancel" and not whole and order.id not in draft.whole and not draft.all_items:
                    raise self._whole_order(draft, order, own)
            update = {
                "kind": kind,
                "order_id": order.id,
                "items": [] if kind == "cancel" else items,
                "all_items": False,
            }
            out.append(draft.model_copy(update=update))
        return out or ([] if draft.kept else [draft])

    def _item(self, one: Held, wish: str, draft: DeskChange) -> DeskItem:
        only = draft.items[0] if len(draft.items) == 1 else DeskItem()
        new = only.new_item_id
        if draft.kind in SWAPS and new is None:
            new = new_ids(wish, one, self._catalogue) or self._same_as(one, wish)
        update = {"item_id": str(one.line.item_id), "words": wish.strip()[:500], "position": 0, "new_item_id": new}
        return only.model_copy(update=update)

    def _same_as(self, one: Held, wish: str) -> str | None:
        """Return the item of another order that "the same as the one I received" speaks of."""
        if not SAME.search(wish.lower()):
            return None
        family = {item.id for item in self._family(one)}
        others = [
            other for other in held_by(self._orders) if other.line.item_id in family and other.order.id != one.order.id
        ]
        others = self._by_status(others, wish)
        ids = {str(other.line.item_id) for other in others}
        return ids.pop() if len(ids) == 1 else None

"""Why an item is recommended: typed reasons, each with its evidence and the share of the score that it stands for.

Everything said comes from the catalogue, the interactions, the relations or the reviews. ``weight`` is the part of the
score (``Recommendation.parts``) that would go away with the evidence; 0 marks a true and useful fact that the score
does not use. ``text`` stays empty: the writer words a reason in the user's language.

``data`` by kind (plain JSON values):

==============  =====================================================================================================
constraint      field, op, value, unit, actual, strength, id: a must or wish and what the item has. Source: facet
attribute       field, actual, unit, rank ("best" or "top"), of (matches of the category that state it), better
semantic        similarity (cosine), words (of the query that its text has); with an anchor: item_id, title, shared
                (fields in which both have the same value), similarity. Source: the item's text / the anchor
lexical         terms (the user's words that stand in the item's text). Source: the item's text
collaborative   liked (the user's items that carried it, strongest first), titles (theirs), users (others who took both
                this item and the first of them), after (true: they took this item later). Source: interaction
graph           relation, item_id, title, inverse (true: that item is the relation's subject), event (what the user did
                with it); of two steps: via (item_id, title, relation and inverse of the step in between); of shared
                values: shared (fields) instead of relation. Source: path
review          review_id, quote, rating, terms; or what reviewers say of an aspect: aspect (a facet, or ``=word``),
                praise and complaints (how many reviewers), of (reviewers of the item). Source: review
popularity      percentile, users. Source: interaction
quality         rating, rating_count. Source: facet
price           price, currency, median (of the matches of its category), percentile (0: the cheapest). Source: facet
new             days (since it came). Source: facet
profile         item_id, title, event (view, click, cart, like, purchase, rating; of this item itself when item_id is
                its own), now (true: in this visit), rating (with the event rating). Source: interaction
==============  =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.entities import (
    Constraint,
    EventKind,
    Facet,
    FacetType,
    Item,
    Op,
    Reason,
    ReasonKind,
    Source,
    Strength,
    Value,
)
from retrieval.catalogue import BUILT_IN
from retrieval.constraints import satisfied
from retrieval.opinion_reasons import opinion_reasons
from retrieval.paths import told_path
from retrieval.popularity import NEW_DAYS
from retrieval.quotes import best_reviews, overlap, quote
from retrieval.signals import Rows, Signals, Taste
from retrieval.sources import ANCHOR, PROFILE, SESSION, Likeness, Mask
from retrieval.taken import taken_after, taken_with
from retrieval.tokens import query_terms, terms

_NEGATIONS = (Op.NE, Op.NOT_IN, Op.NOT_CONTAINS)
MOST = 7
ASKED_FIRST = 3
"""So many reasons tied to what was asked may stand before anything that the user would not know."""
TOP_SHARE = 0.1
COMPARED_AT_LEAST = 3
LEAST_PART = 0.01
"""A smaller share of the score is no reason."""
STRONG_PART = 0.04
"""What the user did comes before facts about the item from this share of the score on."""
POPULAR = 0.75
GOOD_RATING = 4.5
"""Stars from which a review praises throughout: with one less, the sentence quoted may be its complaint."""
RATED_AT_LEAST = 5
CHEAP = 0.35


class Reasoner:
    """Makes the reasons of the items that one request shows."""

    def __init__(self, signals: Signals, matching: Mask) -> None:
        """Remember the request and what satisfies its musts: the field that an item is compared with."""
        self.signals = signals
        self.index = signals.index
        self.catalogue = signals.index.catalogue
        self._matching = matching
        self._peers: dict[int, Rows] = {}
        self._wanted = dict(signals.terms)
        self._required: set[str] = set()
        for constraint in signals.query.constraints:
            self._required.update(terms(f"{constraint.text} {constraint.value}"))
            if constraint.field not in BUILT_IN:
                self._wanted.update(query_terms(f"{constraint.text} {constraint.field.replace('_', ' ')}"))

    def reasons(self, item: Item, row: int, parts: Mapping[str, float]) -> tuple[Reason, ...]:
        """Return an item's reasons: first what ties it to the request, then what the user could not know."""
        asked = [*self._constraints(item, row, parts), *self._anchor(row, parts), *self._words(item, row, parts)]
        personal = [
            *self._likeness(SESSION, row, parts),
            *self._likeness(PROFILE, row, parts),
            *self._collaborative(row, parts),
            *self._path(row, parts),
        ]
        personal.sort(key=lambda reason: -reason.weight)
        news = [
            *(reason for reason in personal if reason.weight >= STRONG_PART),
            *self._attributes(item, row),
            *self._review(item, row),
            *opinion_reasons(self.index, row, self._asked_of()),
            *self._standing(item, row, parts),
            *self._price(item, row, parts),
            *(reason for reason in personal if reason.weight < STRONG_PART),
            *_generated(item, parts),
        ]
        ordered = [*asked[:1], *news[:1], *asked[1:ASKED_FIRST], *news[1:], *asked[ASKED_FIRST:]]
        return tuple({(reason.kind, reason.source): reason for reason in reversed(ordered)}.values())[::-1][:MOST]

    # -- tied to the request -------------------------------------------------------------------------------------------

    def _constraints(self, item: Item, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return the constraints that the item satisfies and states, the most telling first."""
        constraints = self.signals.query.constraints
        wishes = sum(constraint.strength is Strength.WISH for constraint in constraints)
        found: list[tuple[int, Reason]] = []
        for constraint in constraints:
            actual = value_of(item, constraint.field)
            if actual is None or not satisfied(self.catalogue, constraint)[row]:
                continue
            wish = constraint.strength is Strength.WISH
            data = {
                "field": constraint.field,
                "op": constraint.op.value,
                "value": plain(constraint.value),
                "unit": constraint.unit or self._unit(constraint.field),
                "actual": plain(actual),
                "strength": constraint.strength.value,
                "id": constraint.id,
            }
            weight = parts.get("wish", 0.0) / wishes if wish else 0.0
            reason = _facet_reason(ReasonKind.CONSTRAINT, item, constraint.field, data, weight)
            found.append((_telling(constraint), reason))
        return [reason for _, reason in sorted(found, key=lambda pair: pair[0])]

    def _anchor(self, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return the likeness to the strongest anchor, with what both have in common."""
        if not len(self.signals.anchors) or parts.get("anchor", 0.0) < LEAST_PART:
            return []
        shares = ANCHOR.shares(self.signals, np.array([row]))[0]
        anchor = int(self.signals.anchors[int(shares.argmax())])
        other, item = self.catalogue.item_at(anchor), self.catalogue.item_at(row)
        shared = [name for name, value in item.facets.items() if other.facets.get(name) == value]
        builtin = [name for name in ("brand", "category") if value_of(item, name) == value_of(other, name) is not None]
        data = {
            "item_id": other.id,
            "title": other.title,
            "similarity": round(float(self.index.vectors[row] @ self.index.vectors[anchor]), 3),
            "shared": [*builtin, *shared][:5],
        }
        return [Reason(ReasonKind.SEMANTIC, Source("facet", other.id), data, parts["anchor"])]

    def _words(self, item: Item, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return the user's words in the item's text, and the likeness in meaning."""
        asked = self.signals.terms
        if not asked:
            return []
        # What the item is, and what every match has, is no news: the constraints say it better.
        news = set(terms(self.catalogue.texts(row))) - self._kind_terms(item) - self._required
        hits = list(dict.fromkeys(word for term, word in asked.items() if term in news))
        found = []
        if hits and parts.get("lexical", 0.0) >= LEAST_PART:
            found.append(Reason(ReasonKind.LEXICAL, Source("facet", item.id), {"terms": hits}, parts["lexical"]))
        if parts.get("semantic", 0.0) >= LEAST_PART:
            data = {"similarity": round(self.signals.cosine(row), 3), "words": hits}
            found.append(Reason(ReasonKind.SEMANTIC, Source("facet", item.id), data, parts["semantic"]))
        return found

    # -- what the user could not know ----------------------------------------------------------------------------------

    def _likeness(self, source: Likeness, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return the item of the user's that this one resembles most, when that raised the score."""
        part = parts.get(source.name, 0.0)
        if part < LEAST_PART:
            return []
        taste: Taste = source.pick(self.signals)
        place = int(source.shares(self.signals, np.array([row]))[0].argmax())
        other = self.catalogue.item_at(int(taste.rows[place]))
        event = taste.kinds[place]
        data: dict[str, Any] = {
            "item_id": other.id, "title": other.title, "event": event.value, "now": source is SESSION,
        }  # fmt: skip
        if event is EventKind.RATING:
            data["rating"] = self._rating_of(int(taste.rows[place]))
        return [Reason(ReasonKind.PROFILE, Source("interaction", other.id), data, part)]

    def _rating_of(self, row: int) -> float:
        """Return the user's latest rating of an item."""
        given = [each.weight for each in self.signals.events if each.row == row and each.kind is EventKind.RATING]
        return round((given[-1] + 1.0) * self.index.history.top / 2.0, 1)

    def _collaborative(self, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return what others took with the user's items, and after them."""
        found: list[Reason] = []
        model, user = self.index.collaborative, self.signals.folded
        if model is not None and user is not None and parts.get("collaborative", 0.0) >= LEAST_PART:
            found.extend(taken_with(self.signals, row, user, model.shares(user, row), parts["collaborative"]))
        towers, asked = self.index.towers, self.signals.towards
        if towers is not None and asked is not None and parts.get("towers", 0.0) >= LEAST_PART:
            found.extend(taken_with(self.signals, row, asked, towers.shares(asked, row), parts["towers"]))
        if parts.get("sequential", 0.0) >= LEAST_PART:
            found.extend(taken_after(self.signals, row, parts["sequential"]))
        return found

    def _path(self, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return the strongest path that leads from the user's items to this one."""
        way = self.signals.paths.way(row) if parts.get("graph", 0.0) >= LEAST_PART else None
        if way is None:
            return []
        tastes = (self.signals.session, self.signals.profile)
        kinds = [taste.kinds[taste.rows.tolist().index(way.start)].value for taste in tastes if way.start in taste.rows]
        data, ref = told_path(self.catalogue, row, way)
        return [Reason(ReasonKind.GRAPH, Source("path", ref), {**data, "event": kinds[0]}, parts["graph"])]

    def _attributes(self, item: Item, row: int) -> list[Reason]:
        """Return the facets in which the item leads the matches of its category, those that were asked about first."""
        rows = self._peers_of(row)
        asked = {constraint.field for constraint in self.signals.query.constraints}
        asked.update(sort.field for sort in self.signals.query.sorts)
        found: list[tuple[tuple[bool, int], Reason]] = []
        for name, facet in self.catalogue.facets.items():
            actual = item.facets.get(name) if name not in BUILT_IN else None
            if facet.better is None or facet.type is not FacetType.NUMBER or actual is None:
                continue
            rank, of = self._rank(name, facet, row, rows)
            if rank:
                data = {
                    "field": name, "actual": plain(actual), "unit": facet.unit, "rank": rank, "of": of,
                    "better": facet.better,
                }  # fmt: skip
                reason = _facet_reason(ReasonKind.ATTRIBUTE, item, name, data)
                found.append(((name not in asked, 0 if rank == "best" else 1), reason))
        return [reason for _, reason in sorted(found, key=lambda pair: pair[0])][:2]

    def _rank(self, name: str, facet: Facet, row: int, rows: Rows) -> tuple[str, int]:
        """Return how an item stands among its peers in a facet, and among how many; "" when not near the top."""
        own = float(self.catalogue.numbers(name, rows=np.array([row]))[0])
        peers = self.catalogue.numbers(name, rows=rows)
        peers = peers[~np.isnan(peers)]
        if len(peers) < COMPARED_AT_LEAST or peers.min() == peers.max():
            return "", len(peers)
        sign = 1.0 if facet.better == "higher" else -1.0
        better = int(np.count_nonzero(sign * peers > sign * own))
        equal = int(np.count_nonzero(peers == own))
        if not better and equal <= max(1, len(peers) // 3):
            return "best", len(peers)
        return ("top" if better and better + equal <= TOP_SHARE * len(peers) else ""), len(peers)

    def _peers_of(self, row: int) -> Rows:
        """Return the matches of the item's own category, the item among them."""
        codes, _ = self.catalogue.codes("category")
        code = int(codes[row])
        if code not in self._peers:
            self._peers[code] = np.flatnonzero(self._matching & (codes == code))
        peers = self._peers[code]
        return peers if self._matching[row] else np.append(peers, row)

    def _review(self, item: Item, row: int) -> list[Reason]:
        """Return a customer's favourable words on what was asked."""
        reviews = [
            review
            for review in self.index.reviews.of_item(row, item.id)
            if review.rating is None or review.rating >= GOOD_RATING
        ]
        # That a review of a laptop speaks of a laptop is no news.
        obvious = self._kind_terms(item)
        wanted = {term: word for term, word in self._wanted.items() if term not in obvious}
        if not reviews or not wanted:
            return []
        best = best_reviews(reviews, wanted, 1, self.signals.query.language)[0]
        if not overlap(best.text, wanted):
            return []
        said = set(terms(best.text))
        data = {
            "review_id": best.id, "quote": quote(best.text, wanted), "rating": best.rating,
            "terms": [word for term, word in wanted.items() if term in said],
        }  # fmt: skip
        return [Reason(ReasonKind.REVIEW, Source("review", best.id), data)]

    def _asked_of(self) -> set[str]:
        """Return the facets that the request speaks of."""
        query = self.signals.query
        return {one.field for one in query.constraints} | {one.field for one in query.sorts}

    def _kind_terms(self, item: Item) -> set[str]:
        """Return the search terms of an item's category, in every language."""
        facet = self.catalogue.facets.get("category")
        labels = facet.value_labels if facet else {}
        return {
            term for node in item.category for name in (node, *labels.get(node, {}).values()) for term in terms(name)
        }

    def _standing(self, item: Item, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return rating, popularity and novelty where they are worth saying."""
        found = []
        if item.rating is not None and item.rating >= GOOD_RATING and (item.rating_count or 0) >= RATED_AT_LEAST:
            data: dict[str, Any] = {"rating": item.rating, "rating_count": item.rating_count}
            found.append(_facet_reason(ReasonKind.QUALITY, item, "rating", data, parts.get("quality", 0.0)))
        share, users = float(self.index.popularity[row]), int(self.index.users[row])
        if share >= POPULAR and users >= RATED_AT_LEAST:
            data = {"percentile": round(share, 3), "users": users}
            weight = parts.get("popularity", 0.0)
            found.append(Reason(ReasonKind.POPULARITY, Source("interaction", item.id), data, weight))
        if item.created_at is not None:
            days = (self.signals.now - item.created_at.timestamp()) / 86_400.0
            if 0 <= days <= NEW_DAYS:
                weight = parts.get("new", 0.0)
                found.append(_facet_reason(ReasonKind.NEW, item, "created_at", {"days": int(days)}, weight))
        return found

    def _price(self, item: Item, row: int, parts: Mapping[str, float]) -> list[Reason]:
        """Return how low the price is among the matches of the category."""
        if item.price is None:
            return []
        prices = self.catalogue.numbers("price", rows=self._peers_of(row))
        prices = prices[~np.isnan(prices)]
        below = float(np.count_nonzero(prices < item.price)) / len(prices)
        median = float(np.median(prices))
        if len(prices) < COMPARED_AT_LEAST or below > CHEAP or item.price >= median:
            return []
        data = {
            "price": item.price, "currency": item.currency, "median": round(median, 2), "percentile": round(below, 3),
        }  # fmt: skip
        return [_facet_reason(ReasonKind.PRICE, item, "price", data, parts.get("price", 0.0))]

    def _unit(self, name: str) -> str | None:
        facet = self.catalogue.facets.get(name)
        return facet.unit if facet else None


def value_of(item: Item, name: str) -> Value | None:
    """Return what an item states of a facet, built-in or its own; None when nothing."""
    if name == "category":
        return item.category or None
    if name == "created_at":
        return item.created_at.date().isoformat() if item.created_at else None
    found: Value | None = getattr(item, name, None) if name in BUILT_IN else item.facets.get(name)
    return found


def plain(value: Value) -> Any:
    """Return a value as JSON would hold it."""
    return list(value) if isinstance(value, tuple) else value


def _generated(item: Item, parts: Mapping[str, float]) -> list[Reason]:
    """Return that a model imagined the like; there is nothing of its words in it."""
    weight = parts.get("generated", 0.0)
    return [Reason(ReasonKind.GENERATED, Source("facet", item.id), {}, weight)] if weight > 0 else []


def _telling(constraint: Constraint) -> int:
    """Return the place of a constraint among the reasons: own facets, price, brand; last what goes without saying."""
    if constraint.op in _NEGATIONS or constraint.field in ("category", "title"):
        return 3
    return {"price": 1, "brand": 2}.get(constraint.field, 0)


def _facet_reason(kind: ReasonKind, item: Item, name: str, data: Mapping[str, Any], weight: float = 0.0) -> Reason:
    return Reason(kind, Source("facet", f"{item.id}#{name}"), data, weight)

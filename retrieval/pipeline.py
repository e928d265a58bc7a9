"""The one way into retrieval: a query becomes a ranking (gather, filter, rank, diversify, reasons).

One turn, step by step: the query and its user's events become ``Signals``; musts, rules and exclusions become a mask;
the ``planner`` chooses what to score; ``fusion`` blends the ``sources``; ``diversity`` chooses what is shown;
``reasons`` says why; ``questions`` what to ask next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.entities import EventKind, Interaction, ItemId, Query, Ranking, Recommendation, UserId
from core.ports import Embedder, Progress, Vectors
from core.shop import EligibilityRule
from retrieval.bandit import explored, told
from retrieval.bilingual import bilingual, search_terms
from retrieval.bundles import Bundle, chosen
from retrieval.catalogue import Catalogue
from retrieval.constraints import condition_mask, mask, relaxations, rules_mask
from retrieval.diversity import choose, proportions_of
from retrieval.encoder import as_read
from retrieval.fusion import Fused, fuse, weight_of, wishes_of
from retrieval.histories import Event, EventOverlay, event_weight, items_of, seconds
from retrieval.learning import OnlineLearner
from retrieval.opened import OpenIndex
from retrieval.planner import EXACT_ROWS, candidates
from retrieval.pools import cheapest, pools
from retrieval.questions import questions
from retrieval.quotes import best_reviews
from retrieval.reasons import Reasoner
from retrieval.records import Review
from retrieval.reranking import Reranker, reranked
from retrieval.signals import Floats, Rows, Signals, profile_taste, session_taste
from retrieval.sources import SOURCES, Mask
from retrieval.tokens import query_terms, terms
from storage.events import EventLog

RANKER_VERSION = "1"
"""Grows when the same index ranks otherwise; stands in the event log beside every impression."""
GATED = 0.2
"""From this share of what is asked for on, the question of eligibility is put."""
OWNING = (EventKind.PURCHASE, EventKind.RATING)
MAX_ANCHORS = 8


@dataclass(frozen=True)
class _Gathered:
    """One request, ready to be ranked."""

    signals: Signals
    matching: Mask
    """Items that satisfy all musts and that the shop's rules let be shown."""
    eligible: Mask
    """Those of them that this user may be shown now."""


class Recommender:
    """Ranks the items of one shop. Thread-safe; a refresh swaps the whole index in one step."""

    def __init__(
        self,
        index: OpenIndex,
        embedder: Embedder,
        folder: Path,
        reopen: Callable[[Progress | None], OpenIndex | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Serve an opened index.

        Args:
            index: what ``retrieval.index`` opened.
            embedder: the encoder that the index was built with.
            folder: where the shop's index is kept; the list of forgotten users stands there.
            reopen: builds and opens the index of the shop's present files; None when nothing changed.
            clock: seconds since the epoch.
        """
        self._index = index
        self.embedder = embedder
        self._overlay = EventOverlay(folder, clock)
        self._reopen = reopen
        self._clock = clock
        self.reranker: Reranker | None = None
        self._refreshing = threading.Lock()
        self._learner: OnlineLearner | None = None
        self._log: EventLog | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that is served now."""
        return self._index.catalogue

    @property
    def version(self) -> str:
        """The ranker's version for the event log: code and data."""
        return f"{RANKER_VERSION}-{self._index.fingerprint[:12]}"

    @property
    def serving(self) -> OpenIndex:
        """The index that is served now: for tools that look inside; take it once for a piece of work."""
        return self._index

    # -- ranking -------------------------------------------------------------------------------------------------------

    def recommend(self, query: Query) -> Ranking:
        """Rank the items for a query.

        Raises:
            ValueError: a constraint or sort names an unknown field, or does not fit its field's type.
        """
        gathered = self._gather(query)
        index, signals = gathered.signals.index, gathered.signals
        matches = int(np.count_nonzero(gathered.matching))
        if not matches:
            allowed = self._allowed(index, query.confirmed) & ~self._excluded(signals)
            return Ranking((), 0, relaxations(index.catalogue, query.constraints, allowed))
        fused = reranked(self._score(gathered), signals, self.reranker)
        rules = index.shop.rules
        chosen_places = choose(
            fused,
            index.catalogue,
            index.vectors,
            query.limit,
            rules.max_per_group,
            ordered=bool(query.sorts),
            anchors=signals.anchors.tolist(),
            proportions=proportions_of(signals) if rules.calibrate else None,
            calibrate=rules.calibrate,
        )
        counts = self._learner.counts if self._learner else None
        places, chance = explored(fused, chosen_places, signals, counts, rules.explore)
        reasoner = Reasoner(signals, gathered.matching)
        ceiling, shown = 1.0, []
        for place in places:
            # Where a sort wish leads, the order is not the score's: it is kept from rising down the list.
            ceiling = min(ceiling, _unit(fused.total[place]))
            shown.append(self._recommendation(reasoner, fused, place, ceiling))
        if chance is not None:
            shown[-1] = told(shown[-1], chance, places != chosen_places)
        asked = [constraint.field for constraint in query.constraints]
        return Ranking(tuple(shown), matches, (), questions(index.catalogue, fused.rows, fused.total, asked))

    def source_scores(self, query: Query) -> tuple[Rows, dict[str, Floats]]:
        """Return the candidates of a query and what each active source says of them: for learning.

        The shop's weights are left out; how much is known of the user counts.

        Raises:
            ValueError: as for ``recommend``.
        """
        gathered = self._gather(query)
        active = [source for source in SOURCES if source.active(gathered.signals)]
        rows = candidates(gathered.signals, gathered.eligible, active)
        signals, unit = gathered.signals, gathered.signals.index.shop.weights
        loud = {one.name: weight_of(one.name, signals) / (float(getattr(unit, one.name)) or 1.0) for one in active}
        return rows, {one.name: one.scores(signals, rows) * np.float32(loud[one.name] or 1.0) for one in active}

    def bundle(self, parts: Sequence[Query], budget: float | None = None, kept: Sequence[ItemId] = ()) -> Bundle:
        """Choose one item for each part of a set, so that they go together and cost at most ``budget`` together.

        Where no whole set is possible, as few parts as possible stay out.

        Args:
            parts: the need of each part; their ``limit`` does not count.
            budget: in the shop's currency; None for any sum.
            kept: items chosen before: as many of them as possible stay.

        Raises:
            ValueError: as for ``recommend``; or there are no parts, or too many.
        """
        gathered, catalogue = [self._gather(part) for part in parts], self._index.catalogue
        fused = [self._score(each, cheapest(catalogue, np.flatnonzero(each.eligible))) for each in gathered]
        several = pools(fused, parts, self._index, kept)
        found = chosen(several, budget, catalogue, self._index.graph, partly=True, kept=frozenset(kept))
        told = [
            self._told(gathered[part], fused[part], catalogue.row(entry.item.id))
            for part, entry in zip(found.parts, found.items, strict=True)
        ]
        return replace(found, items=tuple(told))

    def affinity(self, text: str) -> float:
        """Return how near a text comes to the catalogue at all: the cosine of its nearest item, 0 when unreadable."""
        vector, index = self._text_vector(text), self._index
        if vector is None or not len(index.vectors):
            return 0.0
        rows = slice(None) if len(index.vectors) <= EXACT_ROWS else index.nearest(vector, 1, index.everything)
        return float(np.max(index.vectors[rows] @ vector, initial=0.0))

    def mentions(self, word: str) -> bool:
        """Return whether any item's text has a word, in any of its forms."""
        found, lexical = query_terms(word), self._index.lexical
        if bool(found) and all(map(lexical.knows, found)):
            return True
        return any(all(map(lexical.knows, terms(sense))) for sense in bilingual().senses(word) if terms(sense))

    def fit_of(self, item_id: ItemId, query: Query) -> Recommendation:
        """Score and explain one named item as ``recommend`` would, whether or not the query would return it.

        Raises:
            ItemNotFound: there is no such item.
            ValueError: as for ``recommend``.
        """
        gathered = self._gather(query)
        row = gathered.signals.index.catalogue.row(item_id)
        gathered.eligible[row] = True
        return self._told(gathered, self._score(gathered, also=np.array([row])), row)

    def _told(self, gathered: _Gathered, fused: Fused, row: int) -> Recommendation:
        place = int(np.searchsorted(fused.rows, row))
        reasoner = Reasoner(gathered.signals, gathered.matching)
        return self._recommendation(reasoner, fused, place, _unit(fused.total[place]))

    def _gather(self, query: Query) -> _Gathered:
        index = self._index
        signals = self._signals(index, query)
        matching = self._allowed(index, query.confirmed) & mask(index.catalogue, query.constraints)
        return _Gathered(signals, matching, matching & ~self._excluded(signals))

    def _allowed(self, index: OpenIndex, confirmed: Collection[str] = ()) -> Mask:
        """Return what the shop's rules let be shown; items behind a confirmation are not, before it is given."""
        allowed = rules_mask(index.catalogue, index.shop.rules)
        for rule in index.shop.rules.confirm:
            if rule.key not in confirmed:
                allowed &= ~condition_mask(index.catalogue, rule.when)
        return allowed

    def gate(self, query: Query) -> EligibilityRule | None:
        """Return the rule whose confirmation would open most of what a query asks for, if it would open enough of it.

        Raises:
            ValueError: as for ``recommend``.
        """
        index = self._index
        wanted = rules_mask(index.catalogue, index.shop.rules) & mask(index.catalogue, query.constraints)
        closed = [rule for rule in index.shop.rules.confirm if rule.key not in query.confirmed]
        behind = [(int(np.count_nonzero(wanted & condition_mask(index.catalogue, r.when))), r) for r in closed]
        count, rule = max(behind, key=lambda pair: pair[0], default=(0, None))
        return rule if count and count >= GATED * np.count_nonzero(wanted) else None

    def _excluded(self, signals: Signals) -> Mask:
        """Return what this user is not shown: excluded, disliked, anchors, and what they own where the rules say so."""
        index, query, rules = signals.index, signals.query, signals.index.shop.rules
        excluded = np.zeros(len(index.catalogue), dtype=bool)
        excluded[index.rows((*query.exclude, *query.disliked, *query.anchors))] = True
        for event in signals.events:
            if (rules.exclude_owned and event.kind in OWNING) or (
                rules.exclude_disliked and event.kind is EventKind.DISLIKE
            ):
                excluded[event.row] = True
        return excluded

    def _score(self, gathered: _Gathered, also: Rows | None = None) -> Fused:
        signals = gathered.signals
        active = [source for source in SOURCES if weight_of(source.name, signals) and source.active(signals)]
        rows = candidates(signals, gathered.eligible, active)
        if also is not None:
            rows = np.union1d(rows, also)
        return fuse(signals, rows, active, signals.index.shop)

    def _recommendation(self, reasoner: Reasoner, fused: Fused, place: int, score: float) -> Recommendation:
        index, row = reasoner.signals.index, int(fused.rows[place])
        item = index.catalogue.item_at(row)
        parts = fused.parts_at(place)
        unknown = tuple(
            dict.fromkeys(
                wish.field
                for wish in wishes_of(reasoner.signals.query.constraints)
                if not index.catalogue.stated(wish.field)[row]
            )
        )
        disclosures = ("sponsored",) if item.sponsored and index.shop.rules.disclose_sponsored else ()
        return Recommendation(item, round(score, 4), reasoner.reasons(item, row, parts), parts, unknown, disclosures)

    def _signals(self, index: OpenIndex, query: Query) -> Signals:
        now = self._clock()
        recorded, events = self._recorded(query.user_id), self._events(index, query.user_id)
        if not query.personal:
            recorded, events = [], []
        known = query.user_id if query.personal and query.user_id and not self._overlay.forgot(query.user_id) else ""
        return Signals(
            index=index,
            visitor=index.visitors.predictions(known) if index.visitors and known else None,
            query=query,
            now=now,
            text=self._text_vector(query.text),
            terms=search_terms(query.text, index.lexical.knows, index.lexical.weight),
            profile=profile_taste(events, index.history.latest),
            session=session_taste(index, recorded, query, now),
            anchors=index.rows(query.anchors)[:MAX_ANCHORS],
            events=events,
            louder=self._learner.factors if self._learner and index.shop.rules.learn_online else {},
        )

    def _text_vector(self, text: str) -> Vectors | None:
        """Return the vector of the query's text; None when it says nothing, or nothing in the encoder's language."""
        said = as_read(self.embedder, text, self._index.lexical.weight) if query_terms(text) else None
        return None if said is None else np.asarray(self.embedder.embed([said])[0])

    # -- users ---------------------------------------------------------------------------------------------------------

    def record(self, interactions: Sequence[Interaction]) -> None:
        """Fold events in: the next ``recommend`` uses them. Those with a known ``event_id`` are left out.

        Only memory is touched; the event log is ``storage``'s, and is given to this method again after a restart.
        """
        self._overlay.record(interactions)

    def follow(self, log: EventLog, folder: Path) -> None:
        """Take in what a log holds; learn from it at every ``refresh`` where the shop's rules say so."""
        self.record([interaction for _, interaction in log.since(0, 200_000)])
        self._learner, self._log = OnlineLearner(folder), log

    def forget(self, user_id: UserId) -> None:
        """Drop what was recorded of a user and never use their events of the shop's files again."""
        self._overlay.forget(user_id)
        if self._learner is not None:
            self._learner.forget(user_id)

    def user_items(self, user_id: UserId) -> Mapping[ItemId, tuple[EventKind, ...]]:
        """Return what a user did with which items, in the order of their first event."""
        index = self._index
        events = self._events(index, user_id)
        return items_of([(ItemId(index.catalogue.ids[event.row]), event.kind) for event in events])

    def events(self, user_id: UserId) -> list[Event]:
        """Return everything that is known of what a user did, the shop's own log first."""
        return self._events(self._index, user_id)

    def _recorded(self, user_id: UserId | None) -> list[tuple[Interaction, float]]:
        """Return the user's recent events with their times."""
        if user_id is None:
            return []
        return [(event, seconds(event.time)) for event in self._overlay.of(user_id)]

    def _events(self, index: OpenIndex, user_id: UserId | None) -> list[Event]:
        """Return all events of a user, those of the index first."""
        if user_id is None:
            return []
        events = [] if self._overlay.forgot(user_id) else index.history.events(user_id)
        for event, when in self._recorded(user_id):
            if index.catalogue.has(event.item_id):
                weight = event_weight(event.event, event.value, index.history.top)
                events.append(Event(index.catalogue.row(event.item_id), event.event, weight, when))
        return events

    # -- items ---------------------------------------------------------------------------------------------------------

    def reviews(self, item_id: ItemId, text: str, k: int = 3, language: str = "") -> list[Review]:
        """Return an item's reviews that say most about a text, at most ``k``.

        Raises:
            ItemNotFound: there is no such item.
        """
        index = self._index
        row = index.catalogue.row(item_id)
        return best_reviews(index.reviews.of_item(row, item_id), query_terms(text), k, language)

    def related(self, item_id: ItemId, inverse: bool = False) -> list[tuple[str, ItemId]]:
        """Return (relation, other item) for the relations that an item is the subject of (``inverse``: the object).

        Raises:
            ItemNotFound: there is no such item.
        """
        index = self._index
        edges = index.graph.edges(index.catalogue.row(item_id))
        return [(edge.relation, ItemId(index.catalogue.ids[edge.row])) for edge in edges if edge.inverse is inverse]

    # -- upkeep --------------------------------------------------------------------------------------------------------

    def refresh(self, progress: Progress | None = None) -> bool:
        """Take over what changed in the shop folder, while serving; return whether anything did.

        Raises:
            ShopError: the shop's files cannot be used any more; what was served stays.
        """
        with self._refreshing:
            rules = self._index.shop.rules
            if self._learner is not None and self._log is not None and (rules.learn_online or rules.explore):
                self._learner.advance(self._log)
            fresh = self._reopen(progress)
            if fresh is None:
                return False
            fresh.catalogue.carry(self._index.catalogue)
            self._index = fresh
            return True


def _unit(total: float) -> float:
    """Bring a total in [-1, 1] (more with boosts) to a score in [0, 1]."""
    return float(min(1.0, max(0.0, (1.0 + total) / 2.0)))


__all__ = ["Recommender", "Review"]

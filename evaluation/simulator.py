"""A simulated shopper: knows a target's attributes, never says its title or id, and behaves like people do.

It volunteers a little at the opening, answers the assistant's question from what it knows, turns down what is shown
with a hint, mistypes, and sometimes begins with something that it later takes back. Everything follows from a seed: the
same shopper with another ``paraphrase`` wants, hides and changes the same, and puts it in other words.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.entities import Constraint, FacetType, Item, ItemId, Language, Op
from evaluation import speech
from evaluation.needs import Need, constraint, leaks, needs_of, spoken
from retrieval.catalogue import Catalogue
from retrieval.constraints import satisfied

MOST_SHOWN = 3
"""A shopper looks at no more items a turn."""


@dataclass(frozen=True)
class Habits:
    """How shoppers behave, as chances between 0 and 1."""

    names_category: float = 0.85
    """Says at the opening what kind of thing it is."""
    typo: float = 0.1
    """Mistypes once in a message."""
    changes: float = 0.15
    """Opens with a wrong requirement and takes it back in the second message."""
    hints: float = 0.4
    """Says what is wrong about the shown ("too expensive") before saying what is wanted."""
    objects: float = 0.25
    """Where a question stands beside items: speaks of the items instead of answering."""
    volunteered: tuple[int, int] = (1, 2)
    """So many needs, beside the category, stand in the opening."""


@dataclass(frozen=True)
class Offer:
    """What an assistant showed and asked, as a shopper sees it."""

    items: tuple[ItemId, ...] = ()
    question: str | None = None
    """The field that is asked about."""


class LeakError(AssertionError):
    """A shopper was about to name the target: a fault of the simulator."""


class Shopper:
    """One simulated shopper in one dialogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        target: ItemId,
        language: Language,
        seed: int,
        paraphrase: int = 0,
        habits: Habits | None = None,
    ) -> None:
        """Send a shopper for a target.

        Args:
            catalogue: where the target's attributes stand.
            target: the wanted item.
            language: ``en`` or ``zh``.
            seed: what is volunteered, hidden and changed.
            paraphrase: which of the independent phrasings are used.
            habits: how it behaves.
        """
        self._catalogue, self._language, self._variant = catalogue, language, paraphrase
        self._habits = habits or Habits()
        self._rng = random.Random(f"{seed} {target}")
        self._slips = random.Random(f"{seed} {target} {paraphrase}")
        self._target: Item = catalogue.item(target)
        self.knows = needs_of(catalogue, catalogue.row(target), language, self._rng)
        self.told: dict[str, Need] = {}
        """What the shopper has required so far and stands by."""
        self._mistaken: Need | None = None
        self._hinted: set[str] = set()
        self._turn = 0

    # -- what the metrics ask --------------------------------------------------------------------------------------

    def wants(self, item_id: ItemId) -> bool:
        """Return whether an item is the target or a variant of it."""
        group = self._target.group_id
        return item_id == self._target.id or (group is not None and self._catalogue.item(item_id).group_id == group)

    def required(self) -> tuple[Constraint, ...]:
        """Return what a listener who understood everything would hold as required now."""
        return tuple(need.constraint for need in self.told.values())

    # -- what it says ----------------------------------------------------------------------------------------------

    def opening(self) -> str:
        """Return the first message."""
        rng, habits = self._rng, self._habits
        names_category = "category" in self.knows and rng.random() < habits.names_category
        others = [name for name in self.knows if name != "category"]
        # What the shop itself would ask about is what people come with; the rest is seldom volunteered.
        weights = [3.0 if self._catalogue.facets[name].ask else 1.0 for name in others]
        picked = _sample(rng, others, weights, rng.randint(*habits.volunteered) + (not names_category))
        chosen = [self.knows[name] for name in picked]
        if chosen and rng.random() < habits.changes:
            self._mistaken = self._decoy(chosen[0])
            chosen[0] = self._mistaken or chosen[0]
        phrases = [self._put(need) for need in chosen]
        self._tell(*chosen)
        needs = speech.joined(self._language, phrases)
        if not names_category:
            return self._said("openings_open", needs=needs)
        kind = self.knows["category"]
        self._tell(kind)
        return self._said("openings" if needs else "openings_bare", category=kind.words["value"], needs=needs)

    def react(self, offer: Offer) -> str:
        """Return the next message, after an offer that did not hold the target."""
        self._turn += 1
        if self._mistaken is not None:
            return self._correction()
        objects = bool(offer.items) and self._rng.random() < self._habits.objects
        if offer.question is not None and not objects:
            return self._answer(offer.question)
        if not offer.items:
            return self._retry()
        return self._rejection(offer.items[:MOST_SHOWN])

    def _correction(self) -> str:
        mistaken, self._mistaken = self._mistaken, None
        assert mistaken is not None
        need = self.knows[mistaken.field]
        self._tell(need)
        return self._said("corrections", need=self._put(need))

    def _answer(self, name: str) -> str:
        need = self.knows.get(name)
        if need is None:
            return self._said("no_preference")
        self._tell(need)
        if need.numeric:
            return self._said("answers", need=self._put(need))
        kind = {"yes": "answer_yes", "no": "answer_no"}.get(need.kind, "answer_value")
        return self._said(kind, **need.words)

    def _retry(self) -> str:
        """Return everything required so far in other words: the assistant had nothing to show and nothing to ask."""
        needs = list(self.told.values()) or [next(iter(self.knows.values()))]
        self._tell(*needs)
        phrases = [self._put(need, self._variant + self._turn) for need in needs]
        return self._said("retries", needs=speech.joined(self._language, phrases))

    def _rejection(self, shown: Sequence[ItemId]) -> str:
        rows = [self._catalogue.row(item_id) for item_id in shown]
        need = self._missed(rows)
        if need is None:
            return self._said("more")
        if need.field not in self._hinted and self._rng.random() < self._habits.hints:
            self._hinted.add(need.field)
            if hint := self._hint(need, rows):
                return hint
        self._tell(need)
        return self._said("rejections", need=self._put(need))

    def _missed(self, rows: list[int]) -> Need | None:
        """Return an untold need that most of the shown items break; of several, one at random."""
        broken = {
            name: int(np.count_nonzero(~satisfied(self._catalogue, need.constraint)[rows]))
            for name, need in self.knows.items()
            if name not in self.told
        }
        most = max(broken.values(), default=0)
        if not most:
            return None
        return self.knows[self._rng.choice([name for name, count in broken.items() if count == most])]

    def _hint(self, need: Need, rows: list[int]) -> str | None:
        """Return what is wrong about the shown items, without what is wanted; None where nothing can be said."""
        label = need.words["label"]
        if need.numeric:
            numbers = self._catalogue.numbers(need.field)[rows]
            if np.isnan(numbers).any():
                return None
            if need.field == "price":
                return self._said("too_expensive")
            return self._said("too_high" if need.constraint.op is Op.LE else "too_low", label=label)
        if need.kind not in ("is", "brand"):
            return None
        codes, values = self._catalogue.codes(need.field)
        shown = Counter(values[codes[row]] for row in rows if codes[row] >= 0)
        shown.pop(str(need.constraint.value), None)
        if not shown:
            return None
        facet = self._catalogue.facets[need.field]
        refused = spoken(self._catalogue, facet, Op.NE, shown.most_common(1)[0][0], self._language)
        if (
            refused is None
            or refused.kind.endswith("_named")
            or any(leaks(word, self._target) for word in refused.words.values())
        ):
            return None
        self.told[f"not {need.field}"] = refused
        return self._said("not_value", **refused.words)

    # -- how it is put ---------------------------------------------------------------------------------------------

    def _tell(self, *needs: Need) -> None:
        for need in needs:
            self.told[need.field if need.constraint.op is not Op.NE else f"not {need.field}"] = need

    def _put(self, need: Need, variant: int | None = None) -> str:
        kind, number = need.kind, self._variant if variant is None else variant
        if need.constraint.op is Op.NE:
            kind = "not_value"
        return speech.say(self._language, kind, number, **need.words)

    def _said(self, kind: str, **words: str) -> str:
        text = speech.say(self._language, kind, self._variant, **words)
        if self._slips.random() < self._habits.typo:
            text = speech.mistyped(text, self._language, self._slips)
        if leaks(text, self._target):
            raise LeakError(f"{text!r} names the target {self._target.id!r}")
        return text

    def _decoy(self, need: Need) -> Need | None:
        """Return a requirement on the same field that the target does not meet, which other items of its kind do."""
        facet = self._catalogue.facets[need.field]
        if need.kind == "price_at_most":
            price = float(need.constraint.value)  # type: ignore[arg-type]
            lower = float(f"{price * 0.5:.2g}")
            words = {**need.words, "value": speech.money(lower, need.constraint.unit, self._language)}
            return replace(need, constraint=constraint("price", Op.LE, lower, need.constraint.unit), words=words)
        if need.kind not in ("is", "is_named", "brand") or facet.type is FacetType.LIST:
            return None
        rows = np.ones(len(self._catalogue), dtype=np.bool_)
        if "category" in self.knows:
            rows = satisfied(self._catalogue, self.knows["category"].constraint)
        codes, values = self._catalogue.codes(need.field)
        found = sorted({values[code] for code in codes[rows].tolist() if code >= 0} - {str(need.constraint.value)})
        decoy = spoken(self._catalogue, facet, Op.EQ, self._rng.choice(found), self._language) if found else None
        return None if decoy is None or any(leaks(word, self._target) for word in decoy.words.values()) else decoy


def _sample(rng: random.Random, names: list[str], weights: list[float], count: int) -> list[str]:
    """Return distinct names drawn by weight."""
    left = dict(zip(names, weights, strict=True))
    chosen: list[str] = []
    while left and len(chosen) < count:
        chosen.append(rng.choices(list(left), list(left.values()))[0])
        del left[chosen[-1]]
    return chosen

"""A scripted customer: reads what the desk asks or reads back, and answers from what the script says they know.

The customer never sees the gold actions. It judges a read-back by its own words alone: is this kind of change something
I spoke of, are these the things I named, does the new one have what I asked for? What it does not know it cannot say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.service_judging import REFUSED, Clause, Condition, Judge
from benchmarks.service_words import ALL, kinds_in, stems, supports

_TURNS = 30
_SILENT = re.compile(
    r"do(es)? not (want to )?(reveal|share|mention)|don't (want to )?(reveal|share|mention)|not reveal|won't reveal|"
    r"make sure to|I first try|prefer not to|mention the two|rude|not familiar", re.IGNORECASE,
)  # fmt: skip
_CLAUSE = re.compile(r"(?<=[.?!])\s+|,? (?:and )?(?:also|lastly|finally),? (?=i )|, and (?=(?:i|to) )", re.IGNORECASE)
_PRICES = ((r"cheapest|least expensive|lowest price|cheaper", False), (r"most expensive|priciest|highest price", True))
_FILLER = re.compile(r"^(?:then |i say that |i say |i would |i'd )", re.IGNORECASE)


@dataclass
class Player(Judge):
    """One customer in one conversation."""

    done: list[Mapping[str, Any]] = field(default_factory=list)
    turns: int = 0
    _proofs: list[str] = field(default_factory=list)
    _objected: list[str] = field(default_factory=list)
    _only: str = ""
    _refused: bool = False

    def __post_init__(self) -> None:
        """Read the script."""
        opening = str(self.script["opening"])
        for text in _CLAUSE.split(opening):
            if text and text.strip():
                self.clauses.append(Clause(text.strip(), self.store.named(text)))
        self.conditions = [one for text in self.script["conditions"] for one in _conditions(text)]
        self._proofs = self._identities()

    def first(self) -> str:
        """Return the opening."""
        return self.phrasing.opening(str(self.script["opening"]))

    def answer(self, actions: Sequence[Mapping[str, Any]]) -> str | None:
        """Return what to say to a reply with these actions; None when there is nothing left to say."""
        self.turns += 1
        by_kind = {str(action["kind"]): action.get("data", {}) for action in actions}
        if "handoff" in by_kind or self.turns > _TURNS:
            return None
        self._note_done(by_kind.get("done", {}))
        if "identify" in by_kind:
            return self._identify()
        if "refused" in by_kind:
            self._refused = True
        if "ask" in by_kind:
            return self._choose(by_kind["ask"])
        if "confirm" in by_kind:
            return self._check(by_kind["confirm"]["effects"])
        if "refused" in by_kind and (said := self._fallback(by_kind["refused"]["refusals"])):
            return said
        return self._next()

    # Who they are

    def _identities(self) -> list[str]:
        known = self.script["known"]
        proofs = [f"My email is {email}" for email in known.get("emails") or ()]
        if known.get("name"):
            proofs += [f"My name is {known['name']} and my zip code is {code}" for code in known.get("zips") or ()]
        return proofs

    def _identify(self) -> str | None:
        return self.phrasing.proof(self._proofs.pop(0)) if self._proofs else None

    # Questions

    def _choose(self, ask: Mapping[str, Any]) -> str | None:
        answers = {
            "order": self._order, "orders": self._order, "items": self._items, "reason": self._reason,
            "cancel_reason": self._cancel_reason, "new_item": self._new_item, "method": self._method,
            "address": self._address, "whole_order": self._whole,
        }  # fmt: skip
        key = f"{ask['what']}/{ask.get('order_id')}/{ask.get('title')}/{ask.get('kind')}"
        if self._objected.count(key) >= 2:  # asked the same again and again: leave it
            self._give_up(ask)
            return self._dropping()
        self._objected.append(key)
        return answers[ask["what"]](ask)

    def _order(self, ask: Mapping[str, Any]) -> str | None:
        wanted = self._wanted(str(ask["kind"]))
        orders = ask.get("orders", [])
        known = list(self.script["known"].get("order_ids") or ())
        if ALL.search(self.spoken.lower()) and not wanted:
            return "All of them."
        scored = [(sum(self._is(line["title"], wanted) for line in one["items"]), one) for one in orders]
        best = max((score for score, _ in scored), default=0)
        chosen = [one for score, one in scored if score == best > 0]
        if known and not any(one["order_id"] in known for one in chosen):
            return f"The order number is {known[0]}."
        if not chosen and "pending" in self.spoken:
            chosen = [one for one in orders if one["status"] == "pending"]
        if chosen:
            return self.phrasing.choice(f"order {chosen[0]['order_id']}")
        return f"It is the one with the {wanted[0]}." if wanted else None

    def _items(self, ask: Mapping[str, Any]) -> str | None:
        wanted = self._wanted(str(ask["kind"]))
        titles = [str(option["label"]) for option in ask["options"]]
        chosen = [title for title in titles if self._is(title, wanted)]
        if not chosen and ALL.search(self.spoken.lower()):
            return "All of them."
        chosen = self._narrowed(chosen)
        return self.phrasing.choice(f"the {' and the '.join(chosen)}") if chosen else self._dropping()

    def _narrowed(self, titles: list[str]) -> list[str]:
        """Of several alike, take what the customer described."""
        names = [title.split(" (")[0] for title in titles]
        if len(set(titles)) == len(set(names)):
            return list(dict.fromkeys(titles))
        many = re.search(r"\b(both|all|two|three|every)\b", str(self.script["opening"]).lower())
        told = " ".join([str(self.script["opening"]), *(one.text for one in self.conditions if "which" in one.trigger)])
        scored = [(sum(self._fit(title, told)), title) for title in titles]
        best = max(score for score, _ in scored)
        chosen = [title for score, title in scored if score == best]
        return chosen if many else chosen[:1]

    def _reason(self, ask: Mapping[str, Any]) -> str:
        return "No particular reason."

    def _cancel_reason(self, ask: Mapping[str, Any]) -> str:
        reasons = [str(option["label"]) for option in ask["options"]]
        mistake = [reason for reason in reasons if "mistake" in reason and "mistake" in self.spoken.lower()]
        return self.phrasing.choice((mistake or reasons)[0])

    def _method(self, ask: Mapping[str, Any]) -> str:
        return self._payment() or "The original payment method."

    def _address(self, ask: Mapping[str, Any]) -> str | None:
        known = self.script["known"]
        if known.get("address"):
            parts = (known["address"], known.get("city"), known.get("state"), known.get("zip"))
            return f"The address is {', '.join(str(part) for part in parts if part)}."
        texts = [*(one.text for one in self.clauses), *(one.text for one in self.conditions)]
        return next((text for text in texts if "address" in text.lower()), None)

    def _whole(self, ask: Mapping[str, Any]) -> str:
        """Answer whether the whole order shall go when one item cannot go alone."""
        due = self._due(ask.get("title", ""))
        if due is not None:
            due.said = True
            if not re.search(r"myself|on my own|not do anything|do it later", due.text):
                return _spoken(due.text)
        self._give_up(ask)
        return "No, then leave it."

    def _new_item(self, ask: Mapping[str, Any]) -> str | None:
        options = [(str(one["label"]), float(one.get("price") or 0.0)) for one in ask["options"]]
        product = options[0][0].split(" (")[0] if options else ""
        own = self._about(product)
        old = ask.get("item") or {}
        fitting = [pair for pair in options if self._acceptable(pair[0], own, str(old.get("title") or ""))]
        if re.search(r"only if (?:they are|it is|it's) cheaper", self.spoken) and old.get("price"):
            fitting = [pair for pair in fitting if pair[1] < old["price"]]
        strict = self._strict(product, [title for title, _ in options])
        if strict is not None and not strict.said and not self.store.values(product, strict.text):
            fitting = []
        if not fitting:
            due = strict or self._due(product)
            if due is not None:
                due.said = True
                self._only = due.text if "only" in due.text.lower() else self._only
                return _spoken(due.text)
            self._give_up(ask)
            return self._dropping()
        for pattern, highest in _PRICES:
            if re.search(pattern, self.spoken.lower()):
                fitting = [max(fitting, key=lambda pair: pair[1] if highest else -pair[1])]
        best = max(fitting, key=lambda pair: self._score(pair[0], own))
        return self.phrasing.choice(f"the {best[0]}")

    # The read-back

    def _check(self, effects: Sequence[Mapping[str, Any]]) -> str | None:
        due = next((one for one in self.conditions if not one.said and "confirm" in one.trigger), None)
        if due is not None:
            due.said = True
            if "only" in due.text.lower():
                self._only = due.text
            return _spoken(due.text)
        for objection in self._objections(effects):
            if objection not in self._objected:
                self._objected.append(objection)
                return objection
            if objection.startswith("No"):
                self._give_up(
                    {
                        "kind": effects[0]["kind"],
                        "title": effects[0]["items"][0]["title"] if effects[0]["items"] else "",
                    }
                )
                return self._dropping()
        return self.phrasing.yes()

    def _objections(self, effects: Sequence[Mapping[str, Any]]) -> Iterable[str]:
        spoken = self._only or self.spoken
        everything = ALL.search(self.spoken.lower()) and not self._only
        for effect in effects:
            if not supports(self.spoken, effect["kind"]):
                yield f"No, that is not what I want. {self.script['opening']}"
            strange = [
                line["title"] for line in effect["items"] if not self._is(line["title"], self.store.named(spoken))
            ]
            known = effect.get("order_id") in (self.script["known"].get("order_ids") or ())
            known = known or bool(re.search(r"\bitems?\b", self.spoken)) or bool(self.script["known"].get("item_ids"))
            if strange and not everything and not known and effect["kind"] != "cancel":
                yield f"No, not the {strange[0]}."
            for old, new in zip(effect["items"], effect.get("new_items") or (), strict=False):
                own = self._about(new["title"].split(" (")[0])
                if not self._acceptable(new["title"], own, old["title"]):
                    values = self.store.values(new["title"].split(" (")[0], own)
                    words = ", ".join(value for found in values.values() for value in found)
                    if not words:
                        continue
                    yield f"The {new['title'].split(' (')[0]} should be {words}."
        yield from self._preferences(effects)
        yield from self._method_objections(effects)
        yield from self._missing(effects)

    def _missing(self, effects: Sequence[Mapping[str, Any]]) -> Iterable[str]:
        """What was asked for in the same breath and is not there: an exchange can be made once only."""
        if self._only or self._refused:
            return
        have = [line["title"] for effect in [*effects, *self.done] for line in effect["items"]]
        for clause in self.clauses:
            kinds = {effect["kind"] for effect in effects if supports(clause.text, effect["kind"]) and effect["items"]}
            groups = self.store.groups(clause.text)
            missing = [names[0] for names in groups if not any(self._is(title, names) for title in have)]
            if kinds and missing and not clause.over and len(missing) < len(groups):
                yield f"And the {missing[0]}: {clause.text}"

    # What is left

    def _note_done(self, done: Mapping[str, Any]) -> None:
        effects = done.get("effects") or ()
        self.done += effects
        for effect in effects:
            for clause in self.clauses:
                named = [line for line in effect["items"] if self._is(line["title"], clause.products)]
                about = supports(clause.text, effect["kind"]) and (named or not effect["items"] or not clause.products)
                clause.over = clause.over or bool(about)

    def _fallback(self, refusals: Sequence[Mapping[str, Any]]) -> str | None:
        title = " ".join(str(one.get("title") or "") for one in refusals)
        due = self._due(title)
        if due is None:
            for refusal in refusals:
                self._give_up(refusal)
            return None
        due.said = True
        if "only" in due.text.lower():
            self._only = due.text
        return _spoken(due.text)

    def _due(self, about: str) -> Condition | None:
        """Return the condition that a refusal makes due: the nearest in words, else the first."""
        left = [one for one in self.conditions if not one.said and one.trigger and REFUSED.search(one.trigger)]
        left = [one for one in left if "confirm" not in one.trigger]
        words = set(stems(about))
        return max(left, key=lambda one: len(words & set(stems(f"{one.trigger} {one.text}"))), default=None)

    def _give_up(self, about: Mapping[str, Any]) -> None:
        for clause in self.clauses:
            if supports(clause.text, str(about.get("kind"))) and (
                not about.get("title") or not clause.products or self._is(str(about["title"]), clause.products)
            ):
                clause.over = True

    def _dropping(self) -> str | None:
        left = [clause for clause in self.clauses if not clause.over and kinds_in(clause.text) and clause.said < 2]
        if not left:
            return "No, never mind."
        return self._next()

    def _next(self) -> str | None:
        """Say again what is still open, each wish at most twice."""
        for clause in self.clauses:
            if not clause.over and clause.said < 2 and kinds_in(clause.text):
                clause.said += 1
                return clause.text
        for one in self.conditions:
            if (
                not one.trigger
                and not one.said
                and kinds_in(one.text)
                and not re.search(r"prefer|never|do not want", one.text)
            ):
                one.said = True
                return one.text
        if self._refused:
            due = self._due("")
            if due is not None:
                due.said = True
                return _spoken(due.text)
        return None

    def _wanted(self, kind: str) -> list[str]:
        texts = [clause.text for clause in self.clauses if not clause.over and supports(clause.text, kind)]
        if self._only:
            texts = [self._only]
        return list(dict.fromkeys(name for text in texts for name in self.store.named(text)))


def _conditions(text: str) -> list[Condition]:
    if _SILENT.search(text):
        return []
    match = re.match(
        r"(?:but |otherwise )?(?:if|when|unless)\b(.*?),\s*"
        r"((?:then )?(?:I|I'd|I'm|just|cancel|return|exchange|please|it)\b.*)$",
        text,
    ) or re.match(r"(?:but |otherwise )?(?:if|when|unless)\b(.*?),\s*(.*)$", text, re.IGNORECASE)
    if match:
        return [Condition(match.group(1).lower(), match.group(2))]
    return [Condition("", text)]


def _spoken(text: str) -> str:
    return _FILLER.sub(lambda match: "I would " if "would" in match.group() or "'d" in match.group() else "", text)

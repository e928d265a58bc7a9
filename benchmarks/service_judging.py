"""What a scripted customer thinks of options and read-backs, by the script's own words alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.service_phrasings import Phrasing
from benchmarks.service_shop import options_of
from benchmarks.service_words import Storefront, stems

METHODS = {
    "paypal": r"paypal", "gift card": r"gift ?card|\bgc\b", "credit card": r"credit ?card|visa|master ?card|amex",
}  # fmt: skip
REFUSED = re.compile(
    r"\b(no|not|cannot|can't|doesn't|isn't|unable|unavailable|only|refuses?|unless|fails|insists|won't|if and only)\b",
    re.IGNORECASE,
)
_NEVER = re.compile(r"not possible|not available|no exact|cannot")


@dataclass
class Condition:
    """A sentence of the script that is said when it is due."""

    trigger: str
    text: str
    said: bool = False


@dataclass
class Clause:
    """One wish of the opening."""

    text: str
    products: list[str]
    said: int = 0
    over: bool = False
    """Done, or given up."""


@dataclass
class Judge:
    """Knows the script and the storefront."""

    script: Mapping[str, Any]
    store: Storefront
    phrasing: Phrasing
    clauses: list[Clause] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)

    @property
    def spoken(self) -> str:
        """Everything the customer may say."""
        return " ".join([str(self.script["opening"]), *(one.text for one in self.conditions)])

    def _strict(self, product: str, titles: Sequence[str]) -> Condition | None:
        """Return the condition that names what it must have ("if there is none that is …") when no option has it."""
        for one in self.conditions:
            wanted = self.store.values(product, one.trigger)
            if len(wanted) < 2 or not REFUSED.search(one.trigger):
                continue
            if not any(all(options_of(t).get(n) in vs for n, vs in wanted.items()) for t in titles):
                return one
        return None

    def _acceptable(self, title: str, own: str, old: str) -> bool:
        """Tell whether an option has every value that was asked for, or one that a condition allows instead."""
        product, options = title.split(" (")[0], options_of(title)
        before = options_of(old)
        wanted = self.store.values(product, own)
        allowed = self.store.values(product, " ".join(one.text for one in self.conditions))
        for option, values in wanted.items():
            values = [value for value in values if value != before.get(option)] or values
            if options.get(option) not in [*values, *allowed.get(option, ())]:
                return False
        same = " ".join(
            match.group(1)
            for match in re.finditer(r"same ([^.,;]+?)(?=[.,;]|$)", own.lower())
            if " as " not in match.group()
        )
        words = set(stems(same))
        return not any(
            set(stems(name)) & words and options.get(name) != value
            for name, value in before.items()
            if name not in wanted
        )

    def _score(self, title: str, own: str) -> float:
        product, options = title.split(" (")[0], options_of(title)
        total = 0.0
        for weight, text in ((10.0, own), (3.0, " ".join(one.text for one in self.conditions))):
            for option, values in self.store.values(product, text).items():
                if options.get(option) in values:
                    total += weight - values.index(options[option])
        return total

    def _fit(self, title: str, text: str) -> Iterable[int]:
        product, options = title.split(" (")[0], options_of(title)
        return [1 for option, values in self.store.values(product, text).items() if options.get(option) in values]

    def _about(self, product: str) -> str:
        """Return what the opening says of a product."""
        texts = [
            self.store.about(product, re.sub(r"\(.*?\)", "", c.text)) for c in self.clauses if product in c.products
        ]
        return " ".join(texts) or str(self.script["opening"])

    def _preferences(self, effects: Sequence[Mapping[str, Any]]) -> Iterable[str]:
        """A preference that the script states and that the new item does not meet is told once."""
        for effect in effects:
            for old, new in zip(effect["items"], effect.get("new_items") or (), strict=False):
                before, after = options_of(old["title"]), options_of(new["title"])
                wanted = self.store.values(new["title"].split(" (")[0], self._about(new["title"].split(" (")[0]))
                beyond = [name for name, value in before.items() if name not in wanted and after.get(name) != value]
                yield from (one.text for one in self.conditions if beyond and "exact" in one.trigger)
                product, options = new["title"].split(" (")[0], options_of(new["title"])
                for one in self.conditions:
                    if not re.search(r"prefer|cheapest|most expensive", one.text) or _NEVER.search(one.trigger):
                        continue
                    for option, values in self.store.values(product, one.text).items():
                        if options.get(option) != values[0]:
                            yield one.text

    def _method_objections(self, effects: Sequence[Mapping[str, Any]]) -> Iterable[str]:
        named = [name for name, pattern in METHODS.items() if re.search(pattern, self.spoken, re.IGNORECASE)]
        for effect in effects:
            for move in effect.get("moves") or ():
                label = str(move["label"]).lower().replace("_", " ")
                fits = any(re.search(METHODS[name], label) or name in label for name in named)
                if named and not fits and effect["kind"] in ("return", "exchange", "change_items"):
                    yield f"I prefer {self._payment() or named[0]}"

    def _payment(self) -> str | None:
        for text in [*(one.text for one in self.conditions), *(clause.text for clause in self.clauses)]:
            for name, pattern in METHODS.items():
                if re.search(pattern, text, re.IGNORECASE):
                    return f"My {name}, please."
        return None

    def _is(self, title: str, products: Iterable[str]) -> bool:
        name = title.split(" (")[0]
        return any(name == product for product in products)

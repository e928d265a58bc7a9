"""What the scripted customers can read: kinds of wishes, product names and options in a text. General English only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from retrieval.tokens import stem

KINDS = {
    "cancel": r"\b(cancel\w*|undo)\b",
    "return": r"\b(return\w*|refund\w*|send back|money back)\b",
    "exchange": r"\b(exchang\w*|swap\w*|replac\w*|switch\w*|trade)\b",
    "change": r"\b(chang\w*|modif\w*|adjust\w*|updat\w*|upgrad\w*|correct\w*|switch\w*|add)\b",
    "address": r"\baddress\w*\b|\b(ship|send|sent|deliver)\w* (it )?to\b",
    "payment": r"\b(payment method|pay for|pay with|paid with)\b",
}
_SAME = {"change_items": ("exchange", "change"), "exchange": ("exchange", "change"), "return": ("return",)}
_SUPPORT = {
    "cancel": ("cancel", "return"), "change_address": ("address",), "change_home": ("address",),
    "change_payment": ("payment", "change"), **_SAME,
}  # fmt: skip
ALL = re.compile(
    r"\b(everything|all (the )?(things|items|orders|stuff)|all possible|all of|every(thing)?|whole order)\b"
)
_SIZES = {"small": "s", "medium": "m", "large": "l"}
_NOT = re.compile(
    r"(?:instead of|rather than|other than|not(?! care)|than|from|no longer|replacing)\s+(?:an?|the|my)?\s*$"
)
_WORD = re.compile(r"[a-z0-9]+(?:[.'][a-z0-9]+)*")


def tokens(text: str) -> list[str]:
    """Return the words of a text, lower case; hyphens separate."""
    return _WORD.findall(text.lower().replace("t-shirt", "tshirt").replace("e-reader", "ereader"))


@lru_cache(maxsize=20_000)
def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words."""
    return tuple(stem(word) for word in tokens(text))


def kinds_in(text: str) -> frozenset[str]:
    """Return which kinds of changes a text speaks of."""
    return frozenset(kind for kind, pattern in KINDS.items() if re.search(pattern, text.lower()))


def supports(text: str, kind: str) -> bool:
    """Tell whether a text asks for a change of a kind."""
    found = kinds_in(text)
    return any(one in found for one in _SUPPORT.get(kind, (kind,))) or (
        kind in ("cancel", "return") and bool(re.search(r"no longer need|don't need|get rid of", text.lower()))
    )


@dataclass(frozen=True)
class Storefront:
    """What anybody sees of the shop: its products and the values of their options."""

    products: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def named(self, text: str) -> list[str]:
        """Return the products that a text names, in its order: by the whole name, or by a word only they have."""
        said = stems(text)
        found: dict[str, int] = {}
        for name in self.products:
            own = stems(name)
            places = [at for at, word in enumerate(said) if word == own[-1]]
            if places and (len(own) == 1 or self._alone(own[-1], name, said, places[0])):
                found[name] = places[0]
            elif (
                len(own) > 1
                and own[0] in said
                and self._single(own[0])
                and own[-1] not in said
                and not self._option(own[0])
                and not self._compound(said, own[0])
            ):
                found[name] = said.index(own[0])
        return sorted(found, key=lambda name: found[name])

    def _alone(self, head: str, name: str, said: tuple[str, ...], at: int) -> bool:
        rivals = [other for other in self.products if stems(other)[-1] == head and other != name]
        before = said[max(0, at - 2) : at]
        mine = any(word in before for word in stems(name)[:-1])
        theirs = any(word in before for other in rivals for word in stems(other)[:-1])
        return mine or not theirs

    def _compound(self, said: tuple[str, ...], word: str) -> bool:
        at = said.index(word)
        return any(stems(name)[-1] in said[at + 1 : at + 2] for name in self.products)

    def _option(self, word: str) -> bool:
        return any(word in stems(name) for options in self.products.values() for name in options)

    def groups(self, text: str) -> list[list[str]]:
        """Return the products that a text names, those together that one word may mean."""
        found: dict[str, list[str]] = {}
        for name in self.named(text):
            found.setdefault(stems(name)[-1], []).append(name)
        return list(found.values())

    def _single(self, word: str) -> bool:
        return sum(word in stems(name) for name in self.products) == 1

    def about(self, product: str, text: str) -> str:
        """Return what a text says of a product: from its name to the next product's."""
        words, parts, on = text.split(" "), [], not self.named(text)
        for at, word in enumerate(words):
            here = self.named(" ".join(words[max(0, at - 1) : at + 2]))
            if here:
                on = product in here if self.named(word) or product in here else on
            if on:
                parts.append(word)
        return " ".join(parts)

    def values(self, product: str, text: str) -> dict[str, list[str]]:
        """Return the option values of a product that a text asks for, by option, in the text's order."""
        low = " ".join(tokens(text))
        found: dict[str, list[tuple[int, str]]] = {}
        for option, values in self.products.get(product, {}).items():
            for value in values:
                at = _place(value, low)
                if at is not None:
                    found.setdefault(option, []).append((at, value))
        return {option: [value for _, value in sorted(pairs)] for option, pairs in found.items()}


def _place(value: str, low: str) -> int | None:
    words = " ".join(tokens(value))
    spoken = {words, re.sub(r"(\d+)([a-z]+)\b", r"\1 \2", words), re.sub(r"(\d+)([a-z]+)\b", r"\1", words)}
    spoken |= {long for long, short in _SIZES.items() if short == words}
    spoken |= {"gray" if words == "grey" else "grey" if words == "gray" else words}
    spoken -= {one for one in spoken if one.isdigit() and len(one) < 2 and one != words}
    for one in sorted(spoken, key=len, reverse=True):
        for match in re.finditer(rf"(?<![a-z0-9]){re.escape(one)}(?:s|es)?(?![a-z0-9])", low):
            more = re.match(r"\s+(?:\w+\s+)?(?:more|less|fewer)\b", low[match.end() :])
            if not _NOT.search(low[: match.start()]) and not more:
                return match.start()
    return None

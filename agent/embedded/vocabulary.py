"""The shop's vocabulary, compiled from its catalogue and ``shop.yaml``: what the decider can recognise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.embedded.grammar import Grammar, grammars
from agent.embedded.inflection import comparatives, counted, measured, opposites, questions, superlatives
from agent.embedded.lexicon import Kind, Lexicon
from agent.embedded.text import tokenize
from agent.embedded.titles import Titles
from core.entities import Constraint, Facet, FacetType, Op, Value
from retrieval.bilingual import PLAIN, bilingual
from retrieval.catalogue import BUILT_IN, Catalogue
from retrieval.comparing import iso_date
from retrieval.constraints import mask
from retrieval.tokens import stem
from retrieval.units import all_units, currencies

_SPLIT = re.compile(r"\s*(?:[&,/、，]|\band\b|\bor\b|和|与|及)\s*")
_BRACKETED = re.compile(r"^(.+?)\s*[(（]([^()（）]+)[)）]$")
_PART, _MUCH, _SHARED = 4, 0.35, 12
"""A word of at least so many letters, which is at least this share of a name's letters and stands in at most so many
names, names them by itself."""
_COLOUR = 2
"""Characters of the Chinese name of a plain colour."""
MAX_VALUES = 20_000
"""Values of one facet that are learned by name."""


class Vocabulary:
    """Everything that a message is read against; immutable once compiled."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Compile the vocabulary of a catalogue."""
        self.catalogue = catalogue
        self.grammars = grammars()
        self.lexicon = Lexicon()
        self._counts: dict[tuple[str, str, str | None], int] = {}
        self._numbers: dict[tuple[str, str | None], npt.NDArray[np.float64]] = {}
        self._bare: dict[str, dict[tuple[str, ...], str]] = {}
        self._modifiers: dict[str, set[str]] = {}
        self._parts: dict[str, dict[str, set[str]]] = {}
        self.stopwords: frozenset[str] = PLAIN.union(*(grammar.stopwords for grammar in self.grammars))
        self.lexicon.common = self.stopwords
        for grammar in self.grammars:
            self._add_grammar(grammar)
            self.lexicon.confusions |= grammar.confusions
        self._add_units()
        self._unnamed: list[tuple[list[str], Kind, str, str]] = []
        """Names without a Chinese one, until the shop's own words are all known."""
        self._add_categories()
        self._add_brands()
        for facet in catalogue.facets.values():
            self._add_facet(facet)
            self._add_values(facet)
        self._add_chinese()
        self.lexicon.names = Titles(catalogue, self.stopwords)

    @cached_property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """Return node -> its path, of every node of the category tree."""
        nodes: dict[str, tuple[str, ...]] = {}
        for path in self.catalogue.category_paths():
            for depth in range(len(path)):
                nodes.setdefault(path[depth], tuple(path[: depth + 1]))
        return nodes

    def better(self, field: str) -> str | None:
        """Return which end of a numeric field most people want, if one: ``higher`` or ``lower``."""
        facet = self.catalogue.facets.get(field)
        return facet.better if facet else None

    def _add_grammar(self, grammar: Grammar) -> None:
        tables: list[tuple[Kind, dict[Any, list[str]]]] = [
            (Kind.GRAMMAR, grammar.roles), (Kind.ORDINAL, grammar.ordinals), (Kind.NUMBER, grammar.numbers),
            (Kind.DECADE, grammar.decades), (Kind.MULTIPLIER, grammar.multipliers), (Kind.CUE, grammar.cues),
            (Kind.POLITE, {"": grammar.politeness}),
        ]  # fmt: skip
        for kind, table in tables:
            for name, phrases in table.items():
                in_field = kind in (Kind.GRAMMAR, Kind.CUE)
                for phrase in phrases:
                    self.lexicon.add(
                        phrase, kind, str(name) if in_field else "", "" if in_field else str(name), fuzzy=False
                    )

    def numbers_of(self, field: str, category: str | None) -> npt.NDArray[np.float64]:
        """Return the stated numbers of a facet among a category's items (all items when None); kept once computed.

        They place vague words and quantities; a price that changed a moment ago does not move them.
        """
        key = (field, category)
        if key not in self._numbers:
            numbers = self.catalogue.numbers(field)
            if category is not None:
                numbers = numbers[mask(self.catalogue, [Constraint("", "category", Op.EQ, category)])]
            self._numbers[key] = np.sort(numbers[np.isfinite(numbers)])
        return self._numbers[key]

    def count_of(self, field: str, value: str, category: str | None) -> int:
        """Return how many items of a category have a value; kept once computed."""
        key = (field, value, category)
        if key not in self._counts:
            wanted = [Constraint("", field, Op.EQ, value)]
            if category is not None:
                wanted.append(Constraint("", "category", Op.EQ, category))
            self._counts[key] = int(np.count_nonzero(mask(self.catalogue, wanted)))
        return self._counts[key]

    def is_name_of(self, text: str, category: str) -> bool:
        """Tell whether a text is a category's own name, in any number, and not only another word for it."""
        config = self.catalogue.shop.categories.get(category)
        return _stems(text) in {_stems(name) for name in (category, *(config.label.values() if config else ()))}

    def stated_share(self, field: str, category: str | None) -> float:
        """Return how large a share of a category's items (of all when None) states a facet."""
        stated = self.catalogue.stated(field)
        if category is not None:
            stated = stated[mask(self.catalogue, [Constraint("", "category", Op.EQ, category)])]
        return float(stated.mean()) if len(stated) else 0.0

    def _add_units(self) -> None:
        # A shop has one currency: an amount in words of any is an amount in it (nothing here knows exchange rates).
        for code, groups in currencies().items():
            for name in (code, *(name for names in groups.values() for name in names)):
                self.lexicon.add(name, Kind.UNIT, "money", code, fuzzy=False)
        for unit in all_units().values():
            for name in unit.all_names():
                self.lexicon.add(name, Kind.UNIT, "", unit.symbol, fuzzy=False)

    def _add_categories(self) -> None:
        """Learn the names of categories, and the parts of names like "Phones & Tablets" that name no other one."""
        configs = self.catalogue.shop.categories
        whole: dict[str, list[str]] = {}
        for node in self.categories:
            config = configs.get(node)
            labels = [node, *(config.label.values() if config else ())]
            names = [*labels, *(_flat(config.synonyms) if config else ())]
            whole[node] = self._sound(names)
            self._unnamed.append((whole[node], Kind.CATEGORY, "category", node))
        owned = {_stems(name) for names in whole.values() for name in names}
        for node, names in whole.items():
            parts = [part for name in names for part in _SPLIT.split(name) if _stems(part) not in owned]
            for name in (*names, *self._sound(parts)):
                self.lexicon.add(name, Kind.CATEGORY, "category", node)

    def _add_brands(self) -> None:
        configs = self.catalogue.shop.brands
        for brand in self.catalogue.values("brand"):
            config = configs.get(brand)
            names = [brand, *(config.label.values() if config else ()), *(config.synonyms if config else ())]
            for name in self._sound(names):
                self.lexicon.add(name, Kind.BRAND, "brand", brand)

    def _add_facet(self, facet: Facet) -> None:
        names = [facet.name.replace("_", " "), *facet.labels.values(), *_flat(facet.synonyms)]
        names += [name for grammar in self.grammars for name in grammar.fields.get(facet.name, ())]
        self._unnamed.append((names, Kind.FACET, facet.name, ""))
        for name in names if facet.name in BUILT_IN else self._sound(names):
            self.lexicon.add(name, Kind.FACET, facet.name)
        if facet.type not in (FacetType.NUMBER, FacetType.DATE):
            return
        self._add_degrees(facet.name, _flat(facet.low_words), Kind.LOW, Kind.LOWER, Kind.LOWEST, Kind.HIGHER)
        self._add_degrees(facet.name, _flat(facet.high_words), Kind.HIGH, Kind.HIGHER, Kind.HIGHEST, Kind.LOWER)

        for word in filter(None, map(measured, facet.labels.values())):
            self._add_questions(facet.name, word)
        for word in filter(None, map(counted, facet.labels.values())):
            self.lexicon.add(word, Kind.FACET, facet.name)

    def _add_questions(self, field: str, word: str) -> None:
        """Learn "how heavy": it names the facet and asks for it."""
        for form in questions(word):
            self.lexicon.add(form, Kind.FACET, field)
            self.lexicon.add(form, Kind.CUE, "details")

    def _add_degrees(self, field: str, words: Iterable[str], plain: Kind, more: Kind, most: Kind, less: Kind) -> None:
        for word in words:
            self.lexicon.add(word, plain, field)
            self._add_questions(field, word)
            for kind, forms in ((more, comparatives(word)), (most, superlatives(word)), (less, opposites(word))):
                for form in forms:
                    self.lexicon.add(form, kind, field)

    def _add_values(self, facet: Facet) -> None:
        if facet.type not in (FacetType.CATEGORY, FacetType.LIST) or facet.name in ("brand", "category"):
            return
        for value in list(self.catalogue.values(facet.name))[:MAX_VALUES]:
            names = [value, *facet.value_labels.get(value, {}).values(), *facet.value_synonyms.get(value, ())]
            names += [part for name in names for part in _aliases(name)]
            self._unnamed.append((names, Kind.VALUE, facet.name, value))
            # A single letter is a value only beside its facet's name.
            sound = [name for name in self._sound(names) if len(name) > 1 or not name.isascii()]
            for name in sound:
                self.lexicon.add(name, Kind.VALUE, facet.name, value)
                self._add_parts(facet.name, name, value)
            for name in dict.fromkeys(names):
                if name not in sound and (words := tuple(token.text for token in tokenize(name))):
                    self._bare.setdefault(facet.name, {}).setdefault(words, value)

    def _add_parts(self, field: str, name: str, value: str) -> None:
        """Learn the words that make up much of a longer name: "Spielberg" of "Steven Spielberg"."""
        words = [token for token in tokenize(name) if token.kind == "word" and token.text not in self.stopwords]
        if len(words) > 1:
            self._modifiers.setdefault(field, set()).add(words[0].text)
        whole = sum(len(word.text) for word in words)
        for word in words if len(words) > 1 else ():
            if len(word.text) >= _PART and len(word.text) >= _MUCH * whole:
                self._parts.setdefault(word.text, {}).setdefault(field, set()).add(value)

    def modifies(self, word: str, field: str) -> bool:
        """Tell whether a word begins longer values of a facet: "pastel" where there is "pastel pink"."""
        return word not in self.stopwords and word in self._modifiers.get(field, ())

    def is_head(self, word: str, value: str) -> bool:
        """Tell whether a word is the last of a value, any version aside: "leather" of "faux leather"."""
        words = [token for token in tokenize(value) if token.kind == "word"]
        return bool(words) and words[-1].stem == stem(word)

    def partly(self, word: str, category: str | None) -> list[tuple[str, str]]:
        """Return (facet, value) of the values that a word names in part, of the facet that has fewest such values."""
        fields = self._parts.get(word, {})
        had = {
            field: sorted(value for value in values if self.count_of(field, value, category))
            for field, values in fields.items()
            if len(values) <= _SHARED
        }
        least = min((field for field in had if had[field]), key=lambda field: len(had[field]), default=None)
        return [(least, value) for value in had[least]] if least is not None else []

    def bare_values(self, field: str) -> dict[tuple[str, ...], str]:
        """Return words -> value, of the values that only mean it beside their facet's name: "12", "no", "all"."""
        return self._bare.get(field, {})

    def _add_chinese(self) -> None:
        """Learn Chinese words for what the shop names in English alone.

        Only those that mean nothing yet: the shop's own synonyms and general words go before a dictionary.
        """
        chinese = bilingual()
        found = [
            (word, kind, field, value)
            for names, kind, field, value in self._unnamed
            for word in chinese.naming(names)
            if not self.lexicon.knows(word)
        ]
        for word, kind, field, value in found:
            self.lexicon.add(word, kind, field, value)
            if kind is Kind.VALUE:
                self._add_parts(field, word, value)
        self._unnamed.clear()

    def _sound(self, names: Iterable[str]) -> list[str]:
        """Drop names that are empty, or whose every word is a stopword: they would be found in any sentence."""
        kept = []
        for name in dict.fromkeys(name.strip() for name in names if name):
            words = [token for token in tokenize(name) if token.kind != "sign"]
            numbers = [token for token in words if token.kind == "number"]
            # Several numbers in a row, as in "110 - 240" or "16:9", are a name; one alone is an amount.
            named = len(numbers) > 1 and len(numbers) == len(words)
            plain = all(token.text in self.stopwords or token.kind == "number" for token in words)
            # Characters that mean little alone may name a place together: 上地.
            together = len(words) > 1 and all(token.kind == "cjk" for token in words) and name not in self.stopwords
            named = named or (together and not self.lexicon.knows(name))
            if words and (named or not plain):
                kept.append(name)
        return kept


def _aliases(name: str) -> tuple[str, ...]:
    """Return what else a name goes by: "Polyvinyl chloride (PVC)" is "PVC" too, and 黑色 is 黑的."""
    found = _BRACKETED.match(name)
    if found:
        return found.groups()
    return (f"{name[0]}的",) if len(name) == _COLOUR and name.endswith("色") else ()


def _flat(words: Any) -> list[str]:
    return [word for group in words.values() for word in group]


def _stems(name: str) -> tuple[str, ...]:
    return tuple(token.stem for token in tokenize(name))


def as_value(facet: Facet, value: Value) -> Value:
    """Return a bound as constraints keep it: a date facet's years and days since the epoch as ISO dates."""
    if facet.type is not FacetType.DATE:
        return value
    if isinstance(value, tuple):
        return tuple(str(_date(float(each))) for each in value)
    return _date(float(value))


def _date(number: float) -> str:
    return f"{int(number):04}-01-01" if 1000 <= number <= 2200 and number == int(number) else iso_date(int(number))

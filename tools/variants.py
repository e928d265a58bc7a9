"""Which variant of an item a customer's words describe: values named, what is to stay, and "bigger", "cheapest".

What can be said is read off the variants themselves (their facets' values, labels and synonyms from ``shop.yaml``);
nothing here knows a kind of goods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.entities import Facet, Item, Value
from retrieval.catalogue import Catalogue
from retrieval.tokens import fold, stem
from retrieval.units import convert, find_unit

_NOT = re.compile(
    r"(?:\b(?:instead of|rather than|other than|replacing|not|than|from|without|non)|而不是|不要|不是|代替|从)"
    r"[\s-]*(?:an?|the|my|being)?\s*$"
)
_SCALES = (
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("mini", "small", "medium", "large", "extra large"),
    ("none", "low", "medium", "high"),
    ("beginner", "easy", "intermediate", "medium", "advanced", "hard", "expert"),
    ("basic", "standard", "professional"),
    ("小号", "中号", "大号", "特大号"),
    ("低", "中", "高"),
)
_SIZES = {"s": "small", "m": "medium", "l": "large", "xl": "extra large"}
_MORE = ("more", "higher", "greater", "up", "更", "再", "高一")
_LESS = ("less", "lower", "fewer", "reduce", "更少", "低一")
_BIGGER = (
    "bigger", "larger", "big", "large", "longer", "taller", "wider", "higher capacity", "biggest", "largest", "longest",
    "tallest", "大", "长", "高",
)  # fmt: skip
_SMALLER = (
    "smaller", "shorter", "small", "short", "narrower", "smallest", "shortest", "小", "短", "矮",
)  # fmt: skip
_CHEAPEST = re.compile(r"\b(?:cheapest|least expensive|lowest[- ]priced?|lowest price)\b|最便宜|最低价")
_DEAREST = re.compile(r"\b(?:most expensive|priciest|highest[- ]priced?|highest price)\b|最贵")
_CHEAPER = re.compile(r"\b(?:cheaper|less expensive|lower[- ]priced?)\b|便宜一?点|更便宜|便宜些")
_DEARER = re.compile(r"\b(?:more expensive|pricier)\b|更贵|贵一?点")
_EXTREME = re.compile(r"\b(?:\w+est|most|least)\b|最")
_MORE_OF = re.compile(r"(\d[\d,]*)\s+(?:\w+\s+)?(more|fewer|less)\b")


@dataclass(frozen=True, slots=True)
class Described:
    """What words say of the new item, relative to the old one."""

    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """Facet -> the values that are asked for."""
    relative: Mapping[str, int] = field(default_factory=dict)
    """Facet -> 1 for more than the old item's value, -1 for less, 2 and -2 for the most and the least there is."""
    price: int = 0
    """The same for the price."""
    refused: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """Facet -> values that it must not have: "instead of", "not"."""

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return not (self.values or self.relative or self.price or self.refused)


def describe(words: str, old: Item | None, variants: Sequence[Item], catalogue: Catalogue) -> Described:
    """Return what words ask of a variant.

    Args:
        words: the customer's, about the new item only as far as that is known.
        old: what is replaced; a value that it has already is not what is asked for when another is named too.
        variants: the items to choose from.
        catalogue: knows the facets.
    """
    text = f" {fold(words).replace('-', ' ')} "
    names = list(dict.fromkeys(name for item in variants for name in traits(item)))
    found: list[tuple[int, int, str, Value]] = []
    for name in names:
        facet = catalogue.facets.get(name)
        for value in dict.fromkeys(traits(item)[name] for item in variants if name in traits(item)):
            for start, end in _places(text, value, facet):
                found.append((start, end, name, value))
    if old is not None:
        found += [(*place, name, value) for name, value in traits(old).items() if name in names
                  for place in _places(text, value, catalogue.facets.get(name))]  # fmt: skip
    # "USB-C" is not "USB": what lies within a longer match is part of it.
    outer = [
        one
        for one in found
        if not any(o[0] <= one[0] and one[1] <= o[1] and o[1] - o[0] > one[1] - one[0] for o in found)
    ]
    values: dict[str, tuple[Value, ...]] = {}
    refused: dict[str, tuple[Value, ...]] = {}
    for start, _, name, value in sorted(_settled(outer, text, catalogue), key=lambda one: one[0]):
        into = refused if _NOT.search(text[:start]) else values
        if value not in into.get(name, ()):
            into[name] = (*into.get(name, ()), value)
    values |= {name: found for name, found in _partly(text, variants, names).items() if name not in values}
    refused = {name: found for name, found in refused.items() if name not in values}
    for name, several in values.items():
        if old is not None and len(several) > 1 and traits(old).get(name) in several:
            values[name] = tuple(value for value in several if value != traits(old).get(name))
    if old is not None:
        values |= {name: (value,) for name, value in traits(old).items() if name in names and name not in values
                   and _kept(text, name, catalogue)}  # fmt: skip
        values |= _added(text, old, variants, catalogue)
    relative = {} if old is None else _relative(text, old, variants, catalogue, set(values))
    return Described(values, relative, _price(text), refused)


def traits(item: Item) -> Mapping[str, Value]:
    """Return what an item is told apart by: its facets and its brand."""
    return {**item.facets, "brand": item.brand} if item.brand else item.facets


def narrowed(described: Described, old: Item, variants: Sequence[Item]) -> list[Item]:
    """Return the variants that are everything that was described."""
    left = [item for item in variants if all(traits(item).get(n) in vs for n, vs in described.values.items())]
    left = [item for item in left if all(traits(item).get(n) not in vs for n, vs in described.refused.items())]
    for name, way in described.relative.items():
        before = rank(traits(old).get(name))
        ranked = [(rank(traits(item).get(name)), item) for item in left]
        known = [(value, item) for value, item in ranked if value is not None]
        if abs(way) == 1 and before is not None:
            known = [(value, item) for value, item in known if (value - before) * way > 0]
            step = min((abs(value - before) for value, _ in known), default=0.0)
            left = [item for value, item in known if abs(value - before) == step] if way in (1, -1) else []
        elif known:
            end = max(known)[0] if way > 0 else min(value for value, _ in known)
            left = [item for value, item in known if value == end]
    if described.price in (1, -1):
        left = [item for item in left if ((item.price or 0.0) - (old.price or 0.0)) * described.price > 0]
    if abs(described.price) == 2 and left:
        left = [min(left, key=lambda item: -described.price * (item.price or 0.0))]
    return left


def rank(value: Value | None) -> float | None:
    """Return where a value stands on a scale: a number, the number that it begins with, or a usual step."""
    if isinstance(value, bool) or value is None or isinstance(value, tuple):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = fold(str(value)).strip()
    number = re.match(r"(\d+(?:[.,]\d+)?)\s*([a-z]*)", text)
    if number:
        factor = {"tb": 1000.0, "l": 1000.0, "liter": 1000.0, "liters": 1000.0, "ft": 12.0, "k": 1000.0}
        return float(number.group(1).replace(",", ".")) * factor.get(number.group(2), 1.0)
    for scale in _SCALES:
        if text in scale:
            return float(scale.index(text))
    ending = re.search(r"(\d+)$", text)  # "i5", "IPX7"
    return float(ending.group(1)) if ending else None


def _partly(text: str, variants: Sequence[Item], names: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Return values that are named by a word that no other value has: "Google Home" for "Google Assistant"."""
    known: dict[str, set[tuple[str, Value]]] = {}
    for name in names:
        for value in {traits(item)[name] for item in variants if isinstance(traits(item).get(name), str)}:
            for word in re.findall(r"[a-z]{4,}", fold(str(value))):
                known.setdefault(stem(word), set()).add((name, value))
    titles = {stem(word) for item in variants for word in re.findall(r"[a-z]+", fold(" ".join(item.category[-1:])))}
    found: dict[str, tuple[Value, ...]] = {}
    for match in re.finditer(r"[a-z]{4,}", text):
        pairs = known.get(stem(match.group()), set())
        if len(pairs) == 1 and stem(match.group()) not in titles and not _NOT.search(text[: match.start()]):
            name, value = next(iter(pairs))
            found[name] = (*found.get(name, ()), value)
    return found


def _places(text: str, value: Value, facet: Facet | None) -> Iterable[tuple[int, int]]:
    for form in _forms(value, facet):
        if re.search(r"[一-鿿]", form):
            yield from ((m.start(), m.end()) for m in re.finditer(re.escape(form), text))
        else:
            pattern = rf"(?<![a-z0-9.]){re.escape(form)}(?:e?s|d|ed)?(?![a-z0-9])"
            yield from ((m.start(), m.end()) for m in re.finditer(pattern, text))
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _numbers(text, float(value), facet.unit if facet else None)


def _forms(value: Value, facet: Facet | None) -> set[str]:
    """Return how a value is said: itself, its labels and synonyms, and sizes by their words."""
    if isinstance(value, bool):
        return set()
    forms = {str(entry) for entry in value} if isinstance(value, tuple) else set()
    if isinstance(value, str):
        forms.add(value)
    if facet is not None:
        for one in list(forms):
            forms |= {*facet.value_labels.get(one, {}).values(), *facet.value_synonyms.get(one, ())}
    plain = {" ".join(fold(form).replace("-", " ").split()) for form in forms}
    for form in list(plain):
        plain |= {_SIZES.get(form, form), re.sub(r"(\d)([a-z])", r"\1 \2", form), form.replace(" ", "")}
        plain |= {short for short, word in _SIZES.items() if word == form}
        plain |= {form.replace("gray", "grey"), form.replace("grey", "gray")}
        plain.add(re.sub(r" (?:ssd|equivalent|lbs|inches|inch|degrees|ml)$", "", form))
        parts = re.split(r"\s*\+\s*|/", form)
        plain |= {part for part in parts if len(parts) > 1 and len(part) > 2}
    return {form for form in plain if form and not (form.isdigit() and form not in {fold(str(value))})}


def _numbers(text: str, value: float, unit: str | None) -> Iterable[tuple[int, int]]:
    for match in re.finditer(r"(?<![a-z0-9.])(\d[\d,]*(?:\.\d+)?)\s?([a-z]{1,10})?(?![a-z])", text):
        number, word = float(match.group(1).replace(",", "")), match.group(2)
        if unit is None:
            if number == value and not re.match(r"\s+(?:\w+\s+)?(?:more|fewer|less)\b", text[match.end(1) :]):
                yield match.start(), match.end(1)
            continue
        if word is None:
            continue
        if _in_unit(number, word, unit, value):
            yield match.start(), match.end()


def _in_unit(number: float, word: str, unit: str, value: float) -> bool:
    if word.startswith(unit.lower()[:2]):
        return number == value
    target = find_unit(unit)
    said = find_unit(word, target.dimension) if target else None
    return said is not None and abs(convert(number, said.symbol, unit) - value) < 1e-6


def _settled(
    found: Sequence[tuple[int, int, str, Value]], text: str, catalogue: Catalogue
) -> list[tuple[int, int, str, Value]]:
    """Let a value that several facets have count for the one that is named beside it, if one is."""
    out = []
    for one in found:
        rivals = {other[2] for other in found if other[:2] == one[:2]}
        named = {name for name in rivals if _names_facet(text[max(0, one[0] - 25) : one[1] + 25], name, catalogue)}
        if not named or one[2] in named:
            out.append(one)
    return out


def _names_facet(text: str, name: str, catalogue: Catalogue) -> bool:
    said = {stem(word) for word in re.findall(r"[a-z0-9]+", text)}
    return any({stem(word) for word in fold(words).split()} <= said for words in _facet_words(name, catalogue))


def _facet_words(name: str, catalogue: Catalogue) -> list[str]:
    facet = catalogue.facets.get(name)
    known = [name.replace("_", " ").replace("-", " ")]
    if facet is not None:
        known += [*facet.labels.values(), *(word for words in facet.synonyms.values() for word in words)]
    return known


def _kept(text: str, name: str, catalogue: Catalogue) -> bool:
    """Tell whether a text wants a facet to stay: "the same size and material", "keep the strap"."""
    said = " ".join(
        match.group(1)
        for match in re.finditer(
            r"\b(?:same|keep(?:ing)?(?: the)?|without changing)\b((?:(?! but |[.,;]).){2,60})", text
        )
    )
    return bool(said) and _names_facet(said, name, catalogue)


def preference(described: Described, item: Item) -> int:
    """Return how far from the first wishes an item is where several values would do ("black, else grey")."""
    own = traits(item)
    return sum(values.index(own[name]) for name, values in described.values.items() if own.get(name) in values)


def _added(text: str, old: Item, variants: Sequence[Item], catalogue: Catalogue) -> dict[str, tuple[Value, ...]]:
    """Return what "1000 more pieces" comes to."""
    match = _MORE_OF.search(text)
    if match is None:
        return {}
    step = float(match.group(1).replace(",", "")) * (1 if match.group(2) == "more" else -1)
    for name, value in traits(old).items():
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and any(traits(item).get(name) == value + step for item in variants)
        ):
            return {name: (value + step,)}
    return {}


def _relative(text: str, old: Item, variants: Sequence[Item], catalogue: Catalogue, named: set[str]) -> dict[str, int]:
    """Return the facets of which more or less is wanted."""
    found: dict[str, int] = {}
    extreme = 2 if _EXTREME.search(text) else 1
    ranked = [n for n in traits(old) if n not in named and rank(traits(old)[n]) is not None
              and len({rank(traits(item).get(n)) for item in variants} - {None}) > 1]  # fmt: skip
    for name in ranked:
        facet = catalogue.facets.get(name)
        way = _vague(text, facet) or _by_name(text, name, catalogue)
        if way:
            found[name] = way * extreme
    if not found:
        way = _size_way(text)
        sizes = [
            n for n in ranked if re.search(r"size|capacity|length|height|width|volume|diameter|尺|容|长|高", n)
        ] or (ranked if len(ranked) == 1 else [])
        if way and sizes:
            found[sizes[0]] = way * extreme
    return found


def _vague(text: str, facet: Facet | None) -> int:
    """Return the way that a facet's own vague words point: "lighter", "less bright", "更轻"."""
    if facet is None:
        return 0
    for words, way in ((facet.high_words, 1), (facet.low_words, -1)):
        for word in (one for each in words.values() for one in each):
            place = _compared(text, fold(word))
            if place is not None:
                less = re.search(r"\b(?:less|least|not so|not as|too)\s+$", text[:place]) or re.search(
                    r"(?:太|不那么|没那么)$", text[:place]
                )
                return -way if less else way
    return 0


def _compared(text: str, word: str) -> int | None:
    if re.search(r"[一-鿿]", word):
        at = text.find(word)
        return at if at >= 0 else None
    base = re.escape(word[:-1] if word.endswith(("e", "y")) else word)
    match = re.search(
        rf"\b{base}(?:i?er|e?r|i?est|\w?er|\w?est)\b|\b(?:more|less|most|least|too|not so) {re.escape(word)}\b", text
    )
    if match is None:
        return None
    return (
        match.end() - len(word)
        if match.group().startswith(("more ", "less ", "most ", "least ", "too ", "not "))
        else match.start()
    )


def _by_name(text: str, name: str, catalogue: Catalogue) -> int:
    """Return the way of "lower resolution", "fewest pieces", "higher capacity"."""
    for words in _facet_words(name, catalogue):
        head = re.escape(stem(fold(words).split()[0])) if words.split() else ""
        if not head:
            continue
        if re.search(rf"\b(?:lower|less|fewer|fewest|lowest|least|smaller|shorter|easie\w+)\s+(?:\w+\s)?{head}", text):
            return -1
        if re.search(rf"\b{head}\w*\s+(?:\w+\s)?(?:lower|less|fewer|smaller|shorter|down)\b", text):
            return -1
        if re.search(rf"\b{head}\w*\s+(?:\w+\s)?(?:higher|larger|bigger|longer|up)\b", text):
            return 1
        if re.search(rf"\b(?:higher|more|most|highest|larger|bigger|longer|harder)\s+(?:\w+\s)?{head}", text):
            return 1
    return 0


def _size_way(text: str) -> int:
    if re.search(
        r"\b(?:\w+\s)?(?:smaller|shorter|narrower|smallest|shortest)\b|"
        r"(?:小|短|矮)(?:一|点|些|号)|更(?:小|短)|too (?:big|large|long)|太[大长]",
        text,
    ):
        return -1
    return int(
        bool(
            re.search(
                r"\b(?:bigger|larger|longer|taller|wider|biggest|largest|longest)\b|"
                r"(?:大|长)(?:一|点|些|号)|更(?:大|长)|too (?:small|short|tight)|太[小短]",
                text,
            )
        )
    )


def _price(text: str) -> int:
    for pattern, way in ((_CHEAPEST, -2), (_DEAREST, 2), (_CHEAPER, -1), (_DEARER, 1)):
        if pattern.search(text):
            return way
    return 0

"""Draws a product's facets from its latent quality, by the specifications in the category tables.

A specification is one of

- ``{n: [low, high]}``: a number that goes from low (quality 0) to high (quality 1), times what its modifiers say:
  ``by`` (stated value or true facet -> factor), ``scale`` (numeric facet -> [middle, power]), ``noise`` (relative),
  ``step`` (rounded to multiples of it), ``min`` and ``max``;
- ``{pick: [...]}``: one rung of a ladder, the higher the better the quality; ``by`` shifts quality here;
- ``{any: {value: weight}}``: a value regardless of quality; ``given: {type value: {value: weight}}`` overrides it;
- ``{p: [low, high]}``: true with a probability that goes from low to high; ``by`` multiplies it;
- ``{when: {value: condition}}``: a list of the values whose conditions hold on what has been drawn before;
- ``{some: {value: [low, high]}}``: a list whose values are each present with such a probability;

and ``only`` states when the facet applies at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from generator.conditions import compile_condition

Spec = Mapping[str, Any]
Values = dict[str, Any]


def draw_facets(specs: Mapping[str, Spec], values: Values, quality: float, rng: Random) -> Values:
    """Add every facet that applies to ``values`` (which holds at least ``type``) and return it."""
    for name, spec in specs.items():
        if "only" in spec and not compile_condition(spec["only"])(values):
            continue
        drawn = _draw(spec, values, quality, rng)
        if drawn is not None and drawn != ():
            values[name] = drawn
    return values


def between(low: float, high: float, share: float) -> float:
    """Return the point at ``share`` of the way from low to high."""
    return low + (high - low) * share


def _draw(spec: Spec, values: Values, quality: float, rng: Random) -> Any:
    near = min(max(quality + rng.gauss(0, 0.1), 0.0), 1.0)
    if "n" in spec:
        return _number(spec, values, near, rng)
    if "pick" in spec:
        shifted = near + sum(_modifiers(spec, values))
        ladder = spec["pick"]
        return ladder[min(max(int(shifted * len(ladder)), 0), len(ladder) - 1)]
    if "any" in spec or "given" in spec:
        weights = spec.get("given", {}).get(values["type"]) or spec["any"]
        return rng.choices(list(weights), list(weights.values()))[0]
    if "p" in spec:
        chance = between(spec["p"][0], spec["p"][1], near)
        for factor in _modifiers(spec, values):
            chance *= factor
        return rng.random() < chance
    if "when" in spec:
        return tuple(value for value, text in spec["when"].items() if compile_condition(text)(values))
    return tuple(
        value for value, chances in spec["some"].items() if rng.random() < between(chances[0], chances[1], near)
    )


def _modifiers(spec: Spec, values: Values) -> list[float]:
    """Return the ``by`` entries whose key is a stated value or the name of a true facet."""
    table = spec.get("by")
    if not table:
        return []
    stated = {value for value in values.values() if isinstance(value, str)}
    stated |= {name for name, value in values.items() if value is True}
    return [factor for key, factor in table.items() if key in stated]


def _number(spec: Spec, values: Values, near: float, rng: Random) -> float:
    low, high = spec["n"]
    number = between(low, high, near) * (1 + rng.gauss(0, spec.get("noise", 0.05)))
    for factor in _modifiers(spec, values):
        number *= factor
    for name, (middle, power) in spec.get("scale", {}).items():
        if name in values:
            number *= (values[name] / middle) ** power
    number = min(max(number, spec.get("min", 0.0)), spec.get("max", float("inf")))
    step = spec.get("step", 1)
    return float(round(round(number / step) * step, 4))

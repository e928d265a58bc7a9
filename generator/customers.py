"""Invented customers: who they are and what they like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.features import feature_names
from generator.tables import categories, read_table

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class People:
    """All customers, column by column; the first are the personas."""

    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    tastes: Floats
    """Customer x feature weights (price: negative)."""
    interests: Floats
    """Customer x category."""
    activity: Floats
    personas: Mapping[str, str]
    """Customer id -> name and a few words."""


def draw_people(count: int, rng: np.random.Generator) -> People:
    """Draw customers from the archetypes: each is its archetype plus an individual deviation."""
    table = read_table("tastes")
    archetypes: dict[str, dict[str, Any]] = table["archetypes"]
    shares = np.array([raw["share"] for raw in archetypes.values()], dtype=float)
    kind = rng.choice(len(archetypes), count, p=shares / shares.sum())
    activity = rng.lognormal(0, 0.9, count)
    names = list(archetypes)
    for k, (_, persona, _) in enumerate(table["personas"]):
        kind[k], activity[k] = names.index(persona), 6.0
    means = np.array([_weights(raw) for raw in archetypes.values()])
    spread = np.array(
        [0.3] * (len(table["axes"]) + 1) + [0.25, 0.5] + [0.3] * (means.shape[1] - len(table["axes"]) - 3)
    )
    pure = np.arange(count) < len(table["personas"])
    tastes = means[kind] + rng.normal(0, 1, (count, means.shape[1])) * np.where(pure[:, None], 0.05, spread)
    keys = [category.key for category in categories()]
    liking = np.array([[raw["categories"].get(key, 0.12) for key in keys] for raw in archetypes.values()], dtype=float)
    interests = liking[kind] * rng.gamma(1.6, 1 / 1.6, (count, len(keys)))
    interests[pure] = liking[kind[pure]] ** 1.2
    ids = tuple(f"u{k + 1:05d}" for k in range(count))
    personas = {ids[k]: f"{name} · {words}" for k, (name, _, words) in enumerate(table["personas"])}
    return People(ids, tuple(names[k] for k in kind), tastes, interests, activity, personas)


def _weights(raw: Mapping[str, Any]) -> list[float]:
    favourites = set(raw["brands"])
    weights = {**raw["axes"], "quality": raw["quality"], "price": -raw["price"], "bright": 0.0}
    return [weights.get(name, 0.9 if name in favourites else 0.0) for name in feature_names()]


def writes_chinese(user: str, seed: int) -> bool:
    """Whether a customer's language is Chinese (about one in five)."""
    return Random(f"{seed}/language/{user}").random() < 0.21


def customer_rows(people: People, seed: int) -> list[dict[str, str]]:
    """Return ``customers.csv``: names, example.com addresses, telephone numbers reserved for fiction."""
    table = read_table("people")
    rows = []
    for k, user in enumerate(people.ids):
        rng = Random(f"{seed}/customer/{user}")
        chinese = writes_chinese(user, seed) and user not in people.personas
        given, family = rng.choice(table["given"]), rng.choice(table["family"])
        name, handle = f"{given} {family}", f"{given}.{family}"
        if chinese:
            (surname, latin), (first, first_latin) = rng.choice(table["family_zh"]), rng.choice(table["given_zh"])
            name, handle = f"{surname}{first}", f"{first_latin}.{latin}"
        persona = people.personas.get(user)
        if persona:
            name = f"{persona.split(' · ')[0]} {family}"
            handle = name.replace(" ", ".")
        town, postcode = rng.choice(table["towns"])
        rows.append(
            {
                "customer_id": user,
                "name": name,
                "email": f"{handle.lower()}{k + 1}@example.com",
                "phone": f"+1-{rng.randint(201, 989)}-555-01{rng.randint(0, 99):02d}",
                "postcode": f"{postcode}{rng.randint(10, 99)}",
                "address": f"{rng.randint(1, 240)} {rng.choice(table['streets'])}, {town}",
                "language": "zh" if chinese else "en",
            }
        )
    return rows

"""How often a requirement that the embedded model reads is one, by the kind of words: what an LLM is held to.

    python -m benchmarks.spans [--shops DIR …] [--items 150]

Sentences are the evaluation's phrasings of true needs of real items, half of them with talk of another thing beside
("my old one was …"), which is no need. Writes ``agent/llm/calibration.yaml``.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.assistant import Assistant
from agent.embedded.decider import EmbeddedDecider
from agent.llm.enforcing import kind_of
from agent.llm.heard import Heard
from agent.ports import TurnContext
from core.conversation import ConversationState
from core.entities import Constraint, Language, Op
from core.settings import CHECKOUT, Settings
from evaluation.needs import Need, needs_of, targets
from evaluation.speech import say
from retrieval.catalogue import Catalogue
from retrieval.columns import fold

ASIDE = {
    "en": ("My old one was {x}.", "A friend of mine has one {x}.", "The one I had before came {x}."),
    "zh": ("我以前那台是{x}。", "我朋友那个是{x}。", "之前用的那个{x}。"),
}
REFUSED = {
    "en": ("not from {x}", "no {x} please", "anything but {x}", "{x} is out of the question"),
    "zh": ("不要{x}的", "除了{x}都可以", "别给我{x}", "不考虑{x}"),
}
TARGET = CHECKOUT / "agent" / "llm" / "calibration.yaml"
HEAD = """\
# How often a constraint that the embedded model reads as a requirement is one, by the kind of words it is read from.
# Written by `python -m benchmarks.spans`. Kinds at .98 and above are enforced, whatever the LLM sends.
"""


@dataclass
class Tally:
    """Readings by kind, and how many were right."""

    read: Counter[str]
    right: Counter[str]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", nargs="+", type=Path, default=sorted((CHECKOUT / "shops").iterdir()))
    parser.add_argument("--items", type=int, default=150)
    options = parser.parse_args()
    tally = Tally(Counter(), Counter())
    for folder in options.shops:
        assistant = Assistant.open(Settings(shop=folder, watch=False, llm="embedded"))
        for language in ("en", "zh"):
            measure(assistant, language, options.items, tally)
        assistant.close()
    lines = [
        f"{kind}: {{precision: {tally.right[kind] / count:.3f}, n: {count}}}\n"
        for kind, count in sorted(tally.read.items())
    ]
    TARGET.write_text(HEAD + "".join(lines), encoding="utf-8")


def measure(assistant: Assistant, language: Language, items: int, tally: Tally) -> None:
    """Add one shop's readings in one language."""
    catalogue = assistant.recommender.catalogue
    decider = EmbeddedDecider(assistant.recommender, assistant.recommender.embedder)
    for message, needs in sentences(catalogue, language, items):
        context = TurnContext(
            message, language, ConversationState(turn=1, language=language), catalogue.shop, catalogue
        )
        heard = Heard(decider.read(context), decider.decide_now(context))
        for one in heard.wanted():
            if one.get("strength") == "wish":
                continue
            kind = kind_of(one, heard)
            tally.read[kind] += 1
            tally.right[kind] += any(meant(one, need.constraint) for need in needs)


def sentences(catalogue: Catalogue, language: Language, items: int) -> Iterator[tuple[str, list[Need]]]:
    """Yield messages with the needs that they state."""
    rng = random.Random(7)
    chosen = targets(catalogue, language, items, 7)
    for at, item_id in enumerate(chosen):
        known = needs_of(catalogue, catalogue.row(item_id), language, rng)
        names = [name for name in known if name != "category"]
        needs = [known[name] for name in rng.sample(names, min(rng.choice((1, 2, 3)), len(names)))]
        told = [say(language, need.kind, rng.randrange(4), **need.words) for need in needs]
        if at % 3 == 0 and (turned_down := _refused(catalogue, known, language, rng)):
            told.append(rng.choice(REFUSED[language]).replace("{x}", turned_down.words["value"]))
            needs.append(turned_down)
        if "category" in known:
            words = known["category"].words["value"]
            text = say(language, "openings", rng.randrange(4), category=words, needs=", ".join(told))
            needs.append(known["category"])
        else:
            text = say(language, "openings_open", rng.randrange(4), needs=", ".join(told))
        if at % 2:
            other = needs_of(catalogue, catalogue.row(rng.choice(chosen)), language, rng)
            aside = rng.choice([need for name, need in other.items() if name not in known] or list(other.values()))
            if aside.field not in {need.field for need in needs}:
                said = say(language, aside.kind, rng.randrange(4), **aside.words)
                text = f"{text} {rng.choice(ASIDE[language]).replace('{x}', said)}"
        yield text, needs


def _refused(catalogue: Catalogue, known: Mapping[str, Need], language: Language, rng: random.Random) -> Need | None:
    """Return a brand, or a value of a facet, that the item does not have and the shopper does not want."""
    name = rng.choice([name for name, need in known.items() if need.kind in ("brand", "is")] or ["brand"])
    values = [value for value in catalogue.values(name) if name not in known or value != known[name].constraint.value]
    if not values:
        return None
    value = rng.choice(sorted(values))
    shown = catalogue.facets[name].value_label(value, language)
    return Need(name, "no", Constraint("", name, Op.NE, value), {"label": name, "value": shown})


def meant(read: Mapping[str, Any], true: Constraint) -> bool:
    """Tell whether a reading is a need: its field, its direction and its value."""
    if read["field"] != true.field:
        return False
    op, value = Op(str(read["op"])), read["value"]
    if isinstance(true.value, bool) or isinstance(value, bool):
        return value is true.value and (op is Op.NE) is (true.op is Op.NE)
    if isinstance(true.value, int | float):
        upper = {Op.LE, Op.LT}
        if op is Op.BETWEEN or not isinstance(value, int | float):
            return False
        return (op in upper) is (true.op in upper) and bool(np.isclose(value, true.value, rtol=0.01))
    wanted = {fold(part.strip()) for part in str(true.value).split(">")}
    said = {fold(str(each)) for each in (value if isinstance(value, list | tuple) else (value,))}
    return (op in (Op.NE, Op.NOT_IN, Op.NOT_CONTAINS)) is (true.op is Op.NE) and bool(said & wanted)


if __name__ == "__main__":
    main()

"""How well the check of generated sentences tells true from false: ``python -m benchmarks.grounding``.

True statements (by the embedded writer, and paraphrases from ``grounding_phrasings.yaml``) about items that a search
found, and the same statements made false in one place: another price or number, another item, an item that was not
found or does not exist, a property that the item lacks, a negation turned round, another unit. Measured are the share
of false sentences that are stopped (recall) and of true ones that are (false drops). Shops and paraphrases of the
held-out part were not looked at while the check was built.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from agent.assistant import Assistant
from agent.embedded.decider import EmbeddedDecider
from agent.embedded.word_values import Values
from agent.embedded.writer import EmbeddedWriter
from agent.llm.grounding.check import Checker
from agent.llm.grounding.facts import facts_of
from agent.llm.sentences import Sentences
from agent.ports import Decision, TurnContext
from agent.state import begin, merge
from core.conversation import ConversationState, Intent
from core.entities import FacetType, Item, Language
from core.settings import CHECKOUT, Settings
from evaluation.needs import needs_of, targets
from evaluation.speech import say
from tools.context import ToolContext
from tools.registry import run_tool
from tools.results import Recommended

PHRASINGS = Path(__file__).with_name("grounding_phrasings.yaml")
PAGE = CHECKOUT / "docs" / "quality.md"
START, END = "<!-- grounding -->", "<!-- /grounding -->"
MADE_UP = {
    "en": (
        "a solar panel",
        "a titanium hinge",
        "an oak frame",
        "a leather strap",
        "a hidden compartment",
        "Swiss gears",
    ),
    "zh": ("太阳能板", "钛合金铰链", "橡木外框", "真皮表带", "隐藏夹层", "瑞士机芯"),
}
GIVES = {"en": "{item} comes with {extra}.", "zh": "{item}配有{extra}。"}
NOBODY = ("Zentrix Q900", "Halvorsen Prime", "Mirada 7 Pro", "Quillon Vertex")
SLIPS = {
    "kg": "g",
    "g": "kg",
    "h": "min",
    "GB": "MB",
    "min": "h",
    "in": "cm",
    "W": "kW",
    "L": "mL",
    "km": "m",
    "month": "year",
}


@dataclass(frozen=True)
class Said:
    """A sentence, whether it is true, and what kind of statement or mutation it is."""

    text: str
    kind: str
    true: bool
    fault: str | None = None
    """What the check said, where it was asked in the course of the answer."""


@dataclass
class Tally:
    """What was measured of one part."""

    total: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    slips: list[str] = field(default_factory=list)

    def add(self, said: Said, fault: str) -> None:
        """Count one sentence."""
        name = ("true " if said.true else "false ") + said.kind
        self.total[name] += 1
        self.stopped[name] += bool(fault)
        if bool(fault) is said.true:
            self.slips.append(f"{name}: {said.text} [{fault}]")

    def share(self, prefix: str) -> tuple[float, int]:
        """Return the share that was stopped, and of how many."""
        total = sum(n for name, n in self.total.items() if name.startswith(prefix))
        stopped = sum(n for name, n in self.stopped.items() if name.startswith(prefix))
        return (stopped / total if total else 0.0), total


@dataclass(frozen=True)
class Scene:
    """One search and what may be said of it."""

    context: TurnContext
    found: Recommended
    checker: Checker
    values: Values
    phrasings: dict[str, list[str]]
    rng: random.Random

    @property
    def items(self) -> list[Item]:
        """The items that were found."""
        return [one.item for one in self.found.ranking.items]


def scenes(assistant: Assistant, language: Language, part: str, count: int, seed: int) -> Iterator[Scene]:
    """Yield searches for the needs of some shoppers."""
    services, catalogue = assistant._services, assistant.recommender.catalogue
    decider = EmbeddedDecider(assistant.recommender, assistant.recommender.embedder)
    phrasings = yaml.safe_load(PHRASINGS.read_text(encoding="utf-8"))[language][part]
    rng = random.Random(seed)
    for item_id in targets(catalogue, language, count, seed):
        known = needs_of(catalogue, catalogue.row(item_id), language, rng)
        needs = [say(language, known[name].kind, rng.randrange(4), **known[name].words) for name in known][:2]
        message = say(language, "openings_open", rng.randrange(4), needs=", ".join(needs))
        state = begin(ConversationState(), language, None)
        context = TurnContext(message, language, state, catalogue.shop, catalogue, seed=rng.randrange(9999))
        call = next((c for c in decider.decide_now(context).calls if c.name == "recommend_items"), None)
        arguments = call.arguments if call else {"query": message}
        result = run_tool("recommend_items", arguments, ToolContext(services, state, language, "k", True))
        if not isinstance(result.evidence, Recommended) or len(result.evidence.ranking.items) < 2:
            continue
        after = replace(context, state=merge(state, result.change))
        facts = facts_of(after, Decision((Intent.RECOMMEND,)), (result.evidence,), decider.vocabulary.lexicon)
        checker = Checker(facts, decider.vocabulary.lexicon)
        yield Scene(after, result.evidence, checker, Values(catalogue, language), phrasings, rng)


def statements(scene: Scene) -> Iterator[Said]:
    """Yield true and false statements about one search."""
    yield from _written(scene)
    for at, item in enumerate(scene.items):
        other = scene.items[(at + 1) % len(scene.items)]
        yield from _priced(scene, item, other)
        yield from _numbered(scene, item, other)
        yield from _flagged(scene, item)
        yield from _valued(scene, item, other)
    for text in scene.phrasings["lead"]:
        yield Said(text.replace("{count}", scene.values.count(len(scene.items))), "lead", True)
        yield Said(text.replace("{count}", str(scene.found.ranking.matches + 7)), "number", False)
    for text in scene.phrasings["talk"]:
        yield Said(text, "talk", True)


def _put(scene: Scene, kind: str, **words: str) -> str:
    text = scene.rng.choice(scene.phrasings[kind])
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    return text


def _written(scene: Scene) -> Iterator[Said]:
    """Yield the embedded writer's own sentences, and the same with a price or an item changed."""
    text = "".join(EmbeddedWriter().pieces(scene.context, Decision((Intent.RECOMMEND,)), (scene.found,)))
    splitter = Sentences()
    carried: tuple[int, ...] = ()
    prices = {scene.values.price(item) for item in scene.items if item.price is not None}
    for sentence in (*splitter.feed(text), splitter.rest()):
        bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", sentence).strip()
        if not bare:
            continue
        verdict = scene.checker.check(bare, carried)
        carried = verdict.named or carried
        yield Said(bare, "written", True, verdict.fault)
        for price in prices:
            if bare.count(price) == 1:
                yield Said(bare.replace(price, _wrong_price(scene, price)), "price", False)


def _wrong_price(scene: Scene, price: str) -> str:
    digits = re.search(r"\d[\d,.]*\d|\d", price)
    assert digits is not None
    number = float(digits.group().replace(",", ""))
    while True:
        wrong = round(number * scene.rng.choice((0.5, 0.8, 0.9, 1.1, 1.25, 2.0)), 2)
        shown = f"{wrong:,.2f}" if "." in digits.group() else f"{max(1, round(wrong)):,}"
        if shown != digits.group():
            return price.replace(digits.group(), shown)


def _priced(scene: Scene, item: Item, other: Item) -> Iterator[Said]:
    if item.price is None or other.price is None:
        return
    values = scene.values
    name, price = values.title(item), values.price(item)
    words = {"item": name, "price": price, "other": values.title(other), "other_price": values.price(other)}
    yield Said(_put(scene, "price", **words), "price", True)
    yield Said(_put(scene, "price", **{**words, "price": _wrong_price(scene, price)}), "price", False)
    yield Said(_put(scene, "price", **{**words, "item": scene.rng.choice(NOBODY)}), "invented item", False)
    if stranger := _stranger(scene):
        yield Said(_put(scene, "price", **{**words, "item": values.title(stranger)}), "item not found", False)
    if item.price != other.price:
        yield Said(_put(scene, "price", **{**words, "item": values.title(other)}), "swapped item", False)
        yield Said(_put(scene, "both", **words), "two prices", True)
        swapped = {**words, "price": words["other_price"], "other_price": words["price"]}
        yield Said(_put(scene, "both", **swapped), "swapped item", False)
        low, high = (item, other) if item.price < other.price else (other, item)
        ordered = {"item": values.title(low), "other": values.title(high), "price": values.price(low),
                   "other_price": values.price(high)}  # fmt: skip
        if len(scene.items) == 2 or "{other}" in (text := scene.rng.choice(scene.phrasings["cheaper"])):
            text = next(t for t in scene.phrasings["cheaper"] if "{other}" in t)
            turned = {"item": ordered["other"], "other": ordered["item"], "price": ordered["other_price"],
                      "other_price": ordered["price"]}  # fmt: skip
            yield Said(_filled(text, ordered), "comparison", True)
            yield Said(_filled(text, turned), "comparison", False)
    bound = values.budget(float(int(item.price * 1.2) + 1), values.currency())
    yield Said(_put(scene, "under", **words, bound=bound), "bound", True)
    tight = float(int(item.price * 0.7))
    if tight >= 1:
        yield Said(_put(scene, "under", **words, bound=values.budget(tight, values.currency())), "bound", False)
    if item.rating is not None:
        yield Said(_put(scene, "rating", **words, rating=f"{item.rating:g}"), "rating", True)
        wrong = f"{item.rating - 1.3:.1f}"
        yield Said(_put(scene, "rating", **words, rating=wrong), "number", False)
    if item.stock is not None:
        yield Said(_put(scene, "stock", **words), "stock", item.stock > 0)


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    return text


def _stranger(scene: Scene) -> Item | None:
    catalogue = scene.context.catalogue
    item = catalogue.item_at(scene.rng.randrange(len(catalogue)))
    shown = {one.group_id or one.id for one in scene.items} | {scene.values.title(one) for one in scene.items}
    titled = len(scene.values.title(item).split()) > 1 or len(scene.values.title(item)) > 4
    return (
        item if titled and (item.group_id or item.id) not in shown and scene.values.title(item) not in shown else None
    )


def _numbered(scene: Scene, item: Item, other: Item) -> Iterator[Said]:
    values = scene.values
    for name, value in item.facets.items():
        facet = values.facet(name)
        if facet.type is not FacetType.NUMBER or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        price = values.price(item) or "?"
        words = {
            "item": values.title(item),
            "label": values.label(name),
            "value": values.show(name, value),
            "price": price,
        }
        if "{price}" in "".join(scene.phrasings["number"]) and item.price is None:
            continue
        yield Said(_put(scene, "number", **words), "number", True)
        wrong = values.show(name, float(value) * scene.rng.choice((0.5, 0.7, 1.4, 2.0)))
        if wrong != words["value"]:
            yield Said(_put(scene, "number", **{**words, "value": wrong}), "number", False)
        slip = SLIPS.get(facet.unit or "")
        if slip:
            yield Said(_put(scene, "number", **{**words, "value": f"{value:g} {slip}"}), "unit", False)
        theirs = other.facets.get(name)
        if isinstance(theirs, int | float) and values.show(name, theirs) != words["value"]:
            yield Said(_put(scene, "number", **{**words, "item": values.title(other), "price": values.price(other)}),
                       "swapped item", False)  # fmt: skip


def _flagged(scene: Scene, item: Item) -> Iterator[Said]:
    values, language = scene.values, scene.context.language
    flags = [f for f in scene.context.catalogue.facets.values() if f.type is FacetType.BOOLEAN]
    for facet in flags:
        value = item.facets.get(facet.name)
        words = {"item": values.title(item), "label": values.label(facet.name), "price": values.price(item)}
        if isinstance(value, bool):
            yield Said(_put(scene, "yes" if value else "no", **words), "flag", True)
            yield Said(_put(scene, "no" if value else "yes", **words), "turned negation", False)
    absent = [f for f in flags if f.name not in item.facets]
    if absent:
        words = {
            "label": values.label(scene.rng.choice(absent).name),
            "item": values.title(item),
            "price": values.price(item),
        }
        yield Said(_put(scene, "yes", **words), "invented property", False)
    extra = scene.rng.choice(MADE_UP["zh" if language == "zh" else "en"])
    text = GIVES["zh" if language == "zh" else "en"]
    yield Said(_filled(text, {"item": values.title(item), "extra": extra}), "invented property", False)


def _valued(scene: Scene, item: Item, other: Item) -> Iterator[Said]:
    values, catalogue = scene.values, scene.context.catalogue
    for name, value in item.facets.items():
        if values.facet(name).type is not FacetType.CATEGORY or not isinstance(value, str) or len(value) > 40:
            continue
        words = {"item": values.title(item), "label": values.label(name), "value": values.show(name, value)}
        yield Said(_put(scene, "value", **words), "value", True)
        others = [v for v in catalogue.values(name) if v != value]
        wrong = values.show(name, scene.rng.choice(others)) if others else ""
        texts = f"{item.title} {item.description} {values.title(item)}".lower()
        if wrong and wrong.lower() not in texts and not set(wrong.lower().split()) <= set(texts.split()):
            yield Said(_put(scene, "value", **{**words, "value": wrong}), "invented property", False)
    if item.brand:
        words = {"item": values.title(item), "brand": values.value("brand", item.brand)}
        yield Said(_put(scene, "brand", **words), "brand", True)
        if other.brand and other.brand != item.brand:
            wrong = values.value("brand", other.brand)
            yield Said(_put(scene, "brand", **{**words, "brand": wrong}), "invented property", False)


def measure(shops: Sequence[Path], part: str, count: int, data: Path) -> Tally:
    """Return what the check does with statements about some shops' items."""
    tally = Tally()
    for folder in shops:
        assistant = Assistant.open(Settings(shop=folder, data_dir=data, watch=False, llm="embedded"))
        for language in assistant.shop.languages:
            for scene in scenes(assistant, language, part, count, 11):
                for said in statements(scene):
                    fault = said.fault if said.fault is not None else scene.checker.check(said.text).fault
                    tally.add(said, fault)
        assistant.close()
    return tally


def table(parts: dict[str, Tally]) -> list[str]:
    """Return the results as Markdown."""
    lines = ["| part | false sentences | stopped | true sentences | stopped |", "|---|---|---|---|---|"]
    for name, tally in parts.items():
        (recall, false), (drops, true) = tally.share("false "), tally.share("true ")
        lines.append(f"| {name} | {false:,} | {recall:.1%} | {true:,} | {drops:.2%} |")
    held = list(parts.values())[-1]
    kinds = sorted(name for name in held.total if name.startswith("false "))
    told = (f"{name[6:]} {held.stopped[name] / held.total[name]:.1%} of {held.total[name]:,}" for name in kinds)
    lines += ["", f"Stopped in the held-out part, by what was made false: {', '.join(told)}."]
    return lines


def main() -> None:
    """Measure, print, and write the table into ``docs/quality.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, action="append", help="shops of the building part")
    parser.add_argument("--held-out", type=Path, action="append", help="shops of the held-out part")
    parser.add_argument("--count", type=int, default=25, help="searches a shop and language")
    parser.add_argument("--data-dir", type=Path, default=CHECKOUT / ".floorwalker" / "grounding")
    parser.add_argument("--slips", type=int, default=0, help="log so many wrong verdicts of the building part")
    parser.add_argument("--write", action="store_true", help="write the table into docs/quality.md")
    options = parser.parse_args()
    parts: dict[str, Any] = {}
    shops = options.shop or [CHECKOUT / "shops" / "electronics"]
    parts["built on: " + ", ".join(shop.name for shop in shops)] = measure(
        shops, "building", options.count, options.data_dir
    )
    if options.held_out:
        name = "held out: " + ", ".join(shop.name for shop in options.held_out)
        parts[name] = measure(options.held_out, "held_out", options.count, options.data_dir)
    slips = next(iter(parts.values())).slips
    random.Random(1).shuffle(slips)
    report = [*table(parts), *slips[: options.slips]]
    _say("\n".join(report))
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(START)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{START}\n" + "\n".join(table(parts)) + f"\n{END}{after}", encoding="utf-8")


def _say(text: str) -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=True, markup=False).print(text)


if __name__ == "__main__":
    main()

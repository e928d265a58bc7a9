"""A run: the same shoppers, in all their paraphrases, with every seller of one shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.assistant import Assistant
from core.entities import Language
from core.ports import Progress
from evaluation.baselines import OracleSeller, PopularSeller, RandomSeller, WordSeller, seeded
from evaluation.dialogue import Trace, converse
from evaluation.metrics import Figures, figures
from evaluation.needs import targets
from evaluation.sellers import AssistantSeller, Seller
from evaluation.simulator import Habits, Shopper
from evaluation.speech import PARAPHRASES

ASSISTANT, ORACLE = "assistant", "oracle"


@dataclass(frozen=True)
class Plan:
    """What is run."""

    users: int
    language: Language
    seed: int
    paraphrases: int = PARAPHRASES
    habits: Habits | None = None
    sellers: tuple[str, ...] = (ASSISTANT, "random", "popularity", "words", ORACLE)


@dataclass(frozen=True)
class Outcome:
    """What came of a run on one shop."""

    shop: str
    items: int
    plan: Plan
    figures: tuple[Figures, ...]
    """One entry a seller, in the plan's order."""
    traces: tuple[Trace, ...]


def _openers(assistant: Assistant, seed: int) -> Mapping[str, Callable[[Shopper], Seller]]:
    recommender = assistant.recommender
    return {
        ASSISTANT: lambda shopper: AssistantSeller(assistant),
        "random": lambda shopper: RandomSeller(recommender, seed),
        "popularity": lambda shopper: PopularSeller(assistant),
        "words": lambda shopper: WordSeller(recommender),
        ORACLE: lambda shopper: OracleSeller(recommender, shopper),
    }


async def run(assistant: Assistant, plan: Plan, progress: Progress | None = None) -> Outcome:
    """Send every shopper of a plan to every seller.

    Raises:
        ValueError: the shop has no item that a shopper could be sent for, or the plan names an unknown seller.
    """
    catalogue = assistant.recommender.catalogue
    wanted = targets(catalogue, plan.language, plan.users, plan.seed)
    if not wanted:
        raise ValueError("no item of this shop states three attributes that a shopper could ask for")
    traces: list[Trace] = []
    total = len(wanted) * plan.paraphrases * len(plan.sellers)
    for number, target in enumerate(wanted):
        for paraphrase in range(plan.paraphrases):
            openers = _openers(assistant, seeded(plan.seed, number, paraphrase))
            for name in plan.sellers:
                if name not in openers:
                    raise ValueError(f"there is no seller {name!r}; there are {', '.join(openers)}")
                seed = seeded(plan.seed, number)
                shopper = Shopper(catalogue, target, plan.language, seed, paraphrase, plan.habits)
                exchanges = await converse(openers[name](shopper), shopper, catalogue)
                traces.append(Trace(name, number, paraphrase, plan.language, target, exchanges))
                if progress:
                    progress(f"{catalogue.shop.root.name} {plan.language}", len(traces), total)
    rows = tuple(figures([t for t in traces if t.seller == name], plan.seed) for name in plan.sellers)
    return Outcome(catalogue.shop.root.resolve().name, len(catalogue), plan, rows, tuple(traces))

"""Figures as a table on the terminal and as a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import isnan

from rich.table import Table

from evaluation.dialogue import TURNS
from evaluation.metrics import Estimate, Figures
from evaluation.runs import ORACLE, Outcome
from evaluation.simulator import MOST_SHOWN

NAMES = {
    "assistant": "assistant",
    "random": "random",
    "popularity": "popularity + filter",
    "words": "BM25 on the dialogue",
    "oracle": "entropy oracle",
}
READ = "1, 2 and 11 to 15"
"""Seeds whose dialogues were read to find what fails."""
BEGIN, END = "<!-- simulator -->", "<!-- /simulator -->"
"""The page is shared: what this command writes stands between these lines."""
TITLE = "# Quality of the conversation\n"
INTRODUCTION = f"""## Simulated shoppers

Simulated shoppers talk to the assistant and, word for word by the same rules, to what it is measured against. A shopper
holds the attributes of an item (category, brand, price, facets), never says its title or id, volunteers one or two
attributes, answers questions, turns down what is shown with a hint, mistypes one message in ten, and one in seven
begins with a requirement that it takes back. A value that says nothing by itself ("R", "26"), or that is one of two
facets, is said with its facet's name, and a bound includes its end: what breaks a need was told unmistakably, but for
slips of the finger. Success is that the item, or a variant of it, is shown within {TURNS}
answers of at most {MOST_SHOWN} items. A simulated shopper is no person: the figures compare, they do not promise.

Dialogues of the seeds {READ} were read while the conversation and these rules were mended; what stands below under
another seed was measured on dialogues that nobody had read.

- **assistant**: what is shipped, embedded model.
- **random**: any three items that were not shown yet.
- **popularity + filter**: the assistant's own reading and questions; the most popular items that satisfy its musts.
- **BM25 on the dialogue**: word search with everything said so far; asks nothing.
- **entropy oracle**: reads the shopper's mind exactly, and asks each time for the attribute whose answer leaves fewest
  items; shows the most popular of those left. No understanding of words can be better; a ranking that guesses can.

`pass^k`: the share of shoppers served in every one of their paraphrases (their needs in independently written words).
`breaks own`: shown items that break a must that the seller itself holds. `breaks need`: shown items that break what the
shopper has required so far. `shown again`: shown items that this shopper had seen, and had not wanted. `asked again`:
questions that were asked or answered before (the oracle asks again when the shopper spoke of the items instead). An
answer about an item that the seller took to be named counts as showing it. Turns and items are until success. In
brackets: 95 % bootstrap intervals over shoppers.

Shops under `SHOPS/` are public data sets converted by `python -m benchmarks.datasets` (with `--limit` where the heading
counts fewer items), and `small-...` those of `tests/shops.py`.

For a sense of scale only: InteRecAgent (arXiv 2308.16505, with GPT-4) reports Hit@5 / AT@5 of .85 / 3.15 on films
(MovieLens-10M), .87 / 2.86 on Steam and .54 / 3.99 on Beauty. Its simulated user holds the wanted title and its
history, any mention of a title counts as a hit, and other items are wanted: looser than what is done here, and no
like-for-like. AT@5 is the mean number of turns, a miss counted as 6; below each table it is given for the assistant.
"""


def columns(paraphrases: int) -> list[str]:
    """Return the heads of the table."""
    return [
        "seller", f"success@{TURNS} (pass^1)", f"pass^{paraphrases}", "first item", "turns", "items", "breaks own",
        "breaks need", "shown again", "asked again",
    ]  # fmt: skip


def cells(row: Figures) -> list[str]:
    """Return one seller's figures as text."""
    return [
        NAMES.get(row.seller, row.seller),
        share(row.success),
        share(row.pass_all),
        share(row.first),
        number(row.turns),
        number(row.items),
        share(row.broken, bare=True),
        share(row.missed, bare=True),
        share(row.again, bare=True),
        share(row.repeated, bare=True),
    ]


def share(estimate: Estimate, bare: bool = False) -> str:
    """Return a share as text, with its interval unless ``bare``."""
    if isnan(estimate.value):
        return "–"
    return f"{estimate.value:.3f}" if bare else f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def number(estimate: Estimate) -> str:
    """Return a mean as text."""
    return "–" if isnan(estimate.value) else f"{estimate.value:.1f} [{estimate.low:.1f}, {estimate.high:.1f}]"


def title(outcome: Outcome) -> str:
    """Return what a table is about."""
    row = outcome.figures[0]
    return f"{outcome.shop}, {outcome.plan.language}: {outcome.items:,} items, {row.shoppers} shoppers"


def of_oracle(outcome: Outcome) -> str:
    """Return how much of the oracle's success the first seller reaches; empty without an oracle."""
    oracle = next((row.success.value for row in outcome.figures if row.seller == ORACLE), 0.0)
    first = outcome.figures[0]
    if not oracle or first.seller == ORACLE:
        return ""
    name = NAMES.get(first.seller, first.seller)
    return (
        f"{name}: {first.success.value / oracle:.0%} of the oracle's success; AT@{TURNS} {average_turns(outcome):.2f}."
    )


def average_turns(outcome: Outcome) -> float:
    """Return the first seller's mean number of turns, one more than allowed where it failed."""
    traces = [trace for trace in outcome.traces if trace.seller == outcome.figures[0].seller]
    turns = [len(trace.exchanges) if trace.success else TURNS + 1 for trace in traces]
    return sum(turns) / len(turns) if turns else 0.0


def table(outcome: Outcome) -> Table:
    """Return the table for the terminal."""
    drawn = Table(title=title(outcome), caption=of_oracle(outcome))
    for head in columns(outcome.plan.paraphrases):
        drawn.add_column(head)
    for row in outcome.figures:
        drawn.add_row(*cells(row))
    return drawn


def markdown(outcomes: Sequence[Outcome], command: str, day: date) -> str:
    """Return this command's part of the page: what is measured, the command, one table for each shop and language."""
    parts = [INTRODUCTION, f"Run on {day.isoformat()}, all rows at once:\n\n```\n{command}\n```\n"]
    for outcome in outcomes:
        heads = columns(outcome.plan.paraphrases)
        lines = [heads, ["---"] * len(heads), *map(cells, outcome.figures)]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"### {title(outcome)}\n\n{body}\n\n{of_oracle(outcome)}\n")
    return "\n".join(parts)


def placed(page: str, part: str) -> str:
    """Return a page with its part between the markers replaced and the rest as it was; a new page where it is empty."""
    block = f"{BEGIN}\n{part.strip()}\n{END}\n"
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        rest = after.lstrip("\n")
        return f"{before}{block}\n{rest}" if rest else before + block
    return f"{page.rstrip() or TITLE.rstrip()}\n\n{block}"

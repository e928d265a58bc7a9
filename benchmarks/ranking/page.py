"""The ranking part of ``docs/quality.md``, between its own markers; what stands around it is left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.performance_page import machine
from benchmarks.ranking import (
    ablation,
    calibrated,
    carried,
    faithful,
    faithfulness,
    newcomers,
    online,
    page_new,
    search,
    speed,
    strangers,
    tastes,
)
from benchmarks.ranking.metrics import Table, bootstrap
from benchmarks.ranking.models import baselines
from core.version import VERSION

Mask = npt.NDArray[np.bool_]
START, END = "<!-- ranking -->", "<!-- /ranking -->"
NAMES = (
    "search",
    "tastes",
    "newcomers",
    "strangers",
    "carried",
    "calibrated",
    "online",
    "ablation",
    "faithful",
    "evidence",
    "speed",
)
TITLE = "# Quality\n"
HEAD = """\
## Ranking

Measured by `python -m benchmarks.ranking`, which writes this part; every table is from one run, seeds are fixed.
Brackets hold 95 % bootstrap intervals over queries or users (2,000 samples); differences are paired. What is tuned is
tuned on a validation part, then fitted once on everything before the test. Ours is `Recommender.recommend`; *untrained*
is what ships, *trained* what `launch.py train` makes of it, from the part before the test alone. Bold: the interval of
the difference lies on one side of zero.
"""


def sections(
    found: search.Search | None = None,
    outcomes: Sequence[tastes.Outcome] = (),
    ablated: ablation.Ablation | None = None,
    cold: Sequence[newcomers.Newcomers] = (),
    online: newcomers.Online | None = None,
    reasons: faithful.Faithful | None = None,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the text of each section that was measured, by its name; ``more`` are sections that are worded already."""
    texts = {}
    if found:
        texts["search"] = _search(found)
    if outcomes:
        texts["tastes"] = _tastes(outcomes)
    if cold and online:
        texts["newcomers"] = _newcomers(cold, online)
    if ablated:
        texts["ablation"] = _ablation(ablated)
    if reasons:
        texts["faithful"] = _faithful(reasons)
    for name, text in (more or {}).items():
        texts[name] = text
    about = f"\nOne run: {machine()}; Floorwalker {VERSION}, {datetime.now(UTC):%Y-%m-%d}.\n"
    return {name: text + about for name, text in texts.items()}


def write(path: Path, texts: Mapping[str, str]) -> None:
    """Replace the sections that were measured; others, and what stands around this part, are left alone."""
    page = path.read_text(encoding="utf-8") if path.exists() else TITLE
    old = _between(page, START, END) or ""
    kept = {name: _between(old, *_marks(name)) for name in NAMES}
    blocks = []
    for name in NAMES:
        text = texts.get(name, kept[name])
        if text is not None:
            start, end = _marks(name)
            blocks.append(f"{start}\n{text.strip()}\n{end}\n")
    part = "\n".join([START, HEAD, *blocks, END]) + "\n"
    pattern = _pattern(START, END)
    # A function, since a replacement's backslashes would be read as groups.
    page = pattern.sub(lambda _: part, page) if pattern.search(page) else f"{page.rstrip()}\n\n{part}"
    path.write_text(page, encoding="utf-8")


def replayed(found: online.Replay) -> str:
    """Return the section of the replay with online learning."""
    table = found.table
    rows = [
        [
            name, *(str(table.estimate(measure, name)) for measure in (online.HIT, online.NDCG)),
            f"{table.measures[online.REVENUE][name].mean():.2f}",
            *(_gain(table, measure, name, online.FOLDED) for measure in (online.HIT, online.REVENUE)),
        ]
        for name in table.measures[online.HIT]
    ]  # fmt: skip
    head = [
        "system", online.HIT, online.NDCG, online.REVENUE, f"it less folded in, {online.HIT}",
        f"it less folded in, {online.REVENUE}",
    ]  # fmt: skip
    return online.section(found, _table(head, rows))


def speeds(found: Sequence[speed.Facts]) -> str:
    """Return the section of speed by size."""
    heads = (speed.HEAD, speed.READING, speed.LEARNING)
    return speed.section(*(_table(head, rows) for head, rows in zip(heads, speed.rows(found), strict=True)))


def evidence(found: Sequence[faithfulness.Faithfulness]) -> str:
    """Return the section of the evidence that items carry themselves."""
    rows = [row for one in found for row in faithfulness.rows_of(one)]
    return faithfulness.section(found, _table(faithfulness.HEAD, rows))


def new(
    users: Sequence[strangers.Strangers], shops: Sequence[carried.Carried], lists: Sequence[calibrated.Calibrated]
) -> dict[str, str]:
    """Return the sections of new users, of tastes from other shops and of lists in proportion that were measured."""
    texts = {}
    if users:
        texts["strangers"] = page_new.users(users, _table, _gain)
    if shops:
        texts["carried"] = page_new.shops(shops, _table, _gain)
    if lists:
        texts["calibrated"] = page_new.proportions(lists, _table, _gain)
    return texts


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- ranking: {name} -->", f"<!-- /ranking: {name} -->"


def _pattern(start: str, end: str) -> re.Pattern[str]:
    return re.compile(re.escape(start) + r"(.*?)" + re.escape(end) + r"\n?", re.DOTALL)


def _between(text: str, start: str, end: str) -> str | None:
    found = _pattern(start, end).search(text)
    return found.group(1) if found else None


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _gain(table: Table, measure: str, system: str, over: str, mask: Mask | None = None) -> str:
    if system == over:
        return "—"
    found = table.gain(measure, system, over, mask)
    text = found.signed()
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def _search(found: search.Search) -> str:
    table = found.table
    rows = []
    for name in table.measures[search.NDCG]:
        rows.append([
            name, str(table.estimate(search.FIRST, name)), str(table.estimate(search.NDCG, name)),
            f"{table.measures[search.JUDGED][name].mean():.2f}",
            _gain(table, search.FIRST, search.OURS, name), _gain(table, search.NDCG, search.OURS, name),
        ])  # fmt: skip
    chosen = ", ".join(f"{weight:.2f}" for weight in found.weights)
    text = (
        f"### Product search: icecat\n\n{found.products:,} products; {found.labels:,} labels (0 to 3) on the "
        f"{found.queries} development queries that have a relevant product; gain = label. *{search.FIRST}*: the first "
        f"{search.K} of the whole catalogue, unjudged products left out, over the best of all judged: a system pays "
        f"for judged products that it does not find, and for good ones that nobody judged ({search.JUDGED} is the "
        f"share that was). *{search.NDCG}*: the judged products of a query alone, all of them scored. The labels were "
        f"pooled from word search, which favours it. The share of the lexical score in the blend of the row before "
        f"ours is chosen for each fold of the queries on the other {search.FOLDS - 1} ({chosen}). **The weights that "
        f"ship, and the form of the lexical score, were settled on these same queries**: the cross-validated row is "
        f"the unbiased one. RRF joins the first row and dense (k = {search.RANK_CONSTANT}).\n"
    )
    head = ["system", search.FIRST, search.NDCG, search.JUDGED, "ours less it, first ten", "ours less it, all judged"]
    return f"{text}\n{_table(head, rows)}"


def _tastes(outcomes: Sequence[tastes.Outcome]) -> str:
    grids = ", ".join(f"{one.name} {len(one.choices)}" for one in baselines() if len(one.choices) > 1)
    text = (
        "### Collaborative filtering\n\nNew items only: what a user has is taken out of every system's list. Recall@20 "
        "is over the smaller of 20 and the number of relevant items. Our shop of each data set holds what the others "
        "learn from, no more (only likes, though it could use dislikes), and no prices, dates and mean ratings, since "
        "those were computed over the test too; its list passes through the choice for diversity. Online Retail's "
        "titles and kinds stand as in the whole data. "
        f"Grids are small ({grids}); the column before the last tells what each was tuned to, by NDCG "
        "on the validation part. BPR has the smallest grid: its row shows these settings, not its best. SASRec (64 "
        "wide, 2 blocks, the 50 latest items; cross entropy over the catalogue or a sample of it, items start from "
        "nothing) and two-tower (projections of the encoder's vectors) stop early on the validation part and are then "
        "fitted again for as many epochs; their seconds are of both. Where there are no times, SASRec gets an order "
        "drawn by chance. Ours beside them has whatever its own training switched on.\n"
    )
    return "\n".join([text, *(_outcome(outcome) for outcome in outcomes)])


def _outcome(outcome: tastes.Outcome) -> str:
    table = outcome.table
    names = list(table.measures[tastes.NDCG])
    rows = [
        [
            name, str(table.estimate(tastes.NDCG, name)), str(table.estimate(tastes.RECALL, name)),
            _gain(table, tastes.NDCG, tastes.OURS, name), _settings(outcome.chosen.get(name, {})),
            f"{outcome.seconds[name]:.1f}",
        ]
        for name in names
    ]  # fmt: skip
    head = ["system", tastes.NDCG, tastes.RECALL, f"ours less it, {tastes.NDCG}", "tuned to", "s"]
    thirds, rare = outcome.thirds, outcome.rare
    first = next(iter(thirds.values()))
    sparse = [
        [
            name, *(str(table.estimate(tastes.NDCG, name, mask)) for mask in thirds.values()),
            _gain(table, tastes.NDCG, tastes.OURS, name, first),
            str(table.estimate(tastes.RARE, name, rare)), _gain(table, tastes.RARE, tastes.OURS, name, rare),
        ]
        for name in names
    ]  # fmt: skip
    asked = len(outcome.sizes)
    shown = (
        f"{asked:,} of the {outcome.asked:,} test users, drawn at random" if asked < outcome.asked else f"all {asked:,}"
    )
    text = (
        f"#### {outcome.source.name}\n\nSplit: {outcome.source.how}. Before the test: {outcome.events:,} pairs of "
        f"{outcome.users:,} users and {outcome.items:,} items. Test users: {shown}. Seconds: fitting and scoring these "
        f"users (ours: {asked:,} single requests with their reasons, without the building of the index).\n"
    )
    by = (
        f"{tastes.NDCG} by how many items are known of the user (thirds of the test users), and {tastes.RARE}: those "
        f"with at most {outcome.rare_most} known takers ({int(rare.sum()):,} of the test users took some):\n"
    )
    head_sparse = [
        "system", *(f"{name} items" for name in thirds), "ours less it, sparsest third", tastes.RARE,
        "ours less it, sparse items",
    ]  # fmt: skip
    return "\n".join([text, _table(head, rows), _training(outcome.report), by, _table(head_sparse, sparse)])


def _training(report: Mapping[str, Any]) -> str:
    """Return what our training chose."""
    parts = [
        f"Training held out {report['held_out']} of what is known, and chose {_settings(report['tastes'])}. What each "
        "part gains there over those before it (90 % intervals), and whether it is on:"
    ]
    for part, found in report["parts"].items():
        if not isinstance(found, dict) or "on" not in found:
            continue
        verdict = "on" if found["on"] else "off"
        if "why" in found:
            parts.append(f"{part}: off, since {found['why']}.")
            continue
        told = [f"{tastes.NDCG} {_interval(found['gain'])}"]
        if "sparse" in found:
            told.append(f"{tastes.RARE} {_interval(found['sparse'])}")
        parts.append(f"{part}: {', '.join(told)}, {verdict}.")
    weights = ", ".join(f"{name} {weight:g}" for name, weight in report["weights"].items())
    follow = ", ".join(f"{name} {slope:+g}" for name, slope in report["adapting"].items())
    parts += [f"Weights: {weights}." if weights else "Weights: the defaults."]
    return " ".join([*parts, *([f"They follow what is known of the user: {follow}."] if follow else [])]) + "\n"


def _interval(gain: Mapping[str, float]) -> str:
    return f"{gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"


def _newcomers(cold: Sequence[newcomers.Newcomers], online: newcomers.Online) -> str:
    systems = list(online.table.measures[newcomers.HIT])
    lines = [
        [
            name, str(online.table.estimate(newcomers.HIT, name)),
            f"{online.table.measures[newcomers.REVENUE][name].mean():.2f}",
            _gain(online.table, newcomers.HIT, newcomers.LEARNING, name),
        ]
        for name in systems
    ]  # fmt: skip
    more = (
        f"### Learning along: {online.source}\n\nWhat came after training and validation is replayed week by week "
        f"({online.weeks} weeks, {online.baskets:,} questions): asked is what each known customer newly bought in a "
        "week, before the week is learned. Revenue is the sum of the prices of the items hit, a customer and week. "
        "*Frozen*: users and model as they were; *folded in*: what a customer bought in earlier weeks counts at once; "
        "*refreshed*: the model is also fitted anew each week, older events fading. The collaborative source alone, "
        "with the settings as shipped.\n"
    )
    head = ["system", newcomers.HIT, newcomers.REVENUE, f"refreshed less it, {newcomers.HIT}"]
    return f"{page_new.items(cold, _table, _gain)}\n{more}\n{_table(head, lines)}"


def _faithful(found: faithful.Faithful) -> str:
    rows = []
    for kind in faithful.BY_USER:
        part = [one for one in found.found if one.kind is kind]
        if not part:
            continue
        fell = np.array([float(one.after < one.before) for one in part])
        drop = np.array([one.before - one.after for one in part])
        control = np.array([one.before - one.control for one in part])
        rows.append([
            kind.value, f"{len(part):,}", str(bootstrap(fell)), bootstrap(drop).signed(), bootstrap(control).signed(),
        ])  # fmt: skip
    text = (
        f"### Whether reasons are true\n\n{found.users:,} users of the default shop, drawn at random, get three items "
        "each. For every reason that rests on something the user did, what it names is taken out of what is known of "
        "the user, and the same item is scored again; beside it, another of the user's items is taken out instead. The "
        "models stay as they were. Scores lie in [-1, 1].\n"
    )
    head = ["reason", "reasons", "score falls without its evidence", "by", "by, without another item"]
    return f"{text}\n{_table(head, rows)}"


def _settings(choice: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in choice.items())


def _ablation(found: ablation.Ablation) -> str:
    table = found.table
    rows = [
        [
            name, str(table.estimate(ablation.NDCG, name)), str(table.estimate(ablation.RECALL, name)),
            _gain(table, ablation.NDCG, ablation.FULL, name), _gain(table, ablation.RECALL, ablation.FULL, name),
        ]
        for name in table.measures[ablation.NDCG]
    ]  # fmt: skip
    text = (
        "### Which source pays: the default shop\n\nThe default shop's own log (made by its generator), cut at one "
        "moment: the last 20 % of the events are the test. The shop is rebuilt from what came before: ratings from "
        "earlier ratings, and no relations that were read out of the log. Asked is the first purchase of an item that "
        "the shopper had not met before, just before their first look at it; what they did between the cut and then is "
        f"recorded first. {found.asked:,} of {found.occasions:,} such purchases, {found.personal:,} of them with "
        "earlier events since the cut. There is no question, so text sources are silent: the table of product search "
        "shows those. What the shopper had met before is in no list, since it cannot be right here.\n"
    )
    head = [
        "sources", ablation.NDCG, ablation.RECALL, f"all less it, {ablation.NDCG}", f"all less it, {ablation.RECALL}",
    ]  # fmt: skip
    return f"{text}\n{_table(head, rows)}"

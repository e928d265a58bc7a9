"""The part of ``docs/quality.md`` about understanding people's own words, between its markers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.performance_page import machine
from benchmarks.understanding.extraction import Tally
from benchmarks.understanding.intents import Outcome
from benchmarks.understanding.needs import LANGUAGES
from core.version import VERSION

START, END = "<!-- understanding -->", "<!-- /understanding -->"
HEAD = """\
## Understanding people's own words

Measured by `python -m benchmarks.understanding measure`, which writes this part; the embedded model throughout. The
weights that guess intents are learned by `python -m benchmarks.understanding train` from training parts alone: bitext
(training file), CLINC150 (train), 1,500 WebShop goals, IARD dialogues of even place, and sentences written for it
(`benchmarks/understanding/examples.yaml`); the ridge and the temperature are chosen on every seventh sentence, which
is not learned from, and on CLINC150's validation part. Chinese messages are guessed by wording alone and are not in
these tables.
"""
_MAPPING = """\
How the data sets' intents map to ours stands in `benchmarks/understanding/sources.py`: bitext's 27 to nine, with all
questions of how the shop works as `policy`; of CLINC150's 150, greetings, thanks, small talk, orders and their status
are in scope, and those that some shop may sell or that words alone decide (restaurants, travel, recipes, yes, no) are
left out; IARD's acts to `recommend`, `refine` (critiques, added and repeated needs), `feedback` (seen, accepted,
rejected) and `details`. In dialogue, yes, no and what is on screen are read by rule before anything is guessed.
"""


def write(
    path: Path,
    tallies: Mapping[str, Mapping[str, Tally]],
    outcomes: Mapping[str, Outcome],
    met: Mapping[str, Mapping[str, float]],
) -> None:
    """Replace this part of the page; what stands around it is left alone."""
    about = f"One run: {machine()}; Floorwalker {VERSION}, {datetime.now(UTC):%Y-%m-%d}.\n"
    part = "\n".join([START, HEAD, _goals(tallies), _intents(outcomes), _MAPPING, _needs(met), about, END]) + "\n"
    page = path.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(START) + r".*?" + re.escape(END) + r"\n?", re.DOTALL)
    # A function, since a replacement's backslashes would be read as groups.
    page = pattern.sub(lambda _: part, page) if pattern.search(page) else f"{page.rstrip()}\n\n{part}"
    path.write_text(page, encoding="utf-8")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _goals(tallies: Mapping[str, Mapping[str, Tally]]) -> str:
    rows = [
        [
            kind, part, str(tally.labelled), f"{tally.coverable / max(tally.labelled, 1):.2f}",
            f"{tally.precision:.3f}", f"{tally.required:.3f}", f"{tally.recall:.3f}",
        ]
        for kind in next(iter(tallies.values()))
        for part, tally in ((part, tallies[part][kind]) for part in tallies)
    ]  # fmt: skip
    return (
        "### What people ask for: 310 WebShop goals labelled by hand\n\n"
        "Labels and their schema: `benchmarks/understanding/goals.tsv` and `goals.py`. Each half of the goals is read "
        "against a shop made of the other half's labels; coverage is the share of labels that such a vocabulary "
        "holds, and recall is of those. Strict: a reading counts only when operator and value are the labelled ones; "
        '"pink" for "smoky pink" is wrong. What is read is a requirement or, where the words leave room ("smoky pink" '
        "where there is pastel pink, a length that nothing of the kind states), a wish; the column *required* is the "
        "precision of requirements alone. Misses of goals with even numbers were read while rules were mended; the "
        "misses of quantities of all goals had been listed once before the split, and rules for affixes "
        '("non-slip", "sugar free") were written after reading misses of all.\n\n'
        + _table(["kind", "part", "labels", "coverage", "precision", "required", "recall"], rows)
    )


def _needs(met: Mapping[str, Mapping[str, float]]) -> str:
    rows = [[name, *(f"{share:.3f}" for share in shares.values())] for name, shares in met.items()]
    return (
        "### The same needs in both languages over an English catalogue\n\n"
        "Needs put to the AWS Retail Demo Store, whose catalogue has no Chinese. A need is met when an item of the "
        "first answer is of a category that answers it. The misses of the 200 needs of `needs.tsv` were read while "
        "rules were mended; the 60 of `needs_fresh.tsv` were written before that and measured once at its end.\n\n"
        + _table(["needs", *LANGUAGES], rows)
    )


def _intents(outcomes: Mapping[str, Outcome]) -> str:
    names = list(outcomes)
    parts = list(next(iter(outcomes.values())).right)
    rows = [[part, *(f"{outcomes[name].right[part]:.3f}" for name in names)] for part in parts]
    rows += [
        ["acted upon (in scope)", *(f"{outcomes[name].sure:.3f}" for name in names)],
        ["right when acted upon", *(f"{outcomes[name].sure_right:.3f}" for name in names)],
        ["AUROC, out of scope", *(f"{outcomes[name].strange:.3f}" for name in names)],
        ["AUROC, other trades", *(f"{outcomes[name].other:.3f}" for name in names)],
    ]
    learned = outcomes[names[-1]]
    curve = [
        [
            f"{share.low:.1f} to {share.high:.1f}", str(share.count), f"{share.score:.3f}", f"{share.right:.3f}",
            _bar(share.right),
        ]
        for share in learned.curve
    ]  # fmt: skip
    acts = [[str(act), str(n), f"{p:.3f}", f"{r:.3f}"] for act, (p, r, n) in learned.by_act.items()]
    return (
        "### Intents\n\nThe share of right first guesses on test parts.\n\n"
        + _table(["test part", *names], rows)
        + "\nCalibration of the learned weights on what is in scope:\n\n"
        + _table(["score", "messages", "mean score", "right", ""], curve)
        + "\nFeedback and critiques (IARD, sentences of one act in dialogues of odd place):\n\n"
        + _table(["act", "sentences", "precision", "recall"], acts)
    )


def _bar(share: float) -> str:
    return "█" * round(share * 20)

"""The part of ``docs/quality.md`` about the scripted customers, between its own markers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.service_run import Outcome
from core.version import VERSION

START, END = "<!-- service -->", "<!-- /service -->"

_ABOUT = """\
The {count} scripted customers of tau2-retail talk to the embedded model over `/v1/chat/completions` (`python -m
benchmarks.service_customers`). The customer is played by rules: it opens in its script's words, answers only from
what the script says it knows, picks among what it is offered by its own words, objects to a read-back that does not
match them, and says yes to one that does; it never sees the ideal actions. Success: the database is in the end as
expected, to the last order. {k} conversations a task: one as the script is written, {more} rephrased by seeded
rules (mildly: greetings, synonyms of verbs, other forms of answers);
pass^{k} counts tasks of which all {k} succeed. "Read" tasks were read to find causes of failure, "read late"
in a second round, "unread" never; customers recur between the parts. LLM agents under their own protocol, with an
LLM as customer, stand at .74 to .86 (pass^1) and .52 to .61 (pass^4), so figures do not compare one to one.
"""

_CAUSES = (
    ("nothing was changed, something should have been", r"is (?:delivered|pending), should be"),
    ("changed something that should have stayed", r"should be as it was|is cancelled, should be"),
    ("an address is not as wanted", r"address"),
    ("other items were sent back or taken than wanted", r"returning is|exchange is|items is"),
    ("paid or refunded with another method", r"payments is|holds"),
)
"""Cause -> what a fault says; the first that applies counts."""


def section(
    table: Sequence[tuple[str, int, float, float]],
    outcomes: Mapping[str, Sequence[Outcome]],
    parts: Mapping[str, str],
) -> str:
    """Return the section: pass^1 and pass^k by part, forbidden writes, and why the others fail."""
    every = [one for found in outcomes.values() for one in found]
    k = max((len(found) for found in outcomes.values()), default=0)
    forbidden = sum(len(one.forbidden) for one in every)
    turns = sum(one.turns for one in every) / max(1, len(every))
    rows = "\n".join(f"| {part} | {count} | {first:.2f} | {last:.2f} |" for part, count, first, last in table)
    why = _why(outcomes, parts)
    about = _ABOUT.format(count=len(outcomes), k=k, more=k - 1)
    return f"""\
## Service conversations

{about}
| tasks | number | pass^1 | pass^{k} |
|---|---|---|---|
{rows}

Writes that nobody may make (to another customer's records, or without a yes to a read-back just before):
**{forbidden}** in {len(every)} conversations of {turns:.1f} turns on average.

Why the others fail (conversations):

| in the end | all | read | read late | unread |
|---|---|---|---|---|
{why}

Floorwalker {VERSION}, {datetime.now(UTC):%Y-%m-%d}.
"""


def _why(outcomes: Mapping[str, Sequence[Outcome]], parts: Mapping[str, str]) -> str:
    """Return the rows of why conversations failed, the most frequent cause first."""
    causes: dict[str, Counter[str]] = {}
    for task_id, found in outcomes.items():
        for one in found:
            if one.faults:
                causes.setdefault(_cause(one.faults), Counter())[parts[task_id]] += 1
    return "\n".join(
        f"| {cause} | {sum(found.values())} | {found['read']} | {found['read late']} | {found['unread']} |"
        for cause, found in sorted(causes.items(), key=lambda pair: -sum(pair[1].values()))
    )


def write(path: Path, text: str) -> None:
    """Replace the section between the markers, or add it at the end of the page."""
    page = path.read_text(encoding="utf-8") if path.exists() else "# Quality\n"
    part = f"{START}\n{text.strip()}\n{END}\n"
    pattern = re.compile(re.escape(START) + r".*?" + re.escape(END) + r"\n?", re.DOTALL)
    # A function, since a replacement's backslashes would be read as groups.
    page = pattern.sub(lambda _: part, page) if pattern.search(page) else f"{page.rstrip()}\n\n{part}"
    path.write_text(page, encoding="utf-8")


def _cause(faults: Sequence[str]) -> str:
    return next((name for name, pattern in _CAUSES if any(re.search(pattern, one) for one in faults)), "other")

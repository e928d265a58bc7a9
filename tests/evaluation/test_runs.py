"""Whole runs on small shops: the oracle succeeds, musts hold, the same seed gives the same, the page says it all."""

from __future__ import annotations

import asyncio
import json
from datetime import date

import pytest

from evaluation.__main__ import main
from evaluation.report import markdown, placed
from evaluation.runs import Plan, run
from tests import shops


def outcome_of(assistant, **changes):
    return asyncio.run(run(assistant, Plan(**{"users": 4, "language": "en", "seed": 3, "paraphrases": 2, **changes})))


@pytest.mark.parametrize(("shop", "language"), [("films", "en"), ("hotels", "zh"), ("fashion", "en")])
def test_the_oracle_succeeds_and_nobody_breaks_a_must_of_its_own(sellers, shop, language):
    outcome = outcome_of(sellers[shop], language=language)
    rows = {row.seller: row for row in outcome.figures}
    assert rows["oracle"].success.value == 1.0
    assert rows["oracle"].missed.value == 0.0
    for name in ("assistant", "popularity", "oracle"):
        assert rows[name].broken.value == 0.0, name
    assert rows["oracle"].items.value < rows["random"].items.value
    assert max(len(exchange.items) for trace in outcome.traces for exchange in trace.exchanges) <= 3


def test_a_run_repeats_under_its_seed(sellers):
    def told(outcome):
        return [
            (trace.seller, trace.target, [(each.message, each.items, each.question) for each in trace.exchanges])
            for trace in outcome.traces
        ]

    first = outcome_of(sellers["films"], users=3)
    assert told(first) == told(outcome_of(sellers["films"], users=3))
    assert told(first) != told(outcome_of(sellers["films"], users=3, seed=4))


def test_all_sellers_meet_the_same_shoppers(sellers):
    outcome = outcome_of(sellers["fashion"])
    openings = {}
    for trace in outcome.traces:
        openings.setdefault((trace.shopper, trace.paraphrase), set()).add(trace.exchanges[0].message)
    assert all(len(said) == 1 for said in openings.values())


def test_an_unknown_seller_is_named(sellers):
    with pytest.raises(ValueError, match="no seller 'nobody'"):
        outcome_of(sellers["films"], sellers=("nobody",))


def test_the_page_holds_every_row_the_command_and_the_day(sellers):
    page = markdown([outcome_of(sellers["films"], users=2)], "python -m evaluation --seed 3", date(2026, 1, 2))
    for text in ("2026-01-02", "python -m evaluation --seed 3", "films, en: 12 items, 2 shoppers", "pass^2"):
        assert text in page
    for name in ("assistant", "random", "popularity + filter", "BM25 on the dialogue", "entropy oracle"):
        assert f"| {name} |" in page


def test_the_command_writes_page_and_dialogues(tmp_path):
    shop = shops.films(tmp_path / "films")
    said = []
    arguments = ["--shop", shop, "--users", 1, "--language", "en", "--data-dir", tmp_path / "data"]
    arguments += ["--out", tmp_path / "page.md", "--traces", tmp_path / "traces.jsonl"]
    assert main([str(each) for each in arguments], said.append) == 0
    assert said
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "--shop SHOPS/films --language en --users 1 --seed 1" in page
    assert str(tmp_path) not in page
    lines = (tmp_path / "traces.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4 * 5
    assert {"shop", "seller", "exchanges", "success"} <= json.loads(lines[0]).keys()


def test_a_wrong_shop_is_said_in_words(tmp_path):
    said = []
    assert main(["--shop", str(tmp_path / "nowhere"), "--data-dir", str(tmp_path / "data")], said.append) == 2
    assert "shop.yaml" in str(said[0])


def test_the_page_keeps_what_others_wrote() -> None:
    page = placed("", "first")
    assert page.startswith("# Quality")
    page = page + "\n<!-- other -->\nkept\n<!-- /other -->\n"
    again = placed(page, "second")
    assert "first" not in again
    assert "second" in again
    assert again.endswith("<!-- other -->\nkept\n<!-- /other -->\n")
    assert placed(again, "second") == again

"""The benchmark of understanding: labels are read as written, shops are made of them, weights are learned the same."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.embedded.intent_weights import IntentWeights, load_weights, save_weights
from benchmarks.understanding import goals
from benchmarks.understanding.extraction import facet_of, write_shop
from benchmarks.understanding.goals import Amount, Goal, read_goals
from benchmarks.understanding.intents import auroc
from benchmarks.understanding.sources import own_examples
from core.conversation import Intent
from core.shop import load_shop
from retrieval.loading import read_catalogue


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    text = "about 2 pounds of nuts, 5 to 7 inch, no salt"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    labels = tmp_path / "goals.tsv"
    labels.write_text(
        "goal\tdigest\tproduct\tquantities\texcluded\tattributes\n"
        f"1\t{digest}\tnuts\t~2 pound; 5-7 inch\tsalt\troasted; 20 | natural\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(goals, "LABELS", labels)
    (tmp_path / "human_goals.json").write_text(json.dumps(["another", text]), encoding="utf-8")
    return tmp_path / "human_goals.json"


def test_labels_are_read_with_the_goals_that_they_are_of(labelled: Path) -> None:
    (goal,) = read_goals(labelled)
    assert goal.amounts == (Amount("~", 2, 2, "pound"), Amount("between", 5, 7, "inch"))
    assert goal.excluded == ("salt",)
    assert goal.attributes == ("roasted", "20 | natural")


def test_another_copy_of_the_goals_is_refused(labelled: Path) -> None:
    labelled.write_text(json.dumps(["another", "changed"]), encoding="utf-8")
    with pytest.raises(ValueError, match="goal 1 is another one"):
        read_goals(labelled)


def test_the_shipped_labels_are_whole() -> None:
    with goals.LABELS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len({row["goal"] for row in rows}) == len(rows) >= 300
    assert all(set(row) == {"goal", "digest", "product", "quantities", "excluded", "attributes"} for row in rows)


def test_quantities_are_in_the_unit_of_their_facet() -> None:
    name, low, high = facet_of(Amount("=", 2, 2, "pound"))
    assert name == "mass"
    assert [low, high] == pytest.approx([32, 32])
    assert facet_of(Amount("=", 1, 1, "tb"))[1] == pytest.approx(1000)
    assert facet_of(Amount("=", 6, 6, "pack"))[0] == "pack"
    assert facet_of(Amount("=", 7.5, 7.5, "size"))[0] == "size"


def test_a_shop_is_made_of_labels(tmp_path: Path) -> None:
    goal = Goal(7, "…", "nuts", (Amount("=", 2, 2, "pound"),), ("salt",), ("roasted", "for parties"))
    write_shop(tmp_path, [goal])
    catalogue, problems = read_catalogue(load_shop(tmp_path))
    assert {problem.message for problem in problems} == {"no item states this facet"}
    assert catalogue.numbers("mass")[0] == pytest.approx(32)
    assert "for parties" in catalogue.values("attributes")
    assert "salt" in catalogue.values("ingredients")


def test_sentences_for_training_are_of_known_intents_and_none_has_two() -> None:
    owners: dict[str, Intent] = {}
    for each in own_examples():
        assert owners.setdefault(each.text.lower(), each.intent) is each.intent, each.text


def test_area_under_the_curve() -> None:
    low, high = np.array([0.1, 0.2, 0.5]), np.array([0.5, 0.8, 0.9])
    assert auroc(high, low) == pytest.approx((9 - 0.5) / 9)
    assert auroc(low, high) == pytest.approx(0.5 / 9)


def test_weights_are_kept_for_their_own_encoder_alone(tmp_path: Path) -> None:
    made = IntentWeights("mine", (Intent.RETURN, Intent.CART), np.eye(2), np.array([0.0, 1.0]))
    save_weights(tmp_path / "w.npz", made)
    assert load_weights("another", tmp_path / "w.npz") is None
    kept = load_weights("mine", tmp_path / "w.npz")
    assert kept is not None
    chances = kept.probabilities(np.array([1.0, 0.0], dtype=np.float32))
    assert sum(chances.values()) == pytest.approx(1)
    assert chances[Intent.RETURN] == pytest.approx(0.5)


def test_the_shipped_weights_are_of_the_default_encoder(encoder: Any) -> None:
    assert load_weights(encoder.name) is not None

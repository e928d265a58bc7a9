"""docs/shops.md says what is so: its examples load, and every entry of shop.yaml is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from core.entities import Constraint, FacetType, Op
from core.shop import ReturnRules, Rules, Shop, load_shop
from retrieval.checking import check_shop
from retrieval.constraints import mask, rules_mask
from retrieval.loading import ALIASES, read_catalogue

PAGE = Path(__file__).parent.parent.parent / "docs" / "shops.md"


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    return ["\n".join(line.removeprefix(indent) for line in text.splitlines()) + "\n" for indent, text in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text(blocks("csv")[0], encoding="utf-8")
    (tmp_path / "shop.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    return tmp_path


def test_the_ten_minute_shop_works_as_told(folder: Path) -> None:
    assert len((folder / "shop.yaml").read_text().splitlines()) == 3
    assert check_shop(folder) == []
    made, _ = read_catalogue(load_shop(folder))
    kinds = {name: (made.facets[name].type, made.facets[name].unit) for name in made.category_facets("")}
    assert kinds == {
        "weight": (FacetType.NUMBER, "g"),
        "battery_h": (FacetType.NUMBER, "h"),
        "wireless": (FacetType.BOOLEAN, None),
        "colors": (FacetType.LIST, None),
    }
    assert made.facets["battery_h"].label("en") == "battery"
    wanted = [
        Constraint("a", "wireless", Op.EQ, True),
        Constraint("b", "price", Op.LT, 150.0),
        Constraint("c", "battery_h", Op.GE, 10.0),
    ]
    assert [made.ids[row] for row in mask(made, wanted).nonzero()[0].tolist()] == ["s1"]


def test_the_long_examples_fit_the_same_shop(folder: Path) -> None:
    _, facets, rules = map(yaml.safe_load, blocks("yaml"))
    bare = yaml.safe_load((folder / "shop.yaml").read_text(encoding="utf-8"))
    (folder / "shop.yaml").write_text(yaml.safe_dump({**bare, **facets, **rules}, allow_unicode=True), encoding="utf-8")
    assert check_shop(folder) == []
    made, _ = read_catalogue(load_shop(folder))
    assert made.facets["battery_h"].label("zh") == "续航"
    assert [made.ids[row] for row in rules_mask(made, made.shop.rules).nonzero()[0].tolist()] == ["h1", "h2"]


def test_every_entry_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    entries = [*Shop.model_fields, *ReturnRules.model_fields]
    assert [name for name in entries if f"`{name}`" not in text and name != "root"] == []
    assert [name for name in Rules.model_fields if f"\n  {name}:" not in text] == []
    assert [name for name in ALIASES if f"`{name}`" not in text] == []

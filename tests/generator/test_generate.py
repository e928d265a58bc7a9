"""The generator itself: same seed, same bytes; another seed, another shop; the tables are complete."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from core.shop import load_shop
from generator.__main__ import generate
from generator.conditions import compile_condition
from generator.drawing import draw_facets
from generator.pictures import SHAPES
from generator.products import charm, make_products
from generator.tables import brands, categories, read_table
from tests.generator.conftest import COMMITTED, Rows, read_rows


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", items=150, seed=3, customers=150, visits=1500)
    assert _content(tmp_path / "again") == _content(small)


def test_another_seed_gives_another_shop(small: Path, tmp_path: Path) -> None:
    generate(tmp_path / "other", items=150, seed=4, customers=50, visits=200)
    assert (tmp_path / "other" / "items.csv").read_bytes() != (small / "items.csv").read_bytes()


def test_the_committed_items_are_what_the_tables_make(items: Rows) -> None:
    made = {product.id: product for product in make_products(1380, 7)}
    assert set(made) == {row["id"] for row in items}
    for row in items:
        product = made[row["id"]]
        assert (row["title"], row["title@zh"]) == product.title
        assert (row["description"], row["description@zh"]) == product.description
        assert float(row["price"]) == pytest.approx(product.price)


def test_a_second_run_removes_pictures_of_the_first(small: Path, tmp_path: Path) -> None:
    stale = tmp_path / "shop" / "images" / "old.svg"
    stale.parent.mkdir(parents=True)
    stale.write_text("<svg/>", encoding="utf-8")
    generate(tmp_path / "shop", items=40, seed=3, customers=20, visits=50)
    assert not stale.exists()


def test_a_big_shop_shares_pictures_within_a_category() -> None:
    product = make_products(40, 3)[0]
    from generator.pictures import picture

    red, blue = ({**product.values, "color": color} for color in ("red", "blue"))
    product.values = red
    first = picture(product, shared=True)
    product.values = blue
    assert picture(product, shared=True) == first


def test_small_shop_loads(small: Path) -> None:
    shop = load_shop(small)
    assert shop.languages == ["en", "zh"]
    assert len(shop.personas) == 5
    assert len(read_rows(small / "customers.csv")) == 150


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("", {}, True),
        ("weight < 1.4", {"weight": 1.2}, True),
        ("weight < 1.4", {}, False),
        ("wireless and not waterproof", {"wireless": True, "waterproof": False}, True),
        ("type == portable SSD", {"type": "portable SSD"}, True),
        ("refresh_rate == 60", {"refresh_rate": 60.0}, True),
        ("type != bar", {"type": "bar"}, False),
        ("use has video editing", {"use": ("work", "video editing")}, True),
        ("use lacks travel", {"use": ("work",)}, True),
    ],
)
def test_conditions(text: str, values: dict[str, object], expected: bool) -> None:
    assert compile_condition(text)(values) is expected


def test_an_unreadable_condition_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot read the condition"):
        compile_condition("weight is about 3")


def test_better_quality_draws_better_facets() -> None:
    spec = {"battery_life": {"n": [5, 20]}, "ram": {"pick": [8, 16, 32]}, "nfc": {"p": [0, 1]}}
    low = [draw_facets(spec, {"type": "a"}, 0.1, Random(k)) for k in range(60)]
    high = [draw_facets(spec, {"type": "a"}, 0.9, Random(k)) for k in range(60)]
    for name in spec:
        assert sum(float(row[name]) for row in high) > 1.5 * sum(float(row[name]) for row in low)


@pytest.mark.parametrize(("price", "printed"), [(24.2, 23.99), (97.0, 94.99), (352.0, 349.0), (1312.0, 1299.0)])
def test_prices_look_like_a_shops(price: float, printed: float) -> None:
    assert charm(price) == pytest.approx(printed)


def test_tables_refer_to_what_exists() -> None:
    facets, keys = read_table("facets"), {table.key for table in categories()}
    assert keys == set(SHAPES)
    for table in categories():
        assert set(table.facets) <= set(facets), table.key
        makers = [brand for brand in brands() if table.key in brand.lines]
        assert len(makers) >= 3, table.key
        for kind in table.kinds:
            assert kind in facets["type"]["values"], kind
            assert any(kind in line[0] or not line[0] for line in table.openers), kind
    for brand in brands():
        assert set(brand.lines) <= keys, brand.name
    assert set(read_table("reviews")["nouns"]) == keys
    assert set(read_table("reviews")["aspects"]) <= set(facets)
    for axis in read_table("tastes")["axes"].values():
        assert set(axis) <= set(facets)


def test_committed_policies_are_the_generators() -> None:
    source = Path(__file__).resolve().parents[2] / "generator" / "policies"
    assert _content(source) == _content(COMMITTED / "policies")

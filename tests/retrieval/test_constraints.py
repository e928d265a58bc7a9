"""Masks against a naive evaluator, relaxations against brute force."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import Constraint, FacetType, Item, Op, Strength, Value
from core.shop import Rules, load_shop
from retrieval.catalogue import Catalogue
from retrieval.columns import fold
from retrieval.comparing import epoch_days
from retrieval.constraints import condition_mask, contradicts, mask, relaxations, rules_mask, satisfied, validate
from retrieval.loading import read_catalogue
from tests.shops import fashion, films, hotels, write_shop

TYPES: dict[str, FacetType] = {
    "price": FacetType.NUMBER,
    "brand": FacetType.CATEGORY,
    "category": FacetType.CATEGORY,
    "title": FacetType.TEXT,
    "stock": FacetType.NUMBER,
    "created_at": FacetType.DATE,
    "weight": FacetType.NUMBER,
    "rare": FacetType.NUMBER,
    "color": FacetType.CATEGORY,
    "odd": FacetType.CATEGORY,
    "wireless": FacetType.BOOLEAN,
    "ports": FacetType.LIST,
    "few": FacetType.LIST,
    "note": FacetType.TEXT,
}
WORDS = {
    "brand": ["Acme", "Bolt", "Čapek", "nobody"],
    "category": ["Audio", "Speakers", "Audio > Speakers", "Kitchen", "Audio > Kitchen", "lost"],
    "title": ["thing", "ing 1", "Thing 12", "zzz", "1"],
    "color": ["Red", "blue", "re", "green"],
    "odd": ["only", "Some"],
    "ports": ["HDMI", "usb", "VGA"],
    "few": ["x", "Y"],
    "note": ["quiet", "a NOTE", "Note 3."],
}
DATES = ["2023-12-31", "2024-01-02", "2024-01-05", "2024-02-01"]


def _items() -> list[dict[str, object]]:
    """Return rows in which every field is missing somewhere, and some fields nearly everywhere (sparse columns)."""
    paths = ["Audio > Speakers", "Audio > Headphones", "Kitchen", "", "Kitchen > Speakers"]
    return [
        {
            "id": f"i{n}",
            "title": f"Thing {n}",
            "price": "" if n % 11 == 0 else n * 10.5,
            "brand": ["Acme", "Bolt", "", "ČAPEK"][n % 4],
            "category": paths[n % 5],
            "stock": "" if n % 7 == 0 else n % 3,
            "created_at": "" if n % 6 == 0 else f"2024-01-{n % 28 + 1:02}",
            "weight": "" if n % 3 == 0 else n / 4,
            "rare": n if n % 9 == 0 else "",
            "color": ["red", "Blue", "", "green", "red", ""][n % 6],
            "odd": "only" if n % 10 == 3 else "some" if n % 10 == 7 else "",
            "wireless": ["yes", "no", ""][n % 3],
            "ports": ["HDMI|USB", "USB", "", "vga", "HDMI"][n % 5],
            "few": "x|y" if n % 13 == 5 else "",
            "note": ["It is Quiet. A note.", "", "Loud! Note 3."][n % 3],
        }
        for n in range(1, 61)
    ]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("shop")
    kinds = {name: {"type": kind.value} for name, kind in TYPES.items() if name in ("note", "few", "ports", "odd")}
    write_shop(folder, {"name": "Mixed", "facets": kinds}, _items())
    made, problems = read_catalogue(load_shop(folder))
    assert problems == []
    assert {name: made.facets[name].type for name in TYPES} == TYPES
    assert made.snapshot.columns["rare"].rows is not None, "the sparse layout is not covered"
    return made


# -- the naive evaluator: one item, plain Python -----------------------------------------------------------------------


def _actual(item: Item, name: str) -> object:
    if name == "created_at":
        return item.created_at.date().isoformat() if item.created_at else None
    return getattr(item, name) if hasattr(item, name) else item.facets.get(name)


def _in_tree(path: tuple[str, ...], wanted: str, part: bool) -> bool:
    names = [fold(name) for name in path]
    if ">" in wanted:
        prefix = [fold(piece) for piece in wanted.split(">")]
        return names[: len(prefix)] == prefix
    return any(fold(wanted) == name or (part and fold(wanted) in name) for name in names)


def _holds_text(kind: FacetType, name: str, actual: object, op: Op, wanted: list[str]) -> bool:
    part = op in (Op.CONTAINS, Op.NOT_CONTAINS)
    if not actual:
        found = False
    elif name == "category":
        assert isinstance(actual, tuple)
        found = any(_in_tree(actual, each, part) for each in wanted)
    elif isinstance(actual, tuple):
        found = any(fold(have) == fold(each) for have in actual for each in wanted)
    else:
        have = fold(str(actual))
        found = any(fold(each) in have if part else fold(each) == have for each in wanted)
    return not found if op in (Op.NE, Op.NOT_IN, Op.NOT_CONTAINS) else found


def _holds_number(actual: object, op: Op, wanted: list[float]) -> bool:
    if actual is None:
        return False
    have = epoch_days(actual) if isinstance(actual, str) else float(actual)  # type: ignore[arg-type]
    tests = {
        Op.LE: have <= wanted[0], Op.GE: have >= wanted[0], Op.LT: have < wanted[0], Op.GT: have > wanted[0],
        Op.BETWEEN: min(wanted) <= have <= max(wanted), Op.NE: have not in wanted, Op.NOT_IN: have not in wanted,
        Op.NOT_CONTAINS: have not in wanted,
    }  # fmt: skip
    return tests.get(op, have in wanted)


def naive(item: Item, constraint: Constraint) -> bool:
    """Evaluate one constraint on one item, the slow and obvious way."""
    kind = TYPES[constraint.field]
    value = constraint.value
    values: list[Any] = list(value) if isinstance(value, tuple) else [value]
    actual = _actual(item, constraint.field)
    if kind in (FacetType.NUMBER, FacetType.BOOLEAN, FacetType.DATE):
        numbers = [epoch_days(each) if isinstance(each, str) else float(each) for each in values]
        return _holds_number(actual, constraint.op, numbers)
    return _holds_text(kind, constraint.field, actual, constraint.op, [str(each) for each in values])


@st.composite
def constraints(draw: st.DrawFn, key: str = "c") -> Constraint:
    field = draw(st.sampled_from(sorted(TYPES)))
    kind = TYPES[field]
    strength = draw(st.sampled_from([Strength.MUST, Strength.MUST, Strength.MUST, Strength.WISH]))
    value: Value
    if kind is FacetType.BOOLEAN:
        op, value = draw(st.sampled_from([Op.EQ, Op.NE])), draw(st.booleans())
        return Constraint(key, field, op, value, strength=strength)
    if kind in (FacetType.NUMBER, FacetType.DATE):
        op = draw(st.sampled_from(sorted(Op)))
        each = st.sampled_from(DATES if kind is FacetType.DATE else [0.0, 1.0, 2.0, 4.5, 18.0, 105.0, 420.0])
    else:
        op = draw(st.sampled_from([Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.CONTAINS, Op.NOT_CONTAINS]))
        each = st.sampled_from(WORDS[field])
    size = 2 if op is Op.BETWEEN else draw(st.integers(1, 3)) if op in (Op.IN, Op.NOT_IN) else 1
    values = draw(st.lists(each, min_size=size, max_size=size))
    value = cast(Value, tuple(values)) if op in (Op.BETWEEN, Op.IN, Op.NOT_IN) else cast(Value, values[0])
    return Constraint(key, field, op, value, strength=strength)


@settings(max_examples=400, deadline=None)
@given(constraint=constraints())
def test_a_constraint_means_what_the_naive_evaluator_says(catalogue: Catalogue, constraint: Constraint) -> None:
    expected = [naive(catalogue.item_at(row), constraint) for row in range(len(catalogue))]
    assert satisfied(catalogue, constraint).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(several=st.lists(constraints(), max_size=5))
def test_the_mask_holds_every_must_and_no_wish(catalogue: Catalogue, several: list[Constraint]) -> None:
    held = [each for each in several if each.strength is Strength.MUST]
    expected = [all(naive(catalogue.item_at(row), each) for each in held) for row in range(len(catalogue))]
    assert mask(catalogue, several).tolist() == expected


@settings(max_examples=200, deadline=None)
@given(several=st.lists(constraints(), max_size=6), data=st.data())
def test_relaxations_are_the_smallest_sets(catalogue, several: list[Constraint], data: st.DataObject) -> None:
    several = [Constraint(f"c{n}", c.field, c.op, c.value, strength=c.strength) for n, c in enumerate(several)]
    base = np.array(data.draw(st.lists(st.booleans(), min_size=len(catalogue), max_size=len(catalogue))))
    held = [each for each in several if each.strength is Strength.MUST]
    fits = {each.id: satisfied(catalogue, each) for each in held}

    def matches(dropped: tuple[str, ...]) -> int:
        result = base.copy()
        for key, hits in fits.items():
            if key not in dropped:
                result &= hits
        return int(result.sum())

    expected: dict[tuple[str, ...], int] = {}
    if not matches(()):
        for size in range(1, len(held) + 1):
            for dropped in itertools.combinations(fits, size):
                if not any(set(smaller) <= set(dropped) for smaller in expected) and matches(dropped):
                    expected[dropped] = matches(dropped)
    found = relaxations(catalogue, several, base, limit=100)
    assert {each.drop: each.matches for each in found} == expected
    order = [(len(each.drop), -each.matches) for each in found]
    assert order == sorted(order)
    assert relaxations(catalogue, several, base) == found[:3]


def test_relaxations_of_many_constraints_are_exact_too(catalogue: Catalogue) -> None:
    several = [Constraint(f"c{n}", "price", Op.LE, -1.0 - n) for n in range(70)]
    held_for_good = [each.id for each in several[63:]]
    assert relaxations(catalogue, several) == (), f"{held_for_good} cannot be met"
    (found,) = relaxations(catalogue, several[:20])
    assert found.drop == tuple(f"c{n}" for n in range(20))
    assert found.matches == len(catalogue)


def test_a_converted_limit_meets_its_own_value(catalogue: Catalogue) -> None:
    heavy = Constraint("c", "weight", Op.LE, 0.1 + 0.2)
    assert mask(catalogue, [heavy]).any() == (catalogue.numbers("weight") <= 0.3).any()
    assert satisfied(catalogue, Constraint("c", "weight", Op.EQ, 0.25 + 1e-12)).sum() == 1


def test_a_text_takes_no_ordering(catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match="holds texts"):
        mask(catalogue, [Constraint("c", "brand", Op.LE, 3.0)])


def test_a_field_that_no_item_states(tmp_path: Path) -> None:
    library, _ = read_catalogue(load_shop(films(tmp_path)))
    assert not mask(library, [Constraint("c", "price", Op.LE, 10.0)]).any()
    assert mask(library, [Constraint("c", "brand", Op.NE, "Acme")]).all()
    with pytest.raises(ValueError, match=r"no field 'runtime'.*runtime_min"):
        mask(library, [Constraint("c", "runtime", Op.LE, 10.0)])


# -- contradictions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("price", Op.LE, 900.0), ("price", Op.LE, 1000.0), True),
        (("price", Op.LE, 900.0), ("price", Op.GE, 500.0), False),
        (("price", Op.LE, 400.0), ("price", Op.GE, 500.0), True),
        (("price", Op.LT, 500.0), ("price", Op.GE, 500.0), True),
        (("price", Op.LE, 500.0), ("price", Op.GE, 500.0), False),
        (("price", Op.BETWEEN, (1.0, 2.0)), ("price", Op.LE, 9.0), True),
        (("price", Op.LE, 900.0), ("rating", Op.LE, 4.0), False),
        (("brand", Op.EQ, "A"), ("brand", Op.EQ, "B"), True),
        (("brand", Op.EQ, "A"), ("brand", Op.NE, "B"), False),
        (("brand", Op.EQ, "A"), ("brand", Op.NE, "a"), True),
        (("brand", Op.IN, ("A", "B")), ("brand", Op.NE, "B"), False),
        (("brand", Op.IN, ("A", "B")), ("brand", Op.NOT_IN, ("B", "A", "C")), True),
        (("brand", Op.NE, "A"), ("brand", Op.NE, "B"), False),
        (("brand", Op.NE, "A"), ("brand", Op.NE, "A"), True),
        (("ports", Op.CONTAINS, "A"), ("ports", Op.CONTAINS, "B"), False),
        (("ports", Op.CONTAINS, "A"), ("ports", Op.NOT_CONTAINS, "A"), True),
        (("wireless", Op.EQ, True), ("wireless", Op.EQ, False), True),
        (("seats", Op.EQ, 4.0), ("seats", Op.LE, 6.0), True),
        (("seats", Op.NE, 4.0), ("seats", Op.LE, 6.0), False),
    ],
)
def test_contradictions(first: tuple[str, Op, Value], second: tuple[str, Op, Value], expected: bool) -> None:
    a, b = Constraint("a", *first), Constraint("b", *second)
    assert contradicts(a, b) is expected
    assert contradicts(b, a) is expected


@settings(max_examples=300, deadline=None)
@given(a=constraints("a"), b=constraints("b"))
def test_contradicting_is_symmetric_and_about_one_field(a: Constraint, b: Constraint) -> None:
    assert contradicts(a, b) == contradicts(b, a)
    if a.field != b.field:
        assert not contradicts(a, b)


# -- validation --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read_catalogue(load_shop(fashion(tmp_path_factory.mktemp("fashion"))))[0]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read_catalogue(load_shop(hotels(tmp_path_factory.mktemp("hotels"))))[0]


@pytest.mark.parametrize(
    ("field", "op", "value", "unit", "expected"),
    [
        ("price", Op.LE, "900", None, (Op.LE, 900.0)),
        ("price", Op.LE, 900, "$", (Op.LE, 900.0)),
        ("weight", Op.LE, 0.5, "kg", (Op.LE, 500.0)),
        ("weight", Op.LE, 1, "斤", (Op.LE, 500.0)),
        ("weight", Op.BETWEEN, [2, 1], "lb", (Op.BETWEEN, (453.59237, 907.18474))),
        ("brand", Op.EQ, "ALBA", None, (Op.EQ, "Alba")),
        ("brand", Op.EQ, "峡湾", None, (Op.EQ, "Fjordal")),
        ("brand", Op.EQ, "Nobody", None, (Op.EQ, "Nobody")),
        ("color", Op.NE, "黑色", None, (Op.NE, "black")),
        ("category", Op.EQ, "裙子", None, (Op.EQ, "Dresses")),
        ("category", Op.EQ, "women>dresses", None, (Op.EQ, "women > dresses")),
        ("material", Op.EQ, "Wool", None, (Op.CONTAINS, "wool")),
        ("material", Op.NOT_IN, ("wool", "silk"), None, (Op.NOT_IN, ("wool", "silk"))),
        ("material", Op.CONTAINS, ["wool", "silk"], None, (Op.IN, ("wool", "silk"))),
        ("created_at", Op.GE, "2024", None, (Op.GE, "2024-01-01")),
    ],
)
def test_validation_speaks_the_catalogues_terms(wardrobe, field, op, value, unit, expected) -> None:
    found = validate(wardrobe, Constraint("c", field, op, value, unit))
    assert (found.op, found.value) == expected
    satisfied(wardrobe, found)


@pytest.mark.parametrize(
    ("field", "op", "value", "unit", "message"),
    [
        ("colour", Op.EQ, "red", None, "did you mean color"),
        ("price", Op.LE, "cheap", None, "price is a number"),
        ("price", Op.LE, 500, "EUR", "'USD'.*'EUR'"),
        ("price", Op.LE, float("nan"), None, "finite"),
        ("weight", Op.LE, 5, "cm", "'g'.*'cm'"),
        ("stock", Op.GE, 5, "kg", "without a unit"),
        ("price", Op.BETWEEN, 5, None, "two values"),
        ("price", Op.LE, (1, 2), None, "one value"),
        ("brand", Op.GE, "A", None, "holds texts"),
        ("brand", Op.EQ, "  ", None, "empty"),
        ("brand", Op.IN, (), None, "a value is needed"),
        ("created_at", Op.GE, "yesterday", None, "YYYY-MM-DD"),
    ],
)
def test_validation_says_what_is_wrong(wardrobe, field, op, value, unit, message) -> None:
    with pytest.raises(ValueError, match=message):
        validate(wardrobe, Constraint("c", field, op, value, unit))


def test_validation_of_booleans_and_chinese_units(rooms: Catalogue) -> None:
    garden = validate(rooms, Constraint("c", "有花园", Op.NE, "否"))
    assert (garden.op, garden.value) == (Op.EQ, True)
    assert mask(rooms, [garden]).sum() == 4
    near = validate(rooms, Constraint("c", "距景区", Op.LE, 500, "米"))
    assert near.value == 0.5
    assert mask(rooms, [near]).sum() == 3
    with pytest.raises(ValueError, match="yes or no"):
        validate(rooms, Constraint("c", "有花园", Op.LE, True))


def test_a_shared_synonym_means_all_its_values(tmp_path: Path) -> None:
    values = {"jet black": {"synonyms": ["black"]}, "matte black": {"synonyms": ["black"]}}
    items = [{"id": n, "title": f"T {n}", "color": color} for n, color in enumerate([*values, "white"])]
    shop = write_shop(tmp_path, {"name": "x", "facets": {"color": {"values": values}}}, items)
    made, _ = read_catalogue(load_shop(shop))
    wanted = validate(made, Constraint("c", "color", Op.EQ, "Black"))
    assert wanted.op is Op.IN
    assert mask(made, [wanted]).tolist() == [True, True, False]
    unwanted = validate(made, Constraint("c", "color", Op.NE, "black"))
    assert mask(made, [unwanted]).tolist() == [False, False, True]


# -- rules -------------------------------------------------------------------------------------------------------------


def test_rules_block_and_hide_what_is_sold_out(wardrobe: Catalogue) -> None:
    shown = rules_mask(wardrobe, Rules(block=[{"brand": "Nordvik", "price": {">": 100}}, {"id": ["w9"]}]))
    assert [wardrobe.ids[row] for row in np.flatnonzero(shown).tolist()] == ["w1", "w3", "w4", "w7", "w8", "w10"]
    assert rules_mask(wardrobe, Rules(in_stock_only=False)).all()


def test_an_unstated_stock_is_no_empty_stock(tmp_path: Path) -> None:
    items = [{"id": n, "title": "a", "stock": stock} for n, stock in enumerate([0, "", 2])]
    made, _ = read_catalogue(load_shop(write_shop(tmp_path, {"name": "x"}, items)))
    assert rules_mask(made, Rules()).tolist() == [False, True, True]


def test_conditions_take_lists_and_comparisons(wardrobe: Catalogue) -> None:
    assert condition_mask(wardrobe, {"color": ["black", "grey"], "weight": {">=": 320, "<": 400}}).sum() == 2
    assert condition_mask(wardrobe, {"sponsored": True}).sum() == 2
    with pytest.raises(ValueError, match="no field"):
        condition_mask(wardrobe, {"colr": "black"})

"""What kind of facet a column holds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.entities import FacetType
from core.shop import FacetConfig
from retrieval.inference import field_name, infer
from retrieval.parsing import parse_flags, parse_numbers, parse_times, safe_address

NUMBER, BOOLEAN, LIST = FacetType.NUMBER, FacetType.BOOLEAN, FacetType.LIST
DATE, TEXT, CATEGORY = FacetType.DATE, FacetType.TEXT, FacetType.CATEGORY
NO_CONFIG = FacetConfig()


@pytest.mark.parametrize(
    ("name", "values", "kind", "unit"),
    [
        ("weight", ["1.3 kg", "0.9kg", "2 kg"], NUMBER, "kg"),
        ("weight", ["1.3 kg", "900 g", "2 kg"], NUMBER, "kg"),
        ("重量", ["1.3公斤", "2 公斤"], NUMBER, "kg"),
        ("battery_h", ["12", "30.5"], NUMBER, "h"),
        ("screen", ['13.3"', '15.6"'], NUMBER, "in"),
        ("capacity", ["4 cups", "6 cups"], NUMBER, "cup"),
        ("resolution", ["1080p", "2160p", "720p"], NUMBER, "p"),
        ("year", ["1999", "2004"], NUMBER, None),
        ("mixed", ["1", "2", "many", "lots"], CATEGORY, None),
        ("temp", ["-5 °C", "−12 °C"], NUMBER, "°C"),
        ("wireless", ["yes", "no", "Yes"], BOOLEAN, None),
        ("garden", ["是", "否"], BOOLEAN, None),
        ("has_nfc", ["1", "0"], BOOLEAN, None),
        ("slots", ["1", "0"], NUMBER, None),
        ("released", ["2024-05-01", "2023-12-31"], DATE, None),
        ("released", ["2024-05-01T10:00:00Z", "2023-12-31T00:00:00"], DATE, None),
        ("ports", ["usb|hdmi", "usb"], LIST, None),
        ("genre", ["Drama, Comedy", "Drama", "Comedy, Crime", "Crime, Drama", "Comedy, Drama, Crime"], LIST, None),
        ("place", ["Paris, France", "Lyon, Rhone", "Oslo, Norway"], CATEGORY, None),
        ("tags", ['["a", "b"]', '["c"]'], LIST, None),
        ("color", ["red", "blue", "red"], CATEGORY, None),
        ("code", ["007", "012", "100"], CATEGORY, None),
        ("note", ["It is nice. Buy it now.", "A long story about a thing that never ends, really."], TEXT, None),
        ("director", [f"Person {n}" for n in range(80)], TEXT, None),
        ("director", [f"Person {n % 30}" for n in range(80)], CATEGORY, None),
    ],
)
def test_kinds(name: str, values: list[str], kind: FacetType, unit: str | None) -> None:
    plan = infer(name, pl.Series(name, values), NO_CONFIG, "|")
    assert plan is not None
    assert (plan.type, plan.unit) == (kind, unit)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("parent_id", ["a1", "a2", "a3"]),
        ("ean", ["4006381333931", "4006381333948"]),
        ("page", ["https://a.b/1", "http://a.b/2"]),
        ("key", ["123e4567-e89b-12d3-a456-426614174000"] * 2),
        ("empty", [None, None]),
    ],
)
def test_what_says_nothing_is_no_facet(name: str, values: list[str | None]) -> None:
    assert infer(name, pl.Series(name, values, dtype=pl.String), NO_CONFIG, "|") is None


def test_the_engineer_knows_better() -> None:
    column = pl.Series("x", ["38", "40"])
    assert infer("x", column, FacetConfig(type=CATEGORY), "|").type is CATEGORY  # type: ignore[union-attr]
    assert infer("x", column, FacetConfig(unit="cm"), "|").unit == "cm"  # type: ignore[union-attr]
    assert infer("x", column, NO_CONFIG, "|", unit="mm").unit == "mm"  # type: ignore[union-attr]
    plan = infer("x", pl.Series("x", ["a / b", "c"]), FacetConfig(type=LIST), "/")
    assert plan is not None
    assert plan.separator == "/"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Weight (kg)", ("weight", "kg")),
        ("Screen Size [inch]", ("screen_size", "in")),
        ("Notes (internal)", ("notes_(internal)", None)),
        ("color@ZH", ("color@zh", None)),
        ("续航（小时）", ("续航", "h")),
        ("A-b.c/d", ("a_b_c_d", None)),
    ],
)
def test_headers_become_names(header: str, expected: tuple[str, str | None]) -> None:
    assert field_name(header) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,299.00", 1299), ("1.299,00 €", 1299), ("1 299,50", 1299.5), ("1,299", 1299), ("3,5", 3.5), ("-$5", -5),
        ("1e3", 1000), (".5", 0.5), ("1'000", 1000), ("500元", 500), ("nan", None), ("inf", None), ("1.2.3", None),
        ("abc", None), ("--5", None), ("1,29,99", None),
    ],
)  # fmt: skip
def test_numbers(text: str, value: float | None) -> None:
    numbers = parse_numbers(pl.Series([text, None]))
    assert numbers.bad.tolist() == [value is None, False]
    assert numbers.values[0] == value or (value is None and np.isnan(numbers.values[0]))


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_every_float_is_read_back(values: list[float | None]) -> None:
    texts = pl.Series([None if value is None else repr(value) for value in values], dtype=pl.String)
    numbers = parse_numbers(texts)
    assert not numbers.bad.any()
    assert [None if value != value else value for value in numbers.values.tolist()] == values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400), ("1970/1/2", 86_400), ("1970-01-01T00:01:00Z", 60), ("1970-01-01 00:01:00", 60),
        ("1970-01-01T01:00:00+01:00", 0), ("1700000000", 1.7e9), ("1700000000000", 1.7e9), ("1971", 365 * 86_400),
        ("yesterday", None), ("2024-13-01", None), ("1e300", None),
    ],
)  # fmt: skip
def test_times(text: str, seconds: float | None) -> None:
    values, bad = parse_times(pl.Series([text, None]))
    assert bad.tolist() == [seconds is None, False]
    assert values[0] == seconds or (seconds is None and np.isnan(values[0]))


def test_flags() -> None:
    values, bad = parse_flags(pl.Series(["YES", "否", "1", "0", None, "maybe"]))
    assert values.tolist() == [1, 0, 1, 0, -1, -1]
    assert bad.tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://shop.example/a?b=c#d", True), ("images/耳机.svg", True), ("a/b.png", True),
        ("javascript:alert(1)", False), ("data:text/html,x", False), ("//evil.example/x", False),
        ("/etc/passwd", False), ("../x", False), ("a/../../b", False),
        ("a/%2e%2e/b", False), ("http://", False), ("http://a b", False),
        ('x"onload=1', False), ("a\\b", False), ("file:///etc", False), ("http://[bad", False),
    ],
)  # fmt: skip
def test_addresses(address: str, safe: bool) -> None:
    assert safe_address(address) is safe

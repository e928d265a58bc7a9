"""The table of units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.units import (
    all_units,
    convert,
    currencies,
    display_unit,
    find_currency,
    find_unit,
    find_units,
    names_by_language,
)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.3, "kg", "g", 1300),
        (2, "pounds", "kg", 0.90718474),
        (3, "斤", "kg", 1.5),
        (15.6, "英寸", "cm", 39.624),
        (90, "min", "h", 1.5),
        (1, "TB", "GB", 1000),
        (16, "G", "GB", 16),
        (5000, "mAh", "Ah", 5),
        (212, "°F", "°C", 100),
        (20, "度", "℉", 68),
        (4800, "万像素", "MP", 48),
        (100, "公里/小时", "mph", 62.137119),
        (60, "frames per second", "fps", 60),
        (5, "cups of nothing", "cups of nothing", 5),
    ],
)
def test_conversions(value: float, source: str, target: str, expected: float) -> None:
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("source", "target"), [("kg", "cm"), ("kg", "blorps"), ("blorps", "kg"), ("W", "Wh")])
def test_what_cannot_be_converted_names_both(source: str, target: str) -> None:
    with pytest.raises(ValueError, match=rf"'{source}' to '{target}'"):
        convert(1, source, target)


@given(unit=st.sampled_from(sorted(all_units())), value=st.floats(-1e6, 1e6))
def test_conversion_goes_there_and_back(unit: str, value: float) -> None:
    dimension = all_units()[unit].dimension
    for other in (each.symbol for each in all_units().values() if each.dimension == dimension):
        assert convert(convert(value, unit, other), other, unit) == pytest.approx(value, rel=1e-6, abs=1e-6)


def test_case_and_dimension_settle_what_a_name_means() -> None:
    assert [unit.symbol for unit in find_units("m")][:1] == ["m"]
    assert find_unit("MB").symbol == "MB"  # type: ignore[union-attr]
    assert find_unit("g").symbol == "g"  # type: ignore[union-attr]
    assert find_unit("g", "data").symbol == "GB"  # type: ignore[union-attr]
    assert find_unit("Hours").symbol == "h"  # type: ignore[union-attr]
    assert find_unit("") is None
    assert find_unit("blorps") is None


def test_names_and_labels() -> None:
    assert display_unit("h", "zh") == "小时"
    assert display_unit("h", "en") == "h"
    assert display_unit("kg", "fr") == "kg"
    assert display_unit("blorps", "zh") == "blorps"
    assert display_unit(None, "en") == ""
    assert {"any", "en", "zh"} <= set(names_by_language())
    assert {unit.symbol for unit in names_by_language()["zh"]["寸"]} == {"in"}


def test_currencies_by_sign_and_name() -> None:
    assert [find_currency(text) for text in ("$", "USD", "元", "块", "euros", "£", "xyz")] == [
        "USD", "USD", "CNY", "CNY", "EUR", "GBP", None,
    ]  # fmt: skip
    assert "CNY" in currencies()


def test_no_exact_name_belongs_to_two_units() -> None:
    for unit in all_units().values():
        for name in unit.all_names():
            same = [each for each in find_units(name) if name in each.all_names()]
            assert same == [unit], f"{name!r} names {[each.symbol for each in same]}"

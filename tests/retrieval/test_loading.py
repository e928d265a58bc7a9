"""Reading items: formats, bad rows, names of columns, and a hundred ways to be wrong."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import FacetType
from core.errors import Problem, ShopError
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue
from tests.shops import hotels


def shop(folder: Path, items: str | bytes, file: str = "items.csv", settings: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.yaml").write_text(f"name: Test\n{settings}", encoding="utf-8")
    (folder / file).write_bytes(items.encode() if isinstance(items, str) else items)
    return folder


def read(folder: Path) -> tuple[Catalogue, list[Problem]]:
    return read_catalogue(load_shop(folder))


def lines(problems: Sequence[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_three_lines_of_yaml_over_a_csv(tmp_path: Path) -> None:
    items = "Product ID,Name,Price,Weight (kg),battery_h,Colour\n1,One,9.5,1.2,30,red\n2,Two,12,0.8,25,blue\n"
    made, problems = read(shop(tmp_path, items, settings="currency: EUR\nlanguage: en\n"))
    assert problems == []
    assert made.item("1").title == "One"
    assert made.item("1").currency == "EUR"
    assert (made.facets["weight"].unit, made.facets["weight"].label("en")) == ("kg", "weight")
    assert (made.facets["battery_h"].unit, made.facets["battery_h"].label("en")) == ("h", "battery")
    assert made.facets["colour"].type is FacetType.CATEGORY


def test_columns_are_renamed(tmp_path: Path) -> None:
    settings = "columns: {Artikel: id, Bezeichnung: title, Farbe: color, Gibt es nicht: x}\n"
    made, problems = read(shop(tmp_path, "ARTIKEL;Bezeichnung;Farbe\n1;Eins;rot\n", settings=settings))
    assert made.item("1").facets == {"color": "rot"}
    assert lines(problems) == ["items.csv:1: shop.yaml renames column 'gibt es nicht', which the file does not have"]


def test_bad_rows_are_left_out_and_named(tmp_path: Path) -> None:
    items = (
        "id,title,price,stock,url\n"
        '1,"One,\nin two lines",5,1,http://x.y/1\n'
        ",No id,5,1,\n"
        "2,,5,1,\n"
        "3,Three,-4,1,\n"
        "4,Four,abc,1.5,javascript:alert(1)\n"
        "5,Five\n"
        "1,One again,5,1,\n"
        '6,Six,"$1,299.00",7,../secret\n'
        "\n"
        "7,Seven,7,-2,images/7.svg\n"
        '8,"Eight,8,1,\n'
    )
    made, problems = read(shop(tmp_path, items))
    assert lines(problems) == [
        "items.csv:8: has 2 fields where the header has 5",
        "items.csv:13: cannot be read (unexpected end of data); is a quote left open?",
        "items.csv:4: id: is missing; the row is left out",
        "items.csv:5: title: is missing; the row is left out",
        "items.csv:9: id: '1' stood before; the first one counts",
        *lines(problems)[5:],
    ]
    assert set(lines(problems)[5:]) == {
        "items.csv:6: price: must be a price that is not negative, not '-4'",
        "items.csv:7: price: must be a price that is not negative, not 'abc'",
        "items.csv:7: stock: must be a whole number that is not negative, not '1.5'",
        "items.csv:12: stock: must be a whole number that is not negative, not '-2'",
        "items.csv:7: url: must be an http(s) address or a path below the shop's folder, not 'javascript:alert(1)'",
        "items.csv:10: url: must be an http(s) address or a path below the shop's folder, not '../secret'",
    }
    assert not any(problem.fatal for problem in problems)
    assert list(made.ids) == ["1", "3", "4", "6", "7"]
    assert made.item("1").title == "One, in two lines"
    assert made.item("3").price is None
    assert (made.item("6").price, made.item("6").currency, made.item("6").url) == (1299.0, "USD", None)


def test_an_open_quote_is_pointed_at(tmp_path: Path) -> None:
    items = 'id,title\n1,One\n2,"Two\n3,Three\n4,"Four"\n5,"Five\nlines" x\n6,Six\n'
    made, problems = read(shop(tmp_path, items))
    found = [(problem.row, "quote left open" in problem.message) for problem in problems]
    assert found == [(3, True), (6, True), (7, False)]
    assert list(made.ids) == ["1", "3", "4", "6"]


def test_many_like_problems_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"{n},T{n},bad\n" for n in range(100))
    made, problems = read(shop(tmp_path, f"id,title,price\n{rows}"))
    assert len(made) == 100
    assert len(problems) == 21
    assert problems[-1].message == "must be a price that is not negative: 80 more rows"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("items.csv", b"", r"items.csv:1: has no header"),
        ("items.csv", b"id,title\n", r"items.csv: has no rows"),
        ("items.csv", b"id,title\n,\n", r"no row is usable"),
        ("items.csv", b"sku2,label\n1,x\n", r"items.csv:1: id: there is no such column among: sku2, label"),
        ("items.csv", b"id,label\n1,x\n", r"items.csv:1: title: there is no such column"),
        ("items.csv", "id,title\n1,ok\n2,Schön\n".encode("latin-1"), r"items.csv:3: is not UTF-8"),
        ("items.csv.gz", b"no gzip", r"items.csv.gz: cannot be read"),
        ("items.csv.gz", gzip.compress(b"id,title\n1,One\n" * 200, mtime=0)[:40], r"items.csv.gz: cannot be read"),
        ("items.parquet", b"no parquet", r"items.parquet: cannot be read"),
        ("items.jsonl", b"{}\n", r"id: there is no such column"),
        ("items.jsonl", b"[1]\n{broken\n", r"items.jsonl:2: is no JSON"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    with pytest.raises(ShopError, match=message) as raised:
        read(shop(tmp_path, content, file))
    assert raised.value.problems[-1].fatal


def test_no_items_at_all(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("name: x\n")
    with pytest.raises(ShopError, match=r"items\.csv: not found"):
        read(tmp_path)
    (tmp_path / "shop.yaml").write_text("name: x\nitems: goods.csv\n")
    with pytest.raises(ShopError, match=r"goods\.csv: not found"):
        read(tmp_path)
    (tmp_path / "shop.yaml").write_text("name: x\nitems: goods.xls\n")
    with pytest.raises(ShopError, match="unknown kind"):
        read(tmp_path)


def test_a_rule_that_does_not_fit_is_fatal(tmp_path: Path) -> None:
    settings = "rules:\n  block: [{colr: red}]\n  confirm: [{when: {color: {'<': 3}}, question: 'Sure?'}]\n"
    message = r"(?s)rules.block.0: there is no field 'colr'.*rules.confirm.0: 'color' holds texts"
    with pytest.raises(ShopError, match=message):
        read(shop(tmp_path, "id,title,color\n1,One,red\n2,Two,blue\n", settings=settings))


def test_json_lines(tmp_path: Path) -> None:
    items = (
        '{"id": 1, "title": "One", "category": ["A", "B"], "tags": ["x", "y"], "size": {"width": 4}, "on": true}\n'
        "{broken\n"
        '"text"\n'
        "\n"
        '{"id": "2", "title": "Two", "category": "A", "tags": "z", "price": 1e3, "on": null}\n'
    )
    made, problems = read(shop(tmp_path, items, "items.jsonl"))
    assert [(problem.row, problem.message[:10]) for problem in problems] == [(2, "is no JSON"), (3, "is no JSON")]
    one, two = made.items(["1", "2"])
    assert (one.category, two.category) == (("A", "B"), ("A",))
    assert (one.facets["tags"], two.facets["tags"]) == (("x", "y"), ("z",))
    assert one.facets["size_width"] == 4
    assert one.facets["on"] is True
    assert two.price == 1000


def test_gzip_bom_tabs_and_carriage_returns(tmp_path: Path) -> None:
    content = gzip.compress("\ufeffid\ttitle\tnote\r\n1\tOne\ta\r\n2\tTwo\tb\r\n".encode())
    made, problems = read(shop(tmp_path, content, "items.csv.gz"))
    assert problems == []
    assert made.item("2").facets == {"note": "b"}


def test_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame({
        "id": [1, 2], "title": ["One", "Two"], "price": [1.25, None], "tags": [["a", "b"], None], "on": [True, False],
        "made": pl.Series(["2024-01-02", "2023-05-06"]).str.to_date(), "raw": [b"x", b"y"],
    })  # fmt: skip
    shop(tmp_path, b"", "items.parquet")
    frame.write_parquet(tmp_path / "items.parquet")
    made, problems = read(tmp_path)
    assert [(problem.field, problem.fatal) for problem in problems] == [("raw", False)]
    item = made.item("1")
    assert (item.price, item.facets) == (1.25, {"tags": ("a", "b"), "on": True, "made": "2024-01-02"})


def test_markup_stays_text_and_control_characters_go(tmp_path: Path) -> None:
    made, _ = read(shop(tmp_path, 'id,title,description\n1,"<b>Bold</b>\x00\x1b[31m \u202eevil","a\x07b\nc"\n'))
    assert made.item("1").title == "<b>Bold</b>[31m evil"
    assert made.item("1").description == "ab\nc"


def test_spellings_that_differ_in_case_are_one_value(tmp_path: Path) -> None:
    made, _ = read(shop(tmp_path, "id,title,brand\n1,a,Acme\n2,b,ACME\n3,c,Acme\n4,d,acme\n"))
    assert made.values("brand") == {"Acme": 4}


def test_translated_columns_give_labels(tmp_path: Path) -> None:
    items = "id,title@zh,color,color@zh,category,category@zh,ports,ports@zh,stray@zh\n"
    items += "1,一,red,红,Home > Lamps,家居 > 灯,usb|hdmi,USB口|HDMI口,x\n2,二,blue,蓝,Home,家居,usb,USB口,y\n"
    made, problems = read(shop(tmp_path, items))
    assert made.item("1").title == "一"
    assert made.facets["color"].value_label("red", "zh") == "红"
    assert made.facets["category"].value_label("Lamps", "zh") == "灯"
    assert made.facets["ports"].value_label("hdmi", "zh") == "HDMI口"
    assert [problem.field for problem in problems] == ["stray@zh"]


def test_units_are_converted_and_other_units_reported(tmp_path: Path) -> None:
    rows = "".join(f"{n},T,{n} g\n" for n in range(1, 40))
    made, problems = read(shop(tmp_path, f"id,title,weight\n{rows}40,T,2 kg\n41,T,3 cm\n"))
    assert made.facets["weight"].unit == "g"
    assert made.item("40").facets["weight"] == 2000.0
    assert lines(problems) == ["items.csv:42: weight: must be a number in g, not '3 cm'"]


def test_shop_yaml_overrides_what_was_inferred(tmp_path: Path) -> None:
    settings = "facets: {size: {type: category}, sku: {type: text}, dull: {ignore: true}, ghost: {unit: g}}\n"
    items = "id,title,size,sku,dull\n1,a,38,x1,1\n2,b,40,x2,2\n"
    made, problems = read(shop(tmp_path, items, settings=settings))
    assert made.values("size") == {"38": 1, "40": 1}
    assert made.item("1").facets == {"size": "38", "sku": "x1"}
    assert lines(problems) == ["shop.yaml: facets.ghost: no item states this facet"]


def test_doubled_and_nameless_columns(tmp_path: Path) -> None:
    made, problems = read(shop(tmp_path, "id,title,a,a,,A b,a-b\n1,One,1,2,3,4,5\n"))
    assert made.item("1").facets == {"a": 1.0, "a_b": 4.0}
    assert len(problems) == 3


def test_progress_is_reported(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    read_catalogue(load_shop(hotels(tmp_path)), lambda *step: seen.append(step))
    assert seen[0][0] == "reading items"
    assert seen[-1] == ("building columns", 4, 4)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200) | st.text(alphabet='id,title\n"1;é{}[]:x', max_size=120).map(str.encode))
@pytest.mark.parametrize("file", ["items.csv", "items.jsonl", "items.csv.gz", "items.parquet"])
def test_no_content_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, file: str, content: bytes) -> None:
    folder = shop(tmp_path_factory.mktemp("any"), content, file)
    with contextlib.suppress(ShopError):
        read(folder)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("foo: 1", "foo: there is no such entry"),
        ("facets: []", "facets: must be a mapping"),
        ("weights: {semantic: .nan}", "weights.semantic: Input should be a finite number"),
        ("weights: {lexical: -5}", "weights.lexical: Input should be greater than or equal to 0"),
        ("list_separator: ''", "list_separator: String should have at least 1 character"),
        ("languages: []", "languages: List should have at least 1 item"),
        ("checkout: 'javascript:alert(1)'", "checkout: "),
        ("checkout: //evil.example", "checkout: "),
        ("personas: {u: 5}", "personas.u: must be a text; put it in quotes"),
    ],
)
def test_wrong_entries_of_shop_yaml_are_named(tmp_path: Path, entry: str, problem: str) -> None:
    (tmp_path / "shop.yaml").write_text(f"name: x\n{entry}\n")
    with pytest.raises(ShopError) as error:
        load_shop(tmp_path)
    assert problem in str(error.value)

"""What nobody meant an export to be: entities, markup, formulas, giants, wrong encodings; and round trips."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShopError
from core.shop import load_shop
from importers.detecting import kind_of
from importers.importing import import_file
from importers.reading import LONGEST_CELL
from importers.values import plain_text, price_of, web_address
from retrieval.loading import read_catalogue

HEAD = "id,title,description,link,price,availability\n"


def shop(tmp_path: Path, content: str | bytes, name: str = "feed.csv") -> dict[str, dict[str, Any]]:
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(raw)
    import_file(tmp_path / name, tmp_path / "shop")
    read_catalogue(load_shop(tmp_path / "shop"))
    lines = (tmp_path / "shop" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


XXE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x "&b;&b;&b;&b;">]>'
REMOTE = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/evil.dtd">'


@pytest.mark.parametrize("trick", [XXE, LAUGHS, REMOTE], ids=["a file", "a bomb", "another host"])
def test_entities_are_refused(trick: str, tmp_path: Path):
    item = "<item><g:id>1</g:id><g:title>&x;</g:title></item>"
    feed = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{item}</channel></rss>'
    (tmp_path / "feed.xml").write_text(f'<?xml version="1.0"?>{trick}{feed}', "utf-8")
    with pytest.raises(ShopError, match="entities"):
        import_file(tmp_path / "feed.xml", tmp_path / "shop")
    assert not (tmp_path / "shop").exists()


def test_markup_in_names_is_text(tmp_path: Path):
    rows = "1,<script>alert(1)</script><b>Lamp</b>,<img src=x onerror=alert(1)>warm,https://x.example/1,5 USD,yes\n"
    rows += '2,"5 < 6 > 4 USB-A <-> USB-C",x,https://x.example/2,5 USD,in_stock\n'
    found = shop(tmp_path, HEAD + rows)
    assert (found["1"]["title"], found["1"]["description"]) == ("Lamp", "warm")
    assert found["2"]["title"] == "5 < 6 > 4 USB-A <-> USB-C"


def test_formulas_stay_text_and_no_file_of_ours_is_a_spreadsheet(tmp_path: Path):
    rows = "".join(f'{n},"{text}",x,https://x.example/,1 USD,in_stock\n' for n, text in
                   enumerate(["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1:A9)", "\t=1"], 1))  # fmt: skip
    assert shop(tmp_path, HEAD + rows)["1"]["title"] == "=cmd|' /C calc'!A0"
    assert not list((tmp_path / "shop").glob("*.csv"))


def test_addresses_that_are_none_are_dropped(tmp_path: Path):
    for bad in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "https://x y",
                "https://", "http://[", 'https://x.example/"onload="', "ftp://x.example"):  # fmt: skip
        assert web_address(bad) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding: str, tmp_path: Path):
    rows = "".join(f"{n},静音键盘{n}号,适合办公室使用的键盘,https://x.example/{n},99 CNY,in_stock\n" for n in range(20))
    found = shop(tmp_path, (HEAD + rows).encode(encoding))
    assert found["7"]["title"] == "静音键盘7号"
    assert load_shop(tmp_path / "shop").language == "zh"


def test_western_encoding_is_read_and_told(tmp_path: Path):
    (tmp_path / "feed.csv").write_bytes((HEAD + "1,Café crème,x,https://x.example/,5 EUR,in_stock\n").encode("cp1252"))
    report = import_file(tmp_path / "feed.csv", tmp_path / "shop")
    assert "Café crème" in (tmp_path / "shop" / "items.jsonl").read_text(encoding="utf-8")
    assert "not UTF-8" in report.lines()[1]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, end: str, tmp_path: Path):
    text = (HEAD + '1,"Lamp, red; big",x,https://x.example/,"1.299,50 EUR",in_stock\n').replace("\n", end)
    table = list(csv.reader(io.StringIO(text.replace(end, "\n"))))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(table)
    found = shop(tmp_path, out.getvalue())
    assert (found["1"]["title"], found["1"]["price"]) == ("Lamp, red; big", 1299.5)


def test_a_giant_cell_is_cut_and_a_quote_without_end_is_told(tmp_path: Path):
    giant = "x" * (LONGEST_CELL * 2)
    found = shop(tmp_path, HEAD + f"1,Lamp,{giant},https://x.example/,1 USD,in_stock\n")
    assert len(found["1"]["description"]) < LONGEST_CELL
    (tmp_path / "quote.csv").write_text(HEAD + '1,Lamp,"never closed,' + "y" * (9 * 1024 * 1024), "utf-8")
    with pytest.raises(ShopError, match="quote"):
        import_file(tmp_path / "quote.csv", tmp_path / "other")


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02" * 100, b"PK\x03\x04" + b"\x00" * 100, b"hello", b"a,b\n1,2\n", b"{}", b"[]",
                b"<svg/>",
                b"[" * 100_000, b"\xff\xfe", b'{"@type": "Product"', b"<html></html>", b"id,title,link\n", b'"""""',
                b'{"products": [1, null, {"variants": 7}]}']
)  # fmt: skip
def test_what_is_no_export_is_refused_in_words(content: bytes, tmp_path: Path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ShopError) as refused:
        import_file(tmp_path / "file", tmp_path / "shop")
    assert str(refused.value).startswith("file")
    assert not (tmp_path / "shop").exists()


def test_deep_json_ld_ends(tmp_path: Path):
    deep = '{"@graph":' * 300 + '[{"@type":"Product","name":"x"}]' + "}" * 300
    (tmp_path / "deep.json").write_text(deep, "utf-8")
    with pytest.raises(ShopError):
        import_file(tmp_path / "deep.json", tmp_path / "shop")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_it(content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any"
        for head in (b"", b"<rss>", b'{"@type":', b"Handle,Title,Variant Price\n", b"id,title,link\n",
                     b"ID,Type,SKU,Name,Regular price\n"):  # fmt: skip
            path.write_bytes(head + content)
            try:
                import_file(path, Path(folder) / "shop")
            except ShopError:
                continue


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["C", "Z"],
                              exclude_characters="<>&,/\\:|;\"'"), min_size=1, max_size=12)  # fmt: skip
PRODUCTS = st.lists(
    st.fixed_dictionaries({
        "title": WORDS, "description": WORDS, "brand": WORDS, "category": st.lists(WORDS, min_size=1, max_size=3),
        "cents": st.integers(1, 10_000_000), "out": st.booleans(),
    }),
    min_size=1, max_size=5,
)  # fmt: skip


def _same(found: dict[str, dict[str, Any]], products: list[dict[str, Any]]) -> None:
    assert len(found) == len(products)
    for number, product in enumerate(products):
        record = found[f"P{number}"]
        assert (record["title"], record["brand"]) == (product["title"], product["brand"])
        assert record["description"] == product["description"]
        assert record["category"] == product["category"]
        assert record["price"] == product["cents"] / 100
        assert (record.get("stock") == 0) is product["out"]


def _round(content: str, name: str, products: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _same(shop(Path(folder), content, name), products)


@settings(max_examples=25, deadline=None)
@given(PRODUCTS, st.sampled_from([",", "\t", ";"]))
def test_a_google_text_feed_comes_back(products: list[dict[str, Any]], separator: str):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(["id", "title", "description", "brand", "product_type", "price", "availability"])
    for n, p in enumerate(products):
        stock = "out_of_stock" if p["out"] else "in_stock"
        path, price = " > ".join(p["category"]), f"{p['cents'] / 100:.2f} USD"
        writer.writerow([f"P{n}", p["title"], p["description"], p["brand"], path, price, stock])
    _round(out.getvalue(), "feed.csv", products)


@settings(max_examples=25, deadline=None)
@given(PRODUCTS)
def test_a_google_xml_feed_comes_back(products: list[dict[str, Any]]):
    parts = []
    for n, p in enumerate(products):
        values = {"id": f"P{n}", "title": p["title"], "description": p["description"], "brand": p["brand"],
                  "product_type": " > ".join(p["category"]), "price": f"{p['cents'] / 100:.2f} EUR",
                  "availability": "out of stock" if p["out"] else "in stock"}  # fmt: skip
        parts.append("<item>" + "".join(f"<g:{k}>{escape(v)}</g:{k}>" for k, v in values.items()) + "</item>")
    xml = '<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>' + "".join(parts) + "</channel></rss>"
    _round(xml, "feed.xml", products)


@settings(max_examples=25, deadline=None)
@given(PRODUCTS)
def test_woocommerce_and_shopify_and_json_ld_come_back(products: list[dict[str, Any]]):
    woo, shopify = io.StringIO(newline=""), io.StringIO(newline="")
    one, two = csv.writer(woo), csv.writer(shopify)
    one.writerow(["ID", "Type", "SKU", "Name", "Description", "Brands", "Categories", "Regular price", "In stock?"])
    two.writerow(["Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Variant SKU", "Variant Price",
                  "Variant Inventory Qty"])  # fmt: skip
    ld = []
    for n, p in enumerate(products):
        price, path = f"{p['cents'] / 100:.2f}", " > ".join(p["category"])
        one.writerow([n, "simple", f"P{n}", p["title"], p["description"], p["brand"], path, price, int(not p["out"])])
        two.writerow(
            [f"h-{n}", p["title"], p["description"], p["brand"], path, f"P{n}", price, "0" if p["out"] else ""]
        )
        state = "https://schema.org/OutOfStock" if p["out"] else "https://schema.org/InStock"
        ld.append({"@type": "Product", "sku": f"P{n}", "name": p["title"], "description": p["description"],
                   "brand": {"name": p["brand"]}, "category": path,
                   "offers": {"price": price, "priceCurrency": "USD", "availability": state}})  # fmt: skip
    _round(woo.getvalue(), "woo.csv", products)
    _round(shopify.getvalue(), "shopify.csv", products)
    _round(json.dumps({"@context": "https://schema.org", "@graph": ld}), "ld.json", products)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("19.99 USD", (19.99, "USD")), ("USD 19.99", (19.99, "USD")), ("$1,299.00", (1299.0, "USD")),
     ("1.299,00 €", (1299.0, "EUR")),
     ("EUR19,9", (19.9, "EUR")), ("1 299,50 zł", (1299.5, "PLN")), ("1'299.50 CHF", (1299.5, "CHF")),
     ("500元", (500.0, "CNY")),
     ("1,299", (1299.0, None)), ("1,29", (1.29, None)), ("0.5", (0.5, None)), ("free", (None, None)),
     ("", (None, None)),
     ("1e999", (1.0, None)), ("9" * 400, (None, None)), ("12.50 XYZ", (12.5, None))],
)  # fmt: skip
def test_prices(text: str, expected: tuple[float | None, str | None]):
    assert price_of(text) == expected


def test_plain_text():
    assert plain_text("<p>a&nbsp;b</p><p>c</p>") == "a b\nc"
    assert plain_text("Tom &amp; Jerry <3") == "Tom & Jerry <3"
    assert plain_text("<style>p{}</style>x<!-- y -->") == "x"


def test_a_large_file_is_read_row_by_row(tmp_path: Path):
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for number in range(20_000):
            file.write(f"{number},Lamp {number},A lamp.,https://x.example/{number},{number % 90 + 1}.00 USD,in_stock\n")
    seen: list[int] = []
    report = import_file(path, tmp_path / "shop", progress=lambda stage, done, total: seen.append(done))
    assert report.items == 20_000
    assert len(seen) > 10
    assert kind_of(path) == "google-merchant"

"""Exports of four kinds, as their specifications write them, become shops that load."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import launch
from core.errors import SettingsError, ShopError
from core.shop import load_shop
from importers.detecting import kind_of
from importers.importing import REPORT, import_file
from importers.records import Wishes
from retrieval.loading import read_catalogue
from server.import_command import run_import

SAMPLES = Path(__file__).parent / "samples"
KINDS = {
    "google.tsv": ("google-merchant", 4, "USD"), "google_rss.xml": ("google-merchant", 2, "USD"),
    "google_atom.xml": ("google-merchant", 1, "GBP"), "shopify_old.csv": ("shopify", 4, None),
    "shopify_new.csv": ("shopify", 3, None), "products.json": ("shopify", 2, None),
    "woocommerce.csv": ("woocommerce", 4, None), "page.html": ("schema-org", 3, "EUR"),
    "itemlist.json": ("schema-org", 2, "CNY"),
}  # fmt: skip


def items(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


def imported(name: str, tmp_path: Path, **wishes: Any) -> dict[str, dict[str, Any]]:
    import_file(SAMPLES / name, tmp_path / "shop", wishes=Wishes(**wishes))
    return items(tmp_path / "shop")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_told_and_becomes_a_shop_that_loads(name: str, tmp_path: Path):
    kind, count, currency = KINDS[name]
    assert kind_of(SAMPLES / name) == kind
    seen: list[tuple[str, int, int]] = []
    report = import_file(SAMPLES / name, tmp_path / "shop", progress=lambda *step: seen.append(step))
    assert (report.kind, report.items, report.currency) == (kind, count, currency)
    assert seen[-1] == ("import", count, count)
    shop = load_shop(tmp_path / "shop")
    catalogue, problems = read_catalogue(shop)
    assert len(catalogue) == count
    assert not [problem for problem in problems if problem.fatal]
    assert {item.id for item in catalogue.items(items(tmp_path / "shop"))} == set(items(tmp_path / "shop"))
    told = json.loads((tmp_path / "shop" / REPORT).read_text(encoding="utf-8"))["report"]
    assert told == report.lines(200)


def test_google_as_text(tmp_path: Path):
    found = imported("google.tsv", tmp_path)
    jacket = found["TR-01-RED-M"]
    assert (jacket["price"], jacket["regular_price"], jacket["currency"]) == (99.0, 129.0, "USD")
    assert (jacket["category"], jacket["group_id"]) == (["Clothing", "Outerwear", "Jackets"], "TR-01")
    assert (jacket["color"], jacket["waterproof"], jacket["gtin"]) == (["red", "black"], "10000 mm", "4006381333931")
    assert jacket["description"] == "A jacket for rain & wind."
    assert jacket["more_images"] == ["https://cdn.example/a.jpg", "https://cdn.example/b.jpg"]
    assert "stock" not in jacket
    assert found["TR-01-RED-L"]["stock"] == 0
    mug = found["MUG-7"]
    assert (mug["price"], mug["availability"], mug["title"]) == (12.5, "preorder", "Enamel Mug"), "the sale is over"
    assert "regular_price" not in mug
    assert "image_url" not in mug
    assert "price" not in found["LAMP-2"], "in another currency"
    everything = json.dumps(found)
    assert "31.0" not in everything, "what goods cost the merchant is nobody's business"
    assert "margin-high" not in everything


def test_google_as_xml(tmp_path: Path):
    found = imported("google_rss.xml", tmp_path)["TV_123456"]
    assert (found["price"], found["refresh_rate"]) == (159.0, "60 Hz"), "not the price of shipping"
    assert found["category"][0] == "Consumer Electronics"
    assert found["more_images"][-1].endswith("-3.png")
    assert found["description"].splitlines() == ["Attractively styled, with two HDMI ports.", "- Two HDMI ports"]
    atom = imported("google_atom.xml", tmp_path / "atom")["A-1"]
    assert (atom["url"], atom["description"], atom["price"]) == ("https://shop.example/dog-bowl", "Solid plastic", 9.99)


def test_shopify(tmp_path: Path):
    found = imported("shopify_old.csv", tmp_path, site="https://shop.example/", currency="eur")
    assert {one["group_id"] for one in found.values() if "group_id" in one} == {"linen-shirt"}
    shirt, blue = found["LS-W-S"], found["LS-B-M"]
    assert (shirt["title"], shirt["size"], shirt["price"], shirt["regular_price"]) == (
        "Linen Shirt (S, White)", "S", 59.0, 79.0,
    )  # fmt: skip
    assert shirt["description"] == "Cool in summer.\nTwo pockets"
    assert shirt["image_url"].endswith("linen-white.jpg")
    assert [url[-5] for url in shirt["more_images"]] == ["1", "2", "3"]
    assert shirt["url"] == "https://shop.example/products/linen-shirt"
    assert (shirt["stock"], found["LS-W-M"]["stock"]) == (4, 0)
    assert "stock" not in blue, "sold on when there is none"
    assert (blue["color"], shirt["gtin"]) == ("Blue", "4006381333931")
    assert found["enamel-mug"]["title"] == "Enamel Mug"
    assert not any("secret" in one for one in found), "a draft is no offer"
    assert load_shop(tmp_path / "shop").currency == "EUR"


def test_shopify_in_its_newer_columns_and_as_json(tmp_path: Path):
    caps = imported("shopify_new.csv", tmp_path)
    assert (caps["WC-G"]["color"], caps["WC-B"]["color"]) == ("Grey", "Black")
    assert (caps["WC-G"]["stock"], caps["WC-B"].get("stock")) == (7, None)
    pods = imported("products.json", tmp_path / "json")
    assert (pods["IPOD2008PINK"]["regular_price"], pods["IPOD2008RED"]["stock"]) == (249.0, 0)
    assert pods["IPOD2008RED"]["color"] == "Red"


def test_woocommerce(tmp_path: Path):
    found = imported("woocommerce.csv", tmp_path)
    assert set(found) == {"hoodie", "belt", "vneck-red", "vneck-blue"}
    red, blue = found["vneck-red"], found["vneck-blue"]
    assert (red["color"], red["size"], red["stock"], red["price"]) == ("Red", "Large", 3, 20.0)
    assert (blue["price"], blue["regular_price"], blue["title"]) == (15.0, 20.0, "V-Neck T-Shirt (Blue, Medium)")
    assert red["group_id"] == blue["group_id"] == "vneck"
    assert red["description"] == "A classic.\nSoft cotton."
    assert red["category"] == ["Clothing", "Tshirts"]
    assert found["hoodie"]["price"] == 45.0, "the sale is over"
    assert (found["belt"]["category"][-1], found["belt"]["stock"]) == ("Belts, leather", 0)
    assert "image_url" not in found["belt"]


def test_schema_org(tmp_path: Path):
    found = imported("page.html", tmp_path)
    lamp = found["LAMP-1"]
    assert (lamp["title"], lamp["price"], lamp["rating"], lamp["rating_count"]) == ("Desk Lamp Pro", 49.9, 4.4, 89)
    assert (lamp["weight"], lamp["colour_temperature"], lamp["dimmable"]) == ("1.2 kg", "3000 K", True)
    assert lamp["brand"] == "Lumo"
    assert (found["LS-S"]["stock"], found["LS-M"]["price"], found["LS-M"]["group_id"]) == (0, 61.0, "LS")
    listed = imported("itemlist.json", tmp_path / "list")
    assert listed["4006381333931"]["price"] == 12.5
    assert [one["price"] for one in listed.values()] == [12.5, 2499.0]


def test_the_report_names_file_row_and_field(tmp_path: Path):
    report = import_file(SAMPLES / "google.tsv", tmp_path / "shop")
    assert report.left_out == 2
    told = "\n".join(report.lines())
    assert "google.tsv:5: id: is missing; the row is left out" in told
    assert "google.tsv:4: image_link: is no web address and is left out" in told
    assert "google.tsv:7: id: is a second 'MUG-7'" in told


def test_a_folder_is_made_whole_or_not_at_all(tmp_path: Path):
    out = tmp_path / "shop"
    import_file(SAMPLES / "google_rss.xml", out)
    broken = tmp_path / "broken.xml"
    broken.write_text("<rss><channel></channel></rss>", encoding="utf-8")
    with pytest.raises(ShopError, match="no product"):
        import_file(broken, out)
    assert len(items(out)) == 2, "what was there stays"
    import_file(SAMPLES / "google_atom.xml", out)
    assert len(items(out)) == 1, "an import made it, an import may replace it"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ShopError, match="not empty"):
        import_file(SAMPLES / "google_atom.xml", mine)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.xml", "mine", "shop"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    console = Console(file=io.StringIO(), width=200)
    arguments = ["shopify", str(SAMPLES / "shopify_old.csv"), "--out", str(tmp_path / "shop"), "--currency", "EUR"]
    assert run_import([*arguments, "--name", "Linen & Co"], console) == 0
    assert isinstance(console.file, io.StringIO)
    assert "4 items of shopify; 1 rows left out." in console.file.getvalue()
    assert load_shop(tmp_path / "shop").name["en"] == "Linen & Co"
    assert launch.main(["import", "auto", str(SAMPLES / "page.html"), "--out", str(tmp_path / "page")]) == 0
    assert launch.main(["import", "auto", str(tmp_path / "nothing.csv"), "--out", str(tmp_path / "x")]) == 2
    assert "not found" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="currency"):
        run_import([*arguments[:4], "--currency", "euros"], console)

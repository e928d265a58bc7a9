"""Each public data set becomes a shop folder that loads without a fatal problem; skipped where there is no data."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from benchmarks.converters import online_retail
from benchmarks.converters.conversion import Conversion
from benchmarks.converters.icecat import Kinds
from benchmarks.datasets import CONVERTERS, main
from core.settings import CHECKOUT
from core.shop import load_shop

SAMPLE = 150


@pytest.fixture(scope="module", params=sorted(CONVERTERS))
def folder(request, datasets, tmp_path_factory) -> Path:
    """A sample of one data set as a shop folder."""
    out = tmp_path_factory.mktemp("shops")
    said: list[str] = []
    arguments = [request.param, "--out", str(out), "--datasets", str(datasets), "--limit", str(SAMPLE)]
    assert main(arguments, said.append) == 0, said
    return out / request.param


def items(folder: Path) -> list[dict[str, str]]:
    with (folder / "items.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shop_folder_is_complete(folder):
    shop = load_shop(folder)
    rows = items(folder)
    assert len(rows) == SAMPLE
    assert len({row["id"] for row in rows}) == SAMPLE
    assert all(row["title"].strip() for row in rows)
    assert shop.name["en"]
    assert shop.name["zh"]
    assert "\n" in (folder / "NOTICE").read_text(encoding="utf-8")


def test_what_the_configuration_names_is_in_the_data(folder):
    shop = load_shop(folder)
    known = set(items(folder)[0])
    described = {name for name, facet in shop.facets.items() if facet.type}
    assert described & known, "no configured facet is a column"
    columns = set(items(folder)[0])
    categories = {part.strip() for row in items(folder) for part in row.get("category", "").split(">")}
    assert not shop.categories or categories & set(shop.categories)
    assert columns >= {"id", "title"}


def test_interactions_are_of_known_items(folder):
    path = folder / "interactions.csv"
    if not path.exists():
        pytest.skip("this data set has no interactions")
    known = {row["id"] for row in items(folder)}
    frame = pl.read_csv(path, infer_schema_length=0)
    assert set(frame["item_id"]) <= known
    assert set(frame["event"]) <= {"view", "cart", "purchase", "rating"}
    assert frame["user_id"].null_count() == 0


def test_the_catalogue_reads_it_without_a_fatal_problem(folder):
    from retrieval.loading import read_catalogue

    catalogue, problems = read_catalogue(load_shop(folder))
    assert len(catalogue) == SAMPLE
    assert not [problem for problem in problems if problem.fatal], problems[:5]


def test_writing_replaces_the_folder_as_a_whole(tmp_path):
    first = Conversion({"name": "A"}, [{"id": "1", "title": "x", "tags": ["a|b", "c"]}], "notice\n")
    first.write(tmp_path / "shop")
    assert (tmp_path / "shop" / "items.csv").read_text(encoding="utf-8").splitlines() == ["id,title,tags", "1,x,a/b|c"]
    Conversion({"name": "B"}, [{"id": "2", "title": "y"}], "notice\n").write(tmp_path / "shop")
    assert load_shop(tmp_path / "shop").name == {"en": "B"}
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_the_repository_is_refused():
    said: list[str] = []
    assert main(["icecat", "--out", str(CHECKOUT / "shops")], said.append) == 1
    assert "outside" in said[0]


def test_missing_data_is_named(tmp_path):
    said: list[str] = []
    assert main(["hotels-zh", "--out", str(tmp_path / "out"), "--datasets", str(tmp_path)], said.append) == 1
    assert "hotel_db.json" in said[0]


def test_the_two_years_of_online_retail_do_not_overlap(datasets):
    if not (datasets / "online-retail").is_dir():
        pytest.skip("no online-retail")
    rows = online_retail._rows(datasets / "online-retail")
    december = rows.filter(pl.col("time").dt.strftime("%Y-%m") == "2010-12")
    assert december.height == pl.read_parquet(datasets / "online-retail" / "Online Retail.parquet").filter(
        pl.col("InvoiceDate") < pl.datetime(2011, 1, 1)
    ).height  # fmt: skip


def test_kinds_are_learned_from_titles():
    def product(name, rest):
        return {"supplier": "Acme", "name": name, "title": f"Acme {name} {rest}"}

    products = [product(f"N{n}", "networking cable 2 m Blue") for n in range(10)]
    products += [product(f"A{n}", "audio cable 1 m") for n in range(10)]
    kinds = Kinds.learn(products)
    assert kinds.path("Acme X1 networking cable 30 m") == "Cable > Networking cable"
    assert kinds.path("Other Patch Cable, red, for audio cable boxes") == "Cable"
    assert kinds.path("A thing") is None


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "holder"),
        ("SET OF 6 SPICE TINS PANTRY DESIGN", "pantry"),
        ("JUMBO BAG RED RETROSPOT", "bag"),
        ("GLASS BOWL WITH LID", "bowl"),
        ("72", None),
    ],
)
def test_a_description_names_the_kind_last(title, kind):
    assert online_retail._kind_word(title) == kind

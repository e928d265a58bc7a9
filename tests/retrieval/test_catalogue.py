"""The catalogue: items from columns, statistics, live changes, saving and opening."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import Constraint, FacetType, Op
from core.errors import IndexMismatch, IndexMissing, ItemNotFound
from core.shop import Shop, load_shop
from retrieval.archive import open_catalogue, save_catalogue
from retrieval.catalogue import BUILT_IN, Catalogue, UnknownField
from retrieval.columns import CodeColumn, FlagColumn, ListColumn, NumberColumn, TextColumn, fold
from retrieval.constraints import mask
from retrieval.loading import read_catalogue
from tests.shops import fashion, films, hotels


def read(folder: Path) -> Catalogue:
    made, problems = read_catalogue(load_shop(folder))
    assert problems == []
    return made


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read(fashion(tmp_path_factory.mktemp("fashion")))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read(films(tmp_path_factory.mktemp("films")))


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read(hotels(tmp_path_factory.mktemp("hotels")))


@pytest.fixture
def changing(tmp_path: Path) -> Catalogue:
    """Return a catalogue that a test may change."""
    return read(fashion(tmp_path))


def test_an_item_holds_everything_that_its_row_states(wardrobe: Catalogue) -> None:
    item = wardrobe.item("w6")
    assert (item.title, item.price, item.currency, item.brand) == ("Down Parka", 249.0, "USD", "Nordvik")
    assert item.category == ("Women", "Jackets")
    assert (item.stock, item.group_id, item.sponsored, item.rating) == (3, "g5", False, None)
    assert item.created_at == datetime(2024, 6, 15, tzinfo=UTC)
    assert item.facets == {"color": "black", "material": ("nylon", "down"), "weight": 1150.0}
    assert item.text("title", "zh") == "羽绒大衣"
    assert item.text("description", "zh") == item.description


def test_ids_and_rows(wardrobe: Catalogue) -> None:
    assert len(wardrobe) == 10
    assert wardrobe.has("w1")
    assert not wardrobe.has("w11")
    assert [item.id for item in wardrobe.items(["w3", "w1"])] == ["w3", "w1"]
    assert wardrobe.ids[wardrobe.row("w4")] == "w4"
    assert wardrobe.naming(0) == ("w1", "g1", "Alba", ("Linen Summer Dress", "亚麻连衣裙"))
    with pytest.raises(ItemNotFound, match="'w11'"):
        wardrobe.item("w11")


def test_facets_have_types_units_and_labels(rooms: Catalogue, wardrobe: Catalogue) -> None:
    assert set(BUILT_IN) <= set(rooms.facets)
    assert rooms.facets["price"].unit == "CNY"
    assert rooms.facets["距景区"].unit == "km"
    assert rooms.facets["距景区"].label("en") == "distance"
    assert rooms.facets["有花园"].type is FacetType.BOOLEAN
    assert rooms.facets["设施"].type is FacetType.LIST
    assert wardrobe.facets["weight"].unit == "g"
    assert wardrobe.facets["color"].value_label("navy", "zh") == "藏青色"
    assert wardrobe.facets["brand"].value_label("Fjordal", "zh") == "峡湾"
    assert "dress" in wardrobe.facets["category"].value_synonyms["Dresses"]


def test_values_are_counted(wardrobe: Catalogue, rooms: Catalogue) -> None:
    assert list(wardrobe.values("material").items())[:1] == [("nylon", 3)]
    assert wardrobe.values("category")["Women"] == 5
    assert wardrobe.values("category")["Knitwear"] == 2
    assert rooms.values("有花园") == {"true": 4, "false": 4}
    assert rooms.values("category") == {"浙江": 4, "杭州": 3, "上海": 3, "山西": 1, "平遥": 1, "千岛湖": 1}
    assert wardrobe.values("price") == {}
    with pytest.raises(UnknownField, match="did you mean material"):
        wardrobe.values("materials")


def test_columns_as_arrays(wardrobe: Catalogue, library: Catalogue) -> None:
    codes, names = wardrobe.codes("category")
    assert names[codes[wardrobe.row("w6")]] == "Women > Jackets"
    assert np.isnan(library.numbers("price")).all()
    assert library.numbers("subtitled").sum() == 3
    assert library.numbers("runtime_min")[library.row("f7")] == 118
    empty, none = library.codes("brand")
    assert (empty == -1).all()
    assert none == []
    with pytest.raises(ValueError, match="no numbers"):
        library.numbers("genre")
    with pytest.raises(ValueError, match="one text out of few"):
        library.codes("title")


def test_some_rows_of_a_column_are_what_the_whole_column_has_there(wardrobe: Catalogue, library: Catalogue) -> None:
    for catalogue in (wardrobe, library):
        rows = np.array([len(catalogue) - 1, 0, 2, 2])
        for name in catalogue.facets:
            if catalogue.numeric(name):
                np.testing.assert_array_equal(catalogue.numbers(name, rows=rows), catalogue.numbers(name)[rows])
        for name in ("category", "brand"):
            np.testing.assert_array_equal(catalogue.codes(name, rows)[0], catalogue.codes(name)[0][rows])


def test_a_sparse_column_gives_some_rows_as_a_dense_one_does() -> None:
    numbers = np.full(40, np.nan)
    numbers[[3, 17]] = (2.0, 5.0)
    sparse, rows = NumberColumn.of(numbers), np.array([17, 0, 39, 3])
    assert sparse.rows is not None
    np.testing.assert_array_equal(sparse.take(rows), numbers[rows])
    np.testing.assert_array_equal(NumberColumn.of(np.full(40, np.nan)).take(rows), np.full(4, np.nan))
    flags = FlagColumn.of(np.where(np.isnan(numbers), -1, 1).astype(np.int8))
    np.testing.assert_array_equal(flags.numbers(rows), [1.0, np.nan, np.nan, 1.0])


def test_category_facets_come_most_stated_first(library: Catalogue, wardrobe: Catalogue) -> None:
    assert set(wardrobe.category_facets("Dresses")) == {"color", "material", "weight"}
    assert library.category_facets("Films")[-1] == "services", "two films stream nowhere"
    assert library.category_facets("") == library.category_facets("films")
    assert library.category_facets("Books") == ()
    assert wardrobe.category_paths()[0] == ("Women", "Dresses")
    assert wardrobe.tree.children() == ("Women", "Men")
    assert "Knitwear" in wardrobe.tree.children(("Men",))


def test_quantiles_leave_out_what_is_unstated(wardrobe: Catalogue, library: Catalogue) -> None:
    assert wardrobe.quantiles("price", None, [0, 0.5, 1]).tolist() == [19.0, 84.0, 249.0]
    assert wardrobe.quantiles("price", wardrobe.category_rows("Shirts"), [0.5]).tolist() == [19.0]
    assert wardrobe.quantiles("price", np.array([0, 5]), [1.0]).tolist() == [249.0]
    assert np.isnan(library.quantiles("price", None, [0.1, 0.9])).all()


def test_texts_hold_both_languages_and_nothing_that_changes(wardrobe: Catalogue, rooms: Catalogue) -> None:
    text = wardrobe.texts(wardrobe.row("w6"))
    for part in ("Down Parka", "Nordvik", "Jackets", "colour black", "weight 1150 g"):
        assert part in text
    for part in ("羽绒大衣", "颜色 黑色", "1150 克", "外套"):
        assert part in text
    assert "249" not in text
    assert text.count("Nordvik") == 1
    assert "羽绒" not in wardrobe.texts(wardrobe.row("w6"), ["en"])
    assert rooms.texts(0).startswith("云栖酒店")


# -- live changes ------------------------------------------------------------------------------------------------------


def test_a_patch_shows_at_once(changing: Catalogue) -> None:
    before = changing.snapshot
    changing.patch("w1", {"price": 10, "stock": 0, "sponsored": True, "rating": 4.5})
    item = changing.item("w1")
    assert (item.price, item.stock, item.sponsored, item.rating) == (10.0, 0, True, 4.5)
    assert changing.version == before.version + 1
    assert mask(changing, [Constraint("c", "price", Op.LT, 15.0)]).sum() == 1
    assert mask(changing, [Constraint("c", "price", Op.LT, 15.0)], before).sum() == 0
    changing.patch("w1", {"price": None})
    assert changing.item("w1").price is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": -1}, "not negative"),
        ({"price": "10"}, "must be a number"),
        ({"price": float("inf")}, "must be a number"),
        ({"stock": 1.5}, "whole number"),
        ({"stock": True}, "must be a number"),
        ({"title": "x"}, "cannot be changed"),
        ({"sponsored": 1}, "true or false"),
    ],
)
def test_a_wrong_patch_changes_nothing(changing: Catalogue, changes: dict[str, object], message: str) -> None:
    before = changing.snapshot
    with pytest.raises(ValueError, match=message):
        changing.patch_all({"w2": {"price": 5}, "w1": changes})
    with pytest.raises(ItemNotFound):
        changing.patch("nobody", {"price": 1})
    assert changing.snapshot is before


def test_nobody_sees_half_a_patch(changing: Catalogue) -> None:
    both = [Constraint("a", "price", Op.EQ, 7.0), Constraint("b", "stock", Op.NE, 7.0)]
    torn: list[int] = []
    done = threading.Event()

    def read_on() -> None:
        while not done.is_set():
            torn.append(int(mask(changing, both).sum()))

    # Before the first change price and stock are no 7; after each change either both are, or neither.
    readers = [threading.Thread(target=read_on) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(300):
        value = 7 if turn % 2 else 8
        changing.patch_all({key: {"price": value, "stock": value} for key in changing.ids})
    done.set()
    for reader in readers:
        reader.join()
    assert changing.version == 300
    assert set(torn) == {0}


# -- saving and opening ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [films, hotels, fashion])
def test_a_saved_catalogue_opens_the_same(make, tmp_path: Path) -> None:
    made = read(make(tmp_path / "shop"))
    made.patch(made.ids[0], {"price": 3.0})
    save_catalogue(made, tmp_path / "index")
    opened = open_catalogue(made.shop, tmp_path / "index")
    assert list(opened.ids) == list(made.ids)
    assert [opened.item_at(row) for row in range(len(made))] == [made.item_at(row) for row in range(len(made))]
    assert dict(opened.facets) == dict(made.facets)
    assert opened.category_paths() == made.category_paths()
    assert [opened.texts(row) for row in range(len(made))] == [made.texts(row) for row in range(len(made))]
    opened.patch(opened.ids[1], {"stock": 4})
    assert opened.item_at(1).stock == 4


def test_a_broken_archive_is_refused(tmp_path: Path, wardrobe: Catalogue) -> None:
    folder = tmp_path / "index"
    with pytest.raises(IndexMissing, match="build the index anew"):
        open_catalogue(wardrobe.shop, folder)
    save_catalogue(wardrobe, folder)
    meta = orjson.loads((folder / "catalogue.json").read_bytes())
    (folder / "catalogue.json").write_bytes(orjson.dumps({**meta, "format": 0}))
    with pytest.raises(IndexMismatch, match="format 0"):
        open_catalogue(wardrobe.shop, folder)
    (folder / "catalogue.json").write_bytes(orjson.dumps(meta))
    np.save(folder / "int32.npy", np.zeros(3, dtype=np.int32))
    with pytest.raises(IndexMissing, match="cut short"):
        open_catalogue(wardrobe.shop, folder)
    (folder / "int32.npy").write_bytes(b"no array")
    with pytest.raises(IndexMissing):
        open_catalogue(wardrobe.shop, folder)


# -- columns -----------------------------------------------------------------------------------------------------------

_numbers = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=40)
_words = st.sampled_from(["red", "Blue", "grün", "米白", "a b"])


@settings(max_examples=100, deadline=None)
@given(values=_numbers, fill=st.integers(0, 30))
def test_dense_and_sparse_numbers_read_the_same(values: list[float | None], fill: int) -> None:
    values = values + [None] * fill
    column = NumberColumn.of(np.array([np.nan if value is None else value for value in values]))
    assert [column.at(row) for row in range(len(values))] == values
    assert column.stated.tolist() == [value is not None for value in values]
    assert column.count == sum(value is not None for value in values)
    changed = column.changed({0: 5.0, len(values) - 1: None})
    assert changed.at(0) == (5.0 if len(values) > 1 else None)
    assert [column.at(row) for row in range(len(values))] == values, "a column is never changed"


@settings(max_examples=100, deadline=None)
@given(lists=st.lists(st.lists(_words, max_size=3), min_size=1, max_size=40), wanted=_words)
def test_list_columns_find_elements(lists: list[list[str]], wanted: str) -> None:
    values = sorted({word for each in lists for word in each})
    data = np.array([values.index(word) for each in lists for word in each], dtype=np.int32)
    indptr = np.cumsum([0] + [len(each) for each in lists]).astype(np.int32)
    column = ListColumn.of(indptr, data, values)
    assert [column.at(row) for row in range(len(lists))] == [tuple(each) or None for each in lists]
    assert column.hits(column.table([wanted.upper()])).tolist() == [wanted in each for each in lists]


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(st.one_of(st.none(), st.text("aäB \n.\0米", max_size=6)), min_size=1, max_size=30),
    wanted=st.text("aäb \0米", max_size=3),
    part=st.booleans(),
)
def test_text_columns_find_texts(texts: list[str | None], wanted: str, part: bool) -> None:
    texts = [text and text.replace("\0", "") for text in texts]
    column = TextColumn.of(texts)
    assert [column.at(row) or None for row in range(len(texts))] == [text or None for text in texts]
    needle = fold(wanted.replace("\0", ""))
    expected = [bool(needle and text and (needle in fold(text) if part else needle == fold(text))) for text in texts]
    assert column.hits([wanted], part).tolist() == expected


def test_flags_and_codes() -> None:
    flags = FlagColumn.of(np.array([1, 0, -1, -1], dtype=np.int8))
    assert [flags.at(row) for row in range(4)] == [True, False, None, None]
    assert flags.changed({2: True, 0: None}).numbers().tolist()[1:3] == [0.0, 1.0]
    codes = CodeColumn.of(np.array([1, -1, 0, -1, -1, -1, -1, -1, -1], dtype=np.int32), ["a", "b"])
    assert codes.rows is not None
    assert [codes.at(row) for row in range(4)] == ["b", None, "a", None]
    assert codes.dense().tolist()[:4] == [1, -1, 0, -1]
    assert codes.counts.tolist() == [1, 1]


def test_an_empty_shop_setting_needs_no_columns() -> None:
    bare = Catalogue(Shop(name={"en": "x"}), {}, ["a"], {"title": TextColumn.of(["A"])}, [])
    assert bare.item("a").title == "A"
    assert bare.category_facets("x") == ()

"""Chinese words that the shop has no phrase for: kept whole, met by their English, and behind the shop's own words."""

from __future__ import annotations

import pytest

from agent.embedded.lexicon import Kind
from agent.embedded.reading import Reading, read
from agent.embedded.vocabulary import Vocabulary
from core.shop import load_shop
from retrieval.loading import read_catalogue

KINDS = ("backpack", "tables", "bag", "television", "travel", "boots", "set", "bedroom", "camera", "novels", "strings")
SHOP = """\
name: Store
currency: USD
facets:
  finish: {type: category, synonyms: {zh: [涂层]}}
  coating:
    type: category
categories:
  tables: {label: {en: Tables}}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    folder = tmp_path_factory.mktemp("store")
    rows = [f"{at},A {kind} thing,{kind},gloss,paint" for at, kind in enumerate(KINDS)]
    (folder / "items.csv").write_text("\n".join(["id,title,category,finish,coating", *rows]), encoding="utf-8")
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    return Vocabulary(read_catalogue(load_shop(folder))[0])


def _read(message: str, store: Vocabulary) -> Reading:
    return read(message, store.lexicon, lambda word: True)


def _kinds(reading: Reading) -> list[str]:
    spans = [element.span for element in reading.elements if element.span]
    return [entry.value for span in spans if (entry := span.of(Kind.CATEGORY))]


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("背包", ["backpack"]),
        ("餐桌", ["tables"]),
        ("旅行袋", ["travel", "bag"]),
        ("电视机", ["television"]),
        ("雪地靴", ["boots"]),
        ("数据线", []),
        ("装相机的包", ["camera", "bag"]),
        ("一束花", []),
        ("最多包110美元", []),
        ("包110美元以内", ["bag"]),
        ("数码相机", ["camera"]),
    ],
)
def test_the_english_of_a_word_tells_its_kind(message: str, kinds: list[str], store: Vocabulary) -> None:
    assert _kinds(_read(message, store)) == kinds


@pytest.mark.parametrize(
    ("message", "word"),
    [("书桌上的台灯", "台灯"), ("一件大衣", "大衣"), ("特别结实", "特别"), ("咖啡和大衣", "大衣"), ("非洲鼓", "非洲")],
)
def test_a_word_stays_whole(message: str, word: str, store: Vocabulary) -> None:
    element = next(each for each in _read(message, store).elements if each.text == word)
    assert element.span is None
    assert not element.negated


@pytest.mark.parametrize(("message", "numbers"), [("十字架", []), ("百合花", []), ("三台灯", [3]), ("一百年", [100])])
def test_a_numeral_in_a_word_counts_nothing(message: str, numbers: list[float], store: Vocabulary) -> None:
    assert [each.number.value for each in _read(message, store).elements if each.number] == numbers


def test_what_a_thing_is_for_is_not_the_thing(store: Vocabulary) -> None:
    purposes = [each.text for each in _read("卧室用的梳妆镜", store).elements if each.purpose]
    assert purposes == ["卧室"]


def test_the_shops_own_words_go_before_the_dictionary(store: Vocabulary) -> None:
    span = _read("涂层", store).elements[0].span
    assert span is not None
    assert [entry.field for entry in span.entries] == ["finish"]

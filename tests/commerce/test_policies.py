from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from commerce.concepts import service_concepts
from commerce.policies import PASSAGE_CHARACTERS, THRESHOLD, PolicyBook
from core.ports import Vectors
from core.shop import Shop

RETURNS = """# Returns

## Return window {#window}

You can return most items within 30 days of delivery. Opened software cannot be returned.

## Refunds

- Refunds go to the original payment method.
- They arrive within 5 to 7 business days.
"""

CHINESE = """# 退货

## 退货期限 {#window}

大多数商品可在签收后30天内退货。已激活的软件不可退。

## 退款

退款将原路返回,5至7个工作日到账。
"""


class LetterEmbedder:
    """Vectors of letter pairs: deterministic, free, and alike for alike words."""

    name = "letters"
    dimensions = 676

    def __init__(self) -> None:
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        vectors = np.full((len(texts), self.dimensions), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            letters = [ord(letter) - 97 for letter in text.lower() if "a" <= letter <= "z"]
            for first, second in pairwise(letters):
                vectors[row, first * 26 + second] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "returns.md").write_text(RETURNS, encoding="utf-8")
    (tmp_path / "policies" / "returns.zh.md").write_text(CHINESE, encoding="utf-8")
    return Shop(name={"en": "Test"}, root=tmp_path)


@pytest.mark.parametrize(
    ("question", "language", "ref"),
    [
        ("When do I get my money back?", "en", "policies/returns.md#refunds"),
        ("return window", "en", "policies/returns.md#window"),
        ("退款多久到账?", "zh", "policies/returns.zh.md#退款"),
        ("软件能退吗", "zh", "policies/returns.zh.md#window"),
    ],
)
def test_finds_the_section(shop: Shop, question: str, language: str, ref: str) -> None:
    passages = PolicyBook.open(shop, None).search(question, language)
    assert passages[0].ref == ref
    assert THRESHOLD <= passages[0].score <= 1.0
    assert [passage.score for passage in passages] == sorted((passage.score for passage in passages), reverse=True)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Do you polish shoes?", "en"),
        ("你们有停车场吗", "zh"),
        ("", "en"),
        ("?!", "zh"),
        ("\ud800", "en"),
        ("a" * 50_000, "en"),
    ],
)
def test_says_nothing_where_the_documents_do_not(shop: Shop, question: str, language: str) -> None:
    assert PolicyBook.open(shop, None).search(question, language) == ()


def test_another_language_is_answered_from_what_there_is(shop: Shop) -> None:
    (shop.root / "policies" / "returns.zh.md").unlink()
    (passage, *_) = PolicyBook.open(shop, None).search("退款", "zh")
    assert passage.ref == "policies/returns.md#refunds"


def test_long_sections_are_cut_to_the_sentences_that_matter(shop: Shop) -> None:
    filler = " ".join(f"Sentence number {number} is about tea and biscuits." for number in range(40))
    text = f"# Care\n\n## Care\n\n{filler} A refund is paid within 9 days. {filler}\n"
    (shop.root / "policies" / "care.md").write_text(text, encoding="utf-8")
    book = PolicyBook.open(shop, None)
    found = [passage for passage in book.search("refund tea", "en", 5) if "care.md" in passage.ref]
    assert "A refund is paid within 9 days." in found[0].text
    assert len(found[0].text) < PASSAGE_CHARACTERS + 60


def test_vectors_are_kept_between_starts(shop: Shop, tmp_path: Path) -> None:
    embedder = LetterEmbedder()
    PolicyBook.open(shop, embedder, tmp_path / "data")
    first = embedder.texts
    PolicyBook.open(shop, embedder, tmp_path / "data")
    assert embedder.texts == first > 0


def test_shop_without_policies(tmp_path: Path) -> None:
    book = PolicyBook.open(Shop(name={"en": "x"}, root=tmp_path), LetterEmbedder())
    assert book.search("anything", "en") == ()
    assert book.section("policies/returns.md#window") is None


def test_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    assert PolicyBook.open(Shop(name={"en": "x"}, root=tmp_path), LetterEmbedder()).search("refund", "en") == ()


def test_section_by_ref(shop: Shop) -> None:
    section = PolicyBook.open(shop, None).section("policies/returns.zh.md#window")
    assert section is not None
    assert section.title == "退货期限"


def test_the_same_concept_in_other_words_and_another_language() -> None:
    concepts = service_concepts()
    for question in ("When do I get my money back?", "refunds", "什么时候退款"):
        assert frozenset({"=refund"}) in concepts.of_question(question)
    assert "=refund" in concepts.of_text("we reimburse you")
    assert concepts.of_question("how much is it, please") == []

"""The simulated shopper: it never names its target, repeats under a seed, and says only what is true."""

from __future__ import annotations

import random

import pytest
import yaml

from core.entities import Facet, FacetType, Op
from evaluation import speech
from evaluation.needs import leaks, needs_of, targets, tells
from evaluation.simulator import Habits, LeakError, Offer, Shopper
from retrieval.constraints import satisfied

SHOPS = ("films", "hotels", "fashion")
LANGUAGES = ("en", "zh")


def talk(catalogue, target, language, seed, paraphrase, habits=None):
    """Return what a shopper says to somebody who shows the same items and asks for one field after the other."""
    shopper = Shopper(catalogue, target, language, seed, paraphrase, habits)
    others = tuple(item_id for item_id in catalogue.ids if not shopper.wants(item_id))[:3]
    said = [shopper.opening()]
    for turn, name in enumerate([*catalogue.facets, "nonsense"]):
        said.append(shopper.react(Offer(others, name)))
        said.append(shopper.react(Offer(others if turn % 3 else ())))
    return said


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_names_the_target(sellers, shop, language):
    catalogue = sellers[shop].recommender.catalogue
    for target in targets(catalogue, language, 12, seed=1):
        item = catalogue.item(target)
        for paraphrase in range(speech.PARAPHRASES):
            for text in talk(catalogue, target, language, 5, paraphrase):
                assert item.title.casefold() not in text.casefold()
                assert item.id not in text.split()
                assert not leaks(text, item)


def test_a_leak_is_found_in_any_language_spelling_and_case(sellers):
    item = sellers["fashion"].recommender.catalogue.item("w9")
    assert leaks("do you have the SILK-BLOUSE?", item)
    assert leaks("真丝 衬衫有吗", item)
    assert leaks("w9 please", item)
    assert not leaks("something of silk", item)


def test_a_shopper_that_would_name_its_target_raises(sellers):
    shopper = Shopper(sellers["fashion"].recommender.catalogue, "w9", "en", 1)
    with pytest.raises(LeakError, match="w9"):
        shopper._said("openings_bare", category="silk blouse")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_seed_says_the_same(sellers, language):
    catalogue = sellers["films"].recommender.catalogue
    first = [talk(catalogue, "f5", language, seed, paraphrase) for seed in range(5) for paraphrase in range(4)]
    again = [talk(catalogue, "f5", language, seed, paraphrase) for seed in range(5) for paraphrase in range(4)]
    assert first == again
    assert targets(catalogue, language, 5, 3) == targets(catalogue, language, 5, 3)


def test_paraphrases_want_the_same_in_other_words(sellers):
    catalogue = sellers["fashion"].recommender.catalogue
    for target in targets(catalogue, "en", 6, seed=2):
        shoppers = [Shopper(catalogue, target, "en", 7, paraphrase, Habits(typo=0)) for paraphrase in range(4)]
        assert len({shopper.opening() for shopper in shoppers}) == 4
        assert len({shopper.required() for shopper in shoppers}) == 1


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_target_meets_all_that_its_shopper_knows(sellers, shop, language):
    catalogue = sellers[shop].recommender.catalogue
    for row in range(len(catalogue)):
        for need in needs_of(catalogue, row, language, random.Random(row)).values():
            assert satisfied(catalogue, need.constraint)[row], need


def test_what_is_told_at_the_end_is_true_of_the_target(sellers):
    catalogue = sellers["fashion"].recommender.catalogue
    for seed in range(10):
        shopper = Shopper(catalogue, "w6", "en", seed, habits=Habits(changes=1.0))
        shopper.opening()
        for _ in range(8):
            shopper.react(Offer(("w1", "w3", "w5")))
        row = catalogue.row("w6")
        assert all(satisfied(catalogue, each)[row] for each in shopper.required())


def test_a_change_of_mind_opens_wrong_and_is_taken_back(sellers):
    catalogue = sellers["fashion"].recommender.catalogue
    changed = 0
    for seed in range(10):
        shopper = Shopper(catalogue, "w6", "en", seed, habits=Habits(changes=1.0, typo=0))
        shopper.opening()
        row = catalogue.row("w6")
        wrong = [each for each in shopper.required() if not satisfied(catalogue, each)[row]]
        if wrong:
            changed += 1
            assert "changed my mind" in shopper.react(Offer(("w1",), "color"))
            assert all(satisfied(catalogue, each)[row] for each in shopper.required())
    assert changed


def test_a_variant_is_as_good_as_the_target(sellers):
    shopper = Shopper(sellers["fashion"].recommender.catalogue, "w1", "en", 1)
    assert shopper.wants("w1")
    assert shopper.wants("w2")
    assert not shopper.wants("w3")


def test_questions_are_answered_from_the_attributes(sellers):
    catalogue = sellers["fashion"].recommender.catalogue
    shopper = Shopper(catalogue, "w5", "en", 1, habits=Habits(typo=0, changes=0, objects=0))
    shopper.opening()
    assert shopper.react(Offer((), "color")) == "green"
    assert shopper.told["color"].constraint.value == "green"
    assert shopper.react(Offer((), "no such field")) == "I don't mind"


def test_every_kind_of_sentence_has_its_phrasings_in_both_languages():
    contents = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in speech.FOLDER.glob("*.yaml")}
    assert tuple(sorted(contents)) == speech.languages() == LANGUAGES
    assert contents["en"].keys() == contents["zh"].keys()
    for content in contents.values():
        for kind, forms in content.items():
            if isinstance(forms, list):
                assert len(set(forms)) == speech.PARAPHRASES, kind


def test_a_slip_changes_a_word_and_no_number():
    rng = random.Random(1)
    for _ in range(20):
        text = speech.mistyped("under $300 headphones", "en", rng)
        assert text.startswith("under") or text.endswith("headphones")
        assert "$300" in text
    assert speech.mistyped("300", "en", rng) == "300"
    assert speech.mistyped("在吗", "zh", rng) in ("再吗", "在嘛")


@pytest.mark.parametrize(
    ("value", "unit", "up", "said"),
    [(0.058, "kg", True, "60 g"), (18.0, "h", False, "18 h"), (1.0, "TB", False, "1 TB")],
)
def test_bounds_are_said_in_the_unit_that_people_read(value, unit, up, said):
    facet = Facet("size", FacetType.NUMBER, unit)
    number, text, shown = speech.rounded(value, facet, 0.01 if unit == "kg" else 1.0, up)
    assert speech.measure(text, shown, "en") == said
    assert number >= value if up else number <= value


def test_money_is_written_as_in_the_language():
    assert speech.money(300, "USD", "en") == "$300"
    assert speech.money(300, "USD", "zh") == "300美元"
    assert speech.money(300, "CNY", "zh") == "300元"
    assert speech.money(300, None, "en") == "300"


def test_a_refusal_is_a_requirement_too(sellers):
    catalogue = sellers["fashion"].recommender.catalogue
    shopper = Shopper(catalogue, "w4", "en", 3, habits=Habits(hints=1.0, typo=0, changes=0, volunteered=(0, 0)))
    shopper.opening()
    for _ in range(6):
        shopper.react(Offer(("w1", "w10", "w7")))
    refused = [each for each in shopper.required() if each.op is Op.NE]
    assert refused
    assert all(satisfied(catalogue, each)[catalogue.row("w4")] for each in refused)


def test_a_value_that_says_nothing_or_something_else_too_is_said_with_its_facet(sellers):
    catalogue = sellers["films"].recommender.catalogue
    facets = catalogue.facets
    assert tells(catalogue, facets["genre"], "comedy")
    assert not tells(catalogue, facets["genre"], "R")
    assert not tells(catalogue, facets["genre"], "26")
    other = next(
        value for name in ("director", "certificate", "brand") if name in facets for value in catalogue.values(name)
    )
    assert not tells(catalogue, facets["genre"], other)


def test_latin_words_and_numbers_stay_apart_in_chinese():
    assert speech.say("zh", "at_most", 2, label="page yield", value="8000页") == "page yield 8000页以内"
    assert speech.say("zh", "at_most", 2, label="内存", value="8GB") == "内存8GB以内"

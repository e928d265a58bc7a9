"""Intents by example: messages in other words than the examples'."""

from __future__ import annotations

from typing import Any

import pytest

from agent.embedded.intents import IntentGuesser, load_examples
from core.conversation import Intent


@pytest.fixture(scope="module")
def guesser(encoder: Any) -> IntentGuesser:
    return IntentGuesser(encoder)


def test_the_examples_are_of_known_intents_in_both_languages() -> None:
    for intent, languages in load_examples().items():
        assert set(languages) == {"en", "zh"}, intent
        texts = [text for texts in languages.values() for text in texts]
        assert len(texts) == len(set(texts)), intent


def test_no_example_stands_under_two_intents() -> None:
    owners: dict[str, Intent] = {}
    for intent, languages in load_examples().items():
        for text in (text for texts in languages.values() for text in texts):
            assert owners.setdefault(text.lower(), intent) is intent, text


@pytest.mark.parametrize(
    ("message", "language", "intent"),
    [
        ("has my parcel been sent yet?", "en", "order_status"),
        ("could you tell me where my order is right now", "en", "order_status"),
        ("I would like to cancel my order", "en", "cancel_order"),
        ("how many days do I have to send something back", "en", "policy"),
        ("what does delivery cost", "en", "policy"),
        ("I want to talk to a human being", "en", "handoff"),
        ("what is the weather like tomorrow", "en", "out_of_scope"),
        ("who are you?", "en", "smalltalk"),
        ("我的订单到哪里了", "zh", "order_status"),
        ("我要取消订单", "zh", "cancel_order"),
        ("退货政策是什么", "zh", "policy"),
        ("运费是多少", "zh", "policy"),
        ("帮我转人工客服", "zh", "handoff"),
        ("今天天气怎么样啊", "zh", "out_of_scope"),
    ],
)
def test_sure_guesses(message: str, language: str, intent: str, guesser: IntentGuesser) -> None:
    guess = guesser.guess(message, language)
    assert guess.intent == intent
    assert guess.sure
    assert 0 <= guess.margin <= guess.score <= 1


@pytest.mark.parametrize(
    ("message", "language"), [("qzx vfrt plokk", "en"), ("", "en"), ("……", "zh"), ("嗯嗯啊啊", "zh"), ("12345", "en")]
)
def test_nonsense_is_not_sure(message: str, language: str, guesser: IntentGuesser) -> None:
    assert not guesser.guess(message, language).sure


def test_a_guess_is_the_same_each_time(guesser: IntentGuesser) -> None:
    assert guesser.guess("where is my stuff", "en") == guesser.guess("where is my stuff", "en")


def test_service_terms_hold_no_shopping_words(guesser: IntentGuesser) -> None:
    examples = load_examples()[Intent.RECOMMEND]
    assert guesser.service_terms
    assert not {word for text in examples["en"] for word in text.lower().split()} & guesser.service_terms

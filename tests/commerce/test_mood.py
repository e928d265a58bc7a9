"""Sentiment and urgency, on phrasings that the lexicon and the examples were not made from."""

from __future__ import annotations

from typing import Any

from commerce.mood import mood_of

HELD_OUT = [
    ("I am so disappointed, the handle snapped on day one", "en", "negative", False),
    ("honestly this has been a nightmare and nobody helps me", "en", "negative", False),
    ("You people never reply. I regret ordering here.", "en", "negative", False),
    ("not great, not what I paid for", "en", "negative", False),
    ("I fly out tomorrow morning so it has to be solved before then", "en", "neutral", True),
    ("please handle this immediately", "en", "neutral", True),
    ("could you tell me where my parcel is", "en", "neutral", False),
    ("I'd like to send the lamp back", "en", "neutral", False),
    ("wonderful, that was quick and kind, thanks a lot", "en", "positive", False),
    ("质量太差了，非常失望", "zh", "negative", False),
    ("等了半个月，客服一直敷衍我", "zh", "negative", False),
    ("我明天出差，麻烦尽快处理", "zh", "neutral", True),
    ("我想改一下地址", "zh", "neutral", False),
    ("不满意", "zh", "negative", False),
    ("太好了，非常感谢", "zh", "positive", False),
    ("急用，能不能加急", "zh", "neutral", True),
]


def test_most_held_out_phrasings_are_read_rightly(encoder: Any):
    read = [(mood_of(text, language, encoder), mood, urgent) for text, language, mood, urgent in HELD_OUT]
    right = sum((found.sentiment, found.urgent) == (mood, urgent) for found, mood, urgent in read)
    assert right >= 14, [(text, found) for (text, *_), (found, *_) in zip(HELD_OUT, read, strict=True)]

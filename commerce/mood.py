"""How a customer feels and how much they are in a hurry: a small general lexicon, and the nearest of some sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.entities import Language
from core.ports import Embedder

Sentiment = Literal["negative", "neutral", "positive"]
NEAR = 0.36
"""From this cosine on, a sentence is taken to feel like the example it is nearest to."""

_NEGATIVE = re.compile(
    r"\b(?:angry|annoy\w*|upset|unhappy|disappoint\w*|terrible|awful|horrible|worst|ridiculous|unacceptable|frustrat\w*|"
    r"furious|fed up|sick of|useless|rude|scam|never again|disgust\w*|appalling|let down|complain\w*|poor quality|"
    r"a joke|outrageous|shame|pathetic|lousy|dreadful|rip[- ]?off)\b|"
    r"生气|气死|气人|愤怒|失望|太差|很差|真差|糟糕|糟透|离谱|过分|受够|投诉|骗子|垃圾|坑人|无语|恶心|欺骗|太慢|差评|忍无可忍|敷衍|后悔",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\b(?:thanks|thank you|great|perfect|wonderful|excellent|love it|appreciate|helpful|happy with|brilliant|awesome|"
    r"pleased|delighted)\b|谢谢|感谢|太好了|很满意|满意|棒|赞|完美|贴心",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|n't|never|no|hardly|isn't|wasn't)\s+(?:\w+\s+){0,2}$|(?:不|没|没有)(?:太|怎么|很)?$", re.IGNORECASE
)
_URGENT = re.compile(
    r"\b(?:urgent\w*|asap|as soon as possible|immediately|right away|right now|at once|today|tonight|by tomorrow|"
    r"emergency|hurry|in a rush|can't wait|cannot wait|deadline|before (?:my|the) (?:trip|flight|wedding|birthday)|"
    r"leaving (?:today|tomorrow)|time[- ]sensitive|quickly)\b|"
    r"紧急|着急|很急|急用|急着|马上|立刻|立即|尽快|赶紧|今天(?:就|之内|内|必须)|赶时间|等不及|来不及|火速|加急",
    re.IGNORECASE,
)
_EXAMPLES: tuple[tuple[Sentiment, bool, str], ...] = (
    ("negative", False, "I am really annoyed about how you treated me"),
    ("negative", False, "this is the third time it arrived broken and nobody cares"),
    ("negative", False, "your service is a disaster and I regret buying here"),
    ("negative", False, "nobody answers and I have been ignored for weeks"),
    ("neutral", True, "I need this sorted out before I travel tomorrow"),
    ("neutral", True, "please deal with it straight away, it cannot wait"),
    ("negative", False, "what an awful experience, no one is willing to help"),
    ("negative", False, "I will never order from this shop again"),
    ("neutral", True, "the party is this weekend and I must have it by then"),
    ("neutral", True, "my flight leaves soon, so there is little time left"),
    ("positive", False, "that was very kind and solved my problem"),
    ("neutral", False, "where is my order"),
    ("neutral", False, "I would like to return the shoes"),
    ("neutral", False, "can you change the delivery address"),
    ("neutral", False, "I want to cancel something that I ordered"),
    ("neutral", False, "how long does the refund take"),
    ("neutral", False, "please exchange the lamp for a smaller one"),
    ("neutral", False, "what is your policy on opened items"),
)


@dataclass(frozen=True, slots=True)
class Mood:
    """What a text lets feel."""

    sentiment: Sentiment
    urgent: bool


def mood_of(text: str, language: Language, embedder: Embedder | None = None) -> Mood:
    """Return the mood of a customer's words; without an embedder, or in Chinese, words alone decide."""
    negative = [match for match in _NEGATIVE.finditer(text) if not _NOT.search(text[: match.start()])]
    positive = [match for match in _POSITIVE.finditer(text) if not _NOT.search(text[: match.start()])]
    denied = any(_NOT.search(text[: match.start()]) for match in _POSITIVE.finditer(text))
    urgent = bool(_URGENT.search(text))
    shouting = len(re.findall(r"[A-Z]{3,}", text)) > 2 or "!!" in text or "！！" in text
    if negative or denied or (shouting and not positive):
        return Mood("negative", urgent)
    if embedder is not None and language == "en" and text.strip():
        vectors = embedder.embed([text for _, _, text in _EXAMPLES])
        near = vectors @ embedder.embed([text])[0]
        best = int(np.argmax(near))
        if float(near[best]) >= NEAR:
            sentiment, hurried, _ = _EXAMPLES[best]
            return Mood("positive" if positive else sentiment, urgent or hurried)
    return Mood("positive" if positive else "neutral", urgent)

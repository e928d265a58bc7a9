"""How well intents are guessed, by the nearest examples and by learned weights, on test parts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agent.embedded.intents import Guess, IntentGuesser
from benchmarks.understanding import sources
from benchmarks.understanding.sources import Labelled
from core.conversation import Intent
from core.ports import Embedder

BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """Of the guesses whose score lies in [low, high): how many, their mean score, the share that is right."""

    low: float
    high: float
    count: int
    score: float
    right: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One guesser on every test part."""

    right: dict[str, float]
    """Test part -> the share of right first guesses."""
    sure: float
    """Of everything in scope: the share that is acted upon."""
    sure_right: float
    """The share of those that is right."""
    strange: float
    """AUROC of "in scope" against CLINC150's out-of-scope test questions."""
    other: float
    """The same against CLINC150's questions of other trades."""
    curve: tuple[Share, ...]
    by_act: dict[Intent, tuple[float, float, int]]
    """Film acts: intent -> precision, recall, sentences."""


def parts(data: Path) -> dict[str, list[Labelled]]:
    """Return the test parts by name."""
    asked = sources.clinc(data, "test")
    return {
        "bitext": sources.bitext(data, "Validation"),
        "CLINC150, in scope": [each for each in asked if each.intent is not Intent.OUT_OF_SCOPE],
        "WebShop goals": [Labelled(goal.text, Intent.RECOMMEND) for goal in sources.labelled_goals(data)],
        "IARD film acts": sources.film_acts(data, "test"),
        "CLINC150, out of scope": sources.clinc(data, "oos_test"),
        "CLINC150, other trades": [each for each in asked if each.intent is Intent.OUT_OF_SCOPE],
    }


def measure(data: Path, embedder: Embedder) -> dict[str, Outcome]:
    """Return the outcome of ``nearest examples`` and of ``learned weights``."""
    guessers = {
        "nearest examples": IntentGuesser(embedder, learned=False),
        "learned weights": IntentGuesser(embedder),
    }
    found = parts(data)
    return {name: _outcome(guesser, found) for name, guesser in guessers.items()}


def _outcome(guesser: IntentGuesser, found: dict[str, list[Labelled]]) -> Outcome:
    guesses = {name: [guesser.guess(each.text, "en") for each in part] for name, part in found.items()}
    scope = ("bitext", "CLINC150, in scope", "WebShop goals")
    known = [guess for name in scope for guess in guesses[name]]
    truth = [each.intent for name in scope for each in found[name]]
    right = np.array([guess.intent is intent for guess, intent in zip(known, truth, strict=True)])
    sure = np.array([guess.sure for guess in known])
    inside = _insideness(known)
    shares = {
        name: float(np.mean([guess.intent is each.intent for guess, each in zip(guesses[name], part, strict=True)]))
        for name, part in found.items()
    }
    return Outcome(
        shares, float(sure.mean()), float(right[sure].mean()),
        auroc(inside, _insideness(guesses["CLINC150, out of scope"])),
        auroc(inside, _insideness(guesses["CLINC150, other trades"])),
        _curve(np.array([guess.score for guess in known]), right),
        _by_act(guesses["IARD film acts"], found["IARD film acts"]),
    )  # fmt: skip


def _insideness(guesses: Sequence[Guess]) -> npt.NDArray[np.float64]:
    """Return how sure each guess is that the message is the shop's business."""
    return np.array([-guess.score if guess.intent is Intent.OUT_OF_SCOPE else guess.score for guess in guesses])


def auroc(inside: npt.NDArray[np.float64], outside: npt.NDArray[np.float64]) -> float:
    """Return the probability that one of ``inside`` scores above one of ``outside``; ties count half.

    Source: the Mann-Whitney statistic (Hanley and McNeil 1982).
    """
    ordered = np.sort(outside)
    below, upto = np.searchsorted(ordered, inside, "left"), np.searchsorted(ordered, inside, "right")
    return float((below + upto).mean() / 2 / len(outside))


def _curve(scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[Share, ...]:
    shares = []
    for low, high in itertools.pairwise(BINS):
        held = (scores >= low) & ((scores < high) | (high == BINS[-1]))
        if held.any():
            mean, share = float(scores[held].mean()), float(right[held].mean())
            shares.append(Share(low, high, int(held.sum()), mean, share))
    return tuple(shares)


def _by_act(guesses: Sequence[Guess], part: Sequence[Labelled]) -> dict[Intent, tuple[float, float, int]]:
    acts = {}
    for intent in sorted({each.intent for each in part}):
        hits = sum(g.intent is intent and each.intent is intent for g, each in zip(guesses, part, strict=True))
        guessed, meant = sum(g.intent is intent for g in guesses), sum(each.intent is intent for each in part)
        acts[intent] = (hits / guessed if guessed else 0.0, hits / meant, meant)
    return acts

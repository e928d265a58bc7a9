"""Learns the weights that guess intents: a linear softmax on the encoder's vectors, calibrated by a temperature."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from agent.embedded.intent_weights import IntentWeights, save_weights
from benchmarks.understanding import sources
from benchmarks.understanding.sources import Labelled
from core.conversation import Intent
from core.ports import Embedder

RIDGES = (1e-7, 1e-6, 1e-5)
GOALS = 1500
HELD_OUT = 7
"""Every seventh sentence of bitext and of the goals is for validation: the ridge, the temperature, the threshold."""
_OWN, _STRANGE = 10.0, 5.0
"""What a sentence made for training, and one of CLINC's few out-of-scope ones, counts beside one of many alike."""
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Sentences with what each counts."""

    sentences: tuple[Labelled, ...]
    counts: tuple[float, ...]


def training(data: Path) -> tuple[Part, Part]:
    """Return the training and the validation part; the data sets' own test parts are in neither."""
    known = [*sources.bitext(data, "Training"), *sources.goals(data, GOALS), *sources.film_acts(data, "train")]
    learn = [(each, 1.0) for at, each in enumerate(known) if at % HELD_OUT]
    learn += [(each, 1.0) for each in sources.clinc(data, "train")]
    learn += [(each, _STRANGE) for each in sources.clinc(data, "oos_train")]
    learn += [(each, _OWN) for each in sources.own_examples()]
    check = [*known[::HELD_OUT], *sources.clinc(data, "val"), *sources.clinc(data, "oos_val")]
    return Part(*zip(*learn, strict=True)), Part(tuple(check), tuple(1.0 for _ in check))


def train(data: Path, embedder: Embedder, path: Path) -> IntentWeights:
    """Learn from the training parts, choose on the validation part, write the weights; deterministic."""
    learn, check = training(data)
    classes = sorted({each.intent for each in learn.sentences})
    inputs, targets = vectors(embedder, learn.sentences), _targets(learn, classes)
    checked, truth = vectors(embedder, check.sentences), _targets(check, classes)
    counts = np.array(learn.counts)
    sizes = Counter(itertools.chain(*([each.intent] * int(n) for each, n in zip(*_columns(learn), strict=True))))
    counts *= np.sqrt([1 / sizes[each.intent] for each in learn.sentences])  # rare intents count, but not as much
    counts /= counts.sum()
    fits = [_fit(inputs, targets, counts, len(classes), ridge) for ridge in RIDGES]
    losses = [_loss(checked @ weights + bias, truth) for weights, bias in fits]
    weights, bias = fits[int(np.argmin(losses))]
    scores = checked @ weights + bias
    best = minimize_scalar(lambda t: _loss(scores / t, truth), bounds=(0.2, 5.0), method="bounded")
    made = IntentWeights(embedder.name, tuple(classes), weights / best.x, bias / best.x)
    save_weights(path, made)
    return made


def vectors(embedder: Embedder, sentences: Sequence[Labelled], batch: int = 256) -> Matrix:
    """Return the sentences' unit vectors, float64[n, dimension]."""
    parts = [
        embedder.embed([each.text for each in sentences[at : at + batch]]) for at in range(0, len(sentences), batch)
    ]
    return np.vstack(parts).astype(np.float64)


def _columns(part: Part) -> tuple[tuple[Labelled, ...], tuple[float, ...]]:
    return part.sentences, part.counts


def _targets(part: Part, classes: Sequence[Intent]) -> npt.NDArray[np.int64]:
    order = {intent: at for at, intent in enumerate(classes)}
    return np.array([order[each.intent] for each in part.sentences])


def _probabilities(scores: Matrix) -> Matrix:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _loss(scores: Matrix, truth: npt.NDArray[np.int64]) -> float:
    return float(-np.log(_probabilities(scores)[np.arange(len(truth)), truth] + 1e-12).mean())


def _fit(
    inputs: Matrix, truth: npt.NDArray[np.int64], counts: Matrix, classes: int, ridge: float
) -> tuple[Matrix, Matrix]:
    size = inputs.shape[1] * classes
    wanted = np.eye(classes)[truth]

    def objective(flat: Matrix) -> tuple[float, Matrix]:
        weights, bias = flat[:size].reshape(-1, classes), flat[size:]
        found = _probabilities(inputs @ weights + bias)
        loss = -(counts * np.log(found[np.arange(len(truth)), truth] + 1e-12)).sum() + ridge * (weights**2).sum()
        slope = (found - wanted) * counts[:, None]
        return float(loss), np.concatenate([(inputs.T @ slope + 2 * ridge * weights).ravel(), slope.sum(axis=0)])

    start = np.zeros(size + classes)
    flat = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return flat[:size].reshape(-1, classes), flat[size:]

"""Weights that guess a message's intent from its vector: a linear softmax learned by ``benchmarks/understanding``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.conversation import Intent

WEIGHTS = Path(__file__).parent / "intents.npz"


@dataclass(frozen=True, slots=True)
class IntentWeights:
    """A calibrated linear softmax over the vectors of one encoder."""

    encoder: str
    """The name of the encoder that it was learned with; of no use with another."""
    intents: tuple[Intent, ...]
    weights: npt.NDArray[np.float64]
    """float[dimension, intents]; the temperature is divided in."""
    bias: npt.NDArray[np.float64]
    """float[intents]."""

    def probabilities(self, vector: npt.NDArray[np.float32]) -> dict[Intent, float]:
        """Return the probability of each intent.

        Args:
            vector: the message's unit vector, float[dimension].
        """
        scores = vector @ self.weights + self.bias
        raised = np.exp(scores - scores.max())
        return dict(zip(self.intents, (raised / raised.sum()).tolist(), strict=True))


def save_weights(path: Path, weights: IntentWeights) -> None:
    """Write weights as half-precision numbers: a few kilobytes."""
    np.savez_compressed(
        path, encoder=np.array(weights.encoder), intents=np.array([str(name) for name in weights.intents]),
        weights=weights.weights.astype(np.float16), bias=weights.bias.astype(np.float32),
    )  # fmt: skip


@lru_cache(maxsize=2)
def load_weights(encoder: str, path: Path = WEIGHTS) -> IntentWeights | None:
    """Return the shipped weights, or None when they were learned with another encoder."""
    with np.load(path, allow_pickle=False) as stored:
        if str(stored["encoder"]) != encoder:
            return None
        intents = tuple(Intent(str(name)) for name in stored["intents"])
        return IntentWeights(encoder, intents, stored["weights"].astype(np.float64), stored["bias"].astype(np.float64))

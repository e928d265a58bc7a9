"""Fits the sequential model with torch, which an extra brings (``pip install .[sequential]``); serving needs none.

A causal transformer over the items that a user took, in order (SASRec: Kang & McAuley, ICDM 2018), trained with the
cross entropy over the whole catalogue or, in larger ones, over a shared sample of it (Klenitskiy & Vasilev, RecSys
2023): with one negative a target it learns much less. An item's vector is its own plus a projection of its text's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress, Vectors
from retrieval.sequential import Arrays, Sequences

if TYPE_CHECKING:
    import torch

Scorer = Callable[[list[npt.NDArray[np.int64]]], npt.NDArray[np.float32]]
"""Sequences -> scores of all items."""
Judge = Callable[[Scorer], float]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schooling:
    """How the model is shaped and trained."""

    width: int = 64
    blocks: int = 2
    heads: int = 2
    length: int = 50
    """A user's latest items that count."""
    dropout: float = 0.2
    rate: float = 1e-3
    batch: int = 64
    least_batches: int = 30
    """Of an epoch: of a small log batches are smaller."""
    epochs: int = 20
    patience: int = 3
    """So many epochs without a better value on the hold-out end the training."""
    negatives: int = 768
    """In a catalogue of more items than twice this a sample of so many stands for all."""
    texts: bool = True
    """Whether an item's vector starts from its text; without, from nothing, as in the paper."""
    seed: int = 7


@dataclass(frozen=True)
class Fitted:
    """What a training gave."""

    arrays: Arrays
    epochs: int
    """After how many epochs these weights stood."""
    value: float
    """What the judge said of them; 0 without one."""


def available() -> bool:
    """Return whether torch is installed."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def fit(
    sequences: Sequences,
    vectors: Vectors,
    schooling: Schooling,
    judge: Judge | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Train and return the weights; with a judge those of the best epoch, without one those of the last.

    Args:
        sequences: what users took, in order.
        vectors: unit vectors of the items' texts.
        schooling: shape and pace.
        judge: says after each epoch what the model is worth on held-out events.
        progress: told of every batch, if given.
    """
    import torch

    # One thread sums in one order: the same log and seed learn the same. On a busy machine it is also the fastest.
    torch.set_num_threads(1)
    torch.manual_seed(schooling.seed)
    draw = np.random.default_rng(schooling.seed)
    model = _model(vectors, schooling)
    optimiser = torch.optim.Adam(model.parameters(), lr=schooling.rate, betas=(0.9, 0.98))
    best = Fitted({}, 0, -1.0)
    for epoch in range(1, schooling.epochs + 1):
        model.train()
        inputs, targets = _windows(sequences, schooling, draw)
        size = max(1, min(schooling.batch, len(inputs) // schooling.least_batches))
        batches = np.array_split(draw.permutation(len(inputs)), max(1, len(inputs) // size))
        losses = []
        for number, places in enumerate(batches):
            loss = _loss(model, inputs[places], targets[places], schooling, draw)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
            optimiser.step()
            losses.append(float(loss.detach()))
            if progress:
                progress(f"learning sequences, epoch {epoch}", number + 1, len(batches))
        if judge is None:
            continue
        value = judge(lambda asked: _scores(model, asked, schooling.length))
        _log.info("sequential, epoch %d: loss %.3f, NDCG@10 %.4f", epoch, float(np.mean(losses)), value)
        if value > best.value:
            best = Fitted(_arrays(model), epoch, value)
        elif epoch - best.epochs >= schooling.patience:
            break
    return best if judge else Fitted(_arrays(model), schooling.epochs, 0.0)


def _windows(
    sequences: Sequences, schooling: Schooling, draw: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return inputs and what comes after each, shape (windows, length); -1 where there is nothing.

    Every epoch sees other windows: things of one moment (a basket) have no order and get one by chance, what is to be
    foretold is one of the next moment, and longer sequences are cut elsewhere.
    """
    length, codes = schooling.length, np.repeat(np.arange(len(sequences.starts) - 1), np.diff(sequences.starts))
    rows = sequences.rows[np.lexsort((draw.random(len(codes)), sequences.times, codes))]
    first, last = _next_moments(sequences.times, codes)
    after = rows[np.minimum(first + (draw.random(len(rows)) * (last - first)).astype(np.int64), len(rows) - 1)]
    inputs, targets = [], []
    for start, end in zip(sequences.starts[:-1].tolist(), sequences.starts[1:].tolist(), strict=True):
        stop = end - 1
        while stop > start:
            begin = max(start, stop - length)
            row, target = np.full((2, length), -1, dtype=np.int64)
            row[length - (stop - begin) :], target[length - (stop - begin) :] = rows[begin:stop], after[begin:stop]
            inputs.append(row)
            targets.append(target)
            stop = begin - int(draw.integers(0, length // 2)) if begin > start else start
    return np.array(inputs).reshape(-1, length), np.array(targets).reshape(-1, length)


def _next_moments(
    times: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the items of the same user's next moment begin and end; within the last one, the next item."""
    place = np.arange(len(codes))
    starts = np.flatnonzero(np.append(True, (codes[1:] != codes[:-1]) | (times[1:] != times[:-1])))
    bounds = np.append(starts, [len(codes), len(codes)])
    following = np.searchsorted(starts, place, side="right")
    first, last = bounds[following], bounds[following + 1]
    same = codes[np.minimum(first, len(codes) - 1)] == codes
    there = same & (first < len(codes))
    return np.where(there, first, place + 1), np.where(there, last, place + 2)


def _model(vectors: Vectors, schooling: Schooling) -> torch.nn.Module:
    """Return the untrained network."""
    from retrieval.training.network import Network

    known = np.asarray(vectors[:], dtype=np.float32)
    shape = (schooling.width, schooling.blocks, schooling.heads, schooling.length)
    return Network(known - known.mean(axis=0) if schooling.texts else None, len(known), *shape, schooling.dropout)


def _loss(
    model: Any,
    inputs: npt.NDArray[np.int64],
    outputs: npt.NDArray[np.int64],
    schooling: Schooling,
    draw: np.random.Generator,
) -> torch.Tensor:
    """Return the mean cross entropy of what comes after every item."""
    import torch

    filled = int(np.flatnonzero((inputs >= 0).any(axis=0))[0])
    rows, after = torch.from_numpy(inputs[:, filled:]), torch.from_numpy(outputs[:, filled:])
    items = model.items()
    hidden = model(rows, items)
    states, targets = hidden[rows >= 0], after[rows >= 0]
    if len(items) <= 2 * schooling.negatives:
        return torch.nn.functional.cross_entropy(states @ items.T, targets)
    sample = torch.from_numpy(draw.choice(len(items), schooling.negatives, replace=False))
    logits = states @ items[sample].T
    logits = logits.masked_fill(targets[:, None] == sample[None, :], -1e9)
    right = (states * items[targets]).sum(dim=1, keepdim=True)
    # The sample stands for all: without this the right item would seem likelier than it is.
    logits = logits + float(np.log(len(items) / schooling.negatives))
    return torch.nn.functional.cross_entropy(torch.cat([right, logits], dim=1), torch.zeros(len(states)).long())


def _scores(model: Any, asked: list[npt.NDArray[np.int64]], length: int) -> npt.NDArray[np.float32]:
    import torch

    model.eval()
    rows = np.full((len(asked), length), -1, dtype=np.int64)
    for place, one in enumerate(asked):
        last = one[-length:]
        rows[place, length - len(last) :] = last
    with torch.no_grad():
        items = model.items()
        hidden = model(torch.from_numpy(rows), items)[:, -1]
        found: npt.NDArray[np.float32] = (hidden @ items.T).numpy()
    return found


def _arrays(model: Any) -> Mapping[str, npt.NDArray[np.float32]]:
    """Return the weights by name; the items' vectors with their texts' part."""
    import torch

    with torch.no_grad():
        found = {
            name: value.detach().numpy().copy()
            for name, value in model.state_dict().items()
            if name not in ("own.weight", "text.weight", "texts")
        }
        found["items"] = model.items().numpy().copy()
    return found

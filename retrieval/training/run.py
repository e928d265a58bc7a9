"""Trains a shop's models on its own log: ``launch.py train``. What pays on held-out events is switched on."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from core.ports import Embedder, Progress
from core.settings import Settings
from retrieval.encoder import build_embedder
from retrieval.index import open as open_index
from retrieval.index import trained_folder
from retrieval.learned import Learned, Tastes
from retrieval.opened import OpenIndex
from retrieval.training import blend
from retrieval.training.holdout import Holdout, described, gain, hold_out
from retrieval.training.journal import Journal
from retrieval.training.tuning import tuned

LEAST_USERS = 30
_log = logging.getLogger(__name__)


def run(
    shop_folder: Path,
    data_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    *,
    embedder: Embedder | None = None,
) -> Learned:
    """Train on a shop's log, write what was found beside its index, and return it.

    A server that watches the shop takes it over with its next look. A training that was stopped goes on where it was.

    Args:
        shop_folder: the shop.
        data_dir: where indexes are kept.
        settings: names the encoder.
        progress: told of every step, if given.
        embedder: the encoder, when it is open already.

    Raises:
        ShopError, EncoderError: as ``retrieval.index.build``.
    """
    embedder = embedder or build_embedder(settings)
    folder = trained_folder(shop_folder, data_dir)
    index = open_index(shop_folder, data_dir, settings, progress, embedder=embedder).serving
    holdout = hold_out(index.history)
    if holdout is None or len(holdout.users) < LEAST_USERS:
        asked = 0 if holdout is None else len(holdout.users)
        _log.warning("only %d users can be asked of the held-out events; %d are needed to learn", asked, LEAST_USERS)
        return Learned.load(folder)
    found = _trained(index, holdout, embedder, folder, progress)
    found.save(folder)
    return found


def _trained(
    index: OpenIndex, holdout: Holdout, embedder: Embedder, folder: Path, progress: Progress | None
) -> Learned:
    journal = Journal(folder, index.mark)
    report: dict[str, Any] = {"held_out": holdout.how, "users": len(holdout.users), "data": index.mark}
    tastes, better, plain = tuned(holdout, index.vectors, journal, progress)
    won = gain(better, plain)
    report["tastes"] = {"gain": described(won), "before": round(float(plain.mean()), 5), "on": won[1] > 0}
    if won[1] <= 0:
        tastes = Tastes()
    with tempfile.TemporaryDirectory(prefix="train-") as notes:
        early = blend.past(index, holdout, tastes)
        sample, names, said = blend.gathered(early, holdout, embedder, Path(notes), progress)
    weights, better, plain = blend.learned(sample, names, said, index.shop.weights)
    won = gain(better, plain)
    report["weights"] = {"gain": described(won), "before": round(float(plain.mean()), 5), "on": won[1] > 0}
    return Learned(tastes, weights if won[1] > 0 else {}, report=report)

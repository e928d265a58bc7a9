"""Trains a shop's models on its own log: ``launch.py train``. What pays on held-out events is switched on."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.ports import Embedder, Progress
from core.settings import Settings
from retrieval.encoder import build_embedder
from retrieval.index import open as open_index
from retrieval.index import trained_folder
from retrieval.learned import MODELS, Learned, Tastes
from retrieval.opened import OpenIndex
from retrieval.training import blend, parts
from retrieval.training.blend import Blend, Places, Said
from retrieval.training.holdout import Holdout, described, gain, hold_out
from retrieval.training.journal import Journal
from retrieval.training.parts import Lengths
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
    found, epochs = _trained(index, holdout, embedder, folder, progress)
    if any((epochs.sequential, epochs.towers)):
        made = parts.fitted(index.history, index.vectors, found.tastes.user_days, epochs, progress)
        found = made.save(folder, found, index.catalogue.ids, embedder.name)
    found.save(folder)
    parts.sweep(folder, found)
    return found


def _trained(
    index: OpenIndex, holdout: Holdout, embedder: Embedder, folder: Path, progress: Progress | None
) -> tuple[Learned, Lengths]:
    """Return what was learned, and how long to train those models that pay."""
    journal = Journal(folder, index.mark)
    report: dict[str, Any] = {"held_out": holdout.how, "users": len(holdout.users), "data": index.mark}
    tastes, better, plain = tuned(holdout, index.vectors, journal, progress)
    won = gain(better, plain)
    report["tastes"] = {"gain": described(won), "before": round(float(plain.mean()), 5), "on": won[1] > 0}
    if won[1] <= 0:
        tastes = Tastes()
    epochs = parts.lengths(holdout.early, index.vectors, tastes.user_days, journal, progress)
    early = blend.past(index, holdout, tastes)
    early = parts.fitted(holdout.early, index.vectors, tastes.user_days, epochs, progress).over(early, tastes.user_days)
    with tempfile.TemporaryDirectory(prefix="train-") as notes:
        sample, names, said = blend.gathered(early, holdout, embedder, Path(notes), progress)
    choice = _Choice(sample, names, said, Blend({name: float(getattr(index.shop.weights, name)) for name in names}))
    found, kept = choice.blend({name: getattr(epochs, name) for name in MODELS}, report)
    if not epochs.sequential:
        report["sequential"] = {"on": False, "why": parts.missing(index.history, len(index.catalogue)) or "too short"}
    learned = Learned(tastes, found.weights, found.slopes, report=report)
    return learned, Lengths(**{name: getattr(epochs, name) if name in kept else 0 for name in MODELS})


@dataclass(frozen=True)
class _Choice:
    """Decides which parts and weights pay, each judged on users that its weights were not learned from."""

    sample: Holdout
    names: Sequence[str]
    said: Sequence[Said]
    start: Blend

    def blend(self, epochs: dict[str, int], report: dict[str, Any]) -> tuple[Blend, list[str]]:
        """Return the blend that pays and the models in it; the report gets what each was worth."""
        own = [name for name in self.names if name not in MODELS]
        plain = Blend({name: self.start.weights[name] if name in own else 0.0 for name in self.names})
        shown = blend.lists(self.names, self.said, plain)
        fitted, on = self._crossed(own, False), {}
        best, on["weights"] = self._judged(report, "weights", fitted, shown, shown)
        kept: list[str] = []
        sloped = False
        for part in (name for name in MODELS if epochs[name]):
            tried = self._crossed([*own, *kept, part], False)
            best, paid = self._judged(report, part, tried, best, best)
            kept += [part] if paid else []
        tried = self._crossed([*own, *kept], True)
        best, sloped = self._judged(report, "adapting", tried, best, best)
        report["blend"] = {"gain": described(gain(self.sample.worth(best), self.sample.worth(shown)))}
        if not (kept or sloped or on["weights"]):
            return Blend({}), []
        whole = replace(self.start, weights={name: self.start.weights[name] for name in self.names})
        return blend.fitted(self.sample, self.names, self.said, whole, [*own, *kept], sloped), kept

    def _crossed(self, names: Sequence[str], sloped: bool) -> list[Places]:
        return blend.crossed(self.sample, self.names, self.said, self.start, names, sloped)

    def _judged(
        self, report: dict[str, Any], part: str, tried: list[Places], than: list[Places], otherwise: list[Places]
    ) -> tuple[list[Places], bool]:
        """Return the better lists and whether the part pays; note it in the report."""
        before = self.sample.worth(than)
        won = gain(self.sample.worth(tried), before)
        rare = gain(self.sample.rare(tried), self.sample.rare(than))
        # What finds more of the items that few know, and as much of the rest, is worth having too.
        paid = won[1] > 0 or (won[0] >= 0 and rare[1] > 0)
        report[part] = {
            "gain": described(won), "sparse": described(rare), "before": round(float(before.mean()), 5), "on": paid,
        }  # fmt: skip
        _log.info("%s: %s", part, report[part])
        return (tried if paid else otherwise), paid

"""Learns the intent weights, or measures understanding: ``python -m benchmarks.understanding train|measure``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agent.embedded.intent_weights import WEIGHTS
from benchmarks.datasets import datasets_folder
from benchmarks.understanding import extraction, head, intents, needs, page, sources
from core.settings import CHECKOUT, Settings
from retrieval.encoder import build_embedder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.understanding", description="How well words are read.")
    parser.add_argument("command", choices=["train", "measure"])
    parser.add_argument("--datasets", type=Path, default=datasets_folder())
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where train writes them")
    parser.add_argument("--page", type=Path, default=CHECKOUT / "docs" / "quality.md")
    parser.add_argument("--work", type=Path, default=None, help="keep the shop and its index here")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    embedder = build_embedder(Settings())
    if options.command == "train":
        head.train(options.datasets, embedder, options.weights)
    else:
        with tempfile.TemporaryDirectory(prefix="needs-") as made:
            met = asyncio.run(needs.measure(options.work or Path(made), options.datasets))
        found = extraction.measure(sources.labelled_goals(options.datasets), embedder)
        page.write(options.page, found, intents.measure(options.datasets, embedder), met)
    return 0


if __name__ == "__main__":
    sys.exit(main())

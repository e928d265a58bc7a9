"""A shop of many items for benchmarks: the generator's items, with vectors that are spread, not encoded.

Encoding 100,000 texts takes about half an hour on two cores. So a sample of each category is encoded, and every other
item gets the vector of one of its category's sample with seeded noise. Nearness within and between categories stays
like that of real vectors; whether a single item fits a query does not. The folder's NOTICE says so; nothing about
quality may be measured on it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.ports import Embedder, Vectors
from core.settings import CHECKOUT, Settings
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.encoder import build_embedder
from retrieval.loading import read_catalogue
from retrieval.vectors import CACHE_NAME, text_hashes, write_cache

SEED = 20261122
SAMPLE_A_CATEGORY = 48
NOISE = 0.35
"""The noise's length beside a unit vector: the cosine to the sampled vector is about 0.94, as between variants."""

NOTICE = """\
A benchmark's shop. Its items are generated; its VECTORS ARE SPREAD from {sample} encoded items over {count} with seeded
noise. Use it to measure speed and memory, never quality.
"""


def make(folder: Path, items: int, data_dir: Path) -> Path:
    """Return the folder of a generated shop of so many items, making it and its vectors when it is not complete.

    Raises:
        subprocess.CalledProcessError: the generator failed.
        ShopError: what it made cannot be read.
    """
    if (folder / "NOTICE").exists():
        return folder
    command = [sys.executable, "-m", "generator", "--items", str(items), "--out", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    catalogue, _ = read_catalogue(load_shop(folder))
    embedder = build_embedder(Settings(shop=folder, data_dir=data_dir))
    texts = [catalogue.texts(row) for row in range(len(catalogue))]
    vectors, sample = spread(texts, groups(catalogue), embedder)
    write_cache(folder / CACHE_NAME, embedder.name, text_hashes(texts), vectors)
    notice = NOTICE.format(sample=f"{sample:,}", count=f"{len(texts):,}")
    (folder / "NOTICE").write_text(notice, encoding="utf-8")
    return folder


def groups(catalogue: Catalogue) -> Mapping[str, npt.NDArray[np.intp]]:
    """Return the rows of each category, by path."""
    paths: dict[str, list[int]] = {}
    for row in range(len(catalogue)):
        paths.setdefault(" > ".join(catalogue.item_at(row).category), []).append(row)
    return {path: np.array(rows, dtype=np.intp) for path, rows in paths.items()}


def spread(
    texts: Sequence[str], rows_by_group: Mapping[str, npt.NDArray[np.intp]], embedder: Embedder
) -> tuple[Vectors, int]:
    """Return a unit vector a text, shape (n, dimensions), and how many of them were encoded.

    The encoded ones are real; the same input gives the same vectors.
    """
    random = np.random.default_rng(SEED)
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    encoded = 0
    for group in sorted(rows_by_group):
        rows = rows_by_group[group]
        sample = np.sort(random.choice(rows, size=min(SAMPLE_A_CATEGORY, len(rows)), replace=False))
        real = embedder.embed([texts[row] for row in sample])
        noise = random.standard_normal((len(rows), embedder.dimensions)).astype(np.float32)
        noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
        made = real[random.integers(len(sample), size=len(rows))] + noise
        vectors[rows] = made / np.linalg.norm(made, axis=1, keepdims=True)
        vectors[sample] = real
        encoded += len(sample)
    return vectors, encoded

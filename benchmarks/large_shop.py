"""A shop of many items for benchmarks: the generator's items, with vectors that are spread, not encoded.

Above ``GENERATED`` items a shop is made of editions of a generated one: every item comes in so many, each a product of
its own (id, group, title, price) with its share of the log; every user, too, so that the log grows with the shop.

Encoding 100,000 texts takes about half an hour on two cores. So a sample of each category is encoded, and every other
item gets the vector of one of its category's sample with seeded noise. Nearness within and between categories stays
like that of real vectors; whether a single item fits a query does not. The folder's NOTICE says so; nothing about
quality may be measured on it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

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

GENERATED = 100_000
"""Up to so many items are generated one by one; a million would take a quarter of an hour and as much memory."""
_ITEM, _USER = ("id", "group_id", "item_id", "related_id", "review_id"), ("user_id",)
NOTICE = """\
A benchmark's shop. Its items are generated{editions}; its VECTORS ARE SPREAD from
{sample} encoded items over {count} with seeded noise. Use it to measure speed and memory, never quality.
"""


def make(folder: Path, items: int, data_dir: Path) -> Path:
    """Return the folder of a generated shop of so many items, making it and its vectors when it is not complete.

    Raises:
        subprocess.CalledProcessError: the generator failed.
        ShopError: what it made cannot be read.
    """
    if (folder / "NOTICE").exists():
        return folder
    count = -(-items // GENERATED)
    base = folder if count == 1 else folder.with_name(f"{folder.name}-base")
    command = [sys.executable, "-m", "generator", "--items", str(-(-items // count)), "--out", str(base)]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    if count > 1:
        editions(base, folder, count)
        shutil.rmtree(base)
    catalogue, _ = read_catalogue(load_shop(folder))
    embedder = build_embedder(Settings(shop=folder, data_dir=data_dir))
    texts = [catalogue.texts(row) for row in range(len(catalogue))]
    vectors, sample = spread(texts, groups(catalogue), embedder)
    write_cache(folder / CACHE_NAME, embedder.name, text_hashes(texts), vectors)
    made = f", each in {count} editions" if count > 1 else ""
    notice = NOTICE.format(editions=made, sample=f"{sample:,}", count=f"{len(texts):,}")
    (folder / "NOTICE").write_text(notice, encoding="utf-8")
    return folder


def editions(base: Path, folder: Path, count: int) -> None:
    """Write a shop folder that has every item, user, review and relation of another ``count`` times over."""
    shutil.copytree(base, folder, dirs_exist_ok=True)
    for path in sorted(base.glob("*.csv*")):
        if path.name.split(".")[0] == "customers":
            continue
        table = pl.read_csv(path, infer_schema=False)
        if "price" in table.columns:
            table = table.with_columns(pl.col("price").cast(pl.Float64))
        plain = folder / path.name.removesuffix(".gz")
        (folder / path.name).unlink()
        with plain.open("wb") as file:
            for number in range(count):
                _edition(table, number).write_csv(file, include_header=number == 0)


def _edition(table: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return one edition of a table: names of items and users of its own, a price a little apart."""
    if not number:
        return table
    changes = [pl.col(name) + f"-{number}" for name in (*_ITEM, *_USER) if name in table.columns]
    changes += [pl.col(name) + f" Mk{number + 1}" for name in ("title", "title@zh") if name in table.columns]
    if "price" in table.columns:
        changes.append((pl.col("price") * (1.0 + 0.01 * number)).round(2))
    return table.with_columns(changes)


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

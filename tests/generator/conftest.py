"""A small generated shop, and the committed one."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from generator.__main__ import generate

COMMITTED = Path(__file__).resolve().parents[2] / "shops" / "electronics"

Rows = list[dict[str, str]]


def read_rows(path: Path) -> Rows:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "small"
    generate(folder, items=150, seed=3, customers=150, visits=1500)
    return folder


@pytest.fixture(scope="session")
def items() -> Rows:
    return read_rows(COMMITTED / "items.csv")


@pytest.fixture(scope="session")
def reviews() -> Rows:
    return read_rows(COMMITTED / "reviews.csv.gz")


@pytest.fixture(scope="session")
def interactions() -> Rows:
    return read_rows(COMMITTED / "interactions.csv.gz")

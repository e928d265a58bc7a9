"""Public data sets as shop folders: ``python -m benchmarks.datasets NAME|all --out DIR``.

The data is read from the folder ``FLOORWALKER_DATASETS`` (default ``../shared/data``) and written outside the
repository: its licences differ, and the product ships only data of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console

from benchmarks.converters import chinese, icecat, movielens, online_retail, retail_demo
from benchmarks.converters.conversion import Conversion
from core.settings import CHECKOUT


class Converter(Protocol):
    """Makes a shop of a data set."""

    def __call__(self, data: Path, limit: int | None = None) -> Conversion:
        """Read what it needs under ``data``; ``limit`` takes only so many items."""
        ...


CONVERTERS: Mapping[str, Converter] = {
    "retail-demo-store": retail_demo.convert,
    "icecat": icecat.convert,
    "movielens-1m": movielens.convert,
    "online-retail": online_retail.convert,
    "hotels-zh": chinese.convert_hotels,
    "restaurants-zh": chinese.convert_restaurants,
}


def datasets_folder() -> Path:
    """Return where the public data sets are looked for."""
    return Path(os.environ.get("FLOORWALKER_DATASETS") or CHECKOUT.parent / "shared" / "data")


def convert(name: str, data: Path, out: Path, limit: int | None = None) -> Path:
    """Convert one data set and return its shop folder, ``out/name``.

    Raises:
        ValueError: ``out`` lies in the repository.
        OSError: the data is not there or cannot be read.
    """
    if out.resolve().is_relative_to(CHECKOUT):
        raise ValueError(f"{out} lies in the repository; the data sets' licences forbid that: choose a folder outside")
    CONVERTERS[name](data, limit).write(out / name)
    return out / name


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] | None = None) -> int:
    """Convert the data sets named on the command line; return the exit status."""
    say = say or Console(stderr=True, highlight=False).print
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.datasets", description="Public data sets as shop folders."
    )
    parser.add_argument("name", choices=[*CONVERTERS, "all"])
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to, outside the repository")
    parser.add_argument("--datasets", type=Path, default=datasets_folder(), help="where the data sets are")
    parser.add_argument("--limit", type=int, default=None, help="take only so many items")
    options = parser.parse_args(arguments)
    for name in CONVERTERS if options.name == "all" else [options.name]:
        try:
            say(f"{name}: {convert(name, options.datasets, options.out, options.limit)}")
        except (OSError, ValueError) as error:
            say(f"{name}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

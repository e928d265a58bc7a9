"""Writes the shop folder; the same content always gives the same bytes."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generator.behaviour import DAYS, KINDS, START, Log
from generator.customers import People
from generator.products import Product
from generator.tables import read_table

_RESERVED = (
    "id", "title", "title@zh", "description", "description@zh", "price", "currency", "brand", "category", "url",
    "image_url", "stock", "rating", "rating_count", "created_at", "group_id", "sponsored",
)  # fmt: skip


def write_items(path: Path, products: Sequence[Product]) -> None:
    """Write ``items.csv``: the reserved columns, then every facet that any item states."""
    facets = [name for name in read_table("facets") if any(name in product.values for product in products)]
    rows = ([*_reserved(product), *(_cell(product.values.get(name)) for name in facets)] for product in products)
    write_csv(path, [*_RESERVED, *facets], rows)


def _reserved(product: Product) -> list[str]:
    released = START.astype("datetime64[D]") + np.timedelta64(DAYS - 1 - product.age_days, "D")
    return [
        product.id,
        product.title[0],
        product.title[1],
        product.description[0],
        product.description[1],
        f"{product.price:.2f}",
        "USD",
        product.brand.name,
        " > ".join(product.category.path),
        f"https://shop.example/items/{product.id}",
        product.image,
        str(product.stock),
        "" if product.rating is None else f"{product.rating:.1f}",
        str(product.rating_count),
        str(released),
        product.group,
        "true" if product.sponsored else "false",
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "|".join(value)
    return value if isinstance(value, str) else f"{value:.10g}"


def write_interactions(path: Path, log: Log, products: Sequence[Product], people: People) -> None:
    """Write the events in order of time."""
    times = log.times().astype(str)
    columns = zip(log.user, log.item, log.kind, log.value, times, strict=True)
    rows = (
        [people.ids[user], products[item].id, KINDS[kind], "" if np.isnan(value) else f"{value:g}", time]
        for user, item, kind, value, time in columns
    )
    write_csv(path, ["user_id", "item_id", "event", "value", "time"], rows)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file, compressed when the name ends in ``.gz``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    content = text.getvalue().encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(
            filename="", mode="wb", fileobj=packed, mtime=0
        ) as stream:  # a name or time would change the bytes
            stream.write(content)
        content = packed.getvalue()
    path.write_bytes(content)


def write_json_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def write_pictures(folder: Path, products: Sequence[Product], pictures: Mapping[str, str]) -> None:
    """Write the pictures that products name, and remove those that none names any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.svg")):
        if old.stem not in pictures:
            old.unlink()
    for name, svg in pictures.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


def iso(second: int) -> str:
    """Return a moment of the log as ISO text."""
    return str(START + np.timedelta64(int(second), "s"))

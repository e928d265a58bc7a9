"""Makes a shop folder of an export: ``items.jsonl``, ``shop.yaml`` and a report, written whole or not at all."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import yaml

from core.errors import Problem, ShopError
from core.ports import Progress
from importers.detecting import KINDS, kind_of
from importers.reading import checked, fault
from importers.records import Notes, Product, Wishes
from retrieval.catalogue import RESERVED
from retrieval.inference import field_name
from retrieval.loading import ALIASES

logger = logging.getLogger(__name__)

MOST_ITEMS = 2_000_000
MOST_FACETS = 300
REPORT = "import-report.json"
STEP = 500
"""Items between two reports of progress."""
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import."""

    kind: str
    folder: Path
    name: str
    items: int
    left_out: int
    """Rows of which no item was made."""
    currency: str | None
    problems: tuple[Problem, ...]
    """The first few hundred, with their rows."""
    counts: tuple[tuple[str, str, int], ...]
    """(field, what, how often), the commonest first."""

    def lines(self, most: int = 20) -> list[str]:
        """Return the report in words, one line each."""
        out = [f"{self.items:,} items of {self.kind}; {self.left_out:,} rows left out."]
        if self.currency is None:
            out.append("No currency is stated: say it with --currency, or in shop.yaml.")
        out += [f"{count:,} x {field + ': ' if field else ''}{what}" for field, what, count in self.counts[:most]]
        return out + [str(problem) for problem in self.problems[:most]]


@dataclass(slots=True)
class _Written:
    items: int = 0
    ids: set[str] = field(default_factory=set)
    currencies: Counter[str] = field(default_factory=Counter)
    facets: Counter[str] = field(default_factory=Counter)
    han: int = 0


def import_file(
    file: Path, out: Path, kind: str | None = None, wishes: Wishes | None = None, progress: Progress | None = None
) -> Report:
    """Make a shop folder of an export.

    Args:
        file: the export.
        out: the folder to make; one that an import made before is replaced, any other must be empty or missing.
        kind: one of ``KINDS``; None looks into the file.
        wishes: what the file does not say.
        progress: told how many items were read.

    Raises:
        ShopError: the file cannot be imported, holds no product, or the folder is in use.
    """
    wishes = wishes or Wishes()
    found = kind or kind_of(checked(file))
    if out.exists() and any(out.iterdir()) and not (out / REPORT).is_file():
        raise ShopError([Problem(str(out), "is not empty: name a new folder with --out")])
    notes = Notes(file.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        written = _write(KINDS[found](file, notes, wishes), draft / "items.jsonl", notes, progress)
        if not written.items:
            first = f"; first: {notes.problems[0]}" if notes.problems else ""
            raise fault(file, f"holds no product that can be sold ({notes.rows_left_out} rows left out{first})")
        currency = _one_currency(written, draft / "items.jsonl", notes, wishes)
        name = wishes.name or _name_of(file)
        _settings(draft, name, currency, written)
        counts = tuple((field, what, count) for (field, what), count in notes.counts.most_common())
        report = Report(
            found, out, name, written.items, notes.rows_left_out, currency, tuple(notes.problems), counts
        )  # fmt: skip
        (draft / REPORT).write_bytes(orjson.dumps({"kind": found, "file": file.name, "report": report.lines(200)}))
        _replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return report


def _write(products: Iterable[Product], path: Path, notes: Notes, progress: Progress | None) -> _Written:
    written = _Written()
    with path.open("wb") as file:
        for product in products:
            record = _record(product, written, notes)
            if record is None:
                continue
            if written.items >= MOST_ITEMS:
                notes.add(f"only the first {MOST_ITEMS:,} items are taken", product.row)
                break
            file.write(orjson.dumps(record) + b"\n")
            written.items += 1
            if progress is not None and written.items % STEP == 0:
                progress("import", written.items, written.items)
    if progress is not None:
        progress("import", written.items, written.items)
    return written


def _record(product: Product, written: _Written, notes: Notes) -> dict[str, Any] | None:
    """Return a product as a line of items.jsonl; None when its id stands there already."""
    identity = next((one for one in (product.id, product.other_id) if one and one not in written.ids), None)
    if identity is None:
        notes.leave_out(f"is a second {product.id[:80]!r}", product.row, "id")
        return None
    written.ids.add(identity)
    if product.currency and product.price is not None:
        written.currencies[product.currency] += 1
    written.han += bool(_HAN.search(product.title))
    record: dict[str, Any] = {
        "id": identity, "title": product.title, "description": product.description, "price": product.price,
        "currency": product.currency, "brand": product.brand, "category": list(product.category), "url": product.url,
        "image_url": product.images[0] if product.images else None, "stock": product.stock, "rating": product.rating,
        "rating_count": product.rating_count, "group_id": product.group_id,
        "created_at": product.created_at.isoformat() if product.created_at else None,
    }  # fmt: skip
    for name, value in product.facets.items():
        key = _facet_name(name)
        if not key or (key not in written.facets and len(written.facets) >= MOST_FACETS):
            notes.add(f"is one attribute too many: {MOST_FACETS} are taken", product.row, name[:60])
            continue
        if key not in record:  # the first that says it counts
            written.facets[key] += 1
            record[key] = value
    if product.images[1:]:
        record["more_images"] = list(product.images[1:])
    return {name: value for name, value in record.items() if value not in (None, "", [])}


def _facet_name(name: str) -> str:
    """Return a name that is no reserved column's; the unit in brackets stays for the loader."""
    plain, unit = field_name(" ".join(name.replace("@", " ").split())[:80])
    plain = re.sub(r"[^\w]+", "_", plain).strip("_")
    if plain in RESERVED or any(plain in others for others in ALIASES.values()):
        plain += "_option"
    return f"{plain} ({unit})" if plain and unit else plain


def _one_currency(written: _Written, path: Path, notes: Notes, wishes: Wishes) -> str | None:
    """Return the shop's currency; prices in any other are taken out, since amounts could not be compared."""
    wished = wishes.currency.upper() if wishes.currency else None
    currency = wished or next((name for name, _ in written.currencies.most_common(1)), None)
    if set(written.currencies) - {currency}:
        draft = path.with_suffix(".new")
        with path.open("rb") as old, draft.open("wb") as new:
            for line in old:
                record = orjson.loads(line)
                if record.get("currency", currency) != currency:
                    notes.add(f"is in {record.pop('currency')}, not in {currency}; it is left out", None, "price")
                    record.pop("price", None)
                    record.pop("regular_price", None)
                new.write(orjson.dumps(record) + b"\n")
        os.replace(draft, path)
    return currency


def _settings(folder: Path, name: str, currency: str | None, written: _Written) -> None:
    """Write shop.yaml."""
    language = "zh" if written.han * 2 > written.items else "en"
    quiet = {name: {"ask": False} for name in ("gtin", "mpn", "tags", "regular_price") if name in written.facets}
    settings: dict[str, Any] = {
        "name": {language: name, "en": name},
        "language": language,
        **({"currency": currency} if currency else {}),
        "items": "items.jsonl",
        "facets": {**quiet, "more_images": {"ignore": True}},
    }
    head = "# Made by an import; yours to complete (docs/shops.md). Importing again replaces this folder.\n"
    text = head + yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
    (folder / "shop.yaml").write_text(text, encoding="utf-8")


def _name_of(file: Path) -> str:
    stem = re.sub(r"[^\w]+", " ", file.name.partition(".")[0]).strip()[:60]
    return stem.title() if stem.isascii() and stem else stem or "Imported shop"


def _replace(draft: Path, out: Path) -> None:
    """Put a finished folder in its place; what an import made before is taken away."""
    draft.chmod(0o755)
    if out.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
        os.replace(out, old / "shop")
        os.replace(draft, out)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(draft, out)

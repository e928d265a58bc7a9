"""Texts that an LLM wrote of the items, beside the originals: read for searching, never shown, never a source.

``generated/items.jsonl`` in the shop folder holds one JSON object an item (``launch.py enrich`` writes it). A record
counts as long as the item's text is the one that it was written of, its digest as long as the reviews are those. It is
added to what the encoder and the words' coverage see; fields, facets, titles and BM25 keep the shop's own words.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from retrieval.catalogue import Catalogue
from retrieval.records import Review

FILE = "generated/items.jsonl"
LONGEST = {"description": 600, "good_for": 300, "aspect": 40}
"""Characters of each text; more is cut."""
MOST_ASPECTS = 6
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Aspect:
    """What reviews say of one side of an item."""

    aspect: str
    praised: bool
    """False: they complain."""
    reviews: tuple[str, ...]
    """Ids of those that say so."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model wrote of one item."""

    id: str
    text: str
    """Digest of the item's text that it rests on."""
    reviewed: str
    """Digest of the reviews that ``aspects`` rest on."""
    prompt: str
    """Digest of the prompts that asked for it."""
    model: str
    description: str
    good_for: str
    aspects: tuple[Aspect, ...] = ()

    def line(self) -> bytes:
        """Return the record as a line of the file, marked as generated."""
        return orjson.dumps({"generated": True, **asdict(self)}, option=orjson.OPT_APPEND_NEWLINE)

    def words(self, *, digest: bool) -> str:
        """Return what searching reads; of a digest the praise alone: nobody looks for what is complained of."""
        praise = [each.aspect for each in self.aspects if digest and each.praised]
        return ". ".join(filter(None, [self.description, self.good_for, ", ".join(praise)]))


def digest_of(texts: Iterable[str]) -> str:
    """Return a digest of texts in their order."""
    content = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def reviews_digest(reviews: Sequence[Review]) -> str:
    """Return a digest of an item's reviews; empty when there are none."""
    return digest_of(part for review in reviews for part in (review.id, review.text)) if reviews else ""


def by_item(reviews: Iterable[Review]) -> dict[str, list[Review]]:
    """Return item id -> its reviews in the file's order."""
    found: dict[str, list[Review]] = {}
    for review in reviews:
        found.setdefault(review.item_id, []).append(review)
    return found


def read_generated(path: Path) -> dict[str, Generated]:
    """Return item id -> its last record; empty without the file. Lines that are no record are left out and counted."""
    if not path.is_file():
        return {}
    found: dict[str, Generated] = {}
    wrong = 0
    with path.open("rb") as file:
        for line in file:
            try:
                record = _record(orjson.loads(line))
            except (ValueError, KeyError, TypeError):  # cut by a kill, or edited by hand
                wrong += 1
                continue
            found[record.id] = record
    if wrong:
        _log.warning("%s: %d lines are no records and are left out", path, wrong)
    return found


def extra_words(folder: Path, catalogue: Catalogue, texts: Sequence[str], reviews: Sequence[Review]) -> list[str]:
    """Return one text an item (empty where nothing valid was generated) for what searches to read besides.

    Args:
        folder: the shop's.
        catalogue: the shop's items.
        texts: each item's own text, ``Catalogue.texts``.
        reviews: of the whole shop.
    """
    records = read_generated(folder / FILE)
    if not records:
        return [""] * len(texts)
    grouped = by_item(reviews)
    found = []
    for item_id, text in zip(catalogue.ids, texts, strict=True):
        record = records.get(item_id)
        if record is None or record.text != digest_of([text]):
            found.append("")
            continue
        found.append(record.words(digest=record.reviewed == reviews_digest(grouped.get(item_id, []))))
    return found


def plain(text: str, kind: str) -> str:
    """Return a generated text on one line, at most as long as its kind may be."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line[: LONGEST[kind]].rstrip()


def _record(value: Any) -> Generated:
    """Check a line's content.

    Raises:
        KeyError, TypeError, ValueError: it is no record.
    """
    if not isinstance(value, Mapping) or value.get("generated") is not True:
        raise ValueError("it is not marked as generated")
    names = ("id", "text", "reviewed", "prompt", "model", "description", "good_for")
    fields = {name: value[name] for name in names}
    if not all(isinstance(each, str) for each in fields.values()):
        raise TypeError("a field is no text")
    fields |= {name: plain(fields[name], name) for name in ("description", "good_for")}
    aspects = tuple(
        Aspect(plain(one["aspect"], "aspect"), bool(one["praised"]), tuple(map(str, one["reviews"])))
        for one in value["aspects"][:MOST_ASPECTS]
    )
    return Generated(**fields, aspects=aspects)

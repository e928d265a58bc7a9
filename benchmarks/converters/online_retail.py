"""UCI Online Retail, both years: items from stock codes, facets read out of the descriptions, purchases with time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.converters.conversion import Conversion, counted, labels

NOTICE = """\
Online Retail and Online Retail II, Daqing Chen, London South Bank University, UCI Machine Learning Repository,
CC BY 4.0 (both files are copies from second hand). The converter keeps the first file up to 30 November 2010 and the
second from then on (they overlap on 1 to 9 December 2010), and leaves out rows without a customer, cancellations, and
what is no article (postage, fees).
Category, colour, set size and size are READ OUT OF the descriptions by the converter; the data states none of them.
"""

COLOURS = {
    "black": "黑色",
    "blue": "蓝色",
    "brown": "棕色",
    "cream": "米色",
    "gold": "金色",
    "green": "绿色",
    "grey": "灰色",
    "ivory": "象牙色",
    "orange": "橙色",
    "pink": "粉色",
    "purple": "紫色",
    "red": "红色",
    "silver": "银色",
    "turquoise": "青绿色",
    "white": "白色",
    "yellow": "黄色",
}
NO_KIND = {
    *COLOURS,
    *(
        "of",
        "set",
        "pack",
        "design",
        "colours",
        "assorted",
        "large",
        "small",
        "medium",
        "mini",
        "retrospot",
        "polkadot",
    ),
}
"""Words at the end of a description that do not say what the thing is."""
SPLIT = "2010-12-01 00:00:00"


def convert(data: Path, limit: int | None = None) -> Conversion:
    """Convert ``data/online-retail``; ``limit`` takes only so many of the best-sold items."""
    rows = _rows(data / "online-retail")
    total = rows.height
    kept = rows.filter(
        pl.col("user_id").is_not_null()
        & (pl.col("value") > 0)
        & (pl.col("price") > 0)
        & pl.col("item_id").str.contains(r"^\d{5}[A-Z]{0,2}$")
        & pl.col("title").is_not_null()
    )
    facts = _facts(kept)
    facts = facts.head(limit) if limit else facts
    kept = kept.filter(pl.col("item_id").is_in(facts["item_id"].to_list()))
    items = _items(facts)
    interactions = kept.select(
        "user_id",
        "item_id",
        pl.lit("purchase").alias("event"),
        "value",
        pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    return Conversion(_config(), items, NOTICE, interactions, {"rows": total - kept.height})


def _rows(source: Path) -> pl.DataFrame:
    first = pl.read_parquet(source / "online_retail_II_2009_2010.parquet").select(
        pl.col("StockCode").str.to_uppercase().alias("item_id"),
        pl.col("Description").alias("title"),
        pl.col("Quantity").cast(pl.Int64).alias("value"),
        pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S").alias("time"),
        pl.col("Price").alias("price"),
        pl.col("Customer ID").cast(pl.Int64).cast(pl.String).alias("user_id"),
    )
    second = pl.read_parquet(source / "Online Retail.parquet").select(
        pl.col("StockCode").str.to_uppercase().alias("item_id"),
        pl.col("Description").alias("title"),
        pl.col("Quantity").cast(pl.Int64).alias("value"),
        pl.col("InvoiceDate").alias("time"),
        pl.col("UnitPrice").alias("price"),
        pl.col("CustomerID").cast(pl.Int64).cast(pl.String).alias("user_id"),
    )
    edge = pl.lit(SPLIT).str.to_datetime("%Y-%m-%d %H:%M:%S")
    return pl.concat([first.filter(pl.col("time") < edge), second.filter(pl.col("time") >= edge)])


def _facts(kept: pl.DataFrame) -> pl.DataFrame:
    """Return an item a row, best sold first: its usual description, its latest usual price, its first sale."""
    return (
        kept.sort("time")
        .group_by("item_id")
        .agg(
            pl.col("title").mode().sort().first(),
            pl.col("price").tail(50).median(),
            pl.col("time").min().dt.strftime("%Y-%m-%d").alias("created_at"),
            pl.len().alias("sales"),
        )
        .sort(["sales", "item_id"], descending=[True, False])
    )


def _items(facts: pl.DataFrame) -> list[dict[str, Any]]:
    records = facts.to_dicts()
    last_words = {record["item_id"]: _kind_word(record["title"]) for record in records}
    kinds = counted((word for word in last_words.values() if word), 12 if len(records) > 1000 else 3)
    return [_item(record, last_words[record["item_id"]], kinds) for record in records]


def _item(record: dict[str, Any], kind: str | None, kinds: set[str]) -> dict[str, Any]:
    words = re.findall(r"[a-z]+", record["title"].lower())
    pieces = re.search(r"\b(?:SET|PACK|BOX)(?: OF)? ?/? ?(\d+)\b", record["title"].upper())
    size = re.search(r"\b(\d+(?:\.\d+)?) ?CM\b", record["title"].upper())
    return {
        "id": record["item_id"],
        "title": title_case(record["title"]),
        "price": round(float(record["price"]), 2),
        "category": title_case(kind) if kind in kinds else None,
        "created_at": record["created_at"],
        "colour": [colour for colour in COLOURS if colour in words],
        "set_of": int(pieces.group(1)) if pieces else None,
        "size": float(size.group(1)) if size else None,
    }


def _kind_word(title: str) -> str | None:
    """Return the word that says what a thing is: the last one before "with" or a comma that is no colour or measure."""
    head = re.split(r"\bWITH\b|\bFOR\b|\bIN\b|,|\(", title.upper())[0]
    words = [word for word in re.findall(r"[A-Z][A-Z-]{2,}", head) if word.lower() not in NO_KIND]
    word: str | None = words[-1].lower() if words else None
    if word and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def title_case(text: str) -> str:
    """Return a text in capitals as a title, leaving digits and apostrophes alone."""
    return re.sub(r"[A-Za-z]+(?:'[A-Za-z]+)?", lambda match: match.group().capitalize(), " ".join(text.split()))


def _config() -> dict[str, Any]:
    return {
        "name": labels("Online Retail gifts", "在线礼品店"),
        "currency": "GBP",
        "facets": {
            "colour": {
                "type": "list",
                "label": labels("colour", "颜色"),
                "synonyms": {"en": ["color"]},
                "values": {colour: {"label": labels(colour, chinese)} for colour, chinese in COLOURS.items()},
            },
            "set_of": {
                "type": "number",
                "label": labels("pieces in the set", "件数"),
                "synonyms": {"en": ["set of", "pack of"]},
            },
            "size": {
                "type": "number",
                "unit": "cm",
                "label": labels("size", "尺寸"),
                "low": {"en": ["small"]},
                "high": {"en": ["large", "big"]},
            },
        },
        "rules": {"exclude_owned": False},
        "examples": {"en": ["a red mug under £3", "a set of 6 napkins"], "zh": ["3英镑以内的红色杯子"]},
    }

"""Google Merchant feeds: tab- or comma-separated text, and RSS or Atom with the ``g:`` namespace.

Attributes: https://support.google.com/merchants/answer/7052112 (product data specification).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from importers.reading import LONGEST_CELL, checked, fault, rows
from importers.records import FacetValue, Notes, Product, Wishes
from importers.values import moment, one_line, path_of, plain_text, price_of, web_address, whole

Row = Mapping[str, list[str]]

FACETS = {
    "color": "color", "size": "size", "material": "material", "pattern": "pattern", "gender": "gender",
    "age_group": "age_group", "condition": "condition", "size_type": "size_type", "size_system": "size_system",
    "multipack": "multipack", "is_bundle": "is_bundle", "adult": "adult", "gtin": "gtin", "mpn": "mpn",
    "energy_efficiency_class": "energy_efficiency_class", "product_length": "length", "product_width": "width",
    "product_height": "height", "product_weight": "weight", "shipping_weight": "shipping_weight",
}  # fmt: skip
"""Attributes that describe the product. All others (costs of goods, labels for campaigns, destinations) stay the
merchant's own business and are not taken over."""
SEVERAL = frozenset(
    {"additional_image_link", "product_highlight", "product_detail", "product_type", "material", "color"}
)
GONE = frozenset({"out_of_stock", "out of stock", "sold out", "discontinued"})


def products(path: Path, notes: Notes, wishes: Wishes) -> Iterator[Product]:
    """Yield the products of a feed, one at a time.

    Raises:
        ShopError: the file is no such feed, or defines entities.
    """
    with checked(path).open("rb") as file:
        head = file.read(4096).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    source = _from_xml(path, notes) if head.startswith(b"<") else _from_text(path, notes)
    for number, row in source:
        found = _product(number, row, notes)
        if found is not None:
            yield found


def attribute(name: str) -> str:
    """Return an attribute's name as compared: ``g:image link [image_link]`` is ``image_link``."""
    return re.sub(r"\s*[\[(].*", "", name.strip().lower().removeprefix("g:")).replace(" ", "_")


def _from_text(path: Path, notes: Notes) -> Iterator[tuple[int, Row]]:
    for line, cells in rows(path, notes):
        row: dict[str, list[str]] = {}
        for name, text in cells.items():
            key = attribute(name)
            row[key] = re.split(r",(?=\s*https?:)|,", text) if key == "additional_image_link" else [text]
        if row.get("product_detail"):
            row["product_detail"] = row["product_detail"][0].split(",")
        yield line, row


def _from_xml(path: Path, notes: Notes) -> Iterator[tuple[int, Row]]:
    number, stack = 0, []
    try:
        for event, element in iterparse(path, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                stack.append(element)
                continue
            stack.pop()
            if _name(element) in ("item", "entry") and len(stack) <= 2:
                number += 1
                yield number, _row(element)
                for holder in stack[-1:]:
                    holder.remove(element)  # what was read is forgotten: a feed may be large
    except DefusedXmlException as error:
        raise fault(path, "defines entities or a document type, which no feed needs; it is not read") from error
    except ParseError as error:
        if not number:
            raise fault(path, f"is no XML: {error}") from error
        notes.add(f"is broken after {number} products: {error}; what follows is left out")


def _row(item: Any) -> Row:
    row: dict[str, list[str]] = {}
    for element in item:
        name = _name(element)
        children = list(element)
        if name == "product_detail" and children:
            parts = {_name(child): (child.text or "").strip() for child in children}
            text = (
                f"{parts.get('section_name', '')}:{parts.get('attribute_name', '')}:{parts.get('attribute_value', '')}"
            )
        elif children:
            text = next((child.text or "" for child in children if _name(child) == "content"), "")
        else:
            text = element.text or element.get("href") or ""
        if text.strip():
            row.setdefault(attribute(name), []).append(text.strip()[:LONGEST_CELL])
    return row


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _product(number: int, row: Row, notes: Notes) -> Product | None:
    def first(*names: str) -> str:
        return next((row[name][0] for name in names if row.get(name)), "")

    item_id, title = one_line(first("id"), 200), one_line(first("title", "structured_title"))
    if not item_id or not title:
        notes.leave_out("is missing", number, "title" if item_id else "id")
        return None
    price, currency = _price(number, row, notes)
    images = (first("image_link"), *row.get("additional_image_link", ()))
    return Product(
        id=item_id,
        title=title,
        description=_description(first("description", "structured_description", "summary", "content"), row),
        price=price,
        currency=currency,
        brand=one_line(first("brand"), 200),
        category=_category(number, first("product_type"), first("google_product_category"), notes),
        url=_address(number, "link", first("link", "canonical_link"), notes),
        images=tuple(dict.fromkeys(a for a in (_address(number, "image_link", i, notes) for i in images) if a)),
        stock=_stock(first("availability"), first("quantity", "sell_on_google_quantity")),
        group_id=one_line(first("item_group_id"), 200) or None,
        row=number,
        facets=_facets(row, price),
    )


def _price(number: int, row: Row, notes: Notes) -> tuple[float | None, str | None]:
    price, currency = price_of(row.get("price", [""])[0])
    sale, sale_currency = price_of(row.get("sale_price", [""])[0])
    if price is None and row.get("price"):
        notes.add(f"is no price: {row['price'][0][:60]!r}", number, "price")
    if sale is not None and _running(row.get("sale_price_effective_date", [""])[0]) and (price is None or sale < price):
        price, currency = sale, sale_currency or currency
    if price is not None and price < 0:
        notes.add("is negative", number, "price")
        price = None
    return price, currency


def _running(dates: str) -> bool:
    """Return whether a sale is on now; without dates it is."""
    start, _, end = (part.strip() for part in dates.partition("/"))
    now = datetime.now(UTC)
    begins, ends = moment(start) if start else None, moment(end) if end else None
    return (begins is None or begins <= now) and (ends is None or now <= ends)


def _category(number: int, own: str, googles: str, notes: Notes) -> tuple[str, ...]:
    """Return the shop's own path; Google's where it has none and Google's is words, not a number."""
    if own:
        return path_of(own)
    if googles.strip().isdigit():
        notes.add("is a number of Google's taxonomy, which is not in the file", number, "google_product_category")
        return ()
    return path_of(googles)


def _description(text: str, row: Row) -> str:
    highlights = [f"- {one_line(line)}" for line in row.get("product_highlight", ())]
    return "\n".join(part for part in (plain_text(text), *highlights) if part)


def _stock(availability: str, quantity: str) -> int | None:
    pieces = whole(quantity) if quantity else None
    return 0 if availability.strip().lower() in GONE else pieces


def _address(number: int, name: str, text: str, notes: Notes) -> str | None:
    found = web_address(text)
    if text and found is None:
        notes.add("is no web address and is left out", number, name)
    return found


def _facets(row: Row, price: float | None) -> dict[str, FacetValue]:
    facets: dict[str, FacetValue] = {}
    for name, facet in FACETS.items():
        values = [one_line(value, 300) for value in row.get(name, ())]
        values = [part.strip() for value in values for part in (value.split("/") if name in SEVERAL else [value])]
        if values:
            facets[facet] = values if len(values) > 1 else values[0]
    for detail in row.get("product_detail", ()):
        _, _, rest = detail.partition(":")
        name, _, value = rest.partition(":")
        if name.strip() and value.strip():
            facets.setdefault(one_line(name, 60), one_line(value, 300))
    availability = next(iter(row.get("availability", ())), "").lower().replace(" ", "_")
    if availability in ("preorder", "backorder"):
        facets["availability"] = availability
    before, _ = price_of(next(iter(row.get("price", ())), ""))
    if before is not None and price is not None and price < before:
        facets["regular_price"] = before
    return facets

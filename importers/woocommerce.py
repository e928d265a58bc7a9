"""WooCommerce's product export (CSV), with attributes, variations and several pictures.

Columns: https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from importers.reading import first_of, rows
from importers.records import FacetValue, Notes, Product, Wishes
from importers.values import moment, number_of, one_line, path_of, plain_text, truth, web_address

_LISTED = re.compile(r"(?<!\\),")
_MEASURE = re.compile(r"^(weight|length|width|height) \((\w+)\)$")
GTIN = ("gtin, upc, ean, or isbn", "gtin", "ean")
Row = Mapping[str, str]


def products(path: Path, notes: Notes, wishes: Wishes) -> Iterator[Product]:
    """Yield simple products and variations; a variation takes from its parent what it does not say itself.

    Raises:
        ShopError: the file cannot be read.
    """
    parents, used = _parents(path)
    for line, row in rows(path, notes):
        kinds = {kind.strip().lower() for kind in row.get("type", "simple").split(",")}
        parent: Row = {}
        if "variation" in kinds:
            parent = parents.get(_reference(row.get("parent", "")), {})
            if not parent:
                notes.leave_out("names no product of this file", line, "parent")
                continue
        elif "grouped" in kinds:
            notes.leave_out("is a group, whose members stand for themselves", line, "type")
            continue
        elif "variable" in kinds and {_reference(row.get("sku", "")), _reference(f"id:{row.get('id', '')}")} & used:
            continue  # its variations are the items
        found = _product(line, row, parent, notes, wishes)
        if found is not None:
            yield found


def _parents(path: Path) -> tuple[dict[str, Row], set[str]]:
    """Return the variable products by id and SKU, and what variations name as their parent."""
    parents: dict[str, Row] = {}
    used = set()
    for _, row in rows(path, Notes(path.name)):
        kind = row.get("type", "").lower()
        if "variation" in kind:
            used.add(_reference(row.get("parent", "")))
        elif "variable" in kind:
            for key in (row.get("sku", ""), f"id:{row.get('id', '')}"):
                parents[_reference(key)] = row
    parents.pop("", None)
    return parents, used - {""}


def _reference(text: str) -> str:
    text = text.strip().lower()
    return "" if text == "id:" else text


def _product(line: int, row: Row, parent: Row, notes: Notes, wishes: Wishes) -> Product | None:
    title = one_line(first_of(row, "name") or first_of(parent, "name"))
    why = _hidden(row) or _hidden(parent)
    identity = one_line(row.get("sku", ""), 200)
    fallback = f"wc-{row['id']}" if row.get("id") else f"wc-row-{line}"
    if not title or why:
        notes.leave_out(why or "is missing", line, "published" if why else "name")
        return None
    attributes = {**_attributes(parent), **_attributes(row)} if parent else _attributes(row)
    options = [value for value in _attributes(row).values() if isinstance(value, str)] if parent else []
    shown = ", ".join(option for option in options if option.lower() not in title.lower())
    price, before = _price(line, row, notes)
    facets = {**_measures(parent), **_measures(row), **attributes}
    gtin = first_of(row, *GTIN)
    facets |= {"gtin": gtin} if gtin else {}
    facets |= {"regular_price": before} if before is not None else {}
    tags = [one_line(tag, 100) for tag in _LISTED.split(first_of(row, "tags") or parent.get("tags", ""))]
    facets |= {"tags": tags} if any(tags) else {}
    return Product(
        id=identity or fallback,
        other_id=fallback,
        title=f"{title} ({shown})" if shown else title,
        description=_description(row, parent),
        price=price,
        brand=one_line(first_of(row, "brands", "brand") or first_of(parent, "brands", "brand"), 200),
        category=_category(first_of(row, "categories") or parent.get("categories", "")),
        url=web_address(first_of(row, "external url", "permalink", "product url")),
        images=tuple(dict.fromkeys([*_images(line, row, notes), *_images(line, parent, notes)])),
        stock=_stock(row, parent),
        group_id=first_of(parent, "sku", "id") or None,
        row=line,
        facets=facets,
    )


def _hidden(row: Row) -> str:
    """Return why a product is not for sale, or an empty text."""
    if row.get("published") and truth(row["published"]) is False:
        return "is not published"
    return "is hidden" if row.get("visibility in catalog", "").lower() == "hidden" else ""


def _price(line: int, row: Row, notes: Notes) -> tuple[float | None, float | None]:
    """Return what it costs now, and what it cost before where it is on sale."""
    regular, sale = number_of(row.get("regular price", "")), number_of(row.get("sale price", ""))
    now = datetime.now(UTC)
    start, end = (moment(row.get(f"date sale price {name}", "")) for name in ("starts", "ends"))
    running = (start is None or start <= now) and (end is None or now <= end.replace(hour=23, minute=59, second=59))
    if sale is not None and running and (regular is None or sale < regular):
        return sale, regular
    if regular is None or regular < 0:
        notes.add("is missing or no price", line, "regular price")
        return None, None
    return regular, None


def _stock(row: Row, parent: Row) -> int | None:
    pieces = number_of(row.get("stock", "") if row.get("stock") != "parent" else parent.get("stock", ""))
    if truth(row.get("in stock?", "")) is False:
        return 0
    backorders = row.get("backorders allowed?", "0").lower() in ("1", "notify", "yes")
    return None if pieces is None or (pieces <= 0 and backorders) else max(0, int(pieces))


def _attributes(row: Row) -> dict[str, FacetValue]:
    found: dict[str, FacetValue] = {}
    for number in range(1, 101):
        name = row.get(f"attribute {number} name")
        if not name:
            if f"attribute {number + 1} name" not in row:
                break
            continue
        values = [
            one_line(v.replace("\\,", ","), 200) for v in _LISTED.split(row.get(f"attribute {number} value(s)", ""))
        ]
        values = [value for value in values if value]
        if values:
            found[one_line(name, 60)] = values if len(values) > 1 else values[0]
    return found


def _measures(row: Row) -> dict[str, FacetValue]:
    found: dict[str, FacetValue] = {}
    for name, text in row.items():
        if _MEASURE.match(name) and (number := number_of(text)):
            found[name] = number
    return found


def _category(text: str) -> tuple[str, ...]:
    """Return the most exact of several paths."""
    return max((path_of(part.replace("\\,", ",")) for part in _LISTED.split(text)), key=len, default=())


def _description(row: Row, parent: Row) -> str:
    parts = (first_of(row, name) or parent.get(name, "") for name in ("short description", "description"))
    return "\n".join(dict.fromkeys(text for part in parts if (text := plain_text(part.replace("\\n", "\n")))))


def _images(line: int, row: Row, notes: Notes) -> list[str]:
    found = []
    for text in row.get("images", "").split(","):
        address = web_address(text)
        if address:
            found.append(address)
        elif text.strip():
            notes.add("is no web address and is left out", line, "images")
    return found

"""schema.org products (JSON-LD) out of HTML pages and JSON files: Product, ProductGroup, ItemList, @graph.

Types: https://schema.org/Product, https://schema.org/ProductGroup.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson

from importers.reading import fault, whole_text
from importers.records import FacetValue, Notes, Product, Wishes
from importers.values import currency_of, moment, number_of, one_line, path_of, plain_text, price_of, web_address, whole

Node = dict[str, Any]

DEEPEST = 40
GONE = ("outofstock", "soldout", "discontinued")
FACETS = {"color": "color", "size": "size", "material": "material", "pattern": "pattern", "model": "model",
          "mpn": "mpn", "gtin": "gtin", "gtin13": "gtin", "gtin12": "gtin", "gtin14": "gtin", "gtin8": "gtin",
          "isbn": "gtin", "itemCondition": "condition", "weight": "weight", "width": "width", "height": "height",
          "depth": "depth", "keywords": "keywords", "author": "author", "countryOfOrigin": "country"}  # fmt: skip


def products(path: Path, notes: Notes, wishes: Wishes) -> Iterator[Product]:
    """Yield the products of a page or file, wherever they stand in it.

    Raises:
        ShopError: there is no JSON-LD in it.
    """
    text = whole_text(path, notes).lstrip("\ufeff")
    pieces = _scripts(text) if text.lstrip().startswith("<") else [text]
    if not pieces:
        raise fault(path, "has no <script type=application/ld+json>")
    read, number = 0, 0
    for at, piece in enumerate(pieces, 1):
        try:
            content = orjson.loads(piece.strip().rstrip(";"))
        except (orjson.JSONDecodeError, RecursionError) as error:
            notes.leave_out(f"is no JSON ({str(error)[:100]})", at, "ld+json")
            continue
        read += 1
        for node, group in _nodes(content, {}, 0):
            number += 1
            found = _product(number, node, group, notes)
            if found is not None:
                yield found
    if not read:
        raise fault(path, "holds no JSON-LD that can be read")


def _scripts(text: str) -> list[str]:
    reader = _Scripts()
    reader.feed(text)
    reader.close()
    return reader.found


class _Scripts(HTMLParser):
    """Finds the JSON-LD of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = (dict(attrs).get("type") or "").split(";")[0].strip().lower()
        self._inside = tag == "script" and kind == "application/ld+json"
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def _types(node: Node) -> set[str]:
    kinds = node.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return {str(kind).rpartition("/")[2].rpartition(":")[2] for kind in listed if kind}


def _nodes(content: Any, group: Node, depth: int) -> Iterator[tuple[Node, Node]]:
    """Yield (product, the group that it is a variant of), in the order of the file."""
    if depth > DEEPEST:
        return
    if isinstance(content, list):
        for entry in content:
            yield from _nodes(entry, group, depth + 1)
        return
    if not isinstance(content, dict):
        return
    kinds = _types(content)
    if "ProductGroup" in kinds or ("Product" in kinds and content.get("hasVariant")):
        variants = list(_nodes(content.get("hasVariant"), content, depth + 1))
        yield from variants or [(content, {})]
        return
    if kinds & {"Product", "IndividualProduct", "ProductModel", "Vehicle", "Book"}:
        named = content.get("isVariantOf")
        yield content, group or (named if isinstance(named, dict) else {})
        return
    for name in ("@graph", "itemListElement", "item", "mainEntity", "itemOffered", "hasPart", "about"):
        yield from _nodes(content.get(name), group, depth + 1)


def _product(number: int, node: Node, group: Node, notes: Notes) -> Product | None:
    title = one_line(_text(node.get("name")) or _text(group.get("name")))
    if not title:
        notes.leave_out("is missing", number, "name")
        return None
    offer = _offer(node)
    url = web_address(_text(node.get("url")) or _text(offer.get("url")) or _text(group.get("url")))
    names = ("sku", "productID", "gtin13", "gtin", "gtin12", "gtin14", "mpn", "@id", "url")
    identity = next((one_line(_text(node.get(name)), 200) for name in names if _text(node.get(name))), "")
    made = "p-" + hashlib.sha256(f"{identity or title}|{url}|{number if group else ''}".encode()).hexdigest()[:12]
    identity = "" if web_address(identity) else identity
    price, currency = _price(number, offer, notes)
    rating = node.get("aggregateRating") or group.get("aggregateRating")
    rated = rating if isinstance(rating, dict) else {}
    count = whole(_text(rated.get("reviewCount")) or _text(rated.get("ratingCount")) or "")
    group_id = _text(node.get("inProductGroupWithID")) or _text(group.get("productGroupID")) or _text(group.get("@id"))
    return Product(
        id=identity or made,
        other_id=made,
        title=title,
        description=plain_text(_text(node.get("description")) or _text(group.get("description"))),
        price=price,
        currency=currency,
        brand=one_line(_text(node.get("brand") or group.get("brand") or node.get("manufacturer")), 200),
        category=_category(node.get("category") or group.get("category")),
        url=url,
        images=_images(number, node.get("image") or group.get("image"), notes),
        stock=_stock(offer),
        rating=_stars(rated),
        rating_count=count,
        created_at=moment(_text(node.get("releaseDate"))) if node.get("releaseDate") else None,
        group_id=one_line(group_id, 200) or (one_line(_text(group.get("name")), 200) or None),
        row=number,
        facets=_facets({**group, **node}),
    )


def _text(value: Any) -> str:
    """Return a value's words: of a list the first, of a thing its name or value."""
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    if isinstance(value, dict):
        found = value.get("name") or value.get("value") or value.get("@value") or value.get("@id") or value.get("url")
        unit = value.get("unitText") or _UNITS.get(str(value.get("unitCode")), "") if "value" in value else ""
        return f"{found} {unit}".strip() if isinstance(found, str | int | float) else ""
    return "" if value is None or isinstance(value, bool) else str(value)


_UNITS = {"KGM": "kg", "GRM": "g", "CMT": "cm", "MMT": "mm", "MTR": "m", "INH": "in", "LBR": "lb", "ONZ": "oz",
          "LTR": "l", "MLT": "ml", "HUR": "h", "WTT": "W"}  # fmt: skip
"""UN/CEFACT codes of common units."""


def _offer(node: Node) -> Node:
    """Return the offer to show: of several the cheapest that is in stock, else the cheapest."""
    offers = node.get("offers")
    listed = [offer for offer in (offers if isinstance(offers, list) else [offers]) if isinstance(offer, dict)]
    for offer in list(listed):
        inner = offer.get("offers")
        listed += [one for one in (inner if isinstance(inner, list) else [inner]) if isinstance(one, dict)]
    priced = [offer for offer in listed if _amount(offer)[0] is not None]
    return min(priced or listed, key=lambda o: (_stock(o) == 0, _amount(o)[0] or 0), default={})


def _amount(offer: Node) -> tuple[float | None, str | None]:
    inner = offer.get("priceSpecification")
    inner = inner[0] if isinstance(inner, list) and inner else inner
    whole_offer = {**inner, **offer} if isinstance(inner, dict) else offer
    written = _text(whole_offer.get("price")) or _text(whole_offer.get("lowPrice"))
    amount, currency = price_of(written)
    return amount, currency_of(_text(whole_offer.get("priceCurrency"))) or currency


def _price(number: int, offer: Node, notes: Notes) -> tuple[float | None, str | None]:
    price, currency = _amount(offer)
    if price is None or price < 0:
        notes.add("is missing or no price", number, "offers.price")
        return None, currency
    return price, currency


def _stock(offer: Node) -> int | None:
    availability = _text(offer.get("availability")).rpartition("/")[2].lower()
    if availability in GONE:
        return 0
    level = offer.get("inventoryLevel")
    return whole(_text(level)) if level else None


def _stars(rated: Node) -> float | None:
    value, best = number_of(_text(rated.get("ratingValue"))), number_of(_text(rated.get("bestRating")) or "5")
    if value is None or not best or value < 0 or value > best:
        return None
    return round(value * 5 / best, 2)


def _category(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    paths = [path_of(text, "/" if "/" in text and ">" not in text else ">") for text in map(_text, listed) if text]
    plain = [path for path in paths if not path[0].startswith(("http", "https:"))] if all(paths) else []
    return max(plain, key=len, default=())


def _images(number: int, value: Any, notes: Notes) -> tuple[str, ...]:
    found = []
    for entry in value if isinstance(value, list) else [value]:
        held = entry.get("contentUrl") or entry.get("url") or entry.get("@id") if isinstance(entry, dict) else entry
        text = held if isinstance(held, str) else ""
        address = web_address(text)
        if address:
            found.append(address)
        elif text:
            notes.add("is no web address and is left out", number, "image")
    return tuple(dict.fromkeys(found))


def _facets(node: Node) -> dict[str, FacetValue]:
    facets: dict[str, FacetValue] = {}
    for name, facet in FACETS.items():
        value = node.get(name)
        texts = [one_line(_text(entry), 300) for entry in (value if isinstance(value, list) else [value])]
        texts = [text.rpartition("/")[2] if text.startswith("http") else text for text in texts if text]
        if texts:
            facets.setdefault(facet, texts if len(texts) > 1 else texts[0])
    listed = node.get("additionalProperty")
    for entry in listed if isinstance(listed, list) else [listed]:
        if isinstance(entry, dict) and entry.get("name") and (entry.get("value") is not None):
            name, value = one_line(_text(entry["name"]), 60), entry["value"]
            text = _text({**entry, "name": None}) if not isinstance(value, bool | list) else ""
            facets.setdefault(name, value if isinstance(value, bool) else one_line(text or _text(value), 300))
    return {name: value for name, value in facets.items() if name and value != ""}

"""Shopify's product export: CSV in its older and newer columns, and ``products.json``.

Columns: https://help.shopify.com/en/manual/products/import-export/using-csv. Rows of one handle are one product; each
row with options or a price is a variant of it, the others only add pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from importers.reading import fault, first_of, rows, whole_json
from importers.records import FacetValue, Notes, Product, Wishes
from importers.values import moment, number_of, one_line, path_of, plain_text, truth, web_address

HANDLE = ("handle", "url handle")
PRICE = ("variant price", "price")
BEFORE = ("variant compare at price", "compare-at price")
SKU = ("variant sku", "sku")
PIECES = ("variant inventory qty", "inventory quantity")
GOES_ON = ("variant inventory policy", "continue selling when out of stock")
IMAGE = ("image src", "product image url")
VARIANT_IMAGE = ("variant image", "variant image url")
NO_OPTION = "default title"
_METAFIELD = re.compile(r"^(.+?) \(product\.metafields\.[\w.-]+\)$")


def products(path: Path, notes: Notes, wishes: Wishes) -> Iterator[Product]:
    """Yield each variant as an item; variants share the handle as their group.

    Raises:
        ShopError: the file is no such export.
    """
    with path.open("rb") as file:
        json = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    groups = _from_json(path, notes) if json else _from_csv(path, notes)
    for group in groups:
        yield from _variants(group, notes, wishes)


def _from_csv(path: Path, notes: Notes) -> Iterator[list[tuple[int, dict[str, str]]]]:
    """Yield the rows of one handle after another; they stand together in an export."""
    group: list[tuple[int, dict[str, str]]] = []
    handle = ""
    for line, row in rows(path, notes):
        named = first_of(row, *HANDLE)
        if not named:
            notes.leave_out("is missing", line, "handle")
            continue
        if named != handle and group:
            yield group
            group = []
        handle = named
        group.append((line, row))
    if group:
        yield group


def _variants(group: list[tuple[int, dict[str, str]]], notes: Notes, wishes: Wishes) -> Iterator[Product]:
    line, head = group[0]
    handle, title = first_of(head, *HANDLE), one_line(head.get("title", ""))
    why = _hidden(head)
    if not title or why:
        notes.leave_out(why or "is missing", line, "status" if why else "title")
        return
    images = [found for _, row in group if (found := _image(row, IMAGE))]
    real = [(at, row) for at, row in group if first_of(row, *PRICE) or (row.get("option1 value") and at != line)]
    real = real or [group[0]]
    names = [head.get(f"option{n} name", "") for n in (1, 2, 3)]
    for at, row in real:
        options = {
            one_line(name, 60): one_line(value, 200)
            for n, name in enumerate(names, 1)
            if name and (value := row.get(f"option{n} value", "")) and value.lower() != NO_OPTION
        }
        own = _image(row, VARIANT_IMAGE)
        yield _product(
            at, head, row, options, handle, title, tuple(dict.fromkeys([*([own] if own else []), *images])),
            notes, wishes, grouped=len(real) > 1,
        )  # fmt: skip


def _product(
    line: int, head: Mapping[str, str], row: Mapping[str, str], options: dict[str, str], handle: str, title: str,
    images: tuple[str, ...], notes: Notes, wishes: Wishes, *, grouped: bool,
) -> Product:  # fmt: skip
    price = number_of(first_of(row, *PRICE))
    if price is None or price < 0:
        notes.add("is missing or no price", line, "variant price")
        price = None
    shown = ", ".join(options.values())
    suffix = "--" + re.sub(r"[^\w.-]+", "-", "-".join(options.values())).strip("-") if grouped and options else ""
    fallback = f"{handle}{suffix}" if suffix or not grouped else f"{handle}--{line}"
    url = web_address(f"{wishes.site.rstrip('/')}/products/{handle}") if wishes.site else None
    category = path_of(head.get("product category", "")) or path_of(head.get("type", ""))
    return Product(
        id=one_line(first_of(row, *SKU), 200) or fallback,
        other_id=fallback,
        title=f"{title} ({shown})" if grouped and shown else title,
        description=plain_text(first_of(head, "body (html)", "description")),
        price=price,
        brand=one_line(head.get("vendor", ""), 200),
        category=category,
        url=url or web_address(head.get("url", "")),
        images=images,
        stock=_stock(row),
        created_at=moment(head["created at"]) if head.get("created at") else None,
        group_id=handle if grouped else None,
        row=line,
        facets=_facets(head, row, options, price),
    )


def _hidden(head: Mapping[str, str]) -> str:
    """Return why a product is not for sale, or an empty text."""
    status = head.get("status", "active").lower()
    if status in ("draft", "archived", "unlisted"):
        return f"is {status}"
    published = truth(first_of(head, "published", "published on online store"))
    return "is not published" if published is False else ""


def _stock(row: Mapping[str, str]) -> int | None:
    quantity = first_of(row, *PIECES)
    pieces = number_of(quantity) if quantity else None
    goes_on = first_of(row, *GOES_ON).lower() in ("continue", "true")
    if row.get("available") == "false":
        return 0
    if pieces is None or (pieces <= 0 and goes_on):
        return None
    return max(0, int(pieces))


def _facets(
    head: Mapping[str, str], row: Mapping[str, str], options: dict[str, str], price: float | None
) -> dict[str, FacetValue]:
    facets: dict[str, FacetValue] = dict(options)
    for name, text in head.items():
        found = _METAFIELD.match(name)
        if found:
            facets.setdefault(one_line(found.group(1), 60), one_line(text.replace("\n", " "), 300))
    tags = [one_line(tag, 100) for tag in head.get("tags", "").split(",")]
    if any(tags):
        facets["tags"] = [tag for tag in tags if tag]
    kind = one_line(head.get("type", ""), 200)
    if kind and head.get("product category"):
        facets["type"] = kind
    grams = number_of(first_of(row, "variant grams", "weight value (grams)"))
    if grams:
        facets["weight (g)"] = grams
    barcode = first_of(row, "variant barcode", "barcode").strip("'\"= ")
    if barcode:
        facets["gtin"] = barcode
    before = number_of(first_of(row, *BEFORE))
    if before and price is not None and before > price:
        facets["regular_price"] = before
    return facets


def _image(row: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return web_address(first_of(row, *names))


def _from_json(path: Path, notes: Notes) -> Iterator[list[tuple[int, dict[str, str]]]]:
    """Yield products.json as the rows of the CSV export."""
    content = whole_json(path, notes)
    listed = content.get("products", [content.get("product")]) if isinstance(content, dict) else content
    if not isinstance(listed, list) or not any(isinstance(entry, dict) and "variants" in entry for entry in listed):
        raise fault(path, "holds no Shopify products: a products.json has a list of products, each with variants")
    for number, product in enumerate(listed, 1):
        variants = product.get("variants") if isinstance(product, dict) else None
        if not isinstance(variants, list) or not product.get("handle"):
            notes.leave_out("is no product with a handle and variants", number)
            continue
        yield [(number, row) for row in _json_rows(product, [v for v in variants if isinstance(v, dict)])]


def _json_rows(product: dict[str, Any], variants: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    tags = product.get("tags") or ""
    head = {
        "handle": product["handle"], "title": product.get("title"), "body (html)": product.get("body_html"),
        "vendor": product.get("vendor"), "type": product.get("product_type"), "status": product.get("status"),
        "created at": product.get("created_at"), "tags": ",".join(map(str, tags)) if isinstance(tags, list) else tags,
    }  # fmt: skip
    options = [option for option in product.get("options") or [] if isinstance(option, dict)]
    names = {f"option{n} name": option.get("name") for n, option in enumerate(options[:3], 1)}
    images = [image.get("src") for image in product.get("images") or [] if isinstance(image, dict)]
    for at, variant in enumerate(variants):
        values = {f"option{n} value": variant.get(f"option{n}") for n in (1, 2, 3)}
        picture = variant.get("featured_image")
        available = variant.get("available")
        row = {
            **(head if at == 0 else {"handle": product["handle"]}), **names, **values,
            "variant sku": variant.get("sku"), "variant price": variant.get("price"),
            "variant compare at price": variant.get("compare_at_price"), "variant grams": variant.get("grams"),
            "variant barcode": variant.get("barcode"), "variant inventory qty": variant.get("inventory_quantity"),
            "variant inventory policy": variant.get("inventory_policy"),
            "variant image": picture.get("src") if isinstance(picture, dict) else None,
            "available": None if available is None else str(available).lower(),
        }  # fmt: skip
        yield {name: str(value) for name, value in row.items() if value not in (None, "")}
    for image in images:
        yield {"handle": str(product["handle"]), "image src": str(image)}

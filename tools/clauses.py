"""The sides of a clause about things of an order: what is said of the old one, what of the new one, where it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tools.mentions import CONNECTOR, Mention

STATUSES = (
    (
        r"\b(?:pending|just ordered|just placed|not shipped|haven't shipped|upcoming)\b|还没发|未发货|待发货",
        "modifiable",
    ),
    (r"\b(?:received|delivered|arrived|got)\b|收到|到货|签收", "returnable"),
)
SAME = re.compile(
    r"\bsame (?:type|one|kind|model|item|as)\b|\bthe (?:one|type|kind) (?:that is |that's |which is )?(?:i|in|from)\b|"
    r"和.*(?:一样|同款)"
)


def after_connector(words: str) -> str:
    """Return what stands after "to", "for", "换成": what the new one shall be."""
    match = CONNECTOR.search(words.lower())
    return words[match.end() :] if match else ""


def about_the_old(words: str) -> bool:
    """Tell whether words after a name go on about it: "that I received", "in my order"."""
    return bool(re.match(r"\s*(?:that|which|who|i|in|from|of|\()\b", words.lower()) or words.strip().startswith("("))


def located(found: Sequence[Mention]) -> list[Mention]:
    """Let "the bag I got with the lamp" be the bag of the order that holds a lamp."""
    out: list[Mention] = []
    for mention in found:
        if out and re.search(r"\b(?:with|alongside|together with) (?:the|my|a|an)?\s*$", mention.before.lower()):
            homes = {one.order.id for one in mention.held}
            near = tuple(one for one in out[-1].held if one.order.id in homes)
            if near:
                out[-1] = replace(out[-1], held=near)
                continue
        out.append(mention)
    return out

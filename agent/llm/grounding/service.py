"""Whether what a sentence says of stock, delivery, returns, discounts or an order stands in the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.embedded.lexicon import Kind
from agent.embedded.text import normalise, tokenize
from agent.llm.grounding.facts import Facts
from agent.llm.grounding.language import words
from agent.llm.grounding.statement import Part

_SENTENCE = re.compile(r"[^.!?。！？\n]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_CARRIED = 0.6
"""The share of a sentence's words that one sentence of a policy must have."""
_ORDERLY = frozenset(
    "delivery shipping ship tracked return returns refund 物流 配送 快递 到货 退款 退货".split()
)  # fmt: skip
"""Words that name what an order's facts are about."""
_STAGES = ("pending", "paid", "packed", "shipped", "out_for_delivery", "delivered")
_FOLLOWS = {"return_requested": "delivered", "returned": "delivered", "refunded": "delivered", "exchanged": "delivered"}


def service_true(low: str, parts: Sequence[Part], about: Sequence[tuple[int, ...]], facts: Facts) -> str:
    """Return what a sentence says of service that nothing bears out; empty when nothing.

    Args:
        low: the folded sentence, names as marks.
        parts: its parts.
        about: for each part the items that it is said of.
        facts: the turn's.
    """
    general = words()
    places = next((found for found in about if found), ())
    if fault := _stock(low, places, facts):
        return fault
    rest = general.stock_out.sub(" ", low)
    rest = general.stock_in.sub(" ", rest)
    named = {part.text for part in parts if part.span is not None and part.span.of(Kind.FACET, Kind.VALUE)}
    said = [m.group() for m in general.service.finditer(rest) if not any(m.group() in text for text in named)]
    said = [word for word in said if not (facts.orders and _of_orders(word))]
    if not said:
        return _policy(low, facts) if facts.passages and not places else ""
    own = [facts.items[place] for place in places]
    if own and all(all(word in item.text for item in own) for word in said):
        return ""
    if any(all(word in normalise(text) for word in said) and _tells(low, text) for text in facts.passages):
        return _policy(low, facts)
    if all(any(word in normalise(text) for text in facts.texts) for word in said) and low.rstrip().endswith(
        ("?", "？")
    ):
        return ""
    return f"service {said[0]}"


def _stock(low: str, places: Sequence[int], facts: Facts) -> str:
    general = words()
    out, inside = general.stock_out.search(low), general.stock_in.search(general.stock_out.sub(" ", low))
    if not out and not inside:
        return ""
    if not places:
        places = facts.shown
    stocks = [facts.items[place].item.stock for place in places]
    if not stocks or any(stock is None for stock in stocks):
        return "" if facts.passages and not facts.shown else "stock that nobody stated"
    if out and any(stock for stock in stocks):
        return "stock"
    if not inside or out:
        return ""
    before = low[: inside.start()].rstrip()
    denied = any(match.end() >= len(before) - 8 for match in general.negators.finditer(before))
    return "stock" if any((stock == 0) is not denied for stock in stocks) else ""


def _tells(low: str, text: str) -> bool:
    return _overlap(low, normalise(text)) > 0


def _policy(low: str, facts: Facts) -> str:
    """Return what a sentence about the rules says that no sentence of the passages does."""
    sentences = [part for text in facts.passages for part in _SENTENCE.findall(normalise(text)) if part.strip()]
    numbers = _NUMBER.findall(low)
    stated = set(_NUMBER.findall(normalise(" ".join(facts.passages))))
    if any(number not in stated for number in numbers):
        return "a number that the rules do not state"
    content = _content(low)
    if len(content) < 3:
        return ""
    best = max(sentences, key=lambda sentence: _overlap(low, sentence), default="")
    near = " ".join(s for s in sentences if _overlap(low, s) >= 0.3) or best
    if _overlap(low, near) < _CARRIED:
        return "a rule that the documents do not state"
    if numbers and not any(all(number in s for number in numbers) for s in (*sentences, near)):
        return "a number of another rule"
    return "a rule turned round" if _denied(low) is not _denied(best) else ""


def _denied(text: str) -> bool:
    general = words()
    harmless = [match.span() for match in general.not_negators.finditer(text)]
    found = [m for m in general.negators.finditer(text) if not any(a <= m.start() < b for a, b in harmless)]
    return len(found) % 2 == 1


def _content(text: str) -> set[str]:
    general = words()
    return {
        token.stem for token in tokenize(text)
        if token.kind != "sign" and token.text not in general.carried and token.text not in general.plain
    }  # fmt: skip


def _overlap(a: str, b: str) -> float:
    wanted = _content(a)
    return len(wanted & _content(b)) / len(wanted) if wanted else 0.0


def _of_orders(word: str) -> bool:
    """Tell whether a word of service tells an order's state, which is checked by itself."""
    return any(pattern.fullmatch(word) for pattern in words().statuses.values()) or word in _ORDERLY


def order_true(low: str, parts: Sequence[Part], facts: Facts) -> str:
    """Return what a sentence says of an order's state that is not so; empty when nothing."""
    if not facts.orders:
        return ""
    order = facts.orders[0]
    status = str(order.get("status", ""))
    past = {str(entry.get("status")) for entry in order.get("history") or ()} | {status}
    if any(str(other.get("status")) != status for other in facts.orders):
        past |= {str(other.get("status")) for other in facts.orders}
    general = words()
    for name, pattern in general.statuses.items():
        for found in pattern.finditer(low):
            before = low[: found.start()]
            if found.group() == "delivered" and before.rstrip().endswith(("be", "to be", "will be")):
                continue
            denied = any(match.end() >= len(before.rstrip()) - 9 for match in general.negators.finditer(before))
            if denied is (name in past or _passed(name, status)):
                return f"state {found.group()}"
    return ""


def _passed(name: str, status: str) -> bool:
    """Tell whether an order in a state has gone through another one."""
    reached = _FOLLOWS.get(status, status)
    return name in _STAGES and reached in _STAGES and _STAGES.index(name) <= _STAGES.index(reached)

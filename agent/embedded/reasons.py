"""The ranker's typed reasons in words. All texts are plain: cards escape them, the writer makes Markdown of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from agent.embedded.word_constraints import word_constraint
from agent.embedded.word_degrees import superlative
from agent.embedded.word_markdown import plain
from agent.embedded.word_values import Values, spoken
from core.entities import Constraint, Item, ItemId, Language, Op, Reason, ReasonKind, Recommendation
from prompts.phrases import standard
from retrieval.catalogue import Catalogue

_QUOTE = 140
"""Characters of a review that a reason quotes."""


def word_reason(reason: Reason, item: Item, catalogue: Catalogue, language: Language) -> str:
    """Return a reason as a plain fragment without a full stop, or an empty text when there is nothing worth saying."""
    if reason.kind is ReasonKind.GENERATED:
        return plain(reason.text)
    values = Values(catalogue, spoken(language, catalogue.shop))
    seed = crc32(f"{item.id}{reason.kind}".encode())
    return _WORDINGS[reason.kind](_Wording(values, item, reason.data, seed))


_PLAIN = frozenset({Op.EQ, Op.IN, Op.CONTAINS, Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})


def annotate(recommendation: Recommendation, catalogue: Catalogue, language: Language) -> Recommendation:
    """Return the recommendation with every reason's text filled in the language."""
    named = any(reason.kind is ReasonKind.LEXICAL for reason in recommendation.reasons)
    reasons = []
    for reason in recommendation.reasons:
        said = reason
        if named and reason.kind is ReasonKind.SEMANTIC:  # the lexical reason names the same words already
            said = replace(reason, data={key: value for key, value in reason.data.items() if key != "words"})
        elif reason.kind is ReasonKind.LEXICAL:
            said = replace(reason, data={**reason.data, "terms": _telling(reason, recommendation.item)})
        reasons.append(replace(reason, text=word_reason(said, recommendation.item, catalogue, language)))
    # What only repeats a requirement comes after what the user did not know, where there is such.
    return replace(recommendation, reasons=tuple(sorted(reasons, key=_echoes)))


def _echoes(reason: Reason) -> bool:
    """Tell whether a reason says no more than what was asked for: "travel, as you asked"."""
    if reason.kind is not ReasonKind.CONSTRAINT:
        return False
    return reason.data.get("actual") is None or str(reason.data.get("op")) in _PLAIN


def _telling(reason: Reason, item: Item) -> list[str]:
    """Return the words that the title does not say already, or all when it says every one."""
    terms = [str(term) for term in reason.data.get("terms") or ()]
    titles = " ".join((item.title, *item.texts.get("title", {}).values())).lower()
    return [term for term in terms if term.lower() not in titles] or terms


def shortened(text: str, limit: int) -> str:
    """Return one line of at most ``limit`` characters, cut at a word and marked as cut."""
    text = plain(text)
    if len(text) <= limit:
        return text
    cut = text[:limit]
    if " " in cut[limit // 2 :]:
        cut = cut.rsplit(" ", 1)[0]
    return cut.rstrip(" ,.;:，。；：、") + "…"


@dataclass(frozen=True)
class _Wording:
    values: Values
    item: Item
    data: Mapping[str, Any]
    seed: int

    def say(self, key: str, **variables: Any) -> str:
        return standard().say(key, self.values.language, self.seed, **variables)

    def own_title(self) -> str:
        """Return this item's title as :meth:`title_of` would."""
        return self.values.padded(self.values.short(self.item))

    def title_of(self, item_id: object, title: object = None) -> str:
        """Return another item's title; the given one when the catalogue has it no more."""
        key = ItemId(str(item_id))
        if item_id and self.values.catalogue.has(key):
            return self.values.padded(self.values.short(self.values.catalogue.item(key)))
        return self.values.padded(plain(str(title or "")))


def _constraint(words: _Wording) -> str:
    data, values = words.data, words.values
    field, actual = str(data["field"]), _valued(data.get("actual"))
    try:
        op = Op(str(data.get("op", "==")))
    except ValueError:
        return values.phrase(field, actual) if actual is not None else ""
    asked = Constraint("", field, op, _valued(data.get("value")), data.get("unit"))
    wanted = word_constraint(asked, values.catalogue, values.language)
    if actual is None:
        return words.say("reason.constraint", wanted=wanted)
    if field == "price" and isinstance(actual, (int, float)):
        price = values.money(float(actual), words.item.currency or values.currency())
        return words.say("reason.constraint_price", wanted=wanted, price=price)
    shown = values.phrase(field, actual)
    if shown == wanted or op in (Op.EQ, Op.IN, Op.CONTAINS):
        return words.say("reason.constraint", wanted=shown if isinstance(actual, bool) else wanted)
    return words.say("reason.constraint_actual", wanted=wanted, actual=shown)


def _attribute(words: _Wording) -> str:
    data, values = words.data, words.values
    field, actual = str(data["field"]), _valued(data.get("actual"))
    if actual is None:
        return ""
    shown, of, better = values.phrase(field, actual), int(data.get("of") or 0), str(data.get("better") or "")
    better = better or str(values.facet(field).better or "")
    number = isinstance(actual, (int, float)) and not isinstance(actual, bool)
    if data.get("rank") == "best" and of > 1 and number and better:
        best = superlative(values, field, better == "lower", of)
        return words.say("reason.best", best=best.text, of=values.number(of), value=values.show(field, actual))
    if data.get("rank") == "top" and of > 1:
        return words.say(
            "reason.top", label=values.label(field), of=values.number(of), value=values.show(field, actual)
        )
    return shown


def _semantic(words: _Wording) -> str:
    if words.data.get("item_id"):
        title = words.title_of(words.data["item_id"], words.data.get("title"))
        names = [str(name) for name in words.data.get("shared") or () if name != "category"][:3]
        shared = words.values.listing([words.values.label(name) for name in names])
        return words.say("reason.anchor", title=title, shared=shared) if title else ""
    said = _quoted_words(words)
    return words.say("reason.semantic_words", words=said) if said else words.say("reason.semantic")


def _lexical(words: _Wording) -> str:
    said = _quoted_words(words)
    return words.say("reason.lexical", words=said) if said else ""


def _quoted_words(words: _Wording) -> str:
    terms = words.data.get("words") or words.data.get("terms") or ()
    terms = [terms] if isinstance(terms, str) else [plain(str(term)) for term in terms]
    quoted = [words.say("value.quoted", text=term) for term in rejoined(terms)[:3]]
    return words.values.listing(quoted)


def rejoined(terms: Sequence[str]) -> list[str]:
    """Return terms with overlapping pairs of Chinese characters put together again: 咖啡 and 啡机 are 咖啡机."""
    found: list[str] = []
    for term in terms:
        if found and term and not term.isascii() and len(term) > 1 and found[-1].endswith(term[:-1]):
            found[-1] += term[-1]
        else:
            found.append(term)
    return found


def _collaborative(words: _Wording) -> str:
    liked = dict.fromkeys(words.title_of(key) for key in words.data.get("liked") or () if str(key) != words.item.id)
    users = int(words.data.get("users") or 0)
    titles = words.values.listing([title for title in liked if title and title != words.own_title()][:2])
    if titles and words.data.get("after"):
        return words.say("reason.went_on", titles=titles, users=words.values.number(users))
    if titles:
        return words.say("reason.collaborative_liked", titles=titles)
    return words.say("reason.collaborative", users=words.values.number(users) if users > 1 else "")


def _graph(words: _Wording) -> str:
    values, relation = words.values, str(words.data.get("relation") or "")
    title = words.title_of(words.data.get("item_id"), words.data.get("title")).strip()
    if not title:
        return ""
    shared = values.listing([values.label(str(name)) for name in words.data.get("shared") or ()])
    if shared:
        return words.say("reason.graph_shared", shared=shared, title=title)
    via = words.data.get("via")
    if isinstance(via, Mapping):
        middle = words.title_of(via.get("item_id"), via.get("title")).strip()
        # "Fits the X200, as your lens does": both are the subject of the same relation.
        same = via.get("relation") == relation and not via.get("inverse") and bool(words.data.get("inverse"))
        key = "reason.graph_same" if same else "reason.graph_via"
        return words.say(key, relation=relation_label(values, relation), via=middle, title=title) if middle else ""
    if not words.data.get("inverse"):
        return relate(values, relation, title)
    return words.say("reason.graph_inverse", relation=relation_label(values, relation), title=title)


def relate(values: Values, relation: str, title: str) -> str:
    """Return a relation to another item in the shop's own words for it."""
    return standard().say("reason.graph", values.language, relation=relation_label(values, relation), title=title)


def relation_label(values: Values, relation: str) -> str:
    """Return the shop's name of a relation, else the relation's own in words."""
    labels = values.shop.relation_labels.get(relation, {})
    return labels.get(values.language) or labels.get("en") or relation.replace("_", " ").replace("-", " ")


def _review(words: _Wording) -> str:
    if words.data.get("aspect"):
        return said_of_aspect(words.values, words.data, words.seed)
    quote = shortened(str(words.data.get("quote") or ""), _QUOTE)
    return words.say("reason.review", quote=quote.rstrip(".。")) if quote else ""


def aspect_name(values: Values, aspect: str) -> str:
    """Return what an aspect is called: the facet's label, or the reviewers' own word."""
    return plain(aspect[1:]) if aspect.startswith("=") else values.label(aspect)


def said_of_aspect(values: Values, data: Mapping[str, Any], seed: int = 0) -> str:
    """Return how many reviewers praise an aspect and how many complain of it, with those numbers alone."""
    good, bad = int(data.get("praise") or 0), int(data.get("complaints") or 0)
    facts = {"aspect": values.padded(aspect_name(values, str(data["aspect"]))), "of": values.number(int(data["of"]))}
    return standard().say(
        "reason.aspect" if good else "reason.aspect_complaints", values.language, seed, good=values.number(good),
        bad=values.number(bad) if bad else "", one_bad=bad == 1, **facts,
    )  # fmt: skip


def _popularity(words: _Wording) -> str:
    users, share = int(words.data.get("users") or 0), float(words.data.get("percentile") or 0)
    share = share * 100 if share <= 1 else share
    top = max(1, round(100 - share))
    said = words.values.number(users) if users > 1 else ""
    if share >= 80:
        return words.say("reason.popular_top", top=top, users=said)
    return words.say("reason.popular", users=said) if said else ""


def _quality(words: _Wording) -> str:
    rating, count = words.data.get("rating"), int(words.data.get("rating_count") or 0)
    if rating is None:
        return ""
    number = words.values.number(round(float(rating), 1))
    return words.say("reason.quality", rating=number, count=words.values.number(count) if count else "", one=count == 1)


def _price(words: _Wording) -> str:
    data, values = words.data, words.values
    price, median, currency = data.get("price"), data.get("median"), data.get("currency") or values.currency()
    if price is None or median is None or float(price) >= float(median) * 0.97:
        return ""
    usual = values.money(round(float(median), 2), currency, short=True)
    saved = values.money(round(float(median) - float(price), 2), currency, short=True)
    return words.say("reason.price", usual=usual, saved=saved)


def _new(words: _Wording) -> str:
    days = words.data.get("days")
    if days is None:
        return words.say("reason.new")
    return words.say("reason.new_days", days=max(0, int(days)))


def _profile(words: _Wording) -> str:
    data, values = words.data, words.values
    if data.get("field") is not None and data.get("value") is not None:
        field = str(data["field"])
        value = values.show(field, _valued(data["value"]))
        key = "reason.profile_brand" if field in ("brand", "category") else "reason.profile_field"
        return words.say(key, label=values.label(field), value=value)
    event = str(data.get("event") or "")
    event = event if event in ("view", "click", "cart", "purchase", "rating", "like") else "view"
    rating = words.values.number(float(data["rating"])) if data.get("rating") is not None else ""
    if str(data.get("item_id")) == words.item.id:
        return words.say(f"reason.profile_self_{event}", rating=rating)
    title = words.title_of(data.get("item_id"), data.get("title"))
    if title == words.own_title():
        return words.say("reason.profile_variant")
    return words.say(f"reason.profile_{event}", title=title, now=bool(data.get("now")), rating=rating) if title else ""


def _generated(words: _Wording) -> str:
    return ""


def _valued(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_WORDINGS: Mapping[ReasonKind, Callable[[_Wording], str]] = {
    ReasonKind.CONSTRAINT: _constraint,
    ReasonKind.ATTRIBUTE: _attribute,
    ReasonKind.SEMANTIC: _semantic,
    ReasonKind.LEXICAL: _lexical,
    ReasonKind.COLLABORATIVE: _collaborative,
    ReasonKind.GRAPH: _graph,
    ReasonKind.REVIEW: _review,
    ReasonKind.POPULARITY: _popularity,
    ReasonKind.QUALITY: _quality,
    ReasonKind.PRICE: _price,
    ReasonKind.NEW: _new,
    ReasonKind.PROFILE: _profile,
    ReasonKind.GENERATED: _generated,
}

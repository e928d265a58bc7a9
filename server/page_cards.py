"""Product cards as HTML: picture, price, stock, stars, disclosures, reasons with their sources, like and dislike.

Everything from the catalogue, the ranker or a person passes through ``esc``; only http(s) addresses and the shop's own
files become links or pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from core.entities import Item, Language, Reason, Recommendation
from server.page_words import capital, esc, money, number, stock_words, word

_LEADS = 2
_SOURCES = {"facet", "review", "interaction", "path", "policy"}

LIKE_ICON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5 4.6 13a4.8 4.8 0 0 1 6.8-6.8l.6.6.6-.6a4.8 4.8 0 0 1 6.8 6.8z"/></svg>'  # noqa: E501
DISLIKE_ICON = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8.5"/><path d="m6.5 6.5 11 11"/></svg>'
)


def web_link(url: str | None) -> str | None:
    """Return the address when it is absolute http(s), else None."""
    try:
        parts = urlsplit((url or "").strip())
    except ValueError:
        return None
    return (url or "").strip() if parts.scheme in ("http", "https") and parts.netloc else None


def picture_address(image_url: str | None) -> str | None:
    """Return where a browser finds an item's picture: an http(s) address, a shop file under ``shop/``, or None."""
    if not image_url or web_link(image_url):
        return web_link(image_url)
    path = image_url.strip().removeprefix("/").removeprefix("./")
    parts = path.split("/")
    if ":" in parts[0] or ".." in parts or "\\" in path or not parts[0]:
        return None
    return "shop/" + quote(path)


def cards_html(items: Sequence[Recommendation], turn_id: str, language: Language, *, known: bool = False) -> str:
    """Return the row of cards of one turn; ``known`` ones are spoken of again, so they are small and not numbered."""
    if not items:
        return ""
    cards = "".join(card_html(entry, place, turn_id, language) for place, entry in enumerate(items, start=1))
    look = f"fw-cards-{min(len(items), 3)}" + (" fw-cards-known" if known else "")
    label = esc(word("suggestions", language))
    return f'<ol class="fw-cards {look}" aria-label="{label}" tabindex="-1">{cards}</ol>'


def card_html(entry: Recommendation, place: int, turn_id: str, language: Language) -> str:
    """Return one card; ``place`` counts from 1."""
    item, title = entry.item, entry.item.text("title", language)
    data = f'data-item="{esc(item.id)}" data-turn="{esc(turn_id)}" data-position="{place}"'
    brand = f'<p class="fw-brand">{esc(item.brand)}</p>' if item.brand else ""
    return (
        f'<li class="fw-card" {data}><article aria-label="{place}. {esc(title)}">'
        f"{_picture(entry, place, title, language)}"
        f'<div class="fw-body">{brand}<h3 class="fw-title">{_title(item, title, language)}</h3>'
        f'<p class="fw-facts">{_price(item, language)}{_stars(item, language)}</p>{_stock(item, language)}'
        f"{_reasons(entry, language)}{_acts(title, language)}</div></article></li>"
    )


def _picture(entry: Recommendation, place: int, title: str, language: Language) -> str:
    address = picture_address(entry.item.image_url)
    if address:
        image = f'<img src="{esc(address)}" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">'
    else:
        image = f'<span class="fw-no-photo" aria-hidden="true">{esc(title[:1])}</span>'
    return f'<div class="fw-photo">{image}<span class="fw-place">{place}</span>{_disclosures(entry, language)}</div>'


def _disclosures(entry: Recommendation, language: Language) -> str:
    names = [word(name, language) if name == "sponsored" else name.replace("_", " ") for name in entry.disclosures]
    return "".join(f'<span class="fw-disclosure">{esc(name)}</span>' for name in names)


def _title(item: Item, title: str, language: Language) -> str:
    address = web_link(item.url)
    if not address:
        return esc(title)
    hint = esc(word("opens_new", language))
    return (
        f'<a href="{esc(address)}" target="_blank" rel="noopener noreferrer" data-act="open" title="{hint}">'
        f"{esc(title)}</a>"
    )


def _price(item: Item, language: Language) -> str:
    if item.price is None:
        return f'<span class="fw-price fw-muted">{esc(word("no_price", language))}</span>'
    return f'<span class="fw-price">{esc(money(item.price, item.currency))}</span>'


def _stars(item: Item, language: Language) -> str:
    if item.rating is None:
        return ""
    rating = number(round(item.rating, 1))
    if item.rating_count is None:
        label, count = word("stars", language, rating=rating), ""
    else:
        label = word("stars_counted", language, rating=rating, count=item.rating_count)
        count = f'<span aria-hidden="true">({item.rating_count:,})</span>'
    share = max(0.0, min(100.0, item.rating * 20))
    return (
        f'<span class="fw-rating" role="img" aria-label="{esc(label)}">'
        f'<span class="fw-stars" style="--share:{share:.0f}%" aria-hidden="true"></span>'
        f'<b aria-hidden="true">{esc(rating)}</b>{count}</span>'
    )


def _stock(item: Item, language: Language) -> str:
    if item.stock is None:
        return ""
    kind, text = stock_words(item.stock, language)
    return f'<p class="fw-stock fw-stock-{kind}">{esc(text)}</p>'


def _reasons(entry: Recommendation, language: Language) -> str:
    """The weightiest reasons stand on the card; all of them, with their sources, in a fold."""
    told = [reason for reason in entry.reasons if reason.text]
    if not told and not entry.unknown:
        return ""
    leads = "".join(f"<li>{esc(capital(reason.text))}</li>" for reason in told[:_LEADS])
    lead = f'<ul class="fw-because">{leads}</ul>' if told else ""
    rows = "".join(f"<li>{esc(capital(reason.text))} {_source(reason, language)}</li>" for reason in told)
    if entry.unknown:
        names = ", ".join(name.replace("_", " ") for name in entry.unknown)
        rows += f'<li class="fw-muted">{esc(word("not_stated", language, names=names))}</li>'
    summary = esc(word("why", language))
    return f'{lead}<details class="fw-why"><summary>{summary}</summary><ul>{rows}</ul></details>'


def _source(reason: Reason, language: Language) -> str:
    kind = reason.source.type if reason.source.type in _SOURCES else "other"
    name = word(f"source_{kind}", language)
    return f'<cite class="fw-source">{esc(name)} <code>{esc(reason.source.ref)}</code></cite>'


def _acts(title: str, language: Language) -> str:
    return (
        '<div class="fw-acts">'
        + _act("like", LIKE_ICON, title, language)
        + _act("dislike", DISLIKE_ICON, title, language)
        + '<span class="fw-ack"></span></div>'
    )


def _act(kind: str, icon: str, title: str, language: Language) -> str:
    name = word(kind, language)
    return (
        f'<button type="button" class="fw-act" data-act="{kind}" aria-pressed="false" title="{esc(name)}" '
        f'aria-label="{esc(name)}: {esc(title)}">{icon}</button>'
    )

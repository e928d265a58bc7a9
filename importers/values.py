"""Cells as exports write them: prices with a currency, markup, addresses, stock, categories."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

from babel.numbers import list_currencies

SIGNS = {"US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "元": "CNY", "￥": "CNY", "A$": "AUD",
         "C$": "CAD", "$": "USD", "zł": "PLN", "CHF": "CHF", "₽": "RUB", "R$": "BRL"}  # fmt: skip
"""Signs that name one currency; ¥ names two and is left to the operator."""
LONGEST_TEXT = 20_000
HIGHEST_PRICE = 1e12

_NUMBER = re.compile(r"-?\d[\d.,' \u00a0\u202f’]*")
_BLOCKS = frozenset({"p", "br", "li", "div", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "head", "title"})
_TAG = re.compile(r"<[a-zA-Z/!?]")


def price_of(text: str) -> tuple[float | None, str | None]:
    """Return amount and currency of a price ("19.99 USD", "1.299,00 €", "$1,299"); None for what it does not say."""
    found = _NUMBER.search(text)
    amount = _amount(found.group()) if found else None
    rest = (text[: found.start()] + " " + text[found.end() :]).strip() if found else ""
    return amount, currency_of(rest)


def currency_of(text: str) -> str | None:
    """Return the currency that a code or sign names."""
    code = text.strip().upper()
    if code in _currencies():
        return code
    return next((name for sign, name in SIGNS.items() if sign.upper() in code), None)


def number_of(text: str) -> float | None:
    """Return a plain number, or None."""
    found = _NUMBER.search(text)
    return _amount(found.group()) if found else None


def whole(text: str) -> int | None:
    """Return a whole number of pieces or reviews, or None."""
    number = number_of(text)
    return int(number) if number is not None and number >= 0 else None


def plain_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text without markup: lines for blocks, nothing of scripts, entities resolved."""
    if _TAG.search(text) or "&" in text:
        reader = _Stripper()
        reader.feed(text[: longest * 20])
        reader.close()
        text = "".join(reader.pieces)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)[:longest]


def one_line(text: str, longest: int = 500) -> str:
    """Return a name or title: plain, on one line."""
    return " ".join(plain_text(text, longest).split())


def web_address(text: str) -> str | None:
    """Return a web address, or None for any other scheme and for what is none."""
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= 4000
    return text if good and not re.search(r"[\s<>\"]", text) else None


def path_of(text: str, separator: str = ">") -> tuple[str, ...]:
    """Return a category path, widest first."""
    parts = (one_line(part, 200) for part in text.split(separator))
    return tuple(part for part in parts if part)


def truth(text: str) -> bool | None:
    """Return what a yes or no says; None for neither."""
    word = text.strip().lower()
    if word in ("true", "yes", "1", "y", "on"):
        return True
    return False if word in ("false", "no", "0", "-1", "n", "off") else None


def moment(text: str) -> datetime | None:
    """Return an ISO time with its zone, or None."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _amount(text: str) -> float | None:
    """Read a number whose signs of thousands and decimals are not known."""
    digits = re.sub(r"[' \u00a0\u202f’]", "", text).rstrip(".,")
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        decimal = "," if comma > dot else "."
        digits = digits.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    elif comma >= 0:
        thousands = digits.count(",") > 1 or len(digits) - comma == 4
        digits = digits.replace(",", "" if thousands else ".")
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    try:
        amount = float(digits)
    except ValueError:
        return None
    return amount if math.isfinite(amount) and abs(amount) < HIGHEST_PRICE else None


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


class _Stripper(HTMLParser):
    """Keeps the text of markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)

"""Values in words: money, numbers with units, dates, lists, counts, names of facets, in the answer's language."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_name, get_currency_symbol, list_currencies

from agent.embedded.word_markdown import plain
from agent.embedded.word_units import with_unit
from core.entities import Facet, FacetType, Item, Language, Value
from core.shop import Shop
from prompts.phrases import Phrases, standard
from retrieval.catalogue import Catalogue
from retrieval.units import readable

_RESERVED = frozenset({"title", "price", "brand", "category", "rating", "rating_count", "stock", "created_at"})
_SEPARATOR = re.compile(r"\s*[,(（，|]|\s+[-–—:/]\s+")
_BESIDE_LATIN = re.compile(r"(?<=[A-Za-z0-9])(?=[和或])|(?<=[和或])(?=[A-Za-z0-9])")
_SHORT_LEAST, _SHORT_MOST = 8, 32
_ADJECTIVE = re.compile(r"(proof|able|ible|less|ful|ish|ous|ing|ed|free|ic|al|resistant|friendly|compatible|ready)$")
_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINAL_WORDS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CHINESE_NUMBERS = ("零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")

_WRITABLE = 1e20
"""No formatter writes greater numbers out, and no reader wants them."""


def spoken(language: Language, shop: Shop, phrases: Phrases | None = None) -> Language:
    """Return the language to answer in: the one asked for, else the shop's, else English."""
    known = (phrases or standard()).languages
    return next((tag for tag in (language, shop.language) if tag in known), "en")


class Values:
    """Words for values of one catalogue in one language. All texts are plain, not Markdown."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        """Take the language as :func:`spoken` returned it."""
        self.catalogue = catalogue
        self.language = language
        self.shop = catalogue.shop

    def facet(self, field: str) -> Facet:
        """Return a facet; one that the catalogue does not have is taken for text."""
        return self.catalogue.facets.get(field) or Facet(field, FacetType.TEXT)

    def label(self, field: str) -> str:
        """Return a facet's name as it stands inside a sentence."""
        facet = self.facet(field)
        named = facet.labels.get(self.language)
        builtin = f"field.{field}"
        if not named and builtin in standard().keys(self.language):
            return standard().say(builtin, self.language)
        return lowered(named or facet.label(self.language))

    def money(self, amount: float, currency: str | None, *, short: bool = False) -> str:
        """Return an amount with its currency's sign; ``short`` drops the cents when there are none."""
        if not currency:
            return self.number(amount)
        if abs(amount) >= _WRITABLE:
            return f"{shortest_sign(currency)}{self.number(amount)}"
        if short and float(amount).is_integer():
            text = format_currency(amount, currency, "¤#,##0", locale=self.language, currency_digits=False)
        else:
            text = format_currency(amount, currency, locale=self.language)
        if currency == self.shop.currency:
            text = text.replace(get_currency_symbol(currency, self.language), shortest_sign(currency))
        return text

    def budget(self, amount: float, currency: str | None) -> str:
        """Return an amount as people say it of a limit: "$900", "900 美元"."""
        if self.language != "zh" or not currency:
            return self.money(amount, currency, short=True)
        name = "元" if currency == "CNY" else get_currency_name(currency, locale="zh")
        return f"{self.number(amount)} {name}"

    def number(self, value: float, unit: str | None = None, *, grouped: bool = False) -> str:
        """Return a number as the language writes it, with its unit; years and other bare numbers stay ungrouped."""
        if unit:
            value, unit = readable(value, unit)
        digits = "#,##0.##" if unit or grouped or abs(value) >= 10_000 else "0.##"
        if 0 < abs(value) < 0.01 or abs(value) >= _WRITABLE:
            text = f"{value:.2g}"
        else:
            text = format_decimal(value, digits, locale=self.language)
        if not unit:
            return text
        if is_currency(unit):
            return self.money(value, unit)
        return with_unit(text, value, unit, self.language)

    def show(self, field: str, value: Value | datetime | None, currency: str | None = None) -> str:
        """Return a facet's value in words; an empty text when there is none."""
        if value is None:
            return ""
        facet = self.facet(field)
        if isinstance(value, bool) or (facet.type is FacetType.BOOLEAN and isinstance(value, (int, float))):
            return standard().say("value.yes" if value else "value.no", self.language)
        if isinstance(value, (int, float)):
            if field == "price":
                return self.money(value, currency or self.currency(facet))
            return self.number(value, facet.unit)
        if isinstance(value, (date, datetime)) or facet.type is FacetType.DATE:
            return self.day(value)
        if isinstance(value, str):
            return self.value(field, value)
        if field == "category":
            return self.value(field, str(value[-1])) if value else ""
        return self.listing([self.show(field, part) for part in value])

    def currency(self, facet: Facet | None = None) -> str | None:
        """Return the currency of prices."""
        return self.shop.currency or (facet or self.facet("price")).unit

    def currency_name(self, code: str | None) -> str:
        """Return what a currency is called in the language: "US dollars", "美元"; empty without a code."""
        return get_currency_name(code, count=2, locale=self.language) if code else ""

    def value(self, field: str, value: str) -> str:
        """Return a value's display name; of a category path its last part, told apart when that name is not unique."""
        if field == "category" and ">" in value:
            *above, last = [part.strip() for part in value.split(">")]
            alike = sum(path[-1:] == (last,) for path in self.catalogue.category_paths())
            name = self.value(field, last)
            if alike < 2 or not above:
                return name
            return standard().say("value.within", self.language, value=name, within=self.value(field, above[-1]))
        shown = self.facet(field).value_label(value, self.language)
        if shown == value and field == "category" and value in self.shop.categories:
            shown = self.shop.categories[value].label.get(self.language) or value
        if shown == value and field == "brand" and value in self.shop.brands:
            shown = self.shop.brands[value].label.get(self.language) or value
        return shown

    def day(self, value: object) -> str:
        """Return a date in words; an unreadable one as it stands."""
        if not isinstance(value, (date, datetime)):
            try:
                value = datetime.fromisoformat(str(value))
            except ValueError:
                return str(value)
        return format_date(value, "long", locale=self.language)

    def phrase(self, field: str, value: Value | None, currency: str | None = None) -> str:
        """Return a facet with its value: "14 h battery life", "noise cancelling", "颜色：黑色", "14 小时电池续航"."""
        facet, label, shown = self.facet(field), self.label(field), self.show(field, value, currency)
        if facet.type is FacetType.BOOLEAN or isinstance(value, bool):
            return label if value else self.without(label)
        if isinstance(value, (int, float)) and facet.unit and field != "price" and self.language == "en":
            return f"{shown} {label}"
        if isinstance(value, (int, float)):
            return f"{label} {shown}"
        return standard().say("value.labelled", self.language, label=label, value=shown)

    def without(self, label: str) -> str:
        """Return the negation of a property: "not waterproof", "no stand", "不带支架"."""
        kind = "adjective" if self.language == "en" and is_adjective(label) else "noun"
        return standard().say(f"value.without_{kind}", self.language, label=label)

    def listing(self, parts: list[str], style: str = "standard") -> str:
        """Return "a, b and c" (``standard``), "a, b or c" (``or``) of the parts that are not empty."""
        found = [part for part in parts if part]
        if not found:
            return ""
        text = format_list(found, "or" if style == "or" else "standard", locale=self.language)
        return _BESIDE_LATIN.sub(" ", text) if self.language == "zh" else text

    def series(self, parts: list[str]) -> str:
        """Return parts of unlike kinds as a list: "a, b, and c", "a、b、c"."""
        return "、".join(part for part in parts if part) if self.language == "zh" else self.listing(parts)

    def count(self, number: int) -> str:
        """Return a small number as a word, a large one in digits."""
        words = _CHINESE_NUMBERS if self.language == "zh" else _NUMBER_WORDS
        return words[number] if 0 <= number < len(words) else self.number(number)

    def ordinal(self, position: int) -> str:
        """Return "first" or "第一个" for position 0, and so on."""
        if self.language == "zh":
            return f"第{'二' if position == 1 else self.count(position + 1)}个"
        return _ORDINAL_WORDS[position + 1] if position + 1 < len(_ORDINAL_WORDS) else f"no. {position + 1}"

    def title(self, item: Item) -> str:
        """Return an item's title in the answer's language, else in the shop's."""
        return item.text("title", self.language)

    def short(self, item: Item) -> str:
        """Return a title's leading part, for use inside sentences: up to the first separator, or a few words."""
        title = plain(self.title(item))
        head = _SEPARATOR.split(title, maxsplit=1)[0].strip()
        if len(head) < _SHORT_LEAST:
            head = title
        if len(head) <= _SHORT_MOST or " " not in head[:_SHORT_MOST]:
            return head
        return head[: _SHORT_MOST + 1].rsplit(" ", 1)[0].rstrip(" -–—+/&")

    def padded(self, text: str) -> str:
        """Return a text with the spaces that Chinese sentences put around Latin words."""
        if self.language != "zh" or not text:
            return text
        return f"{' ' if text[0].isascii() and text[0].isalnum() else ''}{text}" + (
            " " if text[-1].isascii() and text[-1].isalnum() else ""
        )

    def price(self, item: Item) -> str:
        """Return an item's price, or an empty text."""
        return "" if item.price is None else self.money(item.price, item.currency or self.currency())


def fact(item: Item, field: str) -> Value | datetime | None:
    """Return what the catalogue states of an item, reserved columns included; None when it does not."""
    if field in _RESERVED:
        stated: Value | datetime | None = getattr(item, field)
        return None if stated in ("", ()) else stated
    return item.facets.get(field)


@lru_cache(maxsize=256)
def is_currency(unit: str) -> bool:
    """Tell whether a unit is an ISO 4217 code."""
    return len(unit) == 3 and unit.isupper() and unit in list_currencies()


@lru_cache(maxsize=64)
def shortest_sign(currency: str) -> str:
    """Return a currency's shortest sign ("$", "¥"), clear enough in a shop that has one currency."""
    return min((get_currency_symbol(currency, locale) for locale in ("en", "zh")), key=len)


def lowered(label: str) -> str:
    """Return a label with a small first letter, unless it is an abbreviation or a name with inner capitals."""
    first = label.split(" ", 1)[0]
    return label[:1].lower() + label[1:] if first[1:].islower() or len(first) == 1 else label


def is_adjective(label: str) -> bool:
    """Tell from its ending whether an English label reads as an adjective ("waterproof", "noise cancelling")."""
    last = label.split()[-1] if label.split() else ""
    return bool(_ADJECTIVE.search(last))

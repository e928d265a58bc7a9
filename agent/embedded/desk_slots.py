"""What a message says for the desk: order numbers, e-mail, name and postcode, addresses, reasons."""

from __future__ import annotations

import re
from typing import Any

from agent.embedded.desk_words import DeskReading
from agent.embedded.text import normalise

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_ORDER_ID = re.compile(
    r"(?<![a-z0-9_@.-])(#?\s?[a-z]{1,4}[-_]?\d[\d-]{2,}\d|#\s?\w?\d{3,}|\d[\d-]{3,}\d)(?![a-z0-9_@])"
)
_POSTCODE = re.compile(r"(?<![\w#-])(?=[\w-]*\d)[A-Za-z]{0,3}[- ]?\d[\w-]{1,7}(?![\w-])", re.ASCII)
_NAME = re.compile(r"^[^\W\d_][\w'.-]*(?: [^\W\d_][\w'.-]*){0,3}$|^[一-鿿·]{2,8}$")
_SENTENCE = re.compile(r"[^.!?。！？；;\n]+[.!?。！？；;\n]?")
_TO = re.compile(r"(?:\b(?:to|is|as|:)\s+|为|成|到|是|[:：])\s*(?=\S*[\d])|(?:\b(?:to|is)\s+|为|成|到|是|[:：])\s*")
_COMMA = re.compile(r"\s*[,，、;；\n]\s*")
_BEFORE = 80
"""Characters before a number that may say what it numbers: a message of numbers alone is not read again for each."""
_STATE = re.compile(r"^[A-Z]{2,3}$")


def order_ids(text: str, *, digits: bool) -> list[str]:
    """Return the order numbers in a normalised text; ``digits`` lets bare digits count, which else are amounts."""
    bare = EMAIL.sub(" ", text)
    found = []
    for match in _ORDER_ID.finditer(bare):
        value = match.group(1).replace(" ", "")
        before = bare[max(0, match.start() - _BEFORE) : match.start()]
        if re.search(r"\b(item|product|model|article)s?\b[\w\s]{0,12}(id|number|no\.?|#)?\W*$|(商品|货号)\W*$", before):
            continue
        named = re.search(r"(order|number|no\.?|订单|单号|号)\W*(is|是|为)?\W*$", before)
        if not value[0].isdigit() or digits or named:
            found.append(value.upper())
    return list(dict.fromkeys(found))


def email_in(text: str) -> str | None:
    """Return the first e-mail address."""
    found = EMAIL.search(text)
    return found.group().rstrip(".") if found else None


def name_and_postcode(message: str, desk: DeskReading, *, expected: bool) -> dict[str, str]:
    """Return a name and a postcode as said in a message.

    Args:
        message: the customer's words.
        desk: the message's desk words.
        expected: whether they were just asked for: then "Ann Lee, 12345" is enough.
    """
    found: dict[str, str] = {}
    postcode = _said_postcode(message, desk, expected)
    if postcode:
        found["postcode"] = postcode
    name = _said_name(message, desk, expected)
    if name:
        found["name"] = name
    return found


def _said_postcode(message: str, desk: DeskReading, expected: bool) -> str | None:
    for word in desk.of("coded"):
        match = _POSTCODE.search(message, word.end)
        if match and match.start() - word.end <= 12:
            return match.group().strip()
    if not expected:
        return None
    codes = [match.group().strip() for match in _POSTCODE.finditer(EMAIL.sub(" ", message))]
    return codes[-1] if codes else None


def _said_name(message: str, desk: DeskReading, expected: bool) -> str | None:
    for word in desk.of("named"):
        rest = re.split(r"[,.;!?，。；！？\d]|\b(?:and|my|with|from|in|zip)\b|邮编", message[word.end :], maxsplit=1)[0]
        words = rest.strip(" :：是").split()[:4]
        name = " ".join(words)
        strong = message[word.start : word.end].lower().strip() not in ("i am", "i'm", "this is", "我是")
        proper = bool(words) and len(words) <= 3 and all(part[0].isupper() for part in words)
        chinese = re.fullmatch(r"[一-鿿·]{2,8}", name)
        if _NAME.match(name) and (strong or proper or (chinese and expected)):
            return name
    if not expected:
        return None
    coded = desk.of("coded")
    text = message[: coded[0].start] if coded and coded[0].start > 3 and len(message) == len(desk.text) else message
    for part in re.split(r"[,，;；。\n]|\d+|\band\b|和|(?<=[a-z]{2})\.(?=\s|$)", EMAIL.sub(" ", text)):
        part = part.strip(" .。")
        proper = part.isascii() and 2 <= len(part.split()) <= 4 and all(word[0].isupper() for word in part.split())
        if (proper or re.fullmatch(r"[一-鿿·]{2,4}", part)) and _NAME.match(part):
            return part
    return None


def address_in(text: str, *, whole: bool) -> dict[str, Any] | None:
    """Return the address in a part of a message as arguments of the desk's tool, or None.

    Args:
        text: the part, as the customer wrote it.
        whole: whether all of it is the address (it was just asked for); else it stands after "to", "is", "改成".
    """
    body = text
    if not whole or re.search(r"\baddress\b|地址", text.lower()):
        after = _TO.search(text, _after_address(text))
        if after is None:
            return None
        body = re.sub(r"^be\s+|\s*\([^()]*\)", "", text[after.end() :])
    body = re.split(r"(?:(?<=[^\W\d_]{3})|(?<=\d{4}))[.!。！](?:\s|$)", EMAIL.sub(" ", body), maxsplit=1)[0]
    parts = [part.strip(" .。\"'") for part in _COMMA.split(body.strip()) if part.strip(" .。\"'")]
    if order_ids(normalise(body), digits=False) or re.match(r"(?:be )?(?:the )?same\b", body.strip().lower()):
        return None  # that of another order
    if not parts or not re.search(r"\d", body) or len(body) > 300:
        return None
    return _address(parts)


def _after_address(text: str) -> int:
    found = re.search(r"address\b|地址", text.lower())
    return found.end() if found else 0


def _address(parts: list[str]) -> dict[str, Any]:
    address: dict[str, Any] = {}
    country = parts.pop() if len(parts) > 2 and not re.search(r"\d", parts[-1]) and not _STATE.match(parts[-1]) else ""
    tail = parts[-1].split() if len(parts) > 1 else []
    codes = [word for word in tail if re.search(r"\d", word)]
    if codes and len(parts) > 1 and len(tail) <= 3 and tail[-1] in codes:
        parts.pop()
        address["postcode"] = " ".join(tail[tail.index(codes[0]) :])
        if rest := " ".join(tail[: tail.index(codes[0])]):
            parts.append(rest)
    elif country and len(parts) >= 1:  # no postcode: the last part is a city, not a country
        parts.append(country)
        country = ""
    if len(parts) > 2 and _STATE.match(parts[-1]):
        address["state"] = parts.pop()
    if len(parts) > 1:
        address["city"] = parts.pop()
    return {**address, "country": country, "lines": parts} if country else {**address, "lines": parts}


def reason_in(message: str, desk: DeskReading) -> str | None:
    """Return the reason that a message gives, in its own words, or None."""
    if desk.has("no_reason"):
        return ""
    text = normalise(message)
    for word in desk.of("because"):
        rest = _first_sentence(message[word.start :] if len(text) == len(message) else text[word.start :])
        if desk.text[word.start : word.end] in ("because", "due to", "因为", "由于") and len(rest.split()) >= 1:
            return rest
    if not desk.of("fault"):
        return None
    at = desk.of("fault")[0].start
    for sentence in _SENTENCE.finditer(text):
        if sentence.start() <= at < sentence.end():
            parts = re.split(r"\b(?:because|since|as it|as they)\b|[,，]", sentence.group())
            own = [part for part in parts if _covers(part, text[at : at + 3])]
            return (own or [sentence.group()])[0].strip(" .。!！")
    return None


def _covers(part: str, words: str) -> bool:
    return words.strip() in part


def _first_sentence(text: str) -> str:
    found = _SENTENCE.search(text)
    return (found.group() if found else text).strip(" .。!！")

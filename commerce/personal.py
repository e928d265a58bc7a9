"""Personal data out of past service dialogues: names, e-mail and postal addresses, phones, order numbers, cards.

Rules only, English and Chinese, and rather too much than too little is taken out: what is left is used as a hint for
whoever answers, never shown to another customer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TITLES = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Sir|Madam)\.?"
_CAPITAL = r"[A-ZÀ-Þ][\w'’-]*"
_NAME = rf"{_CAPITAL}(?:\s+(?:(?:van|von|de|da|bin|al)\s+)?{_CAPITAL}){{0,3}}"
_SURNAME = r"[一-鿿]{1,3}"
_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|square|sq|terrace|close|"
    r"crescent|highway|hwy|parkway|yard|row)"
)
_RULES: tuple[tuple[str, str, int], ...] = (
    ("[email]", r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE),
    ("[link]", r"\b(?:https?://|www\.)\S+", re.IGNORECASE),
    # Cards before phones: both are long runs of digits.
    ("[card]", r"(?<!\d)(?:\d[ -]?){13,19}(?!\d)", 0),
    ("[card]", r"(?:\b(?:card|visa|mastercard|amex)\b[^.\n\d]{0,20}|尾号\s*(?:是|为)?\s*)\d{4}(?!\d)", re.IGNORECASE),
    ("[order]", r"#\s?\w*\d\w*|(?<![A-Za-z0-9])[A-Z]{1,5}[-_]?\d[\d-]{2,}(?![A-Za-z0-9])", re.IGNORECASE),
    ("[order]", r"\b(?:order|tracking|parcel)\s*(?:number|no\.?|id|#)?\s*(?:is|was|:)?\s*\d[\d-]{2,}", re.IGNORECASE),
    ("[order]", r"(?:订单|单号|快递|物流)(?:号|编号)?\s*(?:是|为|：|:)?\s*[A-Za-z]*\d[\dA-Za-z-]{3,}", 0),
    ("[phone]", r"(?<![\d-])(?:\+|00)\d{1,3}[\d ().-]{6,16}\d", 0),
    ("[phone]", r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", 0),
    ("[phone]", r"(?<!\d)\(?\d{3,4}\)?[ .-]\d{3,4}[ .-]?\d{3,4}(?!\d)", 0),
    ("[address]", rf"\b\d{{1,5}}[a-z]?\s+(?:[\w'’.]+\s+){{1,4}}{_STREET}"
        rf"\b\.?(?:,\s*[^,.;\n]{{1,40}}){{0,4}}", re.IGNORECASE),
    ("[address]", r"[一-鿿]{2,8}(?:省|自治区|市)[一-鿿]{0,10}(?:市|区|县)?"
        r"[^，。；\s]{0,30}?(?:号|室|栋|弄|楼)(?:\d+\S{0,6})?", 0),
    ("[address]", r"[一-鿿]{2,10}(?:路|街|大道|巷|弄)\s?\d+\s?号[^，。；\s]{0,15}", 0),
    ("[postcode]", r"\b(?:zip(?: code)?|postcode|postal code)\s*(?:is|:)?\s*"
        r"[A-Z]{0,3}[ -]?\d[A-Z0-9 -]{1,8}", re.IGNORECASE),
    ("[postcode]", r"邮(?:政)?编码?\s*(?:是|为|：|:)?\s*\d{4,6}", 0),
    ("[name]", rf"\b{_TITLES}\s+{_NAME}", 0),
    ("[name]", rf"(?i:\b(?:my name is|name is|this is|i am|"
        rf"i'm|dear|hi|hello|regards,?|sincerely,?|thanks,?))\s+(?P<who>{_NAME})", 0),
    ("[name]", rf"(?:我叫|姓名(?:是|为|：|:)?|名字(?:是|叫)|我是)\s*(?P<who>{_SURNAME}(?=[，。,.；\s]|$))", 0),
    ("[name]", r"(?P<who>[一-鿿]{1,2})(?=先生|女士|小姐|老师)", 0),
    ("[number]", r"(?<!\d)\d{6,}(?!\d)", 0),
)  # fmt: skip
_COMPILED = tuple((mark, re.compile(pattern, flags)) for mark, pattern, flags in _RULES)
_NOT_NAMES = frozenset(
    "there all team everyone thanks thank sorry the this that your you it we not so very just still here happy "
    "glad sure going looking trying waiting i a an support service customer good".split()
)


def without_personal_data(text: str, known: Iterable[str] = ()) -> str:
    """Return a text with what names or reaches a person replaced by ``[name]``, ``[email]`` and the like.

    Args:
        text: any text, English or Chinese.
        known: names, addresses or numbers that are known to be somebody's; taken out wherever they stand.
    """
    for word in sorted({each.strip() for each in known if len(each.strip()) > 1}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w]){re.escape(word)}(?![\w])" if word.isascii() else re.escape(word), "[name]", text)
    for mark, pattern in _COMPILED:
        text = pattern.sub(lambda match, mark=mark: _replaced(match, mark), text)  # type: ignore[misc]
    return text


def _replaced(match: re.Match[str], mark: str) -> str:
    who = match.groupdict().get("who")
    if who is None:
        return mark
    if who.split()[0].lower() in _NOT_NAMES:
        return match.group()
    start = match.start("who") - match.start()
    return match.group()[:start] + mark + match.group()[start + len(who) :]

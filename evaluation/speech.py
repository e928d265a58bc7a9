"""How simulated shoppers put things: phrasings as data (``phrasings/*.yaml``), words of values, slips of the finger."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.entities import Facet, Language
from retrieval.units import convert, currencies, display_unit, readable

FOLDER = Path(__file__).with_name("phrasings")
PARAPHRASES = 4
"""Independent phrasings of each kind of sentence."""
_LATIN = re.compile(r"[a-z]{5,}")
_LATIN_END, _LATIN_START = re.compile(r"[A-Za-z0-9]$"), re.compile(r"[A-Za-z0-9]")
_PLACE = re.compile(r"\{(\w+)\}")


@cache
def _phrasings(language: Language) -> dict[str, Any]:
    path = FOLDER / f"{language}.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def languages() -> tuple[Language, ...]:
    """Return the languages that shoppers speak."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def say(language: Language, kind: str, variant: int, **words: str) -> str:
    """Return the phrasing ``variant`` (modulo their number) of a kind of sentence, with its words put in."""
    forms: list[str] = _phrasings(language)[kind]
    # Not str.format: a catalogue's values may hold braces.
    said = ""
    for at, part in enumerate(_PLACE.split(forms[variant % len(forms)])):
        piece = words[part] if at % 2 else part
        # 内存 8 GB is written together, "page yield 8": Latin words and numbers are apart in every language.
        together = _LATIN_END.search(said) is not None and _LATIN_START.match(piece) is not None
        said += f" {piece}" if together else piece
    return said


def joined(language: Language, phrases: list[str]) -> str:
    """Return phrases as one enumeration."""
    return str(_phrasings(language)["join"]).join(phrases)


def mistyped(text: str, language: Language, rng: random.Random, spared: tuple[str, ...] = ()) -> str:
    """Return a text with one slip: a confused character, or two letters of a word swapped, or one lost or doubled.

    Words of ``spared`` stay whole: a value in a script that the speaker copies, say.
    """
    confusions: dict[str, str] = _phrasings(language)["confusions"]
    wrong = [place for place, letter in enumerate(text) if letter in confusions]
    if wrong:
        place = rng.choice(wrong)
        return text[:place] + confusions[text[place]] + text[place + 1 :]
    found = [match for match in _LATIN.finditer(text) if match[0] not in spared]
    if not found:
        return text
    word = rng.choice(found)
    place = word.start() + rng.randrange(1, len(word[0]) - 1)
    first, second = text[place], text[place + 1]
    slip = rng.choice((second + first, second, first + first + second))
    return text[:place] + slip + text[place + 2 :]


def money(amount: float, currency: str | None, language: Language) -> str:
    """Return an amount as people write it: ``$300``, ``300元``."""
    entry = currencies().get(currency or "")
    number = f"{amount:.12g}"
    if entry is None:
        return f"{number} {currency}" if currency else number
    if language == "en" and entry.get("symbols"):
        return f"{entry['symbols'][0]}{number}"
    return f"{number}{entry[language][0]}" if language == "zh" and entry.get("zh") else f"{number} {currency}"


def rounded(value: float, facet: Facet, step: float, up: bool) -> tuple[float, str, str]:
    """Return a bound near a value: the number in the facet's unit, and as read (number, unit).

    It is a multiple of ``step`` (in the facet's unit) where the value allows, and never on its wrong side.
    """
    multiple = value / step
    near = round(multiple)
    whole = near if abs(multiple - near) < 1e-9 else (int(multiple // 1) + 1 if up else int(multiple // 1))
    bound = round(whole * step, 10)
    if bound <= 0 < value:
        bound = value
    if facet.unit is None:
        return bound, f"{bound:.10g}", ""
    shown, unit = readable(bound, facet.unit)
    # What is said is what is meant: the number as written, brought back to the catalogue's unit.
    text = f"{shown:.6g}"
    return (convert(float(text), unit, facet.unit) if unit != facet.unit else float(text)), text, unit


def measure(text: str, unit: str, language: Language) -> str:
    """Return a number with its unit's name in a language."""
    name = display_unit(unit, language)
    return f"{text} {name}".strip() if language == "en" else f"{text}{name}"

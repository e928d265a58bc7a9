"""The general words of a language (``language/*.yaml``): comparators, negators, ordinals, cues. No shop's words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from core.errors import PromptError

FOLDER = Path(__file__).parent / "language"


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language's general words; every mapping is role -> phrases."""

    language: str
    roles: dict[str, list[str]]
    ordinals: dict[int, list[str]]
    numbers: dict[int, list[str]]
    decades: dict[int, list[str]]
    multipliers: dict[int, list[str]]
    cues: dict[str, list[str]]
    politeness: list[str]
    confusions: dict[str, list[str]]
    """Characters that are often written for others."""
    fields: dict[str, list[str]]
    """What the columns that every shop has are called."""
    stopwords: frozenset[str]


def _phrases(path: Path, name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
        raise PromptError(f"{path.name}: {name} must be a list of strings (quote words such as no, yes, on)")
    return value


@lru_cache(maxsize=8)
def load_grammar(language: str) -> Grammar:
    """Read a language's file.

    Raises:
        PromptError: the file is missing, or a phrase is not a string.
    """
    path = FOLDER / f"{language}.yaml"
    if not path.is_file():
        raise PromptError(f"no grammar for language {language!r}: expected {path.name} in {FOLDER.name}/")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))

    def table(name: str) -> dict[Any, list[str]]:
        return {key: _phrases(path, f"{name}.{key}", value) for key, value in data[name].items()}

    return Grammar(
        language=language,
        roles=table("grammar"),
        ordinals=table("ordinals"),
        numbers=table("numbers"),
        decades=table("decades"),
        multipliers=table("multipliers"),
        cues=table("cues"),
        confusions=table("confusions"),
        fields=table("fields"),
        politeness=_phrases(path, "politeness", data["politeness"]),
        stopwords=frozenset(_phrases(path, "stopwords", data["stopwords"])),
    )


def grammars() -> tuple[Grammar, ...]:
    """Return every language's grammar; a message may mix languages, so all are matched at once."""
    return tuple(load_grammar(path.stem) for path in sorted(FOLDER.glob("*.yaml")))

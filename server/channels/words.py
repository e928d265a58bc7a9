"""What channels and the inbox say by themselves, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from core.entities import Language
from server.page_words import ui_language


@cache
def channel_texts() -> Mapping[str, Mapping[str, str]]:
    """Return the texts: language -> key -> text with ``{placeholders}``."""
    content: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8")
    )
    return content


def channel_word(key: str, language: Language, **values: object) -> str:
    """Return a text in a language, with its placeholders filled."""
    return channel_texts()[ui_language(language)][key].format(**values)

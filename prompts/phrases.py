"""The embedded writer's phrases: ``phrases/<language>.yaml``, each key a list of Jinja2 variants of one saying."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml
from jinja2 import Environment, StrictUndefined, Template, TemplateError, UndefinedError

from core.errors import PromptError

FOLDER = Path(__file__).resolve().parent / "phrases"


class Phrases:
    """Sayings by key and language; read once, compiled when first said. Thread-safe."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read every ``<language>.yaml`` of a folder.

        Raises:
            PromptError: the folder has no such file, or a file is not a mapping of keys to lists of texts.
        """
        self._sources = {path.stem: _read(path) for path in sorted(folder.glob("*.yaml"))}
        if not self._sources:
            raise PromptError(f"{folder}: no phrase files; expected one <language>.yaml for each language")
        self._folder = folder
        self._environment = Environment(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._compiled: dict[tuple[str, str, int], Template] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a file."""
        return tuple(self._sources)

    def variants(self, key: str, language: str) -> tuple[str, ...]:
        """Return the templates of one key.

        Raises:
            PromptError: no such language or key.
        """
        try:
            return self._sources[language][key]
        except KeyError:
            raise PromptError(f"{self._folder / language}.yaml: has no phrase {key!r}") from None

    def keys(self, language: str) -> frozenset[str]:
        """Return every key of a language."""
        return frozenset(self._sources.get(language, {}))

    def say(self, key: str, language: str, seed: int = 0, **variables: Any) -> str:
        """Return one variant of a phrase, chosen by the seed; seeds that follow each other take different ones.

        Raises:
            PromptError: no such language or key, a variable is missing, or the template is wrong.
        """
        variants = self.variants(key, language)
        number = (crc32(key.encode()) + seed) % len(variants)
        try:
            return self._template(key, language, number).render(variables).strip()
        except UndefinedError as error:
            raise PromptError(f"{self._folder / language}.yaml: phrase {key!r}, variant {number}: {error}") from error

    def _template(self, key: str, language: str, number: int) -> Template:
        place = (key, language, number)
        if place not in self._compiled:
            try:
                self._compiled[place] = self._environment.from_string(self._sources[language][key][number])
            except TemplateError as error:
                raise PromptError(
                    f"{self._folder / language}.yaml: phrase {key!r}, variant {number} is no template: {error}"
                ) from error
        return self._compiled[place]


@cache
def standard() -> Phrases:
    """Return the phrases that come with the project, read once."""
    return Phrases()


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PromptError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, Mapping):
        raise PromptError(f"{path}: must be a mapping of keys to lists of texts")
    phrases: dict[str, tuple[str, ...]] = {}
    for key, variants in content.items():
        texts = [variants] if isinstance(variants, str) else variants
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise PromptError(f"{path}: phrase {key!r} must be a text or a list of texts")
        phrases[str(key)] = tuple(texts)
    return phrases

"""The prompts of the LLM: ``llm/<name>.<language>.md.j2``, Markdown with Jinja2, rendered strictly."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from core.errors import PromptError

FOLDER = Path(__file__).resolve().parent / "llm"
LANGUAGES = ("en", "zh")


class Templates:
    """Prompts by name and language; each is compiled when first rendered. Thread-safe."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Use a folder of templates."""
        self._folder = folder
        self._environment = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters.update(data=data, block=block)
        self._tables: dict[tuple[str, str], Mapping[str, str]] = {}

    def render(self, name: str, language: str, **variables: Any) -> str:
        """Return a prompt in a language (English when there is no file in it).

        Raises:
            PromptError: there is no such prompt, a variable is missing, or the template is wrong.
        """
        file = f"{name}.{known(language)}.md.j2"
        try:
            return self._environment.get_template(file).render(variables).strip() + "\n"
        except TemplateError as error:
            raise PromptError(f"{self._folder / file}: {error!r}") from error

    def table(self, name: str, language: str) -> Mapping[str, str]:
        """Return a table of short texts (``llm/<name>.<language>.yaml``).

        Raises:
            PromptError: there is no such table, or it is no mapping of texts.
        """
        key = (name, known(language))
        if key not in self._tables:
            path = self._folder / f"{name}.{key[1]}.yaml"
            try:
                content = yaml.safe_load(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
                raise PromptError(f"{path}: cannot be read: {error}") from error
            if not isinstance(content, dict):
                raise PromptError(f"{path}: must be a mapping of names to texts")
            self._tables[key] = {str(name): str(text) for name, text in content.items()}
        return self._tables[key]


def known(language: str) -> str:
    """Return the language that prompts are written in for a language of the shop's."""
    return language if language in LANGUAGES else "en"


def data(text: object, limit: int = 300) -> str:
    """Return a text from outside on one line, unable to close the tag that it stands in."""
    line = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    line = line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
    return line.replace("<", "‹").replace(">", "›")


def block(text: object, limit: int = 8000) -> str:
    """Return a text of several lines from outside, unable to close the tag that it stands in."""
    kept = "".join(char if char.isprintable() or char == "\n" else " " for char in str(text)).strip()
    kept = kept if len(kept) <= limit else kept[: limit // 2] + "\n…\n" + kept[-limit // 2 :]
    return kept.replace("<", "‹").replace(">", "›")


@cache
def standard() -> Templates:
    """Return the prompts that come with the project."""
    return Templates()

"""Writes ``docs/settings.md`` and ``.env.example`` from ``core.settings.Settings``: ``make docs``."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from core.settings import CHECKOUT, Settings

PAGE_HEAD = """\
# Settings

Every option of `python launch.py` is also an environment variable; the option wins. `.env.example` lists them to copy.
This page is written by `make docs` from `core/settings.py`.

| option | variable | value | default | what it is |
|---|---|---|---|---|
"""

EXAMPLE_HEAD = """\
# Every setting with its default, written by `make docs` from core/settings.py (see docs/settings.md).
# Floorwalker reads the environment, not this file: copy it to .env, take the # away where you change a value, and
# run `set -a; . ./.env; set +a` before `make run` (or name it with --env-file in a container).
"""


def settings_page() -> str:
    """Return ``docs/settings.md``."""
    rows = [
        f"| `--{name.replace('_', '-')}` | `{variable(name)}` | {kind(field.annotation)} "
        f"| {_code(default(field))} | {_cell(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return PAGE_HEAD + "\n".join(rows) + "\n"


def env_example() -> str:
    """Return ``.env.example``."""
    entries = [
        f"# {field.description} ({kind(field.annotation, plain=True)})\n#{variable(name)}={default(field)}\n"
        for name, field in Settings.model_fields.items()
    ]
    return EXAMPLE_HEAD + "\n" + "\n".join(entries)


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{Settings.model_config['env_prefix']}{name}".upper()


def default(field: FieldInfo) -> str:
    """Return a default as it would be written in a shell; paths are relative to the checkout; empty for none."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return ""
    if isinstance(value, Path):
        return value.relative_to(CHECKOUT).as_posix() if value.is_relative_to(CHECKOUT) else value.as_posix()
    return str(value).lower() if isinstance(value, bool) else str(value)


def kind(annotation: Any, *, plain: bool = False) -> str:
    """Return what may be written as a value, in words."""
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(str(choice) if plain else f"`{choice}`" for choice in get_args(annotation))
    if origin in (Union, types.UnionType):
        return kind(next(part for part in get_args(annotation) if part is not type(None)), plain=plain)
    if origin in (list, tuple):
        return "a list in JSON"
    names = {bool: "true or false", int: "whole number", float: "number", Path: "path", SecretStr: "secret"}
    return names.get(annotation, "text")


def _code(text: str) -> str:
    return f"`{text}`" if text else "none"


def _cell(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


def main() -> None:
    """Write both files into the checkout."""
    (CHECKOUT / "docs" / "settings.md").write_text(settings_page(), encoding="utf-8")
    (CHECKOUT / ".env.example").write_text(env_example(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The options of ``launch.py``: one for each field of ``core.settings.Settings``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.errors import SettingsError
from core.settings import CHECKOUT, Settings
from core.version import VERSION

COMMANDS = {
    "serve": "build the index where it is needed, and serve the chat page and the API (the default)",
    "chat": "the same conversation in this terminal",
    "index": "build the index, and stop",
    "train": "learn from the shop's own interactions; what pays on its latest events is switched on",
    "profiles": "write what users like, as vectors, for another shop to take over (docs/ranking.md)",
    "enrich": "let the LLM (--llm) describe the items more fully, for searching alone; a second run goes on",
    "check": "check the shop folder: each problem with file, row and field",
    "doctor": "check this machine: Python, packages, shop, encoder, index, port and model",
}


def parse(arguments: Sequence[str] | None = None) -> tuple[str, Settings]:
    """Return the command and the settings that options, environment and defaults give, in this order.

    Raises:
        SettingsError: a value is wrong; the message names its option and variable.
        SystemExit: ``--help``, ``--version``, or an option that does not exist (status 2).
    """
    given = vars(_parser().parse_args(arguments))
    command = given.pop("command")
    try:
        return command, Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = [f"{_names(finding['loc'])}: {finding['msg']}" for finding in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="launch.py",
        description="Floorwalker: a conversational recommender with customer service built in, for any shop.",
        epilog="commands:\n"
        + "\n".join(f"  {name:8} {text}" for name, text in COMMANDS.items())
        + "\n  import   make a shop folder of a product export (see import --help)"
        + "\n\nEach option is also an environment variable: --data-dir is FLOORWALKER_DATA_DIR. The option wins.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", default="serve", choices=tuple(COMMANDS), metavar="COMMAND")
    parser.add_argument("--version", action="version", version=f"Floorwalker {VERSION}")
    for name, field in Settings.model_fields.items():
        _add(parser, name, field)
    return parser


def _add(parser: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    option = "--" + name.replace("_", "-")
    text = (field.description or "").replace("%", "%%")
    default = field.get_default()
    if isinstance(default, bool):
        shown = f"{text} (default: {'yes' if default else 'no'})"
        parser.add_argument(option, dest=name, action=argparse.BooleanOptionalAction, default=None, help=shown)
        return
    shown = f"{text} (default: {_shown(default)})" if default not in (None, "") else text
    parser.add_argument(option, dest=name, metavar=name.rsplit("_", 1)[-1].upper(), default=None, help=shown)


def _shown(default: Any) -> str:
    return str(default).removeprefix(f"{CHECKOUT}/").replace("%", "%%")


def _names(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else ""
    return f"--{name.replace('_', '-')} (FLOORWALKER_{name.upper()})"

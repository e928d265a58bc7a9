"""``launch.py import KIND FILE --out DIR``: a product export becomes a shop folder."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from core.errors import SettingsError
from server.commands import IndexProgress, say


def run_import(arguments: Sequence[str], console: Console) -> int:
    """Import a file; the status is 0, whatever single rows were left out.

    Raises:
        ShopError: the file cannot be imported, or the folder is in use.
        SettingsError: a value is wrong.
        SystemExit: ``--help``, or an option that does not exist.
    """
    from importers.importing import import_file
    from importers.records import Wishes

    given = _parser().parse_args(arguments)
    currency = given.currency
    if currency and not re.fullmatch(r"[A-Za-z]{3}", currency):
        raise SettingsError(f"--currency: {currency!r} is no code of a currency (USD, EUR, CNY, ...)")
    wishes = Wishes(given.name, currency, given.site)
    kind = None if given.kind == "auto" else given.kind
    with IndexProgress() as progress:
        report = import_file(given.file, given.out, kind, wishes, progress)
    for line in report.lines():
        say(console, line)
    say(console, f"{report.folder} is a shop now: launch.py check --shop {report.folder}, then chat or serve.")
    return 0


def _parser() -> argparse.ArgumentParser:
    from importers.detecting import KINDS

    parser = argparse.ArgumentParser(
        prog="launch.py import", description="Make a shop folder of a product export.", allow_abbrev=False
    )
    parser.add_argument("kind", choices=("auto", *KINDS), metavar="KIND", help="auto, " + ", ".join(KINDS))
    parser.add_argument("file", type=Path, metavar="FILE", help="the export: CSV, TSV, XML, JSON or HTML")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the shop folder to make")
    parser.add_argument("--name", default="", help="the shop's name (default: from the file's)")
    parser.add_argument("--currency", metavar="CODE", help="where the file states none, or several")
    parser.add_argument("--site", metavar="URL", help="the shop's address, for links to Shopify products")
    return parser

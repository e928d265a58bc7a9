"""An answer's Markdown in the dialects of messaging channels; nothing in a text can become a command of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import east_asian_width

from markdown_it import MarkdownIt
from markdown_it.token import Token

from server.page_cards import web_link
from server.page_words import visible


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a channel writes what Markdown can say."""

    escape: Callable[[str], str]
    bold: str
    italic: str
    code: str
    fence: str
    link: Callable[[str, str], str]
    """Of a text that is escaped already, and an address."""


def _slack_escape(text: str) -> str:
    # The three characters of Slack's documentation: without "<" there is no mention, no channel call, no link.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_link(text: str, url: str) -> str:
    address = _slack_escape(url).replace("|", "%7C")
    return f"<{address}|{text.replace('|', '¦')}>"


def _lark_escape(text: str) -> str:
    # Feishu reads HTML entities in cards; tags such as <at> would call people.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("*", "&#42;")


SLACK = Dialect(_slack_escape, "*", "_", "`", "```", _slack_link)
LARK = Dialect(_lark_escape, "**", "*", "`", "```", lambda text, url: f"[{text}]({url.replace(')', '%29')})")
PLAIN = Dialect(lambda text: text, "", "", "", "", lambda text, url: text if url in text else f"{text} ({url})")


def convert(text: str, dialect: Dialect) -> str:
    """Return Markdown in a channel's dialect."""
    tokens = _parser().parse(visible(text))
    return _Writing(dialect).blocks(tokens).strip()


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


class _Writing:
    """Writes a document's blocks one after the other."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._lists: list[int | None] = []
        """The next number of each open list; None for bullets."""
        self._out: list[str] = []

    def blocks(self, tokens: Sequence[Token]) -> str:
        """Return all blocks."""
        table: list[list[str]] | None = None
        for token in tokens:
            if token.type == "table_open":
                table = []
            elif token.type == "table_close":
                self._out.append(self._table(table or []) + "\n\n")
                table = None
            elif token.type == "tr_open" and table is not None:
                table.append([])
            elif token.type == "inline" and table is not None:
                table[-1].append(convert_inline(token.children or (), PLAIN))
            elif table is None:
                self._block(token)
        return "".join(self._out)

    def _block(self, token: Token) -> None:
        dialect, out = self._dialect, self._out
        if token.type == "inline":
            out.append(convert_inline(token.children or (), dialect))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            start = int(token.attrGet("start") or 1) if token.type.startswith("ordered") else None
            self._lists.append(start)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
            out.append("" if self._lists else "\n")
        elif token.type == "list_item_open":
            number = self._lists[-1]
            out.append("   " * (len(self._lists) - 1) + ("• " if number is None else f"{number}. "))
            self._lists[-1] = None if number is None else number + 1
        elif token.type == "paragraph_close":
            out.append("\n" if self._lists else "\n\n")
        elif token.type == "heading_open":
            out.append(dialect.bold)
        elif token.type == "heading_close":
            out.append(dialect.bold + "\n")
        elif token.type in ("fence", "code_block"):
            out.append(f"{dialect.fence}\n{dialect.escape(token.content)}{dialect.fence}\n\n")

    def _table(self, rows: list[list[str]]) -> str:
        """Columns side by side in a fixed-width block; channels have no tables."""
        widths = [max(_width(row[at]) for row in rows if at < len(row)) for at in range(max(map(len, rows), default=0))]
        lines = [
            "  ".join(cell + " " * (widths[at] - _width(cell)) for at, cell in enumerate(row)).rstrip() for row in rows
        ]
        fence = self._dialect.fence
        body = self._dialect.escape("\n".join(lines))
        return f"{fence}\n{body}\n{fence}" if fence else body


def convert_inline(tokens: Sequence[Token], dialect: Dialect) -> str:
    """Return a line's tokens in a dialect."""
    out: list[str] = []
    links: list[tuple[str | None, int]] = []
    marks = {"strong_open": dialect.bold, "strong_close": dialect.bold, "em_open": dialect.italic,
             "em_close": dialect.italic, "softbreak": "\n", "hardbreak": "\n"}  # fmt: skip
    for token in tokens:
        if token.type in ("text", "image"):  # pictures are the cards'; prose makes nobody fetch one
            out.append(dialect.escape(token.content))
        elif token.type == "code_inline":
            out.append(f"{dialect.code}{dialect.escape(token.content)}{dialect.code}")
        elif token.type == "link_open":
            links.append((web_link(str(token.attrGet("href") or "")), len(out)))
        elif token.type == "link_close":
            address, start = links.pop()
            label = "".join(out[start:])
            out[start:] = [dialect.link(label, address) if address else label]
        else:
            out.append(marks.get(token.type, ""))
    return "".join(out)


def _width(text: str) -> int:
    """Return how many columns a text takes; Chinese characters take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)

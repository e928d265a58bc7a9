"""Texts from outside as Markdown that shows them as they are."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_SPACES = re.compile(r"\s+")
_SPECIAL = re.compile(r"([\\`*_\[\]|~])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp)://|\bwww\.")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)]*)\)")


def plain(text: str) -> str:
    """Return a text on one line, without control and formatting characters."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return _SPACES.sub(" ", visible).strip()


def escape(text: str) -> str:
    """Return one line of Markdown that shows exactly this text: no emphasis, link, table cell or HTML of its own."""
    text = _SPECIAL.sub(r"\\\1", plain(text))
    text = _ENTITY.sub(r"\&", text).replace("<", "&lt;")
    text = "\\" + text if text.startswith((">", "#")) else text
    return _AUTOLINK.sub(lambda found: found.group().replace("://", "\\://").replace("www.", "www\\."), text)


def link(text: str, url: str | None) -> str:
    """Return escaped text, linked when the address is http(s)."""
    if not url:
        return escape(text)
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return escape(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return escape(text)
    return f"[{escape(text)}]({quote(url.strip(), safe=':/?#@!$&+,;=%~-._')})"


def quoted(text: str) -> str:
    """Return Markdown of a document as a block quote: its lists and emphasis stay, HTML and odd links do not."""
    lines = [_harmless(line).rstrip() for line in text.strip().splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _harmless(line: str) -> str:
    line = "".join(char if char.isprintable() or char == "\t" else " " for char in line)
    line = re.sub(r"^(\s*)#+\s*(.*)$", r"\1**\2**", line)
    line = line.replace("<", "&lt;")
    return _LINK.sub(lambda found: _kept(found.group(1), found.group(2)), line)


def _kept(text: str, url: str) -> str:
    return f"[{text}]({url})" if re.match(r"(?i)https?://[^\s<>]+$", url) else text


def opened(text: str) -> str:
    """Return a sentence with its first letter as a capital, also behind opening signs of Markdown."""
    found = re.match(r"^[*_“‘\"(\[]*", text)
    start = found.end() if found else 0
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]

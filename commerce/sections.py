"""Policy documents cut into sections by heading, each with the anchor that citations use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.entities import Language
from core.errors import Problem

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_ANCHOR = re.compile(r"[ \t]*\{#([\w-]+)\}[ \t]*$")
_FENCE = re.compile(r"^(```|~~~)")


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading, without its subsections."""

    ref: str
    """``policies/returns.md#window``."""
    document: str
    """The document's title: its first heading of level 1, else its file name in words."""
    title: str
    text: str
    language: Language


def read_sections(root: Path, name: str, language: Language) -> tuple[tuple[Section, ...], list[Problem]]:
    """Read every Markdown file under a folder.

    Args:
        root: the folder.
        name: how refs call the folder ("policies").
        language: of files without a language suffix (``returns.md``; ``returns.zh.md`` is Chinese).

    Returns:
        The sections in file order, and what is wrong with the files.
    """
    sections: list[Section] = []
    problems: list[Problem] = []
    for path in sorted(root.rglob("*.md")):
        ref = f"{name}/{path.relative_to(root).as_posix()}"
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(ref, f"cannot be read and is skipped: {error}", fatal=False))
            continue
        found = list(_split(text, ref, path.name, language))
        if not found:
            problems.append(Problem(ref, "has no text under any heading and is skipped", fatal=False))
        sections.extend(found)
    return tuple(sections), problems


def slug(title: str) -> str:
    """Return a heading's anchor: lower case, hyphens for all else, Chinese kept (return-window)."""
    text = unicodedata.normalize("NFKC", title).lower()
    return re.sub(r"[^\w]+", "-", text.replace("'", "")).strip("-_") or "section"


def _split(text: str, ref: str, filename: str, language: Language) -> Iterator[Section]:
    stem, _, suffix = filename.removesuffix(".md").partition(".")
    language = suffix or language
    blocks = list(_blocks(text))
    titles = [_ANCHOR.sub("", heading) for level, heading, _ in blocks if level == 1]
    document = titles[0] if titles else stem.replace("_", " ").replace("-", " ").capitalize()
    anchors: dict[str, int] = {}
    for _, heading, body in blocks:
        if not heading and not body:
            continue
        anchored = _ANCHOR.search(heading)
        title = _ANCHOR.sub("", heading)
        anchor = anchored.group(1) if anchored else slug(title or stem)
        count = anchors[anchor] = anchors.get(anchor, -1) + 1
        if body:
            yield Section(
                ref=f"{ref}#{anchor}-{count}" if count else f"{ref}#{anchor}",
                document=document,
                title=title or document,
                text=body,
                language=language,
            )


def _blocks(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (level, heading, text below); text before the first heading has level 0. Fenced code holds no headings."""
    level, heading, lines, fenced = 0, "", list[str](), False
    for line in text.splitlines():
        if _FENCE.match(line.lstrip()):
            fenced = not fenced
        match = None if fenced else _HEADING.match(line)
        if match:
            yield level, heading, "\n".join(lines).strip()
            level, heading, lines = len(match.group(1)), match.group(2), []
        else:
            lines.append(line)
    yield level, heading, "\n".join(lines).strip()

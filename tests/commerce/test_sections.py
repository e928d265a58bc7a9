from __future__ import annotations

from pathlib import Path

import pytest

from commerce.sections import read_sections, slug

RETURNS = """\ufeffBefore any heading.

# Returns & refunds

Intro.

## How long? {#window}

30 days.

```
# no heading
```

### Opened boxes

Fine.

## Refunds ##
## Refunds

Soon.
"""


def test_sections_have_the_anchors_that_a_reader_expects(tmp_path: Path) -> None:
    (tmp_path / "returns.md").write_text(RETURNS, encoding="utf-8")
    sections, problems = read_sections(tmp_path, "policies", "en")
    assert problems == []
    assert [(each.ref, each.title, each.language) for each in sections] == [
        ("policies/returns.md#returns", "Returns & refunds", "en"),
        ("policies/returns.md#returns-refunds", "Returns & refunds", "en"),
        ("policies/returns.md#window", "How long?", "en"),
        ("policies/returns.md#opened-boxes", "Opened boxes", "en"),
        ("policies/returns.md#refunds-1", "Refunds", "en"),
    ]
    assert sections[2].text == "30 days.\n\n```\n# no heading\n```"
    assert sections[3].document == "Returns & refunds"


def test_language_is_in_the_file_name(tmp_path: Path) -> None:
    (tmp_path / "a.zh.md").write_text("# 退货\n\n## 期限\n\n三十天。\n", encoding="utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.md").write_text("# B\n\ntext\n", encoding="utf-8")
    sections, _ = read_sections(tmp_path, "policies", "de")
    assert [(each.ref, each.language) for each in sections] == [
        ("policies/a.zh.md#期限", "zh"),
        ("policies/deep/b.md#b", "de"),
    ]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Return window", "return-window"), ("What's new?", "whats-new"), ("退货 期限", "退货-期限"), ("!?", "section")],
)
def test_slug(title: str, expected: str) -> None:
    assert slug(title) == expected

"""The documents of the project, and the code blocks in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
_FENCE = re.compile(r"^```(?P<language>[\w-]*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    language: str
    title: str | None
    text: str
    line: int


def code_blocks(page: Path) -> list[CodeBlock]:
    source = page.read_text(encoding="utf-8")
    return [
        CodeBlock(
            language=match["language"],
            title=match["title"],
            text=match["text"],
            line=source.count("\n", 0, match.start()) + 1,
        )
        for match in _FENCE.finditer(source)
    ]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()

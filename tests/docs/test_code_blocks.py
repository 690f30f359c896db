"""What the documents show is what happens.

A block with a title is a file that the page's other blocks find. ```python blocks of a page run one after another;
```console blocks are sessions: a line after `$ ` runs, the lines below it are its output, `...` stands for any lines,
and `...` at the end of a line for the rest of it. ```py and ```sh blocks are shown only.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from .pages import PAGES, code_blocks, name_of

RUNS = ("python", "console")
COMMANDS = ("exitbrain", "./start")


def _runs(page: Path) -> bool:
    return any(block.language in RUNS for block in code_blocks(page))


@pytest.mark.parametrize("page", [page for page in PAGES if _runs(page)], ids=name_of)
def test_the_code_blocks_of_a_page_do_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    _with_own_registry(monkeypatch)
    blocks = code_blocks(page)
    for block in blocks:
        if block.title is not None:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    names: dict[str, object] = {}
    for block in blocks:
        if block.language == "python":
            padded = "\n" * block.line + block.text
            exec(compile(padded, str(page), "exec"), names)
        elif block.language == "console":
            for command, expected in _session(block.text):
                shown = _run(command, capsys)
                assert re.fullmatch(_pattern(expected), shown), f"{name_of(page)}: $ {command}\n{shown}"


def _with_own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that registers a profile does so for itself."""
    from exitbrain.core.registry import ProfileRegistry
    from exitbrain.wiring import exit_brain

    monkeypatch.setattr(exit_brain, "DEFAULT_REGISTRY", ProfileRegistry())


def _session(text: str) -> list[tuple[str, list[str]]]:
    session: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            session.append((line[2:], []))
        else:
            session[-1][1].append(line)
    for _, expected in session:
        while expected and not expected[-1]:
            expected.pop()  # a blank line before the next command
    return session


def _run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    from exitbrain.cli import main

    program, *arguments = shlex.split(command)
    assert program in COMMANDS, f"a console block runs {program}; known: {', '.join(COMMANDS)}"
    capsys.readouterr()
    main(arguments)
    shown = capsys.readouterr()
    return _trimmed(shown.out + shown.err)


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n"


def _pattern(expected: list[str]) -> str:
    """Without expected lines anything may be shown: the page shows it elsewhere."""
    if not expected:
        return r"(?s).*"
    parts = []
    for line in expected:
        if line == "...":
            parts.append(r"(?:.*\n)*")
        elif line.endswith("..."):
            parts.append(re.escape(line.removesuffix("...")) + r".*\n")
        else:
            parts.append(re.escape(line) + r"\n")
    return "".join(parts)

"""What the strategist reads and writes beside candles: plan files, conversations, caps, portfolios."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from exitbrain.config.caps import load_caps
from exitbrain.config.documents import load_document
from exitbrain.config.faults import raise_problems
from exitbrain.core.caps import PlanCaps
from exitbrain.errors import InvalidInput, Problem
from exitbrain.strategist.briefing import Position
from exitbrain.wiring.strategist.proposing import positions_of
from exitbrain.wiring.workbench.home import Home

CAPS, CONVERSATIONS = "caps.yaml", "conversations"
MOST_PLAN_FILE = 1024 * 1024


def write_whole(path: str | Path, text: str) -> None:
    """The file whole or not at all. InvalidInput where it cannot be written."""
    target = Path(path).expanduser()
    if target.is_dir():
        raise InvalidInput(Problem(found="a folder", accepted="a file to write", file=str(path)))
    try:
        handle, unfinished = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="a file in a folder that exists", file=str(path))) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(unfinished, target)
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="a file to write", file=str(path))) from None
    finally:
        with suppress(OSError):
            os.unlink(unfinished)


def plan_file_text(path: str | Path) -> str:
    """The text of a plan file, which its faults are told of. InvalidInput where it is no readable text."""
    try:
        with Path(path).expanduser().open("rb") as file:
            raw = file.read(MOST_PLAN_FILE + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(Problem(found="no such file", accepted="a plan file", file=str(path))) from None
    except OSError as error:
        raise InvalidInput(Problem(found=str(error.strerror), accepted="a plan file", file=str(path))) from None
    except UnicodeDecodeError:
        raise InvalidInput(Problem(found="no UTF-8 text", accepted="a plan file", file=str(path))) from None
    if len(raw) > MOST_PLAN_FILE:
        raise InvalidInput(Problem(found="more than 1 MiB", accepted="a plan of at most 64 KiB", file=str(path)))
    return text


def caps_of(given: Any, home: Home | None) -> PlanCaps:
    """The caps that are given, else those of the home's caps.yaml, else the defaults."""
    if given is None and home is not None and (home.folder / CAPS).is_file():
        given = str(home.folder / CAPS)
    return load_caps(given)


def portfolio_of(given: Any) -> tuple[str | None, tuple[Position, ...]]:
    if given is None:
        return None, ()
    document = load_document(given, wanted="a portfolio")
    raise_problems(document)
    try:
        return positions_of(document.content)
    except InvalidInput as error:
        problem = error.problems[0]
        raise InvalidInput(
            Problem(
                found=problem.found, accepted=problem.accepted, file=document.file, line=1 if document.file else None
            )
        ) from None


def read_recording(path: str | Path) -> Mapping[str, Any]:
    try:
        content = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(Problem(found="no such file", accepted="a recorded conversation", file=str(path))) from None
    except OSError as error:
        raise InvalidInput(Problem(found=str(error.strerror), accepted="a file", file=str(path))) from None
    except (ValueError, RecursionError):
        raise InvalidInput(Problem(found="no JSON", accepted="a recorded conversation", file=str(path))) from None
    if not isinstance(content, Mapping):
        raise InvalidInput(Problem(found="no mapping", accepted="a recorded conversation", file=str(path)))
    return content


class Conversations:
    """Recordings of a home by the key of their question: the cache of answers."""

    def __init__(self, home: Home) -> None:
        self.folder = home.folder / CONVERSATIONS

    def find(self, key: str) -> Mapping[str, Any] | None:
        path = self.folder / f"{key}.json"
        return read_recording(path) if path.is_file() else None

    def keep(self, key: str, recording: Mapping[str, Any]) -> None:
        self.folder.mkdir(exist_ok=True, mode=0o700)
        write_whole(self.folder / f"{key}.json", json.dumps(recording, indent=1))

"""The kill switch as a file in the home folder: it is on while the file is there, whatever else works.

A monitor looks for it before it acts, so that `touch KILL` stops ladders and rules with no database, no server and no
command. What stands in the file is for people.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exitbrain.core.instants import instant_of, iso
from exitbrain.errors import Unavailable, one_line

NAME = "KILL"
MOST_BYTES = 4096
MOST_LETTERS = 200  # of words that somebody wrote into it


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """Of one home folder."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / NAME

    @property
    def is_on(self) -> bool:
        return os.path.lexists(self.file)

    def read(self) -> dict[str, Any] | None:
        """{at, by, cause}; None where the switch is off. What was made by hand has no `by`: its cause is what it says,
        or what it is."""
        try:
            found = os.lstat(self.file)
        except FileNotFoundError:
            return None
        except OSError as error:
            return {"at": None, "by": None, "cause": f"what is there cannot be read: {error.strerror}"}
        said = _said(self.file)
        return said | {"at": said["at"] or iso(instant_of(found.st_mtime_ns // 1000))}

    def turn_on(self, at: int, by: str, cause: str) -> None:
        """On disk when this returns; who was first stays. Unavailable where the folder cannot be written."""
        told = json.dumps({"at": iso(instant_of(at)), "by": by, "cause": cause}) + "\n"
        try:
            made = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        except OSError as error:
            raise Unavailable(f"kill switch {self.file}: {error.strerror}") from error
        # From here on it is on, even if the words do not come onto the disk.
        try:
            with os.fdopen(made, "w", encoding="utf-8") as file:
                file.write(told)
                file.flush()
                os.fsync(file.fileno())
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            return

    def turn_off(self) -> bool:
        """Whether it was on."""
        is_folder = self.file.is_dir() and not self.file.is_symlink()
        try:
            (self.file.rmdir if is_folder else self.file.unlink)()
        except FileNotFoundError:
            return False
        except OSError as error:
            by_hand = "; it is a folder: take it away by hand" if is_folder else ""
            raise Unavailable(f"kill switch {self.file}: {error.strerror}{by_hand}") from error
        return True


def _said(file: Path) -> dict[str, Any]:
    """{at, by, cause}, each None where it is not told, but for a cause."""
    nothing = {"at": None, "by": None}
    try:
        if file.is_dir():
            return nothing | {"cause": f"a folder {file.name}"}
        if not file.is_file():  # a pipe would be waited for
            return nothing | {"cause": f"a {file.name} that is no file"}
        with file.open("rb") as opened:
            text = opened.read(MOST_BYTES).decode("utf-8", "replace").strip()
    except OSError as error:
        return nothing | {"cause": f"a file that cannot be read: {error.strerror}"}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return nothing | {"cause": one_line(text)[:MOST_LETTERS] or "an empty file"}
    return {name: str(told[name]) if told.get(name) is not None else None for name in ("at", "by", "cause")}

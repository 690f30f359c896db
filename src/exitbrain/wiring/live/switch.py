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
from exitbrain.errors import Unavailable

NAME = "KILL"
MOST_BYTES = 4096


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
        """{at, by, cause}, each None where the file does not say it; None where the switch is off."""
        try:
            text = self.file.read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
            changed = self.file.stat().st_mtime_ns // 1000
        except FileNotFoundError:
            return {"at": None, "by": None, "cause": None} if self.is_on else None
        except OSError:
            return {"at": None, "by": None, "cause": None}
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        told = told if isinstance(told, dict) else {}
        said = {name: str(told[name]) if told.get(name) is not None else None for name in ("at", "by", "cause")}
        return said | {"at": said["at"] or iso(instant_of(changed))}

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
        try:
            self.file.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unavailable(f"kill switch {self.file}: {error.strerror}") from error
        return True

"""What is done of a sweep, piece by piece on disk, so that a killed one loses at most the piece it was at.

    DIR/chunks/plan.json                    the sweep these pieces belong to, and how long a piece is
    DIR/chunks/000000000-000000064-K.parquet    rows of configurations 0 to 63
    DIR/chunks/000000000-000000064-K.sets.parquet

K is a hash of the sweep (its inputs, space and way of choosing) and of the piece. A piece is written beside its place
and moved there, so it is whole or not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exitbrain.errors import InvalidInput, Problem, Unavailable, is_out_of_space

FOLDER = "chunks"
PLAN = "plan.json"


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """Configurations from `start` up to `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def pieces(total: int, size: int) -> Iterator[Piece]:
    for start in range(0, total, size):
        yield Piece(start, min(start + size, total))


@dataclass(frozen=True, slots=True)
class ChunkStore:
    """`sweep_id` is the hash of everything that a row hangs on."""

    folder: Path
    sweep_id: str

    @staticmethod
    def under(out: Path, sweep_id: str) -> ChunkStore:
        return ChunkStore(out / FOLDER, sweep_id)

    def kept_size(self) -> int | None:
        """How long the pieces of this same sweep were; pieces of another one are cleared away."""
        try:
            plan = json.loads((self.folder / PLAN).read_text(encoding="utf-8"))
            if plan["sweep_id"] == self.sweep_id:
                return int(plan["size"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.clear()
        return None

    def begin(self, size: int) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            found = f"--out {self.folder.parent} cannot be made: {error.strerror}"
            raise InvalidInput(Problem(found=found, accepted="a folder that can be written to")) from None
        self._write(PLAN, json.dumps({"sweep_id": self.sweep_id, "size": size}).encode())

    def path(self, piece: Piece, kind: str = "") -> Path:
        digest = hashlib.sha256(f"{self.sweep_id} {piece.start} {piece.stop}".encode()).hexdigest()
        return self.folder / f"{piece.start:09d}-{piece.stop:09d}-{digest[:12]}{kind}.parquet"

    def has(self, piece: Piece) -> bool:
        return self.path(piece).is_file()

    def put(self, piece: Piece, rows: bytes, sets: bytes | None = None) -> None:
        """The rows come last: where they are, the sets are."""
        if sets is not None:
            self._write(self.path(piece, ".sets").name, sets)
        self._write(self.path(piece).name, rows)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, name: str, content: bytes) -> None:
        handle, unfinished = tempfile.mkstemp(prefix=".", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self.folder / name)
        except OSError as error:
            if is_out_of_space(error):
                raise Unavailable(f"{self.folder}: no space left on its disk") from None
            raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished)

"""The inputs of a run that is finished, found again: a file counts while it holds what the run read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.run_files import RunFiles


def found(files: RunFiles, role: str, given: list[str], folders: Sequence[str] = ()) -> tuple[list[Path], list[str]]:
    """The files of a role, in run.json's order, and the names of those that are not found. They are looked for among
    those `given`, in `folders`, in the run's folder, beside it, here, and where the run read them. A given file that is none of the run's is bad input."""
    wanted = [one for one in files.run.get("inputs", ()) if one.get("role") == role]
    hashed = {_sha256(Path(path)): Path(path) for path in given}
    for sha256, path in hashed.items():
        if sha256 not in {one["sha256"] for one in wanted}:
            names = ", ".join(one["name"] for one in wanted) or f"no --{role}: the run had none"
            raise InvalidInput(Problem(found=f"not the {role} of this run", accepted=names, file=str(path)))
    paths = [hashed.get(one["sha256"]) or _looked_for(files, one["name"], one["sha256"], folders) for one in wanted]
    missing = [one["name"] for one, path in zip(wanted, paths) if path is None]
    return [path for path in paths if path is not None], missing


def _looked_for(files: RunFiles, name: str, sha256: str, folders: Sequence[str]) -> Path | None:
    for folder in (*map(Path, folders), files.folder, files.folder.absolute().parent, Path.cwd(), *files.read_from):
        path = folder / name
        if _is_file(path) and _sha256(path) == sha256:
            return path
    return None


def _is_file(path: Path) -> bool:
    """Where one may not look, no file of the run lies."""
    try:
        return path.is_file()
    except OSError:
        return False


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="an input of the run", file=str(path))) from None

"""The folder that a command writes: checked before the work, filled whole afterwards.

Files are written into a folder beside the place and moved there, so that a failure leaves nothing half-written; what
an earlier run left under our names is replaced, what others put there stays.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from exitbrain.errors import InvalidInput, Problem, Unavailable, is_out_of_space

REPORT = "report.html"
ACCEPTED = "a folder that can be written to"


def checked_folder(path: str) -> Path:
    """The folder, not made yet; InvalidInput where it could not be."""
    folder = Path(os.path.abspath(path))
    if not path.strip() or folder == folder.parent:
        raise InvalidInput(Problem(found=f"--out {path!r}", accepted="a folder of its own"))
    try:
        if folder.is_symlink() and not folder.exists():
            raise InvalidInput(Problem(found=f"--out {path} is a link to nowhere", accepted=ACCEPTED))
        if folder.exists() and not folder.is_dir():
            raise InvalidInput(Problem(found=f"--out {path} is a file", accepted="a folder"))
        # Rights alone do not tell: some folders refuse even who has them all.
        nearest = next(one for one in (folder, *folder.parents) if one.exists())
        os.rmdir(tempfile.mkdtemp(prefix=".exitbrain-", dir=nearest))
    except OSError as error:
        raise _cannot_be_made(path, error.strerror) from None
    return folder


def checked_file(path: str) -> Path:
    """A file to be written, whose folder must be there."""
    file = Path(os.path.abspath(path))
    if file.is_dir():
        raise InvalidInput(Problem(found=f"--out {path} is a folder", accepted="a file"))
    if not file.parent.is_dir():
        raise InvalidInput(Problem(found=f"--out {path}: no folder {file.parent}", accepted="a folder that exists"))
    return file


def fill_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """`write` fills a folder that is then moved into `folder`, item by item."""
    from exitbrain.backtesting.files import move_into

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name.lstrip('.')}-", dir=folder.parent))
    except OSError as error:
        raise _cannot_be_made(str(folder), error.strerror) from None
    try:
        write(staging)
        move_into(folder, staging)
    except Exception as error:
        if is_out_of_space(error):
            raise Unavailable(f"--out {folder}: no space left on its disk; nothing was written") from None
        if isinstance(error, OSError):
            raise _cannot_be_made(str(folder), error.strerror) from None
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def page_or_reason(render: Callable[[], str]) -> tuple[str | None, str | None]:
    """The page, or why there is none: a run counts without it."""
    try:
        return render(), None
    except Unavailable as missing:
        return None, str(missing)


def _cannot_be_made(path: str, why: str | None) -> InvalidInput:
    return InvalidInput(Problem(found=f"--out {path} cannot be made: {why or 'unknown reason'}", accepted=ACCEPTED))

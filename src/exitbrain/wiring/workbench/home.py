"""Where the workbench keeps what is its own: a folder for one user, and the URL of its store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exitbrain.errors import InvalidInput, Problem

HOME = "EXITBRAIN_HOME"
URL = "EXITBRAIN_DATABASE_URL"
CANDLE_SUFFIXES = (".parquet", ".feather", ".csv", ".json", ".zip", ".gz", ".arrow")
OWN_FOLDERS = ("runs", "candles", "bars", "jobs")
UNFINISHED, REPLACED = ".new-", ".old-"


@dataclass(frozen=True)
class Home:
    """`runs` has a folder a run, `candles` the files that can be named, `bars` those that runs were made over."""

    folder: Path

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def candles(self) -> Path:
        return self.folder / "candles"

    @property
    def bars(self) -> Path:
        return self.folder / "bars"

    @property
    def answers(self) -> Path:
        """What is reckoned from all sets of a run, kept; it can be deleted at any time."""
        return self.folder / "answers"

    @property
    def jobs(self) -> Path:
        return self.folder / "jobs"

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'store.sqlite3'}"


def open_home(folder: str | Path | None, environment: Mapping[str, str]) -> Home:
    """The folder given, else EXITBRAIN_HOME, else the platform's; made where it is missing, for its user alone."""
    told = "home"
    if folder is None:
        written = environment.get(HOME)
        if written is not None and not written.strip():
            raise InvalidInput(Problem(found="an empty value", accepted="a folder", file=HOME))
        folder, told = (written, HOME) if written is not None else (_platform_folder(), "home")
    home = Home(Path(os.path.abspath(os.path.expanduser(folder))))
    if home.folder.exists() and not home.folder.is_dir():
        raise InvalidInput(Problem(found=f"{home.folder} is a file", accepted="a folder", file=told))
    try:
        is_new = not home.folder.exists()
        home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if is_new:
            home.folder.chmod(0o700)
        for name in OWN_FOLDERS:
            (home.folder / name).mkdir(exist_ok=True, mode=0o700)
        if not os.access(home.folder, os.W_OK):
            raise PermissionError(13, "no right to write")
    except OSError as error:
        found = f"{home.folder} cannot be used: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="a folder that can be written to", file=told)) from None
    return home


def candle_files(folder: Path) -> list[dict[str, Any]]:
    """Files of candles by name, which is the file's name up to its first dot."""
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in CANDLE_SUFFIXES and path.is_file()]
    return [{"name": path.name.partition(".")[0], "file": path.name, "size": path.stat().st_size} for path in found]


def candle_file(folder: Path, name: str) -> Path | None:
    for one in candle_files(folder):
        if name in (one["name"], one["file"]):
            return folder / str(one["file"])
    return None


def database_url(home: Home, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """The URL and the variable that says it, None where it is the home's own file."""
    written = environment.get(URL)
    if written is None:
        return home.store_url, None
    if not written.strip():
        raise InvalidInput(Problem(found="an empty value", accepted="a URL, or no such variable", file=URL))
    return written, URL


def said_by(variable: str | None, error: InvalidInput) -> InvalidInput:
    """The same fault, with the variable that has to be changed."""
    if variable is None:
        return error
    told = (replace(p, found=p.found if p.file is None else f"{p.file}: {p.found}") for p in error.problems)
    return InvalidInput(*(replace(p, file=variable) for p in told))


def put_in_place(made: Path, place: Path) -> None:
    """Move a folder to its place; what stood there stays until the other is whole."""
    before = place.with_name(f"{REPLACED}{place.name}")
    with _alone_in(place.parent):
        _restore(before)
        if place.exists():
            os.rename(place, before)
        os.rename(made, place)
        shutil.rmtree(before, ignore_errors=True)


def clear_up(folder: Path) -> None:
    """What processes that ended left beside the places of `put_in_place`."""
    with _alone_in(folder):
        for one in folder.glob(f"{REPLACED}*"):
            _restore(one)
    for one in folder.glob(f"{UNFINISHED}*"):
        if not _is_alive(one.name.rpartition("-")[2]):
            shutil.rmtree(one, ignore_errors=True)


def _restore(before: Path) -> None:
    place = before.with_name(before.name.removeprefix(REPLACED))
    if place.exists():
        shutil.rmtree(before, ignore_errors=True)
    elif before.exists():
        os.rename(before, place)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time moves folders here; where the system has no such locks, the moves are merely quick."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unfinished(folder: Path, name: str) -> Path:
    """A folder to be filled by this process."""
    made = folder / f"{UNFINISHED}{name}-{os.getpid()}"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700)
    return made


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _platform_folder() -> str:
    from platformdirs import user_data_dir

    return user_data_dir("exitbrain", appauthor=False)

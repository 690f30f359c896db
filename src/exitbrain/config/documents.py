"""A file of the user as plain values, with the line and column of each key and each value.

`load_document` takes a path, text, or values that are already in memory. What makes further reading senseless (no
such file, broken syntax) is raised at once; duplicate keys and the like are kept in `Document.problems`, so that the
loader can tell them together with what else it finds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from errno import ENAMETOOLONG
from pathlib import Path

from exitbrain.config.written import shown
from exitbrain.errors import InvalidInput, Problem, Unavailable

KeyPath = tuple[str | int, ...]

PLAN_BYTES = 64 * 1024
FILE_BYTES = 1024 * 1024
MOST_VALUES = 200_000
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written; lines and columns count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


NOWHERE = Place()


@dataclass(slots=True)
class Document:
    """The content of a file and where each part of it stands."""

    content: object = None
    file: str | None = None
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: KeyPath, *, key: bool = False) -> Place:
        """The place of a key or of its value, else that of the nearest thing around it."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        for end in range(len(path), -1, -1):
            found = first.get(path[:end]) or second.get(path[:end])
            if found is not None:
                return found
        return Place(self.file)

    def problem(self, path: KeyPath, found: str, accepted: str | None = None, *, key: bool = False) -> Problem:
        place = self.place(path, key=key)
        return Problem(found=found, accepted=accepted, file=place.file, line=place.line, column=place.column)

    def written_path(self, path: KeyPath) -> KeyPath:
        """A path of a model as it is written: one mapping may stand for a list of one."""
        here: object = self.content
        written: KeyPath = ()
        for part in path:
            if isinstance(part, int) and isinstance(here, dict):
                continue
            written = (*written, part)
            if isinstance(here, dict):
                here = here.get(part)
            elif isinstance(here, list) and isinstance(part, int) and part < len(here):
                here = here[part]
            else:
                here = None
        return written

    def describe(self, path: KeyPath) -> str:
        """A path in words: `account.sizing.mode`, or `tp_legs[0].kind in profile "X"` inside a named entry."""
        if len(path) > 1 and isinstance(path[0], str) and isinstance(path[1], int) and isinstance(self.content, dict):
            rows = self.content.get(path[0])
            row = rows[path[1]] if isinstance(rows, list) and path[1] < len(rows) else None
            name = (row.get("name") or row.get("id")) if isinstance(row, dict) else None
            if isinstance(name, str) and len(path) > 2:
                return f'{dotted(path[2:])} in {path[0].removesuffix("s")} "{name}"'
        return dotted(path)


def dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def load_document(source: object, *, wanted: str, most_bytes: int = FILE_BYTES) -> Document:
    """Read a path, text (with a line break, or starting with a brace), a mapping or a list. `wanted` names it."""
    if isinstance(source, Mapping | list | tuple):
        return _document_of_values(source)
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return parse_text(source, file=None, wanted=wanted, most_bytes=most_bytes)
    if not isinstance(source, str | os.PathLike):
        raise InvalidInput(f"{wanted} is a {type(source).__name__}", accepted="a path, text or a mapping")
    return parse_text(_read(source, wanted, most_bytes), file=os.fspath(source), wanted=wanted, most_bytes=most_bytes)


def _read(source: str | os.PathLike[str], wanted: str, most_bytes: int) -> str:
    name, path = os.fspath(source), Path(source)
    try:
        is_pipe = path.is_fifo() and path.parts[:2] not in (("/", "dev"), ("/", "proc"))
    except OSError:
        is_pipe = False  # a name too long, which opening it tells
    if is_pipe:
        raise InvalidInput(Problem(found="a pipe", accepted=f"a file with {wanted}", file=name))
    try:
        with path.open("rb") as stream:
            raw = stream.read(most_bytes + 1)
    except FileNotFoundError:
        raise InvalidInput(Problem(found="no such file", accepted=f"{wanted} as YAML or JSON", file=name)) from None
    except (IsADirectoryError, NotADirectoryError):
        raise InvalidInput(Problem(found="a folder", accepted=f"{wanted} as a YAML or JSON file", file=name)) from None
    except ValueError:
        raise InvalidInput(f"{wanted} path {shown(name)}", accepted="the path of a file") from None
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise InvalidInput(f"{wanted} path {shown(name)}", accepted="the path of a file") from None
        if path.is_dir():
            raise InvalidInput(Problem(found="a folder", accepted=f"a file with {wanted}", file=name)) from None
        raise Unavailable(f"{name}: cannot be read: {error.strerror}") from None
    if len(raw) > most_bytes:
        raise InvalidInput(_too_long(name, wanted, most_bytes))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        found = f"byte 0x{raw[error.start]:02x}"
        raise InvalidInput(
            Problem(found=found, accepted="text in UTF-8", file=name, line=line, column=column)
        ) from None


def _too_long(name: str | None, wanted: str, most_bytes: int) -> Problem:
    return Problem(found=f"more than {most_bytes // 1024} KiB", accepted=f"{wanted} of at most that size", file=name)


def parse_text(text: str, *, file: str | None, wanted: str, most_bytes: int = FILE_BYTES) -> Document:
    """Text as YAML or JSON: told by the file's name, else by a brace followed by a double quote."""
    from exitbrain.config.json_text import read_json
    from exitbrain.config.yaml_text import read_yaml

    if len(text.encode("utf-8", "replace")) > most_bytes:
        raise InvalidInput(_too_long(file, wanted, most_bytes))
    if not text.strip():
        raise InvalidInput(Problem(found="an empty file", accepted=wanted, file=file))
    suffix = Path(file).suffix.lower() if file else ""
    start = "".join(text.split(maxsplit=1)[:1]) + "".join(text.split(maxsplit=2)[1:2])
    is_json = suffix == ".json" or (suffix not in (".yaml", ".yml") and start.startswith(('{"', "{}", '[{"')))
    return read_json(text, file) if is_json else read_yaml(text, file, wanted)


def _document_of_values(source: object) -> Document:
    document = Document()
    document.content = _copied(source, (), document)
    return document


def _copied(value: object, path: KeyPath, document: Document) -> object:
    """Mappings, sequences and numpy scalars as dicts, lists and Python numbers."""
    if len(path) > DEEPEST:
        raise InvalidInput(f"values nested deeper than {DEEPEST}", accepted="a flatter mapping")
    if isinstance(value, Mapping):
        copied = {}
        for key, inner in value.items():
            if isinstance(key, str):
                copied[str(key)] = _copied(inner, (*path, str(key)), document)
            else:
                found = f"key {shown(key)} in {dotted(path)}" if path else f"key {shown(key)}"
                document.problems.append(Problem(found=found, accepted="a key that is text"))
        return copied
    if isinstance(value, list | tuple):
        return [_copied(inner, (*path, i), document) for i, inner in enumerate(value)]
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        return value.item()
    return value

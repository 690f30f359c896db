"""Answers that are no plain page: tables as files, and what a cache may keep."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from exitbrain import __version__

ROWS_AT_ONCE = 500
ROWS = "application/vnd.exitbrain.rows+json"  # a list of rows, where the same address as application/json is a page
TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            ROWS: {"schema": {"type": "array", "items": {"type": "object"}}},
        }
    }
}
# A cell that starts so is a formula to a spreadsheet.
FORMULA = ("=", "+", "@", "\t", "\r")


class NotModified(Exception):
    """The asker has it already."""

    def __init__(self, etag: str) -> None:
        self.etag = etag


def keep(request: Request, response: Response, row: Mapping[str, Any]) -> None:
    """Mark the answer with what the run was when it finished; raises NotModified where the asker holds just that."""
    if row["status"] != "done":
        response.headers["Cache-Control"] = "no-store"
        return
    etag = f'"{row["run_id"]}-{row["finished_at"]}-{__version__}"'
    asked = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    if etag in asked or "*" in asked:
        raise NotModified(etag)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "no-cache"


def table_file(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], kind: str, name: str) -> Response:
    """Every row as a file to save; of a JSON table the rows are whole."""
    rows = _begun(rows)
    lines = _csv(rows, columns) if kind == "csv" else _json(rows)
    media = "text/csv; charset=utf-8" if kind == "csv" else ROWS
    disposition = f'attachment; filename="{name}.{kind}"'
    return StreamingResponse(lines, media_type=media, headers={"Content-Disposition": disposition})


def _begun(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The same rows, the first already asked for: a refusal comes before an answer has begun."""
    coming = iter(rows)
    first = list(islice(coming, 1))
    return chain(first, coming)


def _json(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False, allow_nan=False)
        before = ",\n"
    yield "[]\n" if before == "[" else "]\n"


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(row.get(column)) for column in columns])
        if number % ROWS_AT_ONCE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value

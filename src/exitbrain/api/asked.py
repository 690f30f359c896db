"""What every route asks with: the workbench, pages, times, and texts without characters that no store holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request

from exitbrain.core.instants import microseconds
from exitbrain.errors import InvalidInput, Problem

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$", description="As the list of runs names it.")]
SetId = Annotated[str, Path(max_length=300, pattern=PRINTABLE)]
ProfileName = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
Word = Annotated[str, Query(max_length=200, pattern=PRINTABLE)]
Text = Annotated[str | None, Query(max_length=200, pattern=PRINTABLE)]
Words = Annotated[list[Annotated[str, Query(max_length=200, pattern=PRINTABLE)]], Query(max_length=100)]
PageNumber = Annotated[int, Query(ge=1, le=10_000_000, description="Counted from 1.")]
PageSize = Annotated[int, Query(ge=1, le=1000, description="Rows of a page.")]
From = Annotated[str | None, Query(alias="from", max_length=40, description="ISO 8601; not before it.")]
To = Annotated[str | None, Query(max_length=40, description="ISO 8601; before it.")]
Format = Annotated[
    Literal["csv", "json"] | None, Query(description="The whole table as a file instead of a page of it.")
]


def workbench_of(request: Request) -> Any:
    return request.app.state.workbench


Bench = Annotated[Any, Depends(workbench_of)]


def instant(text: str | None, name: str) -> int | None:
    """A time that was asked for, as µs since 1970; InvalidInput names the parameter."""
    if text is None:
        return None
    try:
        return microseconds(text)
    except (InvalidInput, ValueError, OverflowError):
        raise InvalidInput(Problem(found=f"{name} is {text!r}", accepted="a time in ISO 8601", at=(name,))) from None

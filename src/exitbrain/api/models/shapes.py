"""The parts that every shape is made of: words for amounts and times, pages, facets, problems."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Item = TypeVar("Item")

Amount = Annotated[str, Field(description="A decimal as text, exactly as trade_sets.json holds it.")]
Time = Annotated[str, Field(description="ISO 8601 in UTC, such as 2024-01-01T04:00:00Z.")]
Seconds = Annotated[int, Field(description="Whole seconds since 1970-01-01 UTC.")]
Side = Literal["long", "short"]


class Answer(BaseModel):
    """What we send. Every field is always there; what is not known is null."""

    model_config = ConfigDict(extra="ignore", json_schema_serialization_defaults_required=True)


class Asked(BaseModel):
    """What we are sent. An unknown key is an error, and so is text that no file could hold."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, given: Any) -> Any:
        _refuse_broken_text(given)
        return given


def _refuse_broken_text(given: Any) -> None:
    match given:
        case str():
            if not given.isascii() and any("\ud800" <= one <= "\udfff" for one in given):
                raise ValueError("half of a surrogate pair is no text")
        case dict():
            for key, value in given.items():
                _refuse_broken_text(key)
                _refuse_broken_text(value)
        case list():
            for value in given:
                _refuse_broken_text(value)
        case float():
            if not isfinite(given):
                raise ValueError("not a number that JSON knows")


class Page(Answer, Generic[Item]):
    items: list[Item]
    page: int = Field(description="Counted from 1.")
    page_size: int
    total: int = Field(description="Rows that match, on all pages.")


class FacetCount(Answer):
    value: str | None
    count: int


class FieldError(Answer):
    """One fault of what was sent."""

    field: str = Field(description="Dotted way to it, such as config.exits.default_stop_pct; empty for the whole.")
    message: str = Field(description="What was found.")
    accepted: str | None = Field(None, description="What would be accepted.")
    line: int | None = Field(None, description="Counted from 1, in the text that was sent or the file that was named.")
    column: int | None = None


class ProblemDocument(Answer):
    """RFC 9457, as application/problem+json."""

    type: str = Field(description="`about:blank`, or a word for the kind of problem.")
    title: str
    status: int
    detail: str | None = None
    instance: str | None = Field(None, description="The path that was asked for.")
    errors: list[FieldError] = Field(default_factory=list)


Loose = dict[str, Any]

"""What is wrong with a request, field by field."""

from __future__ import annotations

from dataclasses import dataclass

from exitbrain.errors import InvalidInput, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """A fault beside its field; `field` is empty where the request as a whole is at fault."""

    field: str
    message: str
    accepted: str | None = None
    line: int | None = None
    column: int | None = None


class RequestRefused(InvalidInput):
    def __init__(self, *problems: FieldProblem) -> None:
        self.errors = problems
        super().__init__(
            *(
                Problem(
                    found=one.message, accepted=one.accepted, file=one.field or None, line=one.line, column=one.column
                )
                for one in problems
            )
        )

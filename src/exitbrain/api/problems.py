"""Every refusal as a problem document (RFC 9457), with what was found and what would be accepted; never a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from exitbrain.api.answers import NotModified
from exitbrain.api.models.shapes import ProblemDocument
from exitbrain.errors import InvalidInput, Problem, Unavailable

MEDIA = "application/problem+json"
logger = logging.getLogger("exitbrain.api")


class Refused(Exception):
    """An answer that is a problem, raised where it is known."""

    def __init__(
        self, status: int, detail: str, errors: Iterable[dict[str, Any]] = (), headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with, for its OpenAPI."""
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def document(
    status: int, detail: str | None, path: str | None, errors: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    told = ProblemDocument.model_validate(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "instance": path,
            "errors": list(errors),
        }
    )
    return told.model_dump()


def problem(
    status: int,
    detail: str | None,
    path: str | None,
    errors: Iterable[dict[str, Any]] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    content = json.dumps(document(status, detail, path, errors), ensure_ascii=True)
    return Response(content, status_code=status, media_type=MEDIA, headers=headers)


def answer_with_problems(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(InvalidInput, _invalid)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(NotModified, _not_modified)
    app.add_exception_handler(Exception, _unexpected)


def _refused(request: Request, error: Any) -> Response:
    return problem(error.status, error.detail, request.url.path, error.errors, error.headers)


def _unreadable(request: Request, error: Any) -> Response:
    errors = [
        {"field": ".".join(str(part) for part in _told(fault["loc"])), "message": fault["msg"]}
        for fault in error.errors()
    ]
    # A body that is no JSON is unreadable as a whole.
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return problem(400, "the body is no JSON", request.url.path, errors)
    return problem(422, "the request does not fit", request.url.path, errors)


def _told(location: tuple[Any, ...]) -> tuple[Any, ...]:
    return location[1:] if location and location[0] in ("body", "query", "path", "header") else location


def _of_the_framework(request: Request, error: Any) -> Response:
    detail = None if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    headers = error.headers
    if error.status_code == 405:
        # A framework's route knows its own method only, not those of its neighbours at the same address.
        headers = {"Allow": ", ".join(request.app.state.methods(request.url.path))}
    return problem(error.status_code, detail, request.url.path, headers=headers)


STATUS_BY_NAME = {
    "UnknownRun": 404,
    "UnknownExperiment": 404,
    "UnknownProposal": 404,
    "UnknownCommand": 404,
    "UnknownPosition": 404,
    "NotPossible": 409,
    "NoMonitor": 409,
    "Changed": 409,
    "UsedKey": 409,
    "NotFinished": 409,
    "Busy": 409,
    "StaleState": 409,
    "NotConsented": 409,
}


def _invalid(request: Request, error: Any) -> Response:
    status = next(
        (STATUS_BY_NAME[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in STATUS_BY_NAME), 422
    )
    told = getattr(error, "errors", None)
    errors = [field_error(one) for one in error.problems] if told is None else [_field_problem(one) for one in told]
    return problem(status, str(error).splitlines()[0] if str(error) else None, request.url.path, errors)


def field_error(one: Problem) -> dict[str, Any]:
    field = ".".join(str(part) for part in one.at)
    return {"field": field, "message": one.found, "accepted": one.accepted, "line": one.line, "column": one.column}


def _field_problem(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("field", "message", "accepted", "line", "column")}


def _unavailable(request: Request, error: Any) -> Response:
    # Without a monitor the server is well: what is asked does not fit what runs.
    status = STATUS_BY_NAME.get(type(error).__name__, 503)
    return problem(status, str(error), request.url.path)


def _not_modified(_request: Request, error: Any) -> Response:
    return Response(status_code=304, headers={"ETag": error.etag, "Cache-Control": "no-cache"})


def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "this is a fault of ours; the server's log has more", request.url.path)

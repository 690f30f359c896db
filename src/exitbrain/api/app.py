"""The application: routes, problems, security, and its OpenAPI."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import compile_path

from exitbrain import __version__
from exitbrain.api.confirming import Confirmations
from exitbrain.api.measuring import Measures
from exitbrain.api.models.live import LiveChange, LiveEvent
from exitbrain.api.models.runs import ProgressEvent
from exitbrain.api.models.shapes import ProblemDocument
from exitbrain.api.problems import answer_with_problems, documented
from exitbrain.api.routes import (
    checking,
    comparing,
    decisions,
    experiments,
    health,
    live,
    profiles,
    results,
    runs,
    strategist,
    trade_sets,
)

ROUTERS = (runs, results, trade_sets, decisions, comparing, profiles, strategist, live, checking, health)
# Any request may be refused so: unreadable, not allowed, or our own fault.
ALWAYS = documented(400, 403, 421, 422, 500)
WITH_BODY = documented(401, 408, 413, 415)
ABOUT = "What Exit Brain's workbench answers. Amounts are decimals as text; times are ISO 8601 in UTC."
EXTRA_MODELS = (ProblemDocument, ProgressEvent, LiveChange, LiveEvent)


def create_app(
    workbench: Any, *, experiments_runner: Any = None, remote: bool = False, secret: bytes | None = None
) -> FastAPI:
    """The API over a workbench. Experiments are there where something can run them.

    `secret` signs what consents to a preview; servers that share it take each other's words.
    """
    app = FastAPI(
        title="Exit Brain",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
    )
    app.state.workbench = workbench
    app.state.remote = remote
    app.state.measures = Measures()
    app.state.confirmations = Confirmations(secret or secrets.token_bytes(32))
    app.state.experiments = experiments_runner
    routers = ROUTERS if experiments_runner is None else (*ROUTERS, experiments)
    for module in routers:
        app.include_router(module.router, responses=ALWAYS)
    app.include_router(decisions.across, responses=ALWAYS)
    app.state.methods = methods_of(app)
    answer_with_problems(app)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def methods_of(app: FastAPI) -> Callable[[str], list[str]]:
    """Which methods an address of the API has; none where there is no such address.

    Reckoned when it is first asked, for a request that nothing else answers: it takes longer than all of the start.
    """

    @cache
    def table() -> tuple[dict[str, list[str]], list[tuple[Any, list[str]]]]:
        known = {
            path: [method.upper() for method in methods]
            for path, methods in get_openapi(title="", version="", routes=app.routes)["paths"].items()
        }
        return known, [(compile_path(path)[0], methods) for path, methods in known.items()]

    def methods(path: str) -> list[str]:
        known, patterns = table()
        if path in known:
            return sorted(known[path])
        return sorted({method for pattern, own in patterns if pattern.match(path) for method in own})

    return methods


def openapi_of(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary=None,
            description=app.description,
            routes=app.routes,
        )
        app.openapi_schema = _completed(schema)
    return app.openapi_schema


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    """Problems in place of the framework's own, and who may change things."""
    components = schema.setdefault("components", {})
    models = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        models.pop(name, None)
    for model in EXTRA_MODELS:
        own = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        models.update(own.pop("$defs", {}))
        models[model.__name__] = own
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A line of the home folder's token file."},
        "session": {"type": "apiKey", "in": "cookie", "name": "exitbrain_session"},
    }
    for path in schema["paths"].values():
        for method, operation in path.items():
            if method in ("post", "put", "delete"):
                operation["security"] = [{"token": []}, {"session": []}]
                operation.setdefault("parameters", []).append(IDEMPOTENCY)
                operation["responses"].update(_text_keys(WITH_BODY))
                operation["responses"].setdefault("409", _text_keys(documented(409))["409"])
            operation["responses"] = dict(sorted(operation["responses"].items()))
    components["schemas"] = dict(sorted(models.items()))
    for part in ("paths", "components"):
        _without_titles(schema[part])
    return schema


def _without_titles(part: Any) -> None:
    """A title would only repeat the key."""
    if isinstance(part, list):
        for one in part:
            _without_titles(one)
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        for one in part.values():
            _without_titles(one)


IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gets the same answer; with another body, 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def _text_keys(responses: dict[int | str, dict[str, Any]]) -> dict[str, Any]:
    return {str(status): value for status, value in responses.items()}

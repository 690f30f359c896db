"""The web UI out of the package, the report of a run, and a page about the API; one page for every address of the UI."""

from __future__ import annotations

import html
import mimetypes
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from exitbrain.api.access import CSRF_COOKIE, SESSION_COOKIE, Access
from exitbrain.api.tokens import Scope

INDEX = "index.html"
NONCE = "__CSP_NONCE__"  # what the built page holds in place of the nonce
NOT_PAGES = ("/api", "/health", "/metrics", "/assets")
FOREVER = "public, max-age=31536000, immutable"
RUN_PAGE = re.compile(r"/runs/([A-Za-z0-9][A-Za-z0-9_.-]{0,79})")
NEWEST = 50


def add_pages(app: FastAPI, access: Access, web: Path | None = None) -> None:
    folder = Path(str(files("exitbrain"))) / "web" if web is None else web
    found = {f"/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*") if path.is_file()}
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    def openapi() -> Response:
        return JSONResponse(app.openapi())

    @router.get("/docs")
    def docs() -> Response:
        return HTMLResponse(_about(app.openapi()))

    @router.get("/{path:path}")
    def page(path: str, request: Request) -> Response:
        asked = f"/{path}"
        if asked in found and asked.startswith("/assets/"):
            # Their names hold a hash of their content.
            return _file(found[asked], FOREVER)
        if asked in found and asked != f"/{INDEX}" and not asked.startswith("/."):
            return _file(found[asked], "no-cache")
        if any(asked == prefix or asked.startswith(f"{prefix}/") for prefix in NOT_PAGES):
            # Every address comes here that no other route has taken: also those of the API with another method.
            raise HTTPException(405 if app.state.methods(asked) else 404)
        if f"/{INDEX}" not in found and (run := RUN_PAGE.fullmatch(asked)):
            return RedirectResponse(f"/api/runs/{run[1]}/report", status_code=307)
        built = found[f"/{INDEX}"].read_text(encoding="utf-8") if f"/{INDEX}" in found else _unbuilt(app)
        return _index(request, access, built)

    app.include_router(router)


def _file(path: Path, kept: str) -> Response:
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=media, headers={"Cache-Control": kept})


def _unbuilt(app: FastAPI) -> str:
    """Where the package was made without the web UI: the newest runs, each with its report."""
    from exitbrain.store import RunQuery

    rows = app.state.workbench.store.runs(RunQuery(status=("done",), page_size=NEWEST)).rows
    runs = "".join(
        f"<li><a href=/api/runs/{row['run_id']}/report>{row['run_id']}</a> {html.escape(' '.join(row['symbols']))}"
        for row in rows
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Exit Brain</title><h1>Exit Brain</h1>"
        f"<p>This package holds no web UI; the API is told <a href=/docs>here</a>.<ul>{runs}</ul></html>"
    )


def _index(request: Request, access: Access, text: str) -> Response:
    answer = HTMLResponse(text.replace(NONCE, request.scope["nonce"]))
    session = access.tokens.session(request.cookies.get(SESSION_COOKIE, ""))
    if session is None or request.cookies.get(CSRF_COOKIE) != session.csrf:
        given: dict[str, list[str]] = {"authorization": request.headers.getlist("authorization")}
        scope = access.scope_of("GET", given) if given["authorization"] else None
        # On this machine opening the page is enough; from elsewhere nobody comes here without a token.
        _set_cookies(answer, access, scope or (session.scope if session else Scope.ADMIN), request)
    return answer


def _set_cookies(answer: Response, access: Access, scope: Scope, request: Request) -> None:
    cookie, csrf = access.tokens.new_session(scope)
    secure = request.url.scheme == "https"
    answer.set_cookie(SESSION_COOKIE, cookie, httponly=True, samesite="strict", path="/", secure=secure)
    answer.set_cookie(CSRF_COOKIE, csrf, httponly=False, samesite="strict", path="/", secure=secure)


def _about(schema: dict[str, Any]) -> str:
    """A table of the routes, without a script; programs read openapi.json."""
    rows = "".join(
        f"<tr><td>{method.upper()}<td><code>{html.escape(path)}</code><td>{html.escape(one.get('description', ''))}"
        for path, methods in schema["paths"].items()
        for method, one in methods.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Exit Brain: API</title><h1>Exit Brain: API</h1>"
        f"<p>{html.escape(schema['info']['description'])} For programs: <a href=/openapi.json>openapi.json</a>."
        f"<table><tr><th>method<th>route<th>what it does{rows}</table></html>"
    )

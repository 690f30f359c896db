"""The page itself: the built HTML with a payload inside it, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from exitbrain.errors import InvalidInput, Problem, Unavailable

SLOT = '<script type="application/json" id="exitbrain-data"></script>'
NOT_BUILT = (
    "the report page is not part of this installation: build it with `npm ci && npm run build` in ui/, "
    "or install the package without EXITBRAIN_SKIP_UI"
)


def render_report(payload: Mapping[str, Any]) -> str:
    before, slot, after = _template().partition(SLOT)
    if not slot or SLOT in after:
        raise Unavailable("web/report.html has no single place for the results: build the user interface again")
    return f"{before}{SLOT.removesuffix('</script>')}{script_json(payload)}</script>{after}"


def write_report(payload: Mapping[str, Any], path: str | Path) -> Path:
    """Write the page beside its final place first, so that a reader never meets half of it."""
    target, page = Path(path), render_report(payload)
    try:
        with NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=target.parent, delete=False) as unfinished:
            unfinished.write(page)
        os.chmod(unfinished.name, 0o644)
        os.replace(unfinished.name, target)
    except OSError as error:
        problem = Problem(found=f"cannot write: {error.strerror}", accepted="a path that can be made", file=str(target))
        raise InvalidInput(problem) from error
    return target


def script_json(payload: Mapping[str, Any]) -> str:
    """JSON that may stand inside a script element: no text in it can end the element or open a comment."""
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _template() -> str:
    page = files("exitbrain").joinpath("web", "report.html")
    if not page.is_file():
        raise Unavailable(NOT_BUILT)
    return page.read_text(encoding="utf-8")

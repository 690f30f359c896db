"""What can be named in a request, the schemas of what users write, and a check before anything runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from exitbrain.api.asked import Bench
from exitbrain.api.checking import checked
from exitbrain.api.models.checking import Validated, ValidateRequest
from exitbrain.api.models.series import CandleFiles
from exitbrain.config.schemas import Kind, json_schema

router = APIRouter(prefix="/api", tags=["inputs"])


@router.get("/candles", operation_id="list_candles")
def list_candles(bench: Bench) -> CandleFiles:
    """Candle files of the home folder, by the names that a run may use."""
    return CandleFiles.model_validate({"items": bench.candle_names()})


@router.post("/validate", operation_id="validate_text")
def validate_text(asked: ValidateRequest, bench: Bench) -> Validated:
    """Problems with line and column; of a plan also what is hardly meant. Nothing is kept."""
    return checked(bench, asked)


@router.get("/schemas/{name}", operation_id="read_schema")
def read_schema(name: Kind) -> dict[str, Any]:
    """JSON Schema (draft 2020-12)."""
    return json_schema(name)

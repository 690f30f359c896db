"""Whether the server lives, whether it can work, and its counters."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from exitbrain import __version__
from exitbrain.api.asked import Bench
from exitbrain.api.measuring import exposition, monitor_health, queue_lengths
from exitbrain.api.models.checking import Health, Readiness
from exitbrain.api.problems import documented

router = APIRouter(tags=["health"])


@router.get("/health/live", operation_id="health_live")
def health_live() -> Health:
    return Health(status="ok", version=__version__)


@router.get("/health/ready", operation_id="health_ready", responses=documented(503))
def health_ready(bench: Bench) -> Readiness:
    """503 where the store cannot be reached, and where a live monitor is silent or has a position without a stop."""
    bench.store.ping()
    queued, running = queue_lengths(bench)
    monitor = monitor_health(bench)
    return Readiness.model_validate(
        {"status": "ready", "version": __version__, "queued": queued, "running": running, "monitor": monitor}
    )


@router.get("/metrics", operation_id="metrics", response_class=PlainTextResponse)
def metrics(bench: Bench, request: Request) -> Response:
    """Prometheus text format."""
    return exposition(bench, request.app.state.measures)

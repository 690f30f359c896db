"""Counters for Prometheus, one registry a server."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from exitbrain import __version__

COUNTED = ("queued", "running", "done", "failed", "cancelled", "interrupted")


class Measures:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "exitbrain_requests",
            "Requests answered, by method, route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "exitbrain_request_seconds",
            "Time until the answer began, by method and route.",
            ["method", "route"],
            registry=self.registry,
        )
        self.refused = Counter(
            "exitbrain_refused_requests",
            "Requests refused before any route, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.runs = Gauge("exitbrain_runs", "Runs in the store, by status.", ["status"], registry=self.registry)
        about = Gauge(
            "exitbrain_build", "Always 1; the version stands in its label.", ["version"], registry=self.registry
        )
        about.labels(__version__).set(1)


def queue_lengths(bench: Any) -> tuple[int, int]:
    return _count(bench, "queued"), _count(bench, "running")


def exposition(bench: Any, measures: Measures) -> Response:
    for status in COUNTED:
        measures.runs.labels(status).set(_count(bench, status))
    return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)


def _count(bench: Any, status: str) -> int:
    from exitbrain.store import RunQuery

    return int(bench.store.runs(RunQuery(status=(status,), page_size=1)).total)

"""Counters for Prometheus, one registry a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from exitbrain import __version__
from exitbrain.errors import Unavailable

STREAM_STALE = 60
LIVE = {
    "naked_seconds_total": "Seconds for which some position had no stop at the venue.",
    "naked": "Positions without a stop at the venue now.",
    "unknown_intents": "Requests whose outcome is not known.",
    "ghosts": "Orders believed absent that may still show up.",
    "stream_age": "Seconds since the venue's stream said anything.",
    "reconcile_lag": "Seconds since positions and orders were compared with the venue's.",
    "journal_commit_ms": "Milliseconds that the journal's last commit took.",
    "reduce_only_budget": "Share of the position with the least that no resting limit order is to close.",
    "request_budget": "Share of the venue's request limit that is left.",
    "clock_offset": "Seconds by which the venue's clock is ahead of ours.",
}
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


class LiveCollector:
    """What the last heartbeat of a monitor told, asked of the store for each answer. Nothing where none runs."""

    def __init__(self, monitor: Mapping[str, Any] | None) -> None:
        self.monitor = monitor

    def collect(self) -> Iterator[Metric]:
        if self.monitor is None or self.monitor["ended_at"] is not None:
            return
        up = float(self.monitor["alive"])
        yield GaugeMetricFamily("exitbrain_live_up", "Whether the monitor was heard within 15 s.", value=up)
        age = self.monitor["heartbeat_age"]
        yield GaugeMetricFamily("exitbrain_live_heartbeat_age", "Seconds since the monitor was heard.", value=age)
        for name, meaning in LIVE.items():
            value = self.monitor["summary"].get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                yield kind(f"exitbrain_live_{name}", meaning, value=value)


def monitor_health(bench: Any) -> dict[str, Any] | None:
    """None where no monitor should run; Unavailable where one is silent, or has left a position without a stop."""
    monitor = bench.store.monitor()
    if monitor is None or monitor["ended_at"] is not None:
        return None
    if not monitor["alive"]:
        raise Unavailable(f"the monitor was last heard {monitor['heartbeat_age']:.0f} s ago")
    summary = monitor["summary"]
    stream_age = summary.get("stream_age")
    if summary.get("naked"):
        raise Unavailable(f"{summary['naked']} positions have no stop at the venue")
    if summary.get("journal") == "failed":
        raise Unavailable("the monitor's journal cannot be written")
    if isinstance(stream_age, int | float) and stream_age >= STREAM_STALE:
        raise Unavailable(f"the venue's stream has said nothing for {stream_age:.0f} s")
    return {"mode": monitor["mode"], "heartbeat_age": monitor["heartbeat_age"], "naked": summary.get("naked")}


def queue_lengths(bench: Any) -> tuple[int, int]:
    return _count(bench, "queued"), _count(bench, "running")


def exposition(bench: Any, measures: Measures) -> Response:
    for status in COUNTED:
        measures.runs.labels(status).set(_count(bench, status))
    of_the_monitor = CollectorRegistry()
    of_the_monitor.register(LiveCollector(bench.store.monitor()))
    told = generate_latest(measures.registry) + generate_latest(of_the_monitor)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def _count(bench: Any, status: str) -> int:
    from exitbrain.store import RunQuery

    return int(bench.store.runs(RunQuery(status=(status,), page_size=1)).total)

"""Block events, latch changes and plan notes of a run as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from exitbrain.cli.amounts import ABSENT, counted, moment, number
from exitbrain.cli.fixed_columns import column, print_columns
from exitbrain.cli.terminal import console, print_json, sentences
from exitbrain.core.arbiter import LOSSES
from exitbrain.core.guardrails import GUARDS
from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput
from exitbrain.wiring.run_files import read_run

# What an event may be about, whether or not it happened in this run (spec D5).
REASONS = frozenset({
    *LOSSES, "expired_plan", *GUARDS, "max_adds", "opposite_ignored", "risk_cap", "invalid_stop",
    "latch_set", "latch_cleared", "plan_note",
})  # fmt: skip


def print_events(run: str, reason: str | None, *, as_json: bool) -> None:
    files = read_run(run)
    events = files.events
    reasons = Counter(event["reason"] for event in events)
    if reason is not None:
        if reason not in REASONS | set(reasons):
            raise InvalidInput(unknown_name(reason, REASONS, "reason"))
        events = [event for event in events if event["reason"] == reason]
    if as_json:
        print_json({"run_id": files.run.get("run_id"), "events": events})
        return
    out = console()
    if not reasons:
        out.print("no events: nothing was refused, and the latch did not change")
        return
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0])))
    if not events:
        out.print(sentences([f"no event of reason {reason} among {sum(reasons.values()):,}: {told}"], out.width))
        return
    print_columns(
        out,
        [
            column(events, "time", lambda event: moment(event["time"])),
            column(events, "symbol", lambda event: event["symbol"] or ABSENT, rank=2),
            column(events, "kind", lambda event: event["kind"], rank=5),
            column(events, "reason", lambda event: event["reason"]),
            column(events, "trigger", lambda event: event["trigger_id"] or ABSENT, rank=1),
            column(events, "category", lambda event: event["category"] or ABSENT, rank=4),
            column(events, "price", lambda event: number(event["price"]), rank=3, numeric=True),
        ],
        below=column(events, "detail", _detail, rank=1),
    )
    out.print()
    shown = counted(len(events), "event")
    if reason is not None:
        shown = f"{shown} of {sum(reasons.values()):,}"
    out.print(sentences([f"{shown}: {told}"], out.width))


def _detail(event: Mapping[str, Any]) -> str:
    winner = event["preempted_by"] or event["overridden_by"]
    parts = [f"lost to {winner}" if winner else "", event["detail"] or ""]
    return "; ".join(part for part in parts if part) or ABSENT

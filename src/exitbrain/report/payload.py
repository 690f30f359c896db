"""The payload of a report: the files of a run as one JSON value, laid out for the screen.

Sets, legs and plan legs travel as rows under one list of column names, since a run can have thousands of them.
A missing or null measure stays null; the page then shows a dash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from exitbrain.analysis import reversing_tags, with_reversals_gathered
from exitbrain.report.curves import equity_curve, months, r_histogram, short, years
from exitbrain.report.windows import candle_window, micros_of, telling_sets

FORMAT = "exitbrain-report/1"
STOP_POINTS = 600
SET_COLUMNS = [
    "set_id",
    "symbol",
    "side",
    "opened_at",
    "closed_at",
    "pnl_realized_total",
    "fees_total",
    "funding_total",
    "pnl_net",
    "r_multiple",
    "num_legs",
    "num_entries",
    "num_exits",
    "avg_entry_price",
    "avg_exit_price",
    "max_exposure_quantity",
    "max_exposure_notional",
    "initial_risk",
    "mfe_r",
    "mae_r",
    "hold_seconds",
    "profile",
    "regime",
    "legs",
]
LEG_COLUMNS = [
    "leg_id",
    "side",
    "qty",
    "price",
    "fees",
    "timestamp",
    "category",
    "reason",
    "is_entry",
    "exit_fraction",
    "wac_at_fill",
    "realized_pnl",
    "position_after",
]
PLAN_LEG_COLUMNS = ["kind", "order", "index", "r", "price", "qty", "status", "filled_at"]
RUN_KEYS = [
    "run_id",
    "version",
    "seed",
    "symbols",
    "timeframe",
    "start",
    "end",
    "bars",
    "warnings",
    "notes",
    "inputs",
]


def build_payload(
    *,
    run: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trade_sets: Sequence[Mapping[str, Any]],
    plans: Mapping[str, Mapping[str, Any]],
    equity: Mapping[str, Sequence[Any]],
    candles: Mapping[str, Mapping[str, Any]],
    windows: int = 300,
) -> dict[str, Any]:
    cut = _windows(telling_sets(trade_sets, windows), candles)
    whole = build_summary(
        run=run,
        metrics=metrics,
        closed_at=[s["closed_at"] for s in trade_sets if s.get("closed_at")],
        r_multiples=(_number(s.get("r_multiple")) for s in trade_sets),
        leg_kinds=(
            (leg.get("reason"), leg.get("trigger_id"), leg.get("is_entry", False))
            for one in trade_sets
            for leg in one.get("legs") or ()
        ),
        plans=plans,
        equity=equity,
    )
    return {
        "format": FORMAT,
        **whole,
        "equity": equity_curve(equity),
        "sets": {
            "columns": SET_COLUMNS,
            "leg_columns": LEG_COLUMNS,
            "rows": [_set_row(s, plans.get(s["set_id"]) or {}) for s in trade_sets],
        },
        "plans": {
            "leg_columns": PLAN_LEG_COLUMNS,
            "by_set": {
                s["set_id"]: _plan(plans[s["set_id"]], s["set_id"] in cut) for s in trade_sets if s["set_id"] in plans
            },
        },
        "windows": cut,
    }


def build_summary(
    *,
    run: Mapping[str, Any],
    metrics: Mapping[str, Any],
    closed_at: Iterable[str],
    r_multiples: Iterable[float | None],
    leg_kinds: Iterable[tuple[str | None, str | None, bool]],
    plans: Mapping[str, Mapping[str, Any]],
    equity: Mapping[str, Sequence[Any]],
) -> dict[str, Any]:
    """What tells of the run as a whole. `leg_kinds`: reason, trigger_id and is_entry, each kind once or more often."""
    config = run.get("config") or {}
    measured = {key: _measure(value) for key, value in sorted(metrics.items())}
    month_rows = months(equity, closed_at, _number(_at(config, "account", "initial_cash")))
    return {
        "run": {key: run.get(key) for key in RUN_KEYS}
        | {"ambiguity": _ambiguity(run.get("ambiguity"))}
        | _setting(config, plans),
        "metrics": {key: value for key, value in measured.items() if "." not in key},
        "exits": {
            "reasons": with_reversals_gathered(
                _named_rows(measured, "exit_reason.", ("count", "pnl", "mean_r")), reversing_tags(leg_kinds)
            ),
            "categories": _named_rows(measured, "category.", ("count", "pnl", "mean_r")),
        },
        "rungs": _rungs(measured, plans),
        "months": month_rows,
        "years": years(month_rows),
        "r_histogram": r_histogram(r_multiples),
    }


def _setting(config: Mapping[str, Any], plans: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What of the config a reader must know to judge the numbers."""
    profiles = Counter(plan.get("profile") or "legacy ladder" for plan in plans.values())
    execution = config.get("execution") or {}
    return {
        "profiles": [name for name, _ in sorted(profiles.items(), key=lambda item: (-item[1], item[0]))],
        "path": execution.get("path"),
        "fill_at": execution.get("fill_at"),
        "slippage_bps": _number(execution.get("slippage_bps")),
        "initial_cash": _text(_at(config, "account", "initial_cash")),
        "policy": config.get("policy"),
    }


def _ambiguity(measured: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {
        "share": _number(measured.get("share")),
        "sets": measured.get("num_sets", measured.get("sets")),
        "differing": measured.get("num_different", measured.get("differing")),
        "net_pnl": [_text(end) for end in measured.get("net_pnl") or ()],
        "net_r": [_number(end) for end in measured.get("net_r") or ()],
        "note": measured.get("note"),
        "advice": measured.get("advice"),
    }


def _windows(chosen: Iterable[Mapping[str, Any]], candles: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    cut = {s["set_id"]: candle_window(s, candles[s["symbol"]]) for s in chosen if s["symbol"] in candles}
    return {set_id: window for set_id, window in cut.items() if window is not None}


def _named_rows(measured: Mapping[str, Any], prefix: str, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """`exit_reason.stop_loss.count` and its like as rows, the most frequent first. A name may hold dots itself."""
    rows: dict[str, dict[str, Any]] = {}
    for key, value in measured.items():
        name, _, field = key.removeprefix(prefix).rpartition(".")
        if key.startswith(prefix) and name and field in fields:
            rows.setdefault(name, {"name": name, **dict.fromkeys(fields)})[field] = value
    return sorted(rows.values(), key=lambda row: (-(row["count"] or 0), row["name"]))


def _rungs(measured: Mapping[str, Any], plans: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = _named_rows(measured, "rung.", ("planned", "count", "hit_rate", "conditional_rate", "mean_r"))
    levels: dict[str, Counter[float]] = {}
    for plan in plans.values():
        for leg in plan.get("legs") or ():
            if leg.get("kind") == "TP" and leg.get("index") is not None and leg.get("r") is not None:
                levels.setdefault(str(leg["index"]), Counter())[leg["r"]] += 1
    for row in rows:
        row["levels"] = sorted(levels.get(row["name"], ()))
    return sorted(rows, key=lambda row: (len(row["name"]), row["name"]))


def _set_row(trade_set: Mapping[str, Any], plan: Mapping[str, Any]) -> list[Any]:
    legs = trade_set.get("legs") or []
    entries = sum(1 for leg in legs if leg.get("is_entry"))
    derived = {
        "num_legs": len(legs),
        "num_entries": entries,
        "num_exits": len(legs) - entries,
        "funding_total": "0",
        "profile": plan.get("profile"),
        "regime": plan.get("regime"),
        "hold_seconds": _hold_seconds(trade_set),
        "legs": [[_text(leg.get(column)) for column in LEG_COLUMNS] for leg in legs],
    }
    row = {**derived, **{key: value for key, value in trade_set.items() if value is not None and key != "legs"}}
    return [_text(row.get(column)) for column in SET_COLUMNS]


def _hold_seconds(trade_set: Mapping[str, Any]) -> int | None:
    if not trade_set.get("closed_at"):
        return None
    return (micros_of(trade_set["closed_at"]) - micros_of(trade_set["opened_at"])) // 1_000_000


def _plan(plan: Mapping[str, Any], with_path: bool) -> dict[str, Any]:
    path = plan.get("stop_path") or []
    every = -(-len(path) // STOP_POINTS) or 1
    return {
        "strategy": plan.get("strategy"),
        "initial_stop": _text(plan.get("initial_stop")),
        "risk_per_unit": _text(plan.get("risk_per_unit")),
        "entry_price": _text(plan.get("entry_price")),
        "legs": [[_text(leg.get(column)) for column in PLAN_LEG_COLUMNS] for leg in plan.get("legs") or ()],
        # The last step stays, whatever the thinning: it is the stop that was hit.
        "stop_path": [list(p) for i, p in enumerate(path) if i % every == 0 or i == len(path) - 1] if with_path else [],
        "notes": list(plan.get("notes") or ()),
    }


def _measure(value: Any) -> Any:
    """A measure for the screen: numbers trimmed, what is not a number null, text (an exact amount) as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value if isinstance(value, int) else short(value)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


def _text(value: Any) -> Any:
    """Decimals as text; everything JSON knows as it is, but for floats that are no number."""
    if isinstance(value, float):
        return short(value)
    return value if value is None or isinstance(value, str | int | list | dict) else f"{value:f}"


def _at(config: Mapping[str, Any], section: str, key: str) -> Any:
    return (config.get(section) or {}).get(key)

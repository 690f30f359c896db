"""One file under every policy: rows of pairs, netting sets, risk exits, days and accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from derisk_study.files import WARM_UP, Listed, Piece, pieces
from derisk_study.policies import CONFIG, EMERGENCY_ONLY, LADDER, NO_DERISK, RULES, entries, plans
from exitbrain.analysis.columns import MICROSECONDS_PER_DAY
from exitbrain.analysis.equity import daily_equity
from exitbrain.analysis.whipsaw import whipsaws
from exitbrain.backtesting.columns import bar_columns, leg_columns, set_columns
from exitbrain.backtesting.result import Result
from exitbrain.config.settings import load_config
from exitbrain.wiring.inputs import RunInputs, gather
from exitbrain.wiring.policy_runs import independent_run, netting_run, orders_of_file

INITIAL_CASH = float(CONFIG["account"]["initial_cash"])  # type: ignore[index]
VARIANTS = {"no_slippage": ("adverse", 0), "favorable": ("favorable", 1)}
TABLES = ("pairs", "sets", "exits", "days", "accounts")
Rows = dict[str, list[dict[str, Any]]]


def run_file(one: Listed) -> dict[str, pl.DataFrame]:
    """A frame a table. Raises InvalidInput with the reason where the file is not suitable."""
    rows: Rows = {name: [] for name in TABLES}
    for number, piece in enumerate(pieces(one)):
        for rule in RULES:
            _run_account(one, number, piece, rule, rows)
    return {name: pl.DataFrame(found, infer_schema_length=None) for name, found in rows.items()}


def _run_account(one: Listed, number: int, piece: Piece, rule: str, rows: Rows) -> None:
    given = entries(piece.hours, rule, WARM_UP)
    if not len(given):
        return
    inputs = _inputs(piece, given)
    about = {"file": one.name, "symbol": one.symbol, "timeframe": one.timeframe, "account": f"{number}:{rule}"}
    by_policy = plans(piece.symbol)
    rows["pairs"] += [about | {"rule": rule} | row for row in _pairs(inputs, by_policy)]
    for policy, plan in by_policy.items():
        result = netting_run(replace(inputs, plan=plan), None)
        whose = about | {"rule": rule, "policy": policy}
        for name, found in _netting(result).items():
            rows[name] += [whose | row for row in found]


def _inputs(piece: Piece, given: pl.DataFrame) -> RunInputs:
    config = CONFIG | {"instrument": CONFIG["instrument"] | {"tick_size": str(piece.tick)}}  # type: ignore[operator]
    plan = plans(piece.symbol)[LADDER]
    return gather(piece.hours, detail=piece.detail, entries=given, plan=plan, config=config, environment={})


def _pairs(inputs: RunInputs, by_policy: dict[str, Any]) -> list[dict[str, Any]]:
    """A row an entry that every policy took, with what each made of it."""
    measured = {policy: _independent(replace(inputs, plan=plan)) for policy, plan in by_policy.items()}
    for variant, (path, slippage) in VARIANTS.items():
        over = inputs.settings.to_dict()
        over["execution"] |= {"slippage_bps": slippage}
        settings = load_config(over, {})
        for policy in (LADDER, EMERGENCY_ONLY):
            changed = replace(inputs, plan=by_policy[policy], settings=settings)
            outcome = _independent(changed, path)
            measured[f"{policy}.{variant}"] = {key: {"r": row["r"]} for key, row in outcome.items()}
    shared = set.intersection(*(set(outcome) for outcome in measured.values()))
    found = []
    for key in sorted(shared, key=lambda key: (measured[LADDER][key]["opened_at"], key)):
        first = measured[LADDER][key]
        row = {name: first[name] for name in ("side", "regime", "opened_at")}
        for name, outcome in measured.items():
            own = {k: v for k, v in outcome[key].items() if k not in row}
            row |= {f"{name}.{measure}": value for measure, value in own.items()}
        found.append(row)
    return found


def _independent(inputs: RunInputs, path: str | None = None) -> dict[str, dict[str, Any]]:
    sets = independent_run(inputs, orders_of_file(inputs.rows), path, already_taken=False)
    columns, legs = set_columns(sets), leg_columns(sets)
    bars = {symbol: bar_columns(market) for symbol, market in inputs.markets.items()}
    found = whipsaws(columns, legs, bars, independent=True)
    owner = legs.set_index[found.leg]
    exits = np.bincount(owner, minlength=len(columns))
    shaken = np.bincount(owner, weights=found.is_whipsaw, minlength=len(columns))
    cost = np.bincount(owner, weights=np.nan_to_num(found.cost_r), minlength=len(columns))
    return {
        str(columns.entry_reason[i]): {
            "side": "long" if columns.side[i] > 0 else "short",
            "regime": columns.regime[i],
            "opened_at": int(columns.opened_at[i]),
            "r": float(columns.r_multiple[i]),
            "fees_r": float(columns.fees[i] / columns.initial_risk[i]),
            "bars_held": int(columns.bars_held[i]),
            "risk_exits": int(exits[i]),
            "whipsaws": int(shaken[i]),
            "whipsaw_cost_r": float(cost[i]),
        }
        for i in range(len(columns))
        if columns.r_multiple[i] == columns.r_multiple[i]
    }


def _netting(result: Result) -> Rows:
    sets, legs = result.set_columns, result.leg_columns
    bars = {symbol: bar_columns(market) for symbol, market in result.markets.items()}
    found = whipsaws(sets, legs, bars)
    side = np.where(sets.side > 0, "long", "short").tolist()
    daily = daily_equity(result.equity_columns)
    changes = np.diff(np.concatenate(([INITIAL_CASH], daily.equity))) / INITIAL_CASH
    started = int(result.equity_columns.time[WARM_UP]) // MICROSECONDS_PER_DAY
    metrics = result.metrics
    return {
        "sets": [
            {
                "side": side[i],
                "regime": sets.regime[i],
                "opened_at": int(sets.opened_at[i]),
                "r": float(sets.r_multiple[i]),
                "fees_r": float(sets.fees[i] / sets.initial_risk[i]),
            }
            for i in range(len(sets))
        ],
        "exits": [
            {
                "time": int(legs.time[leg]),
                "side": side[at],
                "regime": sets.regime[at],
                "reason": legs.reason[leg],
                "whipsaw": bool(found.is_whipsaw[i]),
                "reentered": bool(found.reentry[i] >= 0),
                "cost_r": float(np.nan_to_num(found.cost_r[i])),
            }
            for i, leg in enumerate(found.leg.tolist())
            for at in [int(legs.set_index[leg])]
        ],
        "days": [
            {"day": int(day), "change": float(change)} for day, change in zip(daily.day, changes) if day >= started
        ],
        "accounts": [
            {"start": int(daily.day[0]), "first_day": started, "end": int(daily.day[-1])}
            | {name: metrics[name] for name in ("num_sets", "net_pnl", "net_r", "fees_total", "max_drawdown")}
        ],
    }


__all__ = ["EMERGENCY_ONLY", "LADDER", "NO_DERISK", "TABLES", "run_file"]

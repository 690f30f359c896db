"""The tables of the page: rows of plain numbers, which `report` writes as CSV and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from derisk_study.estimates import (
    Measured,
    account_week_difference,
    account_weeks,
    by_file_alike,
    drawdown,
    pair_difference,
    pooled_days,
    pooled_estimates,
    worst,
)
from derisk_study.policies import EMERGENCY_ONLY, LADDER, NO_DERISK, POLICIES, RULES
from exitbrain.analysis.columns import MICROSECONDS_PER_DAY
from exitbrain.analysis.comparison import paired_verdict

Row = dict[str, Any]
REGIMES = ("TREND", "RANGE", "VOLATILE", "CHOP", "NORMAL")
TIMEFRAMES = ("1m", "5m", "15m", "1h")
DAYS_BEFORE = 2
WINDOWS = (
    ("COVID", "2020-03-12", "2020-03-13"),
    ("April 2021", "2021-04-18", "2021-04-18"),
    ("May 2021", "2021-05-19", "2021-05-19"),
    ("December 2021", "2021-12-04", "2021-12-04"),
    ("January 2022", "2022-01-21", "2022-01-22"),
    ("LUNA", "2022-05-09", "2022-05-12"),
    ("June 2022", "2022-06-13", "2022-06-18"),
    ("FTX", "2022-11-08", "2022-11-09"),
    ("August 2023", "2023-08-17", "2023-08-17"),
    ("August 2024", "2024-08-05", "2024-08-05"),
    ("LAYER", "2025-05-05", "2025-05-06"),
    ("October 2025", "2025-10-10", "2025-10-11"),
)


def all_tables(rows: dict[str, pl.DataFrame], excluded: dict[str, str], names: list[str]) -> dict[str, list[Row]]:
    pairs, exits = rows["pairs"], rows["exits"]
    pooled = pooled_days(rows["days"])
    groups = list(_groups(pairs, exits))
    windows = list(_windows(pairs, exits, pooled))
    return {
        "headline": [_headline(pairs, names)],
        "files": [_file_row(name, rows) for name in names],
        "excluded": [{"file": name, "reason": reason} for name, reason in sorted(excluded.items())],
        "groups": groups,
        "windows": windows,
        "accounts": [_policy_row(policy, rows) for policy in POLICIES],
        "netting": list(_netting_rows(rows, pooled)),
        "secondary": list(_secondary(pairs)),
        "sensitivity": list(_sensitivity(pairs)),
        "exits": list(_exit_rows(exits)),
    }


def control(walks: dict[str, pl.DataFrame]) -> list[Row]:
    """The random walks, as one row of groups."""
    return [{"by": "control", "group": "random walks"} | _results(walks["pairs"], walks["exits"])]


def interval(name: str, found: Measured) -> Row:
    one = found.estimate
    return {name: one.mean, f"{name}_low": one.low, f"{name}_high": one.high}


def _headline(pairs: pl.DataFrame, names: list[str]) -> Row:
    found = pair_difference(pairs)
    apart = pairs[f"{LADDER}.r"] - pairs[f"{EMERGENCY_ONLY}.r"]
    return {
        "files": len(names),
        "entries": len(pairs),
        "weeks": found.clusters.count,
        "ladder_r": pairs[f"{LADDER}.r"].mean(),
        "emergency_r": pairs[f"{EMERGENCY_ONLY}.r"].mean(),
        **interval("difference_r", found),
        "share_better": (apart > 0).mean(),
        "share_worse": (apart < 0).mean(),
        "share_equal": (apart == 0).mean(),
        "verdict": paired_verdict((LADDER, EMERGENCY_ONLY), found.estimate, found.clusters),
    }


def _results(pairs: pl.DataFrame, exits: pl.DataFrame) -> Row:
    """What a table of groups says of one: net R, the worst, fees, and the whipsaws of the accounts."""
    found = pair_difference(pairs)
    own = {policy: exits.filter(pl.col("policy") == policy) for policy in (LADDER, EMERGENCY_ONLY)}
    row = {
        "entries": len(pairs),
        "weeks": found.clusters.count,
        "ladder_r": pairs[f"{LADDER}.r"].mean(),
        "emergency_r": pairs[f"{EMERGENCY_ONLY}.r"].mean(),
        **interval("difference_r", found),
        "ladder_worst_r": worst(pairs[f"{LADDER}.r"]),
        "emergency_worst_r": worst(pairs[f"{EMERGENCY_ONLY}.r"]),
        **interval("fees_difference_r", pair_difference(pairs, "fees_r")),
        **interval("whipsaw_difference", pair_difference(pairs, "whipsaws")),
        **interval("whipsaw_cost_difference_r", pair_difference(pairs, "whipsaw_cost_r")),
    }
    for policy, short in ((LADDER, "ladder"), (EMERGENCY_ONLY, "emergency")):
        row |= {
            f"{short}_fees_r": pairs[f"{policy}.fees_r"].mean(),
            f"{short}_risk_exits": len(own[policy]),
            f"{short}_whipsaws": int(own[policy]["whipsaw"].sum()),
            f"{short}_whipsaw_cost_r": float(own[policy]["cost_r"].sum()),
        }
    return row


def _groups(pairs: pl.DataFrame, exits: pl.DataFrame) -> Iterator[Row]:
    kinds = (
        ("all", None, ("all",)),
        ("side", "side", ("long", "short")),
        ("rule", "rule", RULES),
        ("regime at entry", "regime", REGIMES),
        ("candles", "timeframe", TIMEFRAMES),
    )
    for kind, column, values in kinds:
        for value in values:
            which = pl.lit(True) if column is None else pl.col(column) == value
            own = pairs.filter(which)
            if len(own):
                yield {"by": kind, "group": value} | _results(own, exits.filter(which))


def _windows(pairs: pl.DataFrame, exits: pl.DataFrame, pooled: pl.DataFrame) -> Iterator[Row]:
    inside_any: pl.Expr | None = None
    for name, first, last in WINDOWS:
        start, end = _microseconds(first, -DAYS_BEFORE), _microseconds(last, 1)

        def inside(column: str, start: int = start, end: int = end) -> pl.Expr:
            return (pl.col(column) >= start) & (pl.col(column) < end)

        own = pairs.filter(inside("opened_at"))
        days = pooled.filter(pl.col("day").is_between(start // MICROSECONDS_PER_DAY, end // MICROSECONDS_PER_DAY - 1))
        both = inside("opened_at")
        inside_any = both if inside_any is None else inside_any | both
        yield _window_row(name, own, exits.filter(inside("time")), days)
    assert inside_any is not None
    during = inside_any
    as_exit = exits.rename({"time": "opened_at"})
    yield _window_row("all of them", pairs.filter(during), as_exit.filter(during), None)
    yield _window_row("outside of them", pairs.filter(~during), as_exit.filter(~during), None)


def _window_row(name: str, pairs: pl.DataFrame, exits: pl.DataFrame, days: pl.DataFrame | None) -> Row:
    row = {"window": name, "files": pairs["file"].n_unique()} | _results(pairs, exits)
    for policy, short in ((LADDER, "ladder"), (EMERGENCY_ONLY, "emergency")):
        row[f"{short}_drawdown"] = drawdown(days[policy].to_numpy()) if days is not None and len(days) else None
    return row


def _microseconds(day: str, shift: int) -> int:
    moved = date.fromisoformat(day) + timedelta(days=shift)
    return (moved - date(1970, 1, 1)).days * MICROSECONDS_PER_DAY


def _file_row(name: str, rows: dict[str, pl.DataFrame]) -> Row:
    of_file = pl.col("file") == name
    pairs, accounts = rows["pairs"].filter(of_file), rows["accounts"].filter(of_file)
    exits = rows["exits"].filter(of_file)
    found = pair_difference(pairs)
    row = {
        "file": name,
        "start": _day(accounts["start"].min()),
        "end": _day(accounts["end"].max()),
        "entries": len(pairs),
        "weeks": found.clusters.count,
        "ladder_r": pairs[f"{LADDER}.r"].mean(),
        "emergency_r": pairs[f"{EMERGENCY_ONLY}.r"].mean(),
        "no_derisk_r": pairs[f"{NO_DERISK}.r"].mean(),
        **interval("difference_r", found),
    }
    for policy, short in ((LADDER, "ladder"), (EMERGENCY_ONLY, "emergency")):
        own, left = accounts.filter(pl.col("policy") == policy), exits.filter(pl.col("policy") == policy)
        row |= {
            f"{short}_net_r": own["net_r"].sum(),
            f"{short}_whipsaws": int(left["whipsaw"].sum()),
            f"{short}_whipsaw_cost_r": float(left["cost_r"].sum()),
            f"{short}_fees": own["fees_total"].sum(),
            f"{short}_drawdown": own["max_drawdown"].min(),
        }
    return row


def _day(number: Any) -> str:
    return (datetime(1970, 1, 1) + timedelta(days=int(number))).date().isoformat()


def _policy_row(policy: str, rows: dict[str, pl.DataFrame]) -> Row:
    which = pl.col("policy") == policy
    accounts, exits, sets = (rows[name].filter(which) for name in ("accounts", "exits", "sets"))
    whipsaws = int(exits["whipsaw"].sum())
    return {
        "policy": policy,
        "accounts": len(accounts),
        "sets": len(sets),
        "net_r": sets["r"].sum(),
        "net_r_mean": sets["r"].mean(),
        "fees_r": sets["fees_r"].sum(),
        "risk_exits": len(exits),
        "whipsaws": whipsaws,
        "whipsaw_rate": whipsaws / len(exits) if len(exits) else None,
        "whipsaw_cost_r": float(exits["cost_r"].sum()),
        "drawdown_mean": accounts["max_drawdown"].mean(),
        "drawdown_worst": accounts["max_drawdown"].min(),
    }


def _netting_rows(rows: dict[str, pl.DataFrame], pooled: pl.DataFrame) -> Iterator[Row]:
    """Differences of the accounts, ladder − emergency-only, with intervals."""
    table = account_weeks(rows)
    for measure, words in (
        ("net_r", "net R an account-week"),
        ("fees_r", "fees in R an account-week"),
        ("sets", "positions an account-week"),
        ("risk_exits", "risk exits an account-week"),
        ("whipsaws", "whipsaws an account-week"),
        ("whipsaw_cost_r", "whipsaw cost in R an account-week"),
    ):
        found = account_week_difference(table, measure)
        yield {"measure": words, **interval("difference", found), "drawn": f"{found.clusters.count} weeks"}
    curve = pooled_estimates(pooled)
    drawn = f"{curve.days} days in blocks of {curve.block_days or 1:.1f}"
    for words, one in (
        ("daily equity, bps of the initial cash", curve.daily),
        ("drawdown of the pooled curve, ladder", curve.drawdowns[LADDER]),
        ("drawdown of the pooled curve, emergency-only", curve.drawdowns[EMERGENCY_ONLY]),
        ("drawdown of the pooled curve, difference", curve.drawdown_difference),
    ):
        yield {
            "measure": words,
            "difference": one.mean,
            "difference_low": one.low,
            "difference_high": one.high,
            "drawn": drawn,
        }


def _secondary(pairs: pl.DataFrame) -> Iterator[Row]:
    for first, second in ((LADDER, EMERGENCY_ONLY), (LADDER, NO_DERISK), (EMERGENCY_ONLY, NO_DERISK)):
        found = pair_difference(pairs, first=first, second=second)
        yield {
            "pair": f"{first} − {second}",
            **interval("difference_r", found),
            **interval("fees_difference_r", pair_difference(pairs, "fees_r", first=first, second=second)),
            **interval("held_difference_bars", pair_difference(pairs, "bars_held", first=first, second=second)),
            "first_worst_r": worst(pairs[f"{first}.r"]),
            "second_worst_r": worst(pairs[f"{second}.r"]),
        }


def _sensitivity(pairs: pl.DataFrame) -> Iterator[Row]:
    twice = pairs.with_columns(
        (pl.col(f"{policy}.r") - pl.col(f"{policy}.fees_r")).alias(f"{policy}.r") for policy in (LADDER, EMERGENCY_ONLY)
    )
    rows: list[tuple[str, pl.DataFrame, Measured]] = [
        ("as declared: weeks", pairs, pair_difference(pairs)),
        ("clusters by day", pairs, pair_difference(pairs, unit="day")),
        ("clusters by month", pairs, pair_difference(pairs, unit="month")),
        ("each file with the same weight", pairs, by_file_alike(pairs)),
    ]
    single, finer = without_overlaps(pairs), pairs.filter(pl.col("timeframe") != "1h")
    for name, frame in (("without overlaps", single), ("finer candles only", finer), ("double fees", twice)):
        rows.append((name, frame, pair_difference(frame)))
    for name, variant in (("no slippage", "no_slippage.r"), ("favorable path", "favorable.r")):
        rows.append((name, pairs, pair_difference(pairs, variant)))
    for name, frame, found in rows:
        yield {"row": name, "entries": len(frame), "spans": found.clusters.count, **interval("difference_r", found)}


def without_overlaps(pairs: pl.DataFrame) -> pl.DataFrame:
    """An entry counts only in the file with the finest candles of its asset that is live then; ties by name."""
    fineness = {timeframe: number for number, timeframe in enumerate(TIMEFRAMES)}
    live = pairs.group_by("file", "symbol", "timeframe").agg(
        first=pl.col("opened_at").min(), last=pl.col("opened_at").max()
    )
    keep = np.ones(len(pairs), np.bool_)
    ranked = sorted(live.iter_rows(named=True), key=lambda row: (fineness[row["timeframe"]], row["file"]))
    opened, files = pairs["opened_at"].to_numpy(), pairs["file"].to_numpy()
    for place, row in enumerate(ranked):
        coarser = {other["file"] for other in ranked[place + 1 :] if _asset(other["symbol"]) == _asset(row["symbol"])}
        inside = (opened >= row["first"]) & (opened <= row["last"])
        keep &= ~(inside & np.isin(files, sorted(coarser)))
    return pairs.filter(pl.Series(keep))


def _asset(symbol: str) -> str:
    return "BTCUSDT" if symbol == "BTCPERP" else symbol


def _exit_rows(exits: pl.DataFrame) -> Iterator[Row]:
    """Whipsaws of the accounts by trigger."""
    table = exits.group_by("policy", "reason").agg(
        risk_exits=pl.len(), whipsaws=pl.col("whipsaw").sum(), reentered=pl.col("reentered").sum(),
        cost_r=pl.col("cost_r").sum(),
    )  # fmt: skip
    yield from table.sort("policy", "reason").iter_rows(named=True)

"""Rows of a sweep by the sweep kernel: many profiles over the same openings in one pass.

When, at which price, with which stop and how many lots a position opens does not hang on its profile, where sizes come
from nothing that earlier positions earned. So the engine opens every entry once for each group of settings, and the
kernel follows all profiles from there. What the kernel cannot express (`problem_of`, `unsupported`) the engine does, and
of its measures those that the kernel has are kept, so that a table is of one kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.analysis.columns import Floats, Integers
from exitbrain.analysis.outcomes import Outcomes, outcome_metrics
from exitbrain.backtesting.columns import in_order
from exitbrain.backtesting.market import Market
from exitbrain.backtesting.settings import RunSettings
from exitbrain.config.settings import Settings
from exitbrain.config.spaces import Configuration
from exitbrain.core.numbers import ceil_div
from exitbrain.wiring.inputs import RunInputs
from exitbrain.wiring.policy_runs import independent_run, orders_of_file

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.kernel.sweep import Candles, Costs, Entries, SweepColumns

CELLS = 4_000_000  # profiles × entries whose results are held at once
CENTS = 8  # decimals of money: what nets to nothing is nothing
OTHERS = frozenset({"gross_pnl", "fees_total", "net_pnl", "num_sets", "num_open"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Openings:
    """What the profiles of one group of settings share. Arrays are in the order of entries."""

    market: Market
    entries: Entries
    costs: Costs
    initial_risk: Floats  # quote money
    tags: tuple[str, ...]
    single: bool


def problem_of(inputs: RunInputs, settings: RunSettings) -> str | None:
    """Why these inputs and settings need the engine; None where the kernel can."""
    limits = settings.limits
    if len(inputs.markets) != 1:
        return "several symbols share one cash"
    if inputs.plan is not None or inputs.funding:
        return "a plan or funding acts while positions are open"
    if not inputs.rows:
        return "there is no entries file"
    (market,) = inputs.markets.values()
    if market.first_step is not None:
        return "a detail file is walked inside the bars"
    if settings.fill_at_close or not settings.use_profiles or not settings.close_at_end:
        return "fill_at close, use_profiles false or close_at_end false"
    if not market.instrument.closing_exempt:
        return "closing is not exempt from the venue's minima"
    if not settings.independent and (settings.on_opposite != "ignore" or settings.max_adds):
        return "entries reverse or add to what is open: account.independent true or on_opposite ignore would not"
    if settings.max_leverage is not None or limits.cooldown_bars or any(
        getattr(limits, name) is not None
        for name in (
            "max_daily_loss_pct", "max_entries_per_day", "max_position_risk_pct", "max_symbol_exposure_pct",
            "max_portfolio_exposure_pct", "daily_risk_budget_pct",
        )
    ):  # fmt: skip
        return "a guard or cap looks at what earlier positions did"
    if settings.sizing.mode not in ("quantity", "notional") and not all(
        row.terms.quantity is not None or row.terms.notional is not None for row in inputs.rows[market.symbol]
    ):
        return "sizes follow equity: sizing mode quantity or notional, or sizes in the entries, would not"
    return None


def openings(inputs: RunInputs, settings: RunSettings, given: Settings, path: str | None) -> Openings:
    """One independent run of the engine: its positions are what every profile starts from."""
    from exitbrain.kernel.sweep import Costs, Entries

    (market,) = inputs.markets.values()
    orders = orders_of_file(inputs.rows)
    sets = in_order(independent_run(replace(inputs, settings=given), orders, path, already_taken=False))
    positions = [one.position for one in sets]
    opened = [one.lifecycle.rows[0] for one in sets]
    instrument = market.instrument
    stops = [position.opening_ladder.stop for position in positions]
    lots = [row.lots for row in opened]
    entries = Entries(
        bar=np.array([position.entry_bar for position in positions], dtype=np.int64),
        side=np.array([position.side for position in positions], dtype=np.int64),
        price=np.array([position.entry_ticks for position in positions], dtype=np.int64),
        stop=np.array([stops], dtype=np.int64),
        lots=np.array([lots], dtype=np.int64),
    )
    unit = Fraction(instrument.money_unit)
    least = 1 if instrument.min_quantity is None else instrument.min_quantity / instrument.lot_size
    worth = Fraction(0) if instrument.min_notional is None else Fraction(instrument.min_notional) / unit
    costs = Costs(
        slippage=settings.slippage,
        taker=float(instrument.taker_fee),
        maker=float(instrument.maker_fee),
        money_unit=float(unit),
        path=settings.path,
        through=settings.through,
        close_at_end=settings.close_at_end,
        min_lots=max(1, -int(-least // 1)),
        min_worth=ceil_div(worth.numerator, worth.denominator),
        time_stop_bars=settings.time_stop_bars,
    )
    return Openings(
        market=market,
        entries=entries,
        costs=costs,
        initial_risk=np.abs(entries.price - entries.stop[0]) * entries.lots[0] * float(unit),
        tags=tuple(row.fill.reason or "" for row in opened),
        single=not settings.independent,
    )


def candles_of(market: Market) -> Candles:
    """Kept with the market, so that its index is built once."""
    from exitbrain.kernel.sweep import Candles

    kept: Candles | None = market.__dict__.get("_kernel_candles")
    if kept is None:
        kept = market.__dict__["_kernel_candles"] = Candles(market.open, market.high, market.low, market.close)
    return kept


def rows_of(
    found: Openings, configurations: Sequence[Configuration], numbers: Sequence[int], *, with_sets: bool
) -> tuple[list[dict[str, Any]], list[pl.DataFrame]]:
    """Measures of each configuration by the names of metrics.json, and on request a row a set."""
    from exitbrain.kernel.sweep import evaluate, recipes_of

    rows: list[dict[str, Any]] = []
    sets: list[pl.DataFrame] = []
    candles = candles_of(found.market)
    at_once = max(1, CELLS // max(1, len(found.entries)))
    for start in range(0, len(configurations), at_once):
        part = configurations[start : start + at_once]
        recipes = recipes_of([one.profile for one in part if one.profile is not None])
        out = evaluate(candles, found.entries, recipes, found.costs, single=found.single, per_set=True)
        assert out.net_r is not None and out.exit_bar is not None
        for i in range(len(part)):
            taken = np.flatnonzero(out.exit_bar[i] >= 0)
            outcome = _outcomes(found, taken, out.net_r[i][taken], out.exit_bar[i][taken])
            rows.append(_row(out, i, outcome))
            if with_sets:
                sets.append(_sets(found, numbers[start + i], taken, outcome, out.exit_bar[i][taken]))
    return rows, sets


def _outcomes(found: Openings, taken: Integers, r: Floats, exit_bar: Any) -> Outcomes:
    time = found.market.time
    pnl = np.round(r * found.initial_risk[taken], CENTS)
    risk = found.initial_risk[taken]
    return Outcomes(
        opened_at=time[found.entries.bar[taken]],
        closed_at=time[exit_bar],
        pnl_net=pnl + 0.0,
        r_multiple=np.divide(pnl, risk, out=np.full(len(pnl), np.nan), where=risk > 0),
    )


def _row(out: SweepColumns, i: int, outcome: Outcomes) -> dict[str, Any]:
    row: dict[str, Any] = {
        "net_pnl": float(out.net[i]),
        "gross_pnl": float(out.gross[i]),
        "fees_total": float(out.fees[i]),
        "num_sets": int(out.positions[i]),
        "num_open": int(out.open_at_end[i]),
    }
    row |= outcome_metrics(outcome)
    row |= {
        f"exit_reason.{reason}.count": int(count)
        for reason, count in zip(out.reasons, out.exits[i], strict=True)
        if count
    }
    # A rung that was merged away from every ladder is told too, below the last one that was planned.
    last = int(np.flatnonzero(out.rungs_planned[i]).max(initial=-1)) + 1
    for k, (planned, hits) in enumerate(zip(out.rungs_planned[i][:last], out.rung_hits[i][:last], strict=True), 1):
        row |= {f"rung.{k}.planned": int(planned), f"rung.{k}.hit_rate": float(hits / planned) if planned else None}
    return row


def reduced(metrics: dict[str, Any]) -> dict[str, Any]:
    """Of the engine's measures those that the kernel has too."""
    kept = OTHERS | set(outcome_metrics(_NOTHING))
    return {
        name: value
        for name, value in metrics.items()
        if name in kept
        or (name.startswith("exit_reason.") and name.endswith(".count"))
        or (name.startswith("rung.") and name.endswith((".planned", ".hit_rate")))
    }


_NOTHING = Outcomes(
    opened_at=np.empty(0, dtype=np.int64), closed_at=np.empty(0, dtype=np.int64), pnl_net=np.empty(0),
    r_multiple=np.empty(0),
)  # fmt: skip


def _sets(found: Openings, number: int, taken: Integers, outcome: Outcomes, exit_bar: Any) -> pl.DataFrame:
    """As the engine's, without excursions and the reason of the exit, which a pass over many profiles does not keep."""
    import polars as pl

    entries = found.entries
    return pl.DataFrame(
        {
            "configuration": pl.Series([number] * len(taken), dtype=pl.Int64),
            "symbol": pl.Series([found.market.symbol] * len(taken), dtype=pl.String),
            "side": pl.Series(entries.side[taken], dtype=pl.Int64).cast(pl.Int8),
            "opened_at": pl.Series(outcome.opened_at, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
            "closed_at": pl.Series(outcome.closed_at, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
            "bars_held": pl.Series(np.asarray(exit_bar, dtype=np.int64) - entries.bar[taken], dtype=pl.Int64),
            "r_multiple": pl.Series(outcome.r_multiple, dtype=pl.Float64).fill_nan(None),
            "pnl_net": pl.Series(outcome.pnl_net, dtype=pl.Float64),
            "initial_risk": pl.Series(found.initial_risk[taken], dtype=pl.Float64),
            "entry_reason": pl.Series([found.tags[i] for i in taken], dtype=pl.String),
        }
    )

"""What the equity curve says: return, CAGR, Sharpe, Sortino, drawdowns, exposure, months.

Ratios use daily UTC equity (spec M1): the last equity of each UTC day; the first day is measured from the initial
cash and a day without bars carries the last value. A bar's equity is known at its close and belongs to the day in
which that close falls (midnight belongs to the day that it ends). A year has 365 days, the risk-free rate is 0.

Example: cash 100, days that end at 110, (no bars), 99: daily returns +10%, 0%, −10%.

Sharpe after Sharpe 1994 ("The Sharpe Ratio"): mean ÷ sd (ddof 1) of daily returns, times √365. Sortino after Sortino
& Price 1994: the sd is replaced by the downside deviation, the root of the mean square of the returns below 0 over
*all* days; the target is given and not estimated, so nothing is taken off n.

Drawdowns are measured bar by bar, as fractions ≤ 0 of the peak so far; the initial cash is the first peak.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from exitbrain.analysis.columns import MICROSECONDS_PER_DAY, EquityColumns, Flags, Floats, Integers
from exitbrain.analysis.sums import mean, plain, ratio, sample_deviation, total

DAYS_PER_YEAR = 365
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Number = float | int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyEquity:
    """One row a UTC day, without holes: days since 1970, and the equity with which the day ends."""

    day: Integers
    equity: Floats
    initial_cash: float

    @property
    def returns(self) -> Floats | None:
        """Simple daily returns. None where equity is not above 0 throughout: a share of nothing means nothing."""
        levels = np.concatenate(([self.initial_cash], self.equity))
        return None if (levels <= 0).any() else levels[1:] / levels[:-1] - 1


def daily_equity(equity: EquityColumns) -> DailyEquity:
    """The last equity of each UTC day from the first bar's to the last bar's, holes carried forward."""
    if not len(equity):
        return DailyEquity(day=np.empty(0, np.int64), equity=np.empty(0), initial_cash=equity.initial_cash)
    closing_day = (equity.time + max(equity.timeframe, 1) - 1) // MICROSECONDS_PER_DAY
    day = np.arange(closing_day[0], closing_day[-1] + 1)
    last_bar = np.searchsorted(closing_day, day, side="right") - 1
    return DailyEquity(day=day, equity=equity.equity[last_bar], initial_cash=equity.initial_cash)


def equity_metrics(equity: EquityColumns) -> dict[str, Number]:
    """Money in quote currency, fractions, days and bars; the drawdown's length is that of the deepest one.

    None: everything but initial_cash and final_equity with no bars; return and max_drawdown with an initial cash not
    above 0; cagr, sharpe, sortino, best_day and worst_day where any day ends at or below 0; sharpe with fewer than two
    days or no variation; sortino with fewer than two days or no day below 0. With no drawdown its length is 0.
    """
    daily = daily_equity(equity)
    returns = daily.returns if len(daily.day) else None
    deepest = next(iter(drawdowns(equity, top=1)), None)
    final = float(equity.equity[-1]) if len(equity) else equity.initial_cash
    has_curve = len(equity) > 0 and equity.initial_cash > 0
    metrics: dict[str, Number] = {
        "initial_cash": equity.initial_cash,
        "final_equity": final,
        "return": final / equity.initial_cash - 1 if has_curve else None,
        "cagr": compound_annual_growth(returns),
        "sharpe": sharpe(returns),
        "sortino": sortino(returns),
        "max_drawdown": (deepest["depth"] if deepest else 0.0) if has_curve else None,
        "max_drawdown_days": (deepest["days"] if deepest else 0.0) if has_curve else None,
        "max_drawdown_bars": (deepest["bars"] if deepest else 0) if has_curve else None,
        "exposure": ratio(np.count_nonzero(equity.exposed), len(equity)),
        "num_days": len(daily.day),
        "best_day": None if returns is None else returns.max(),
        "worst_day": None if returns is None else returns.min(),
    }
    return {name: plain(value) for name, value in metrics.items()}


def compound_annual_growth(returns: Floats | None) -> float | None:
    """(final ÷ initial) to the power of 365 ÷ days, less 1. None where a float cannot hold it."""
    if returns is None or not len(returns):
        return None
    exponent = total(np.log1p(returns)) * DAYS_PER_YEAR / len(returns)
    return math.expm1(exponent) if exponent < 700 else None


def sharpe(returns: Floats | None) -> float | None:
    if returns is None:
        return None
    daily = ratio(mean(returns), sample_deviation(returns))
    return None if daily is None else daily * math.sqrt(DAYS_PER_YEAR)


def sortino(returns: Floats | None) -> float | None:
    if returns is None or len(returns) < 2:
        return None
    downside = math.sqrt(total(np.minimum(returns, 0) ** 2) / len(returns))
    daily = ratio(mean(returns), downside)
    return None if daily is None else daily * math.sqrt(DAYS_PER_YEAR)


def drawdown_curve(equity: EquityColumns) -> Floats:
    """float64[bars], fraction ≤ 0 of the peak so far (the initial cash is the first). Needs an initial cash above 0."""
    peak = np.maximum.accumulate(np.maximum(equity.equity, equity.initial_cash))
    return equity.equity / peak - 1


def drawdowns(equity: EquityColumns, top: int = 5) -> list[dict[str, float | int | str | None]]:
    """The deepest stretches under water, deepest first (ties: the earlier).

    A row: depth (fraction < 0), peak_at, trough_at, recovered_at (ISO 8601, bar closes; recovered_at None where it
    lasts to the end), bars and days from the peak to the recovery or the end. Empty where the initial cash is not
    above 0.
    """
    if not len(equity) or equity.initial_cash <= 0:
        return []
    curve = drawdown_curve(equity)
    first, after = _runs(curve < 0)
    if not len(first):
        return []
    # The appended 0 makes the end of a stretch that lasts to the last bar a valid boundary.
    stretches = np.column_stack((first, after)).ravel()
    depth = np.minimum.reduceat(np.append(curve, 0.0), stretches)[::2]
    deepest = np.argsort(depth, kind="stable")[:top]
    return [_drawdown(equity, curve, int(first[i]), int(after[i])) for i in deepest]


def _drawdown(equity: EquityColumns, curve: Floats, first: int, after: int) -> dict[str, float | int | str | None]:
    trough = first + int(np.argmin(curve[first:after]))
    recovered = after < len(curve)
    last = after if recovered else after - 1
    peak_at, end_at = _close_time(equity, first - 1), _close_time(equity, last)
    return {
        "depth": float(curve[trough]),
        "peak_at": iso(peak_at),
        "trough_at": iso(_close_time(equity, trough)),
        "recovered_at": iso(end_at) if recovered else None,
        "bars": last - (first - 1),
        "days": (end_at - peak_at) / MICROSECONDS_PER_DAY,
    }


def monthly_returns(equity: EquityColumns) -> list[dict[str, float | int | None]]:
    """A row a UTC month: year, month, return (fraction, from the end of the month before, at first the initial cash).

    The return is None where the month before ended at or below 0.
    """
    daily = daily_equity(equity)
    if not len(daily.day):
        return []
    month = daily.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    last_day = np.append(np.flatnonzero(np.diff(month)), len(month) - 1)
    rows: list[dict[str, float | int | None]] = []
    before = daily.initial_cash
    for row in last_day.tolist():
        after = float(daily.equity[row])
        years_since_1970, months_since_january = divmod(int(month[row]), 12)
        growth = after / before - 1 if before > 0 else None
        rows.append({"year": 1970 + years_since_1970, "month": months_since_january + 1, "return": plain(growth)})
        before = after
    return rows


def iso(time: int) -> str:
    """Epoch microseconds as ISO 8601 UTC with Z."""
    return (EPOCH + timedelta(microseconds=int(time))).isoformat().replace("+00:00", "Z")


def _close_time(equity: EquityColumns, bar: int) -> int:
    """The close of a bar; the bar before the first is the start, where the initial cash stands."""
    return int(equity.time[0]) if bar < 0 else int(equity.time[bar]) + equity.timeframe


def _runs(flags: Flags) -> tuple[Integers, Integers]:
    """First and one-past-last index of each stretch of true."""
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)

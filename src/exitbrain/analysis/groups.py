"""Sets cut by a column (regime, profile, strategy, symbol, side), by R, and by how far price ran for and against them.

Excursions after Sweeney ("Campaign Trading", "Maximum Adverse Excursion"): MFE and MAE are the best and worst point of
the whole position's path while it was open, here in R. The initial stop lies at −1 R.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exitbrain.analysis.columns import Floats, SetColumns, codes_of, take
from exitbrain.analysis.outcomes import outcome_metrics, outcomes_of_sets
from exitbrain.analysis.sums import known, mean, plain, plain_list, ratio, total

Number = float | int | None
Row = dict[str, float | int | str | None]

STOP_R = -1.0


def by_regime(sets: SetColumns) -> list[Row]:
    """A row a regime, by name, sets without one last: num_sets, net_pnl, fees_total, then `outcome_metrics`."""
    return _sets_by("regime", sets.regime, sets)


def by_profile(sets: SetColumns) -> list[Row]:
    """As `by_regime`, a row a profile."""
    return _sets_by("profile", sets.profile, sets)


def by_strategy(sets: SetColumns) -> list[Row]:
    """As `by_regime`, a row a strategy."""
    return _sets_by("strategy", sets.strategy, sets)


def by_symbol(sets: SetColumns) -> list[Row]:
    """As `by_regime`, a row a symbol."""
    return _sets_by("symbol", sets.symbol, sets)


def by_side(sets: SetColumns) -> list[Row]:
    """As `by_regime`, a row for long and one for short."""
    return _sets_by("side", ["long" if side > 0 else "short" for side in sets.side.tolist()], sets)


def r_histogram(sets: SetColumns, width: float = 0.5, lowest: float = -5.0, highest: float = 20.0) -> list[Row]:
    """Closed sets by R: rows low ≤ R < high of the given width, from the lowest R seen to the highest.

    What lies below `lowest` or at or above `highest` is one open row (low or high None). Both must be multiples of
    width, and width one of the binary fractions (0.25, 0.5, 1 …) where edges must be exact. Empty with no R.
    """
    r = known(sets.r_multiple[sets.is_closed])
    if not len(r):
        return []
    first, after = round(lowest / width), round(highest / width)
    cell = np.clip(np.floor(np.clip(r / width, first - 1, after)), first - 1, after).astype(np.int64)
    start = int(cell.min())
    rows: list[Row] = []
    for offset, count in enumerate(np.bincount(cell - start).tolist()):
        number = start + offset
        low = None if number < first else number * width
        high = None if number >= after else (number + 1) * width
        rows.append({"low": low, "high": high, "count": count})
    return rows


def excursions(sets: SetColumns) -> dict[str, list[float | str | bool | None]]:
    """MFE and MAE of each closed set against its stop and its first target, as columns of equal length (M5's scatter).

    mfe_r ≥ 0, mae_r ≤ 0, tp1_r, r_multiple, available_r and best_exit_r in R; efficiency is r_multiple ÷ available_r.
    reached_stop: MAE went to −1 R or beyond; reached_tp1: MFE went to TP1 or beyond. None where a part is unknown, and
    efficiency where nothing was available.
    """
    closed = take(sets, sets.is_closed)
    tp1_r = closed.tp1_r if closed.tp1_r is not None else np.full(len(closed), np.nan)
    return {
        "set_id": list(closed.set_id),
        "symbol": list(closed.symbol),
        "profile": list(closed.profile),
        "regime": list(closed.regime),
        "exit_reason": list(closed.exit_reason),
        "r_multiple": plain_list(closed.r_multiple),
        "mfe_r": plain_list(closed.mfe_r),
        "mae_r": plain_list(closed.mae_r),
        "tp1_r": plain_list(tp1_r),
        "available_r": plain_list(closed.available_r),
        "best_exit_r": plain_list(closed.best_exit_r),
        "efficiency": plain_list(_efficiency(closed)),
        "reached_stop": _reached(closed.mae_r, np.full(len(closed), STOP_R), -1),
        "reached_tp1": _reached(closed.mfe_r, tp1_r, +1),
    }


def excursion_metrics(sets: SetColumns) -> dict[str, Number]:
    """Means over closed sets, in R, and exit_efficiency = Σ captured (net) R ÷ Σ available R.

    The sums are over the sets where both are known, sets that had nothing to capture included: a mean of per-set ratios
    would be ruled by sets that never moved. best_exit_r is the upper bound of hindsight. None where no set has the
    number; exit_efficiency where nothing was available.
    """
    closed = take(sets, sets.is_closed)
    both = ~np.isnan(closed.r_multiple) & ~np.isnan(closed.available_r)
    available = total(np.maximum(closed.available_r[both], 0))
    metrics: dict[str, Number] = {
        "exit_efficiency": ratio(total(closed.r_multiple[both]), available),
        "mfe_r_mean": mean(known(closed.mfe_r)),
        "mae_r_mean": mean(known(closed.mae_r)),
        "best_exit_r_mean": mean(known(closed.best_exit_r)),
        "best_exit_r_total": total(known(closed.best_exit_r)),
    }
    return {name: plain(value) for name, value in metrics.items()}


def by_event(reasons: Sequence[str]) -> list[Row]:
    """A row a block event (the names of spec D5), by name: reason, count."""
    codes, names = codes_of(reasons)
    counts = np.bincount(codes, minlength=len(names)).tolist()
    return [{"reason": name, "count": count} for name, count in sorted(zip(names, counts), key=lambda row: str(row[0]))]


def _sets_by(name: str, values: Sequence[str | None], sets: SetColumns) -> list[Row]:
    codes, names = codes_of(values)
    rows: list[Row] = []
    for code in sorted(range(len(names)), key=lambda c: (names[c] is None, str(names[c]))):
        group = take(sets, codes == code)
        row: Row = {
            name: names[code],
            "num_sets": len(group),
            "net_pnl": plain(total(group.pnl_net)),
            "fees_total": plain(total(group.fees)),
        }
        rows.append(row | outcome_metrics(outcomes_of_sets(group)) | excursion_metrics(group))
    return rows


def _efficiency(sets: SetColumns) -> Floats:
    usable = sets.available_r > 0
    return np.divide(sets.r_multiple, sets.available_r, out=np.full(len(sets), np.nan), where=usable)


def _reached(excursion: Floats, level: Floats, direction: int) -> list[bool | None]:
    both = (~np.isnan(excursion) & ~np.isnan(level)).tolist()
    reached = (direction * (excursion - level) >= 0).tolist()
    return [answer if is_known else None for answer, is_known in zip(reached, both)]

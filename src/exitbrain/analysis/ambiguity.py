"""How much of a result hangs on the path that price is assumed to take within a bar (spec X5).

A bar does not say whether its high or its low came first. The same run under the adverse and under the favorable path
gives two results; the share of sets that differ is the run's ambiguity, and the two totals are an interval.

Example: three sets pair and one of them differs, one set exists only in the favorable run: 2 of 4 differ, 50%.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from exitbrain.analysis.columns import SetColumns
from exitbrain.analysis.sums import known, plain, ratio, total

ADVICE_ABOVE = 0.05
NO_BOUND = "With a trailing stop the interval is not a bound: price oscillates inside a bar."
ADVICE = "More than 5% of the sets depend on the path inside a bar: {}."
ENOUGH = 15 * 60 * 1_000_000  # µs: bars that are fine enough for a stop of 2%
FINER = "give a finer detail file"
COARSE_BARS = f"{FINER} (for a 2% stop, 15-minute bars are enough)"
FINE_BARS = f"the stops and targets lie within one bar's range, so {FINER} or set them wider"

Ambiguity = dict[str, float | int | str | list[float | None] | None]


def ambiguity(
    adverse_sets: SetColumns,
    favorable_sets: SetColumns,
    *,
    adverse_exits: Sequence[Hashable] | None = None,
    favorable_exits: Sequence[Hashable] | None = None,
    finest: int | None = None,
) -> Ambiguity:
    """share, num_sets, num_different, num_unpaired, net_pnl and net_r as [min, max] of the two totals, note, advice.

    Sets pair by symbol and opening bar, several of one bar in order. An unpaired set counts as different; so does a
    pair that differs in side, in being closed, or in how it left: the reasons and prices of its exits where they are
    given (one value a set), else its net P&L. Sizes that follow equity differ between the two runs although nothing
    in the bar was undecided, so money alone would count too many. share (fraction) is None with no set in either run;
    net_r sums the known R; advice is None up to a share of 5%, and is of the `finest` bars of the run (µs) where given.
    """
    adverse, favorable = _results(adverse_sets, adverse_exits), _results(favorable_sets, favorable_exits)
    keys = adverse.keys() | favorable.keys()
    different = sum(adverse.get(key) != favorable.get(key) for key in keys)
    share = ratio(different, len(keys))
    return {
        "share": plain(share),
        "num_sets": len(keys),
        "num_different": different,
        "num_unpaired": len(adverse.keys() ^ favorable.keys()),
        "net_pnl": _interval(total(adverse_sets.pnl_net), total(favorable_sets.pnl_net)),
        "net_r": _interval(total(known(adverse_sets.r_multiple)), total(known(favorable_sets.r_multiple))),
        "note": NO_BOUND,
        "advice": ADVICE.format(_advice(finest)) if share is not None and share > ADVICE_ABOVE else None,
    }


def _advice(finest: int | None) -> str:
    return COARSE_BARS if finest is None or finest > ENOUGH else FINE_BARS


Key = tuple[str, int, int]
Result = tuple[int, Hashable, bool]


def _results(sets: SetColumns, exits: Sequence[Hashable] | None) -> dict[Key, Result]:
    """Symbol, opening bar and the how-many-th of that bar, to side, how it left and being closed."""
    seen: defaultdict[tuple[str, int], int] = defaultdict(int)
    results: dict[Key, Result] = {}
    left: Sequence[Hashable] = sets.pnl_net.tolist() if exits is None else exits
    rows = zip(sets.symbol, sets.opened_at.tolist(), sets.side.tolist(), left, sets.is_closed.tolist())
    for symbol, opened_at, side, how, is_closed in rows:
        opening = (symbol, opened_at)
        results[(symbol, opened_at, seen[opening])] = (side, how, is_closed)
        seen[opening] += 1
    return results


def _interval(one: float, other: float) -> list[float | None]:
    return [plain(min(one, other)), plain(max(one, other))]

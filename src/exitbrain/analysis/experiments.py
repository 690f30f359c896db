"""An experiment of two arms: what each made of every set, when it may stop, and what it can say in words.

Two views of the same sets. *Paired*: every set was replayed under both arms on its own path, so that the difference
first − second is known set by set; the market is the same on both sides and drops out. *Assigned*: each set counts
under the arm alone that its hash gave it, as it would be in live trading; the arms then met different sets, and the
interval is wider. There each set counts r ÷ p for the first arm and −r ÷ (1 − p) for the second, p being the first
arm's share, after the mean of the sets before it was taken off: its expectation is the difference of the arms.

The experiment stops at the first day at whose end the paired interval leaves zero out (decided for an arm) or lies
within the futility margin (decided: no difference that matters). Else it ends undecided with its sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exitbrain.analysis.columns import Floats, Integers
from exitbrain.analysis.confidence_sequence import FEWEST_DAYS, ConfidenceSequence, confidence_sequence
from exitbrain.analysis.sums import mean, plain

FIRST, SECOND, EQUAL = "first", "second", "equal"
DECIDED, EXHAUSTED = "decided", "exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When it stops. `futility` in R: a difference within it does not matter; None where any would."""

    alpha: float = 0.05
    min_sets: int = 30
    max_sets: int | None = None
    futility: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sets:
    """One row a set that both arms closed with a known risk, in order of opening (µs). `arm`: 0 or 1, by hash."""

    opened_at: Integers
    first_r: Floats
    second_r: Floats
    arm: Integers


def judged(sets: Sets, rule: Rule, names: tuple[str, str], share: float) -> dict[str, Any]:
    """State, decision, verdict, the two views and the sequence, as plain values. `share` is the first arm's, 0 to 1."""
    size = len(sets.opened_at) if rule.max_sets is None else min(len(sets.opened_at), rule.max_sets)
    opened_at, arm = sets.opened_at[:size], sets.arm[:size]
    first, second = sets.first_r[:size], sets.second_r[:size]
    paired = confidence_sequence(first - second, opened_at, alpha=rule.alpha, fewest_sets=rule.min_sets)
    weighted = confidence_sequence(
        as_assigned(first, second, arm, share), opened_at, alpha=rule.alpha, fewest_sets=rule.min_sets
    )
    at, decision = stopped(paired, rule)
    return {
        "state": EXHAUSTED if decision is None else DECIDED,
        "decision": decision,
        "verdict": verdict(paired, at, decision, rule, names, len(sets.opened_at)),
        "num_sets": size,
        "stopped_at_set": None if decision is None else int(paired.num_sets[at]),
        "paired": _at(paired, at),
        "assigned": _at(weighted, at),
        "arms": [
            {
                "num_assigned": int((arm == number).sum()),
                "net_r_mean": plain(mean(own)),
                "net_r_assigned_mean": plain(mean(own[arm == number])),
            }
            for number, own in enumerate((first, second))
        ],
        "share_better": plain(mean((first > second).astype(np.float64))),
        "share_worse": plain(mean((first < second).astype(np.float64))),
        "sequence": [{"day": int(paired.day[i]), **_at(paired, i)} for i in range(len(paired))],
    }


def as_assigned(first: Floats, second: Floats, arm: Integers, share: float) -> Floats:
    """Each set as its arm alone has it, so weighted that its expectation is first − second."""
    seen = np.where(arm == 0, first, second)
    # What the sets before it made is known when it is assigned, so taking it off changes no expectation.
    expected = (np.cumsum(seen) - seen) / np.maximum(np.arange(len(seen)), 1)
    return np.asarray((seen - expected) * np.where(arm == 0, 1 / share, -1 / (1 - share)))


def stopped(paired: ConfidenceSequence, rule: Rule) -> tuple[int, str | None]:
    """The point at which it stopped and for what; the last point and None where it did not."""
    # A comparison with nan is false: a bound that is not there excludes nothing.
    first, second = paired.low > 0, paired.high < 0
    within = np.zeros(len(paired), dtype=bool)
    if rule.futility is not None:
        within = (paired.low > -rule.futility) & (paired.high < rule.futility)
    hits = np.flatnonzero(first | second | within)
    if not len(hits):
        return len(paired) - 1, None
    at = int(hits[0])
    return at, FIRST if first[at] else SECOND if second[at] else EQUAL


def verdict(
    paired: ConfidenceSequence, at: int, decision: str | None, rule: Rule, names: tuple[str, str], total: int
) -> str:
    """Of the paired view, in words; of several arms the better one is named, with the difference in its favour."""
    if not len(paired):
        return f"nothing to compare: {names[0]} and {names[1]} closed no set in common with a known risk"
    level = f"{100 * (1 - rule.alpha):.4g}%"
    middle, low, high = float(paired.mean[at]), float(paired.low[at]), float(paired.high[at])
    count = int(paired.num_sets[at])
    if decision in (FIRST, SECOND):
        better, other = names if decision == FIRST else names[::-1]
        if decision == SECOND:
            middle, low, high = -middle, -high, -low
        return (
            f"{better} is better than {other} by {middle:.2f} R a set: {level} always-valid interval "
            f"{_interval(low, high)}; stopped at set {count:,} of {total:,}"
        )
    amount = f"{names[0]} minus {names[1]} is {middle:+.2f} R a set"
    if decision == EQUAL:
        return (
            f"no difference that matters: {amount}, {level} always-valid interval {_interval(low, high)}, within "
            f"±{rule.futility:g} R; stopped at set {count:,} of {total:,}"
        )
    if np.isnan(low) and np.isnan(high):
        needs = f"{FEWEST_DAYS} UTC days whose sets differ and {rule.min_sets:,} sets, and a spread that it can bound"
        days = f"{len(paired):,} day{'' if len(paired) == 1 else 's'}"
        return f"not distinguishable yet: {amount} over {count:,} sets on {days}; an interval needs {needs}"
    return f"not distinguishable yet: {amount}, {level} always-valid interval {_interval(low, high)}, {count:,} sets"


def _interval(low: float, high: float) -> str:
    """As many decimals as it takes to see on which side of zero a small bound lies."""
    decimals = 2
    while decimals < 6 and any(bound and not round(bound, decimals) for bound in (low, high) if bound == bound):
        decimals += 1
    below, above = (
        "none" if bound != bound else f"{round(bound, decimals) + 0.0:.{decimals}f}" for bound in (low, high)
    )
    return f"{below} to {above} R"


def _at(sequence: ConfidenceSequence, at: int) -> dict[str, Any]:
    if not len(sequence):
        return {"num_sets": 0, "mean": None, "low": None, "high": None}
    bounds: Sequence[tuple[str, Floats]] = (
        ("mean", sequence.mean), ("low", sequence.low), ("high", sequence.high)
    )  # fmt: skip
    return {
        "num_sets": int(sequence.num_sets[at]),
        **{name: None if np.isnan(values[at]) else float(values[at]) for name, values in bounds},
    }

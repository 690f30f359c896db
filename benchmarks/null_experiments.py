"""How often an experiment finds a difference where there is none, when it is looked at after every set.

    python benchmarks/null_experiments.py                 # 10,000 experiments of 1,000 days a shape, some minutes
    python benchmarks/null_experiments.py --experiments 500 --power

Each shape has a mean of zero. An experiment counts as fooled where zero is outside its confidence sequence at any day
from the first to the last. The interval moves only when a day is over, so looking at every day is looking at every set.
Exit status 1 where a shape is fooled more often than alpha. `--power` adds how many sets it takes to see a difference.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

from exitbrain.analysis.confidence_sequence import zero_is_excluded

Drawn = np.ndarray
DAYS = 1_000
ROWS = 500  # experiments at once
WIN = {"ladder": (5.0, 1 / 6), "long tail": (10.0, 1 / 11)}


def one_or_nothing(rng: np.random.Generator, size: tuple[int, ...], win: float, chance: float) -> Drawn:
    """−1 R mostly, `win` R now and then; fair where chance · (win + 1) is one."""
    return np.where(rng.random(size) < chance, win, -1.0)


def normal(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    return rng.standard_normal(size)


def heavy(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    return rng.standard_t(3, size)


def ladder(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    return one_or_nothing(rng, size, *WIN["ladder"])


def long_tail(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    return one_or_nothing(rng, size, *WIN["long tail"])


def rungs(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """A ladder of rungs: three stops of seven, two small wins, one of 1 R, one of 5 R."""
    outcomes = np.array([-1.0, -1.0, -1.0, 0.3, 0.3, 1.0, 5.0])
    return rng.choice(outcomes - outcomes.mean(), size)


def mostly_equal(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Seven sets of ten end alike under both arms; the others differ by −0.5 R, one in six by +2.5 R."""
    return 0.5 * one_or_nothing(rng, size, *WIN["ladder"]) * (rng.random(size) < 0.3)


def several_a_day(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """One to eight ladders a day."""
    return sum(ladder(rng, size) * (rng.integers(1, 9, size) > number) for number in range(8))  # type: ignore[return-value]


def shared_days(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """One to eight sets a day that share its market, which goes on into the next day (autocorrelation 0.3)."""
    shocks = rng.standard_normal(size)
    market = np.empty(size)
    market[:, 0] = shocks[:, 0]
    for day in range(1, size[1]):
        market[:, day] = 0.3 * market[:, day - 1] + shocks[:, day]
    sets = rng.integers(1, 9, size)
    return 0.5 * market * sets + rng.standard_normal(size) * np.sqrt(sets)


def overnight(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Every set is held into the next day: half of its outcome is that day's."""
    market = rng.standard_normal((size[0], size[1] + 1))
    return market[:, 1:] + market[:, :-1]


def calm_and_wild(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Hundred days of 0.2 R, hundred of 3 R, by turns."""
    return rng.standard_normal(size) * np.where(np.arange(size[1]) % 200 < 100, 0.2, 3.0)


def dying_down(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Ladders whose size shrinks from 1.4 R to hardly anything."""
    return ladder(rng, size) * (np.exp(-np.arange(size[1]) / 100) * 3 + 0.1) / 2.2


def split_by_coin(rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Each set under one arm alone: its outcome counts twice for the first arm, twice against for the second."""
    outcomes = rungs(rng, size)
    before = np.cumsum(outcomes, axis=1) - outcomes
    expected = before / np.maximum(np.arange(size[1]), 1)
    return 2 * (outcomes - expected) * rng.choice([-1.0, 1.0], size)


NULLS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Drawn]] = {
    "normal, 1 R": normal,
    "heavy tails (t, 3)": heavy,
    "-1 R or +5 R": ladder,
    "-1 R or +10 R": long_tail,
    "a ladder's rungs": rungs,
    "mostly equal, skewed": mostly_equal,
    "1 to 8 ladders a day": several_a_day,
    "shared days, 0.3 into the next": shared_days,
    "held overnight": overnight,
    "calm and wild days": calm_and_wild,
    "dying down": dying_down,
    "assigned by a coin": split_by_coin,
}


def fooled(name: str, experiments: int, alpha: float, days: int = DAYS, seed: int = 0) -> float:
    """The share of experiments without a difference that find one at any look."""
    rng = np.random.default_rng([seed, *name.encode()])
    found = 0
    for start in range(0, experiments, ROWS):
        drawn = NULLS[name](rng, (min(ROWS, experiments - start), days))
        found += int(zero_is_excluded(drawn, alpha).any(axis=1).sum())
    return found / experiments


def sets_to_see(difference: float, spread: float, alpha: float, experiments: int = 200, days: int = 8_000) -> list[str]:
    """Sets, one a day and normal, until half and until four fifths of the experiments have seen a difference."""
    rng = np.random.default_rng(1)
    first = []
    for _ in range(experiments):
        out = zero_is_excluded(difference + spread * rng.standard_normal((1, days)), alpha)[0]
        first.append(float(out.argmax() + 1) if out.any() else np.inf)
    shown = np.quantile(first, (0.5, 0.8), method="inverted_cdf")
    return [f"{value:,.0f}" if np.isfinite(value) else f"over {days:,}" for value in shown]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=10_000)
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--power", action="store_true")
    given = parser.parse_args(arguments)
    print(f"{given.experiments:,} experiments of {DAYS:,} days without a difference; alpha {given.alpha:g}")
    worst = 0.0
    for name in NULLS:
        share = fooled(name, given.experiments, given.alpha)
        worst = max(worst, share)
        print(f"  {name:32} {share:8.2%}", flush=True)
    if given.power:
        print("sets (one a day, normal) until half, and four fifths, of the experiments see a difference")
        for difference in (0.05, 0.1, 0.3, 0.5):
            for spread in (0.3, 1.0):
                half, most = sets_to_see(difference, spread, given.alpha)
                print(f"  {difference:4} R, standard deviation {spread:3} R {half:>12} {most:>12}", flush=True)
    return int(worst > given.alpha)


if __name__ == "__main__":
    sys.exit(main())

"""What the kernel is asked: entries, profiles as rows of whole numbers, and what trading costs.

A profile is a recipe of ratios; `following.plan` makes of it a ladder for each entry, exactly as `core.ladder` does.
`unsupported` says which profiles need the engine instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.core.ladder import recipe_of
from exitbrain.core.numbers import fraction_of
from exitbrain.core.profiles import StopMove, TPProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

RUNGS, STAGES = 8, 9
# places in a row; each of the later ones is repeated for every rung or stage
COUNT, WHOLE, TRAILS, STAGE_COUNT, TIME_STOP, SHARE_DEN = range(6)
R_NUM = 6
R_DEN, SHARE, SOFT, MOVE, MOVE_NUM, MOVE_DEN = (R_NUM + RUNGS * i for i in range(1, 7))
STAGE_NUM = MOVE_DEN + RUNGS
STAGE_DEN, CALLBACK_NUM, CALLBACK_DEN = (STAGE_NUM + STAGES * i for i in range(1, 4))
RECIPE_SIZE = CALLBACK_DEN + STAGES
NO_MOVE, TO_R, TO_ENTRY = 0, 1, 2

PRICE_BITS, RATIO_BITS, LOT_BITS = 30, 30, 40
MOST_R = 1 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """N openings at the open of a bar, in ascending order of bars.

    bar, side (+1, -1), price (the fill's ticks): int64 [N]. stop, lots: int64 [S, N], a row for each stop rule that is
    in play; 0 lots where that rule refuses the entry.
    """

    bar: Ints
    side: Ints
    price: Ints
    stop: Ints
    lots: Ints

    def __post_init__(self) -> None:
        for name in ("bar", "side", "price", "stop", "lots"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.int64))
        for name in ("stop", "lots"):
            object.__setattr__(self, name, np.atleast_2d(getattr(self, name)))
        assert (np.diff(self.bar) >= 0).all(), "entries are in ascending order of bars"
        assert self.stop.shape == self.lots.shape == (len(self.stop), len(self.bar))

    def __len__(self) -> int:
        return len(self.bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipes:
    """P profiles: their whole numbers, int64 [P, RECIPE_SIZE], their names, and which row of stops each one takes."""

    rows: Ints
    names: tuple[str, ...]
    stop_rule: Ints

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Recipes:
        return Recipes(rows=self.rows[part], names=self.names[part], stop_rule=self.stop_rule[part])

    @property
    def rungs(self) -> int:
        """The most rungs that one of them has."""
        return int(self.rows[:, COUNT].max(initial=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """How orders fill and what they cost.

    slippage: a ratio. taker, maker: fractions of the notional. money_unit: quote money of one tick × one lot.
    min_lots, min_worth: the venue's least rung in lots and in ticks × lots. time_stop_bars: the run's own.
    """

    slippage: tuple[int, int] = (0, 1)
    taker: float = 0.0
    maker: float = 0.0
    money_unit: float = 1.0
    path: int = rules.ADVERSE
    through: bool = False
    close_at_end: bool = True
    min_lots: int = 1
    min_worth: int = 0
    time_stop_bars: int | None = None


def unsupported(profile: TPProfile) -> str | None:
    """Why the kernel cannot follow this profile; None where it can."""
    legs = recipe_of(profile)
    if profile.atr_trail is not None:
        return "atr_trail moves the stop at every bar"
    if profile.adaptive is not None:
        return "adaptive changes the callback at every bar"
    if profile.liquidity is not None:
        return "liquidity looks at every bar's volume and spread"
    if profile.time_stop is not None and profile.time_stop.bars is None:
        return "time_stop is a duration"
    if any(move.fees for move in profile.stop_moves):
        return "a stop move counts fees"
    moved = [move.after_leg for move in profile.stop_moves]
    if len(set(moved)) < len(moved):
        return "several stop moves stand after one leg"
    if len(legs.multiples) > RUNGS or len(legs.callbacks) > STAGES:
        return f"more than {RUNGS} rungs or {STAGES - 1} points of a tightening curve"
    ratios = [*legs.multiples, *(r for r, _ in legs.callbacks), *_moved_to(profile)]
    if any(abs(ratio) >= MOST_R for ratio in ratios):
        return f"a level is {MOST_R}R away or more"
    shares = np.lcm.reduce([1, *(share.denominator for share in legs.fractions)], dtype=object)
    widest = [*ratios, *(callback for _, callback in legs.callbacks), Fraction(1, int(shares))]
    if any(ratio.denominator >= 1 << 20 for ratio in widest):
        return "a number has more decimals than machine words hold"
    return None


def _moved_to(profile: TPProfile) -> list[Fraction]:
    return [fraction_of(move.to) for move in profile.stop_moves if move.to not in ("breakeven", "previous_target")]


def recipes_of(profiles: Sequence[TPProfile], stop_rule: Sequence[int] | None = None) -> Recipes:
    """Profiles as rows. Raises ValueError for one that `unsupported` names."""
    rows = np.zeros((len(profiles), RECIPE_SIZE), dtype=np.int64)
    for row, profile in zip(rows, profiles):
        problem = unsupported(profile)
        if problem is not None:
            raise ValueError(f"profile {profile.name!r}: {problem}")
        _fill(row, profile)
    rules_of = np.zeros(len(profiles), dtype=np.int64) if stop_rule is None else np.asarray(stop_rule, dtype=np.int64)
    return Recipes(rows=rows, names=tuple(profile.name for profile in profiles), stop_rule=rules_of)


def _fill(row: Ints, profile: TPProfile) -> None:
    legs = recipe_of(profile)
    row[COUNT] = len(legs.multiples)
    row[WHOLE] = legs.whole
    row[TRAILS] = legs.activation is not None
    row[STAGE_COUNT] = len(legs.callbacks)
    row[TIME_STOP] = 0 if profile.time_stop is None else profile.time_stop.bars or 0
    den = int(np.lcm.reduce([1, *(share.denominator for share in legs.fractions)], dtype=object))
    row[SHARE_DEN] = den
    for k, (multiple, share, soft) in enumerate(zip(legs.multiples, legs.fractions, legs.soft)):
        row[R_NUM + k], row[R_DEN + k] = multiple.numerator, multiple.denominator
        row[SHARE + k], row[SOFT + k] = share.numerator * (den // share.denominator), soft
    for move in profile.stop_moves:
        place = move.after_leg - 1
        row[MOVE + place], row[MOVE_NUM + place], row[MOVE_DEN + place] = _move(move, legs.multiples)
    for s, (r, callback) in enumerate(legs.callbacks):
        row[STAGE_NUM + s], row[STAGE_DEN + s] = r.numerator, r.denominator
        row[CALLBACK_NUM + s], row[CALLBACK_DEN + s] = callback.numerator, callback.denominator


def _move(move: StopMove, multiples: Sequence[Fraction]) -> tuple[int, int, int]:
    """Kind and ratio; a negative denominator marks a target's level, which is rounded as one (spec F52)."""
    if move.to == "breakeven" or (move.to == "previous_target" and move.after_leg == 1):
        return TO_ENTRY, 0, 1
    if move.to == "previous_target":
        before = multiples[move.after_leg - 2]
        return TO_R, before.numerator, -before.denominator
    ratio = fraction_of(move.to)
    return TO_R, ratio.numerator, ratio.denominator


def out_of_reach(largest_price: int, entries: Entries, recipes: Recipes, costs: Costs) -> str | None:
    """Why machine words cannot hold this; None where they can."""
    if largest_price >= 1 << PRICE_BITS:
        return f"prices reach {largest_price} ticks, and {(1 << PRICE_BITS) - 1} is the most that fits"
    farthest = int(np.abs(entries.stop[entries.lots > 0]).max(initial=0))
    if farthest >= 1 << (PRICE_BITS + 1):
        return f"a stop at {farthest} ticks, and {(1 << (PRICE_BITS + 1)) - 1} is the most that fits"
    most = int(entries.lots.max(initial=0))
    bits = LOT_BITS if costs.min_worth == 0 else 62 - PRICE_BITS
    widest = int(recipes.rows[:, SHARE_DEN].max(initial=1))
    if most >= 1 << bits or most * widest >= 1 << 62:
        return f"{most} lots, and {min((1 << bits) - 1, ((1 << 62) - 1) // widest)} is the most that fits"
    if max(map(abs, costs.slippage)) >= 1 << RATIO_BITS:
        return "slippage has more decimals than machine words hold"
    return None

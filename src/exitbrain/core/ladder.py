"""A profile applied to one position: stop, rungs and trail in whole ticks and lots.

Everything is computed exactly from the decimals that were written and rounded once (spec P4, P6, P13, Q3, Q5):

    long 1.000 @ 100 (tick 0.01, lot 0.001), stop 98 → risk 2
    TREND: 0.5R/15% → 101 × 0.150 · 1R/20% → 102 × 0.200 · 2R/30% → 104 × 0.300 · runner 0.350, trails from 1.5R = 103

`side` is +1 for a long and -1 for a short. Prices are in ticks: a level is an int, an entry a Fraction because it may be
an average; a whole entry may come as an int, which answers to all that is asked of a Fraction here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from exitbrain.core.market import Instrument, MarketRegime
from exitbrain.core.numbers import Number, ceil_fraction, floor_fraction, fraction_of
from exitbrain.core.profiles import TPKind, TPProfile

RISK_MODE_FACTOR = {
    "NORMAL": Fraction(1),
    "CONSERVATIVE": Fraction(7, 10),
    "CRITICAL": Fraction(1, 2),
    "ESS_ACTIVE": Fraction(3, 10),
}
REGIME_STOP_FACTOR = {
    MarketRegime.VOLATILE: Fraction(3, 2),
    MarketRegime.TREND: Fraction(4, 5),
    MarketRegime.RANGE: Fraction(6, 5),
}
STOP_FRACTION_RANGE = (Fraction(1, 100), Fraction(5, 100))
REMAINING = -1  # lots of a trail that covers whatever remains
LEGACY_TARGET = Fraction(3, 100)
LEGACY_CALLBACK = (15, 1000)
LEGACY_TRAILING_REGIMES = (MarketRegime.TREND, MarketRegime.NORMAL, MarketRegime.CHOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One take-profit leg: `lots` leave at `level`. `index` is the leg's number in the profile, from 1."""

    index: int
    r_multiple: Fraction
    fraction: Fraction
    level: int
    lots: int
    soft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """callbacks are (peak level from which it holds, numerator, denominator), the first from the activation on."""

    activation: int
    activation_r: Fraction
    callbacks: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    side: int
    entry: Fraction
    stop: int
    risk: Fraction
    rungs: tuple[Rung, ...]
    runner: int = 0
    trail: Trail | None = None
    notes: tuple[str, ...] = ()


def toward_market(price: Fraction, side: int) -> int:
    """A stop level: up for a long, down for a short, never looser."""
    return ceil_fraction(price) if side > 0 else floor_fraction(price)


def target_level(entry: Fraction, side: int, distance: Fraction) -> int:
    """A take-profit level: rounded toward the entry, yet the first tick at least one tick from it (spec Q3, F52)."""
    if side > 0:
        return max(floor_fraction(entry + distance), ceil_fraction(entry + 1))
    return min(ceil_fraction(entry - distance), floor_fraction(entry - 1))


def reached_at(entry: Fraction, side: int, distance: Fraction) -> int:
    """The first tick whose exact profit is at least `distance` (spec F21)."""
    return ceil_fraction(entry + distance) if side > 0 else floor_fraction(entry - distance)


@lru_cache(maxsize=256)
def default_stop_fraction(base: Fraction, risk_mode: str, regime: MarketRegime) -> Fraction:
    """Spec P4's last step: base × risk mode × regime, clamped to [1%, 5%]."""
    low, high = STOP_FRACTION_RANGE
    scaled = base * RISK_MODE_FACTOR[risk_mode] * REGIME_STOP_FACTOR.get(regime, Fraction(1))
    return min(max(scaled, low), high)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What P4 chooses from: explicit price, the trigger's percent, k·ATR, else the scaled default."""

    explicit_price: Decimal | None = None
    stop_loss_pct: Number | None = None
    atr: float | None = None
    atr_mult: Number | None = None
    base_fraction: Fraction = Fraction(25, 1000)
    risk_mode: str = "NORMAL"
    regime: MarketRegime = MarketRegime.NORMAL


def initial_stop(entry: Fraction, side: int, instrument: Instrument, rule: StopRule) -> int:
    """The stop in ticks for an entry in ticks (spec P4, Q3)."""
    if rule.explicit_price is not None:
        return instrument.stop_ticks(rule.explicit_price, side)
    if rule.stop_loss_pct is not None:
        distance = entry * fraction_of(rule.stop_loss_pct, "stop_loss_pct") / 100
    elif rule.atr_mult is not None and rule.atr is not None and rule.atr == rule.atr:
        distance = fraction_of(rule.atr) * fraction_of(rule.atr_mult) / Fraction(instrument.tick_size)
    else:
        share = default_stop_fraction(rule.base_fraction, rule.risk_mode, rule.regime)
        ratio = share.denominator - side * share.numerator
        part = entry.numerator * ratio, entry.denominator * share.denominator
        return -(-part[0] // part[1]) if side > 0 else part[0] // part[1]
    return toward_market(entry - side * distance, side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A profile's numbers as ratios of whole numbers, read once: a run compiles thousands of ladders from them."""

    multiples: tuple[Fraction, ...]
    fractions: tuple[Fraction, ...]
    soft: tuple[bool, ...]
    whole: bool
    activation: Fraction | None
    callbacks: tuple[tuple[Fraction, Fraction], ...]  # (R from which it holds, callback)


@lru_cache(maxsize=4096)
def recipe_of(profile: TPProfile) -> Recipe:
    trailing = profile.trailing
    return Recipe(
        multiples=tuple(fraction_of(leg.r_multiple) for leg in profile.tp_legs),
        fractions=tuple(fraction_of(leg.size_fraction) for leg in profile.tp_legs),
        soft=tuple(leg.kind is TPKind.SOFT for leg in profile.tp_legs),
        whole=profile.runner_fraction == 0,
        activation=None if trailing is None else fraction_of(trailing.activation_r),
        callbacks=()
        if trailing is None
        else (
            (fraction_of(trailing.activation_r), fraction_of(trailing.callback_pct)),
            *((fraction_of(r), fraction_of(callback)) for r, callback in trailing.tightening_curve),
        ),
    )


def compile_ladder(
    profile: TPProfile, instrument: Instrument, side: int, entry: Fraction, stop: int, lots: int
) -> Ladder:
    """The profile's ladder for `lots` at `entry`, compiled to what the venue takes (spec P6, P13, F17, F18)."""
    recipe = recipe_of(profile)
    risk = abs(entry - stop)
    levels = [_target(entry, side, multiple, risk) for multiple in recipe.multiples]
    fractions, notes = _merged(recipe.fractions, levels, instrument, lots)
    quantities = _split(fractions, lots, recipe.whole)
    runner, quantities = _runner(recipe, instrument, entry, lots, quantities, notes)
    rungs = tuple(
        Rung(
            index=i + 1,
            r_multiple=multiple,
            fraction=fractions[i],
            level=levels[i],
            lots=quantities[i],
            soft=recipe.soft[i],
        )
        for i, multiple in enumerate(recipe.multiples)
        if quantities[i] > 0
    )
    trail = _trail(recipe, side, entry, risk) if runner else None
    if trail is not None and side < 0 and trail.activation <= 0:
        notes.append("the trail would start at 0 or less, which no price reaches: the stop holds the runner")
    return Ladder(
        side=side, entry=entry, stop=stop, risk=risk, rungs=rungs, runner=runner, trail=trail, notes=tuple(notes)
    )


def _target(entry: Fraction, side: int, multiple: Fraction, risk: Fraction) -> int:
    """`target_level` at `multiple` × `risk`, in whole numbers."""
    ratio = entry.denominator * multiple.denominator * risk.denominator
    reach = multiple.numerator * risk.numerator * entry.denominator
    start = entry.numerator * multiple.denominator * risk.denominator
    one_tick = entry + side if entry.denominator != 1 else None
    if side > 0:
        nearest = entry.numerator + 1 if one_tick is None else ceil_fraction(one_tick)
        return max((start + reach) // ratio, nearest)
    nearest = entry.numerator - 1 if one_tick is None else floor_fraction(one_tick)
    return min(-((reach - start) // ratio), nearest)


def _merged(
    given: Sequence[Fraction], levels: Sequence[int], instrument: Instrument, lots: int
) -> tuple[list[Fraction], list[str]]:
    """A rung too small for the venue gives its fraction to the one before it; the first to the next (spec F18)."""
    fractions, notes = list(given), []

    def too_small(i: int) -> bool:
        share = fractions[i]
        return not instrument.meets_minimum(levels[i], share.numerator * lots // share.denominator)

    def why(i: int) -> str:
        return "below the venue's minimum" if levels[i] > 0 else "no price is 0 or less"

    for i in range(len(fractions) - 1, 0, -1):
        if fractions[i] and too_small(i):
            fractions[i - 1] += fractions[i]
            fractions[i] = Fraction(0)
            notes.append(f"take_profit_{i + 1} merged into take_profit_{i}: {why(i)}")
    following = next((i for i in range(1, len(fractions)) if fractions[i]), None)
    if following is not None and too_small(0):
        fractions[following] += fractions[0]
        fractions[0] = Fraction(0)
        notes.append(f"take_profit_1 merged into take_profit_{following + 1}: {why(0)}")
    return fractions, notes


def _split(fractions: Sequence[Fraction], lots: int, whole: bool) -> list[int]:
    """Rung lots, rounded down; where the fractions sum to one the last rung takes the rest (spec F17)."""
    quantities = [fraction.numerator * lots // fraction.denominator for fraction in fractions]
    if whole:
        last = max(i for i, fraction in enumerate(fractions) if fraction)
        quantities[last] += lots - sum(quantities)
    return quantities


def _runner(
    recipe: Recipe, instrument: Instrument, entry: Fraction, lots: int, quantities: list[int], notes: list[str]
) -> tuple[int, list[int]]:
    """Lots of the TRAIL leg (REMAINING where it covers what remains, 0 without), and the rungs after F33's joining."""
    for i, quantity in enumerate(quantities):
        if quantity == 0 and not any(f"take_profit_{i + 1} merged" in note for note in notes):
            holders = "the stop holds it" if recipe.activation is None else "the stop and the trail hold it"
            notes.append(f"take_profit_{i + 1} has no whole lot: {holders}")
    if recipe.activation is None:
        return 0, quantities
    if recipe.whole:
        return REMAINING, quantities
    return _joined(instrument, entry, lots, quantities, notes)


def _joined(
    instrument: Instrument, entry: Fraction, lots: int, quantities: list[int], notes: list[str]
) -> tuple[int, list[int]]:
    """The runner, or none where the venue would not take it and the last rung takes it along (spec F33, F51)."""
    runner = lots - sum(quantities)
    last = max((i for i, quantity in enumerate(quantities) if quantity), default=None)
    if not runner or instrument.closing_exempt or last is None or instrument.meets_minimum(entry, runner):
        return runner, quantities
    notes.append(f"the runner joined take_profit_{last + 1}: below the venue's minimum")
    return 0, [quantity + runner if i == last else quantity for i, quantity in enumerate(quantities)]


def _trail(recipe: Recipe, side: int, entry: Fraction, risk: Fraction) -> Trail:
    assert recipe.activation is not None
    callbacks = tuple(
        (_reached(entry, side, r, risk), callback.numerator, callback.denominator) for r, callback in recipe.callbacks
    )
    return Trail(activation=callbacks[0][0], activation_r=recipe.activation, callbacks=callbacks)


def _reached(entry: Fraction, side: int, multiple: Fraction, risk: Fraction) -> int:
    """`reached_at` of `multiple` × `risk`, in whole numbers."""
    ratio = entry.denominator * multiple.denominator * risk.denominator
    reach = multiple.numerator * risk.numerator * entry.denominator
    start = entry.numerator * multiple.denominator * risk.denominator
    return -((-start - reach) // ratio) if side > 0 else (start - reach) // ratio


def legacy_ladder(
    template: Sequence[tuple[Number, Number]],
    instrument: Instrument,
    side: int,
    entry: Fraction,
    stop: int,
    lots: int,
    *,
    regime: MarketRegime,
    target_fraction: Fraction = LEGACY_TARGET,
) -> Ladder:
    """`use_profiles=False` (spec P11, F29): rungs at multiples of the target; the last row trails from the opening
    with 1.5% where the regime trails, else it is a target too. R is still the stop's."""
    risk = abs(entry - stop)
    rows = [(fraction_of(fraction), fraction_of(multiple)) for fraction, multiple in template]
    trails = regime in LEGACY_TRAILING_REGIMES
    targets = rows[:-1] if trails else rows
    distances = [entry * target_fraction * multiple for _, multiple in targets]
    levels = [target_level(entry, side, distance) for distance in distances]
    fractions, notes = _merged([fraction for fraction, _ in targets], levels, instrument, lots) if targets else ([], [])
    whole = not trails and sum(fraction for fraction, _ in rows) >= 1 - Fraction(1, 10**9)
    quantities = _split(fractions, lots, whole) if fractions else []
    runner = 0
    if trails:
        runner, quantities = _joined(instrument, entry, lots, quantities, notes)
    rungs = tuple(
        Rung(
            index=i + 1,
            r_multiple=distances[i] / risk,
            fraction=fractions[i],
            level=levels[i],
            lots=quantities[i],
            soft=False,
        )
        for i in range(len(targets))
        if quantities[i] > 0
    )
    # Every peak is beyond the stop, so the trail stands from the opening whatever the slippage.
    callbacks = ((stop, *LEGACY_CALLBACK),)
    trail = Trail(activation=reached_at(entry, side, Fraction(0)), activation_r=Fraction(0), callbacks=callbacks)
    return Ladder(
        side=side,
        entry=entry,
        stop=stop,
        risk=risk,
        rungs=rungs,
        runner=runner,
        trail=trail if runner else None,
        notes=tuple(notes),
    )


class OpenLeg(NamedTuple):
    """A sized leg that still rests: `lots` leave at `level`."""

    number: int
    level: int
    lots: int


def shrink_legs(
    legs: Sequence[OpenLeg], runner: int, entry: Fraction, instrument: Instrument, before: int, after: int
) -> tuple[list[OpenLeg], int, list[str]]:
    """The open sized legs and the runner after a trigger cut the position from `before` to `after` lots, and notes
    (spec P9, F17, F33).

    The last sized leg takes what rounding leaves.
    """
    notes: list[str] = []
    sized = [leg.lots for leg in legs] + ([runner] if runner > 0 else [])
    if not sized:
        return [], runner, notes
    shrunk = [lots * after // before for lots in sized[:-1]]
    shrunk.append(sum(sized) * after // before - sum(shrunk))
    had_runner = runner > 0
    if had_runner:
        runner = shrunk.pop()
    kept = []
    for (number, level, _), lots in zip(legs, shrunk, strict=True):
        if lots > 0:
            kept.append(OpenLeg(number, level, lots))
        else:
            notes.append(f"take_profit_{number} has no whole lot left after the reduction")
    _merge_lots(kept, instrument, notes)
    if had_runner and runner == 0:
        notes.append("the runner has no whole lot left after the reduction")
    if runner > 0 and not instrument.closing_exempt and kept and not instrument.meets_minimum(entry, runner):
        kept[-1] = kept[-1]._replace(lots=kept[-1].lots + runner)
        notes.append(f"the runner joined take_profit_{kept[-1].number}: below the venue's minimum")
        runner = 0
    return kept, runner, notes


def _merge_lots(legs: list[OpenLeg], instrument: Instrument, notes: list[str]) -> None:
    """A leg too small for the venue gives its lots to the one before it, the first to the next."""
    for i in range(len(legs) - 1, -1, -1):
        if len(legs) == 1 or instrument.meets_minimum(legs[i].level, legs[i].lots):
            continue
        into = i - 1 if i else i + 1
        legs[into] = legs[into]._replace(lots=legs[into].lots + legs[i].lots)
        notes.append(
            f"take_profit_{legs[i].number} merged into take_profit_{legs[into].number}: below the venue's minimum"
        )
        del legs[i]

"""Where the stop goes when a leg has filled (spec P10, F36, F52). Levels are ticks; nothing here loosens a stop: that is
the walk's own rule."""

from __future__ import annotations

from fractions import Fraction

from exitbrain.core import walk as rules
from exitbrain.core.ladder import Ladder, target_level, toward_market
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import ceil_fraction, floor_fraction, fraction_of
from exitbrain.core.profiles import StopMove, TPProfile

REASONS = {
    rules.BY_STOP: "stop_loss",
    rules.BY_BREAKEVEN: "breakeven_stop",
    rules.BY_PROFIT_LOCK: "profit_lock",
    rules.BY_TRAIL: "trailing_stop",
}


def reason_of(how: int) -> str:
    """The exit reason of a way to leave (`core.walk`)."""
    return REASONS.get(how) or f"take_profit_{how - rules.TARGET}"


def is_breakeven(move: StopMove) -> bool:
    """`previous_target` after the first leg is break-even in all ways (spec F52)."""
    return move.to == "breakeven" or (move.to == "previous_target" and move.after_leg == 1)


def moves_after(profile: TPProfile | None, leg: int) -> list[StopMove]:
    return [] if profile is None else [move for move in profile.stop_moves if move.after_leg == leg]


def moved_level(profile: TPProfile, ladder: Ladder, move: StopMove) -> int:
    """Where a move without fees puts the stop."""
    side, entry = ladder.side, ladder.entry
    if is_breakeven(move):
        return toward_market(entry, side)
    if move.to == "previous_target":
        distance = fraction_of(profile.tp_legs[move.after_leg - 2].r_multiple) * ladder.risk
        return target_level(entry, side, distance)
    return toward_market(entry + side * fraction_of(move.to) * ladder.risk, side)


def move_after(profile: TPProfile | None, ladder: Ladder, leg: int) -> tuple[int, int]:
    """What the stop does when this leg has filled: (kind of `core.walk`, level mirrored for shorts).

    Of several moves after one leg the tightest holds, the first of equals; ASK_MOVE where one of them counts fees.
    """
    moves = moves_after(profile, leg)
    if not moves or profile is None:
        return rules.STAY, 0
    if any(move.fees and is_breakeven(move) for move in moves):
        return rules.ASK_MOVE, 0
    levels = [(ladder.side * moved_level(profile, ladder, move), move) for move in moves]
    level, move = max(levels, key=lambda pair: pair[0])
    return rules.MOVE_BREAKEVEN if is_breakeven(move) else rules.MOVE_PLAIN, level


def breakeven_with_fees(entry: Fraction, side: int, fees: Fraction, lots: int, instrument: Instrument) -> int:
    """Where closing `lots` by a market order pays back the set's fees so far and its own taker fee (spec F52).

    `fees` are in the instrument's money unit, one tick × one lot.
    """
    needed = (entry + side * fees / lots) / (1 - side * Fraction(instrument.taker_fee))
    return ceil_fraction(needed) if side > 0 else floor_fraction(needed)

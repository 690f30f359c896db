"""What each leg of a ladder would bring: level, size, fee and P&L, as decimals to look at.

Targets fill in order at their levels, without slippage, after an opening at market; `total` is what all fills so far
leave after their fees. The trail's row is its first possible exit, the stop where it has just become active: price
that goes on raises it. The stop's row is the loss where no target came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from exitbrain.core.ladder import REMAINING, Ladder, Trail, toward_market
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import floor_fraction, fraction_of
from exitbrain.core.plans import ExitKind
from exitbrain.core.profiles import StopMove, TPProfile
from exitbrain.core.walk import trail_level


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow:
    """`from_entry` is signed toward profit. Size and quantity are None where a leg covers whatever remains."""

    name: str
    kind: ExitKind
    order: str
    r_multiple: Fraction
    price: Decimal
    from_entry: Fraction
    size: Fraction | None = None
    quantity: Decimal | None = None
    fee: Decimal | None = None
    pnl: Decimal | None = None
    total: Decimal | None = None


def opening_fee(ladder: Ladder, instrument: Instrument, lots: int) -> Decimal:
    return instrument.fee(floor_fraction(ladder.entry), lots, maker=False)


def ladder_rows(
    ladder: Ladder, instrument: Instrument, lots: int, profile: TPProfile | None = None
) -> tuple[LadderRow, ...]:
    """Targets in ascending R, then the trail, then the stop."""
    opening = -opening_fee(ladder, instrument, lots)
    total = opening
    rows = []
    for rung in ladder.rungs:
        fee = instrument.fee(rung.level, rung.lots, maker=rung.soft)
        pnl = _pnl(ladder, instrument, rung.level, rung.lots)
        total += pnl - fee
        rows.append(
            LadderRow(
                name=f"TP{rung.index}",
                kind=ExitKind.TP,
                order="SOFT" if rung.soft else "HARD",
                r_multiple=rung.r_multiple,
                price=instrument.price(rung.level),
                from_entry=_from_entry(ladder, rung.level),
                size=Fraction(rung.lots, lots),
                quantity=instrument.quantity(rung.lots),
                fee=fee,
                pnl=pnl,
                total=total,
            )
        )
    if ladder.trail is not None and ladder.runner:
        # Where the market's range decides, a trail's first stop is not known beforehand.
        unknown = ladder.runner == REMAINING or (profile is not None and profile.atr_trail is not None)
        rows.append(_trail_row(ladder, ladder.trail, instrument, lots, None if unknown else total))
    fee, pnl = instrument.fee(ladder.stop, lots, maker=False), _pnl(ladder, instrument, ladder.stop, lots)
    rows.append(
        LadderRow(
            name="SL",
            kind=ExitKind.SL,
            order="STOP",
            r_multiple=Fraction(-1),
            price=instrument.price(ladder.stop),
            from_entry=_from_entry(ladder, ladder.stop),
            size=Fraction(1),
            quantity=instrument.quantity(lots),
            fee=fee,
            pnl=pnl,
            total=opening + pnl - fee,
        )
    )
    return tuple(rows)


def _trail_row(ladder: Ladder, trail: Trail, instrument: Instrument, lots: int, total: Decimal | None) -> LadderRow:
    fee = pnl = after = None
    if total is not None:
        level = first_trail_stop(ladder, trail)
        fee = instrument.fee(level, ladder.runner, maker=False)
        pnl = _pnl(ladder, instrument, level, ladder.runner)
        after = total + pnl - fee
    return LadderRow(
        name="TRAIL",
        kind=ExitKind.TRAIL,
        order="TRAIL",
        r_multiple=trail.activation_r,
        price=instrument.price(trail.activation),
        from_entry=_from_entry(ladder, trail.activation),
        size=None if ladder.runner == REMAINING else Fraction(ladder.runner, lots),
        quantity=None if ladder.runner == REMAINING else instrument.quantity(ladder.runner),
        fee=fee,
        pnl=pnl,
        total=after,
    )


def first_trail_stop(ladder: Ladder, trail: Trail) -> int:
    """The stop at the moment of activation, never looser than the initial one."""
    _, numerator, denominator = trail.callbacks[0]
    side = ladder.side
    level = side * trail_level(side * trail.activation, denominator - side * numerator, denominator)
    return max(level, ladder.stop) if side > 0 else min(level, ladder.stop)


def stop_move_level(move: StopMove, ladder: Ladder, profile: TPProfile) -> int | None:
    """Where a stop move lands (spec F36, F52); None where that depends on the fees paid until then."""
    to = move.to
    if to == "previous_target":
        if move.after_leg > 1:
            distance = fraction_of(profile.tp_legs[move.after_leg - 2].r_multiple) * ladder.risk
            own = [rung.level for rung in ladder.rungs if rung.index == move.after_leg - 1]
            return own[0] if own else toward_market(ladder.entry + ladder.side * distance, ladder.side)
        to = "breakeven"
    if to == "breakeven":
        return None if move.fees else toward_market(ladder.entry, ladder.side)
    return toward_market(ladder.entry + ladder.side * fraction_of(to) * ladder.risk, ladder.side)


def _pnl(ladder: Ladder, instrument: Instrument, level: int, lots: int) -> Decimal:
    units = ladder.side * (level - ladder.entry) * lots
    return instrument.money_unit * units.numerator / units.denominator


def _from_entry(ladder: Ladder, level: int) -> Fraction:
    return ladder.side * (level - ladder.entry) / ladder.entry if ladder.entry else Fraction(0)

"""A ladder's whole ticks and lots as exit legs: targets in ascending R, then the trail, then the stop (spec P6)."""

from __future__ import annotations

from fractions import Fraction

from exitbrain.core.ladder import REMAINING, Ladder, Trail
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import plain
from exitbrain.core.plans import ExitKind, ExitLeg
from exitbrain.core.profiles import TPProfile

PRIORITY = {ExitKind.EMERGENCY: 0, ExitKind.SL: 1, ExitKind.TRAIL: 2, ExitKind.TP: 3}  # spec X4's order at one price


def ladder_legs(
    ladder: Ladder, instrument: Instrument, profile: TPProfile | None, *, shown_quantities: bool
) -> tuple[ExitLeg, ...]:
    name = profile.name if profile else None
    joined = profile is not None and profile.trailing is not None and not ladder.runner and ladder.rungs
    legs = []
    for rung in ladder.rungs:
        fraction = rung.fraction
        if joined and profile is not None and rung is ladder.rungs[-1]:
            fraction += profile.runner_fraction
        metadata: dict[str, object] = {"profile_name": name, "kind": "SOFT" if rung.soft else "HARD"}
        if shown_quantities:
            metadata["quantity"] = plain(instrument.quantity(rung.lots))
        legs.append(
            _leg(
                ExitKind.TP,
                fraction,
                ladder,
                instrument,
                rung.level,
                f"take_profit_{rung.index}",
                rung.r_multiple,
                metadata,
                index=rung.index - 1,
            )
        )
    if ladder.runner and ladder.trail is not None:
        legs.append(_trail_leg(ladder, ladder.trail, instrument, profile, shown_quantities=shown_quantities))
    metadata = {"profile_name": name, "kind": "HARD", "covers": "remaining"}
    legs.append(_leg(ExitKind.SL, Fraction(1), ladder, instrument, ladder.stop, "stop_loss", Fraction(-1), metadata))
    return tuple(legs)


def _trail_leg(
    ladder: Ladder, trail: Trail, instrument: Instrument, profile: TPProfile | None, *, shown_quantities: bool
) -> ExitLeg:
    remaining = ladder.runner == REMAINING
    metadata: dict[str, object] = {
        "profile_name": profile.name if profile else None,
        "kind": "HARD",
        "covers": "remaining" if remaining else "runner",
        "activation_r": float(trail.activation_r),
    }
    if profile is not None and profile.trailing is not None:
        metadata["tightening_curve"] = [list(point) for point in profile.trailing.tightening_curve]
    if shown_quantities and not remaining:
        metadata["quantity"] = plain(instrument.quantity(ladder.runner))
    rest = 1 - sum((rung.fraction for rung in ladder.rungs), Fraction(0))
    _, numerator, denominator = trail.callbacks[0]
    return _leg(
        ExitKind.TRAIL,
        Fraction(1) if remaining else rest,
        ladder,
        instrument,
        trail.activation,
        "trailing_stop",
        trail.activation_r,
        metadata,
        callback=Fraction(numerator, denominator),
    )


def _leg(
    kind: ExitKind,
    size: Fraction,
    ladder: Ladder,
    instrument: Instrument,
    level: int,
    reason: str,
    r_multiple: Fraction,
    metadata: dict[str, object],
    *,
    index: int | None = None,
    callback: Fraction | None = None,
) -> ExitLeg:
    return ExitLeg(
        kind,
        float(size),
        float(level * Fraction(instrument.tick_size)),
        float(ladder.side * (level - ladder.entry) / ladder.entry),
        None if callback is None else float(callback),
        PRIORITY[kind] + (index or 0),
        reason,
        float(r_multiple),
        index,
        metadata,
    )

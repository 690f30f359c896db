"""A compiled ladder as the plan of a live position: nothing is computed anew, levels and lots are those of
`core.ladder` (spec P6, P10)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from exitbrain.core import walk as rules
from exitbrain.core.ladder import Ladder, Rung
from exitbrain.core.live.events import LivePlan, PlanRung
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import fraction_of
from exitbrain.core.profiles import TPProfile
from exitbrain.core.stop_moves import is_breakeven, move_after, moved_level, moves_after
from exitbrain.core.trailing import adaptive_ratio, atr_fraction, trail_distance

MICROSECOND = timedelta(microseconds=1)


def live_plan(
    ladder: Ladder,
    lots: int,
    profile: TPProfile | None,
    *,
    regime: str,
    strategy: str,
    time_stop_bars: int | None = None,
    stop_price: Decimal | None = None,
    stop_loss_pct: Decimal | None = None,
) -> LivePlan:
    """Without what follows volatility: `with_volatility` adds that. `time_stop_bars` is the config's."""
    trail = ladder.trail
    own = None if profile is None else profile.time_stop
    bars = [one for one in (time_stop_bars, own.bars if own else None) if one is not None]
    return LivePlan(
        lots=lots,
        stop=ladder.stop,
        rungs=tuple(_rung(profile, ladder, rung) for rung in ladder.rungs),
        runner=ladder.runner,
        callbacks=() if trail is None else trail.callbacks,
        entry=Fraction(ladder.entry),
        risk=Fraction(ladder.risk),
        time_stop_bars=min(bars, default=None),
        time_stop_after=None if own is None or own.duration is None else own.duration // MICROSECOND,
        stop_price=stop_price,
        stop_loss_pct=stop_loss_pct,
        profile="" if profile is None else profile.name,
        regime=regime,
        strategy=strategy,
        notes=(*ladder.notes, *_void_moves(profile, ladder)),
    )


def _rung(profile: TPProfile | None, ladder: Ladder, rung: Rung) -> PlanRung:
    """Where break-even counts fees, the other moves after that leg stand beside it."""
    move, level = move_after(profile, ladder, rung.index)
    fees = move == rules.ASK_MOVE
    if fees and profile is not None:
        plain = [one for one in moves_after(profile, rung.index) if not (one.fees and is_breakeven(one))]
        levels = [(ladder.side * moved_level(profile, ladder, one), one) for one in plain]
        move, level = rules.STAY, 0
        if levels:
            level, one = max(levels, key=lambda pair: pair[0])
            move = rules.MOVE_BREAKEVEN if is_breakeven(one) else rules.MOVE_PLAIN
    return PlanRung(
        index=rung.index, level=rung.level, lots=rung.lots, soft=rung.soft, move=move, move_to=ladder.side * level,
        fees=fees,
    )  # fmt: skip


def _void_moves(profile: TPProfile | None, ladder: Ladder) -> tuple[str, ...]:
    if profile is None:
        return ()
    resting = {rung.index for rung in ladder.rungs}
    return tuple(
        f"the stop move after take_profit_{move.after_leg} is void: that leg was merged away"
        for move in profile.stop_moves
        if move.after_leg not in resting
    )


def chandelier_of(profile: TPProfile | None) -> tuple[int, Fraction] | None:
    trail = None if profile is None else profile.atr_trail
    return None if trail is None else (trail.period, fraction_of(trail.mult))


def adaptive_of(profile: TPProfile | None, atr: float | None) -> tuple[Fraction, Fraction, Fraction] | None:
    """`atr` is that of the opening's decision bar."""
    adaptive = None if profile is None else profile.adaptive
    return None if adaptive is None else (fraction_of(adaptive.min), fraction_of(adaptive.max), atr_fraction(atr))


def distance_of(plan: LivePlan, atr: float | None, instrument: Instrument) -> int:
    """The chandelier's distance under this ATR of its period."""
    return -1 if plan.chandelier is None else trail_distance(atr, plan.chandelier[1], instrument)


def ratio_of(plan: LivePlan, atr: float | None) -> Fraction:
    """What callbacks are multiplied by under this ATR of 14 bars."""
    if plan.adaptive is None:
        return Fraction(1)
    least, most, base = plan.adaptive
    return adaptive_ratio(least, most, atr_fraction(atr), base)

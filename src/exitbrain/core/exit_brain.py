"""How a position will be left: the strategy, the profile, the stop, and every leg with its level (spec P4-P7, P11).

    long 1 BTCUSDT @ 50000, TREND, no hint → stop 2.5% × 0.8 = 2% = 49000, risk 1000
    TP 0.5R = 50500 × 0.15 · 1R = 51000 × 0.20 · 2R = 52000 × 0.30 · TRAIL 0.35 from 1.5R = 51500 · SL 49000

There is one ladder arithmetic, in ticks and lots. Where the context has no instrument the tick and the lot are chosen
so fine that every level and quantity is a whole number of them, and rounding has nothing to round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.ladder import (
    LEGACY_TARGET,
    RISK_MODE_FACTOR,
    Ladder,
    StopRule,
    compile_ladder,
    initial_stop,
    legacy_ladder,
    target_level,
)
from exitbrain.core.market import Instrument, MarketRegime
from exitbrain.core.numbers import decimal_of, fraction_of, plain
from exitbrain.core.plan_legs import PRIORITY, ladder_legs
from exitbrain.core.plan_records import PlanCreated, PlanRecord, PlanWarning, ProfileUsed, percent
from exitbrain.core.plans import PLAN_LIFE, ExitContext, ExitKind, ExitLeg, ExitPlan, instant_of
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput

SOURCE = "EXIT_BRAIN"
STANDARD_LADDER, PROFIT_LOCK, EMERGENCY_EXIT = "STANDARD_LADDER", "PROFIT_LOCK", "EMERGENCY_EXIT"
PROFIT_LOCK_ABOVE = Decimal(10)  # percent of margin
LOCKED_FRACTION = Fraction(2, 1000)
LOCK_TARGET_MULTIPLE = Fraction(3, 2)
LEAST_CONFIDENCE = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, what there is to log about it, and, for a ladder, the whole numbers behind its legs."""

    plan: ExitPlan
    records: tuple[PlanRecord, ...]
    ladder: Ladder | None = None
    instrument: Instrument | None = None
    lots: int = 0
    profile: TPProfile | None = None


def build_plan(context: ExitContext, settings: ExitSettings, registry: ProfileRegistry, now: datetime | int) -> Planned:
    """The plan of spec P5: the first strategy that applies, with its records."""
    expires_at = instant_of(now) + PLAN_LIFE
    regime, warnings = _regime(context, settings)
    risk_mode = min(context.risk_mode, settings.risk_mode, key=lambda mode: RISK_MODE_FACTOR[mode])
    if risk_mode == "ESS_ACTIVE":
        return _finish(context, _emergency_legs(), EMERGENCY_EXIT, "risk mode ESS_ACTIVE", regime, expires_at, warnings)
    if decimal_of(context.unrealized_pnl_pct) > PROFIT_LOCK_ABOVE:
        move = _present_move(context)
        if move > 0:
            if context.stop_price is not None:
                _refuse_wrong_side(context, fraction_of(context.stop_price))
            legs, notes = _lock_legs(context, move)
            reason = f"{plain(decimal_of(context.unrealized_pnl_pct))}% of margin in profit, a move of {percent(move)}"
            return _finish(context, legs, PROFIT_LOCK, reason, regime, expires_at, warnings, notes=notes)
        warnings = (
            *warnings,
            f"profit of {context.unrealized_pnl_pct}% of margin, yet the present price {context.current_price} "
            "is not in profit: planned as a ladder",
        )
    return _ladder_plan(context, settings, registry, regime, risk_mode, expires_at, warnings)


def _regime(context: ExitContext, settings: ExitSettings) -> tuple[MarketRegime, tuple[str, ...]]:
    regime = settings.regime_of(context.market_regime)
    if regime is None:
        return MarketRegime.NORMAL, (f"unknown market regime {context.market_regime!r}: planned as NORMAL",)
    return regime, ()


def _finish(
    context: ExitContext,
    legs: tuple[ExitLeg, ...],
    strategy_id: str,
    reason: str,
    regime: MarketRegime,
    expires_at: datetime,
    warnings: tuple[str, ...],
    *,
    profile_name: str | None = None,
    time_stop_bars: int | None = None,
    notes: tuple[str, ...] = (),
    records: tuple[PlanRecord, ...] = (),
) -> Planned:
    plan = ExitPlan(
        symbol=context.symbol,
        legs=legs,
        strategy_id=strategy_id,
        source=SOURCE,
        reason=reason,
        confidence=1.0 if context.rl_confidence is None else context.rl_confidence,
        profile_name=profile_name,
        market_regime=regime.value,
        expires_at=expires_at,
        time_stop_bars=time_stop_bars,
        notes=notes,
        warnings=warnings,
    )
    doubts = tuple(PlanWarning(symbol=context.symbol, text=text) for text in warnings)
    created = PlanCreated(legs=len(legs), strategy_id=strategy_id, profile_name=profile_name)
    return Planned(plan=plan, records=(*doubts, *records, created))


def _emergency_legs() -> tuple[ExitLeg, ...]:
    return (
        ExitLeg(
            ExitKind.EMERGENCY,
            1.0,
            priority=PRIORITY[ExitKind.EMERGENCY],
            reason="emergency_exit",
            metadata={"profile_name": None, "kind": "HARD", "covers": "remaining"},
        ),
    )


def _present_move(context: ExitContext) -> Fraction:
    """The move in the profit direction as a fraction of the entry price (spec P5, F47)."""
    if context.current_price is None:
        return fraction_of(context.unrealized_pnl_pct) / 100 / fraction_of(context.leverage)
    entry = fraction_of(context.entry_price)
    return context.direction * (fraction_of(context.current_price) - entry) / entry


def _lock_legs(context: ExitContext, move: Fraction) -> tuple[tuple[ExitLeg, ...], tuple[str, ...]]:
    entry, side, instrument = fraction_of(context.entry_price), context.direction, context.instrument
    stop = entry + side * entry * min(LOCKED_FRACTION, move / 2)
    target = entry + side * entry * move * LOCK_TARGET_MULTIPLE
    if instrument is not None:
        tick = Fraction(instrument.tick_size)
        stop = instrument.stop_ticks(stop, side) * tick
        target = target_level(entry / tick, side, side * (target - entry) / tick) * tick
    metadata: dict[str, object] = {"profile_name": None, "kind": "HARD", "covers": "remaining"}
    lock = ExitLeg(
        ExitKind.SL,
        1.0,
        float(stop),
        float(side * (stop - entry) / entry),
        priority=PRIORITY[ExitKind.SL],
        reason="profit_lock",
        metadata=metadata,
    )
    if target <= 0:
        return (lock,), ("a target at 1.5 × the present move would lie below zero: the stop alone holds",)
    take = ExitLeg(
        ExitKind.TP,
        1.0,
        float(target),
        float(side * (target - entry) / entry),
        priority=PRIORITY[ExitKind.TP],
        reason="take_profit_1",
        metadata=metadata,
    )
    return (take, lock), ()


def _ladder_plan(
    context: ExitContext,
    settings: ExitSettings,
    registry: ProfileRegistry,
    regime: MarketRegime,
    risk_mode: str,
    expires_at: datetime,
    warnings: tuple[str, ...],
) -> Planned:
    selection = None
    if settings.use_profiles:
        selection = registry.select(context.symbol, context.strategy_id or settings.strategy_id, regime)
    profile = selection.profile if selection else None
    instrument = context.instrument or exact_instrument(context, settings, profile)
    ladder, lots = ladder_of(context, settings, profile, instrument, regime, risk_mode)
    _refuse_levels_below_zero(ladder, instrument)
    stop_fraction = ladder.risk / ladder.entry
    name = profile.name if profile else None
    records: tuple[PlanRecord, ...] = ()
    if selection:
        used = ProfileUsed(
            profile_name=selection.profile.name,
            symbol=context.symbol,
            regime=regime.value,
            stop_fraction=stop_fraction,
        )
        records = (selection, used)
    own = profile.time_stop if profile else None
    planned = _finish(
        context,
        ladder_legs(ladder, instrument, profile, shown_quantities=context.instrument is not None),
        STANDARD_LADDER,
        f"{name or 'legacy ladder'} in {regime.value}, stop {percent(stop_fraction)} from the entry",
        regime,
        expires_at,
        warnings,
        profile_name=name,
        time_stop_bars=settings.time_stop_bars if own is None else own.bars,
        notes=ladder.notes,
        records=records,
    )
    return Planned(
        plan=planned.plan, records=planned.records, ladder=ladder, instrument=instrument, lots=lots, profile=profile
    )


def ladder_of(
    context: ExitContext,
    settings: ExitSettings,
    profile: TPProfile | None,
    instrument: Instrument,
    regime: MarketRegime,
    risk_mode: str,
) -> tuple[Ladder, int]:
    """The ladder in whole ticks and lots, and the position's lots; without a profile the legacy ladder."""
    side = context.direction
    entry = fraction_of(context.entry_price) / Fraction(instrument.tick_size)
    lots = instrument.lots_down(context.size)
    if lots < 1:
        raise InvalidInput(f"size {context.size}", accepted=f"at least one lot of {plain(instrument.lot_size)}")
    stop = initial_stop(entry, side, instrument, _stop_rule(context, settings, regime, risk_mode))
    _refuse_wrong_side(context, stop * Fraction(instrument.tick_size))
    if profile is not None:
        return compile_ladder(profile, instrument, side, entry, stop, lots), lots
    ladder = legacy_ladder(
        settings.partial_template,
        instrument,
        side,
        entry,
        stop,
        lots,
        regime=regime,
        target_fraction=_legacy_target(context),
    )
    return ladder, lots


def _stop_rule(context: ExitContext, settings: ExitSettings, regime: MarketRegime, risk_mode: str) -> StopRule:
    base = fraction_of(settings.default_stop_pct) / 100
    return StopRule(
        explicit_price=None if context.stop_price is None else decimal_of(context.stop_price),
        stop_loss_pct=context.stop_loss_pct,
        atr=None if context.atr is None else float(context.atr),
        atr_mult=settings.stop_atr_mult,
        base_fraction=base if context.rl_sl_hint is None else fraction_of(context.rl_sl_hint),
        risk_mode=risk_mode,
        regime=regime,
    )


def _legacy_target(context: ExitContext) -> Fraction:
    """The hint, unless its author doubts it (spec F47)."""
    doubted = context.rl_confidence is not None and decimal_of(context.rl_confidence) < LEAST_CONFIDENCE
    return LEGACY_TARGET if context.rl_tp_hint is None or doubted else fraction_of(context.rl_tp_hint)


def _refuse_wrong_side(context: ExitContext, stop: Fraction) -> None:
    """A stop at or beyond the entry is an error, explicit or computed (spec P4, F23)."""
    shown, entry = plain(decimal_of(float(stop))), plain(decimal_of(context.entry_price))
    if context.direction * (fraction_of(context.entry_price) - stop) <= 0:
        raise InvalidInput(
            f"a stop at {shown} for a {context.side} entered at {entry}",
            accepted=f"a stop {'below' if context.direction > 0 else 'above'} {entry}",
        )
    if stop <= 0:
        raise InvalidInput(f"a stop at {shown}", accepted="a stop above 0")


def _refuse_levels_below_zero(ladder: Ladder, instrument: Instrument) -> None:
    """A short's target, or its trail's start, more than 100% below the entry can never be met."""
    named = [(f"take_profit_{rung.index}", rung.level) for rung in ladder.rungs]
    if ladder.trail is not None:
        named.append(("the trail's activation", ladder.trail.activation))
    for name, level in named:
        if level <= 0:
            raise InvalidInput(
                f"{name} would lie at {plain(instrument.price(level))}", accepted="a stop nearer to the entry"
            )


def exact_instrument(context: ExitContext, settings: ExitSettings, profile: TPProfile | None) -> Instrument:
    """Tick and lot as fine as the product of all numbers that make a level or a quantity."""
    given: list[object] = [context.entry_price, context.stop_price, context.stop_loss_pct, context.atr]
    given += [context.rl_sl_hint, context.rl_tp_hint, settings.default_stop_pct, settings.stop_atr_mult]
    if profile is None:
        multiples = [row[1] for row in settings.partial_template]
        sizes = [row[0] for row in settings.partial_template]
    else:
        multiples = [leg.r_multiple for leg in profile.tp_legs]
        sizes = [leg.size_fraction for leg in profile.tp_legs]
        if profile.trailing is not None:
            multiples += [profile.trailing.activation_r, *(r for r, _ in profile.trailing.tightening_curve)]
    factors = 6  # of percent, risk mode, regime and the legacy target
    price_places = sum(_places(value) for value in given) + max(map(_places, multiples)) + factors
    size_places = _places(context.size) + max(map(_places, sizes))
    return Instrument(
        symbol=context.symbol, tick_size=Decimal(1).scaleb(-price_places), lot_size=Decimal(1).scaleb(-size_places)
    )


def _places(value: object) -> int:
    """Decimal places of the number as written."""
    if value is None:
        return 0
    exponent = decimal_of(value).as_tuple().exponent
    assert isinstance(exponent, int), value
    return max(0, -exponent)

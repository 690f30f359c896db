"""What a winning order does at its fill: exits, entries, adds and reversals (spec D7 F13 F20 F22 F31 F34 F39 F50).

CHOICES
1. At the fill an entry is judged: its stop, then 0 lots (`min_trade`), then the caps (`risk_cap`), then the minima.
2. `min_trade: false` drops the minima of an entry, not the refusal of 0 lots.
3. max_leverage cuts an order like a cap; what it cuts to 0 lots is `min_trade`. Open positions count at their marks.
4. A position that the order reverses counts neither as exposure nor as risk.
5. An add: R of the fresh ladder is |average − P4's stop|; the stop in force is the tighter of P4's and the present one.
   It is `invalid_stop` where P4's is at or beyond the fill or the average, or the one in force at or beyond the fill.
   The reason of the stop in force stays with the stop that won; on a tie the present one.
6. An add's own stop, for its sizing and its risk cap, is P4 at its fill price with only what the add itself brings;
   it is judged only where it is needed.
7. A refused order's event has the time of the fill's bar and the price of its decision (spec F31 F43).
8. Closing under `on_opposite: exit` is not asked for min_trade.
9. All symbols are marked at the open of this time where they have a bar at it, else at their last close.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from .cutting import leave
from .deciding import block
from .exact import day_of, exact, to_cent
from .ledger import Record, add_lots, close_lots, fee_of, slipped
from .planning import build_ladder, legacy_recipe, select_recipe, stop_level


@dataclass(slots=True)
class Position:
    """An open TradeSet with its resting legs; prices in ticks."""

    series: object
    direction: int
    record: Record
    recipe: object
    opened_index: int
    opened_at_close: bool
    stop_price: Fraction | None
    stop_percent: Fraction | None
    atr_entry: float | None
    peak: int
    lots: int = 0
    cost: int = 0
    ladder: object = None
    stop: int = 0
    stop_reason: str = "stop_loss"
    trail_active: bool = False
    trail_stop: int | None = None
    atr_now: float | None = None
    best: int = 0
    worst: int = 0
    opening_fill: int = 0
    opening_risk: Fraction = Fraction(0)
    adds: int = 0
    used: set = field(default_factory=set)
    run_index: int = 0
    run_time: int = 0
    rests: list = field(default_factory=list)  # exits that are being sold in parts
    taken: int = 0  # lots that this bar took of exits that may be cut


@dataclass(slots=True)
class Order:
    candidate: object
    decision: object
    only_closes: bool = False  # an entry under on_opposite: exit, decided against a position


def fill_order(run, order, price, bar, now):
    """Execute at a market price; `now` is the (index, time) of the bar in which it fills."""
    candidate = order.candidate
    if candidate.kind == "entry":
        fill_entry(run, order, price, bar, now)
    elif not candidate.position.lots:
        return  # rests have closed it at this open
    elif candidate.kind == "time_stop":
        leave(run, candidate.position, candidate.position.lots, price, bar, "time_stop", shrinks=True)
    else:
        reduce(run, order, price, bar)


def reduce(run, order, price, bar):
    candidate = order.candidate
    position = candidate.position
    fraction = None if candidate.fraction is None else float(candidate.fraction)
    tag = (candidate.trigger_id, candidate.category, fraction)
    reason = f"{candidate.trigger_id}_exit"
    if candidate.kind == "emergency_exit":
        close_lots(run, position, position.lots, price, bar, reason, tag=tag)
    else:
        leave(run, position, candidate.lots, price, bar, reason, tag=tag, shrinks=True)


def refuse(run, order, now, reason):
    block(run, order.decision, order.candidate, reason, time=now[1])


def brought_stop(candidate):
    """The explicit price and the percentage that an entry brings."""
    price = (candidate.row or {}).get("stop_price")
    percent = (candidate.trigger or {}).get("stop_loss_pct")
    return (
        None if price in (None, "") else exact(price),
        None if percent is None else exact(percent),
    )


def decision_bar(order, now):
    """The bar whose ATR an entry may use: that of its decision, the bar before for rows (spec F37)."""
    if order.decision.alone:
        return now[0] - 1
    return order.decision.index


def fill_entry(run, order, price, bar, now):
    candidate, series = order.candidate, order.decision.series
    position = run.netting_position(series)
    direction = candidate.direction
    tag = (candidate.trigger_id, candidate.category, None)
    opposite = position is not None and position.direction != direction
    if order.only_closes and position is None:
        return
    if opposite and run.account["on_opposite"] == "exit":
        close_lots(run, position, position.lots, price, bar, f"{candidate.trigger_id}_exit", tag=tag)
        return
    adding = position is not None and not opposite
    fill = slipped(price, direction, run.settings["execution"]["slippage_bps"], bar)
    regime = run.regime
    own_price, own_percent = brought_stop(candidate)
    atr = series.atr(14, decision_bar(order, now))
    stop = stop_level(run.exits, regime, series.instrument, direction, fill, own_price, own_percent, atr)
    valid = direction * (fill - stop) > 0
    if not valid and (not adding or needs_stop(run, candidate, series)):
        refuse(run, order, now, "invalid_stop")
        return
    lots = sized_lots(run, candidate, series, fill, abs(fill - stop))
    lots = leveraged(run, series, position if adding else None, opposite, fill, lots)
    if lots < 1:
        refuse(run, order, now, "min_trade")
        return
    lots = capped_lots(run, series, opposite, fill, abs(fill - stop), lots)
    if lots < 1:
        refuse(run, order, now, "risk_cap")
        return
    if run.guards["min_trade"] and series.instrument.too_small(lots, fill):
        refuse(run, order, now, "min_trade")
        return
    if adding:
        add_to(run, order, position, fill, lots, own_price, own_percent, atr, now)
        return
    fee = fee_of(series.instrument, fill, lots, series.instrument.taker_fee)
    if opposite:
        fee = close_for_reversal(run, position, price, fill, lots, bar, tag)
    open_position(run, order, fill, stop, lots, fee, price, now, (own_price, own_percent), tag)


def close_for_reversal(run, position, base, fill, lots, bar, tag):
    """One order through zero: the fee is split pro rata, the opener takes the remainder (spec L1 F13)."""
    instrument = position.series.instrument
    whole = position.lots + lots
    total = fee_of(instrument, fill, whole, instrument.taker_fee)
    part = to_cent(total * position.lots / whole)
    close_lots(run, position, position.lots, base, bar, tag[0], tag=tag, fee=part, price=fill)
    return total - part


def needs_stop(run, candidate, series):
    if run.guards["max_position_risk_pct"] is not None:
        return True
    return sizing_of(run, candidate, series)[0] == "risk"


def sizing_of(run, candidate, series):
    """The row's own quantity, notional or risk, else the plan's rule for the symbol, else the account's (spec F1 F39)."""
    for mode in ("quantity", "notional", "risk"):
        value = (candidate.row or {}).get(mode)
        if value not in (None, ""):
            return mode, exact(value)
    for rule in run.plan.get("sizing_rules") or []:
        if rule["symbol"] == series.instrument.symbol:
            return rule["mode"], exact(rule["value"])
    sizing = run.account["sizing"]
    return sizing["mode"], exact(sizing["value"])


def sized_lots(run, candidate, series, fill, risk):
    mode, value = sizing_of(run, candidate, series)
    unit = series.instrument.unit
    if mode == "quantity":
        return math.floor(value / series.instrument.lot)
    if mode == "notional":
        return math.floor(value / (fill * unit))
    if mode == "fraction":
        return math.floor(run.equity() * value / (fill * unit))
    return math.floor(run.equity() * value / (risk * unit))


def exposures(run, series, reversing, fill):
    """Open notional of this symbol at the fill price, and of all others at their marks."""
    own = others = Fraction(0)
    for position in run.open_positions:
        instrument = position.series.instrument
        if position.series is not series:
            others += position.lots * run.marks[instrument.symbol] * instrument.unit
        elif not reversing:
            own += position.lots * fill * instrument.unit
    return own, others


def leveraged(run, series, added_to, reversing, fill, lots):
    limit = run.account["max_leverage"]
    if limit is None:
        return lots
    room = exact(limit) * run.equity() - sum(exposures(run, series, reversing, fill))
    return min(lots, math.floor(room / (fill * series.instrument.unit)))


def capped_lots(run, series, reversing, fill, risk, lots):
    guards, equity, unit = run.guards, run.equity(), series.instrument.unit
    own, others = exposures(run, series, reversing, fill)
    rooms = [
        ("max_position_risk_pct", Fraction(0), risk * unit),
        ("max_symbol_exposure_pct", own, fill * unit),
        ("max_portfolio_exposure_pct", own + others, fill * unit),
    ]
    for key, taken, each in rooms:
        if guards[key] is not None:
            lots = min(lots, math.floor((exact(guards[key]) / 100 * equity - taken) / each))
    return lots


def recipe_for(run, series, candidate):
    if not run.exits["use_profiles"]:
        return legacy_recipe(run.exits["partial_template"], run.regime)
    strategy = (candidate.row or {}).get("strategy_id") or run.exits["strategy_id"]
    return select_recipe(run.registry, series.instrument.symbol, strategy, run.regime)


def open_position(run, order, fill, stop, lots, fee, price, now, own_stop, tag):
    series, candidate = order.decision.series, order.candidate
    index, time = now
    record = Record(
        series.instrument.symbol, candidate.direction, run.timeframe_name, time, series.instrument.multiplier
    )
    recipe = recipe_for(run, series, candidate)
    at_close = not run.fills_next_open and not order.decision.alone
    position = Position(
        series=series,
        direction=candidate.direction,
        record=record,
        recipe=recipe,
        opened_index=index,
        opened_at_close=at_close,
        stop_price=own_stop[0],
        stop_percent=own_stop[1],
        atr_entry=series.atr(14, decision_bar(order, now)),
        peak=price,
        best=price,
        worst=price,
        opening_fill=fill,
        opening_risk=Fraction(abs(fill - stop)),
        stop=stop,
        run_index=index,
        run_time=time,
    )
    position.ladder = build_ladder(recipe, series.instrument, candidate.direction, Fraction(fill), stop, lots)
    record.initial_risk = position.opening_risk * lots * series.instrument.unit
    run.open_positions.append(position)
    run.positions.append(position)
    run.openings.append((day_of(time), record.initial_risk))
    add_lots(run, position, lots, fill, fee, candidate.trigger_id, tag)
    for text in position.ladder.notes:
        run.note(time, series, text)


def add_to(run, order, position, fill, lots, own_price, own_percent, atr, now):
    """A fresh ladder for the whole position from the exact average; the stop never looser (spec F20 F35)."""
    series, direction = position.series, position.direction
    stop_price = position.stop_price if own_price is None else own_price
    stop_percent = position.stop_percent if own_percent is None else own_percent
    whole = position.lots + lots
    average = Fraction(position.cost + fill * lots, whole)
    planned = stop_level(run.exits, run.regime, series.instrument, direction, average, stop_price, stop_percent, atr)
    tighter = direction * (planned - position.stop) > 0
    in_force = planned if tighter else position.stop
    if direction * (min(fill, average, key=lambda value: direction * value) - planned) <= 0:
        refuse(run, order, now, "invalid_stop")
        return
    if direction * (fill - in_force) <= 0:
        refuse(run, order, now, "invalid_stop")
        return
    fee = fee_of(series.instrument, fill, lots, series.instrument.taker_fee)
    candidate = order.candidate
    add_lots(run, position, lots, fill, fee, candidate.trigger_id, (candidate.trigger_id, candidate.category, None))
    position.adds += 1
    position.stop_price, position.stop_percent = stop_price, stop_percent
    if tighter:
        position.stop, position.stop_reason = planned, "stop_loss"
    position.ladder = build_ladder(position.recipe, series.instrument, direction, average, planned, whole)
    for text in position.ladder.notes:
        run.note(now[1], series, text)

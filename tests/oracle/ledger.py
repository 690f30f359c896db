"""The exact ledger: fills with fees, cost released in proportion, and the TradeSets that come out (spec Q4 L1 L2 L3).

Cost is held in whole ticks times lots; the average is only ever derived.

CHOICES
1. Funding is rounded to 8 decimals, half to even, as fees are.
2. initial_risk is that of the opening fill (lots × risk × multiplier); adds do not change it.
3. avg_entry_price and avg_exit_price are over all entry and exit legs, 12 significant digits.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from .exact import exact, iso, plain, significant, to_cent


@dataclass(slots=True)
class Record:
    """One TradeSet while it grows."""

    symbol: str
    direction: int
    timeframe: str
    opened_at: int
    unit_multiplier: Fraction
    closed_at: int | None = None
    legs: list = field(default_factory=list)
    realized: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    funding: Fraction = Fraction(0)
    initial_risk: Fraction = Fraction(0)
    max_quantity: Fraction = Fraction(0)
    max_notional: Fraction = Fraction(0)
    mfe_r: Fraction = Fraction(0)
    mae_r: Fraction = Fraction(0)


def slipped(price, buying, bps, bar):
    """A market fill: slippage against you, rounded to a tick against you, inside the bar (spec X3)."""
    share = exact(bps) / 10_000
    if buying > 0:
        return min(math.ceil(price * (1 + share)), bar.high)
    return max(math.floor(price * (1 - share)), bar.low)


def fee_of(instrument, price, lots, rate):
    return to_cent(price * lots * instrument.unit * rate)


def close_lots(run, position, lots, base, bar, reason, resting=False, tag=None, fee=None, price=None):
    """Book an exit leg; the last one closes the set. `tag` is (trigger_id, category, exit_fraction)."""
    assert 0 < lots <= position.lots, (lots, position.lots)
    instrument, direction = position.series.instrument, position.direction
    position.best = max(position.best, base, key=lambda value: direction * value)
    position.worst = min(position.worst, base, key=lambda value: direction * value)
    if price is None:
        bps = run.settings["execution"]["slippage_bps"]
        price = base if resting else slipped(base, -direction, bps, bar)
    if fee is None:
        fee = fee_of(instrument, price, lots, instrument.maker_fee if resting else instrument.taker_fee)
    average = Fraction(position.cost, position.lots) * instrument.tick
    released = position.cost if lots == position.lots else round(Fraction(position.cost * lots, position.lots))
    realized = direction * (price * lots - released) * instrument.unit
    position.cost -= released
    position.lots -= lots
    keep_rests(position)
    record = position.record
    record.realized += realized
    book_leg(run, position, -direction, lots, price, fee, reason, tag or (None, "plan", None), average, realized, False)
    if position.lots == 0:
        close_record(run, position)


def keep_rests(position):
    """What is left of an exit is never more than the position holds (spec P14)."""
    for rest in position.rests:
        rest.lots = min(rest.lots, position.lots)
    position.rests = [rest for rest in position.rests if rest.lots]


def close_record(run, position):
    record = position.record
    record.closed_at = position.run_time
    note_excursions(position)
    run.open_positions.remove(position)
    run.last_close[record.symbol] = position.run_index


def note_excursions(position):
    risk, direction = position.opening_risk, position.direction
    position.record.mfe_r = max(Fraction(0), direction * (position.best - position.opening_fill) / risk)
    position.record.mae_r = min(Fraction(0), direction * (position.worst - position.opening_fill) / risk)


def add_lots(run, position, lots, price, fee, reason, tag):
    """Book an entry leg."""
    position.cost += price * lots
    position.lots += lots
    average = Fraction(position.cost, position.lots) * position.series.instrument.tick
    book_leg(run, position, position.direction, lots, price, fee, reason, tag, average, Fraction(0), True)


def book_leg(run, position, buying, lots, price, fee, reason, tag, average, realized, is_entry):
    instrument, record = position.series.instrument, position.record
    trigger_id, category, exit_fraction = tag
    run.cash += realized - fee
    record.fees += fee
    quantity = position.lots * instrument.lot
    record.max_quantity = max(record.max_quantity, quantity)
    record.max_notional = max(record.max_notional, position.lots * price * instrument.unit)
    record.legs.append(
        {
            "side": "buy" if buying > 0 else "sell",
            "qty": plain(lots * instrument.lot),
            "price": plain(price * instrument.tick),
            "fees": plain(fee),
            "timestamp": iso(position.run_time),
            "trigger_id": trigger_id,
            "category": category,
            "reason": reason,
            "is_entry": is_entry,
            "exit_fraction": exit_fraction,
            "wac_at_fill": significant(average),
            "realized_pnl": plain(realized),
            "position_after": plain(position.direction * quantity),
        }
    )


def book_funding(run, position, rate, mark):
    """Paid by the side that the rate points at, on the quantity held before the bar's fills (spec X6)."""
    instrument = position.series.instrument
    price = mark if mark is not None else run.marks[instrument.symbol] * instrument.tick
    quantity = position.direction * position.lots * instrument.lot
    amount = to_cent(-quantity * price * instrument.multiplier * rate)
    position.record.funding += amount
    run.cash += amount


def average_price(legs, is_entry):
    chosen = [leg for leg in legs if leg["is_entry"] is is_entry]
    quantity = sum(Fraction(leg["qty"]) for leg in chosen)
    if not quantity:
        return None
    return significant(sum(Fraction(leg["qty"]) * Fraction(leg["price"]) for leg in chosen) / quantity)


def trade_set(record):
    """The record as trade_sets.json has it, ids left out."""
    net = record.realized - record.fees + record.funding
    closed = record.closed_at is not None
    return {
        "symbol": record.symbol,
        "side": "long" if record.direction > 0 else "short",
        "timeframe": record.timeframe,
        "opened_at": iso(record.opened_at),
        "closed_at": iso(record.closed_at) if closed else None,
        "pnl_realized_total": plain(record.realized),
        "fees_total": plain(record.fees),
        "funding_total": plain(record.funding),
        "pnl_net": plain(net),
        "r_multiple": float(net / record.initial_risk) if closed else None,
        "num_legs": len(record.legs),
        "max_exposure_quantity": plain(record.max_quantity),
        "max_exposure_notional": plain(record.max_notional),
        "initial_risk": plain(record.initial_risk),
        "mfe_r": float(record.mfe_r),
        "mae_r": float(record.mae_r),
        "avg_entry_price": average_price(record.legs, True),
        "avg_exit_price": average_price(record.legs, False),
        "legs": record.legs,
    }

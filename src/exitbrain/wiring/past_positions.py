"""What was open at a bar's close, put together again from a run's files: the position features of spec T5.

Legs tell quantity and average, the candles the excursions, plans.json the stop. Legs that were decided at that close
itself (`fill_at: close`) come after the decision, and so does what leaves at the end of the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core.instants import microseconds

if TYPE_CHECKING:
    from exitbrain.backtesting.market import Market
    from exitbrain.core.rules import Value

TRAIL = "trailing_stop"
DECIDED_PLAN_LEGS = ("time_stop", "end_of_data")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBars:
    """One symbol's bars in quote units; highs and lows are those of what price walked in, finer bars where there are."""

    time: Any
    high: Any
    low: Any
    close: Any

    @classmethod
    def of(cls, market: Market) -> PriceBars:
        high, low, close = market.floats
        if market.first_step is not None and market.step_columns is not None:
            _, highs, lows, _ = market.step_columns
            first = market.first_step[:-1]
            high = _prices(market, np.maximum.reduceat(highs, first))
            low = _prices(market, np.minimum.reduceat(lows, first))
        return cls(time=market.time, high=high, low=low, close=close)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPosition:
    """`legs` are those until then. What plans.json or the candles do not tell is left out of the features.

    `stop` is that of the SL leg, which rules read as stop_price; `trail` is the level of the trailing stop.
    """

    set_id: str
    side: int
    quantity: Decimal
    average: Fraction
    legs: tuple[Mapping[str, Any], ...]
    opened_at: int
    opened_at_close: bool
    max_quantity: Decimal
    risk: Fraction | None
    stop: Decimal | None
    trail: Decimal | None

    def features(self, bars: PriceBars | None, bar: int | None) -> dict[str, Value]:
        """By the names that rules use."""
        held: dict[str, Value] = {
            "position": "long" if self.side > 0 else "short",
            "is_flat": False,
            "is_long": self.side > 0,
            "is_short": self.side < 0,
            "entry_price": float(self.average),
            "position_fraction": float(self.quantity / self.max_quantity),
        }
        if self.stop is not None:
            held["stop_price"] = float(self.stop)
        if bars is not None and bar is not None:
            held |= self._on_bars(bars, bar)
        return held

    def _on_bars(self, bars: PriceBars, bar: int) -> dict[str, Value]:
        entry_bar = int(np.searchsorted(bars.time, self.opened_at))
        held: dict[str, Value] = {"bars_held": float(bar - entry_bar)}
        if self.risk:
            entry = Fraction(str(self.legs[0]["price"]))
            best, worst = self._extremes(bars, entry_bar + self.opened_at_close, bar, entry)
            held["unrealized_r"] = float(self.side * (_exact(bars.close[bar]) - self.average) / self.risk)
            held["mfe_r"] = float(max(Fraction(0), self.side * (best - entry) / self.risk))
            held["mae_r"] = float(min(Fraction(0), self.side * (worst - entry) / self.risk))
        return held

    def _extremes(self, bars: PriceBars, first: int, last: int, entry: Fraction) -> tuple[Fraction, Fraction]:
        """Best and worst price for this side; the entry's own where no bar was lived through yet."""
        if first > last:
            return entry, entry
        high, low = _exact(bars.high[first : last + 1].max()), _exact(bars.low[first : last + 1].min())
        return (high, low) if self.side > 0 else (low, high)


def positions_at(
    sets: Sequence[Mapping[str, Any]], plans: Mapping[str, Any], symbol: str, time: int,
    *, filled_at_close: bool, trigger_ids: frozenset[str],
) -> Iterator[PastPosition]:  # fmt: skip
    """What was open of a symbol at the close of the bar of `time`, the oldest first."""
    for one in sets:
        if one["symbol"] != symbol:
            continue
        legs = tuple(
            leg for leg in one["legs"] if not _is_later(leg, time, filled_at_close=filled_at_close, ids=trigger_ids)
        )
        quantity = Decimal(legs[-1]["position_after"]) if legs else Decimal(0)
        if quantity:
            yield _position(one, legs, plans.get(one["set_id"], {}), quantity, time, filled_at_close, trigger_ids)


def _is_later(leg: Mapping[str, Any], time: int, *, filled_at_close: bool, ids: frozenset[str]) -> bool:
    at = microseconds(leg["timestamp"])
    if at != time:
        return at > time
    return leg["reason"] == "end_of_data" or (filled_at_close and _decided_at_close(leg, ids))


def _decided_at_close(leg: Mapping[str, Any], ids: frozenset[str]) -> bool:
    """Under `fill_at: close`: of a trigger or a time stop. Entries rows are taken at the open there."""
    return leg["reason"] in DECIDED_PLAN_LEGS or leg["trigger_id"] in ids


def _position(
    one: Mapping[str, Any], legs: tuple[Mapping[str, Any], ...], plan: Mapping[str, Any], quantity: Decimal, time: int,
    filled_at_close: bool, ids: frozenset[str],
) -> PastPosition:  # fmt: skip
    opening = legs[0]
    marks = [(stop, how == TRAIL) for at, stop, how in plan.get("stop_path", ()) if at * 1_000 <= time]
    stops, trails = [stop for stop, trails in marks if not trails], [stop for stop, trails in marks if trails]
    risk = plan.get("risk_per_unit")
    return PastPosition(
        set_id=one["set_id"],
        side=1 if quantity > 0 else -1,
        quantity=abs(quantity),
        average=_average(legs),
        legs=legs,
        opened_at=microseconds(opening["timestamp"]),
        opened_at_close=filled_at_close and _decided_at_close(opening, ids),
        max_quantity=max(abs(Decimal(leg["position_after"])) for leg in legs),
        risk=None if risk is None else Fraction(str(risk)),
        stop=Decimal(stops[-1]) if stops else None,
        trail=Decimal(trails[-1]) if trails else None,
    )


def _average(legs: Sequence[Mapping[str, Any]]) -> Fraction:
    """Adds change the cost; reductions release it in proportion (spec L2)."""
    held, cost = Fraction(0), Fraction(0)
    for leg in legs:
        quantity, price = Fraction(str(leg["qty"])), Fraction(str(leg["price"]))
        if leg["is_entry"]:
            held, cost = held + quantity, cost + quantity * price
        else:
            cost -= cost * quantity / held
            held -= quantity
    return cost / held


def _prices(market: Market, ticks: Any) -> Any:
    return np.array([float(market.instrument.price(one)) for one in ticks.tolist()])


def _exact(price: Any) -> Fraction:
    """The decimal that a float of quote units was read from."""
    return Fraction(repr(float(price)))

"""PairedTrade: the deprecated row of one entry and one exit, derived from TradeSets (spec L5).

Only a closed set with exactly one entry and one exit has such a row; every other set has none, because a pair cannot
show it. Use `TradeSet`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from exitbrain.core.given import several
from exitbrain.core.instants import iso, seconds
from exitbrain.core.numbers import plain
from exitbrain.core.trade_sets import TradeLeg, TradeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTrade:
    """`pnl` is net; `risk` is the set's initial risk. `qty` is what was entered."""

    symbol: str
    side: Literal["buy", "sell"]
    entry_trigger: str | None
    exit_trigger: str | None
    entry_timestamp: datetime
    exit_timestamp: datetime
    entry_price: Decimal
    exit_price: Decimal
    qty: Decimal
    fees: Decimal
    pnl: Decimal
    hold_duration: timedelta
    risk: Decimal | None
    r_multiple: float | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "side": self.side,
            "entry_trigger": self.entry_trigger,
            "exit_trigger": self.exit_trigger,
            "entry_timestamp": iso(self.entry_timestamp),
            "exit_timestamp": iso(self.exit_timestamp),
            "entry_price": plain(self.entry_price),
            "exit_price": plain(self.exit_price),
            "qty": plain(self.qty),
            "fees": plain(self.fees),
            "pnl": plain(self.pnl),
            "hold_duration": seconds(self.hold_duration),
            "risk": None if self.risk is None else plain(self.risk),
            "r_multiple": self.r_multiple,
        }


def paired_trades(sets: Iterable[TradeSet]) -> list[PairedTrade]:
    """The rows of those sets that a pair can show, in the order given."""
    pairs = (paired_trade(trade_set) for trade_set in several(sets, TradeSet, "sets"))
    return [pair for pair in pairs if pair is not None]


def paired_trade(trade_set: TradeSet) -> PairedTrade | None:
    entries, exits, held = trade_set.entries, trade_set.exits, trade_set.hold_duration
    if held is None or len(entries) != 1 or len(exits) != 1:
        return None
    entry, exit_ = entries[0], exits[0]
    return PairedTrade(
        symbol=trade_set.symbol,
        side=entry.side,
        entry_trigger=_trigger(entry),
        exit_trigger=_trigger(exit_),
        entry_timestamp=entry.timestamp,
        exit_timestamp=exit_.timestamp,
        entry_price=entry.price,
        exit_price=exit_.price,
        qty=entry.qty,
        fees=trade_set.fees_total,
        pnl=trade_set.pnl_net,
        hold_duration=held,
        risk=trade_set.initial_risk,
        r_multiple=trade_set.r_multiple,
    )


def _trigger(leg: TradeLeg) -> str | None:
    """A leg of a plan has no trigger; its reason says what made it."""
    return leg.reason if leg.trigger_id is None else leg.trigger_id

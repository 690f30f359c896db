"""TradeSets: what a position lifecycle looks like from outside, in decimals.

A `TradeSet` is one continuous non-flat interval with its `TradeLeg`s; it is what tables, reports and metrics count.
Values are built from the ledger's whole numbers when somebody looks at them, and JSON round-trips to an equal value.
Counts, averages, exposure and net P&L are derived from the legs, so that they cannot disagree with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from exitbrain.core import decimals
from exitbrain.core.decimals import EXACT, ZERO, Multiples, exact_sum, multiples, tidy, twelve_digits
from exitbrain.core.frozen import maker
from exitbrain.core.instants import instant, instant_of, iso, seconds
from exitbrain.core.lifecycle import ADJUSTMENT, Lifecycle
from exitbrain.core.market import FEE_STEP
from exitbrain.core.numbers import decimal_of, plain
from exitbrain.errors import InvalidInput

if TYPE_CHECKING:
    from exitbrain.core.market import Instrument

_fee = multiples(FEE_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeLeg:
    """One fill's part in one lifecycle, or an adjustment of it.

    `wac_at_fill` is the average before an exit and after an entry, of 12 significant digits; `realized_pnl` is gross
    and 0 for entries and adjustments; `r_multiple` is realized ÷ the set's initial risk. The price of an adjustment
    is the average at which its quantity left.
    """

    leg_id: str
    side: Literal["buy", "sell"]
    qty: Decimal
    price: Decimal
    fees: Decimal
    timestamp: datetime
    trigger_id: str | None
    category: str | None
    reason: str | None
    is_entry: bool
    exit_fraction: float | None
    wac_at_fill: Decimal
    realized_pnl: Decimal
    position_after: Decimal
    r_multiple: float | None = None

    @property
    def is_adjustment(self) -> bool:
        return self.category == ADJUSTMENT

    @property
    def is_exit(self) -> bool:
        return not self.is_entry and not self.is_adjustment

    def to_dict(self) -> dict[str, Any]:
        return {
            "leg_id": self.leg_id,
            "side": self.side,
            "qty": plain(self.qty),
            "price": plain(self.price),
            "fees": plain(self.fees),
            "timestamp": iso(self.timestamp),
            "trigger_id": self.trigger_id,
            "category": self.category,
            "reason": self.reason,
            "is_entry": self.is_entry,
            "exit_fraction": self.exit_fraction,
            "wac_at_fill": plain(self.wac_at_fill),
            "realized_pnl": plain(self.realized_pnl),
            "position_after": plain(self.position_after),
            "r_multiple": self.r_multiple,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> TradeLeg:
        return cls(
            leg_id=str(_of(given, "leg_id")),
            side="buy" if _of(given, "side") == "buy" else "sell",
            timestamp=instant(_of(given, "timestamp")),
            trigger_id=given.get("trigger_id"),
            category=given.get("category"),
            reason=given.get("reason"),
            is_entry=bool(_of(given, "is_entry")),
            exit_fraction=_optional(given, "exit_fraction", float),
            r_multiple=_optional(given, "r_multiple", float),
            **{name: decimal_of(_of(given, name), name) for name in _LEG_DECIMALS},
        )


_LEG_DECIMALS = ("qty", "price", "fees", "wac_at_fill", "realized_pnl", "position_after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A payment on a set without a fill, in quote currency: received where positive."""

    timestamp: datetime
    amount: Decimal
    reason: str = "funding"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeSet:
    """One position from flat to flat. `pnl_realized_total` is gross; `mfe_r` ≥ 0 and `mae_r` ≤ 0."""

    set_id: str
    symbol: str
    timeframe: str
    opened_at: datetime
    closed_at: datetime | None
    legs: tuple[TradeLeg, ...]
    pnl_realized_total: Decimal
    fees_total: Decimal
    funding_total: Decimal = ZERO
    initial_risk: Decimal | None = None
    mfe_r: float | None = None
    mae_r: float | None = None
    profile: str | None = None
    regime: str | None = None
    strategy_id: str | None = None
    multiplier: Decimal = Decimal(1)
    adjustments: tuple[Adjustment, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "legs", tuple(self.legs))
        object.__setattr__(self, "adjustments", tuple(self.adjustments))
        if not self.legs:
            raise InvalidInput(f"trade set {self.set_id!r} has no legs", accepted="at least the leg that opened it")

    @staticmethod
    def from_fills(
        fills: Iterable[Mapping[str, Any]],
        instruments: Instrument | Mapping[str, Instrument] | Iterable[Instrument] | None = None,
    ) -> list[TradeSet]:
        """The sets of an account's fills (spec L7): dicts of id, symbol, side, qty, price, fee, timestamp, fee_asset,
        trigger_id, category, reason, and where the fee is in a third asset fee_quote, its worth in quote currency."""
        from exitbrain.core.account_fills import lifecycles_of_fills

        return [trade_set(lifecycle) for lifecycle in lifecycles_of_fills(fills, instruments)]

    @property
    def side(self) -> Literal["long", "short"]:
        return "long" if self.legs[0].side == "buy" else "short"

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def pnl_net(self) -> Decimal:
        return exact_sum((self.pnl_realized_total, self.fees_total.copy_negate(), self.funding_total))

    @property
    def r_multiple(self) -> float | None:
        """Net P&L ÷ initial risk; None while open or where the risk is unknown."""
        if self.closed_at is None or not self.initial_risk:
            return None
        return float(Fraction(self.pnl_net) / Fraction(self.initial_risk))

    @property
    def entries(self) -> tuple[TradeLeg, ...]:
        return tuple(leg for leg in self.legs if leg.is_entry)

    @property
    def exits(self) -> tuple[TradeLeg, ...]:
        return tuple(leg for leg in self.legs if leg.is_exit)

    @property
    def num_legs(self) -> int:
        return len(self.legs)

    @property
    def num_entries(self) -> int:
        return len(self.entries)

    @property
    def num_exits(self) -> int:
        return len(self.exits)

    @property
    def avg_entry_price(self) -> Decimal:
        average = _average_price(self.entries)
        assert average is not None, self.set_id
        return average

    @property
    def avg_exit_price(self) -> Decimal | None:
        return _average_price(self.exits)

    @property
    def max_exposure_quantity(self) -> Decimal:
        return max(leg.position_after.copy_abs() for leg in self.legs if not leg.is_adjustment)

    @property
    def max_exposure_notional(self) -> Decimal:
        """The largest |quantity| × price just after a fill."""
        fills = (leg for leg in self.legs if not leg.is_adjustment)
        notionals = [EXACT.multiply(leg.position_after.copy_abs(), leg.price) for leg in fills]
        return tidy(EXACT.multiply(max(notionals), self.multiplier))

    @property
    def hold_duration(self) -> timedelta | None:
        return None if self.closed_at is None else self.closed_at - self.opened_at

    @property
    def entry_triggers(self) -> tuple[str, ...]:
        return _triggers(self.entries)

    @property
    def exit_triggers(self) -> tuple[str, ...]:
        return _triggers(self.exits)

    def to_dict(self) -> dict[str, Any]:
        held = self.hold_duration
        return {
            "set_id": self.set_id,
            "symbol": self.symbol,
            "side": self.side,
            "timeframe": self.timeframe,
            "opened_at": iso(self.opened_at),
            "closed_at": None if self.closed_at is None else iso(self.closed_at),
            "pnl_realized_total": plain(self.pnl_realized_total),
            "fees_total": plain(self.fees_total),
            "funding_total": plain(self.funding_total),
            "pnl_net": plain(self.pnl_net),
            "initial_risk": None if self.initial_risk is None else plain(self.initial_risk),
            "r_multiple": self.r_multiple,
            "mfe_r": self.mfe_r,
            "mae_r": self.mae_r,
            "num_legs": self.num_legs,
            "num_entries": self.num_entries,
            "num_exits": self.num_exits,
            "avg_entry_price": plain(self.avg_entry_price),
            "avg_exit_price": None if self.avg_exit_price is None else plain(self.avg_exit_price),
            "max_exposure_quantity": plain(self.max_exposure_quantity),
            "max_exposure_notional": plain(self.max_exposure_notional),
            "hold_duration": None if held is None else seconds(held),
            "entry_triggers": list(self.entry_triggers),
            "exit_triggers": list(self.exit_triggers),
            "profile": self.profile,
            "regime": self.regime,
            "strategy_id": self.strategy_id,
            "multiplier": plain(self.multiplier),
            "adjustments": [
                {"timestamp": iso(a.timestamp), "amount": plain(a.amount), "reason": a.reason} for a in self.adjustments
            ],
            "legs": [leg.to_dict() for leg in self.legs],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> TradeSet:
        """The value that `to_dict` was made of; what is derived is derived again, not read."""
        return cls(
            set_id=str(_of(given, "set_id")),
            symbol=str(_of(given, "symbol")),
            timeframe=str(given.get("timeframe") or ""),
            opened_at=instant(_of(given, "opened_at")),
            closed_at=_optional(given, "closed_at", instant),
            legs=tuple(TradeLeg.from_dict(leg) for leg in _of(given, "legs")),
            pnl_realized_total=decimal_of(_of(given, "pnl_realized_total"), "pnl_realized_total"),
            fees_total=decimal_of(_of(given, "fees_total"), "fees_total"),
            funding_total=decimal_of(given.get("funding_total", 0), "funding_total"),
            initial_risk=_optional(given, "initial_risk", decimal_of),
            mfe_r=_optional(given, "mfe_r", float),
            mae_r=_optional(given, "mae_r", float),
            profile=given.get("profile"),
            regime=given.get("regime"),
            strategy_id=given.get("strategy_id"),
            multiplier=decimal_of(given.get("multiplier", 1), "multiplier"),
            adjustments=tuple(
                Adjustment(timestamp=instant(a["timestamp"]), amount=decimal_of(a["amount"]), reason=a["reason"])
                for a in given.get("adjustments", ())
            ),
        )


_leg_of = maker(TradeLeg)
_set_of = maker(TradeSet)


def trade_set(lifecycle: Lifecycle) -> TradeSet:
    """The public value of a lifecycle, open or closed."""
    instrument = lifecycle.instrument
    money = multiples(instrument.money_unit)
    legs = _trade_legs(lifecycle, money)
    fees, fee_cost, risk = lifecycle.fees, lifecycle.fee_cost, lifecycle.initial_risk or None
    return _set_of(
        set_id=lifecycle.set_id,
        symbol=lifecycle.symbol,
        timeframe=lifecycle.timeframe,
        # The first leg opened the set, and the last one closed it.
        opened_at=legs[0].timestamp,
        closed_at=None if lifecycle.closed_at is None else legs[-1].timestamp,
        legs=legs,
        pnl_realized_total=money(lifecycle.realized),
        fees_total=exact_sum((_fee(fees), money(fee_cost))) if fee_cost else _fee(fees),
        funding_total=exact_sum(payment.amount for payment in lifecycle.funding) if lifecycle.funding else ZERO,
        initial_risk=None if risk is None else decimals.fraction_of_step(risk, money),
        mfe_r=_excursion_r(lifecycle, lifecycle.mfe),
        mae_r=_excursion_r(lifecycle, lifecycle.mae),
        profile=lifecycle.profile,
        regime=lifecycle.regime,
        strategy_id=lifecycle.strategy_id,
        multiplier=instrument.multiplier,
        adjustments=tuple(Adjustment(timestamp=instant_of(p.time), amount=p.amount) for p in lifecycle.funding),
    )


def _trade_legs(lifecycle: Lifecycle, money: Multiples) -> tuple[TradeLeg, ...]:
    price, quantity = (
        multiples(lifecycle.instrument.tick_size),
        decimals.repeated_multiples(lifecycle.instrument.lot_size),
    )
    risk = lifecycle.initial_risk or None
    # Most legs of a set share one average, for only entries change it.
    averages: dict[tuple[int, int], Decimal] = {}
    legs = []
    for row in lifecycle.rows:
        fill, _, lots, fee, is_entry, wac_cost, wac_quantity, realized, position_after, fee_cost = row
        ticks, remainder = divmod(wac_cost, wac_quantity)
        ratio = (wac_cost, wac_quantity) if remainder else (ticks, 1)
        average = averages.get(ratio)
        if average is None:
            average = averages[ratio] = twelve_digits(price(abs(ratio[0])), Decimal(abs(ratio[1])))
        fraction = fill.exit_fraction
        legs.append(
            _leg_of(
                leg_id=lifecycle.leg_id(row),
                side="buy" if fill.side > 0 else "sell",
                qty=quantity(lots),
                price=average if fill.category == ADJUSTMENT else price(fill.ticks),
                fees=money(fee_cost) if fee_cost else _fee(fee),
                timestamp=instant_of(fill.time),
                trigger_id=fill.trigger_id,
                category=fill.category,
                reason=fill.reason,
                is_entry=is_entry,
                exit_fraction=None if fraction is None else float(fraction),
                wac_at_fill=average,
                realized_pnl=money(realized),
                position_after=quantity(position_after),
                r_multiple=None if risk is None else realized * risk.denominator / risk.numerator,
            )
        )
    return tuple(legs)


def _excursion_r(lifecycle: Lifecycle, ticks: int | Fraction | None) -> float | None:
    risk = lifecycle.initial_risk
    if ticks is None or not risk:
        return None
    # Division of whole numbers gives the float nearest to their ratio.
    numerator = ticks.numerator * lifecycle.opening_lots * risk.denominator
    return numerator / (ticks.denominator * risk.numerator)


def _average_price(legs: tuple[TradeLeg, ...]) -> Decimal | None:
    if not legs:
        return None
    value = exact_sum(EXACT.multiply(leg.qty, leg.price) for leg in legs)
    return twelve_digits(value, exact_sum(leg.qty for leg in legs))


def _triggers(legs: tuple[TradeLeg, ...]) -> tuple[str, ...]:
    """The triggers of these legs, each once, in order; a plan leg has none and counts by its reason."""
    names = (leg.trigger_id if leg.trigger_id is not None else leg.reason for leg in legs)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _of(given: Mapping[str, Any], key: str) -> Any:
    try:
        return given[key]
    except (KeyError, TypeError):
        raise InvalidInput(f"{key} is missing", accepted="what to_dict wrote") from None


_T = TypeVar("_T")


def _optional(given: Mapping[str, Any], key: str, read: Callable[[Any], _T]) -> _T | None:
    value = given.get(key)
    return None if value is None else read(value)

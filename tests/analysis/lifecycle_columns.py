"""Columns for tests, made from lifecycles as a person writes them: entries, exits, hours since 2024-01-01.

Realized P&L is booked here by average cost in floats, which is exact for the round numbers that tests use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exitbrain.analysis import BarColumns, EquityColumns, LegColumns, SetColumns

HOUR = 3_600_000_000
DAY = 24 * HOUR
START = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    at: int
    price: float
    quantity: float
    reason: str = "stop_loss"
    category: str = "plan"
    fee: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    at: int
    price: float
    quantity: float
    fee: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """A set as a test writes it down: entries, exits, and the risk per unit."""

    entries: tuple[Entry, ...]
    exits: tuple[Exit, ...] = ()
    side: int = 1
    symbol: str = "TST"
    risk_per_unit: float = 1.0
    funding: float = 0.0
    profile: str | None = "TREND_DEFAULT"
    regime: str | None = "TREND"
    planned_rungs: int = 0
    mfe_r: float = 0.0
    mae_r: float = 0.0
    tp1_r: float = float("nan")

    @property
    def initial_risk(self) -> float:
        return self.risk_per_unit * self.entries[0].quantity


def columns(lifecycles: list[Lifecycle]) -> tuple[SetColumns, LegColumns]:
    """Books each lifecycle by average cost."""
    booked = [_book(lifecycle) for lifecycle in lifecycles]
    return _sets(lifecycles, booked), _legs(lifecycles, booked)


def one_exit(
    pnl: float,
    *,
    opened: int = 0,
    closed: int | None = None,
    risk: float = 100.0,
    reason: str = "stop_loss",
    fee: float = 0.0,
    **rest,
) -> Lifecycle:
    """One entry of 1 at 1000 and one exit, by default an hour later, that books `pnl`."""
    closed = opened + 1 if closed is None else closed
    return Lifecycle(
        entries=(Entry(at=opened, price=1000.0, quantity=1.0),),
        exits=(Exit(at=closed, price=1000.0 + pnl, quantity=1.0, reason=reason, fee=fee),),
        risk_per_unit=risk,
        **rest,
    )


def equity_of(levels: list[float], *, timeframe: int = DAY, start: int = START, cash: float = 100.0, exposed=None):
    time = start + timeframe * np.arange(len(levels), dtype=np.int64)
    return EquityColumns(
        time=time,
        timeframe=timeframe,
        equity=np.array(levels, dtype=np.float64),
        exposed=np.array(exposed if exposed is not None else [False] * len(levels)),
        initial_cash=cash,
    )


def bars_of(highs: list[float], lows: list[float] | None = None) -> BarColumns:
    time = START + HOUR * np.arange(len(highs), dtype=np.int64)
    return BarColumns(time=time, high=np.array(highs, float), low=np.array(lows or highs, float))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Booked:
    realized: tuple[float, ...]
    is_flat: bool


def _book(lifecycle: Lifecycle) -> _Booked:
    fills = sorted([*lifecycle.entries, *lifecycle.exits], key=lambda fill: fill.at)
    quantity = cost = 0.0
    realized: dict[int, float] = {}
    for fill in fills:
        if isinstance(fill, Entry):
            quantity, cost = quantity + fill.quantity, cost + fill.quantity * fill.price
            continue
        released = cost * fill.quantity / quantity
        realized[id(fill)] = lifecycle.side * (fill.quantity * fill.price - released)
        quantity, cost = quantity - fill.quantity, cost - released
    return _Booked(realized=tuple(realized[id(fill)] for fill in lifecycle.exits), is_flat=quantity == 0)


def _sets(lifecycles: list[Lifecycle], booked: list[_Booked]) -> SetColumns:
    def floats(values):
        return np.array(list(values), dtype=np.float64)

    def whole(values):
        return np.array(list(values), dtype=np.int64)

    realized = floats(sum(b.realized) for b in booked)
    fees = floats(sum(fill.fee for fill in (*c.entries, *c.exits)) for c in lifecycles)
    funding = floats(c.funding for c in lifecycles)
    net = realized - fees + funding
    risk = floats(c.initial_risk for c in lifecycles)
    flat = np.array([b.is_flat for b in booked], dtype=np.bool_)
    mfe_r = floats(c.mfe_r for c in lifecycles)
    return SetColumns(
        set_id=[f"set-{i}" for i in range(len(lifecycles))],
        symbol=[c.symbol for c in lifecycles],
        side=np.array([c.side for c in lifecycles], dtype=np.int8),
        opened_at=whole(START + HOUR * c.entries[0].at for c in lifecycles),
        closed_at=whole(START + HOUR * c.exits[-1].at if f else -1 for c, f in zip(lifecycles, flat)),
        bars_held=whole(c.exits[-1].at - c.entries[0].at if f else 0 for c, f in zip(lifecycles, flat)),
        pnl_realized=realized,
        fees=fees,
        funding=funding,
        pnl_net=net,
        initial_risk=risk,
        r_multiple=np.where(flat, net / risk if len(risk) else net, np.nan),
        num_legs=whole(len(c.entries) + len(c.exits) for c in lifecycles),
        num_entries=whole(len(c.entries) for c in lifecycles),
        num_exits=whole(len(c.exits) for c in lifecycles),
        mfe_r=mfe_r,
        mae_r=floats(c.mae_r for c in lifecycles),
        max_exposure_notional=floats(c.entries[0].price * c.entries[0].quantity for c in lifecycles),
        profile=[c.profile for c in lifecycles],
        regime=[c.regime for c in lifecycles],
        strategy=["default" for _ in lifecycles],
        entry_reason=["entry" for _ in lifecycles],
        exit_reason=[c.exits[-1].reason if c.exits else None for c in lifecycles],
        best_exit_r=mfe_r,
        available_r=mfe_r,
        tp1_r=floats(c.tp1_r for c in lifecycles),
        planned_rungs=whole(c.planned_rungs for c in lifecycles),
    )


def _legs(lifecycles: list[Lifecycle], booked: list[_Booked]) -> LegColumns:
    rows = []
    for index, (lifecycle, book) in enumerate(zip(lifecycles, booked)):
        entries = [(fill, True, 0.0) for fill in lifecycle.entries]
        exits = [(fill, False, realized) for fill, realized in zip(lifecycle.exits, book.realized)]
        for fill, is_entry, realized in sorted(entries + exits, key=lambda row: row[0].at):
            rows.append((index, lifecycle, fill, is_entry, realized))
    return LegColumns(
        set_index=np.array([row[0] for row in rows], dtype=np.int64),
        time=np.array([START + HOUR * row[2].at for row in rows], dtype=np.int64),
        is_entry=np.array([row[3] for row in rows], dtype=np.bool_),
        side=np.array([row[1].side * (1 if row[3] else -1) for row in rows], dtype=np.int8),
        quantity=np.array([row[2].quantity for row in rows], dtype=np.float64),
        price=np.array([row[2].price for row in rows], dtype=np.float64),
        fees=np.array([row[2].fee for row in rows], dtype=np.float64),
        realized_pnl=np.array([row[4] for row in rows], dtype=np.float64),
        reason=["entry" if row[3] else row[2].reason for row in rows],
        category=["other" if row[3] else row[2].category for row in rows],
        trigger_id=[None for _ in rows],
        exit_fraction=np.full(len(rows), np.nan),
        r=np.array([row[4] / row[1].initial_risk for row in rows], dtype=np.float64),
    )

"""The ledger: fills become position lifecycles, in whole numbers, exactly.

A lifecycle is one continuous interval in which the position is not flat. The position stores what it *cost*, signed
like its quantity, and never its average price; the average is derived. A reduction releases cost in proportion,
rounded to one tick × one lot, half to even, and the last reduction takes the rest. So every closed lifecycle has
realized exactly the cash that it moved, whatever was rounded on the way:

    fill             quantity   cost     released   realized
    buy  1.0 @ 40000     1.0    40000
    sell 0.3 @ 41000     0.7    28000      12000      12300 - 12000 = 300
    buy  0.2 @ 40500     0.9    36100
    sell 0.9 @ 42000     0.0        0      36100      37800 - 36100 = 1700
                                                      2000 = cash in 50100 - cash out 48100

A fill that crosses zero is split: its closing part ends one lifecycle, its opening part starts the next. Quantities
are lots, prices ticks, costs and realized P&L ticks × lots, fees units of 1e-8 quote: integers of any size.
What changes a position without a fill (a fee taken in the base asset, dust) changes quantity and cost alike, and the
cost counts as a fee: realized P&L - that cost = cash in - cash out, still exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from exitbrain.core.market import Instrument
from exitbrain.core.numbers import divide_half_even

ADJUSTMENT = "adjustment"


class Fill(NamedTuple):
    """One execution. `side` is +1 for a buy and -1 for a sell; a negative fee is a rebate."""

    fill_id: str
    time: int
    side: int
    lots: int
    ticks: int
    fee: int = 0
    trigger_id: str | None = None
    category: str | None = None
    reason: str | None = None
    exit_fraction: Decimal | Fraction | float | None = None
    maker: bool = False


class Position(NamedTuple):
    """Signed lots, and what they cost in ticks × lots with the same sign."""

    quantity: int = 0
    cost_basis: int = 0

    @property
    def is_flat(self) -> bool:
        return self.quantity == 0

    @property
    def average_entry_price(self) -> Fraction | None:
        """In ticks; None when flat."""
        return Fraction(self.cost_basis, self.quantity) if self.quantity else None


FLAT = Position()


class LegRow(NamedTuple):
    """A fill's part in one lifecycle. `wac_cost` ÷ `wac_quantity` is the average of spec F27, in ticks.

    `fee_cost` is what an adjustment took out of the position's cost (ticks × lots); it counts as a fee.
    """

    fill: Fill
    part: int
    lots: int
    fee: int
    is_entry: bool
    wac_cost: int
    wac_quantity: int
    realized: int
    position_after: int
    fee_cost: int = 0

    @property
    def is_adjustment(self) -> bool:
        return self.fill.category == ADJUSTMENT

    @property
    def is_exit(self) -> bool:
        return not self.is_entry and not self.is_adjustment


def release_cost(cost_basis: int, quantity: int, part: int) -> int:
    """The cost that leaves with `part` (> 0) of |quantity| lots; the last part takes the rest (spec Q4)."""
    held = abs(quantity)
    assert 0 < part <= held, (quantity, part)
    return cost_basis if part == held else divide_half_even(cost_basis * part, held)


def fee_units(amount: Decimal | Fraction) -> int:
    """A fee in quote currency in units of 1e-8, half to even (spec Q4)."""
    exact = Fraction(amount) * 10**8
    return divide_half_even(exact.numerator, exact.denominator)


def apply_fill(position: Position, fill: Fill) -> tuple[Position, tuple[LegRow, ...]]:
    """The position after a fill, and the fill's parts: one, or two where it crosses zero (spec L1, L2)."""
    quantity, cost = position
    side, lots, ticks, fee = fill[2:6]
    assert lots > 0, fill
    if quantity * side >= 0:
        quantity += side * lots
        cost += side * lots * ticks
        return Position(quantity, cost), (LegRow(fill, 0, lots, fee, True, cost, quantity, 0, quantity),)
    held = abs(quantity)
    if lots <= held:
        released = release_cost(cost, quantity, lots)
        left = quantity + side * lots
        realized = -side * lots * ticks - released
        return Position(left, cost - released), (LegRow(fill, 0, lots, fee, False, cost, quantity, realized, left),)
    closing_fee = divide_half_even(fee * held, lots)
    opened = side * (lots - held)
    opening_cost = opened * ticks
    closing = LegRow(fill, 0, held, closing_fee, False, cost, quantity, quantity * ticks - cost, 0)
    opening = LegRow(fill, 1, lots - held, fee - closing_fee, True, opening_cost, opened, 0, opened)
    return Position(opened, opening_cost), (closing, opening)


class Funding(NamedTuple):
    """A payment on an open position in quote currency: received where positive."""

    time: int
    amount: Decimal


class Lifecycle:
    """From flat to flat, while it is being built: its rows, its totals, and what the run knows about it.

    The run attaches `initial_risk` (ticks × lots, at opening), `mfe` ≥ 0 and `mae` ≤ 0 (ticks from the opening price,
    seen from the position), `profile`, `regime` and `strategy_id`.
    """

    __slots__ = (
        "symbol", "instrument", "timeframe", "run_id", "side", "opened_at", "closed_at", "rows",
        "realized", "fees", "fee_cost", "funding", "entries", "exits", "max_quantity", "max_notional",
        "initial_risk", "mfe", "mae", "profile", "regime", "strategy_id",
    )  # fmt: skip

    def __init__(self, symbol: str, instrument: Instrument, timeframe: str, run_id: str, side: int, time: int) -> None:
        self.symbol = symbol
        self.instrument = instrument
        self.timeframe = timeframe
        self.run_id = run_id
        self.side = side
        self.opened_at = time
        self.closed_at: int | None = None
        self.rows: list[LegRow] = []
        self.realized = 0
        self.fees = 0
        self.fee_cost = 0
        self.funding: list[Funding] = []
        self.entries = 0
        self.exits = 0
        self.max_quantity = 0
        self.max_notional = 0
        self.initial_risk: int | Fraction | None = None
        self.mfe: int | Fraction | None = None
        self.mae: int | Fraction | None = None
        self.profile: str | None = None
        self.regime: str | None = None
        self.strategy_id: str | None = None

    @property
    def set_id(self) -> str:
        return f"set-{self.leg_id(self.rows[0])}"

    @property
    def opening_lots(self) -> int:
        return self.rows[0].lots

    def leg_id(self, row: LegRow) -> str:
        """From what made the leg: the run, its fill, its part of it; never from a time (spec L4)."""
        name = f"{row.fill.fill_id}.{row.part}"
        return f"{self.run_id}-{name}" if self.run_id else name

    def add(self, row: LegRow) -> None:
        self.rows.append(row)
        self.fees += row.fee
        if row.is_entry:
            self.entries += 1
            held = abs(row.position_after)
            if held > self.max_quantity:
                self.max_quantity = held
        elif row.fill.category == ADJUSTMENT:
            self.fee_cost += row.fee_cost
            return
        else:
            self.exits += 1
            self.realized += row.realized
            held = abs(row.position_after)
        # A reduction can set the maximum too, where price has risen faster than the position shrank.
        notional = held * row.fill.ticks
        if notional > self.max_notional:
            self.max_notional = notional


class Books:
    """The lifecycles of one position of one symbol. In independent mode every position has books of its own.

    Leg ids are `{fill_id}.{part}`, with `{run_id}-` before them where a run_id is given; pass fill ids that are unique
    within the run.
    """

    __slots__ = ("symbol", "instrument", "timeframe", "run_id", "position", "open", "closed")

    def __init__(self, symbol: str, instrument: Instrument, timeframe: str = "", run_id: str = "") -> None:
        self.symbol = symbol
        self.instrument = instrument
        self.timeframe = timeframe
        self.run_id = run_id
        self.position = FLAT
        self.open: Lifecycle | None = None
        self.closed: list[Lifecycle] = []

    @property
    def lifecycles(self) -> list[Lifecycle]:
        """All, in order of opening."""
        return [*self.closed, self.open] if self.open is not None else list(self.closed)

    def take(self, fill: Fill) -> tuple[LegRow, ...]:
        """Book a fill; the rows that it made, each with what it realized."""
        self.position, rows = apply_fill(self.position, fill)
        for row in rows:
            lifecycle = self.open
            if lifecycle is None:
                lifecycle = self.open = Lifecycle(
                    self.symbol, self.instrument, self.timeframe, self.run_id, fill.side, fill.time
                )
            lifecycle.add(row)
            if row.position_after == 0:
                self._close(fill.time)
        return rows

    def adjust(
        self, fill_id: str, part: int, time: int, *, quantity: int, reason: str, cost: int | None = None
    ) -> LegRow:
        """Change the open position by signed lots without a fill; their cost, with its sign, counts as a fee (spec L7).

        `cost` is that change's cost where the position does not already hold it; by default a reduction leaves, and
        an increase comes in, at the average cost. Reaching flat closes the lifecycle.
        """
        assert self.open is not None and quantity != 0, (fill_id, quantity)
        held, basis = self.position
        after = held + quantity
        assert after * held >= 0, (held, quantity)
        if cost is None:
            lots = abs(quantity)
            shrinks = quantity * held < 0
            cost = -release_cost(basis, held, lots) if shrinks else divide_half_even(basis * lots, abs(held))
        side = 1 if quantity > 0 else -1
        marker = Fill(fill_id, time, side, abs(quantity), 0, 0, None, ADJUSTMENT, reason)
        row = LegRow(marker, part, abs(quantity), 0, False, cost, quantity, 0, after, -cost)
        self.position = Position(after, basis + cost)
        self.open.add(row)
        if after == 0:
            self._close(time)
        return row

    def fund(self, time: int, amount: Decimal) -> None:
        """Book a funding payment on the open lifecycle, apart from price P&L (spec X6)."""
        assert self.open is not None, (self.symbol, time)
        self.open.funding.append(Funding(time, amount))

    def _close(self, time: int) -> None:
        assert self.open is not None
        self.open.closed_at = time
        self.closed.append(self.open)
        self.open = None


def book(
    fills: Iterable[Fill], symbol: str, instrument: Instrument, timeframe: str = "", run_id: str = ""
) -> list[Lifecycle]:
    """The lifecycles of one symbol's fills, in order of opening; the last one may still be open."""
    books = Books(symbol, instrument, timeframe, run_id)
    for fill in fills:
        books.take(fill)
    return books.lifecycles


def in_order(lifecycles: Iterable[Lifecycle]) -> list[Lifecycle]:
    """Sorted by opened_at, then symbol; within both as given, which must be the order of opening (spec F46)."""
    return sorted(lifecycles, key=lambda lifecycle: (lifecycle.opened_at, lifecycle.symbol))

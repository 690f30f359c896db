"""The account: one wallet, one-way positions with exact cost, margin.

A position keeps what it cost, never its average price: a reduction releases its share of the cost, rounded once, and
the last one the rest. So wallet + unrealized = what came in + the cash of every fill - fees, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from math import ceil, floor

from exitbrain.core.market import FEE_STEP
from exitbrain.core.numbers import divide_half_even
from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.orders import Fill, Income, Position

ZERO = Decimal(0)


@dataclass(slots=True)
class Account:
    wallet: Decimal
    contracts: dict[str, Contract]
    positions: dict[str, Position] = field(default_factory=dict)
    incomes: list[Income] = field(default_factory=list)

    def position(self, symbol: str) -> Position:
        return self.positions.get(symbol) or Position(symbol=symbol)

    def book(self, kind: str, symbol: str, amount: Decimal, at: int, trade_id: int | None = None) -> None:
        if amount:
            self.wallet += amount
            number = len(self.incomes) + 1
            self.incomes.append(
                Income(transaction_id=number, symbol=symbol, kind=kind, amount=amount, at=at, trade_id=trade_id)
            )

    def apply(self, fill: Fill) -> Fill:
        """The fill with what it realized; a fill that crosses zero closes first and opens with the rest."""
        before = self.position(fill.symbol)
        after, released = _filled(before, fill)
        instrument = self.contracts[fill.symbol].instrument
        realized = instrument.money(released)
        opened = after.side not in (0, before.side)
        after = replace(
            after,
            realized=ZERO if opened else before.realized + realized,
            isolated_wallet=self._isolated_after(before, after),
            updated_at=fill.at,
        )
        self.positions[fill.symbol] = after
        self.book("REALIZED_PNL", fill.symbol, realized, fill.at, fill.trade_id)
        self.book("COMMISSION", fill.symbol, -fill.fee, fill.at, fill.trade_id)
        return replace(fill, realized=realized)

    def _isolated_after(self, before: Position, after: Position) -> Decimal:
        if not after.isolated or not after.lots:
            return ZERO
        if before.side != after.side:
            return self._margin_of(after.symbol, after.cost, after.leverage)
        added = abs(after.lots) - abs(before.lots)
        if added > 0:
            return before.isolated_wallet + self._margin_of(after.symbol, after.cost - before.cost, after.leverage)
        return (before.isolated_wallet * after.lots / before.lots).quantize(FEE_STEP, rounding=ROUND_HALF_EVEN)

    def _margin_of(self, symbol: str, cost: int, leverage: int) -> Decimal:
        money = self.contracts[symbol].instrument.money(abs(cost))
        return (money / leverage).quantize(FEE_STEP, rounding=ROUND_HALF_EVEN)

    def unrealized(self, symbol: str, mark: int) -> Decimal:
        position = self.position(symbol)
        return self.contracts[symbol].instrument.money(position.lots * mark - position.cost)

    def initial_margin(self, symbol: str, mark: int) -> Decimal:
        position = self.position(symbol)
        return self._margin_of(symbol, position.lots * mark, position.leverage)

    def maintenance(self, symbol: str, mark: int) -> Decimal:
        contract = self.contracts[symbol]
        return contract.notional(mark, self.position(symbol).lots) * contract.maintenance

    @property
    def isolated_total(self) -> Decimal:
        return sum((one.isolated_wallet for one in self.positions.values()), ZERO)

    @property
    def cross_wallet(self) -> Decimal:
        return self.wallet - self.isolated_total

    def open_symbols(self) -> list[str]:
        return sorted(symbol for symbol, one in self.positions.items() if one.lots)

    def liquidation_ticks(self, symbol: str, marks: dict[str, int]) -> int | None:
        """The first tick at which the margin behind the position no longer covers its maintenance, None for never.

        With margin M behind it besides its own result: M + (P·q - C) = m·P·|q|  ⇒  P = (C - M) ÷ (q - m·|q|).
        """
        position = self.position(symbol)
        if not position.lots:
            return None
        contract = self.contracts[symbol]
        margin = position.isolated_wallet
        if not position.isolated:
            margin = self.cross_wallet
            for other in self.open_symbols():
                if other != symbol and not self.position(other).isolated:
                    margin += self.unrealized(other, marks[other]) - self.maintenance(other, marks[other])
        units = contract.instrument.money_unit
        price = (position.cost - margin / units) / (position.lots - contract.maintenance * abs(position.lots))
        if price <= 0:
            return None
        # Rounded toward the market: the first tick that price meets on its way to ruin.
        return floor(price) if position.side > 0 else ceil(price)


def _filled(before: Position, fill: Fill) -> tuple[Position, int]:
    """The position after, and the result it released in ticks × lots."""
    change, value = fill.side * fill.lots, fill.side * fill.lots * fill.price
    if before.side in (0, fill.side):
        return replace(before, lots=before.lots + change, cost=before.cost + value), 0
    closing = min(fill.lots, abs(before.lots))
    cost = before.side * divide_half_even(abs(before.cost) * closing, abs(before.lots))
    released = before.side * closing * fill.price - cost
    rest = fill.lots - closing
    if rest:
        return replace(before, lots=fill.side * rest, cost=fill.side * rest * fill.price), released
    return replace(before, lots=before.lots + change, cost=before.cost - cost), released

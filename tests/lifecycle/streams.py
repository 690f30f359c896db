"""Random account histories, and the laws that every TradeSet made of one must hold."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from random import Random
from typing import Any

from exitbrain.core.trade_sets import TradeSet

EXACT = Context(prec=200)
VENUE_LOT = Decimal("0.001")
FINE = Decimal("0.000001")  # base fees are this fine


class Account:
    """Writes a random history of one symbol, and counts the sets that it should make."""

    def __init__(self, dice: Random, symbol: str = "BTCUSDT") -> None:
        self.dice, self.symbol = dice, symbol
        self.rows: list[dict[str, Any]] = []
        self.held = Decimal(0)
        self.sets = 0

    def lifecycle(self) -> None:
        """Opens, adds and cuts at random, then closes, or flips and closes the other side as well."""
        dice = self.dice
        side = dice.choice(("buy", "sell"))
        self.sets += 1
        self.fill(side, self._quantity())
        for _ in range(dice.randrange(4)):
            if dice.random() < 0.5:
                self.fill(side, self._quantity())
            else:
                self._reduce(Decimal(dice.randrange(1, 90)) / 100)
        if dice.random() < 0.3:
            # A flip well beyond the dust that the account may still hold.
            self.fill(_opposite(self.held), _down(abs(self.held)) + self._quantity() + 1, base_fee=False)
            self.sets += 1
        self.close()

    def close(self) -> None:
        self.fill(_opposite(self.held), _down(abs(self.held)), base_fee=False)
        self.held = Decimal(0)  # what remains is under a venue lot

    def fill(self, side: str, quantity: Decimal, base_fee: bool | None = None) -> None:
        dice = self.dice
        in_base = side == "buy" and dice.random() < 0.4 if base_fee is None else base_fee
        price = Decimal(dice.randrange(1, 100_000)) / 10 + 1
        fee = Decimal(dice.randrange(2000)) * FINE if in_base else Decimal(dice.randrange(-500, 5000)) / 10_000
        self.rows.append(
            {
                "id": len(self.rows), "symbol": self.symbol, "side": side, "qty": str(quantity), "price": str(price),
                "fee": str(fee), "fee_asset": "BTC" if in_base else "USDT", "timestamp": 1_700_000_000 + len(self.rows) // 3,
            }
        )  # fmt: skip
        self.held += quantity if side == "buy" else -quantity
        self.held -= fee if in_base else 0

    def _reduce(self, share: Decimal) -> None:
        part = _down(abs(self.held) * share)
        if VENUE_LOT <= part <= abs(self.held) - VENUE_LOT * 10:
            self.fill(_opposite(self.held), part)

    def _quantity(self) -> Decimal:
        return VENUE_LOT * self.dice.randrange(100, 5000)


def assert_holds_the_laws(trade_set: TradeSet) -> None:
    """Money in = money out (spec Q4), fees are the legs' fees, positions follow from quantities."""
    cash = costs = realized = fees = position = Decimal(0)
    for leg in trade_set.legs:
        sign = 1 if leg.side == "buy" else -1
        position += sign * leg.qty
        assert leg.position_after == position, leg
        realized = EXACT.add(realized, leg.realized_pnl)
        fees = EXACT.add(fees, leg.fees)
        if leg.is_adjustment:
            assert leg.realized_pnl == 0, leg
            costs = EXACT.add(costs, leg.fees)
        else:
            cash = EXACT.subtract(cash, EXACT.multiply(sign * leg.qty, leg.price))
    assert trade_set.pnl_realized_total == realized
    assert trade_set.fees_total == fees
    if trade_set.is_closed:
        assert position == 0
        assert realized == EXACT.add(cash, costs), trade_set.set_id


def quote_fees(rows: Iterable[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["fee"]) for row in rows if row["fee_asset"] == "USDT"), Decimal(0))


def _opposite(held: Decimal) -> str:
    return "sell" if held > 0 else "buy"


def _down(quantity: Decimal) -> Decimal:
    return quantity // VENUE_LOT * VENUE_LOT

"""Changes of a position that no fill made: fees taken in the base asset, and dust (spec L7).

A base fee leaves a long at its cost, and that cost counts as a fee:

    buy  1     @ 40000, fee 0.001 BTC    position 1, then 0.999; fees 40
    sell 0.999 @ 41000                   flat; realized 0.999 × 1000 = 999, net 959 = cash in 40959 - cash out 40000

A short pays with quantity that it does not have: it grows at the fill's price, and that value counts as a fee. Where
a fee takes more than is held after the fill, what is missing came from elsewhere in the account, and is priced at the
fill as a quote fee.

Dust is what a reduction leaves under one venue lot: nobody can sell it, so the set closes there and its cost counts
as a fee. The next fill decides: an exit that is larger by less than a lot still belongs to the set (an account may hold
more of the base than its fills show). What is written off stays in the account, so a later exit may sell it too. Such
an excess comes back at the average cost, with a negative fee, and does not open a position on the other side.
"""

from __future__ import annotations

from fractions import Fraction

from exitbrain.core.lifecycle import Books, Fill, fee_units

BASE_FEE, DUST = "base_fee", "dust"

# A fill makes parts 0 and 1; what comes with it is numbered behind them.
_BASE_FEE_PART, _DUST_PART, _RETURNED_PART = 2, 3, 4


class AccountBooks:
    """Books of an account, where fees can be in the base asset and remainders can be under one venue lot."""

    __slots__ = ("books", "venue_lots", "written_off", "last", "reduced")

    def __init__(self, books: Books, venue_lots: int) -> None:
        self.books = books
        self.venue_lots = venue_lots
        self.written_off = 0  # signed lots of dust that are still in the account
        self.last: Fill | None = None
        self.reduced = False  # by the last fill

    def take(self, fill: Fill, base_fee: int = 0) -> None:
        """Book a fill and its base fee in lots (a rebate where negative)."""
        held = self.books.position.quantity
        if self.reduced and not (held * fill.side < 0 and fill.lots - abs(held) < self.venue_lots):
            self._write_off_dust()
            held = self.books.position.quantity
        self.last, self.reduced = fill, held * fill.side < 0
        # A short that is being closed pays before the fill, else the fill would seem to cross zero.
        if base_fee > 0 and held < 0 < fill.side and fill.lots <= base_fee - held:
            self._grow_short(fill, base_fee)
            base_fee = 0
        self._return_dust(fill)
        paid = _payable(base_fee, self.books.position.quantity + fill.side * fill.lots)
        priced = Fraction(self.books.instrument.money_unit) * fill.ticks * (base_fee - paid)
        self.books.take(fill if paid == base_fee else fill._replace(fee=fill.fee + fee_units(priced)))
        self._pay(fill, paid)

    def finish(self, *, is_lot_known: bool) -> None:
        """At the end of the history: what only a base fee took under an inferred lot may still be sold as it is."""
        if self.reduced or is_lot_known:
            self._write_off_dust()

    def _write_off_dust(self) -> None:
        left = self.books.position.quantity
        if self.last is not None and 0 < abs(left) < self.venue_lots:
            self.written_off += left
            self.books.adjust(self.last.fill_id, _DUST_PART, self.last.time, quantity=-left, reason=DUST)

    def _pay(self, fill: Fill, base_fee: int) -> None:
        if base_fee == 0:
            return
        if self.books.position.quantity < 0:
            self._grow_short(fill, base_fee)
            return
        cost = None if base_fee > 0 else -base_fee * fill.ticks
        self._adjust(fill, _BASE_FEE_PART, -base_fee, BASE_FEE, cost)

    def _grow_short(self, fill: Fill, base_fee: int) -> None:
        self._adjust(fill, _BASE_FEE_PART, -base_fee, BASE_FEE, -base_fee * fill.ticks)

    def _return_dust(self, fill: Fill) -> None:
        held = self.books.position.quantity
        excess = fill.lots - abs(held)
        if held * fill.side >= 0 or excess <= 0:
            return
        side = 1 if held > 0 else -1
        if excess < self.venue_lots or excess <= side * self.written_off:
            self._adjust(fill, _RETURNED_PART, side * excess, DUST, None)
            self.written_off -= side * min(excess, max(side * self.written_off, 0))

    def _adjust(self, fill: Fill, part: int, quantity: int, reason: str, cost: int | None) -> None:
        self.books.adjust(fill.fill_id, part, fill.time, quantity=quantity, reason=reason, cost=cost)


def _payable(base_fee: int, after: int) -> int:
    """The part of a base fee that a position of `after` lots can pay in base."""
    if after > 0:
        return min(base_fee, after)
    return max(base_fee, 0) if after < 0 else 0

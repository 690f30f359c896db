"""Set by set: the exits of the backtest beside those of the monitor, and why they differ where they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from exitbrain.backtesting.columns import BookedSet
from exitbrain.backtesting.market import Market
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.lifecycle import ADJUSTMENT
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import fraction_of, plain
from exitbrain.wiring.parity.entering import RunAgain, position_of
from exitbrain.wiring.parity.playing import STRATEGY, LiveFill

END = "end_of_data"
EMERGENCY_MODE = "ESS_ACTIVE"


class Verdict(StrEnum):
    EQUAL = "equal"
    DOCUMENTED = "documented"
    DIFFERENT = "different"


class Exit(NamedTuple):
    """Lots that left in one bar, for one reason, at one price in ticks."""

    bar: int
    reason: str
    lots: int
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    symbol: str
    opened_at: int
    side: int
    lots: int
    profile: str
    verdict: Verdict
    why: str
    backtest: tuple[Exit, ...]
    live: tuple[Exit, ...]
    market: Market = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        instrument = self.market.instrument
        return {
            "symbol": self.symbol,
            "opened_at": iso(instant_of(self.opened_at)),
            "side": "long" if self.side > 0 else "short",
            "quantity": plain(instrument.quantity(self.lots)),
            "profile": self.profile or None,
            "verdict": self.verdict.value,
            "why": self.why or None,
            "backtest": [_told(one, self.market, instrument) for one in self.backtest],
            "live": [_told(one, self.market, instrument) for one in self.live],
        }


def _told(one: Exit, market: Market, instrument: Instrument) -> dict[str, Any]:
    return {
        "time": iso(instant_of(int(market.times[one.bar]))),
        "reason": one.reason,
        "quantity": plain(instrument.quantity(one.lots)),
        "price": plain(instrument.price(one.ticks)),
    }


@dataclass(slots=True)
class _Life:
    """What the venue's log says of one position, from flat to flat."""

    opened_in: int
    side: int
    entries: list[tuple[int, int, int]] = field(default_factory=list)  # bar, lots, ticks
    exits: list[Exit] = field(default_factory=list)
    open: int = 0


def compare(again: RunAgain, fills: Sequence[LiveFill], markets: Mapping[str, Market]) -> list[Compared]:
    """One row a set of the backtest, and one for each position that only the monitor's venue had."""
    lives = {symbol: list(_lives(one for one in fills if one.symbol == symbol)) for symbol in markets}
    overridden = {event["set_id"] for event in again.events if str(event["reason"]).startswith("entry_overrides_")}
    compared = []
    for booked in sorted(again.sets, key=lambda one: (one.lifecycle.opened_at, one.market.symbol)):
        market = markets[booked.market.symbol]
        bar = market.bar_at(booked.lifecycle.opened_at)
        life = next(
            (one for one in lives[market.symbol] if one.opened_in == bar and one.side == booked.lifecycle.side), None
        )
        if life is not None:
            lives[market.symbol].remove(life)
        compared.append(_compared(again, booked, life, market, overridden))
    for symbol, rest in lives.items():
        compared += [_unasked(markets[symbol], life, compared) for life in rest]
    return compared


def _lives(fills: Iterable[LiveFill]) -> Iterator[_Life]:
    """A fill that crosses zero ends one and begins the next (spec L1)."""
    held, life = 0, _Life(0, 0)
    for fill in fills:
        lots, side = fill.lots, 1 if fill.lots > 0 else -1
        if held * side < 0:
            closed = min(abs(held), abs(lots))
            life.exits.append(Exit(fill.bar, fill.reason, closed, fill.ticks))
            held, lots = held + side * closed, lots - side * closed
            if not held:
                life.open = 0
                yield life
        if lots:
            if not held:
                life = _Life(fill.bar, side)
            life.entries.append((fill.bar, abs(lots), fill.ticks))
            held += lots
        life.open = abs(held)
    if held:
        yield life


def _compared(
    again: RunAgain, booked: BookedSet, life: _Life | None, market: Market, overridden: set[str]
) -> Compared:  # fmt: skip
    lifecycle = booked.lifecycle
    rows = [row for row in lifecycle.rows if row.fill.category != ADJUSTMENT]
    exits = [(row, _bar(market, row.fill.time)) for row in rows if not row.is_entry]
    ended = sum(row.lots for row, _ in exits if row.fill.reason == END)
    expected = [
        Exit(bar, str(row.fill.reason), row.lots, row.fill.ticks) for row, bar in exits if row.fill.reason != END
    ]
    entries = [(_bar(market, row.fill.time), row.lots, row.fill.ticks) for row in rows if row.is_entry]
    found = [] if life is None else life.exits
    left = 0 if life is None else life.open
    stays = abs(rows[-1].position_after) + ended
    same_entries = life is not None and _summed(entries) == _summed(life.entries)
    expected = _named(expected, found, again, market.symbol)
    why, verdict = "", Verdict.EQUAL
    if not (same_entries and Counter(_merged(expected)) == Counter(_merged(found)) and left == stays):
        verdict, why = _reason(again, booked, same_entries, _merged(expected), _merged(found), overridden)
    elif stays:
        why = "open at the end of the data"
    return Compared(
        symbol=market.symbol, opened_at=lifecycle.opened_at, side=lifecycle.side, lots=lifecycle.opening_lots,
        profile=lifecycle.profile or "", verdict=verdict, why=why, backtest=tuple(_merged(expected)),
        live=tuple(_merged(found)), market=market,
    )  # fmt: skip


def _bar(market: Market, time: int) -> int:
    bar = market.bar_at(time)
    assert bar is not None, time
    return bar


def _named(expected: list[Exit], found: list[Exit], again: RunAgain, symbol: str) -> list[Exit]:
    """What the strategy closed itself, by a reversal or an opposite entry, is the strategy's in both."""
    own = {(one.bar, one.lots, one.ticks) for one in found if one.reason == STRATEGY}
    return [
        one._replace(reason=STRATEGY)
        if (symbol, one.bar) in again.entered and (one.bar, one.lots, one.ticks) in own
        else one
        for one in expected
    ]


def _merged(exits: Iterable[Exit]) -> list[Exit]:
    """Parts of one exit in one bar at one price are one."""
    lots: dict[tuple[int, str, int], int] = {}
    for one in exits:
        place = one.bar, one.reason, one.ticks
        lots[place] = lots.get(place, 0) + one.lots
    return [Exit(bar, reason, sum_, ticks) for (bar, reason, ticks), sum_ in lots.items()]


def _summed(entries: Iterable[tuple[int, int, int]]) -> Counter[tuple[int, int]]:
    lots: Counter[tuple[int, int]] = Counter()
    for bar, size, ticks in entries:
        lots[bar, ticks] += size
    return lots


def _reason(
    again: RunAgain,
    booked: BookedSet,
    same_entries: bool,
    expected: list[Exit],
    found: list[Exit],
    overridden: set[str],
) -> tuple[Verdict, str]:
    """A difference that is written down in docs, by its name; else what differs first."""
    profile = position_of(booked).profile
    if profile is not None and profile.liquidity is not None:
        return Verdict.DOCUMENTED, "liquidity: exits are not cut, nor SOFT legs hardened, live"
    if again.settings.risk_mode == EMERGENCY_MODE:
        return Verdict.DOCUMENTED, "risk mode ESS_ACTIVE: live, a position leaves at once"
    if again.settings.through and any(rung.soft for rung in position_of(booked).opening_rungs):
        return Verdict.DOCUMENTED, "limit_fill: through: a limit at the venue fills when it is touched"
    if booked.lifecycle.set_id in overridden:
        return Verdict.DOCUMENTED, "an entry overrode an exit: entries are not executed live"
    if _is_narrow(booked):
        return Verdict.DOCUMENTED, "a trail narrower than a tick: the monitor knows of a price when it was reached"
    if not same_entries:
        return Verdict.DIFFERENT, "it was not entered alike"
    if booked.lifecycle.entries > 1 and _parts_by_a_tick(expected, found):
        return Verdict.DOCUMENTED, "after an add: the venue tells the average entry in rounded decimals"
    missing = next((one for one in expected if one not in found), None)
    extra = next((one for one in found if one not in expected), None)
    if missing is not None and extra is not None:
        return Verdict.DIFFERENT, f"{missing.reason} was {extra.reason}"
    named = missing or extra
    return Verdict.DIFFERENT, "what was left differs" if named is None else f"{named.reason}: one side only"


def _is_narrow(booked: BookedSet) -> bool:
    """Whether a callback, somewhere on the way, was less than a tick."""
    position = position_of(booked)
    trail, profile = position.opening_ladder.trail, position.profile
    if trail is None or (profile is not None and profile.atr_trail is not None):
        return False
    least = Fraction(1) if profile is None or profile.adaptive is None else fraction_of(profile.adaptive.min)
    lowest = min(position.entry_ticks, position.peak_ticks)
    return any(Fraction(num, den) * least * lowest < 1 for _, num, den in trail.callbacks)


def _parts_by_a_tick(expected: list[Exit], found: list[Exit]) -> bool:
    """Whether what differs first, differs by one tick alone; what follows may follow from that."""
    pairs = zip(sorted(expected), sorted(found), strict=False)
    first = next(((a, b) for a, b in pairs if a != b), None)
    return (
        first is not None
        and first[0]._replace(ticks=0) == first[1]._replace(ticks=0)
        and abs(first[0].ticks - first[1].ticks) <= 1
    )


def _unasked(market: Market, life: _Life, compared: Sequence[Compared]) -> Compared:
    """Where the two parted for a documented reason, an add of the strategy's may have opened what the other had."""
    before = [one for one in compared if one.symbol == market.symbol and one.opened_at < market.times[life.opened_in]]
    follows = bool(before) and max(before, key=lambda one: one.opened_at).verdict is Verdict.DOCUMENTED
    verdict = Verdict.DOCUMENTED if follows else Verdict.DIFFERENT
    why = "it follows from the set before" if follows else "the backtest has no such position"
    return Compared(
        symbol=market.symbol, opened_at=int(market.times[life.opened_in]), side=life.side, lots=life.entries[0][1],
        profile="", verdict=verdict, why=why, backtest=(),
        live=tuple(_merged(life.exits)), market=market,
    )  # fmt: skip

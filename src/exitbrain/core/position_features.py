"""What rules read of an open position at a close (spec T5), from whole ticks and lots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Protocol

from exitbrain.core.market import Instrument
from exitbrain.core.numbers import decimal_of
from exitbrain.core.rules.bars import Value


class Seen(Protocol):
    """An open position at a close. `entry` is the opening's fill, `average` the present average entry, `risk` the R of
    the opening, all in ticks; `most` the largest size so far."""

    @property
    def side(self) -> int: ...
    @property
    def bars_held(self) -> int: ...
    @property
    def close(self) -> int: ...
    @property
    def average(self) -> Fraction: ...
    @property
    def entry(self) -> Fraction | int: ...
    @property
    def risk(self) -> Fraction: ...
    @property
    def peak(self) -> int: ...
    @property
    def worst(self) -> int: ...
    @property
    def stop(self) -> int: ...
    @property
    def lots(self) -> int: ...
    @property
    def most(self) -> int: ...
    @property
    def instrument(self) -> Instrument: ...


def _in_r(ticks: Fraction | int, seen: Seen) -> float:
    return float(ticks / Fraction(seen.risk))


FEATURES: dict[str, Callable[[Seen], Value]] = {
    "position": lambda seen: "long" if seen.side > 0 else "short",
    "is_flat": lambda seen: False,
    "is_long": lambda seen: seen.side > 0,
    "is_short": lambda seen: seen.side < 0,
    "bars_held": lambda seen: float(seen.bars_held),
    "unrealized_r": lambda seen: _in_r(seen.side * (seen.close - seen.average), seen),
    "mfe_r": lambda seen: max(0.0, _in_r(seen.side * (seen.peak - seen.entry), seen)),
    "mae_r": lambda seen: min(0.0, _in_r(seen.side * (seen.worst - seen.entry), seen)),
    "entry_price": lambda seen: float(seen.average * Fraction(seen.instrument.tick_size)),
    "stop_price": lambda seen: float(decimal_of(seen.instrument.price(seen.stop))),
    "position_fraction": lambda seen: seen.lots / seen.most,
}


class PositionView(Mapping[str, Value]):
    """Each feature computed when it is read. It looks at the position as it is now, so it is of use at that close only."""

    __slots__ = ("_seen",)

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def __getitem__(self, name: str) -> Value:
        return FEATURES[name](self._seen)

    def __iter__(self) -> Iterator[str]:
        return iter(FEATURES)

    def __len__(self) -> int:
        return len(FEATURES)

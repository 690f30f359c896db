"""The simulated venue over candle files, with a backtest's config: its instruments, path, slippage and cash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exitbrain.backtesting.market import Market
from exitbrain.candles.timestamps import iso
from exitbrain.errors import InvalidInput, Problem
from exitbrain.venues.simulated.contracts import Contract, assets_of
from exitbrain.venues.simulated.dialect.venue import HOUR, SimulatedVenue
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.faults import FaultRates, Faults, fault_rates
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.playing import Player
from exitbrain.wiring.inputs import gather

MOST_LOTS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedVenue:
    venue: SimulatedVenue
    notes: tuple[str, ...]
    first_at: int
    ends_at: int


def open_venue(
    candles: Any,
    *,
    config: Any = None,
    repair: bool = False,
    balance: Decimal | None = None,
    history: int = 0,
    shift_to: int | None = None,
    funding_rate: Decimal = Decimal(0),
    key: str = "venue-sim",
    secret: str = "venue-sim",
    faults: Mapping[str, float] | None = None,
    seed: int = 0,
    speed: float = 1.0,
    environment: Mapping[str, str] | None = None,
) -> OpenedVenue:
    """A venue that stands at the open of the first bar after `history` bars. Raises InvalidInput.

    `shift_to` moves all bars in time so that this instant (ms) lies in that first bar.
    """
    rates = fault_rates(dict(faults)) if faults else FaultRates()
    inputs = gather(candles, config=config, repair=repair, environment=environment, to_run=False)
    settings = inputs.settings
    series = {symbol: bars_of(market) for symbol, market in inputs.markets.items()}
    shortest = min(len(bars) for bars in series.values())
    if history >= shortest:
        found = f"history of {history} bars, and {shortest} in the candles"
        raise InvalidInput(Problem(found=found, accepted=f"0 to {shortest - 1}"))
    if shift_to is not None:
        series = {symbol: _shifted(bars, history, shift_to) for symbol, bars in series.items()}
    start = max(bars[history].at for bars in series.values())
    wallet = settings.account.initial_cash if balance is None else balance
    exchange = Exchange(
        [_contract(market, funding_rate) for market in inputs.markets.values()],
        wallet=wallet,
        now=min(bars[0].at for bars in series.values()),
        path=settings.execution.path,
        slippage_bps=settings.execution.slippage_bps,
    )
    player = Player(exchange, series)
    player.advance(start)
    venue = SimulatedVenue(
        player, key=key, secret=secret, faults=Faults(rates, seed), listen_key_life=int(HOUR * max(1.0, speed))
    )
    return OpenedVenue(venue=venue, notes=inputs.notes, first_at=start, ends_at=player.ends_at)


def bars_of(market: Market) -> list[Bar]:
    length = market.timeframe // 1000
    columns = (market.time, market.open, market.high, market.low, market.close)
    return [
        Bar(at // 1000, length, o, h, l, c, volume)
        for at, o, h, l, c, volume in zip(*(column.tolist() for column in columns), market.volume.tolist())
    ]


def _shifted(bars: list[Bar], history: int, instant: int) -> list[Bar]:
    length = bars[0].length
    by = instant - instant % length - bars[history].at
    return [Bar(one.at + by, length, one.open, one.high, one.low, one.close, one.volume) for one in bars]


def _contract(market: Market, funding_rate: Decimal) -> Contract:
    instrument = market.instrument
    base, quote = assets_of(instrument.symbol)
    if instrument.multiplier != 1:
        found = f"instrument.multiplier {instrument.multiplier} of {instrument.symbol}"
        raise InvalidInput(Problem(found=found, accepted="1: a USD-M contract is one unit of its base asset"))
    largest = instrument.max_order_quantity
    lots = MOST_LOTS if largest is None else max(1, int(largest // instrument.lot_size))
    return Contract(
        instrument=instrument, base=base, quote=quote, max_lots=lots, market_max_lots=lots, funding_rate=funding_rate
    )


def span_words(opened: OpenedVenue) -> str:
    return f"{iso(opened.first_at * 1000)} to {iso(opened.ends_at * 1000)}"

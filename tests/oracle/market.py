"""What is traded: instruments, bars in whole ticks, and the average true range of closed bars.

CHOICES
1. A missing tick or lot is inferred for each symbol from that symbol's own rows.
2. With a list of instruments a symbol that is not in it takes the defaults.
3. ATR(n) needs n + 1 bars; before that it is unknown.
4. A funding row belongs to the bar that contains its timestamp; in a hole, to the next bar of the symbol.
5. Coarser bars are cut at multiples of their span since the epoch; one closes with the main bar that ends there.
6. A quotes file stands in place of a spread column, as long as it lasts.
7. A main bar is covered where every finer bar of the most common finer spacing is there.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from .exact import exact, microseconds

INSTRUMENT_DEFAULTS = {
    "symbol": None,
    "tick_size": None,
    "lot_size": None,
    "min_quantity": None,
    "min_notional": None,
    "closing_exempt": True,
    "multiplier": 1,
    "maker_fee": "0.0002",
    "taker_fee": "0.0005",
}


@dataclass(frozen=True, slots=True)
class Instrument:
    symbol: str
    tick: Fraction
    lot: Fraction
    min_quantity: Fraction
    min_notional: Fraction
    closing_exempt: bool
    multiplier: Fraction
    maker_fee: Fraction
    taker_fee: Fraction

    @property
    def unit(self):
        """The money of one tick times one lot."""
        return self.tick * self.lot * self.multiplier

    def too_small(self, lots, price):
        """Under one lot, the minimum quantity, or the minimum notional at a price in ticks; no price is 0 or less."""
        if price <= 0:
            return True
        return lots < 1 or lots * self.lot < self.min_quantity or lots * price * self.unit < self.min_notional


@dataclass(frozen=True, slots=True)
class Bar:
    time: int
    open: int
    high: int
    low: int
    close: int
    volume: Fraction


@dataclass(slots=True)
class Series:
    instrument: Instrument
    timeframe: int
    bars: list
    floats: list  # per bar a dict of the five candle columns
    details: dict = field(default_factory=dict)  # bar index to its finer bars, where fully covered
    funding: dict = field(default_factory=dict)  # bar index to rows (rate, mark price or None)
    spreads: list = field(default_factory=list)  # bps known at each close, None where unknown
    atr_columns: dict = field(default_factory=dict)
    coarser: dict = field(default_factory=dict)  # a longer timeframe to its columns and its closes

    def spread(self, index):
        return self.spreads[index] if index >= 0 else None

    def atr(self, period, index):
        """Wilder's average true range at a closed bar as TA-Lib has it, or None before warm-up."""
        if period not in self.atr_columns:
            self.atr_columns[period] = wilder(self.floats, period)
        return self.atr_columns[period][index] if 0 <= index < len(self.bars) else None


def coarser_columns(series, span):
    """Bars of a longer timeframe as columns, and main bar index to the coarse bar that closes with it (spec F40 F54)."""
    if span not in series.coarser:
        rows, closes = [], {}
        for index, bar in enumerate(series.bars):
            fresh = index == 0 or bar.time // span != series.bars[index - 1].time // span
            part = series.floats[index]
            if fresh:
                rows.append(dict(part))
            else:
                whole = rows[-1]
                whole["high"], whole["low"] = max(whole["high"], part["high"]), min(whole["low"], part["low"])
                whole["close"], whole["volume"] = part["close"], whole["volume"] + part["volume"]
            if (bar.time + series.timeframe) % span == 0:
                closes[index] = len(rows) - 1
        series.coarser[span] = (rows, closes)
    return series.coarser[span]


def wilder(rows, period):
    ranges = [None]
    for before, row in zip(rows, rows[1:]):
        ranges.append(
            max(row["high"] - row["low"], abs(row["high"] - before["close"]), abs(row["low"] - before["close"]))
        )
    column = [None] * len(rows)
    if len(rows) <= period:
        return column
    total = 0.0
    for value in ranges[1 : period + 1]:
        total += value
    column[period] = total / period
    for index in range(period + 1, len(rows)):
        column[index] = (column[index - 1] * (period - 1) + ranges[index]) / period
    return column


def inferred_tick(rows):
    """The coarsest power of ten that represents every price exactly (spec Q2)."""
    tick = Fraction(10**12)
    while any((exact(price) / tick).denominator != 1 for row in rows for price in row[1:5]):
        tick /= 10
    return tick


def inferred_lot(rows, cash):
    """The finest power of ten of at least 1e-8 at which cash buys under 10^12 lots (spec Q2)."""
    lot = Fraction(1, 10**8)
    lowest = min(exact(row[3]) for row in rows)
    while cash / lowest / lot >= 10**12:
        lot *= 10
    return lot


def build_instrument(symbol, section, rows, cash):
    options = section if isinstance(section, list) else [section]
    chosen = {}
    for option in options:
        if option.get("symbol") in (symbol, None):
            chosen = option
    values = {**INSTRUMENT_DEFAULTS, **chosen}
    tick, lot = values["tick_size"], values["lot_size"]
    return Instrument(
        symbol=symbol,
        tick=inferred_tick(rows) if tick is None else exact(tick),
        lot=inferred_lot(rows, cash) if lot is None else exact(lot),
        min_quantity=exact(values["min_quantity"] or 0),
        min_notional=exact(values["min_notional"] or 0),
        closing_exempt=values["closing_exempt"],
        multiplier=exact(values["multiplier"]),
        maker_fee=exact(values["maker_fee"]),
        taker_fee=exact(values["taker_fee"]),
    )


def whole_ticks(text, tick):
    ticks = exact(text) / tick
    if ticks.denominator != 1:
        raise ValueError(f"{text} is no whole tick of {tick}")
    return int(ticks)


def build_bar(row, tick):
    time, *prices, volume = row[:6]
    return Bar(microseconds(time), *(whole_ticks(price, tick) for price in prices), exact(volume))


def spacing(times):
    """The most common spacing, the smaller where two are as common (spec F40)."""
    counts = Counter(later - earlier for earlier, later in zip(times, times[1:]))
    return min(counts, key=lambda span: (-counts[span], span)) if counts else 0


def build_series(symbol, rows, instrument, detail_rows, funding_rows, quotes, default_spread):
    bars = [build_bar(row, instrument.tick) for row in rows]
    names = ("open", "high", "low", "close", "volume")
    floats = [dict(zip(names, map(float, row[1:6]))) for row in rows]
    series = Series(instrument, spacing([bar.time for bar in bars]), bars, floats)
    own = quoted_spreads(series, quotes) if quotes else [spread_of(row) for row in rows]
    series.spreads = [default_spread if spread is None else spread for spread in own]
    series.details = covered(series, [build_bar(row, instrument.tick) for row in detail_rows])
    for row in funding_rows:
        if row.get("symbol") in (symbol, None, ""):
            book_funding_row(series, row)
    return series


def spread_of(row):
    """A seventh field of a candle row is its spread_bps."""
    return exact(row[6]) if len(row) > 6 and row[6] != "" else None


def quoted_spreads(series, quotes):
    """(ask − bid) ÷ mid of the last quote at or before each close (spec X6)."""
    known = [(microseconds(row["timestamp"]), exact(row["bid"]), exact(row["ask"])) for row in quotes]
    found = []
    for bar in series.bars:
        before = [quote for quote in known if quote[0] <= bar.time + series.timeframe]
        _, bid, ask = before[-1] if before else (None, None, None)
        found.append(None if bid is None else (ask - bid) / ((ask + bid) / 2) * 10_000)
    return found


def covered(series, details):
    """Main bar index to its finer bars, only where none of them is missing (spec F45)."""
    step = spacing([bar.time for bar in details])
    if not step or step >= series.timeframe or series.timeframe % step:
        return {}
    by_time = {bar.time: bar for bar in details}
    found = {}
    for index, bar in enumerate(series.bars):
        parts = [by_time.get(time) for time in range(bar.time, bar.time + series.timeframe, step)]
        if all(parts):
            found[index] = parts
    return found


def book_funding_row(series, row):
    time = microseconds(row["timestamp"])
    rate = row.get("rate") if row.get("rate") not in (None, "") else row.get("funding_rate")
    mark = row.get("mark_price")
    for index, bar in enumerate(series.bars):
        if time < bar.time + series.timeframe:
            if time >= bar.time or index > 0:
                entry = (exact(rate), exact(mark) if mark not in (None, "") else None)
                series.funding.setdefault(index, []).append(entry)
            return

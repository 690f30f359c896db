"""Public answers: time, contracts, prices, candles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from exitbrain.core.numbers import plain
from exitbrain.venues.simulated.dialect import shapes
from exitbrain.venues.simulated.dialect.asked import Params, wanted, whole
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.playing import FUNDING_EVERY
from exitbrain.venues.simulated.refusals import Refusal

if TYPE_CHECKING:
    from exitbrain.venues.simulated.dialect.venue import SimulatedVenue

DAY = 86_400_000
UNITS = {"m": 60_000, "h": 3_600_000, "d": DAY, "w": 7 * DAY}
LARGEST_LIMIT = 1500


def exchange_info(venue: SimulatedVenue, _: Params) -> Any:
    asset = next(iter(venue.exchange.contracts.values())).quote
    return {
        "timezone": "UTC",
        "serverTime": venue.exchange.now,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [shapes.contract(one, venue.started_at) for one in venue.exchange.contracts.values()],
    }


def interval_ms(venue: SimulatedVenue, symbol: str, text: str) -> int:
    """A whole number of the file's bars."""
    length = venue.player.bars[symbol][0].length
    if text[-1:] not in UNITS or not text[:-1].isdigit() or not int(text[:-1]):
        raise Refusal(-1120)
    asked = int(text[:-1]) * UNITS[text[-1]]
    if asked % length:
        raise Refusal(-1120)
    return asked


def grouped(bars: Sequence[Bar], length: int) -> list[Bar]:
    """Bars put together to the longer `length`."""
    made: list[Bar] = []
    for bar in bars:
        at = bar.at - bar.at % length
        if made and made[-1].at == at:
            last = made[-1]
            made[-1] = Bar(
                at, length, last.open, max(last.high, bar.high), min(last.low, bar.low), bar.close,
                last.volume + bar.volume,
            )  # fmt: skip
        else:
            made.append(Bar(at, length, bar.open, bar.high, bar.low, bar.close, bar.volume))
    return made


def klines(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params)
    length = interval_ms(venue, symbol, wanted(params, "interval"))
    limit = min(whole(params, "limit") or 500, LARGEST_LIMIT)
    start, end = whole(params, "startTime"), whole(params, "endTime")
    bars = [
        bar
        for bar in grouped(venue.player.seen(symbol), length)
        if (start is None or bar.at >= start) and (end is None or bar.at <= end)
    ]
    chosen = bars[:limit] if start is not None else bars[-limit:]
    return [_kline(venue, symbol, bar) for bar in chosen]


def _kline(venue: SimulatedVenue, symbol: str, bar: Bar) -> list[Any]:
    contract = venue.exchange.contracts[symbol]
    prices = [shapes.price(contract, one) for one in (bar.open, bar.high, bar.low, bar.close)]
    quote = f"{bar.volume * float(contract.instrument.price(bar.close)):.8f}"
    volume = f"{bar.volume:.8f}"
    return [bar.at, *prices, volume, bar.at + bar.length - 1, quote, 1, volume, quote, "0"]


def kline_payload(venue: SimulatedVenue, symbol: str, text: str) -> Any:
    length, now = interval_ms(venue, symbol, text), venue.exchange.now
    bar = grouped(venue.player.seen(symbol, since=now - now % length) or venue.player.seen(symbol), length)[-1]
    at, opened, high, low, close, volume, ends, quote, *_ = _kline(venue, symbol, bar)
    k = {
        "t": at, "T": ends, "s": symbol, "i": text, "f": 1, "L": 1, "o": opened, "c": close, "h": high, "l": low,
        "v": volume, "n": 1, "x": now >= ends, "q": quote, "V": volume, "Q": quote, "B": "0",
    }  # fmt: skip
    return {"e": "kline", "E": now, "s": symbol, "k": k}


def sides(venue: SimulatedVenue, symbol: str) -> tuple[str, str]:
    """Bid and ask: a tick below and above the last price."""
    contract, last = venue.exchange.contracts[symbol], venue.exchange.markets[symbol].last
    return shapes.price(contract, max(1, last - 1)), shapes.price(contract, last + 1)


def depth(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params)
    bid, ask = sides(venue, symbol)
    market = venue.exchange.markets[symbol]
    size = shapes.quantity(venue.exchange.contracts[symbol], 10**6)
    return {
        "lastUpdateId": market.step,
        "E": venue.exchange.now,
        "T": market.updated_at,
        "bids": [[bid, size]],
        "asks": [[ask, size]],
    }


def book_ticker(venue: SimulatedVenue, params: Params) -> Any:
    return venue.each(params, lambda symbol: book_row(venue, symbol))


def book_row(venue: SimulatedVenue, symbol: str) -> Any:
    bid, ask = sides(venue, symbol)
    size = shapes.quantity(venue.exchange.contracts[symbol], 10**6)
    market = venue.exchange.markets[symbol]
    return {
        "symbol": symbol, "bidPrice": bid, "bidQty": size, "askPrice": ask, "askQty": size, "time": market.updated_at,
        "lastUpdateId": market.step,
    }  # fmt: skip


def ticker_price(venue: SimulatedVenue, params: Params) -> Any:
    return venue.each(params, lambda symbol: {
        "symbol": symbol, "price": last(venue, symbol), "time": venue.exchange.markets[symbol].updated_at
    })  # fmt: skip


def last(venue: SimulatedVenue, symbol: str) -> str:
    return shapes.price(venue.exchange.contracts[symbol], venue.exchange.markets[symbol].last)


def ticker_day(venue: SimulatedVenue, params: Params) -> Any:
    return venue.each(params, lambda symbol: day_row(venue, symbol))


def day_row(venue: SimulatedVenue, symbol: str) -> Any:
    contract, now = venue.exchange.contracts[symbol], venue.exchange.now
    bars = venue.player.seen(symbol, since=now - DAY) or venue.player.seen(symbol)[-1:]
    first, latest = bars[0].open, venue.exchange.markets[symbol].last
    volume = sum(bar.volume for bar in bars)
    average = f"{sum(bar.close for bar in bars) / len(bars) * float(contract.instrument.tick_size):.8f}"
    return {
        "symbol": symbol,
        "priceChange": shapes.price(contract, latest - first),
        "priceChangePercent": f"{(latest - first) / first * 100:.3f}",
        "weightedAvgPrice": average,
        "lastPrice": shapes.price(contract, latest),
        "lastQty": plain(contract.instrument.lot_size),
        "openPrice": shapes.price(contract, first),
        "highPrice": shapes.price(contract, max(bar.high for bar in bars)),
        "lowPrice": shapes.price(contract, min(bar.low for bar in bars)),
        "volume": f"{volume:.8f}",
        "quoteVolume": f"{volume * float(contract.instrument.price(latest)):.8f}",
        "openTime": bars[0].at,
        "closeTime": now,
        "firstId": 1,
        "lastId": 1,
        "count": len(bars),
    }


def premium_index(venue: SimulatedVenue, params: Params) -> Any:
    return venue.each(params, lambda symbol: premium_row(venue, symbol))


def premium_row(venue: SimulatedVenue, symbol: str) -> Any:
    contract, now = venue.exchange.contracts[symbol], venue.exchange.now
    mark = shapes.price(contract, venue.exchange.markets[symbol].mark)
    return {
        "symbol": symbol, "markPrice": mark, "indexPrice": mark, "estimatedSettlePrice": mark,
        "lastFundingRate": plain(contract.funding_rate), "interestRate": "0",
        "nextFundingTime": now - now % FUNDING_EVERY + FUNDING_EVERY, "time": now,
    }  # fmt: skip


def funding_rate(venue: SimulatedVenue, params: Params) -> Any:
    """The last hundred fundings up to now at most."""
    symbol = venue.symbol(params)
    contract, now = venue.exchange.contracts[symbol], venue.exchange.now
    rows = []
    for bar in venue.player.seen(symbol):
        if contract.funding_rate and bar.at % FUNDING_EVERY < bar.length and bar.at <= now:
            rows.append(
                {
                    "symbol": symbol,
                    "fundingRate": plain(contract.funding_rate),
                    "fundingTime": bar.at - bar.at % FUNDING_EVERY,
                    "markPrice": shapes.price(contract, bar.open),
                }
            )
    return rows[-100:]


def recent_trades(venue: SimulatedVenue, params: Params) -> Any:
    """The closes of the last bars: what candles know of trades."""
    symbol = venue.symbol(params)
    contract = venue.exchange.contracts[symbol]
    limit = min(whole(params, "limit") or 500, 1000)
    return [
        {
            "id": number, "price": shapes.price(contract, bar.close), "qty": f"{bar.volume:.8f}",
            "quoteQty": f"{bar.volume * float(contract.instrument.price(bar.close)):.8f}", "time": bar.at + bar.length - 1,
            "isBuyerMaker": bar.close < bar.open,
        }
        for number, bar in enumerate(venue.player.seen(symbol), start=1)
    ][-limit:]  # fmt: skip


def stream_payload(venue: SimulatedVenue, stream: str) -> Any:
    """What a market stream such as btcusdt@bookTicker says now, None for a stream that is not known."""
    name, _, kind = stream.partition("@")
    symbol = name.upper()
    if symbol not in venue.exchange.markets:
        return None
    market, now = venue.exchange.markets[symbol], venue.exchange.now
    kind, _, option = kind.partition("@") if not kind.startswith("kline_") else ("kline", "", kind[6:])
    match kind:
        case "bookTicker":
            row = book_row(venue, symbol)
            return {
                "e": "bookTicker", "u": market.step, "s": symbol, "b": row["bidPrice"], "B": row["bidQty"],
                "a": row["askPrice"], "A": row["askQty"], "T": market.updated_at, "E": now,
            }  # fmt: skip
        case "trade" | "aggTrade":
            quantity = plain(venue.exchange.contracts[symbol].instrument.lot_size)
            return {
                "e": kind, "E": now, "s": symbol, "a": market.step, "t": market.step, "p": last(venue, symbol),
                "q": quantity, "f": market.step, "l": market.step, "T": market.updated_at, "m": False, "X": "MARKET",
            }  # fmt: skip
        case "markPrice":
            row = premium_row(venue, symbol)
            return {
                "e": "markPriceUpdate", "E": now, "s": symbol, "p": row["markPrice"], "i": row["indexPrice"],
                "P": row["markPrice"], "r": row["lastFundingRate"], "T": row["nextFundingTime"],
            }  # fmt: skip
        case "ticker" | "miniTicker":
            row = day_row(venue, symbol)
            return {
                "e": "24hrTicker" if kind == "ticker" else "24hrMiniTicker", "E": now, "s": symbol,
                "p": row["priceChange"], "P": row["priceChangePercent"], "w": row["weightedAvgPrice"],
                "c": row["lastPrice"], "Q": row["lastQty"], "o": row["openPrice"], "h": row["highPrice"],
                "l": row["lowPrice"], "v": row["volume"], "q": row["quoteVolume"], "O": row["openTime"],
                "C": row["closeTime"], "F": 1, "L": 1, "n": row["count"],
            }  # fmt: skip
        case "kline":
            return kline_payload(venue, symbol, option)
        case _ if kind.startswith("depth"):
            book = depth(venue, {"symbol": symbol})
            return {
                "e": "depthUpdate", "E": now, "T": market.updated_at, "s": symbol, "U": market.step,
                "u": market.step, "pu": market.step - 1, "b": book["bids"], "a": book["asks"],
            }  # fmt: skip
    return None

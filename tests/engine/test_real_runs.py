"""Runs over real candles: a portfolio, finer bars under hourly ones, funding, and five crashes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain.backtesting.result import Result
from exitbrain.core.trade_sets import TradeSet
from exitbrain.wiring.backtest import backtest

HOUR = timedelta(hours=1)


def entries_at(times: pl.Series, symbol: str | None = None) -> pl.DataFrame:
    """Every third one is short."""
    sides = ["short" if i % 3 == 2 else "long" for i in range(len(times))]
    frame = pl.DataFrame({"timestamp": times, "side": sides})
    return frame if symbol is None else frame.with_columns(symbol=pl.lit(symbol))


# A portfolio


def test_two_symbols_share_one_cash(test_data: Path) -> None:
    """spec X7 F22 F34: sizes follow the equity of both, recomputed here in decimals from legs and opens."""
    frames = {
        symbol: pl.read_parquet(test_data / "1h" / f"binance_perp_{symbol}_1h_20200101_20230101.parquet").head(4_000)
        for symbol in ("BTCUSDT", "ETHUSDT")
    }
    rows = pl.concat(
        entries_at(frame["timestamp"].gather_every(61, 30 + 7 * number), symbol)
        for number, (symbol, frame) in enumerate(frames.items())
    )
    config = {
        "instrument": [
            {"symbol": "BTCUSDT", "tick_size": "0.01", "lot_size": "0.001"},
            {"symbol": "ETHUSDT", "tick_size": "0.01", "lot_size": "0.01"},
        ],
        "account": {"initial_cash": 50_000, "sizing": {"mode": "risk", "value": "0.02"}},
    }
    bars = [frame.with_columns(symbol=pl.lit(symbol)) for symbol, frame in frames.items()]
    result = backtest(bars, entries=rows, config=config, environment={})
    assert {one.symbol for one in result.trade_sets} == set(frames)
    assert result.equity["equity"][-1] == pytest.approx(50_000 + float(sum(one.pnl_net for one in result.trade_sets)))
    assert sizes_follow_equity(result, frames, Decimal(50_000), Decimal("0.02")) > 30


def sizes_follow_equity(
    result: Result, frames: dict[str, pl.DataFrame], cash: Decimal, share: Decimal
) -> int:  # fmt: skip
    """Check every opening with no other fill at its time; how many there were."""
    opens = {
        symbol: {time: Decimal(repr(price)) for time, price in zip(frame["timestamp"], frame["open"])}
        for symbol, frame in frames.items()
    }
    fills = [(leg.timestamp, one.symbol, leg) for one in result.trade_sets for leg in one.legs]
    busy = [time for time, _, _ in fills]
    checked = 0
    for one in result.trade_sets:
        time = one.opened_at
        if busy.count(time) > 1:
            continue
        equity = cash
        for at, symbol, leg in fills:
            if at < time:
                sign = 1 if leg.side == "buy" else -1
                equity += sign * leg.qty * (opens[symbol][time] - leg.price) - leg.fees
        lot = Decimal("0.001") if one.symbol == "BTCUSDT" else Decimal("0.01")
        stop = Decimal(result.plans[one.set_id]["initial_stop"])
        lots = equity * share / abs(one.legs[0].price - stop) / lot
        assert one.legs[0].qty == int(lots) * lot, (one.set_id, equity)
        checked += 1
    return checked


# Finer bars


@pytest.fixture(scope="module")
def minutes(test_data: Path) -> pl.DataFrame:
    """Whole hours of one-minute bars, 2025-05-04 16:00 onward."""
    frame = pl.read_parquet(test_data / "1m" / "binance_perp_BTCUSDT_1m_20250504_20250603.parquet")
    return frame.filter(pl.col("timestamp") >= frame["timestamp"].dt.truncate("1h")[0] + HOUR).head(60 * 24 * 20)


def hourly(minutes: pl.DataFrame) -> pl.DataFrame:
    return minutes.group_by_dynamic("timestamp", every="1h").agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )


LADDER = {
    "instrument": {"symbol": "BTCUSDT", "tick_size": "0.1", "lot_size": "0.001"},
    "account": {"sizing": {"mode": "quantity", "value": 1}, "independent": True},
    "exits": {"regime": "TREND", "default_stop_pct": 1.5},
}


def test_finer_bars_under_hours_fill_as_a_run_on_the_finer_bars(minutes: pl.DataFrame) -> None:
    """spec X2 F45 F53: where nothing is decided between, the two runs are one; the hours alone are not."""
    hours = hourly(minutes)
    rows = entries_at(hours["timestamp"].gather_every(5, 3))
    detailed = backtest(hours, detail=minutes, entries=rows, config=LADDER, environment={})
    alone = backtest(minutes, entries=rows, config=LADDER, environment={})
    coarse = backtest(hours, entries=rows, config=LADDER, environment={})
    assert detailed.about["bars_without_detail"] == {"BTCUSDT": 0}
    assert len(detailed.trade_sets) == len(alone.trade_sets) == len(rows)
    assert [shape(one) for one in detailed.trade_sets] == [shape(one) for one in alone.trade_sets]
    differing = sum(shape(one) != shape(other) for one, other in zip(detailed.trade_sets, coarse.trade_sets))
    assert 0 < differing < len(rows)
    assert_inside_minutes(detailed, minutes)


def shape(one: TradeSet) -> list[Any]:
    """Legs with the hour of each."""
    return [(leg.reason, leg.qty, leg.price, leg.fees, leg.timestamp.replace(minute=0)) for leg in one.legs]


def assert_inside_minutes(result: Result, minutes: pl.DataFrame) -> None:
    """Each leg's price was traded in a minute of its hour."""
    ranges: dict[datetime, list[tuple[float, float]]] = {}
    for time, low, high in zip(minutes["timestamp"], minutes["low"], minutes["high"]):
        ranges.setdefault(time.replace(minute=0), []).append((low, high))
    for leg in result.legs:
        assert any(low <= float(leg.price) <= high for low, high in ranges[leg.timestamp]), leg


def test_one_set_of_finer_bars_by_hand(minutes: pl.DataFrame) -> None:
    """spec P8: walk the minutes in a few plain lines: stop, three targets, trail by the peak; one long."""
    hours = hourly(minutes)
    start = hours["timestamp"][30]
    config = {**LADDER, "execution": {"slippage_bps": 0}}
    rows = pl.DataFrame({"timestamp": [start], "side": ["long"]})
    (one,) = backtest(hours, detail=minutes, entries=rows, config=config, environment={}).trade_sets
    later = minutes.filter(pl.col("timestamp") >= start)
    entry = Decimal(repr(later["open"][0]))
    # TREND: 1.5% × 0.8 = 1.2%, up to a tick of 0.1.
    stop = (entry * Decimal("0.988")).quantize(Decimal("0.1"), rounding=ROUND_CEILING)
    risk = entry - stop
    levels = [
        (entry + risk * r).quantize(Decimal("0.1"), rounding=ROUND_FLOOR)
        for r in (Decimal("0.5"), Decimal(1), Decimal(2))
    ]
    assert one.legs[0].price == entry
    assert Decimal(str(one.initial_risk)) == risk
    crossed = []
    for low, high in zip(later["low"], later["high"]):
        if Decimal(repr(low)) <= stop:
            crossed.append("stop_loss")
            break
        crossed += [
            f"take_profit_{i + 1}"
            for i, level in enumerate(levels)
            if Decimal(repr(high)) >= level and f"take_profit_{i + 1}" not in crossed
        ]
        if "take_profit_3" in crossed:
            break
    found = [leg.reason for leg in one.legs[1:] if leg.reason != "trailing_stop"]
    assert found[: len(crossed)] == crossed
    for leg in one.legs[1:]:
        if (leg.reason or "").startswith("take_profit"):
            assert leg.price == levels[int((leg.reason or "")[-1]) - 1]


# Funding


def test_funding_of_a_month_recomputed_in_decimals(test_data: Path) -> None:
    """spec X6: minus what was held before the bar's fills × the bar's open × the rate, each to 1e-8."""
    frame = pl.read_parquet(test_data / "1m" / "binance_perp_BTCUSDT_1m_20250504_20250603.parquet")
    file = test_data / "funding" / "binance_perp_BTCUSDT_funding_rate_20250501_20250603.parquet"
    rows = entries_at(frame["timestamp"].gather_every(1_777, 100))
    config = {**LADDER, "account": {"sizing": {"mode": "quantity", "value": "0.137"}}}
    result = backtest(frame, entries=rows, funding=file, config=config, environment={})
    opens = {time: Decimal(repr(price)) for time, price in zip(frame["timestamp"], frame["open"])}
    rates = pl.read_parquet(file)
    column = "funding_rate" if "funding_rate" in rates.columns else "rate"
    settlements = [(time, Decimal(repr(rate))) for time, rate in zip(rates["timestamp"], rates[column])]
    paid = 0
    for one in result.trade_sets:
        expected = Decimal(0)
        for time, rate in settlements:
            bar = time.replace(second=0, microsecond=0)
            held = sum(
                (leg.qty * (1 if leg.side == "buy" else -1) for leg in one.legs if leg.timestamp < bar), Decimal(0)
            )
            if held and bar in opens:
                expected += (-held * opens[bar] * rate).quantize(Decimal("1e-8"), rounding=ROUND_HALF_EVEN)
                paid += 1
        assert one.funding_total == expected, one.set_id
        assert one.pnl_net == one.pnl_realized_total - one.fees_total + expected
    assert paid > 20
    assert result.metrics["funding_total"] == pytest.approx(float(sum(one.funding_total for one in result.trade_sets)))


# Crashes

CRASHES = {
    "2021-05-19": ("1m/binance_spot_ETHUSDT_1m_20210420_20210520.parquet", datetime(2021, 5, 18), 2),
    "2024-08-05": ("1m/binance_spot_BTCUSDT_1m_20240726_20240825.parquet", datetime(2024, 8, 4), 3),
    "2022-06": ("1m/binance_spot_XRPUSDT_1m_20220530_20220703.parquet", datetime(2022, 6, 12), 3),
    "LUNA 2022-05": ("1h/binance_spot_LUNAUSDT_1h_20200821_20220711.parquet", datetime(2022, 5, 1), 14),
    "2025-10-10": ("5m/binance_perp_BTCUSDT_5m_20250919_20251027.parquet", datetime(2025, 10, 9), 4),
}


@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_runs_without_a_false_warning(test_data: Path, tmp_path: Path, name: str) -> None:
    """The whole file is read; entries lie in the crash. Nothing is warned of, and what is noted is so."""
    place, start, days = CRASHES[name]
    frame = pl.read_parquet(test_data / place)
    inside = frame.filter(
        pl.col("timestamp").dt.replace_time_zone(None).is_between(start, start + timedelta(days=days))
    )
    rows = entries_at(inside["timestamp"].gather_every(max(1, len(inside) // 60), 1))
    result = backtest(
        test_data / place, entries=rows, config={"account": {"independent": True}}, environment={}, paths="both"
    )
    assert list(result.warnings) == []
    for note in result.about["notes"]:
        assert is_true(note, frame), note
    assert len(result.trade_sets) == len(rows) - refused(result)
    ranges = {time: (low, high) for time, low, high in zip(frame["timestamp"], frame["low"], frame["high"])}
    for leg in result.legs:
        low, high = ranges[leg.timestamp]
        assert Decimal(repr(low)) <= leg.price <= Decimal(repr(high)), leg
    stopped = [one for one in result.trade_sets if one.side == "long" and one.legs[-1].reason == "stop_loss"]
    assert stopped, "longs in a crash are stopped"
    assert (result.to_dir(tmp_path / "out") / "favorable" / "trade_sets.json").exists()


def refused(result: Result) -> int:
    return sum(event["kind"] == "block" for event in result.events)


def is_true(note: str, frame: pl.DataFrame) -> bool:
    """Notes are of what was inferred, and of holes that the file has."""
    holes = int((frame["timestamp"].diff().drop_nulls() > frame["timestamp"].diff().mode()[0]).sum())
    return "inferred as" in note or (holes > 0 and ("gap" in note or "hole" in note or "missing" in note))

"""What holds for every run, whatever its world: money, bars, prefixes, mirrors, scale and order."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.differential import run_given, run_seed, sound_run, world_of
from engine.worlds import HOUR, MIDNIGHT, at, candles, fills, hours, profile, run, trailing
from exitbrain.backtesting.files import trade_sets_of
from exitbrain.backtesting.result import Result
from exitbrain.core.trade_sets import TradeSet
from exitbrain.wiring.backtest import backtest
from oracle.random_worlds import random_world

KINDS = [pytest.param(False, 300, id="ladders"), pytest.param(True, 150, id="triggers")]
SMALL = range(60)


# Money and bars


@pytest.mark.parametrize(("triggers", "count"), KINDS)
def test_every_fill_lies_inside_its_bar(worlds: Path, triggers: bool, count: int) -> None:
    """spec X3 F25."""
    for seed in range(count):
        ranges = ranges_of(world_of(seed, triggers))
        for one in trade_sets_of(sound_run(seed, worlds, triggers=triggers)):
            for leg in one["legs"]:
                low, high = ranges[one["symbol"], leg["timestamp"]]
                assert low <= Decimal(leg["price"]) <= high, (seed, one["symbol"], leg)


def ranges_of(world: dict[str, Any]) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    return {
        (symbol, row[0]): (Decimal(row[3]), Decimal(row[2]))
        for symbol, rows in world["candles"].items()
        for row in rows
    }


@pytest.mark.parametrize(("triggers", "count"), KINDS)
def test_a_closed_set_realizes_exactly_the_cash_it_moved(worlds: Path, triggers: bool, count: int) -> None:
    """spec Q4 L1: cash in minus cash out, before fees, as decimals; flat at the last leg and not before."""
    closed = 0
    for seed in range(count):
        for one in sound_run(seed, worlds, triggers=triggers).trade_sets:
            assert one.fees_total == sum(leg.fees for leg in one.legs)
            assert one.pnl_net == one.pnl_realized_total - one.fees_total + one.funding_total
            assert [leg.timestamp for leg in one.legs] == sorted(leg.timestamp for leg in one.legs)
            flat = [leg.position_after == 0 for leg in one.legs]
            assert flat == [False] * (len(flat) - 1) + [one.closed_at is not None], seed
            if one.closed_at is not None:
                closed += 1
                assert cash_of(one) * one.multiplier == one.pnl_realized_total, seed
    assert closed > 300


def cash_of(one: TradeSet) -> Decimal:
    return sum((leg.qty * leg.price * (1 if leg.side == "sell" else -1) for leg in one.legs), Decimal(0))


@pytest.mark.parametrize(("triggers", "count"), KINDS)
def test_the_last_equity_is_the_cash_at_the_start_and_what_the_sets_made(
    worlds: Path, triggers: bool, count: int
) -> None:
    """Open sets count at the last close: cash moved, fees, funding and what is held."""
    for seed in range(count):
        result = sound_run(seed, worlds, triggers=triggers)
        initial = Decimal(str(world_of(seed, triggers)["config"]["account"]["initial_cash"]))
        expected = initial + sum((worth(one, result) for one in result.trade_sets), Decimal(0))
        turnover = sum((one.max_exposure_notional for one in result.trade_sets), initial)
        assert result.equity["equity"][-1] == pytest.approx(float(expected), abs=float(turnover) * 1e-12), seed
        assert result.equity["drawdown"].max() <= 0 or result.equity["drawdown"].is_nan().all()


def worth(one: TradeSet, result: Result) -> Decimal:
    market = result.markets[one.symbol]
    last_close = market.instrument.price(int(market.close[-1]))
    held = one.legs[-1].position_after
    return (cash_of(one) + held * last_close) * one.multiplier - one.fees_total + one.funding_total


# Prefixes


@pytest.mark.parametrize("triggers", [False, True])
def test_later_bars_change_nothing_before_them(tmp_path: Path, triggers: bool) -> None:
    """spec X1 F6: the first bars alone give the same fills and events up to their own last bar."""
    compared = 0
    for seed in range(40):
        world = random_world(seed, bars=45, triggers=triggers)
        part = cut(world, 30)
        if not part["entries"]:
            continue
        whole = run_given(world, tmp_path / f"{seed}-whole")
        prefix = run_given(part, tmp_path / f"{seed}-part")
        end = min(rows[-1][0] for rows in part["candles"].values())
        assert before(whole, end) == before(prefix, end), seed
        compared += len(before(prefix, end)[0])
    assert compared > 50


def cut(world: dict[str, Any], count: int) -> dict[str, Any]:
    """The world's first bars, and the rows of its entries file that lie inside them."""
    end = next(iter(world["candles"].values()))[count - 1][0]
    kept = {symbol: [row for row in rows if row[0] <= end] for symbol, rows in world["candles"].items()}
    last = {symbol: rows[-1][0] for symbol, rows in kept.items() if rows}
    if len(last) < len(kept):
        return {**world, "entries": []}
    inside = [row for row in world["entries"] if row["timestamp"] <= last[row["symbol"]]]
    return {**world, "candles": kept, "entries": inside}


def before(result: Result, end: str) -> tuple[list[Any], list[Any]]:
    """Fills and block events earlier than `end`, and the whole of the sets that closed there."""
    sets = [
        without_ids(one) if one["closed_at"] is not None and one["closed_at"] < end else legs_before(one, end)
        for one in trade_sets_of(result)
        if one["opened_at"] < end
    ]
    events = [
        {name: value for name, value in event.items() if name not in ("event_id", "run_id", "set_id")}
        for event in result.events
        if event["time"] < end
    ]
    return sets, events


def without_ids(one: dict[str, Any]) -> dict[str, Any]:
    legs = [{name: value for name, value in leg.items() if name != "leg_id"} for leg in one["legs"]]
    return {**one, "set_id": None, "legs": legs}


def legs_before(one: dict[str, Any], end: str) -> list[dict[str, Any]]:
    return [leg for leg in without_ids(one)["legs"] if leg["timestamp"] < end]


def test_what_is_looked_at_changes_nothing(worlds: Path) -> None:
    """A traced run and one that is not give the same sets, events and plans; ids are one of a kind."""
    for seed in range(40):
        plain = sound_run(seed, worlds, triggers=True)
        traced = run_seed(seed, worlds, triggers=True, traced=True)
        assert trade_sets_of(traced) == trade_sets_of(plain), seed
        assert (traced.events, traced.plans) == (plain.events, plain.plans), seed
        ids = [leg.leg_id for leg in plain.legs] + [one.set_id for one in plain.trade_sets]
        assert len(set(ids)) == len(ids), seed


def test_later_bars_of_a_real_file_change_nothing_before_them(test_data: Path) -> None:
    """spec X1 F49: two years of hourly bars, and their first half, with regime read from the bars."""
    bars = pl.read_parquet(test_data / "1h" / "binance_spot_BTCUSDT_1h_20190101_20241231.parquet").head(16_000)
    rows = pl.DataFrame(
        {
            "timestamp": bars["timestamp"].gather_every(97, 300),
            "side": ["long" if i % 3 else "short" for i in range(len(bars["timestamp"].gather_every(97, 300)))],
        }
    )
    settings = {"instrument": {"symbol": "BTCUSDT", "tick_size": "0.01", "lot_size": "0.00001"}}
    whole = backtest(bars, entries=rows, config=settings, environment={})
    part = bars.head(8_000)
    prefix = backtest(part, entries=rows, config=settings, environment={})
    end = part["timestamp"][-1].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert before(whole, end) == before(prefix, end)
    assert len(prefix.trade_sets) > 40
    assert len({one.regime for one in prefix.trade_sets}) > 2


# Bars that change nothing


def walk_of(seed: int, length: int = 40) -> list[tuple[int, int, int, int]]:
    """Bars in whole ticks of 0.01 around 100."""
    dice = random.Random(seed)
    here, bars = 10_000, []
    for _ in range(length):
        opened = here + dice.choice((0, 0, 0, dice.randint(-80, 80)))
        closed = opened + dice.randint(-120, 120)
        high = max(opened, closed) + dice.randint(0, 90)
        low = min(opened, closed) - dice.randint(0, 90)
        bars.append((opened, high, low, closed))
        here = closed
    return bars


def words(bars: list[tuple[int, int, int, int]]) -> list[str]:
    return [" ".join(str(price / 100) for price in bar) for bar in bars]


LADDER = {
    "legs": "0.5/0.25/SOFT 1/0.2/HARD 2/0.3/HARD",
    "recipe": {
        "trailing": trailing(0.01, 0.75, [2, 0.006]),
        "stop_moves": [{"after_leg": 1, "to": "breakeven"}, {"after_leg": 2, "to": 0.25}],
    },
}
PATHS = ("adverse", "favorable", "ohlc_nearest")


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_bar_that_stands_still_changes_nothing(side: str) -> None:
    """spec X2 X3: put anywhere after the entry, at the price where the bar before it closed."""
    for seed in range(24):
        bars = walk_of(seed, 16)
        rows, settings = [f"1 {side} 1 {98 if side == 'long' else 102} e"], {"execution": {"path": PATHS[seed % 3]}}
        if abs(bars[1][0] - 10_000) >= 200:
            continue
        plain = run(words(bars), rows, **LADDER, **settings).trade_sets
        for place in range(2, len(bars)):
            close = bars[place - 1][3]
            longer = [*bars[:place], (close, close, close, close), *bars[place:]]
            found = run(words(longer), rows, **LADDER, **settings).trade_sets
            assert [fills(one) for one in found] == [fills(one) for one in plain], (seed, place)
            assert [hours(one) for one in found] == [
                [hour + (hour >= place) for hour in hours(one)] for one in plain
            ], (seed, place)
            assert [(one.mfe_r, one.mae_r) for one in found] == [(one.mfe_r, one.mae_r) for one in plain]


def test_a_bar_strictly_inside_the_band_changes_nothing() -> None:
    """Long 1 @ 100, stop 98, TP1 102, trail from 103: between 98 and 102 nothing rests (spec X3)."""
    dice = random.Random(7)
    head, tail = ["100 100 100 100", "100 101 99.5 100"], ["100 104 99 103", "103 103 97 98"]
    expected = "e 1@100 take_profit_1 0.3@102 trailing_stop 0.4@102.96 stop_loss 0.3@98"
    for _ in range(100):
        low, high = dice.uniform(98.01, 100), dice.uniform(100, 101.99)
        inside = f"100 {high:.2f} {low:.2f} 100"
        found = run(
            [*head, inside, *tail],
            ["0 long 1 98 e"],
            "1/0.3/HARD 3/0.3/HARD",
            recipe={"trailing": trailing(0.01, 1.5)},
        )
        # The peak 104 trails at 104 × 0.99 = 102.96: the close at 103 is above it, the next fall meets it.
        assert fills(found) == expected, inside


# Mirrors, scale, order


@pytest.mark.parametrize("path", PATHS)
def test_a_mirrored_world_gives_mirrored_fills(path: str) -> None:
    """spec X2 X3 Q3: p becomes 200 − p and long becomes short; explicit stops, nothing in percent."""
    recipe = {"stop_moves": [{"after_leg": 1, "to": "breakeven"}, {"after_leg": 2, "to": "previous_target"}]}
    legs = "0.37/0.25/SOFT 1/0.25/HARD 2/0.5/SOFT"
    for seed in SMALL:
        bars = walk_of(seed)
        mirrored = [(20_000 - o, 20_000 - l, 20_000 - h, 20_000 - c) for o, h, l, c in bars]
        entry, stop = bars[1][0], bars[1][0] - 157
        settings = {"execution": {"path": path, "limit_fill": ("touch", "through")[seed % 2]}}
        long = run(words(bars), [f"1 long 1 {stop / 100} e"], legs, recipe=recipe, **settings)
        short = run(words(mirrored), [f"1 short 1 {(20_000 - stop) / 100} e"], legs, recipe=recipe, **settings)
        assert len(long.trade_sets) == len(short.trade_sets) == 1, (seed, entry)
        one, other = long.trade_sets[0], short.trade_sets[0]
        assert hours(one) == hours(other), seed
        assert [(leg.reason, leg.qty, 200 - leg.price) for leg in one.legs] == [
            (leg.reason, leg.qty, leg.price) for leg in other.legs
        ], seed
        assert one.pnl_net == other.pnl_net
        assert (one.r_multiple, one.mfe_r, one.mae_r) == (other.r_multiple, other.mfe_r, other.mae_r)


@pytest.mark.parametrize("factor", [2, 10, 1000])
def test_quantity_and_lot_scale_together(factor: int) -> None:
    """spec Q1: k times the lot and k times the quantity is the same run with k times the money."""
    for seed in SMALL:
        bars = words(walk_of(seed))
        small = run(bars, ["1 long 1.237 - e"], **LADDER, instrument={"lot_size": "0.001"})
        large = run(
            bars,
            [f"1 long {Decimal('1.237') * factor} - e"],
            **LADDER,
            instrument={"lot_size": str(Decimal("0.001") * factor)},
        )
        one, other = small.trade_sets[0], large.trade_sets[0]
        assert [(leg.reason, leg.qty * factor, leg.price, leg.timestamp) for leg in one.legs] == [
            (leg.reason, leg.qty, leg.price, leg.timestamp) for leg in other.legs
        ], seed
        assert one.pnl_realized_total * factor == other.pnl_realized_total
        assert one.r_multiple == pytest.approx(other.r_multiple, rel=1e-12)


def test_the_order_of_an_entries_file_changes_nothing(tmp_path: Path) -> None:
    """spec D4 F9: rows are placed by time; only rows of one bar keep an order of their own."""
    for seed in range(40):
        world = world_of(seed)
        shuffled = {**world, "entries": shuffled_by_time(world, random.Random(seed))}
        one = run_given(world, tmp_path / f"{seed}-one")
        other = run_given(shuffled, tmp_path / f"{seed}-other")
        assert [without_ids(own) for own in trade_sets_of(one)] == [without_ids(own) for own in trade_sets_of(other)]
        assert before(one, "9999")[1] == before(other, "9999")[1], seed


def shuffled_by_time(world: dict[str, Any], dice: random.Random) -> list[dict[str, Any]]:
    keys: dict[tuple[str, str], float] = {}

    def key(row: dict[str, Any]) -> float:
        times = [bar[0] for bar in world["candles"][row["symbol"]]]
        bar = next((time for time in times if time >= row["timestamp"]), "none")
        return keys.setdefault((row["symbol"], bar), dice.random())

    return sorted(world["entries"], key=key)


def test_a_profiles_file_and_its_content_give_the_same_run(tmp_path: Path) -> None:
    """A mapping, a frame and a file hold the same: the sets are equal field by field."""
    bars, rows = words(walk_of(5)), ["1 long 1 98 e"]
    frame = candles(bars)
    frame.drop("symbol").write_csv(tmp_path / "TST-1h.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    from_frame = run(bars, rows)
    from_file = backtest(
        tmp_path / "TST-1h.csv",
        entries=pl.DataFrame(
            {"timestamp": [at(1)], "side": ["long"], "quantity": ["1"], "stop_price": ["98"], "tag": ["e"]}
        ),
        profiles=profile("1/0.5/HARD 2/0.5/HARD"),
        config={
            "instrument": {"tick_size": "0.01", "lot_size": "0.001", "maker_fee": 0, "taker_fee": 0},
            "execution": {"slippage_bps": 0},
            "exits": {"regime": "NORMAL"},
        },
        environment={},
    )
    assert [without_ids(one) for one in trade_sets_of(from_file)] == [
        without_ids(one) for one in trade_sets_of(from_frame)
    ]
    assert from_frame.trade_sets[0].opened_at == MIDNIGHT + HOUR

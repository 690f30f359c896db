"""Whole runs by hand: ends, fills at the close, overlapping positions, ambiguity, funding, detail, regime."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from engine.worlds import FLAT, at, blocks, candles, config, entries, fills, hours, profile, run, trailing
from exitbrain.backtesting.result import Result
from exitbrain.errors import InvalidInput
from exitbrain.wiring.backtest import backtest

# Ends


def test_what_is_open_at_the_end_leaves_at_the_last_close() -> None:
    """spec X0 F25: taker fee 0.1%, slippage 10 bps: 101 × 0.999 = 100.899, down to 100.89, × 0.001 = 0.10089."""
    result = run([FLAT, "100 101.5 99 101"], ["0 long 1 98 e"], fees=(0, "0.001"), slippage_bps=10)
    leg = result.legs[-1]
    assert (leg.reason, leg.price, leg.fees, leg.category) == (
        "end_of_data", Decimal("100.89"), Decimal("0.10089"), "plan",
    )  # fmt: skip


def test_what_is_open_at_the_end_stays_open_on_request() -> None:
    """spec F46: no close, no R; fees count, price does not."""
    result = run([FLAT, FLAT], ["0 long 1 98 e"], fees=(0, "0.001"), account={"close_at_end": False})
    (one,) = result.trade_sets
    assert (one.closed_at, one.r_multiple, one.pnl_realized_total, one.fees_total) == (None, None, 0, Decimal("0.1"))
    assert one.legs[-1].position_after == 1
    assert fills(one) == "e 1@100"


def test_a_row_outside_the_candles_is_a_warning_with_its_row() -> None:
    """spec X0: a row past the last bar is not taken; a file with none inside is bad input."""
    result = run([FLAT, FLAT], ["0 long 1 98 e", "9 long 1 98 f"])
    (warning,) = result.warnings
    assert warning.startswith("<entries>:2: 2024-01-01T09:00:00Z TST is past the last bar")
    assert len(result.trade_sets) == 1
    with pytest.raises(InvalidInput, match="none of 1 entries"):
        run([FLAT, FLAT], ["9 long 1 98 f"])


# Fills at the close


def test_a_trigger_that_fills_at_the_close_rests_from_the_next_open() -> None:
    """spec X1 F37: bar 1 closes at 101 after a low of 97; bought at that close, its own low does not stop it."""
    plan = {"plan_id": "p", "triggers": [trigger("b", direction="long", entry_rule="close > 100.5", stop_loss_pct=2)]}
    bars = [FLAT, "100 101 97 101", "101 101.2 98.9 99", FLAT]
    result = run_plan(bars, plan, execution={"fill_at": "close"})
    # Stop 101 × 0.98 = 98.98; the low of bar 2 is 98.9.
    assert fills(result) == "b 1@101 stop_loss 1@98.98"
    assert hours(result.trade_sets[0]) == [1, 2]


def trigger(name: str, **keys: Any) -> dict[str, Any]:
    return {"id": name, "symbol": "TST", **keys}


def run_plan(bars: list[str], plan: dict[str, Any], rows: list[str] | None = None, **settings: Any) -> Result:
    return backtest(
        candles(bars),
        plan=plan,
        entries=None if rows is None else entries(rows),
        profiles=profile("9/1/HARD"),
        config=config(**settings),
        environment={},
    )


def test_a_time_stop_fills_at_its_own_close_on_request() -> None:
    """spec F16 F25: held 1 bar at the close of bar 1: out there, at 100 less 10 bps, but not under the low of 99.95."""
    result = run(
        ["100 100 100 100", "100 100.5 99.95 100", FLAT],
        ["0 long 1 98 e"],
        exits={"time_stop_bars": 1},
        execution={"fill_at": "close"},
        slippage_bps=10,
    )
    assert fills(result) == "e 1@100 time_stop 1@99.95"
    assert hours(result.trade_sets[0]) == [0, 1]


# Overlapping positions


def test_independent_positions_overlap_and_do_not_see_each_other() -> None:
    """spec X0 F28 F42 F46: two longs and a short at once, each with its own ladder and end."""
    bars = [FLAT, FLAT, "100 102 100 101.5", "101.5 101.5 97 98", FLAT]
    rows = ["0 long 1 98 a", "1 long 2 97.5 b", "1 short 1 103 c"]
    result = run(bars, rows, "1/1/HARD", account={"independent": True})
    assert [fills(one) for one in result.trade_sets] == [
        "a 1@100 take_profit_1 1@102",  # R = 2
        "b 2@100 stop_loss 2@97.5",  # R = 2.5: 102.5 is not reached
        "c 1@100 take_profit_1 1@97",  # R = 3
    ]
    assert [hours(one) for one in result.trade_sets] == [[0, 2], [1, 3], [1, 3]]
    assert blocks(result) == []
    assert len({one.set_id for one in result.trade_sets}) == 3
    alone = [run(bars, [row], "1/1/HARD").trade_sets[0] for row in rows]
    assert [fills(one) for one in alone] == [fills(one) for one in result.trade_sets]


def test_two_positions_in_one_symbol_share_the_cash() -> None:
    """spec F34: 10 lost by the first set are missing when the second is sized: 1% of 990 ÷ 2."""
    bars = [FLAT, "100 100 97.9 98", FLAT, FLAT]
    rows = ["0 long - 98 a", "3 long - 98 b"]
    sizing = {"mode": "risk", "value": "0.01"}
    account = {"initial_cash": 1000, "sizing": sizing, "independent": True}
    assert fills(run(bars, rows, account=account), 1) == "b 4.95@100 end_of_data 4.95@100"


def test_symbols_may_come_in_any_order() -> None:
    """spec X7 F46: frames in either order give the same sets, sorted by time, then symbol."""
    bars = [FLAT, "100 103 99 102", FLAT]
    one, other = (candles(bars, symbol=symbol) for symbol in ("ZZZ", "AAA"))
    rows = pl.concat(entries(["0 long 1 98 e"], symbol=symbol) for symbol in ("ZZZ", "AAA"))
    recipe = profile("1/1/HARD")["profiles"][0]
    recipes = {"profiles": [{**recipe, "symbol": symbol, "name": f"HAND_{symbol}"} for symbol in ("AAA", "ZZZ")]}
    found = [
        backtest(frames, entries=rows, profiles=recipes, config=config(), environment={})
        for frames in ([one, other], [other, one])
    ]
    for result in found:
        assert [(own.symbol, fills(own)) for own in result.trade_sets] == [
            ("AAA", "e 1@100 take_profit_1 1@102"),
            ("ZZZ", "e 1@100 take_profit_1 1@102"),
        ]


# Ambiguity


def test_the_ambiguity_interval_by_hand() -> None:
    """spec X5: one set of two hangs on the path: stop (−2) or target (+2). The other leaves at +2 either way."""
    bars = [FLAT, "100 102.5 97.5 100", FLAT, "100 102.5 99 102", FLAT]
    rows = ["1 long 1 98 a", "3 long 1 98 b"]
    result = run(bars, rows, "1/1/HARD", inputs={"paths": "both"})
    told = result.ambiguity
    assert told is not None
    assert (told["share"], told["num_sets"], told["num_different"], told["num_unpaired"]) == (0.5, 2, 1, 0)
    assert (told["net_pnl"], told["net_r"]) == ([0.0, 4.0], [0.0, 2.0])
    assert told["advice"] is not None and "detail" in told["advice"]
    assert fills(result, 0) == "a 1@100 stop_loss 1@98"
    assert result.other is not None
    assert fills(result.other, 0) == "a 1@100 take_profit_1 1@102"
    assert run(bars, rows, "1/1/HARD").ambiguity is None


# Detail and funding


def test_finer_bars_decide_what_a_bar_leaves_open() -> None:
    """spec X2 F45 F53: the hour touches stop and target; its half-hours say that the target came first."""
    bars = [FLAT, "100 102.5 97.5 99", FLAT]
    halves = pl.DataFrame(
        {
            "timestamp": [at(1), at(1) + timedelta(minutes=30)],
            "open": [100.0, 102.0],
            "high": [102.5, 102.0],
            "low": [99.0, 97.5],
            "close": [102.0, 99.0],
            "volume": [1.0, 1.0],
        }
    )
    rows = ["0 long 1 98 e"]
    assert fills(run(bars, rows, "1/1/HARD")) == "e 1@100 stop_loss 1@98"
    detailed = run(bars, rows, "1/1/HARD", inputs={"detail": halves.with_columns(symbol=pl.lit("TST"))})
    assert fills(detailed) == "e 1@100 take_profit_1 1@102"
    assert hours(detailed.trade_sets[0]) == [0, 1]  # stamped with the main bar
    assert detailed.about["bars_without_detail"] == {"TST": 2}


def test_funding_is_paid_on_what_is_held_before_the_bars_fills() -> None:
    """spec X6: long 2 pays 2 × 101 × 0.001 = 0.202 at hour 1, 2 × 99 × 0.0005 = 0.099 by its mark at hour 2."""
    funding = pl.DataFrame(
        {"timestamp": [at(0), at(1), at(2)], "rate": ["0.01", "0.001", "0.0005"], "mark_price": [None, None, "99"]}
    )
    bars = [FLAT, "101 101.5 99 100", "100 100.5 97 98", FLAT]
    for side, stop, sign in (("long", 97.5, -1), ("short", 110, 1)):
        result = run(bars, [f"0 {side} 2 {stop} e"], "9/1/HARD", inputs={"funding": funding})
        (one,) = result.trade_sets
        assert one.funding_total == sign * Decimal("0.301"), side
        assert one.pnl_net == one.pnl_realized_total + sign * Decimal("0.301")
        assert one.pnl_realized_total == (Decimal(-5) if side == "long" else Decimal(0))


# Regime


def series(kind: str, length: int = 260) -> list[str]:
    """Constant steps up; a zigzag; a zigzag whose last bars swing ten times as wide."""
    bars = []
    for i in range(length):
        if kind == "rising":
            low = 100 + i * 0.5
            bars.append(f"{low} {low + 0.6} {low - 0.1} {low + 0.5}")
        else:
            wide = 10 if kind == "wild" and i >= length - 20 else 1
            up = i % 2 == 0
            opened, closed = (100, 100 + 0.2 * wide) if up else (100 + 0.2 * wide, 100)
            bars.append(f"{opened:.2f} {100 + 0.3 * wide:.2f} {100 - 0.1 * wide:.2f} {closed:.2f}")
    return bars


@pytest.mark.parametrize(
    ("kind", "bar", "regime"),
    [
        ("rising", 250, "TREND"),  # ADX at its top, efficiency ratio 1
        ("still", 250, "CHOP"),  # no direction: ADX and ratio near 0
        ("wild", 255, "VOLATILE"),  # ATR far above twice its median
        ("rising", 40, "NORMAL"),  # the median of 200 bars is not known yet
    ],
)
def test_the_regime_is_read_from_closed_bars(kind: str, bar: int, regime: str) -> None:
    """spec F24 F44: and it chooses the profile and the stop's factor."""
    result = run_auto(series(kind), bar)
    (one,) = result.trade_sets
    (plan,) = result.plans.values()
    assert (one.regime, plan["regime"]) == (regime, regime)
    assert one.profile == f"{regime}_DEFAULT"
    factor = {"TREND": Decimal("0.8"), "VOLATILE": Decimal("1.5")}.get(regime, Decimal(1))
    distance = (Decimal(plan["entry_price"]) - Decimal(plan["initial_stop"])) / Decimal(plan["entry_price"])
    assert abs(distance - Decimal("0.025") * factor) < Decimal("0.0002")


def run_auto(bars: list[str], bar: int) -> Result:
    return backtest(
        candles(bars), entries=entries([f"{bar} long 1 - e"]), config=config(exits={"regime": "auto"}), environment={}
    )


def test_the_legacy_ladder_trails_from_the_opening() -> None:
    """spec P11 F29: 25% at half of 3%, 25% at 3%, the rest trails by 1.5% from the entry on."""
    bars = [FLAT, "100 101.5 99.5 101.5", "101.5 104 101.5 104", "104 104 102 102.5"]
    result = run(bars, ["0 long 1 - e"], exits={"use_profiles": False})
    # Peak 104 × 0.985 = 102.44.
    assert fills(result) == "e 1@100 take_profit_1 0.25@101.5 take_profit_2 0.25@103 trailing_stop 0.5@102.44"
    assert result.trade_sets[0].profile is None


def test_an_active_trail_follows_only_after_its_activation() -> None:
    """spec P8: 1R = 102 is missed by a tick: no trail, the stop at 98 holds."""
    bars = [FLAT, "100 101.99 100 101.99", "101 101 97 98"]
    result = run(bars, ["0 long 1 98 e"], "9/1/HARD", recipe={"trailing": trailing(0.01, 1)})
    assert fills(result) == "e 1@100 stop_loss 1@98"

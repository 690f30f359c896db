"""What a decision may touch, and what it leaves alone."""

from exitbrain import backtest

FLAT_BAR = "100,100.5,99.5,100,10"


def candles(*rows):
    import polars as pl

    times = pl.datetime_range(
        pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 1, len(rows) - 1), "1h", time_unit="us", eager=True
    )
    values = [[float(x) for x in row.split(",")] for row in rows]
    columns = dict(zip(("open", "high", "low", "close", "volume"), zip(*values)))
    return pl.DataFrame({"timestamp": times.dt.replace_time_zone("UTC"), **columns})


CONFIG = {
    "instrument": {"symbol": "TST", "tick_size": "0.01", "lot_size": "0.001", "maker_fee": 0, "taker_fee": 0},
    "execution": {"slippage_bps": 0},
    "account": {"sizing": {"mode": "quantity", "value": 1}},
    "exits": {"regime": "NORMAL"},
}


def entries(hour=0):
    import polars as pl

    return pl.DataFrame(
        {"timestamp": [f"2024-01-01T0{hour}:00:00Z"], "side": ["long"], "quantity": ["1"], "stop_price": ["98"]}
    )


def plan(**trigger):
    return {"plan_id": "p", "triggers": [{"id": "x", "symbol": "TST", "direction": "exit"} | trigger]}


def test_an_exit_from_flat_makes_no_candidate_and_no_record():
    """spec D1 F12: the rule is true at every close, and the entry is staged at the close before it fills."""
    result = backtest(
        candles(FLAT_BAR, FLAT_BAR, FLAT_BAR, FLAT_BAR),
        entries=entries(hour=2),
        plan=plan(category="emergency_exit", exit_rule="close > 1"),
        config=CONFIG,
    )
    # Asked at the closes of 00:00 and 01:00 while flat, at 02:00 in the entry's own bar; none is asked at the last.
    assert [(event["time"], event["reason"]) for event in result.events] == [
        ("2024-01-01T02:00:00Z", "same_bar_veto"),
    ]


def test_guards_do_not_apply_to_resting_legs():
    """spec D3: the stop fills inside the entry bar although the same-bar veto and min hold are on."""
    result = backtest(
        candles("100,100.5,97,98.5,10", FLAT_BAR, FLAT_BAR),
        entries=entries(),
        config=CONFIG | {"guardrails": {"min_hold_bars": 10}},
    )
    (only,) = result.trade_sets
    assert [leg.reason for leg in only.legs] == ["entry", "stop_loss"]
    assert only.legs[1].timestamp == only.legs[0].timestamp


def test_a_vetoed_emergency_says_how_long_to_wait():
    """spec F30: max(1, cooldown_bars 4, min_hold_bars 2)."""
    result = backtest(
        candles(FLAT_BAR, FLAT_BAR, FLAT_BAR, FLAT_BAR),
        entries=entries(),
        plan=plan(category="emergency_exit", exit_rule="close > 1"),
        config=CONFIG | {"guardrails": {"cooldown_bars": 4, "min_hold_bars": 2}},
    )
    assert [event["cooldown_recommendation_bars"] for event in result.events] == [4, 4]

"""The config: defaults, validation, environment (interfaces.md "Files in"; spec F1, F39, F44, F47)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitbrain.config.environment import exit_brain_enabled
from exitbrain.config.settings import Settings, load_config
from exitbrain.errors import InvalidInput

PUBLISHED = """
instrument: {symbol: null, tick_size: null, lot_size: null, min_quantity: null, min_notional: null, closing_exempt: true, multiplier: 1, maker_fee: 0.0002, taker_fee: 0.0005}
execution:  {path: adverse, fill_at: next_open, slippage_bps: 1.0, limit_fill: touch, spread_bps: null}
account:    {initial_cash: 100000, max_leverage: null, sizing: {mode: risk, value: 0.01}, max_adds: 0, on_opposite: reverse, independent: false, close_at_end: true}
exits:      {use_profiles: true, strategy_id: default, risk_mode: NORMAL, regime: auto, default_stop_pct: 2.5, partial_template: [[0.25, 0.5], [0.25, 1.0], [0.5, 2.0]], stop_atr_mult: null, time_stop_bars: null}
guardrails: {same_bar_veto: true, min_hold_bars: 0, max_spread_bps: null, min_liquidity: null, stale_after_bars: 3, min_trade: true, cooldown_bars: 0, max_daily_loss_pct: null, max_entries_per_day: null, max_position_risk_pct: null,
             max_symbol_exposure_pct: null, max_portfolio_exposure_pct: null, daily_risk_budget_pct: null, allowed_symbols: null, allowed_directions: null, allowed_categories: null}
regime:     {adx_trend: 25, adx_range: 20, er_trend: 0.35, er_chop: 0.15, vol_mult: 2.0, vol_window: 200, confirm_bars: 3}
arbitration: {entry_override_grade: A}
latch:      {scope: portfolio, clear_after_bars: 12}
whipsaw:    {window_bars: 24}
seed: 0
"""


def test_the_published_config_is_the_defaults():
    assert load_config(PUBLISHED) == Settings() == load_config() == load_config({})


def test_a_config_written_out_in_full_loads_back_equal():
    settings = load_config(
        {
            "instrument": [{"symbol": "A", "tick_size": "0.01"}, {"symbol": "B", "lot_size": "0." + "0" * 20 + "1"}],
            "account": {"sizing": {"mode": "notional", "value": 1000}},
            "guardrails": {"allowed_directions": ["long"], "max_daily_loss_pct": 3.5},
            "exits": {"regime": "trending"},
        }
    )
    assert load_config(json.dumps(settings.to_dict())) == settings
    assert load_config(settings.to_dict()).to_dict() == settings.to_dict()


def test_equal_numbers_are_written_out_equally():
    """The config in run.json does not tell 1 from 1.0, so that run ids agree."""
    first, second = (load_config({"execution": {"slippage_bps": number}}) for number in (1, "1.00"))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
    assert first.to_dict()["account"]["sizing"] == {"mode": "risk", "value": 0.01}


@given(st.decimals(min_value="1e-20", max_value="1e20", allow_nan=False))
def test_numbers_are_the_decimals_that_are_written(number):
    """spec Q5"""
    settings = load_config(f"instrument: {{tick_size: {number:f}}}\n")
    assert settings.instrument[0].tick_size == number
    assert load_config(json.dumps(settings.to_dict())) == settings


def test_a_float_is_its_shortest_decimal():
    """spec Q5"""
    assert load_config({"instrument": {"tick_size": 0.1}}).instrument[0].tick_size == Decimal("0.1")


def test_unquoted_words_take_the_type_of_their_key():
    text = "exits: {use_profiles: off, strategy_id: 007}\ninstrument: {symbol: ON, tick_size: 1e-4}\nseed: 05\nguardrails:\n"
    settings = load_config(text)
    assert (settings.exits.use_profiles, settings.exits.strategy_id) == (False, "007")
    assert (settings.instrument[0].symbol, settings.instrument[0].tick_size) == ("ON", Decimal("0.0001"))
    assert settings.seed == 5 and settings.guardrails == Settings().guardrails


def test_an_instrument_is_found_by_its_symbol():
    settings = load_config({"instrument": [{"symbol": "A", "tick_size": 1}, {"symbol": "B", "tick_size": 2}]})
    assert settings.instrument_for("B").tick_size == 2
    assert settings.instrument_for("C").tick_size is None
    assert load_config({"instrument": {"tick_size": 3}}).instrument_for("C").tick_size == 3


BAD = [
    ("exits: {use_profile: true}\n", "1:9: unknown key exits.use_profile; accepted: use_profiles"),
    ("slippage_bps: 1\n", "1:1: unknown key slippage_bps; accepted: execution.slippage_bps"),
    ("execution: {path: random}\n", "execution.path is random; accepted: adverse, favorable or ohlc_nearest"),
    ("execution: {fill_at: open}\n", "accepted: next_open or close"),
    ("execution: {limit_fill: maybe}\n", "accepted: touch or through"),
    ("execution: {slippage_bps: -1}\n", "accepted: a number of at least 0"),
    ("execution: {path: null}\n", "execution.path is null"),
    ("execution: 5\n", "execution is 5; accepted: a mapping with path"),
    ("instrument: {tick_size: 0}\n", "instrument.tick_size is 0; accepted: a number above 0"),
    ("instrument: {tick_size: .inf}\n", "instrument.tick_size is .inf"),
    ("instrument: {tick_size: 0x1F}\n", "instrument.tick_size is 0x1F"),
    ("instrument: {tick_size: true}\n", "instrument.tick_size is true"),
    ("instrument: {maker_fee: 5}\n", "accepted: a number above -1 and below 1"),
    ("instrument: [{symbol: A}, {symbol: A}]\n", "a different symbol in each entry"),
    ("instrument: []\n", "a different symbol in each entry"),
    ("instrument:\n- symbol: A\n- {symbol: B, lot_size: x}\n", "3:25: instrument[1].lot_size is x"),
    ("account: {initial_cash: 0}\n", "account.initial_cash is 0"),
    ("account: {max_adds: 1.5}\n", "account.max_adds is 1.5; accepted: a whole number from 0"),
    ("account: {on_opposite: flip}\n", "accepted: reverse, exit or ignore"),
    ("account: {sizing: {mode: half, value: 1}}\n", "accepted: risk, fraction, notional or quantity"),
    ("account: {sizing: {value: 2}}\n", "1:27: account.sizing: value 2 with mode risk"),
    ("account: {independent: 1}\n", "account.independent is 1; accepted: true or false"),
    ('{"account": {"independent": "true"}}', "account.independent is 'true'"),
    ('{"exits": {"strategy_id": 7}}', "exits.strategy_id is 7; accepted: text that is not blank"),
    ("exits: {risk_mode: BOLD}\n", "accepted: NORMAL, CONSERVATIVE, CRITICAL or ESS_ACTIVE"),
    ("exits: {regime: BULL}\n", "accepted: auto, TREND, RANGE, VOLATILE, CHOP or NORMAL"),
    ("exits: {default_stop_pct: 100}\n", "above 0 and below 100"),
    ("exits: {partial_template: []}\n", "exits.partial_template is a list"),
    ("exits: {partial_template: [[0.6, 1], [0.6, 2]]}\n", "fractions at most 1 in all"),
    ("exits: {partial_template: [[0.5, 2], [0.5, 1]]}\n", "multiples ascending"),
    ("exits: {partial_template: [[1.5, 2]]}\n", "exits.partial_template"),
    ("exits: {time_stop_bars: 0}\n", "a whole number from 1"),
    ("guardrails: {allowed_symbols: BTC}\n", "guardrails.allowed_symbols is BTC; accepted: a list"),
    ("guardrails: {allowed_directions: [up]}\n", "accepted: long or short"),
    ("guardrails: {allowed_categories: [risky]}\n", "risk_reduce"),
    ("guardrails: {stale_after_bars: 0}\n", "a whole number from 1"),
    ("regime: {er_trend: 1.5}\n", "at most 1"),
    ("arbitration: {entry_override_grade: D}\n", "accepted: A, B or C"),
    ("latch: {scope: all}\n", "accepted: symbol or portfolio"),
    ("seed: -1\n", "seed is -1"),
    ("- a\n", "1:1: a list; accepted: a mapping with instrument"),
]


@pytest.mark.parametrize("text, told", BAD, ids=range(len(BAD)))
def test_a_bad_value_is_told_with_its_place_and_what_would_do(refusal, text, told):
    assert told in "\n".join(refusal(load_config, text))


def test_all_faults_of_a_file_are_told_at_once_in_its_order(refusal, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("seed: x\nexits:\n  regime: UP\n  regime: TREND\nlatches: {}\n")
    assert refusal(load_config, file) == [
        f"{file}:1:7: seed is x; accepted: a whole number from 0",
        f"{file}:3:11: exits.regime is UP; accepted: auto, TREND, RANGE, VOLATILE, CHOP or NORMAL",
        f"{file}:4:3: key 'regime' again (first on line 3); accepted: each key once",
        f"{file}:5:1: unknown key latches; accepted: latch",
    ]


def test_the_environment_overrides_the_file():
    """spec F47"""
    settings = load_config(
        "exits: {use_profiles: true, regime: TREND}\ninstrument: [{symbol: A}]\n",
        {
            "EXITBRAIN_EXITS__USE_PROFILES": "false",
            "EXITBRAIN_ACCOUNT__SIZING__VALUE": "0.02",
            "EXITBRAIN_EXITS__PARTIAL_TEMPLATE": "[[1, 1]]",
            "EXITBRAIN_INSTRUMENT__TICK_SIZE": "0.5",
            "EXITBRAIN_ARBITRATION__ENTRY_OVERRIDE_GRADE": "null",
            "EXITBRAIN_SEED": "7",
        },
    )
    assert settings.exits.use_profiles is False and settings.exits.regime == "TREND"
    assert settings.account.sizing.value == Decimal("0.02") and settings.exits.partial_template == ((1, 1),)
    assert settings.instrument[0].tick_size == Decimal("0.5") and settings.arbitration.entry_override_grade is None
    assert settings.seed == 7


def test_variables_of_the_process_are_no_settings():
    """spec F47"""
    others = dict.fromkeys(("HOME", "DATABASE_URL", "TEST_DATA", "SKIP_UI", "API__TOKEN"), "x")
    assert (
        load_config(None, {f"EXITBRAIN_{name}": value for name, value in others.items()} | {"PATH": "/"}) == Settings()
    )


@pytest.mark.parametrize(
    "variable, value, told",
    [
        ("EXITBRAIN_EXITS__USE_PROFILE", "false", "unknown key exits.use_profile; accepted: use_profiles"),
        ("EXITBRAIN_EXITS__USE_PROFILES", "maybe", "exits.use_profiles is maybe; accepted: true or false"),
        ("EXITBRAIN_EXIT__USE_PROFILES", "false", "unknown section exit; accepted: EXITBRAIN_EXITS__"),
        ("EXITBRAIN_EXITS__REGIME__NAME", "x", "exits.regime"),
        ("EXITBRAIN_SEED__X", "1", "seed"),
        ("EXITBRAIN_ACCOUNT", '{"initial_cash": 5000}', "account as a whole; accepted: its settings one by one"),
        ("EXITBRAIN_EXITS__PARTIAL_TEMPLATE", "[[1", "valid YAML"),
    ],
)
def test_a_bad_variable_is_named(refusal, variable, value, told):
    """spec F47"""
    [line] = refusal(load_config, "exits: {regime: TREND}\n", {variable: value})
    assert line.startswith(variable) and told in line


@pytest.mark.parametrize(
    "word, meant", [(None, True), ("TRUE", True), ("1", True), ("On", True), ("no", False), ("0", False)]
)
def test_exit_brain_is_on_unless_switched_off(word, meant):
    """spec F47"""
    assert exit_brain_enabled({} if word is None else {"EXIT_BRAIN_V3_ENABLED": word}) is meant


@pytest.mark.parametrize("word", ["", "maybe", "2"])
def test_another_word_for_the_switch_is_bad_input(word):
    """spec F47"""
    with pytest.raises(InvalidInput, match="EXIT_BRAIN_V3_ENABLED"):
        exit_brain_enabled({"EXIT_BRAIN_V3_ENABLED": word})


def test_every_example_config_loads(examples):
    for folder in examples:
        assert load_config(folder / "config.yaml").instrument_for("TST").tick_size is not None

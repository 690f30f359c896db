"""Profiles files (spec F2, F36, P1, P2, P3, P10, P14)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.config.durations import duration_of, duration_word
from exitbrain.config.profiles import Registration, dump_profiles, load_profiles, registry_from
from exitbrain.core.profiles import (
    DEFAULT_TREND_PROFILE,
    Adaptive,
    AtrTrail,
    Liquidity,
    StopMove,
    TimeStop,
    TPKind,
    TPProfile,
    TPProfileLeg,
    TrailingProfile,
)
from exitbrain.core.registry import DEFAULTS, ProfileRegistry

SEED = """
profiles:
- name: TREND_DEFAULT
  description: Trend-following
  regime: TRENDING
  tp_legs:
  - {r_multiple: 0.5, size_fraction: 0.15, kind: SOFT}
  - {r_multiple: 1.0, size_fraction: 0.20, kind: HARD}
  - {r_multiple: 2.0, size_fraction: 0.30, kind: HARD}
  trailing: {callback_pct: 0.020, activation_r: 1.5, tightening_curve: [[5.0, 0.010], [3.0, 0.015]]}
- name: AGGRESSIVE_SCALP
  description: "Aggressive scalp: exit fast"
  symbol: ETHUSDT
  strategy_id: "*"
  regime: RANGE
  tp_legs:
  - {r_multiple: 0.2, size_fraction: 0.5, kind: SOFT}
  - {r_multiple: 0.4, size_fraction: 0.5, kind: HARD}
  trailing: null
- name: STEPS
  tp_legs: [{r_multiple: 1, size_fraction: 0.5}]
  trailing:
    callback_pct: 0.025
    activation_r: 1.0
    tightening_curve: [[2.0, 0.020], [3.0, 0.015], [5.0, 0.010], [8.0, 0.005]]
"""


def leg(r, fraction, kind="HARD"):
    return {"r_multiple": r, "size_fraction": fraction, "kind": kind}


def one(**keys):
    return {"profiles": [{"name": "X", "tp_legs": [leg(1, 1)], **keys}]}


def test_the_profiles_of_the_seed_load_as_written():
    """spec F2 P1 P2"""
    trend, scalp, steps = load_profiles(SEED)
    assert trend.profile == DEFAULT_TREND_PROFILE and trend.regime == "TREND" and trend.line == 3
    assert (scalp.symbol, scalp.strategy_id, scalp.regime, scalp.line) == ("ETHUSDT", "*", "RANGE", 11)
    assert scalp.profile.trailing is None and scalp.profile.tp_legs[0].kind is TPKind.SOFT
    trailing = steps.profile.trailing
    # Below 2R, at 2R, 3R, 5R and 8R: five steps.
    assert [trailing.callback_at(r) for r in (1, 2, 3, 5, 8)] == [0.025, 0.02, 0.015, 0.01, 0.005]
    registry = registry_from([trend, scalp, steps])
    assert registry.select("ETHUSDT", "any", "RANGE").profile.name == "AGGRESSIVE_SCALP"
    assert registry.select("BTCUSDT", "any", "TREND").profile == DEFAULT_TREND_PROFILE


def test_all_options_of_a_profile_are_read():
    """spec F36 P10 P14"""
    keys = {
        "stop_moves": [{"after_leg": 1, "to": "breakeven", "fees": True}, {"after_leg": 2, "to": 0.5}],
        "tp_legs": [leg(1, 0.25), leg(2, 0.25)],
        "trailing": {"callback_pct": 0.02, "activation_r": 1},
        "time_stop": {"duration": "4h"},
        "atr_trail": {"period": 22, "mult": 3},
        "adaptive": {"min": 0.5, "max": 2},
        "liquidity": {"max_spread_bps": 5, "max_volume_share": 0.1},
    }
    [own] = load_profiles(one(**keys))
    assert own.profile == TPProfile(
        "X",
        (TPProfileLeg(1, 0.25), TPProfileLeg(2, 0.25)),
        TrailingProfile(0.02, 1),
        stop_moves=(StopMove(after_leg=1, to="breakeven", fees=True), StopMove(after_leg=2, to=0.5)),
        time_stop=TimeStop(duration=timedelta(hours=4)),
        atr_trail=AtrTrail(period=22, mult=3),
        adaptive=Adaptive(min=0.5, max=2),
        liquidity=Liquidity(max_spread_bps=5, max_volume_share=0.1),
    )


def test_yaml_and_json_say_the_same():
    keys = {"time_stop": {"bars": 5}, "stop_moves": [{"after_leg": 1, "to": "previous_target"}]}
    assert load_profiles(json.dumps(one(**keys))) == load_profiles(one(**keys))


def test_numbers_stay_the_decimals_that_are_written():
    """spec Q5"""
    long = "0.1" + "0" * 40 + "1"
    [own] = load_profiles(f"profiles:\n- name: X\n  tp_legs: [{{r_multiple: {long}, size_fraction: 0.1}}]\n")
    assert own.profile.tp_legs[0].r_multiple == Decimal(long)
    assert own.profile.tp_legs[0].size_fraction == 0.1


@pytest.mark.parametrize(
    "written, seconds",
    [("90m", 5400), ("4h", 14400), ("2d", 172800), ("1h30m", 5400), ("PT4H", 14400), ("P1DT12H", 129600), (60, 60),
     ("3600", 3600), ("1.5h", 5400), ("1w", 604800), ("PT0.5S", 0.5), ("1d 12h", 129600)],
)  # fmt: skip
def test_a_duration_is_read_as_people_write_it(written, seconds):
    """spec F36"""
    [own] = load_profiles(one(time_stop={"duration": written}))
    assert own.profile.time_stop.duration == timedelta(seconds=seconds)


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=4000)))
def test_a_duration_word_reads_back(duration):
    assert duration_of(duration_word(duration)) == duration


BAD = [
    ({}, "profiles is missing"),
    ({"profiles": None}, "profiles is null; accepted: a list"),
    ({"profiles": {"name": "X"}}, "profiles is a mapping; accepted: a list"),
    ([{"name": "X"}], "a list; accepted: a mapping with profiles"),
    ({"profiles": ["X"]}, "profiles[0] is 'X'; accepted: a mapping with name"),
    ({"profiles": [], "extra": 1}, "unknown key extra"),
    (one(tp_leg=[]), 'unknown key tp_leg in profile "X"; accepted: tp_legs'),
    (one(tp_legs=[]), 'tp_legs in profile "X" has 0; accepted: at least 1'),
    (one(tp_legs=[leg(0, 1)]), 'tp_legs[0].r_multiple in profile "X" is 0; accepted: a number above 0'),
    (one(tp_legs=[leg(1, 1.5)]), "accepted: a number above 0 and at most 1"),
    (one(tp_legs=[leg(1, True)]), 'tp_legs[0].size_fraction in profile "X" is true'),
    (one(tp_legs=[leg(1, 1, "FIRM")]), "accepted: HARD or SOFT"),
    (one(tp_legs=[{"r_multiple": 1}]), 'size_fraction in profile "X" is missing'),
    (one(tp_legs=[leg(1, 0.7), leg(2, 0.7)]), "size_fractions sum to 1.4"),
    (one(tp_legs=[leg(1, 0.5), leg("1.0", 0.5)]), "two legs at"),
    (one(regime="BULL"), "accepted: *, TREND, RANGE, VOLATILE, CHOP or NORMAL"),
    (one(trailing={"callback_pct": 2, "activation_r": 1}), "above 0 and below 1"),
    (one(trailing={"callback_pct": 0.01}), 'activation_r in profile "X" is missing'),
    (one(trailing={"callback_pct": 0.01, "activation_r": 1, "tightening_curve": [[2, 0.02]]}), "widens to 0.02 at 2R"),
    (one(trailing={"callback_pct": 0.01, "activation_r": 1, "tightening_curve": [[2]]}), "a pair such as"),
    (one(stop_moves=[{"after_leg": 2, "to": "breakeven"}]), "stop move after leg 2; accepted: a leg from 1 to 1"),
    (one(stop_moves=[{"after_leg": 1, "to": "entry"}]), "breakeven, previous_target or an R value"),
    (one(time_stop={}), "neither or both of bars and duration"),
    (one(time_stop={"bars": 1, "duration": "1h"}), "neither or both"),
    (one(time_stop={"duration": "soon"}), "accepted: a duration such as 90m"),
    (one(time_stop={"duration": 0}), "accepted: a duration"),
    (one(atr_trail={"period": 14, "mult": 3}), "without trailing"),
    (one(trailing={"callback_pct": 0.01, "activation_r": 1}, adaptive={"min": 2, "max": 1}), "at least min"),
    (one(liquidity={"max_volume_share": 2}), "at most 1"),
    ({"profiles": [{"name": "TREND_DEFAULT", "tp_legs": [leg(1, 1)]}]}, "or replace: true in it"),
]


@pytest.mark.parametrize("content, told", BAD, ids=range(len(BAD)))
def test_a_bad_profile_is_told_in_words(refusal, content, told):
    assert told in "\n".join(refusal(load_profiles, content))
    assert told in "\n".join(refusal(load_profiles, json.dumps(content) + "\n"))


def test_every_faulty_profile_of_a_file_is_told_with_its_line(refusal):
    text = (
        "profiles:\n- name: A\n  tp_legs: [{r_multiple: 1, size_fraction: 0.7}, {r_multiple: 2, size_fraction: 0.7}]\n"
        "- name: B\n  tp_legs: [{r_multiple: 1, size_fraction: 1, knd: SOFT}]\n- {}\n"
    )
    assert [line.split(":")[:2] for line in refusal(load_profiles, text)] == [
        ["3", "12"], ["5", "47"], ["6", "3"], ["6", "3"],
    ]  # fmt: skip


def test_two_contents_under_one_name_name_both_lines(refusal):
    text = "profiles:\n- {name: A, tp_legs: [{r_multiple: 1, size_fraction: 1}]}\n- {name: A, tp_legs: [{r_multiple: 2, size_fraction: 1}]}\n"
    assert refusal(load_profiles, text) == [
        '3: profile "A" with different content in lines 2 and 3; accepted: one content for each name'
    ]


def test_one_content_may_have_several_mappings():
    """spec F48"""
    rows = [{"name": "A", "tp_legs": [leg(1, 1)], "symbol": symbol} for symbol in ("BTC", "ETH")]
    registry = registry_from(load_profiles({"profiles": rows}))
    assert registry.select("ETH").profile.name == registry.select("BTC").profile.name == "A"


def test_a_default_is_replaced_only_on_request():
    """spec P3 F48"""
    [own] = load_profiles(
        {"profiles": [{"name": "TREND_DEFAULT", "tp_legs": [leg(1, 1)], "replace": True, "regime": "TREND"}]}
    )
    registry = registry_from([own])
    assert registry.select("BTC", "x", "TREND").profile.tp_legs == (TPProfileLeg(1, 1),)
    assert ProfileRegistry().select("BTC", "x", "TREND").profile == DEFAULT_TREND_PROFILE


def test_profiles_are_registered_in_file_order_on_a_base_that_stays_as_it_was():
    """spec F2 P3: ties go to the last registered."""
    base = ProfileRegistry()
    rows = [{"name": name, "tp_legs": [leg(1, 1)], "symbol": "BTC"} for name in ("A", "B")]
    assert registry_from(load_profiles({"profiles": rows}), base).select("BTC").profile.name == "B"
    assert len(list(base)) == len(DEFAULTS)


numbers = st.decimals(min_value="0.001", max_value="0.05", places=5)
ladders = st.lists(st.decimals(min_value="0.1", max_value="50", places=30), min_size=1, max_size=5, unique=True)


@st.composite
def registrations(draw):
    legs = [
        {"r_multiple": str(r), "size_fraction": str(draw(numbers)), "kind": draw(st.sampled_from(TPKind)).value}
        for r in draw(ladders)
    ]
    row = {"name": draw(st.text(min_size=1, max_size=8).filter(str.strip)), "tp_legs": legs}
    row["symbol"] = draw(st.sampled_from(["*", "BTC/USDT:USDT", "007", "on", "1e3", "~", "null"]))
    if draw(st.booleans()):
        row["trailing"] = {"callback_pct": str(draw(numbers)), "activation_r": 1, "tightening_curve": []}
        row["atr_trail"] = draw(st.sampled_from([None, {"period": 10, "mult": 2.5}]))
    row["time_stop"] = draw(st.sampled_from([None, {"bars": 7}, {"duration": "1d2h3.5s"}]))
    row["stop_moves"] = draw(st.sampled_from([[], [{"after_leg": 1, "to": -0.5, "fees": True}]]))
    return row


@settings(max_examples=60, deadline=None)
@given(registrations())
def test_what_is_dumped_loads_back_equal(row):
    try:
        loaded = load_profiles({"profiles": [row]})
    except ValueError:
        return
    assert load_profiles(dump_profiles(loaded)) == loaded


def test_the_defaults_dump_and_load():
    """spec P2"""
    rows = [Registration(profile=profile, regime=regime.value) for profile, regime in DEFAULTS]
    assert load_profiles(dump_profiles(rows)) == rows


def test_every_example_profile_loads(examples):
    for folder in examples:
        file = folder / "profiles.yaml"
        if file.exists():
            assert registry_from(load_profiles(file)).select("TST").score in (0, 100)

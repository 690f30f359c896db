"""Spaces: what they may say, and that every configuration is one that a hand-written file could be."""

from __future__ import annotations

import pickle

import pytest

from exitbrain.config.profiles import load_profiles
from exitbrain.config.settings import load_config
from exitbrain.config.spaces import ConfigurationMaker, read_space, written_profiles
from exitbrain.core.market import MarketRegime
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput

AS_IN_THE_INTERFACE = """\
base: TREND_DEFAULT            # a profile's name
space: {tp_legs.0.r_multiple: [0.4, 0.5, 0.6], trailing.callback_pct: {low: 0.01, high: 0.03, step: 0.0025}, exits.default_stop_pct: [2.0, 2.5, 3.0]}
objective: [net_r_mean, max_drawdown]     # names of metrics.json
"""


def maker(text: str) -> ConfigurationMaker:
    return ConfigurationMaker(read_space(text), ProfileRegistry().profiles, load_config())


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        maker(text)
    return str(refused.value)


def test_the_space_of_the_interface_is_read_exactly() -> None:
    space = read_space(AS_IN_THE_INTERFACE)
    assert [len(axis.choices or ()) for axis in space.axes] == [3, 9, 3]
    assert space.axes[1].choices == (0.01, 0.0125, 0.015, 0.0175, 0.02, 0.0225, 0.025, 0.0275, 0.03)
    assert space.objective == ("net_r_mean", "max_drawdown")


def test_a_configuration_is_what_a_profiles_file_of_the_same_values_says() -> None:
    made = maker(AS_IN_THE_INTERFACE).make(
        {"tp_legs.0.r_multiple": "0.4", "trailing.callback_pct": 0.0225, "exits.default_stop_pct": "3.0"}
    )
    (by_hand,) = load_profiles(
        """
profiles:
  - name: TREND_DEFAULT
    replace: true
    description: Trend-following
    tp_legs:
      - {r_multiple: 0.4, size_fraction: 0.15, kind: SOFT}
      - {r_multiple: 1, size_fraction: 0.2}
      - {r_multiple: 2, size_fraction: 0.3}
    trailing: {callback_pct: 0.0225, activation_r: 1.5, tightening_curve: [[3, 0.015], [5, 0.01]]}
"""
    )
    assert made.profile == by_hand.profile
    assert made.settings == load_config({"exits": {"default_stop_pct": 3}})


def test_whole_sections_and_nothing_are_values_too() -> None:
    text = (
        "base: CHOP_DEFAULT\nspace:\n  trailing: [null, {callback_pct: 0.02, activation_r: 1}]\n  time_stop.bars: [5]\n"
    )
    own = maker(text)
    with_trail = own.make({"trailing": {"callback_pct": "0.02", "activation_r": "1"}, "time_stop.bars": "5"})
    assert with_trail.profile is not None and with_trail.profile.trailing is not None
    assert with_trail.profile.time_stop is not None and with_trail.profile.time_stop.bars == 5
    without = own.make({"trailing": None, "time_stop.bars": "5"})
    assert without.profile is not None and without.profile.trailing is None


def test_values_that_do_not_go_together_are_refused_by_the_same_words_as_a_file() -> None:
    text = "base: TREND_DEFAULT\nspace:\n  tp_legs.0.r_multiple: [0.5, 1.0]\n"
    with pytest.raises(InvalidInput, match="two legs at 1.0R"):
        maker(text).make({"tp_legs.0.r_multiple": "1.0"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("space: {exts.a: [1]}\n", "1:9: unknown key exts.a; accepted: exits"),
        ("space: {exits.default_stop: [1]}\n", "1:9: unknown key exits.default_stop; accepted: default_stop_pct"),
        ("space: {exits.default_stop_pct: [1, 200]}\n", "1:37: exits.default_stop_pct is 200; accepted: a number above 0"),
        ("space: {exits.time_stop_bars: [5, 1.5]}\n", "1:35: exits.time_stop_bars is 1.5; accepted: a whole number"),
        ("space: {exits.time_stop_bars: 5}\n", "1:31: exits.time_stop_bars is 5; accepted: a list of values"),
        ("space: {exits.time_stop_bars: []}\n", "1:31: exits.time_stop_bars is an empty list"),
        ("space: {exits.time_stop_bars: [5, 5]}\n", "1:35: exits.time_stop_bars lists 5 twice"),
        ("space: {exits.default_stop_pct: {low: 2, high: 1}}\n", "goes from 2 to 1; accepted: high of at least low"),
        ("space: {exits.default_stop_pct: {low: 1, high: 2, step: 0}}\n", "step is 0; accepted: a number above 0"),
        ("space: {exits.default_stop_pct: {low: 1, hi: 2}}\n", "unknown key space.exits.default_stop_pct.hi"),
        ("space: {tp_legs.0.r_multiple: [1]}\n", "is a key of a profile, and there is no base"),
        ("base: NONE\nspace: {exits.time_stop_bars: [1]}\n", "1:7: no profile is named NONE; accepted: one of"),
        ("base: TREND_DEFAULT\nspace: {tp_legs.7.r_multiple: [1]}\n", "there is no item 7; accepted: an item from 0 to 2"),
        ("base: TREND_DEFAULT\nspace: {tp_legs.0.r_multiple: [-1]}\n", "is -1; accepted: a number above 0"),
        ("base: TREND_DEFAULT\nspace: {tp_legs.0.r: [1]}\n", "2:9: unknown key tp_legs[0].r"),
        ("base: TREND_DEFAULT\nspace: {trailing: [null], trailing.callback_pct: [0.1]}\n", "lies inside trailing"),
        ("base: [TREND_DEFAULT, TREND_DEFAULT]\nspace: {}\n", "names TREND_DEFAULT twice"),
        ("base: TREND_DEFAULT\nspace: {}\n", "nothing to try"),
        ("base: TREND_DEFAULT\nspace: {instrument.tick_size: [1]}\n", "cannot be tried"),
        ("spaces: {}\n", "unknown key spaces; accepted: space"),
        ("base: TREND_DEFAULT\nspace: {exits.time_stop_bars: [1]}\nobjective: []\n", "objective is empty"),
    ],
)  # fmt: skip
def test_faults_have_a_place_and_say_what_is_accepted(text: str, told: str) -> None:
    assert told in refusal(text)


def test_a_written_profile_manages_every_position() -> None:
    profile = ProfileRegistry().profiles["CHOP_DEFAULT"]
    rows = load_profiles(written_profiles(profile, "OWN"))
    registry = ProfileRegistry()
    for row in rows:
        registry.register(row.profile, row.symbol, row.strategy_id, row.regime)
    for regime in MarketRegime:
        assert registry.select("X", "any", regime).profile.name == "OWN"


def test_a_space_can_be_sent_to_another_process() -> None:
    space = read_space(AS_IN_THE_INTERFACE)
    assert pickle.loads(pickle.dumps(space)) == space

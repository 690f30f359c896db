"""Profiles and their selection: every structure and pattern of the profile system, as values."""

from __future__ import annotations

import itertools

import pytest

from exitbrain.core.market import MarketRegime
from exitbrain.core.profiles import (
    DEFAULT_CHOP_PROFILE,
    DEFAULT_NORMAL_PROFILE,
    DEFAULT_RANGE_PROFILE,
    DEFAULT_TREND_PROFILE,
    DEFAULT_VOLATILE_PROFILE,
    TPKind,
    TPProfile,
    TPProfileLeg,
    TrailingProfile,
)
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput

S, H = TPKind.SOFT, TPKind.HARD

DEFAULTS = {  # spec P2
    "TREND": (
        DEFAULT_TREND_PROFILE,
        [(0.5, 0.15, S), (1.0, 0.20, H), (2.0, 0.30, H)],
        (0.02, 1.5, ((3.0, 0.015), (5.0, 0.010))),
    ),
    "RANGE": (DEFAULT_RANGE_PROFILE, [(0.3, 0.30, S), (0.6, 0.40, H), (1.0, 0.30, H)], None),
    "VOLATILE": (DEFAULT_VOLATILE_PROFILE, [(0.4, 0.25, S), (0.8, 0.35, H), (1.5, 0.40, H)], (0.025, 1.0, ())),
    "CHOP": (DEFAULT_CHOP_PROFILE, [(0.25, 0.40, S), (0.5, 0.40, H), (0.75, 0.20, H)], None),
    "NORMAL": (
        DEFAULT_NORMAL_PROFILE,
        [(0.5, 0.25, S), (1.0, 0.25, H), (2.0, 0.50, H)],
        (0.015, 1.0, ((3.0, 0.010),)),
    ),
}


@pytest.mark.parametrize("regime", DEFAULTS)
def test_the_five_defaults_are_exactly_the_table(regime: str) -> None:
    """spec P2"""
    profile, legs, trailing = DEFAULTS[regime]
    assert profile.name == f"{regime}_DEFAULT"
    assert [(leg.r_multiple, leg.size_fraction, leg.kind) for leg in profile.tp_legs] == legs
    own = profile.trailing
    assert (own and (own.callback_pct, own.activation_r, own.tightening_curve)) == trailing
    assert ProfileRegistry().select("BTCUSDT", "any", regime).profile is profile


def test_the_trail_tightens_at_each_threshold_of_its_curve() -> None:
    """spec P1 P8: thresholds are inclusive, the last one reached holds"""
    trailing = TrailingProfile(0.025, 1.0, [(8.0, 0.005), (2.0, 0.020), (3.0, 0.015), (5.0, 0.010)])
    expected = {1.0: 0.025, 1.99: 0.025, 2.0: 0.020, 2.9: 0.020, 3.0: 0.015, 5.0: 0.010, 7.9: 0.010, 8.0: 0.005}
    assert {r: trailing.callback_at(r) for r in expected} == expected


def test_a_callers_curve_is_left_as_it_was() -> None:
    """spec P1"""
    curve = [(5.0, 0.01), (3.0, 0.015)]
    TrailingProfile(0.02, 1.5, curve)
    assert curve == [(5.0, 0.01), (3.0, 0.015)]


def _profile(name: str) -> TPProfile:
    return TPProfile(name, (TPProfileLeg(1.0, 1.0),))


PATTERNS = {
    (symbol, strategy, regime): 100 * (symbol != "*") + 10 * (strategy != "*") + (regime != "*")
    for symbol, strategy, regime in itertools.product(("BTCUSDT", "*"), ("RL_V3", "*"), ("TREND", "*"))
}


def test_the_most_specific_of_all_eight_patterns_wins() -> None:
    """spec P3: 111 > 110 > 101 > 100 > 11 > 10 > 1 > 0"""
    assert sorted(PATTERNS.values()) == [0, 1, 10, 11, 100, 101, 110, 111]
    left = dict(PATTERNS)
    while left:
        registry = ProfileRegistry(defaults=False)
        for pattern, score in left.items():
            registry.register(_profile(f"P{score}"), *pattern)
        best = max(left.values())
        chosen = registry.select("BTCUSDT", "RL_V3", MarketRegime.TREND)
        assert (chosen.profile.name, chosen.score) == (f"P{best}", best)
        left = {pattern: score for pattern, score in left.items() if score != best}


@pytest.mark.parametrize(
    ("asked", "profile", "score"),
    [
        (("BTCUSDT", "RL_V3", "TREND"), "CUSTOM_BTC", 111),
        (("BTCUSDT", "RL_V3", "RANGE"), "RANGE_DEFAULT", 1),
        (("ETHUSDT", "RL_V3", "TREND"), "TREND_DEFAULT", 1),
        (("ETHUSDT", "RL_V3", "TRENDING"), "TREND_DEFAULT", 1),
        (("ETHUSDT", "other", "RANGE_BOUND"), "AGGRESSIVE_SCALP", 101),
    ],
)
def test_custom_profiles_serve_exactly_whom_they_are_registered_for(asked, profile, score) -> None:
    """spec P3: the two registrations of the profile system's document"""
    registry = ProfileRegistry()
    registry.register(_profile("CUSTOM_BTC"), symbol="BTCUSDT", strategy_id="RL_V3", regime=MarketRegime.TREND)
    scalp = TPProfile("AGGRESSIVE_SCALP", (TPProfileLeg(0.2, 0.5, S), TPProfileLeg(0.4, 0.5, H)))
    registry.register(scalp, symbol="ETHUSDT", strategy_id="*", regime=MarketRegime.RANGE)
    chosen = registry.select(*asked)
    assert (chosen.profile.name, chosen.score) == (profile, score)


def test_the_global_default_serves_where_nothing_fits() -> None:
    """spec P3"""
    registry = ProfileRegistry(defaults=False)
    registry.register(DEFAULT_NORMAL_PROFILE, regime="NORMAL")
    chosen = registry.select("BTCUSDT", "RL_V3", "CHOP")
    assert (chosen.profile.name, chosen.score) == ("NORMAL_DEFAULT", 0)


def test_ties_go_to_the_last_registered_and_replacing_counts_as_registering() -> None:
    """spec P3 F48"""
    registry = ProfileRegistry()
    registry.register(_profile("A"), symbol="BTCUSDT")
    registry.register(_profile("B"), symbol="BTCUSDT")
    assert registry.select("BTCUSDT").profile.name == "B"
    changed = TPProfile("A", (TPProfileLeg(2.0, 1.0),))
    with pytest.raises(InvalidInput, match="two profiles named 'A'"):
        registry.register(changed, symbol="BTCUSDT")
    assert registry.select("BTCUSDT").profile.name == "B"
    registry.register(changed, symbol="BTCUSDT", replace=True)
    assert registry.select("BTCUSDT").profile is changed
    registry.register(changed, regime="TREND")
    assert registry.select("ETHUSDT", "*", "TREND").profile is changed


BAD_PROFILES = {
    "no legs": lambda: TPProfile("X", ()),
    "two legs at one R": lambda: TPProfile("X", (TPProfileLeg(1, 0.5), TPProfileLeg(1.0, 0.5))),
    "more than all": lambda: TPProfile("X", (TPProfileLeg(1, 0.6), TPProfileLeg(2, 0.5))),
    "R of zero": lambda: TPProfileLeg(0, 0.5),
    "fraction of zero": lambda: TPProfileLeg(1, 0),
    "fraction above one": lambda: TPProfileLeg(1, 1.1),
    "unknown kind": lambda: TPProfileLeg(1, 0.5, "MEDIUM"),
    "R that is no number": lambda: TPProfileLeg(float("nan"), 0.5),
    "callback of zero": lambda: TrailingProfile(0, 1),
    "callback of one": lambda: TrailingProfile(1, 1),
    "negative activation": lambda: TrailingProfile(0.01, -1),
    "a curve that widens": lambda: TrailingProfile(0.01, 1, [(2, 0.02)]),
    "unknown regime": lambda: ProfileRegistry().register(_profile("X"), regime="SIDEWAYS"),
}


@pytest.mark.parametrize("fault", BAD_PROFILES)
def test_a_faulty_profile_is_refused(fault: str) -> None:
    """spec P1"""
    with pytest.raises(InvalidInput):
        BAD_PROFILES[fault]()


def test_fractions_are_the_decimals_that_are_written() -> None:
    """spec P1 Q5: in binary floats 0.33 + 0.56 + 0.11 is above 1"""
    profile = TPProfile("X", (TPProfileLeg(1, 0.33), TPProfileLeg(2, 0.56), TPProfileLeg(3, 0.11)))
    assert profile.runner_fraction == 0

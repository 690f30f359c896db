"""From a position to an exit plan: strategies, stop distances, legs, both sides, with and without an instrument."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from exitbrain.core.ladder import default_stop_fraction
from exitbrain.core.market import Instrument, MarketRegime
from exitbrain.core.numbers import decimal_of, fraction_of
from exitbrain.core.plans import ExitContext, ExitKind, ExitLeg, ExitPlan
from exitbrain.core.profiles import DEFAULT_TREND_PROFILE, TPProfile, TPProfileLeg, TrailingProfile
from exitbrain.core.registry import DEFAULTS, ProfileRegistry
from exitbrain.errors import InvalidInput
from exitbrain.wiring.exit_brain import ExitBrain, ExitBrainV3, register_custom_profile
from loops import run_in_a_loop

NOW = datetime(2024, 12, 10, tzinfo=UTC)


def context(**given) -> ExitContext:
    return ExitContext(**{"symbol": "BTCUSDT", "side": "LONG", "entry_price": 50000, "size": 1, **given})


def plan_of(config=None, registry=None, **given) -> ExitPlan:
    return ExitBrain(config, registry or ProfileRegistry()).build_exit_plan(context(**given), NOW)


def rows(plan: ExitPlan) -> list[tuple]:
    return [(leg.kind.value, leg.size_pct, leg.trigger_price, leg.trigger_pct, leg.r_multiple) for leg in plan.legs]


def test_trend_has_five_legs_from_a_stop_of_two_percent() -> None:
    """spec P4 P6: 2.5% × 0.8 = 2%, so 1R = 1000"""
    plan = plan_of(market_regime="TREND")
    assert rows(plan) == [
        ("TP", 0.15, 50500, 0.01, 0.5),
        ("TP", 0.20, 51000, 0.02, 1.0),
        ("TP", 0.30, 52000, 0.04, 2.0),
        ("TRAIL", 0.35, 51500, 0.03, 1.5),
        ("SL", 1.0, 49000, -0.02, -1.0),
    ]
    assert plan.legs[3].trail_callback == 0.02
    assert plan.has_trailing and not plan.has_emergency


def test_a_short_is_the_mirror_of_a_long() -> None:
    """spec P6: trigger_pct is signed toward profit on both sides"""
    plan = plan_of(market_regime="TREND", side="short")
    assert [leg.trigger_price for leg in plan.legs] == [49500, 49000, 48000, 48500, 51000]
    assert [leg.trigger_pct for leg in plan.legs] == [leg.trigger_pct for leg in plan_of(market_regime="TREND").legs]


def test_every_leg_says_where_it_comes_from() -> None:
    """spec P6: the metadata of the profile system's document"""
    plan = plan_of(market_regime="TRENDING")
    assert (plan.profile_name, plan.market_regime) == ("TREND_DEFAULT", "TREND")
    assert plan.legs[0].r_multiple == 0.5
    assert plan.legs[0].profile_leg_index == 0
    assert plan.legs[0].metadata == {"profile_name": "TREND_DEFAULT", "kind": "SOFT"}
    assert [leg.profile_leg_index for leg in plan.legs_of("TP")] == [0, 1, 2]
    assert [leg.metadata["kind"] for leg in plan.legs_of("TP")] == ["SOFT", "HARD", "HARD"]
    assert all({"profile_name", "kind"} <= leg.metadata.keys() for leg in plan.legs)
    assert [leg.reason for leg in plan.legs] == [
        "take_profit_1", "take_profit_2", "take_profit_3", "trailing_stop", "stop_loss",
    ]  # fmt: skip
    assert plan.strategy_id == "STANDARD_LADDER" and plan.source and plan.reason


def test_stops_go_before_trails_before_targets_at_one_price() -> None:
    """spec X4"""
    plan = plan_of(market_regime="TREND")
    by_priority = sorted(plan.legs, key=lambda leg: leg.priority)
    assert [leg.reason for leg in by_priority] == [
        "stop_loss", "trailing_stop", "take_profit_1", "take_profit_2", "take_profit_3",
    ]  # fmt: skip


@pytest.mark.parametrize("regime", ["NORMAL", "VOLATILE"])
def test_where_targets_take_all_the_trail_covers_what_remains(regime: str) -> None:
    """spec P6 P12"""
    (trail,) = plan_of(market_regime=regime).legs_of(ExitKind.TRAIL)
    assert trail.size_pct == 1.0
    assert trail.metadata["covers"] == "remaining" and trail.covers_remaining


@pytest.mark.parametrize("regime", ["RANGE", "CHOP"])
def test_profiles_without_trailing_have_no_trail(regime: str) -> None:
    """spec P2 P6"""
    plan = plan_of(market_regime=regime)
    assert not plan.has_trailing and len(plan.legs) == 4


MODES = {"NORMAL": "1", "CONSERVATIVE": "0.7", "CRITICAL": "0.5", "ESS_ACTIVE": "0.3"}
REGIMES = {"VOLATILE": "1.5", "TREND": "0.8", "RANGE": "1.2", "CHOP": "1", "NORMAL": "1"}


@pytest.mark.parametrize("hint", [None, "0.004", "0.02", "0.025", "0.06"])
@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("mode", MODES)
def test_the_stop_is_base_by_mode_by_regime_within_one_and_five_percent(mode: str, regime: str, hint) -> None:
    """spec P4: the whole table of factors, on both sides"""
    base = Fraction(hint or "0.025")
    expected = min(max(base * Fraction(MODES[mode]) * Fraction(REGIMES[regime]), Fraction("0.01")), Fraction("0.05"))
    assert default_stop_fraction(base, mode, MarketRegime(regime)) == expected
    if mode == "ESS_ACTIVE":
        return
    for side in ("LONG", "SHORT"):
        plan = plan_of(side=side, market_regime=regime, risk_mode=mode, rl_sl_hint=hint)
        (stop,) = plan.legs_of("SL")
        assert stop.trigger_pct == -float(expected)


@pytest.mark.parametrize(
    ("given", "config", "stop"),
    [
        ({}, {}, 48750),
        ({"rl_sl_hint": 0.02}, {}, 49000),
        ({}, {"default_stop_pct": 3}, 48500),
        ({"rl_sl_hint": 0.02, "atr": 250}, {"stop_atr_mult": 2}, 49500),
        ({"rl_sl_hint": 0.02}, {"stop_atr_mult": 2}, 49000),
        ({"rl_sl_hint": 0.02, "atr": 250, "stop_loss_pct": 8}, {"stop_atr_mult": 2}, 46000),
        ({"rl_sl_hint": 0.02, "stop_loss_pct": 8, "stop_price": 49900}, {}, 49900),
        ({"stop_price": 25000, "risk_mode": "CRITICAL"}, {}, 25000),
        ({}, {"risk_mode": "CRITICAL"}, 49375),
        ({"risk_mode": "CRITICAL"}, {"risk_mode": "CONSERVATIVE"}, 49375),
        ({"market_regime": "NORMAL"}, {"regime": "TREND"}, 49000),
    ],
)
def test_the_first_stop_that_is_given_wins_unscaled(given, config, stop) -> None:
    """spec P4 F23 F37: explicit price, trigger's percent, ATR, hint, default; the stricter risk mode holds"""
    (leg,) = plan_of(config, **given).legs_of("SL")
    assert leg.trigger_price == stop


@pytest.mark.parametrize(
    ("side", "stop"), [("LONG", 50000), ("LONG", 50001), ("SHORT", 50000), ("SHORT", 49999.99), ("LONG", "51000")]
)
@pytest.mark.parametrize("pnl", [0, 20])
def test_an_explicit_stop_on_the_wrong_side_is_refused(side: str, stop, pnl) -> None:
    """spec P4 F23"""
    with pytest.raises(InvalidInput, match="a stop at"):
        plan_of(side=side, stop_price=stop, unrealized_pnl_pct=pnl)


def test_levels_are_exact_without_an_instrument() -> None:
    """spec Q5 P6: every level is the nearest float of the exact decimal, whatever the digits"""
    plan = plan_of(entry_price="0.1", rl_sl_hint="0.0123", risk_mode="CONSERVATIVE", size="0.3", market_regime="TREND")
    risk = Fraction("0.1") * Fraction("0.01")  # 0.0123 × 0.7 × 0.8 is under 1%
    expected = [Fraction("0.1") + risk * fraction_of(leg.r_multiple) for leg in DEFAULT_TREND_PROFILE.tp_legs]
    assert [leg.trigger_price for leg in plan.legs_of("TP")] == [float(level) for level in expected]
    assert plan_of(entry_price="0.1", stop_price="0.09").legs_of("SL")[0].trigger_pct == -0.1


@pytest.mark.parametrize(
    ("pnl", "strategy"), [(10, "STANDARD_LADDER"), (10.01, "PROFIT_LOCK"), (-50, "STANDARD_LADDER")]
)
def test_profit_is_locked_above_ten_percent_of_margin(pnl, strategy) -> None:
    """spec P5 F47"""
    assert plan_of(unrealized_pnl_pct=pnl, leverage=10).strategy_id == strategy


@pytest.mark.parametrize(
    ("given", "stop", "target"),
    [
        # a move of 12%: stop 0.2% in profit, target 1.5 × 12% = 18%
        ({"current_price": 56000}, 50100, 59000),
        ({"current_price": 44000, "side": "SHORT"}, 49900, 41000),
        # no price: 18% of margin ÷ 15 = 1.2%; target 1.8%
        ({"leverage": 15}, 50100, 50900),
        ({"leverage": 15, "side": "SHORT"}, 49900, 49100),
        # a move of 0.2%: half of it is the lock
        ({"leverage": 90}, 50050, 50150),
    ],
)
def test_a_lock_sits_in_profit_and_targets_half_again_the_move(given, stop, target) -> None:
    """spec P5"""
    plan = plan_of(unrealized_pnl_pct=18, market_regime="TREND", **given)
    assert [(leg.kind.value, leg.trigger_price, leg.size_pct) for leg in plan.legs] == [
        ("TP", target, 1.0),
        ("SL", stop, 1.0),
    ]
    assert plan.legs[1].reason == "profit_lock"
    assert plan.legs[1].trigger_pct > 0
    assert plan.profile_name is None and plan.market_regime == "TREND"


def test_a_lock_on_an_instrument_is_rounded_to_the_safe_side() -> None:
    """spec P5 Q3: 101 + 0.202 = 101.202 up to 101.5; 101 + 1.5 × 7 = 111.5"""
    instrument = Instrument(symbol="X", tick_size=Decimal("0.5"), lot_size=Decimal(1))
    plan = plan_of(symbol="X", entry_price=101, current_price=108, size=2, unrealized_pnl_pct=69, instrument=instrument)
    assert [leg.trigger_price for leg in plan.legs] == [111.5, 101.5]


def test_a_short_in_great_profit_is_held_by_its_lock_alone() -> None:
    """spec P5: 1.5 × 70% below the entry is below zero"""
    plan = plan_of(side="SHORT", current_price=15000, unrealized_pnl_pct=70)
    assert [leg.kind for leg in plan.legs] == ["SL"]
    assert "below zero" in plan.notes[0]


def test_a_profit_that_the_price_denies_is_planned_as_a_ladder_with_a_warning() -> None:
    plan = plan_of(unrealized_pnl_pct=18, current_price=49000)
    assert plan.strategy_id == "STANDARD_LADDER"
    assert "not in profit" in plan.warnings[0]


@pytest.mark.parametrize("given", [{}, {"unrealized_pnl_pct": 50}, {"stop_price": 60000}])
def test_an_active_emergency_switch_closes_everything_at_market(given) -> None:
    """spec P5: first hit wins, and nothing delays it"""
    plan = plan_of(risk_mode="ess_active", **given)
    (leg,) = plan.legs
    assert (leg.kind, leg.size_pct, leg.trigger_price) == ("EMERGENCY", 1.0, None)
    assert plan.strategy_id == "EMERGENCY_EXIT" and plan.has_emergency


def test_an_unknown_regime_is_normal_with_a_warning(caplog) -> None:
    """spec P5"""
    with caplog.at_level(logging.INFO):
        plan = plan_of(market_regime="SIDEWAYS")
    assert (plan.market_regime, plan.profile_name) == ("NORMAL", "NORMAL_DEFAULT")
    assert plan.warnings == ("unknown market regime 'SIDEWAYS': planned as NORMAL",)
    assert [record.name for record in caplog.records if record.levelno == logging.WARNING] == ["exitbrain.exit_brain"]


def test_three_lines_are_logged_with_true_numbers(caplog) -> None:
    """spec P3: the formats of the profile system's document"""
    with caplog.at_level(logging.INFO):
        plan_of({"strategy_id": "RL_V3"}, market_regime="TREND")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("exitbrain.profiles", "[TP PROFILES] Selected 'TREND_DEFAULT' for BTCUSDT/RL_V3/TREND (specificity=1)"),
        ("exitbrain.exit_brain", "[EXIT BRAIN] Using profile 'TREND_DEFAULT' for BTCUSDT (regime=TREND, SL=2.0%)"),
        (
            "exitbrain.exit_brain",
            "[EXIT BRAIN] Plan created: 5 legs, Strategy=STANDARD_LADDER, Profile=TREND_DEFAULT",
        ),
    ]


@pytest.mark.parametrize(
    ("regime", "last"),
    [("NORMAL", "TRAIL"), ("TREND", "TRAIL"), ("CHOP", "TRAIL"), ("RANGE", "TP"), ("VOLATILE", "TP")],
)
def test_the_legacy_ladder_is_what_it_was(regime: str, last: str) -> None:
    """spec P11 F29: 25% @ 1.5%, 25% @ 3%, then a trail of 1.5% from the opening, or 50% @ 6%"""
    plan = plan_of({"use_profiles": False}, market_regime=regime)
    assert plan.profile_name is None
    *targets, stop = plan.legs
    assert [leg.kind for leg in targets] == ["TP", "TP", last]
    assert [leg.size_pct for leg in targets] == [0.25, 0.25, 0.5]
    assert [leg.trigger_price for leg in targets[:2]] == [50750, 51500]
    assert all(leg.metadata["kind"] == "HARD" for leg in targets)
    if last == "TRAIL":
        assert (targets[2].trail_callback, targets[2].trigger_pct) == (0.015, 0.0)
    else:
        assert targets[2].trigger_price == 53000
    assert stop.trigger_pct == -float(Fraction("0.025") * Fraction(REGIMES[regime]))


@pytest.mark.parametrize(("confidence", "target"), [(None, 52000), (0.5, 52000), (0.49, 51500)])
def test_a_legacy_target_follows_a_hint_that_its_author_believes(confidence, target) -> None:
    """spec F47"""
    plan = plan_of({"use_profiles": False}, rl_tp_hint=0.04, rl_confidence=confidence)
    assert plan.legs[1].trigger_price == target


def test_a_plan_expires_after_a_day() -> None:
    """spec P6 F7"""
    plan = plan_of()
    assert plan.expires_at == NOW + timedelta(hours=24)
    assert not plan.is_expired(NOW + timedelta(hours=23, minutes=59))
    assert plan.is_expired(NOW + timedelta(hours=24, seconds=1))
    assert plan.is_expired(datetime(2024, 12, 11, 3, tzinfo=timezone(timedelta(hours=2))))
    assert plan.is_expired(int((NOW + timedelta(hours=25)).timestamp()) * 1_000_000)
    with pytest.raises(InvalidInput, match="time zone"):
        plan.is_expired(datetime(2024, 12, 11))


def test_the_shells_clock_is_used_where_no_time_is_given() -> None:
    """spec F7"""
    before = datetime.now(UTC)
    plan = ExitBrain().build_exit_plan(context())
    assert before + timedelta(hours=24) <= plan.expires_at <= datetime.now(UTC) + timedelta(hours=24)


def test_awaiting_gives_the_same_plan() -> None:
    brain = ExitBrainV3(registry=ProfileRegistry())
    assert run_in_a_loop(brain.abuild_exit_plan(context(), NOW)) == brain.build_exit_plan(context(), NOW)


def test_confidence_is_the_hints_where_there_is_one() -> None:
    """spec P6"""
    assert plan_of().confidence == 1.0
    assert plan_of(rl_confidence=0.3).confidence == 0.3


def test_a_profile_registered_for_all_is_used_by_brains_without_a_registry() -> None:
    """spec P3 F48"""
    profile = TPProfile("PLANNING_TEST", (TPProfileLeg(1.0, 1.0),))
    register_custom_profile(profile, symbol="PLANNINGTESTUSDT")
    given = context(symbol="PLANNINGTESTUSDT", strategy_id="own")
    assert ExitBrain().build_exit_plan(given).profile_name == "PLANNING_TEST"
    assert ExitBrain(registry=ProfileRegistry()).build_exit_plan(given).profile_name == "NORMAL_DEFAULT"


def test_settings_choose_strategy_regime_and_time_stop() -> None:
    registry = ProfileRegistry()
    registry.register(TPProfile("OWN", (TPProfileLeg(1.0, 1.0),)), strategy_id="RL_V3", regime="CHOP")
    plan = plan_of({"strategy_id": "RL_V3", "regime": "chop", "time_stop_bars": 12}, registry)
    assert (plan.profile_name, plan.market_regime, plan.time_stop_bars) == ("OWN", "CHOP", 12)


def _instrument(**given) -> Instrument:
    return Instrument(**{"symbol": "BTCUSDT", "tick_size": Decimal("0.1"), "lot_size": Decimal("0.001"), **given})


def test_with_an_instrument_levels_and_quantities_are_what_the_venue_takes() -> None:
    """spec Q3 P6 F17: risk 0.7 × … the stop rounds up, targets toward the entry, quantities down"""
    plan = plan_of(entry_price="100.3", rl_sl_hint=0.033, size=0.01, instrument=_instrument())
    # 100.3 × 0.967 = 96.9901 → 97.0, risk 3.3; targets 101.95 → 101.9, 103.6, 106.9
    assert [leg.trigger_price for leg in plan.legs] == [101.9, 103.6, 106.9, 103.6, 97.0]
    assert [leg.metadata.get("quantity") for leg in plan.legs_of("TP")] == ["0.002", "0.002", "0.006"]
    assert decimal_of(plan.legs[0].trigger_price) == Decimal("101.9")


def test_rungs_too_small_for_the_venue_are_merged_and_the_plan_says_so() -> None:
    """spec P13 F18: at 50000 a rung of 0.15 × 0.002 BTC is no lot"""
    plan = plan_of(size=0.002, market_regime="TREND", instrument=_instrument(min_notional=Decimal(5)))
    assert len(plan.legs) < 5
    assert plan.notes and all("merged" in note or "no whole lot" in note for note in plan.notes)
    closed = sum(decimal_of(leg.metadata.get("quantity", "0")) for leg in plan.legs if leg.kind != "SL")
    assert closed == Decimal("0.002")


def test_a_joined_runner_is_closed_by_the_last_target() -> None:
    """spec F33 F51: the venue takes no closing order under its minimum"""
    profile = TPProfile("R", (TPProfileLeg(1.0, 0.9),), TrailingProfile(0.02, 1.0))
    registry = ProfileRegistry()
    registry.register(profile)
    instrument = _instrument(min_quantity=Decimal("0.2"), closing_exempt=False)
    plan = plan_of(None, registry, market_regime="NORMAL", strategy_id="x", instrument=instrument)
    assert plan.profile_name == "NORMAL_DEFAULT"  # regime 1 outranks 0
    registry.register(profile, symbol="BTCUSDT")
    plan = plan_of(None, registry, instrument=instrument)
    assert [(leg.kind.value, leg.size_pct) for leg in plan.legs] == [("TP", 1.0), ("SL", 1.0)]


@pytest.mark.parametrize("entry", ["0.07", "123.456", "50000", "1e-7", "98765432.1"])
@pytest.mark.parametrize("side", ["LONG", "SHORT"])
@pytest.mark.parametrize(("profile", "regime"), DEFAULTS)
def test_targets_rise_from_the_entry_and_the_sizes_close_the_position(profile, regime, side, entry) -> None:
    """spec P6: a law for all defaults on both sides"""
    plan = plan_of(side=side, entry_price=entry, size="0.37", market_regime=regime.value)
    targets = [leg.trigger_pct for leg in plan.legs_of("TP")]
    assert targets == sorted(targets) and targets[0] > 0 > plan.legs_of("SL")[0].trigger_pct
    sized = [leg for leg in plan.legs if leg.kind in ("TP", "TRAIL") and not leg.covers_remaining]
    assert sum(decimal_of(leg.size_pct) for leg in sized) == 1
    risk = -plan.legs_of("SL")[0].trigger_pct
    assert targets == pytest.approx([float(leg.r_multiple) * risk for leg in profile.tp_legs], rel=1e-12)


BAD_CONTEXTS = [
    {"symbol": ""},
    {"symbol": None},
    {"side": "UP"},
    {"side": 1},
    {"entry_price": 0},
    {"entry_price": -1},
    {"entry_price": float("nan")},
    {"entry_price": "fifty"},
    {"entry_price": True},
    {"entry_price": None},
    {"size": 0},
    {"size": "inf"},
    {"leverage": 0},
    {"current_price": -5},
    {"unrealized_pnl_pct": "much"},
    {"risk_mode": "CALM"},
    {"rl_sl_hint": 2.5},
    {"rl_sl_hint": 0},
    {"rl_tp_hint": -0.1},
    {"rl_confidence": 1.5},
    {"stop_price": 0},
    {"stop_loss_pct": -1},
    {"instrument": "BTCUSDT"},
    {"instrument": Instrument(symbol="ETHUSDT", tick_size=Decimal(1), lot_size=Decimal(1))},
]


@pytest.mark.parametrize("given", BAD_CONTEXTS, ids=str)
def test_a_faulty_context_is_refused(given) -> None:
    with pytest.raises(InvalidInput):
        context(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"stop_loss_pct": 100},
        {"size": 0.0001, "instrument": _instrument()},
        {"entry_price": "0.1", "instrument": _instrument()},  # a stop within one tick of the entry
    ],
    ids=str,
)
def test_a_position_that_no_ladder_fits_is_refused(given) -> None:
    with pytest.raises(InvalidInput):
        plan_of(**given)


@pytest.mark.parametrize(
    "config",
    [
        {"use_profile": True},
        {"use_profiles": "yes"},
        {"regime": "SIDEWAYS"},
        {"risk_mode": "CALM"},
        {"default_stop_pct": 0},
        {"default_stop_pct": "x"},
        {"partial_template": []},
        {"partial_template": [[0.5]]},
        {"partial_template": [[0.6, 1], [0.6, 2]]},
        {"partial_template": [[0.5, 2], [0.5, 1]]},
        {"stop_atr_mult": 0},
        {"time_stop_bars": 1.5},
        {"strategy_id": ""},
        7,
    ],
    ids=str,
)
def test_a_faulty_config_is_refused(config) -> None:
    with pytest.raises(InvalidInput):
        ExitBrain(config)


def test_an_unknown_key_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput, match="'use_profile' is unknown; accepted: did you mean use_profiles"):
        ExitBrain({"use_profile": True})


BAD_LEGS = [
    {"kind": "STOP", "size_pct": 1},
    {"kind": "TP", "size_pct": 0},
    {"kind": "TP", "size_pct": 1.1},
    {"kind": "TRAIL", "size_pct": 0.5},
    {"kind": "TRAIL", "size_pct": 0.5, "trail_callback": 1},
    {"kind": "TP", "size_pct": 0.5, "trigger_price": -1},
    {"kind": "TP", "size_pct": 0.5, "trigger_pct": "high"},
    {"kind": "TP", "size_pct": 0.5, "priority": "first"},
    {"kind": "TP", "size_pct": 0.5, "profile_leg_index": -1},
    {"kind": "TP", "size_pct": 0.5, "metadata": [1]},
]


@pytest.mark.parametrize("given", BAD_LEGS, ids=str)
def test_a_faulty_leg_is_refused(given) -> None:
    with pytest.raises(InvalidInput):
        ExitLeg(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"legs": [ExitLeg("TP", 0.6), ExitLeg("TP", 0.6)]},
        {"legs": "TP"},
        {"confidence": 2},
        {"market_regime": "SIDEWAYS"},
        {"expires_at": datetime(2024, 1, 1)},
        {"symbol": ""},
    ],
    ids=str,
)
def test_a_faulty_plan_is_refused(given) -> None:
    with pytest.raises(InvalidInput):
        ExitPlan(**{"symbol": "X", "legs": [], "strategy_id": "S", "source": "test", "reason": "", **given})


def test_a_rung_that_no_price_reaches_merges_toward_the_entry() -> None:
    """spec P13: a short from 50000 with its stop at 90000 has 1R = 40000, so 2R would be at -30000."""
    plan = plan_of(side="SHORT", stop_price=90000)
    targets = [leg for leg in plan.legs if leg.kind == "TP"]
    assert [leg.trigger_price for leg in targets] == [30000, 10000]
    assert any("no price is 0 or less" in note for note in plan.notes)

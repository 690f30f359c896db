"""Laws of a decision: nobody gains by coming first, and every candidate is told what became of it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisions.worlds import block_events, entering, legs, outcomes, told, trigger, world
from engine.worlds import HOUR, MIDNIGHT
from exitbrain.core.arbiter import arbitrate
from exitbrain.core.guardrails import Facts, Limits, blocked
from exitbrain.core.intents import EntryTerms, Intent, Kind

QUIET = settings(max_examples=150, deadline=None, database=None, derandomize=True)
FEW = settings(QUIET, max_examples=30, suppress_health_check=list(HealthCheck))
GRADES = st.sampled_from([None, "A", "B", "C"])
CATEGORIES = ("reversal", "risk_reduce", "risk_off", "emergency_exit")


@st.composite
def crowds(draw: st.DrawFn) -> list[Intent]:
    """Candidates with few ids, so that equals abound; the row breaks the last tie."""
    crowd = []
    for order in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(list(Kind)))
        share = draw(st.sampled_from([None, Fraction(1, 4), Fraction(1, 2), Fraction(1)]))
        side = draw(st.sampled_from([-1, 1]))
        crowd.append(
            Intent(
                kind=kind,
                trigger_id=draw(st.sampled_from("abc")),
                category=draw(st.sampled_from(CATEGORIES)),
                grade=draw(GRADES),
                exit_fraction=share,
                entry=EntryTerms(side=side) if kind is Kind.ENTRY else None,
                order=order,
            )
        )
    return crowd


@QUIET
@given(crowds(), st.booleans(), GRADES, st.randoms(use_true_random=False))
def test_the_winner_and_the_losers_do_not_depend_on_the_order_of_arrival(
    crowd: list[Intent], latched: bool, override: str | None, dice: Any
) -> None:
    """spec D4."""
    first = arbitrate(crowd, latched=latched, override_grade=override)
    dice.shuffle(crowd)
    assert arbitrate(crowd, latched=latched, override_grade=override) == first


FACTS = st.builds(
    Facts,
    symbol=st.just("TST"),
    plan_expired=st.booleans(),
    gap=st.integers(0, 6),
    bars_held=st.integers(0, 3),
    position_side=st.sampled_from([-1, 1]),
    max_adds=st.integers(0, 1),
    on_opposite=st.sampled_from(["reverse", "exit", "ignore"]),
    hold_rule_true=st.booleans(),
    spread_bps=st.sampled_from([None, 1.0, 9.0]),
    liquidity=st.sampled_from([None, 1.0, 9.0]),
    exit_too_small=st.sampled_from(["", "0.1 at 100"]),
    bars_since_close=st.integers(0, 3),
    entries_today=st.integers(0, 2),
)
LIMITS = st.builds(
    Limits,
    same_bar_veto=st.booleans(),
    min_hold_bars=st.integers(0, 2),
    max_spread_bps=st.sampled_from([None, Decimal(5)]),
    min_liquidity=st.sampled_from([None, Decimal(5)]),
    min_trade=st.booleans(),
    cooldown_bars=st.integers(0, 2),
    max_entries_per_day=st.sampled_from([None, 1]),
    allowed_directions=st.sampled_from([None, frozenset({"long"})]),
)


@QUIET
@given(crowds(), FACTS, LIMITS, st.booleans())
def test_winner_losers_and_blocked_are_all_candidates(
    crowd: list[Intent], facts: Facts, limits: Limits, latched: bool
) -> None:
    """spec D4 F10: nobody is lost, nobody is counted twice, and a loser is told by whom."""
    refused = [one for one in crowd if blocked(one, facts, limits)]
    winner, losers = arbitrate([one for one in crowd if one not in refused], latched=latched)
    assert (winner is None) == (len(refused) == len(crowd))
    told_of = [*refused, *([winner] if winner else []), *(one.intent for one in losers)]
    assert sorted(one.order for one in told_of) == list(range(len(crowd)))
    assert all(one.by == winner and one.reason for one in losers)


BARS = st.lists(st.sampled_from([98.5, 99.0, 99.5, 100.0, 100.5, 101.0]), min_size=6, max_size=14).map(
    lambda closes: [f"{a} {max(a, b)} {min(a, b)} {b}" for a, b in zip([100.0, *closes], closes)]
)
LEVELS = st.sampled_from([98.75, 99.25, 99.75, 100.25, 100.75])


@st.composite
def plans(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Triggers whose candidates can be counted from closes alone: partial exits fire at every bar."""
    plan = []
    for name in draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True)):
        rule, grade = f"close < {draw(LEVELS)}", draw(GRADES)
        if draw(st.integers(0, 2)) == 0:
            plan.append(entering(name, draw(st.sampled_from(["long", "short"])), rule, confidence_grade=grade))
            continue
        category = draw(st.sampled_from(CATEGORIES))
        part = {"exit_fraction": 0.5, "rearm": "every_bar"} if category in CATEGORIES[:2] else {}
        plan.append(trigger(name, category, rule, confidence_grade=grade, **part))
    return plan


GUARDRAILS = st.fixed_dictionaries(
    {
        "same_bar_veto": st.booleans(),
        "min_hold_bars": st.integers(0, 2),
        "cooldown_bars": st.integers(0, 2),
        "max_entries_per_day": st.sampled_from([None, 2]),
    }
)
ROWS = ["0 long 1 98 r", "3 long 1 97 r", "4 short 1 103 r"]


@FEW
@given(BARS, plans(), GUARDRAILS, st.booleans(), st.randoms(use_true_random=False))
def test_a_run_does_not_depend_on_the_order_of_the_plans_triggers(
    bars: list[str], plan: list[dict[str, Any]], guardrails: dict[str, Any], latches: bool, dice: Any
) -> None:
    """spec D4: the same fills, the same events, the same decisions, in the same order."""
    regime = {"risk_regime_rule": "close < 99.25"} if latches else {}
    shuffled = dice.sample(plan, len(plan))
    one, other = (world(bars, ROWS, order, plan=regime, guardrails=guardrails) for order in (plan, shuffled))
    assert (legs(one), told(one), outcomes(one)) == (legs(other), told(other), outcomes(other))


@FEW
@given(BARS, plans(), GUARDRAILS)
def test_every_candidate_of_a_run_wins_loses_or_is_blocked(
    bars: list[str], plan: list[dict[str, Any]], guardrails: dict[str, Any]
) -> None:
    """spec D4 D5 F10 F11: candidates counted from closes; one event each but for winners, of whom a bar has one."""
    result = world(bars, ROWS, plan, guardrails=guardrails, account={"on_opposite": "ignore"})
    open_at = {
        bar
        for one in result.trade_sets
        for bar in range((one.opened_at - MIDNIGHT) // HOUR, (one.closed_at - MIDNIGHT) // HOUR)
    }
    wanted = [(0, "r")]  # decided alone at the first open
    for bar, close in enumerate(float(bar.split()[3]) for bar in bars[:-1]):
        wanted += [(bar, "r")] * (bar in (2, 3))
        for one in plan:
            rule = one.get("entry_rule") or one["exit_rule"]
            asked = "entry_rule" in one or bar in open_at
            wanted += [(bar, one["id"])] * (asked and close < float(rule.split()[-1]))
    found = outcomes(result)
    assert sorted((bar, name) for bar, name, _ in found) == sorted(wanted)
    # The first decision is the one at the first open, which no other candidate meets.
    winners = [bar for bar, name, outcome in found[1:] if outcome == "won"]
    assert len(set(winners)) == len(winners)
    at_fill = sum(event["reason"] in ("invalid_stop", "risk_cap") for event in block_events(result))
    assert len(block_events(result)) - at_fill == len(found) - 1 - len(winners)

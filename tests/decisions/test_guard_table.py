"""Every cell of the guard table, asked of core alone and through a whole run (guards.txt)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from decisions.worlds import AFTER, BARS, CALM, LONG, LOW, entering, legs, table, told, trigger, world
from engine.worlds import at, candles
from exitbrain.core.guardrails import GUARDS, Facts, Limits, answers, facts_read
from exitbrain.core.intents import EntryTerms, Intent, Kind

CELLS = table("guards.txt")
ENTRIES = {"entry": 1, "closing entry": -1}

# What core must know for one guard to say no, and no other.
OPEN: dict[str, Any] = {"symbol": "TST", "position_side": 1, "max_adds": 1, "bars_held": 3, "gap": 1}
HALF, HUNDRED = Decimal("0.5"), Fraction(100)
REASONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "stale_data": ({"stale_after_bars": 3}, {"gap": 4}),
    "same_bar_veto": ({}, {"bars_held": 0}),
    "min_hold": ({"min_hold_bars": 4}, {}),
    "hold_rule": ({}, {"hold_rule_true": True}),
    "spread": ({"max_spread_bps": Decimal(4)}, {"spread_bps": 4.5}),
    "liquidity": ({"min_liquidity": Decimal(10)}, {"liquidity": 9.5}),
    "min_trade": ({}, {"exit_too_small": "0.1 at 100"}),
    "daily_loss": ({"max_daily_loss_pct": HALF}, {"day_open_equity": HUNDRED, "equity": Fraction(99)}),
    "cooldown": ({"cooldown_bars": 2}, {"bars_since_close": 1}),
    "daily_count": ({"max_entries_per_day": 1}, {"entries_today": 1}),
    "allow_list": ({"allowed_categories": frozenset({"mean_reversion"})}, {}),
    "budget": ({"daily_risk_budget_pct": HALF}, {"equity": HUNDRED, "risk_opened_today": Fraction(1)}),
}


def test_the_tables_rows_are_the_guards_of_the_code_times_who_may_ask() -> None:
    """spec D2: no cell is missing and none is there twice; the order of guards is the code's."""
    kinds = ["entry", "closing entry", *(kind.value for kind in Kind if kind is not Kind.ENTRY)]
    assert [(guard, kind) for guard, kind, _ in CELLS] == [(guard, kind) for guard in GUARDS for kind in kinds]


@pytest.mark.parametrize(("guard", "kind", "answer"), CELLS, ids=lambda cell: cell.replace(" ", "_"))
def test_a_cell_answers_in_core(guard: str, kind: str, answer: str) -> None:
    """spec D2 F11 F31."""
    limits, facts = REASONS[guard]
    terms = EntryTerms(side=ENTRIES[kind]) if kind in ENTRIES else None
    intent = Intent(kind=Kind("entry" if terms else kind), trigger_id="x", category="reversal", entry=terms)
    given = answers(intent, Facts(**{**OPEN, **facts}), Limits(**limits))
    assert [name for name, detail in given if detail is not None] == ([guard] if answer == "refuses" else [])


class Noted:
    """Facts that remember what was read of them."""

    def __init__(self, facts: Facts) -> None:
        self.facts, self.read = facts, set[str]()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.facts, name)


@pytest.mark.parametrize(("guard", "kind", "answer"), CELLS, ids=lambda cell: cell.replace(" ", "_"))
def test_a_cell_reads_only_the_facts_listed_for_it(guard: str, kind: str, answer: str) -> None:
    """A run looks up no others, and takes equal ones for equal answers."""
    given, facts = REASONS[guard]
    limits, terms = Limits(**given), EntryTerms(side=ENTRIES[kind]) if kind in ENTRIES else None
    intent = Intent(kind=Kind("entry" if terms else kind), trigger_id="x", category="reversal", entry=terms)
    noted = Noted(Facts(**{**OPEN, **facts}))
    answers(intent, noted, limits)  # type: ignore[arg-type]
    of_the_run = {"symbol", "timeframe", "max_adds", "on_opposite", "independent"}
    assert noted.read <= {*facts_read(intent.kind, kind == "closing entry", limits), *of_the_run}


# The same reasons as worlds: `e` is long, at the close of bar 2 `x` leaves, adds or turns it.
WORLDS: dict[str, dict[str, Any]] = {
    # Bar 2 comes five hours after bar 1, three are allowed.
    "stale_data": {"bars": candles(BARS, times=[at(hour) for hour in (0, 1, 6, 7, 8)])},
    "same_bar_veto": {"rows": ["2 long 1 98 e"]},
    "min_hold": {"guardrails": {"min_hold_bars": 3}},
    "hold_rule": {"trigger": {"hold_rule": "close > 0"}},
    "spread": {"guardrails": {"max_spread_bps": 4}, "execution": {"spread_bps": 5}},
    # 99.3 × 10 are traded in bar 2.
    "liquidity": {"guardrails": {"min_liquidity": 994}},
    # 1 @ 100 was enough; 1 @ 99.3, and 1 @ 99.4 at the next open, are not.
    "min_trade": {"instrument": {"min_notional": 100}},
    # 0.7 of 1000 is lost at the close of bar 2.
    "daily_loss": {"guardrails": {"max_daily_loss_pct": "0.07"}},
    # The reversal in bar 1 closes a set one bar before.
    "cooldown": {
        "rows": ["0 short 1 102 e", "1 long 1 98 e"],
        "guardrails": {"cooldown_bars": 2, "same_bar_veto": False},
    },
    "daily_count": {"guardrails": {"max_entries_per_day": 1}},
    "allow_list": {"guardrails": {"allowed_categories": ["other"]}},
    # `e` risks 2 of 1000.
    "budget": {"guardrails": {"daily_risk_budget_pct": "0.2"}},
}
INSTANT: dict[str, Callable[..., dict[str, Any]]] = {
    "entry": lambda **keys: entering("x", "long", category="reversal", **keys),
    "closing entry": lambda **keys: entering("x", "short", category="reversal", **keys),
    "normal exit": lambda **keys: trigger("x", "reversal", **keys),
}


@pytest.mark.parametrize(("guard", "kind", "answer"), CELLS, ids=lambda cell: cell.replace(" ", "_"))
def test_a_cell_answers_in_a_run(guard: str, kind: str, answer: str) -> None:
    """spec D2 D5 F11 F31: a refusal is the one event and nothing else happens; silence lets the order through."""
    given = dict(WORLDS[guard])
    made = INSTANT.get(kind, lambda **keys: trigger("x", kind, **keys))
    one = made(**given.pop("trigger", {}))
    settings = {"account": {"max_adds": 1, "initial_cash": 1000}, **given}
    bars, rows = settings.pop("bars", BARS), settings.pop("rows", LONG)
    result = world(bars, rows, [one], **settings)
    acted = [leg for leg in legs(result) if " x" in leg]
    assert (told(result), bool(acted)) == ([], True) if answer == "silent" else ([f"x {guard}"], False)
    events = [event["time"] for event in result.events]
    hour = 3 if answer == "refuses at the fill" else 6 if guard == "stale_data" else 2
    assert events == ([] if answer == "silent" else [f"2024-01-01T0{hour}:00:00Z"])


def test_the_first_no_is_the_event_and_every_answer_is_kept() -> None:
    """spec F11: the exit is too young, muted, and the spread is too wide; decisions.parquet holds all three."""
    import json

    from exitbrain.backtesting.files import decisions_frame

    result = world(
        BARS, LONG, [trigger("x", hold_rule="close > 0")],
        guardrails={"min_hold_bars": 3, "max_spread_bps": 4}, execution={"spread_bps": 5},
    )  # fmt: skip
    assert told(result) == ["x min_hold"]
    (guards,) = decisions_frame(result).filter(trigger_id="x")["guards"]
    refused = [name for name, detail in json.loads(guards).items() if detail is not None]
    assert refused == ["min_hold", "hold_rule", "spread"]


def test_an_unknown_hold_rule_does_not_mute() -> None:
    """spec F12: rsi_14 needs more than two bars."""
    result = world([CALM, CALM, LOW, AFTER, CALM], LONG, [trigger("x", hold_rule="rsi_14 > 0")])
    assert (told(result), legs(result)[1]) == ([], "3 x_exit 1")


def test_a_hold_rule_mutes_its_own_trigger_only() -> None:
    """spec F12."""
    result = world(BARS, LONG, [trigger("a", "risk_off", hold_rule="close > 0"), trigger("x")])
    assert (told(result), legs(result)[1]) == (["a hold_rule"], "3 x_exit 1")

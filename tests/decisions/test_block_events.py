"""Every name of a block event is provoked by a world, and each event says all that it has to."""

from __future__ import annotations

from typing import Any

import pytest

from decisions.worlds import BARS, CALM, LONG, block_events, entering, legs, table, told, world
from exitbrain.cli.event_table import REASONS
from exitbrain.core.arbiter import LOSSES
from exitbrain.core.trade_sets import TradeSet

FIELDS = frozenset(
    {"event_id", "run_id", "set_id", "kind", "time", "symbol", "timeframe", "trigger_id", "category", "reason"}
    | {"detail", "price", "preempted_by", "overridden_by"}
)
# What only an entry is told and no guard of the table says: `x` fires at the close of bar 2, `e` is long.
REFUSALS: dict[str, dict[str, Any]] = {
    # At 99.4 the cap of 10% of 999.4 leaves 0.54, no whole lot of 1.
    "risk_cap": {"side": "long", "account": {"initial_cash": 1000, "max_adds": 1}, "instrument": {"lot_size": "1"},
                 "guardrails": {"max_symbol_exposure_pct": 10}},
    "max_adds": {"side": "long"},
    "opposite_ignored": {"account": {"on_opposite": "ignore"}},
    # A stop of 0.001% of 99.4 rounds to the fill itself for a short: 99.400994 down to a tick.
    "invalid_stop": {"keys": {"stop_loss_pct": "0.001"}},
    "expired_plan": {"plan": {"valid_until": "2024-01-01T01:59:59Z"}},
}  # fmt: skip


@pytest.mark.parametrize("reason", REFUSALS)
def test_an_entry_is_refused_and_the_position_stays(reason: str) -> None:
    """spec D5 D7 F11 F23 F39."""
    given = dict(REFUSALS[reason])
    one = entering("x", given.pop("side", "short"), **given.pop("keys", {}))
    result = world(BARS, LONG, [one], **given)
    assert (told(result), legs(result)) == ([f"x {reason}"], ["0 e 1", "4 end_of_data 1"])


def test_the_worlds_of_this_folder_provoke_every_name() -> None:
    """spec D5: each row of the two tables that refuses or loses is asserted by name in a run."""
    refused = {guard for guard, _, answer in table("guards.txt") if answer != "silent"}
    lost = {reason for *_, winner, reason in table("ranks.txt") if winner != "never"}
    by_who = {who: {name for name, told in table("events.txt") if told == who} for who in ("loser", "vetoed", "entry")}
    assert lost == by_who["loser"]
    assert refused | set(REFUSALS) == by_who["vetoed"] | by_who["entry"]
    assert by_who["loser"] == LOSSES
    assert set().union(*by_who.values()) | {"latch_set", "latch_cleared", "plan_note"} == REASONS


def test_an_event_says_all_that_it_has_to() -> None:
    """spec D5: the set is the one that is open; its ids differ from event to event."""
    result = world(BARS, LONG, [entering("x"), entering("y")])
    (event,) = block_events(result)
    assert set(event) >= FIELDS
    (first, _) = result.trade_sets
    assert isinstance(first, TradeSet)
    assert (event["set_id"], event["symbol"], event["timeframe"], event["category"]) == (
        first.set_id,
        "TST",
        "1h",
        "other",
    )
    assert event["detail"]
    assert len({one["event_id"] for one in result.events}) == len(result.events)
    alone = world([CALM] * 4, ["2 long 1 98 e"], [], guardrails={"allowed_directions": ["short"]})
    (refused,) = block_events(alone)
    assert (refused["set_id"], refused["preempted_by"], refused["overridden_by"]) == (None, None, None)

"""The payload holds what the files of a run hold, laid out for the screen (interfaces: report.html)."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exitbrain.report import build_payload
from exitbrain.report.page import script_json

from . import world

GOLDEN = Path(__file__).parents[1] / "golden" / "report_payload.json"


def rows(payload: dict[str, Any]) -> list[dict[str, Any]]:
    sets = payload["sets"]
    found = [dict(zip(sets["columns"], row, strict=True)) for row in sets["rows"]]
    for one in found:
        one["legs"] = [dict(zip(sets["leg_columns"], leg, strict=True)) for leg in one["legs"]]
    return found


def test_the_golden_payload_is_what_the_hand_made_run_gives() -> None:
    """The page's own tests decode the same file, so both sides hold one contract. Written anew by hand, on purpose."""
    assert json.loads(json.dumps(build_payload(**world.whole()))) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_equal_input_gives_equal_bytes() -> None:
    assert script_json(build_payload(**world.whole())) == script_json(build_payload(**deepcopy(world.whole())))


def test_amounts_leave_as_the_text_they_came_in() -> None:
    """spec Q1 L3"""
    given = world.trade_sets()
    for one, row in zip(given, rows(build_payload(**world.whole())), strict=True):
        for key in ("pnl_realized_total", "fees_total", "funding_total", "pnl_net", "initial_risk"):
            assert row[key] == one[key]
        for leg, shown in zip(one["legs"], row["legs"], strict=True):
            assert {key: leg[key] for key in shown} == shown


def test_input_is_left_alone() -> None:
    given = world.whole()
    before = deepcopy(given)
    build_payload(**given)
    assert given == before


def test_an_open_set_has_no_r_no_end_and_no_duration() -> None:
    """spec F46"""
    last = rows(build_payload(**world.whole()))[-1]
    assert (last["closed_at"], last["r_multiple"], last["hold_seconds"]) == (None, None, None)


def test_durations_are_counted_from_the_times() -> None:
    """10 h 45 m = 38,700 s; 6 h = 21,600 s; 3 h 15 m = 11,700 s."""
    assert [row["hold_seconds"] for row in rows(build_payload(**world.whole()))] == [38_700, 21_600, 11_700, None]


def test_counts_are_taken_from_the_legs_where_the_set_does_not_say() -> None:
    given = world.whole()
    for one in given["trade_sets"]:
        for key in ("num_legs", "num_entries", "num_exits", "funding_total"):
            del one[key]
    counts = [(row["num_legs"], row["num_entries"], row["num_exits"]) for row in rows(build_payload(**given))]
    assert counts == [(4, 1, 3), (4, 1, 3), (2, 1, 1), (2, 1, 1)]


def test_exits_are_listed_by_how_often_they_happened() -> None:
    """spec M2"""
    reasons = build_payload(**world.whole())["exits"]["reasons"]
    assert [row["name"] for row in reasons][0] == "take_profit_1"
    assert [row["count"] for row in reasons] == sorted((row["count"] for row in reasons), reverse=True)


def test_a_reason_may_hold_dots() -> None:
    given = world.whole()
    given["metrics"] = {"exit_reason.v1.2_exit.count": 3, "exit_reason.v1.2_exit.pnl": 1.5}
    assert build_payload(**given)["exits"]["reasons"] == [{"name": "v1.2_exit", "count": 3, "pnl": 1.5, "mean_r": None}]


def test_rungs_know_the_levels_of_all_profiles() -> None:
    """TREND has TP1 at 0.5R, RANGE at 0.3R."""
    rungs = build_payload(**world.whole())["rungs"]
    assert [row["levels"] for row in rungs] == [[0.3, 0.5], [0.6, 1.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    "hole",
    [
        {"metrics": {}},
        {"metrics": dict.fromkeys(world.metrics())},
        {"trade_sets": [], "plans": {}},
        {"plans": {}},
        {"equity": {}},
        {"equity": {"time": [], "equity": [], "drawdown": [], "exposure": []}},
        {"candles": {}},
        {"run": {"run_id": "bare"}},
    ],
    ids=["no measures", "null measures", "no sets", "no plans", "no equity", "empty equity", "no candles", "bare run"],
)
def test_what_is_missing_does_not_stop_a_report(hole: dict[str, Any]) -> None:
    script_json(build_payload(**(world.whole() | hole)))


def test_what_is_no_number_is_null() -> None:
    given = world.whole()
    given["metrics"] = {"sharpe": float("nan"), "profit_factor": float("inf"), "num_sets": 4}
    assert build_payload(**given)["metrics"] == {"num_sets": 4, "profit_factor": None, "sharpe": None}


def test_the_ambiguity_is_told_in_the_words_of_the_page() -> None:
    """spec X5"""
    told = build_payload(**world.whole())["run"]["ambiguity"]
    assert (told["share"], told["sets"], told["differing"], told["net_pnl"]) == (0.25, 4, 1, [-25.056265, 142.55])
    given = world.whole()
    given["run"]["ambiguity"] = None
    assert build_payload(**given)["run"]["ambiguity"] is None


def test_arrays_do_as_well_as_lists() -> None:
    given = world.whole()
    given["candles"] = {s: {k: np.array(v) for k, v in columns.items()} for s, columns in given["candles"].items()}
    given["equity"] = {name: np.array(column) for name, column in given["equity"].items()}
    assert script_json(build_payload(**given)) == script_json(build_payload(**world.whole()))


def test_only_sets_with_candles_carry_a_stop_path() -> None:
    payload = build_payload(**(world.whole() | {"windows": 2}))
    with_path = {name for name, plan in payload["plans"]["by_set"].items() if plan["stop_path"]}
    assert with_path == set(payload["windows"]) and len(with_path) == 2


def test_a_long_stop_path_is_thinned_and_keeps_its_last_step() -> None:
    given = world.whole()
    path = [[1_709_200_000_000 + i * 1000, str(39_000 + i), "trailing_stop"] for i in range(5_000)]
    given["plans"]["golden-1"]["stop_path"] = path
    shown = build_payload(**given)["plans"]["by_set"]["golden-1"]["stop_path"]
    assert len(shown) <= 601 and shown[0] == path[0] and shown[-1] == path[-1]

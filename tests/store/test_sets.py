"""A page of sets is what filtering, sorting and counting rows by hand gives; what is read back is what was written."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from exitbrain.core.instants import microseconds
from exitbrain.errors import InvalidInput
from exitbrain.store import SET_SORTS, EventQuery, NotFinished, SetQuery, Store, UnknownRun

from .rows import HOSTILE, REASONS, event, file_text, put, trade_set

COLUMNS = {"hold_seconds": "hold_duration"}


def world(count: int = 60, seed: int = 1, symbols: tuple[str, ...] = ("AAA", "BBB")) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    return [trade_set(number, dice, symbols=symbols) for number in range(count)]


def queries(count: int, seed: int) -> list[SetQuery]:
    dice = random.Random(seed)

    def some(*values: str) -> tuple[str, ...]:
        return tuple(dice.sample(values, dice.choice((0, 0, 1, 2)))) if len(values) > 1 else ()

    times = [None, *(microseconds(one["opened_at"]) for one in world(8))]
    return [
        SetQuery(
            symbol=some("AAA", "BBB", "nope"),
            side=some("long", "short"),
            reason=some(*REASONS),
            category=some("plan", "trend_continuation", "none"),
            regime=some("TREND", "RANGE"),
            profile=some("TREND_DEFAULT", "RANGE_DEFAULT"),
            opened_from=dice.choice(times),
            opened_to=dice.choice([None, None, *times[-2:]]),
            q=dice.choice((None, None, "trail", "SET-1 aaa", "%", "_")),
            min_r=dice.choice((None, None, -1.0, 0.0)),
            max_r=dice.choice((None, None, 0.0, 2.0)),
            sort=dice.choice(("", "-")) + dice.choice(SET_SORTS),
            page=dice.choice((1, 1, 2)),
            page_size=dice.choice((5, 50)),
        )
        for _ in range(count)
    ]


def by_hand(rows: list[dict[str, Any]], query: SetQuery) -> list[dict[str, Any]]:
    def fits(one: dict[str, Any]) -> bool:
        legs = one["legs"]
        words = [one[name] for name in ("set_id", "symbol", "side", "profile", "regime", "strategy_id")]
        text = " ".join(str(word) for word in [*words, *(leg["reason"] for leg in legs)] if word).lower()
        r = one["r_multiple"]
        opened = microseconds(one["opened_at"])
        return (
            all(
                not wanted or one[name] in wanted
                for name in ("symbol", "side", "regime", "profile")
                for wanted in (getattr(query, name),)
            )
            and all(
                not wanted or any(leg[name] in wanted for leg in legs)
                for name in ("reason", "category")
                for wanted in (getattr(query, name),)
            )
            and (query.opened_from is None or opened >= query.opened_from)
            and (query.opened_to is None or opened < query.opened_to)
            and (query.min_r is None or (r is not None and r >= query.min_r))
            and (query.max_r is None or (r is not None and r <= query.max_r))
            and all(word in text for word in (query.q or "").lower().split())
        )

    return [one for one in rows if fits(one)]


def value_of(one: dict[str, Any], name: str) -> Any:
    if name == "left_by":
        return one["legs"][-1]["reason"] if one["closed_at"] else None
    held = one[COLUMNS.get(name, name)]
    if name in ("pnl_net", "fees_total", "initial_risk", "max_exposure_notional"):
        return float(held)
    return microseconds(held) if name in ("opened_at", "closed_at") and held else held


def in_order(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Rows without the value come last, equal ones in the order of the file."""
    name, falls = sort.removeprefix("-"), sort.startswith("-")
    known = [one for one in rows if value_of(one, name) is not None]
    known.sort(key=lambda one: value_of(one, name), reverse=falls)
    if falls:  # a stable sort turned round would turn equal rows round too
        known = [one for _, group in _groups(known, name) for one in group]
    return known + [one for one in rows if value_of(one, name) is None]


def _groups(rows: list[dict[str, Any]], name: str) -> list[tuple[Any, list[dict[str, Any]]]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for one in rows:
        groups.setdefault(value_of(one, name), []).append(one)
    return list(groups.items())


def test_a_page_is_what_filtering_and_sorting_by_hand_gives(store: Store) -> None:
    rows = world()
    put(store, "r0", sets=world(20, seed=9))
    put(store, "r1", sets=rows)
    for query in queries(120, seed=3):
        page = store.trade_sets("r1", query)
        kept = by_hand(rows, query)
        start = (query.page - 1) * query.page_size
        expected = in_order(kept, query.sort)
        if query.sort == "-opened_at":
            expected = kept[::-1]
        assert page.total == len(kept), query
        assert [one["set_id"] for one in page.rows] == [
            one["set_id"] for one in expected[start : start + query.page_size]
        ], query
        for name in ("symbol", "side", "regime", "profile"):
            counted = Counter(one[name] for one in kept if one[name] is not None)
            assert {one["value"]: one["count"] for one in page.facets[name]} == counted
        for name in ("reason", "category"):
            counted = Counter(value for one in kept for value in {leg[name] for leg in one["legs"]})
            assert {one["value"]: one["count"] for one in page.facets[name]} == counted


def test_a_row_of_a_table_is_the_set_without_its_legs(store: Store) -> None:
    rows = world(10)
    put(store, "r1", sets=rows)
    for row, one in zip(store.set_rows("r1"), rows, strict=True):
        assert row.pop("reasons") == list(dict.fromkeys(leg["reason"] for leg in one["legs"]))
        assert row.pop("left_by") == (one["legs"][-1]["reason"] if one["closed_at"] else None)
        assert row == {name: value for name, value in one.items() if name != "legs"}


def test_rows_come_back_byte_for_byte(store: Store) -> None:
    """Decimals, absent values, zeros below zero, signs of other scripts: all as they were."""
    rows = world(40)
    put(store, "r1", sets=rows, events=30, seed=4)
    assert store.text_of("r1", "trade_sets.json") == file_text({"run_id": "r1", "trade_sets": rows})
    dice = random.Random(4)
    lines = "".join(json.dumps(event(number, dice)) + "\n" for number in range(30))
    assert store.text_of("r1", "events.jsonl") == lines
    assert list(store.plans("r1")) == [one["set_id"] for one in rows]


def test_one_set_has_its_legs_its_plan_and_its_neighbours(store: Store) -> None:
    rows = world(5)
    put(store, "r1", sets=rows)
    ids = [one["set_id"] for one in rows]
    assert store.trade_set("r1", ids[2]) == rows[2]
    assert store.plan("r1", ids[2]) == {"legs": [], "stop_path": [[1, "2", "x"]]}
    assert store.neighbours("r1", ids[2]) == {"previous": ids[1], "next": ids[3]}
    assert store.neighbours("r1", ids[0])["previous"] is None
    assert store.trade_set("r1", "nope") is None
    assert store.plan("r1", "nope") is None


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_names(store: Store, name: str) -> None:
    rows = world(4, symbols=(name, "plain"))
    put(store, "r1", sets=rows, symbols=[name, "plain"])
    wanted = [one["set_id"] for one in rows if one["symbol"] == name]
    assert [one["set_id"] for one in store.trade_sets("r1", SetQuery(symbol=(name,))).rows] == wanted
    assert store.trade_set("r1", rows[0]["set_id"]) == rows[0]
    assert list(store.all_trade_sets("r1")) == rows
    assert store.trade_sets("r1", SetQuery(reason=(name,), profile=(name,))).total == 0
    assert store.trade_sets("r1", SetQuery(q=name or None)).total in (len(wanted), 4 if not name else len(wanted))
    assert store.runs().total == 1
    with pytest.raises(UnknownRun):
        store.run(name)
    with pytest.raises(UnknownRun):
        store.trade_sets(name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sort": "nope"},
        {"sort": "pnl_net; DROP TABLE runs"},
        {"sort": "--pnl_net"},
        {"page": 0},
        {"page_size": 0},
        {"page_size": 1001},
        {"min_r": float("nan")},
        {"opened_from": 10**30},
        {"symbol": ("A",) * 501},
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        SetQuery(**wrong)
    assert refused.value.problems[0].at or "values" in str(refused.value)


def test_a_page_beyond_the_last_is_empty(store: Store) -> None:
    put(store, "r1", sets=world(3))
    page = store.trade_sets("r1", SetQuery(page=10**9, page_size=1000, min_r=float("-inf"), max_r=float("inf")))
    assert page.rows == [] and page.total > 0


def test_events_are_filtered_and_the_latch_is_among_them(store: Store) -> None:
    put(store, "r1", sets=[], events=50, seed=7)
    dice = random.Random(7)
    made = [event(number, dice) for number in range(50)]
    assert store.latch_changes("r1") == [one for one in made if one["kind"] == "latch"]
    kept = [one for one in made if one["symbol"] == "AAA" and one["reason"] == "cooldown"]
    page = store.events("r1", EventQuery(symbol=("AAA",), reason=("cooldown",), page_size=5))
    assert page.rows == kept[:5] and page.total == len(kept)
    start = microseconds(made[10]["time"])
    assert list(store.event_rows("r1", EventQuery(time_from=start, time_to=start + 1))) == [made[10]]


def test_outcomes_are_of_finished_runs_and_closed_sets(store: Store) -> None:
    rows = world(30)
    put(store, "r1", sets=rows)
    store.put_run("r2", status="running", owner="x", about={"symbols": ["AAA"]})
    store.writer("r2").trade_sets(rows)
    closed = [one for one in rows if one["closed_at"]]
    assert [one["set_id"] for one in store.outcomes()] == [one["set_id"] for one in closed]
    trend = [one["r_multiple"] for one in closed if one["profile"] == "TREND_DEFAULT" and one["regime"] == "TREND"]
    assert [one["r_multiple"] for one in store.outcomes(["r1"], profile="TREND_DEFAULT", regime="TREND")] == trend
    with pytest.raises(NotFinished):
        store.trade_sets("r2")


def test_counts_that_are_kept_are_those_of_the_newest_result(store: Store) -> None:
    """A run deleted and put again, and one computed again, is counted anew."""
    for rows in (world(12), world(30, seed=2), world(5, seed=3)):
        put(store, "r1", sets=rows)
        for page in (1, 2):
            found = store.trade_sets("r1", SetQuery(page=page, page_size=10))
            assert found.total == len(rows)
            assert sum(one["count"] for one in found.facets["side"]) == len(rows)
        if len(rows) == 12:
            store.delete_run("r1")

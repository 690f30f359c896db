"""What a run holds, read over HTTP: the same as its files, cut, sorted and counted."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from exitbrain.api.models.decisions import Event
from exitbrain.api.models.trade_sets import PairedTrade, TradeLeg, TradeSetRow
from exitbrain.core.paired import paired_trades
from exitbrain.core.trade_sets import TradeSet

from .worlds import BARS, World


def whole(world: World) -> list[dict[str, Any]]:
    return list(world.bench.store.all_trade_sets(world.first))


def sets(client: TestClient, world: World, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/api/runs/{world.first}/trade_sets", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_row_is_what_the_file_holds(client: TestClient, world: World) -> None:
    """spec L1: amounts are the same text, so no digit is lost on the way."""
    for row, own in zip(sets(client, world, legs=True, page_size=1000)["items"], whole(world), strict=True):
        shown = {name: value for name, value in row.items() if name in own}
        assert shown == {name: value for name, value in own.items() if name in shown}


def test_every_key_of_the_files_has_its_place_in_a_shape(world: World) -> None:
    """A key that a run writes and no shape knows would be lost silently."""
    own = whole(world)[0]
    only_of_a_set = {"multiplier", "adjustments", "funding"}
    assert own.keys() - only_of_a_set <= TradeSetRow.model_fields.keys()
    assert own["legs"][0].keys() <= TradeLeg.model_fields.keys()
    event = json.loads(world.bench.store.text_of(world.first, "events.jsonl").splitlines()[0])
    assert event.keys() <= Event.model_fields.keys()


def test_a_set_of_one_entry_and_one_exit_shows_what_its_pair_showed(client: TestClient, world: World) -> None:
    """spec L5: field for field."""
    own = [TradeSet.from_dict(one) for one in whole(world)]
    expected = [pair.to_dict() for pair in paired_trades(own)]
    assert expected and len(expected) < len(own)
    assert [row["paired"] for row in sets(client, world, page_size=1000)["items"] if row["paired"]] == expected
    answer = client.get(f"/api/runs/{world.first}/paired_trades", params={"page_size": 1000})
    assert answer.json()["items"] == expected
    assert "deprecation" in answer.headers and "successor-version" in answer.headers["link"]
    for pair, one in zip(expected, (s for s in own if len(s.legs) == 2 and s.closed_at), strict=True):
        detail = client.get(f"/api/runs/{world.first}/trade_sets/{one.set_id}").json()
        entry, leave = detail["legs"]
        assert detail["paired"] == pair
        assert pair == {
            "symbol": detail["symbol"],
            "side": entry["side"],
            "entry_trigger": entry["trigger_id"],
            "exit_trigger": leave["trigger_id"] or leave["reason"],
            "entry_timestamp": detail["opened_at"],
            "exit_timestamp": detail["closed_at"],
            "entry_price": entry["price"],
            "exit_price": leave["price"],
            "qty": entry["qty"],
            "fees": detail["fees_total"],
            "pnl": detail["pnl_net"],
            "hold_duration": detail["hold_duration"],
            "risk": detail["initial_risk"],
            "r_multiple": detail["r_multiple"],
        }


FILTERS = [
    ({"symbol": "AAA"}, lambda s: s["symbol"] == "AAA"),
    ({"side": "short"}, lambda s: s["side"] == "short"),
    ({"reason": ["stop_loss", "fear_exit"]}, lambda s: {"stop_loss", "fear_exit"} & {x["reason"] for x in s["legs"]}),
    ({"category": "risk_reduce"}, lambda s: "risk_reduce" in {x["category"] for x in s["legs"]}),
    ({"profile": "QUICK"}, lambda s: s["profile"] == "QUICK"),
    ({"regime": ["TREND", "RANGE"]}, lambda s: s["regime"] in ("TREND", "RANGE")),
    ({"from": "2024-01-05T00:00:00Z", "to": "2024-01-10"}, lambda s: "2024-01-05" <= s["opened_at"] < "2024-01-10"),
    ({"min_r": 0, "max_r": 1.5}, lambda s: s["r_multiple"] is not None and 0 <= s["r_multiple"] <= 1.5),
    ({"symbol": "BBB", "side": "long"}, lambda s: (s["symbol"], s["side"]) == ("BBB", "long")),
]


@pytest.mark.parametrize(("asked", "holds"), FILTERS)
def test_a_filter_leaves_what_it_says(asked: dict[str, Any], holds: Any, client: TestClient, world: World) -> None:
    expected = [one["set_id"] for one in whole(world) if holds(one)]
    page = sets(client, world, page_size=1000, **asked)
    assert [row["set_id"] for row in page["items"]] == expected
    assert page["total"] == len(expected) == sum(one["count"] for one in page["facets"]["side"])
    assert 0 < len(expected) < len(whole(world))


def test_pages_are_the_table_cut(client: TestClient, world: World) -> None:
    everything = [row["set_id"] for row in sets(client, world, sort="-pnl_net", page_size=1000)["items"]]
    pieces = [
        row["set_id"] for n in range(1, 9) for row in sets(client, world, sort="-pnl_net", page=n, page_size=3)["items"]
    ]
    assert pieces == everything
    amounts = {one["set_id"]: float(one["pnl_net"]) for one in whole(world)}
    assert [amounts[one] for one in everything] == sorted(amounts.values(), reverse=True)
    assert sets(client, world, page=99)["items"] == []


@pytest.mark.parametrize("table", ["trade_sets", "paired_trades", "events", "decisions"])
def test_a_table_as_a_file_is_the_whole_table(table: str, client: TestClient, world: World) -> None:
    path = f"/api/runs/{world.first}/{table}"
    rows = client.get(path, params={"page_size": 1000}).json()["items"]
    as_csv = client.get(path, params={"format": "csv", "page_size": 1})
    as_json = client.get(path, params={"format": "json", "page_size": 1})
    assert f'filename="{table}-{world.first}.csv"' in as_csv.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert len(lines) == len(rows) == len(as_json.json()) > 0
    key = "pnl_net" if table == "trade_sets" else "pnl" if table == "paired_trades" else "price"
    assert [line[key] for line in lines] == [row[key] for row in rows] == [row[key] for row in as_json.json()]


def test_a_set_has_its_legs_ladder_stop_path_and_window(client: TestClient, world: World) -> None:
    own = next(one for one in whole(world) if len(one["legs"]) >= 4)
    plan = world.bench.store.plan(world.first, own["set_id"])
    detail = client.get(f"/api/runs/{world.first}/trade_sets/{own['set_id']}").json()
    assert detail["legs"] == own["legs"]
    assert detail["plan"]["legs"] == plan["legs"] and detail["plan"]["initial_stop"] == plan["initial_stop"]
    assert [step["price"] for step in detail["plan"]["stop_path"]] == [price for _, price, _ in plan["stop_path"]]
    assert all(step["time"] >= detail["opened_at"] for step in detail["plan"]["stop_path"])
    assert detail["window"]["start"] < detail["opened_at"] < detail["closed_at"] < detail["window"]["end"]
    ids = [one["set_id"] for one in whole(world)]
    assert detail["next"] == dict(zip(ids, [*ids[1:], None], strict=True))[own["set_id"]]


def test_results_are_those_of_the_report(client: TestClient, world: World) -> None:
    told = client.get(f"/api/runs/{world.first}/results").json()
    metrics = world.bench.store.metrics(world.first)
    assert told["metrics"]["num_sets"] == metrics["num_sets"]
    assert sum(told["r_histogram"]["counts"]) == metrics["num_with_r"]
    assert {row["name"]: row["count"] for row in told["exits"]["reasons"]} == {
        key.split(".")[1]: value
        for key, value in metrics.items()
        if key.startswith("exit_reason.") and key.endswith(".count")
    }
    assert told["run"]["ambiguity"]["sets"] == metrics["num_sets"]


def test_equity_keeps_its_extremes_when_thinned(client: TestClient, world: World) -> None:
    own = world.bench.frame(world.first, "equity.parquet")
    thin = client.get(f"/api/runs/{world.first}/equity", params={"points": 30}).json()
    assert len(thin["time"]) <= 30 < thin["bars"] == len(own)
    assert min(thin["equity"]) == pytest.approx(own["equity"].min(), rel=1e-8)
    assert max(thin["equity"]) == pytest.approx(own["equity"].max(), rel=1e-8)
    assert min(thin["drawdown"]) == pytest.approx(own["drawdown"].min(), rel=1e-8)


def test_candles_are_cut_and_merged(client: TestClient, world: World) -> None:
    bars = world.bench.candles_of(world.first, "AAA")
    path = f"/api/runs/{world.first}/candles"
    every = client.get(path, params={"symbol": "AAA"}).json()
    assert (len(every["time"]), every["bars_per_candle"]) == (BARS, 1)
    assert every["close"] == bars["close"].to_list()
    merged = client.get(path, params={"symbol": "AAA", "max_bars": 30}).json()
    assert len(merged["time"]) <= 30 and merged["bars_per_candle"] == 14
    assert merged["high"][0] == max(every["high"][:14]) and merged["low"][1] == min(every["low"][14:28])
    assert merged["open"][1] == every["open"][14] and merged["close"][1] == every["close"][27]
    assert sum(merged["volume"]) == pytest.approx(sum(every["volume"]))
    window = client.get(
        path, params={"symbol": "AAA", "from": "2024-01-03T00:00:00Z", "to": "2024-01-04T00:00:00Z"}
    ).json()
    assert len(window["time"]) == 24 and window["time"][0] == 1_704_240_000
    assert client.get(path).status_code == 422  # of which symbol?
    assert client.get(path, params={"symbol": "CCC"}).status_code == 422
    assert client.get(path, params={"symbol": "AAA", "from": "tomorrow"}).json()["errors"][0]["field"] == "from"


def test_bands_of_regime_cover_the_window_and_agree_with_the_plans(client: TestClient, world: World) -> None:
    """spec F24: a set's plan took the regime of the last closed bar before its opening."""
    for symbol in ("AAA", "BBB"):
        bands = client.get(f"/api/runs/{world.first}/candles", params={"symbol": symbol}).json()["regimes"]
        assert [one["end"] for one in bands[:-1]] == [one["start"] for one in bands[1:]]
        assert all(one["regime"] != other["regime"] for one, other in zip(bands, bands[1:], strict=False))
        for own in whole(world):
            if own["symbol"] == symbol:
                before = int(np.datetime64(own["opened_at"].removesuffix("Z"), "s").astype(int)) - 1
                assert [one["regime"] for one in bands if one["start"] <= before < one["end"]] == [own["regime"]]


def test_events_are_the_lines_of_their_file(client: TestClient, world: World) -> None:
    lines = [json.loads(line) for line in world.bench.store.text_of(world.first, "events.jsonl").splitlines()]
    path = f"/api/runs/{world.first}/events"
    assert client.get(path, params={"page_size": 1000}).json()["items"] == lines
    some = client.get(path, params={"reason": "max_adds", "page_size": 1000}).json()
    assert some["items"] == [one for one in lines if one["reason"] == "max_adds"] and some["items"]
    of_set = client.get(path, params={"set_id": some["items"][0]["set_id"]}).json()["items"]
    assert {one["set_id"] for one in of_set} == {some["items"][0]["set_id"]}


def test_events_of_runs_are_laid_together_by_time(client: TestClient, world: World) -> None:
    own = {
        run_id: [json.loads(line) for line in world.bench.store.text_of(run_id, "events.jsonl").splitlines()]
        for run_id in (world.first, world.second)
    }
    everything = client.get("/api/events", params={"page_size": 1000}).json()
    assert everything["total"] == sum(map(len, own.values())) and min(map(len, own.values())) > 0
    assert [one["time"] for one in everything["items"]] == sorted(one["time"] for one in everything["items"])
    one = client.get("/api/events", params={"run": world.second, "page_size": 1000}).json()
    assert one["items"] == own[world.second]
    chosen = client.get("/api/events", params={"trigger": "trim", "symbol": "AAA", "page_size": 1000}).json()
    expected = [event for lines in own.values() for event in lines if event["trigger_id"] == "trim"]
    assert chosen["total"] == len(expected) and {event["trigger_id"] for event in chosen["items"]} <= {"trim"}
    for name in ("kind", "reason", "symbol"):
        assert sum(facet["count"] for facet in everything["facets"][name]) == everything["total"]
    assert (
        chosen["facets"]["trigger_id"]
        == client.get("/api/events", params={"symbol": "AAA"}).json()["facets"]["trigger_id"]
    )
    assert client.get("/api/events", params={"run": "nobody"}).status_code == 404
    saved = client.get("/api/events", params={"format": "json", "symbol": "BBB"}).json()
    assert saved == [event for event in everything["items"] if event["symbol"] == "BBB"]


def test_a_preview_tells_how_the_trail_tightens(client: TestClient, world: World) -> None:
    asked = {"name": "TREND_DEFAULT", "entry": "100", "side": "long", "stop": "2%"}
    told = client.post("/api/profiles/preview", json=asked, headers=world.admin).json()
    activation = next(row["price"] for row in told["rows"] if row["kind"] == "TRAIL")
    assert float(told["trail"][0]["price"]) == float(activation)
    levels = [float(step["price"]) for step in told["trail"]]
    callbacks = [step["callback"] for step in told["trail"]]
    assert levels == sorted(levels) and callbacks == sorted(callbacks, reverse=True) and len(callbacks) > 1


def test_a_decision_tells_who_won_and_who_lost(client: TestClient, world: World) -> None:
    """spec D8"""
    path = f"/api/runs/{world.first}/decisions"
    rows = client.get(path, params={"page_size": 1000}).json()["items"]
    blocked = client.get(path, params={"outcome": "blocked", "page_size": 1000}).json()["items"]
    assert blocked == [row for row in rows if row["outcome"].startswith("blocked")] and blocked
    one = blocked[0]
    told = client.get(f"{path}/{one['time']}", params={"symbol": one["symbol"]}).json()
    assert (told["time"], told["symbol"]) == (one["time"], one["symbol"])
    assert one["trigger_id"] in {candidate["trigger_id"] for candidate in told["candidates"]}
    assert client.get(f"{path}/never", params={"symbol": "AAA"}).status_code == 422
    assert client.get(f"{path}/1999-01-01", params={"symbol": "AAA"}).status_code == 422


def test_files_are_sent_to_be_saved_and_no_other_file_is(client: TestClient, world: World) -> None:
    path = f"/api/runs/{world.first}/files"
    answer = client.get(f"{path}/fills.csv")
    assert answer.content == world.bench.file(world.first, "fills.csv").read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get(f"{path}/report.html").headers["content-type"] == "application/octet-stream"
    for name in ("..%2F..%2Ftoken", "%2e%2e/%2e%2e/token", "token", "/etc/passwd", "fills.csv%00"):
        assert client.get(f"{path}/{name}").status_code in (404, 422), name


def test_two_runs_lie_on_one_axis_and_pair_by_their_entries(client: TestClient, world: World) -> None:
    """spec M4"""
    told = client.get("/api/compare", params={"runs": f"{world.first},{world.second}"}).json()
    assert [run["run_id"] for run in told["runs"]] == [world.first, world.second]
    axis = told["curves"]["time"]
    assert axis == sorted(set(axis))
    assert all(len(run["equity"]) == len(run["drawdown"]) == len(axis) for run in told["curves"]["runs"])
    (pair,) = told["pairs"]
    assert 0 < pair["num_pairs"] <= len(whole(world)) and pair["verdict"]
    assert {row["key"] for row in told["settings"]} >= {"exits.default_stop_pct"}
    assert next(row["values"] for row in told["settings"] if row["key"] == "exits.default_stop_pct") == [2.5, 1.5]
    same = client.get("/api/compare", params={"runs": f"{world.first},{world.first}"})
    assert same.status_code == 422


def test_profiles_are_listed_with_the_score_for_a_position(client: TestClient, world: World) -> None:
    """spec F2"""
    text = "profiles:\n- name: LISTED\n  symbol: AAA\n  regime: TREND\n  tp_legs: [{r_multiple: 1, size_fraction: 1}]\n"
    put = client.put("/api/profiles/LISTED", json={"text": text, "note": "a first"}, headers=world.admin)
    assert (put.status_code, put.json()["version"], put.json()["source"]) == (200, 1, "stored")
    listed = client.get("/api/profiles", params={"symbol": "AAA", "regime": "TREND"}).json()["items"]
    scores = {one["name"]: one["score"] for one in listed}
    assert (scores["LISTED"], scores["TREND_DEFAULT"], scores["RANGE_DEFAULT"]) == (101, 1, None)
    assert [one["name"] for one in listed if one["selected"]] == ["LISTED"]
    again = client.put("/api/profiles/LISTED", json={"text": text}, headers=world.admin)
    assert again.json()["version"] == 1
    changed = client.put(
        "/api/profiles/LISTED", json={"text": text.replace("r_multiple: 1", "r_multiple: 2")}, headers=world.admin
    )
    assert changed.json()["version"] == 2
    versions = client.get("/api/profiles/LISTED/versions").json()["items"]
    assert [one["version"] for one in versions] == [2, 1] and versions[1]["text"] == text
    assert client.get("/api/profiles/LISTED", params={"version": 1}).json()["text"] == text
    wrong = client.put("/api/profiles/OTHER", json={"text": text}, headers=world.admin)
    assert wrong.status_code == 422
    broken = client.put("/api/profiles/LISTED", json={"text": "profiles:\n- name: 3\n"}, headers=world.admin)
    assert broken.status_code == 422 and broken.json()["errors"][0]["line"] == 2


def test_a_preview_draws_the_ladder_in_prices(client: TestClient, world: World) -> None:
    """spec F5: a stop 2% below 50,000 makes R 1,000; the first rung of TREND_DEFAULT stands at half of it."""
    asked = {"name": "TREND_DEFAULT", "entry": "50000", "side": "long", "stop": "2%"}
    told = client.post("/api/profiles/preview", json=asked, headers=world.admin).json()
    assert (told["stop"], told["risk_per_unit"], told["risk_fraction"]) == ("49000", "1000", 0.02)
    assert [(row["name"], row["price"]) for row in told["rows"]] == [
        ("TP1", "50500"), ("TP2", "51000"), ("TP3", "52000"), ("TRAIL", "51500"), ("SL", "49000")
    ]  # fmt: skip
    bad = client.post("/api/profiles/preview", json=asked | {"stop": "51000"}, headers=world.admin)
    assert bad.status_code == 422


def test_performance_counts_every_closed_set_once(client: TestClient, world: World) -> None:
    told = client.get("/api/profiles/performance", params={"run": world.first}).json()
    closed = [one for one in whole(world) if one["closed_at"]]
    assert told["runs"] == [world.first]
    assert sum(row["num_sets"] for row in told["items"]) == len(closed)
    for row in told["items"]:
        own = [s for s in closed if (s["profile"], s["regime"]) == (row["profile"], row["regime"])]
        assert row["net_r_mean"] == pytest.approx(np.mean([s["r_multiple"] for s in own]))
        hits = [rung["hit"] for rung in row["rungs"]]
        assert all(rung["hit"] <= rung["planned"] <= len(own) for rung in row["rungs"])
        assert hits == sorted(hits, reverse=True)


@pytest.mark.parametrize(
    ("kind", "text", "valid"),
    [
        ("plan", "plan_id: x\ntriggers: []\n", True),
        ("plan", "plan_id: x\nfoo: 1", False),
        ("profiles", "profiles: 3", False),
        ("config", "seed: 3", True),
        ("config", "seeds: 3", False),
        ("entries", "timestamp,symbol,side\n2024-01-01,AAA,long\n", True),
        ("entries", "timestamp,symbol,side\n2024-01-01,AAA,up\n", False),
        ("policy", "name: tight\nrewrite: emergency_only\n", True),
        ("policy", "name: tight\nrewrite: all\n", False),
    ],
)
def test_a_text_is_checked_with_the_places_of_its_faults(
    kind: str, text: str, valid: bool, client: TestClient, world: World
) -> None:
    told = client.post("/api/validate", json={"kind": kind, "text": text}, headers=world.admin).json()
    assert told["valid"] is valid
    assert valid or all(one["line"] for one in told["problems"] if one["severity"] == "error")


def test_schemas_candles_health_and_counters(client: TestClient) -> None:
    assert client.get("/api/schemas/plan").json()["title"] == "Exit Brain plan"
    assert [one["name"] for one in client.get("/api/candles").json()["items"]] == ["AAA_1h", "BBB_1h"]
    assert client.get("/health/live").json()["status"] == "ok"
    assert client.get("/health/ready").json()["status"] == "ready"
    metrics = client.get("/metrics")
    assert 'exitbrain_runs{status="done"} 2.0' in metrics.text
    assert 'route="/api/candles",status="200"' in metrics.text


def test_a_pair_has_the_fields_of_old(client: TestClient) -> None:
    """interfaces: the PairedTrade row, name by name and in order."""
    assert list(PairedTrade.model_fields) == [
        "symbol", "side", "entry_trigger", "exit_trigger", "entry_timestamp", "exit_timestamp", "entry_price",
        "exit_price", "qty", "fees", "pnl", "hold_duration", "risk", "r_multiple",
    ]  # fmt: skip


def test_a_table_of_a_run_that_is_none_is_refused_before_the_file_begins(client: TestClient) -> None:
    for kind in ("csv", "json"):
        answer = client.get("/api/events", params={"run": "r000000000000", "format": kind})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")

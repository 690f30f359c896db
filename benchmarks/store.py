"""A large run into the store and out of it: 50,000 TradeSets with 200,000 legs.

    python benchmarks/store.py [--sets 50000] [--rounds 5] [--url URL]

Rows are made by dice before the clock starts. `import` is from rows in memory to a run that is shown as done; a page is
50 rows with their total and the counts of all facets, the fastest and the slowest of the rounds, each on the one store.
Without --url a SQLite file in a temporary folder is used.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from exitbrain.core.instants import iso
from exitbrain.store import RUNNING, SetQuery, Store

LEGS = 4
START = datetime(2020, 1, 1, tzinfo=UTC)
REASONS = ("take_profit_1", "take_profit_2", "take_profit_3", "trailing_stop", "stop_loss", "time_stop")
PROFILES = ("TREND_DEFAULT", "RANGE_DEFAULT", "CHOP_DEFAULT")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
PAGES = {
    "first page": SetQuery(),
    "largest R first": SetQuery(sort="-r_multiple"),
    "page 900": SetQuery(page=900),
    "reason and profile": SetQuery(reason=("stop_loss",), profile=("TREND_DEFAULT",), sort="pnl_net"),
    "words": SetQuery(q="btc trailing", sort="-hold_seconds"),
}


def leg(number: int, one: int, at: datetime, dice: random.Random) -> dict[str, Any]:
    is_entry = one == 0
    return {
        "leg_id": f"bench-{number}.{one}",
        "side": "buy" if is_entry else "sell",
        "qty": "0.125",
        "price": f"{dice.randint(2_000_000, 4_000_000) / 100}",
        "fees": "1.23456789",
        "timestamp": iso(at),
        "trigger_id": "breakout" if is_entry else None,
        "category": "trend_continuation" if is_entry else "plan",
        "reason": "breakout" if is_entry else dice.choice(REASONS),
        "is_entry": is_entry,
        "exit_fraction": None,
        "wac_at_fill": "30000.01",
        "realized_pnl": "0" if is_entry else f"{dice.randint(-9999, 9999) / 100}",
        "position_after": "0.125",
        "r_multiple": 0.0 if is_entry else dice.uniform(-0.3, 1),
    }


def trade_set(number: int, dice: random.Random) -> dict[str, Any]:
    opened = START + timedelta(minutes=15 * number)
    legs = [leg(number, one, opened + timedelta(hours=one), dice) for one in range(LEGS)]
    return {
        "set_id": f"set-bench-{number}",
        "symbol": dice.choice(SYMBOLS),
        "side": dice.choice(("long", "short")),
        "timeframe": "15m",
        "opened_at": iso(opened),
        "closed_at": legs[-1]["timestamp"],
        "pnl_realized_total": "12.34",
        "fees_total": "4.93827156",
        "funding_total": "0",
        "pnl_net": f"{dice.randint(-99_999, 199_999) / 100}",
        "initial_risk": "500",
        "r_multiple": dice.uniform(-1.2, 4),
        "mfe_r": dice.uniform(0, 5),
        "mae_r": dice.uniform(-1, 0),
        "num_legs": LEGS,
        "entry_triggers": ["breakout"],
        "exit_triggers": [],
        "multiplier": "1",
        "adjustments": [],
        "num_entries": 1,
        "num_exits": LEGS - 1,
        "avg_entry_price": "30000.01",
        "avg_exit_price": "30111.01",
        "max_exposure_quantity": "0.375",
        "max_exposure_notional": "11250.00375",
        "hold_duration": 3600 * (LEGS - 1),
        "profile": dice.choice(PROFILES),
        "regime": dice.choice(("TREND", "RANGE", "CHOP", "NORMAL")),
        "strategy_id": "default",
        "legs": legs,
    }


def plan(one: dict[str, Any]) -> dict[str, Any]:
    """Four planned legs and a stop path of twenty steps, as a ladder with a trail leaves."""
    legs = [
        {"kind": "TP", "order": "HARD", "index": i, "r": i / 2, "price": "30100", "qty": "0.1", "status": "hit"}
        | {"filled_at": None}
        for i in range(4)
    ]
    path = [[i, "29900.5", "trailing_stop"] for i in range(20)]
    more = {"initial_stop": "29900.5", "risk_per_unit": "99.5", "entry_price": "30000", "strategy": "default"}
    own = {"profile": one["profile"], "regime": one["regime"], "notes": []}
    return own | more | {"legs": legs, "stop_path": path}


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """By the clock, and of a processor: they differ where the machine does other things too."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - used


def show(name: str, times: list[tuple[float, float]]) -> None:
    clock, used = (sorted(column) for column in zip(*times))
    print(f"{name:20}{clock[0] * 1000:9,.0f} {clock[-1] * 1000:9,.0f} {used[0] * 1000:9,.0f}")


def import_run(store: Store, run_id: str, sets: list[dict[str, Any]], plans: dict[str, Any]) -> None:
    about = {"run_id": run_id, "symbols": list(SYMBOLS), "timeframe": "15m"}
    store.put_run(run_id, status=RUNNING, owner="benchmark", about=about)
    writer = store.writer(run_id)
    writer.trade_sets(sets)
    writer.plans(plans)
    store.done(writer, description=about, metrics={"num_sets": len(sets)}, timings={}, files=[])


def measure(url: str, count: int, rounds: int) -> None:
    dice = random.Random(7)
    sets = [trade_set(number, dice) for number in range(count)]
    plans = {one["set_id"]: plan(one) for one in sets}
    store = Store.open(url)
    print(f"{count:,} sets, {count * LEGS:,} legs, {store.dialect}")
    print(f"{'ms':20}{'fastest':>9} {'slowest':>9} {'processor':>9}")
    show("import", [seconds(lambda: import_run(store, "bench", sets, plans))])
    store.close()
    store = Store.open(url)
    for name, query in PAGES.items():
        page = partial(store.trade_sets, "bench", query)
        show(name, [seconds(page) for _ in range(rounds)])
    one = partial(store.trade_set, "bench", sets[count // 2]["set_id"])
    show("one set", [seconds(one) for _ in range(rounds)])
    show("all rows out", [seconds(lambda: sum(1 for _ in store.all_trade_sets("bench")))])
    show("delete", [seconds(lambda: store.delete_run("bench"))])
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--url")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.url or f"sqlite:///{Path(folder) / 'store.sqlite3'}", given.sets, given.rounds)


if __name__ == "__main__":
    main()

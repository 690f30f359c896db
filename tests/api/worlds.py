"""A home with finished runs of the real engine: a seeded walk of two symbols, entries, a plan, two configs."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from exitbrain.api.access import Access, loopback_hosts
from exitbrain.api.tokens import Tokens, read_tokens
from exitbrain.wiring.workbench import Workbench

HOST = "127.0.0.1:8321"
URL = f"http://{HOST}"
BARS = 400
HOUR = 3600
START = 1_704_067_200  # 2024-01-01

PLAN = """plan_id: trims
triggers:
- id: trim
  symbol: AAA
  direction: exit
  category: risk_reduce
  exit_rule: rsi_14 > 65
  exit_fraction: 0.5
- id: fear
  symbol: AAA
  direction: exit
  category: risk_off
  exit_rule: rsi_14 < 25
- id: crash
  symbol: AAA
  direction: exit
  category: emergency_exit
  exit_rule: close < 0.97 * prev(close, 1)
"""
PROFILES = """profiles:
- name: QUICK
  symbol: BBB
  regime: TREND
  description: One target and out.
  tp_legs:
  - {r_multiple: 1, size_fraction: 1.0, kind: HARD}
"""


def candles_csv(symbol: str, seed: int) -> str:
    """Whole tenths, a walk with a drift that turns; every high and low is touched by its own bar."""
    rng = np.random.default_rng(seed)
    close = 10_000 + rng.integers(-80, 81, BARS).cumsum() + (np.sin(np.arange(BARS) / 40) * 900).astype(int)
    open_ = np.concatenate(([10_000], close[:-1]))
    high = np.maximum(open_, close) + rng.integers(0, 40, BARS)
    low = np.minimum(open_, close) - rng.integers(0, 40, BARS)
    rows = [
        f"{START + i * HOUR},{symbol},{open_[i] / 10},{high[i] / 10},{low[i] / 10},{close[i] / 10},{rng.integers(5, 50)}"
        for i in range(BARS)
    ]
    return "\n".join(["timestamp,symbol,open,high,low,close,volume", *rows]) + "\n"


def entries() -> list[dict[str, Any]]:
    return [
        {
            "timestamp": f"{np.datetime64(START + bar * HOUR, 's')}Z",
            "symbol": ("AAA", "BBB")[number % 2],
            "side": ("long", "short")[number // 2 % 2],
            "quantity": 2,
            "tag": "every_nine",
        }
        for number, bar in enumerate(range(30, BARS - 10, 9))
    ]


def request(**more: Any) -> dict[str, Any]:
    return {
        "candles": ["AAA_1h", "BBB_1h"],
        "entries": entries(),
        "plan": PLAN,
        "profiles": PROFILES,
        "config": {"account": {"on_opposite": "ignore"}, "exits": {"regime": "auto"}},
        "paths": "both",
        "label": "first",
    } | more


@dataclass(frozen=True)
class World:
    bench: Workbench
    tokens: Tokens
    first: str
    second: str

    def access(self, **more: Any) -> Access:
        return Access(**{"tokens": self.tokens, "hosts": loopback_hosts(8321)} | more)

    @property
    def admin(self) -> dict[str, str]:
        text = self.bench.home.token_file.read_text(encoding="utf-8").split()[-1]
        return {"Authorization": f"Bearer {text}"}


def write_candles(folder: Path) -> None:
    for number, symbol in enumerate(("AAA", "BBB")):
        (folder / f"{symbol}_1h.csv").write_text(candles_csv(symbol, number + 1), encoding="utf-8")


def made_world(home: Path) -> World:
    bench = Workbench.open(home=home, environment={}, workers=1)
    write_candles(bench.home.candles)
    first = finished(bench, request())
    second = finished(
        bench,
        request(label="second", config={"account": {"on_opposite": "ignore"}, "exits": {"default_stop_pct": 1.5}}),
    )
    return World(bench, read_tokens(bench.home.token_file), first, second)


@contextmanager
def copied(world: World, home: Path) -> Iterator[World]:
    """The same runs in a home of their own, for those who delete and add."""
    store = "store.sqlite3"
    shutil.copytree(world.bench.home.folder, home, ignore=shutil.ignore_patterns(f"{store}*"))
    # By SQLite itself: a process that opens and closes the file of a store loses the locks it holds on it.
    with (
        closing(sqlite3.connect(world.bench.home.folder / store)) as own,
        closing(sqlite3.connect(home / store)) as new,
    ):
        own.backup(new)
    bench = Workbench.open(home=home, environment={}, workers=1)
    try:
        yield replace(world, bench=bench)
    finally:
        bench.close()


def finished(bench: Workbench, asked: dict[str, Any], seconds: float = 90) -> str:
    """The id of a run, once it is done."""
    run_id = bench.submit(asked).run_id
    seen = 0
    while True:
        for one in bench.progress_since(run_id, seen, seconds):
            seen = one.seq
            if one.is_last:
                assert one.status == "done", (one, bench.store.run(run_id)["error"])
                return run_id

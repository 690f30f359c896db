"""The homes that the browser's tests are served from: runs of real candles, and made ones whose outcome is known."""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from api.worlds import request, write_candles
from exitbrain.config.settings import load_config
from exitbrain.wiring.experiments import Experiments
from exitbrain.wiring.strategist.promoting import Review, Strategist
from exitbrain.wiring.strategist.proposing import Asked, propose
from exitbrain.wiring.strategist.windows import read_series, sliced
from exitbrain.wiring.workbench import Workbench, worker
from exitbrain.wiring.workbench.running import Progress, worker_environment

EXAMPLE = Path(__file__).parents[2] / "examples" / "trend"
CANDLES = Path("15m") / "binance_perp_SOLUSDT_15m_20221001_20230102.parquet"
DAYS = 260
BAR = 4 * 3600
START = 1_704_067_200  # 2024-01-01


@dataclass(frozen=True)
class Made:
    """Two runs of the same entries; a run, an experiment that slippage decides, and one that nothing decides."""

    home: Path
    first: str
    second: str


def made(home: Path) -> Made:
    with opened(home) as bench:
        write_candles(bench.home.candles)
        first = bench.submit(request()).run_id
        config = {"account": {"on_opposite": "ignore"}, "exits": {"default_stop_pct": 1.5}}
        second = bench.submit(request(label="second", config=config)).run_id
        (bench.home.candles / "BTCUSDT_4h.csv").write_text(candles())
        bench.submit({**every_day(), "label": "every day"})
        slow = {"name": "slow", "config": {"execution": {"slippage_bps": 40}}}
        wide = {"name": "wide", "config": {"exits": {"default_stop_pct": 2.2}}}
        experiments = Experiments(bench)
        for name, arms in (("what slippage costs", ["quick", slow]), ("a wider stop", ["as-it-was", wide])):
            asked = {"name": name, "arms": [{"name": arms[0]}, arms[1]], "inputs": every_day()}
            assert experiments.create(asked)["state"] in ("decided", "exhausted")
        assert {run["status"] for run in bench.store.runs().rows} == {"done"}
        put_into_force(bench, bench.home.candles / "BTCUSDT_4h.csv")
    return Made(home, first, second)


def put_into_force(bench: Workbench, file: Path) -> None:
    """A template's plan, judged on all candles but the last ten days and followed on those."""
    whole = read_series(str(file), load_config(None, {}))
    judged = [sliced(whole[0], 0, len(whole[0]) - 60)]
    plans = Strategist(bench)
    text = propose(judged, Asked(style="mean_reversion", environment={})).text
    for candles, state in ((judged, "shadow"), (whole, "active")):
        held = plans.review(text, Review(candles=candles))
        held = plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])
        assert held["state"] == state


def real(home: Path, data: Path) -> str:
    """A run of the trend example over real candles; it is not the one that the form starts, which has another seed."""
    with opened(home) as bench:
        shutil.copy(data / CANDLES, bench.home.candles / "sol-15m.parquet")
        asked = {name: text_of(f"{name}.yaml") for name in ("plan", "profiles", "config")}
        asked["config"] += "seed: 5\n"
        return bench.submit({"candles": "sol-15m", **asked, "label": "the session's run"}).run_id


def text_of(name: str) -> str:
    """The example's own, for these candles: their symbol and their tick."""
    text = (EXAMPLE / name).read_text(encoding="utf-8").replace("BTCUSDT", "SOLUSDT")
    return text.replace("tick_size: 0.01", "tick_size: 0.001")


def candles() -> str:
    """A walk of 4h bars in whole tenths."""
    rng = np.random.default_rng(5)
    size = DAYS * 6
    close = 50_000 + rng.integers(-350, 351, size).cumsum()
    opens = np.concatenate(([50_000], close[:-1]))
    high = np.maximum(opens, close) + rng.integers(0, 150, size)
    low = np.minimum(opens, close) - rng.integers(0, 150, size)
    rows = [f"{START + i * BAR},{opens[i] / 10},{high[i] / 10},{low[i] / 10},{close[i] / 10},100" for i in range(size)]
    return "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n"


def every_day() -> dict[str, Any]:
    """One entry a day, long and short by turns."""
    entries = [
        {
            "timestamp": f"{np.datetime64(START + (6 * day + 1) * BAR, 's')}Z",
            "side": ("long", "short")[day % 2],
            "quantity": 1,
        }
        for day in range(DAYS - 12)
    ]
    return {"candles": "BTCUSDT_4h", "entries": entries, "config": {"account": {"on_opposite": "ignore"}}}


def opened(home: Path) -> Workbench:
    bench = Workbench.open(home=home, environment={})
    bench.runner.close()
    bench.runner = Here(bench)
    return bench


class Here:
    """Computes at once, and in this process, what a Runner gives to one of its own, which would load every library."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def add(self, run_id: str, folder: Path) -> None:
        self.bench.store.started(run_id)
        said = io.StringIO()
        with patch.dict(os.environ, worker_environment({}, self.bench.home.folder, self.bench.home.store_url)):
            assert worker.main(str(folder), said) == 0, said.getvalue()
        shutil.rmtree(folder)

    def forget(self, run_id: str) -> None: ...

    def progress_since(self, run_id: str, after: int, timeout: float) -> list[Progress] | None:
        return None

    def close(self) -> None: ...

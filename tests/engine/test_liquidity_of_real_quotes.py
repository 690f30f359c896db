"""Liquidity-aware exits over real minutes with real volumes, bids and asks, through the command line (spec P14)."""

from __future__ import annotations

import json
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain.cli import main

FILE = "binance_perp_ADAUSDT_1m_20221213_20221213.parquet"
SHARE, LIMIT = Fraction(1, 20), 3.25  # a tick of 0.0001 is 3.14 to 3.3 bps of that day's prices


@pytest.fixture(scope="module")
def minutes(test_data: Path) -> Path:
    return test_data / "quotes" / FILE


def run_of(folder: Path, minutes: Path, *, liquidity: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Sets and plan notes of the run that the command line made."""
    legs = [{"r_multiple": r, "size_fraction": 0.3, "kind": kind} for r, kind in ((0.15, "SOFT"), (0.3, "HARD"))]
    profile = {"name": "THIN", "symbol": "ADAUSDT", "regime": "NORMAL", "tp_legs": legs,
               "trailing": {"callback_pct": 0.002, "activation_r": 0.2}, "time_stop": {"bars": 60}}  # fmt: skip
    if liquidity:
        profile["liquidity"] = {"max_volume_share": 0.05, "max_spread_bps": LIMIT}
    settings = {
        "instrument": {"symbol": "ADAUSDT", "tick_size": "0.0001", "lot_size": "1", "min_notional": 5},
        "account": {"initial_cash": 1_000_000, "sizing": {"mode": "quantity", "value": 60_000}},
        "exits": {"regime": "NORMAL", "default_stop_pct": 1},
    }
    folder.mkdir()
    (folder / "profiles.json").write_text(json.dumps({"profiles": [profile]}))
    (folder / "config.json").write_text(json.dumps(settings))
    times = pl.read_parquet(minutes)["timestamp"].gather_every(90, 10)
    sides = ["long" if i % 2 else "short" for i in range(len(times))]
    pl.DataFrame({"timestamp": times, "side": sides}).write_csv(folder / "entries.csv")
    arguments = ["backtest", "--candles", minutes, "--quotes", minutes, "--entries", folder / "entries.csv",
                 "--profiles", folder / "profiles.json", "--config", folder / "config.json", "--out", folder / "run"]  # fmt: skip
    assert main([str(one) for one in arguments]) == 0
    events = [json.loads(line) for line in (folder / "run" / "events.jsonl").read_text().splitlines()]
    sets = json.loads((folder / "run" / "trade_sets.json").read_text())["trade_sets"]
    return sets, [event for event in events if event["kind"] == "plan"]


def test_real_minutes_take_their_share_and_no_more(minutes: Path, tmp_path: Path) -> None:
    """Every part of a cut exit is within the share of its minute; all lots leave; the same entries are taken."""
    sets, notes = run_of(tmp_path / "thin", minutes, liquidity=True)
    whole, _ = run_of(tmp_path / "whole", minutes, liquidity=False)
    assert [one["opened_at"] for one in sets] == [one["opened_at"] for one in whole]
    frame = pl.read_parquet(minutes)
    keys = frame["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    volumes = dict(zip(keys, frame["volume"]))
    cut = {note["detail"].split(" ")[0] for note in notes if "sells" in note["detail"]}
    assert {"take_profit_2", "trailing_stop", "time_stop"} <= cut
    for one in sets:
        taken: dict[str, Fraction] = defaultdict(Fraction)
        held = Fraction(0)
        for leg in one["legs"]:
            quantity = Fraction(leg["qty"])
            held += quantity if leg["is_entry"] else -quantity
            if leg["reason"] in ("take_profit_2", "trailing_stop", "time_stop"):
                taken[leg["timestamp"]] += quantity
        assert held == 0
        for time, quantity in taken.items():
            assert quantity <= SHARE * Fraction(repr(volumes[time])), (one["set_id"], time)
    assert sum(len(one["legs"]) for one in sets) > sum(len(one["legs"]) for one in whole)


def test_soft_legs_harden_where_the_real_spread_is_wide(minutes: Path, tmp_path: Path) -> None:
    """The spread of the last quote bar that has closed by the close before; recomputed from bids and asks."""
    _, notes = run_of(tmp_path / "thin", minutes, liquidity=True)
    frame = pl.read_parquet(minutes)
    bid, ask = frame["bid_close"].fill_nan(None).forward_fill(), frame["ask_close"].fill_nan(None).forward_fill()
    wide = ((ask - bid) / ((ask + bid) / 2) * 10_000 > LIMIT).to_list()
    keys = frame["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
    turned = [keys.index(note["time"]) for note in notes if "HARD:" in note["detail"]]
    assert len(turned) >= 3
    assert all(wide[bar - 1] for bar in turned)

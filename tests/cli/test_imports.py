"""`exitbrain import` and `exitbrain doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitbrain.candles import read_candles

from .worlds import World

FILLS = (
    "id,symbol,side,qty,price,fee,timestamp",
    "1,BTCUSDT,buy,1,100,0.1,2024-01-01T00:00:00Z",
    "2,BTCUSDT,sell,0.5,110,0.1,2024-01-01T01:00:00Z",
    "3,BTCUSDT,sell,0.5,105,0.1,2024-01-02T01:00:00Z",
    "4,BTCUSDT,sell,2,105,0.1,2024-01-02T02:00:00Z",
)


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".csv", ".csv.gz"])
def test_candles_come_out_as_they_went_in(suffix: str, world: World) -> None:
    out = f"TST_1h_again{suffix}"
    said = world.run("import", "csv", "TST_1h.csv", "--out", out)
    assert (said.status, said.err) == (0, "")
    assert said.out == f"TST 1h: 6 bars, 2024-01-01 00:00 to 2024-01-01 05:00\n{out}\n"
    before, after = (read_candles(path).candles[0] for path in ("TST_1h.csv", out))
    assert (after.close == before.close).all() and after.scale == before.scale


REFUSED = {
    ("import", "ccxt", "TST_1h.csv", "--out", "a.csv"): "TST_1h.csv: this is csv, not from ccxt; accepted: import csv",
    ("import", "csv", "TST_1h.csv", "--out", "a.txt"): "a file called a.txt; accepted: a name ending in .parquet",
    ("import", "csv", "TST_1h.csv", "--out", "no/a.csv"): "--out no/a.csv: no folder ",
    ("import", "csv", "TST_1h.csv", "--out", "."): "--out . is a folder; accepted: a file",
    ("import", "csv", "TST_1h.csv", "--out", "a.csv", "--tick", "x"): "--tick is 'x'; accepted: a number",
    ("import", "fills", "TST_1h.csv"): "TST_1h.csv: ",
    ("import", "fills", "nothing.csv", "--out", "made"): "nothing.csv: no such file",
    ("import", "fills", "TST_1h.csv", "--fee-price", "BNB"): "--fee-price BNB; accepted: ASSET=PRICE",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(arguments: tuple[str, ...], world: World) -> None:
    before = sorted(Path().iterdir())
    said = world.run(*arguments)
    assert said.status == 2
    assert said.err.startswith(REFUSED[arguments]) and len(said.err.splitlines()) == 1
    assert sorted(Path().iterdir()) == before


def test_an_account_becomes_trade_sets_on_screen_and_in_files(world: World) -> None:
    """(110 − 100) × 0.5 + (105 − 100) × 0.5 = 7.5, less three fees of 0.1: 7.2; the last fill opens a short."""
    world.write("fills.csv", *FILLS)
    said = world.run("import", "fills", "fills.csv", "--expand", "--out", "account")
    assert said.status == 0
    assert "+7.20" in said.out and "still open" in said.out and "note: 1 set still open" in said.out
    sets = json.loads(Path("account/trade_sets.json").read_text())["trade_sets"]
    assert [(one["side"], one["pnl_net"], one["num_legs"]) for one in sets] == [
        ("long", "7.2", 3),
        ("short", "-0.1", 1),
    ]
    assert sorted(path.name for path in Path("account").iterdir()) == ["fills.csv", "legs.parquet", "trade_sets.json"]
    again = json.loads(world.run("import", "fills", "account/fills.csv", "--json").out)
    assert again["trade_sets"] == sets


def test_the_doctor_finds_a_working_installation(world: World) -> None:
    said = world.run("doctor", "--json")
    told = json.loads(said.out)
    assert (said.status, told["ok"]) == (0, True)
    assert {one["subject"] for one in told["findings"]} >= {
        "python",
        "numba",
        "self test",
        "kernel cache",
        "report page",
    }


def test_the_doctor_names_what_does_not_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise ZeroDivisionError("broken")

    monkeypatch.setattr("exitbrain.cli.doctor._known_run", fail)
    said = world.run("doctor")
    assert said.status == 3
    assert "net P&L ZeroDivisionError: broken, -2 expected" in " ".join(said.out.split())
    assert said.err == "not ready: self test\n"

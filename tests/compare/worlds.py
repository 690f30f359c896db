"""A market that shakes positions out: each day a dip that trims or flattens, then the recovery.

A day is six bars of four hours, `dip` the open at which the exit decided at 99.2 fills:

    open   100    100    100    dip    99.6   101
    close  100    100    99.2   99.6   101    101     high of the fifth bar: 101.5

Long 2 at 100 (the second bar) with the stop at 98: R = 2, initial risk 4. Half is taken at `dip`, the rest at the
target of 0.5 R = 101. With dip 99 the ladder makes −1 + 1 = 0, flattening makes −2, or −0.5 R.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2024, 1, 1, tzinfo=UTC)
CONFIG = """\
instrument: {symbol: TST, tick_size: 0.1, lot_size: 0.01, maker_fee: 0, taker_fee: 0}
execution: {slippage_bps: 0}
exits: {regime: NORMAL}
"""
PROFILES = """\
profiles:
  - {name: half_r, regime: NORMAL, tp_legs: [{r_multiple: 0.5, size_fraction: 1.0, kind: HARD}], trailing: null}
"""
PLAN = """\
plan_id: shaken
triggers:
  - {id: trim, symbol: TST, direction: exit, category: risk_reduce, exit_fraction: 0.5, exit_rule: "close < 99.5"}
"""


def write_world(folder: Path, dips: tuple[float, ...] = (99.0,)) -> dict[str, str]:
    """The input files of one dip a day, by the names of `compare`'s arguments."""
    bars, entries = ["timestamp,open,high,low,close,volume"], ["timestamp,symbol,side,quantity,stop_price"]
    for day, dip in enumerate(dips):
        rows = (
            (100, 100.5, 99.8, 100),
            (100, 100.4, 99.8, 100),
            (100, 100, 99, 99.2),
            (dip, 99.6, 98.6, 99.6),
            (99.6, 101.5, 99.6, 101),
            (101, 101, 100.8, 101),
        )
        for i, row in enumerate(rows):
            bars.append(f"{_time(day, i)},{','.join(str(price) for price in row)},10")
        entries.append(f"{_time(day, 1)},TST,long,2,98")
    texts = {"candles": "\n".join(bars), "entries": "\n".join(entries)}
    files = {
        "candles": ("TST_4h.csv", texts["candles"] + "\n"),
        "entries": ("entries.csv", texts["entries"] + "\n"),
        "config": ("config.yaml", CONFIG),
        "profiles": ("profiles.yaml", PROFILES),
        "plan": ("plan.yaml", PLAN),
    }
    for name, text in files.values():
        (folder / name).write_text(text, encoding="utf-8")
    return {role: str(folder / name) for role, (name, _) in files.items()}


def policy(folder: Path, name: str, text: str = "") -> str:
    path = folder / f"{name}.policy.yaml"
    path.write_text(f"name: {name}\n{text}", encoding="utf-8")
    return str(path)


def options(given: dict[str, str]) -> list[str]:
    return [part for role, path in given.items() for part in (f"--{role}", path)]


def _time(day: int, bar: int) -> str:
    return (START + timedelta(days=day, hours=4 * bar)).isoformat()

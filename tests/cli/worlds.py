"""A small run as files: bars around 100, an entry, and what `main` says of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from exitbrain.cli import main

HEADER = "timestamp,open,high,low,close,volume"
BARS = (
    "2024-01-01T00:00:00Z,100,101,99.5,100.5,10",
    "2024-01-01T01:00:00Z,100.5,102,100,101.5,10",
    "2024-01-01T02:00:00Z,101.5,104,101,103.5,10",
    "2024-01-01T03:00:00Z,103.5,104.5,99,99.5,10",
    "2024-01-01T04:00:00Z,99.5,100,97,98,10",
    "2024-01-01T05:00:00Z,98,99,97.5,98.5,10",
)
ENTRY_HEADER = "timestamp,symbol,side,quantity,stop_price,tag"
ENTRIES = (
    "2024-01-01T01:00:00Z,TST,long,1,98.5,breakout",
    "2024-01-01T02:00:00Z,TST,long,1,98.5,breakout",
)


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


class World:
    """Input files in a folder; `run` calls the command line and `backtest` runs them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.write("TST_1h.csv", HEADER, *BARS)
        self.write("entries.csv", ENTRY_HEADER, *ENTRIES)

    def write(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def run(self, *arguments: object) -> Said:
        self.capsys.readouterr()
        status = main([str(one) for one in arguments])
        said = self.capsys.readouterr()
        return Said(status, said.out, said.err)

    def backtest(self, out: str = "out", candles: str = "TST_1h.csv", entries: str = "entries.csv", *more: str) -> Said:
        arguments = ["--candles", self.folder / candles, "--entries", self.folder / entries, *more]
        return self.run("backtest", *arguments, "--out", self.folder / out)

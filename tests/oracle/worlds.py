"""Worlds as folders of files: the files that a user would hand in, and back (the formats of the examples)."""

import csv
import json
from pathlib import Path

import yaml

CANDLE_COLUMNS = ["timestamp", "open", "high", "low", "close", "volume"]
QUOTE_COLUMNS = ["timestamp", "bid", "ask"]
ENTRY_COLUMNS = ["timestamp", "symbol", "side", "quantity", "notional", "risk", "stop_price", "strategy_id", "tag"]
FUNDING_COLUMNS = ["timestamp", "symbol", "rate", "mark_price"]


def load_world(folder):
    """The world that a folder of examples holds."""
    folder = Path(folder)
    config = read_yaml(folder / "config.yaml") or {}
    instrument = config.get("instrument") or {}
    only = instrument.get("symbol") if isinstance(instrument, dict) else None
    detail = folder / "detail.csv"
    return {
        "candles": read_candles(folder / "candles.csv", only),
        "detail": read_candles(detail, only) if detail.exists() else None,
        "funding": read_rows(folder / "funding.csv"),
        "quotes": read_rows(folder / "quotes.csv"),
        "entries": read_rows(folder / "entries.csv"),
        "plan": read_yaml(folder / "plan.yaml"),
        "profiles": read_yaml(folder / "profiles.yaml"),
        "config": config,
    }


def load_expected(folder):
    folder = Path(folder) / "expected"
    lines = (folder / "events.jsonl").read_text().splitlines()
    return {
        "trade_sets": json.loads((folder / "trade_sets.json").read_text())["trade_sets"],
        "events": [json.loads(line) for line in lines],
    }


def write_world(world, folder):
    """Write the files that the command line takes; what a world has not is not written."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_candles(world["candles"], folder / "candles.csv")
    if world.get("detail"):
        write_candles(world["detail"], folder / "detail.csv")
    if world.get("funding") is not None:
        write_rows(world["funding"], FUNDING_COLUMNS, folder / "funding.csv")
    if world.get("quotes"):
        write_rows(world["quotes"], QUOTE_COLUMNS, folder / "quotes.csv")
    if world.get("entries") is not None:
        write_rows(world["entries"], ENTRY_COLUMNS, folder / "entries.csv")
    for name in ("plan", "profiles", "config"):
        if world.get(name) is not None:
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(world[name], sort_keys=False))


def read_yaml(path):
    return yaml.safe_load(path.read_text()) if path.exists() else None


def read_rows(path):
    if not path.exists():
        return None
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_candles(path, only):
    candles = {}
    columns = [*CANDLE_COLUMNS, "spread_bps"]
    for row in read_rows(path):
        candles.setdefault(row.get("symbol") or only, []).append([row[name] for name in columns if name in row])
    return candles


def write_rows(rows, columns, path):
    used = [name for name in columns if any(row.get(name) not in (None, "") for row in rows)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, used or columns, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_candles(candles, path):
    """One file; several symbols get a `symbol` column and stand in time order."""
    names = [*CANDLE_COLUMNS, "spread_bps"]
    rows = [{**dict(zip(names, row)), "symbol": symbol} for symbol, bars in candles.items() for row in bars]
    rows.sort(key=lambda row: (row["timestamp"], row["symbol"]))
    columns = names if len(candles) == 1 else ["timestamp", "symbol", *names[1:]]
    write_rows(rows, columns, path)

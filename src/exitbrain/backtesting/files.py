"""The files of a run: the same inputs give the same bytes, but for timings.json.

A run is written into a folder beside its place and moved there whole, so a failure leaves nothing half-written.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.backtesting.spool import ROWS
from exitbrain.core.given import described
from exitbrain.core.numbers import plain
from exitbrain.core.trade_sets import instant_of, iso
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.backtesting.result import Result

REPORT = "report.html"
OF_SOME_RUNS = (REPORT, "favorable")
FILL_FIELDS = (
    "fill_id", "time", "symbol", "side", "qty", "price", "fee", "maker", "trigger_id", "category", "reason", "set_id",
)  # fmt: skip


def write_run(result: Result, folder: Path, page: str | None = None) -> Path:
    """All files into `folder`, `page` as report.html; files of an earlier run are replaced, foreign ones stay."""
    folder = prepare(folder)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name.lstrip('.')}-", dir=folder.parent))
    try:
        _write_files(result, staging)
        if page is not None:
            (staging / REPORT).write_text(page, encoding="utf-8", newline="\n")
        if result.other is not None:
            (staging / "favorable").mkdir()
            _write_files(result.other, staging / "favorable")
        move_into(folder, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def move_into(folder: Path, staging: Path) -> None:
    """Every item of `staging`; what only some runs have, and an earlier one left, goes: it would be taken for ours.

    Raises InvalidInput where a folder stands in a file's place, before anything is moved: a mixture of two runs would
    be worse than none.
    """
    folder.mkdir(exist_ok=True)
    items = sorted(staging.iterdir())
    for item in items:
        if item.is_file() and item.name != REPORT and (folder / item.name).is_dir():
            raise InvalidInput(Problem(found=f"{item.name} is a folder in {folder}", accepted="a folder without it"))
    for name in OF_SOME_RUNS:
        _remove(folder / name)
    for item in items:
        if item.is_dir():
            _remove(folder / item.name)
        os.replace(item, folder / item.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def path_of(given: object) -> Path:
    if not isinstance(given, str | os.PathLike):
        raise InvalidInput(f"the path is {described(given)}", accepted="text or a pathlib.Path")
    return Path(given)


def prepare(folder: Path) -> Path:
    """The folder's parent exists and can be written to; InvalidInput where not."""
    folder = Path(os.path.abspath(folder))
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(Problem(found=f"--out {folder} is a file", accepted="a folder"))
    nearest = folder
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise InvalidInput(Problem(found=f"--out {folder} cannot be made", accepted="a folder that can be written to"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = f"--out {folder} cannot be made: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="a folder that can be written to")) from None
    return folder


def _write_files(result: Result, folder: Path) -> None:
    _json(folder / "run.json", run_description(result))
    sets = trade_sets_of(result)
    _json(folder / "trade_sets.json", {"run_id": result.run_id, "trade_sets": sets})
    _parquet(folder / "trade_sets.parquet", sets_frame(sets))
    _parquet(folder / "legs.parquet", legs_frame(sets))
    (folder / "fills.csv").write_text(_fills(result), encoding="utf-8")
    with (folder / "events.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(event) + "\n" for event in result.iter_events())
    _write_decisions(folder / "decisions.parquet", result)
    _parquet(folder / "equity.parquet", result.equity)
    _json(folder / "metrics.json", result.metrics)
    _json(folder / "plans.json", result.plans)
    _json(folder / "timings.json", dict(result.timings) | {"read_from": list(result.read_from)})


def run_description(result: Result) -> dict[str, Any]:
    return dict(result.about) | {"ambiguity": result.ambiguity}


def trade_sets_of(result: Result) -> list[dict[str, Any]]:
    """Sets as trade_sets.json holds them, with who planned them."""
    return [
        one.to_dict()
        | {
            "profile": booked.lifecycle.profile,
            "regime": booked.lifecycle.regime,
            "strategy_id": booked.lifecycle.strategy_id,
        }
        for one, booked in zip(result.trade_sets, result.booked)
    ]


def _json(path: Path, value: Any) -> None:
    encoder = json.JSONEncoder(indent=1, ensure_ascii=False, allow_nan=False)
    # Piece by piece: the text of a run with many legs is larger than the run.
    with path.open("w", encoding="utf-8") as file:
        file.writelines(encoder.iterencode(value))
        file.write("\n")


def _parquet(path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(path, compression="zstd", statistics=False)


TEXT_NUMBERS = (
    "pnl_realized_total", "fees_total", "funding_total", "pnl_net", "initial_risk", "avg_entry_price", "avg_exit_price",
    "max_exposure_quantity", "max_exposure_notional", "qty", "price", "fees", "wac_at_fill", "realized_pnl",
    "position_after",
)  # fmt: skip
TIMES = ("opened_at", "closed_at", "timestamp")


def sets_frame(sets: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """One row a set; money as decimal text, times as UTC instants."""
    rows = [
        {key: _flat(value) for key, value in row.items() if key not in ("legs", "funding", "adjustments")}
        for row in sets
    ]
    return _frame(rows, "set_id")


def legs_frame(sets: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    rows = [
        {"set_id": one["set_id"], "symbol": one["symbol"]} | {key: _flat(value) for key, value in leg.items()}
        for one in sets
        for leg in one["legs"]
    ]
    return _frame(rows, "set_id")


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _frame(rows: list[dict[str, Any]], first: str) -> pl.DataFrame:
    import polars as pl

    if not rows:
        return pl.DataFrame(schema={first: pl.String})
    frame = pl.DataFrame(rows, infer_schema_length=None)
    times = [name for name in TIMES if name in frame.columns]
    return frame.with_columns(
        [pl.col(name).cast(pl.String).str.to_datetime(time_unit="us", time_zone="UTC", strict=False) for name in times]
        + [pl.col(name).cast(pl.String) for name in TEXT_NUMBERS if name in frame.columns]
    )


def _fills(result: Result) -> str:
    """Every fill in order of happening."""
    seen: dict[str, tuple[int, int, str, list[Any]]] = {}
    for order, one in enumerate(result.booked):
        instrument = one.market.instrument
        for row in one.lifecycle.rows:
            fill = row.fill
            if fill.fill_id in seen:
                continue
            seen[fill.fill_id] = (
                fill.time,
                order,
                fill.fill_id,
                [
                    fill.fill_id, iso(instant_of(fill.time)), one.lifecycle.symbol, "buy" if fill.side > 0 else "sell",
                    plain(instrument.quantity(fill.lots)), plain(instrument.price(fill.ticks)), _fee(fill.fee),
                    str(fill.maker).lower(), fill.trigger_id or "", fill.category or "", fill.reason or "",
                    one.lifecycle.set_id,
                ],
            )  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FILL_FIELDS)
    ordered = sorted(enumerate(seen.values()), key=lambda item: (item[1][0], item[1][1], item[0]))
    writer.writerows(row[3] for _, row in ordered)
    return text.getvalue()


def _fee(units: int) -> str:
    from decimal import Decimal

    return plain(Decimal(units).scaleb(-8))


def decisions_frame(result: Result) -> pl.DataFrame:
    """One row a candidate of a decision: each guard's answer, its rank, what became of it and who won."""
    import polars as pl

    return pl.concat(list(result.simulation.decisions.frames()))


def _write_decisions(path: Path, result: Result) -> None:
    """Table by table, so that a run of millions of candidates is written in a bounded memory."""
    from itertools import chain

    from polars.io.plugins import register_io_source

    decisions = result.simulation.decisions
    frames = decisions.frames()
    first = next(frames)
    if len(decisions) == len(first):
        _parquet(path, first)
        return

    def source(columns: list[str] | None, *_: Any) -> Iterator[pl.DataFrame]:
        return (frame if columns is None else frame.select(columns) for frame in chain([first], frames))

    tables = register_io_source(source, schema=first.schema)
    tables.sink_parquet(path, compression="zstd", statistics=False, row_group_size=ROWS, maintain_order=True)


def report_payload(result: Result) -> dict[str, Any]:
    """The parts of the report that this room knows, by the names of `report.build_payload`."""
    equity = result.equity_columns
    frame = result.equity
    return {
        "run": run_description(result),
        "metrics": result.metrics,
        "trade_sets": trade_sets_of(result),
        "plans": result.plans,
        "equity": {
            "time": equity.time,
            "equity": equity.equity,
            "drawdown": frame["drawdown"].to_numpy(),
            "exposure": equity.exposed,
        },
        "candles": {symbol: _candles(market) for symbol, market in result.markets.items()},
    }


def _candles(market: Any) -> dict[str, Any]:
    high, low, close = market.floats
    return {"time": market.time, "open": market.opens, "high": high, "low": low, "close": close}

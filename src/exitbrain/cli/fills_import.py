"""`exitbrain import fills`: an account's history as TradeSets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from exitbrain.backtesting.files import legs_frame
from exitbrain.cli.amounts import counted
from exitbrain.cli.output import checked_folder, fill_folder
from exitbrain.cli.set_tables import print_sets
from exitbrain.cli.terminal import console, print_json, sentences
from exitbrain.core.numbers import decimal_of, plain
from exitbrain.errors import InvalidInput
from exitbrain.wiring.fills import fills_to_trade_sets, read_fills


def print_account(path: str, out: str | None, fee_prices: Sequence[str], *, expand: bool, as_json: bool) -> None:
    folder = None if out is None else checked_folder(out)
    made, notes = fills_to_trade_sets(path, fee_prices=dict(map(_priced, fee_prices)))
    sets = [one.to_dict() for one in made]
    if folder is not None:
        fills = read_fills(path)
        fill_folder(folder, lambda staging: _write(staging, sets, fills))
    if as_json:
        print_json({"trade_sets": sets, "notes": list(notes), "out": out})
        return
    terminal = console()
    print_sets(terminal, sets, expand=expand)
    terminal.print(sentences([counted(len(sets), "TradeSet"), *(f"note: {note}" for note in notes)], terminal.width))
    if out is not None:
        terminal.print(f"files   {out}", soft_wrap=True)


def _priced(text: str) -> tuple[str, Decimal]:
    asset, equals, price = text.partition("=")
    if not equals or not asset.strip():
        raise InvalidInput(f"--fee-price {text}", accepted="ASSET=PRICE, such as BNB=600")
    return asset.strip(), decimal_of(price, f"--fee-price {asset}")


def _write(folder: Path, sets: list[dict[str, Any]], fills: Sequence[Mapping[str, Any]]) -> None:
    text = json.dumps({"run_id": None, "trade_sets": sets}, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "trade_sets.json").write_text(text + "\n", encoding="utf-8")
    legs_frame(sets).write_parquet(folder / "legs.parquet", compression="zstd", statistics=False)
    (folder / "fills.csv").write_text(_csv(fills), encoding="utf-8")


def _csv(fills: Sequence[Mapping[str, Any]]) -> str:
    """Our own columns, so that the file can be imported again."""
    names = list(dict.fromkeys(name for fill in fills for name in fill))
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(fill.get(name)) for name in names] for fill in fills)
    return written.getvalue()


def _cell(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value

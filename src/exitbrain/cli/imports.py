"""`exitbrain import`: other programs' candles in our format, and an account's fills as TradeSets."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson

import_app = typer.Typer(no_args_is_help=True, help="Import candles of other programs, or an account's fills.")

Path = Annotated[str, typer.Argument(metavar="PATH", help="The file to read.")]
Out = Annotated[str, typer.Option("--out", metavar="FILE", help="A .parquet, .feather, .csv or .csv.gz to write.")]
Symbol = Annotated[str | None, typer.Option(help="The symbol, where the file does not name it.")]
Repair = Annotated[bool, typer.Option("--repair", help="Mend broken candles, and say what was done.")]
Tick = Annotated[str | None, typer.Option(help="Tick size. Prices off it are faults, which --repair rounds.")]


@import_app.command(
    "freqtrade", epilog="Example: exitbrain import freqtrade BTC_USDT-5m.feather --out BTCUSDT_5m.parquet"
)
def import_freqtrade(
    path: Path, out: Out, symbol: Symbol = None, repair: Repair = False, tick: Tick = None, as_json: AsJson = False
) -> None:
    """Candles that freqtrade downloaded: feather, Parquet or JSON."""
    _convert("freqtrade", path, out, symbol, repair, tick, as_json)


@import_app.command(
    "binance", epilog="Example: exitbrain import binance BTCUSDT-1m-2024-01.zip --out BTCUSDT_1m.parquet"
)
def import_binance(
    path: Path, out: Out, symbol: Symbol = None, repair: Repair = False, tick: Tick = None, as_json: AsJson = False
) -> None:
    """Klines of Binance Vision: CSV or zip."""
    _convert("binance", path, out, symbol, repair, tick, as_json)


@import_app.command(
    "ccxt", epilog="Example: exitbrain import ccxt ohlcv.json --symbol BTCUSDT --out BTCUSDT_1h.parquet"
)
def import_ccxt(
    path: Path, out: Out, symbol: Symbol = None, repair: Repair = False, tick: Tick = None, as_json: AsJson = False
) -> None:
    """Rows of ccxt's fetch_ohlcv as JSON."""
    _convert("ccxt", path, out, symbol, repair, tick, as_json)


@import_app.command("csv", epilog="Example: exitbrain import csv prices.csv --symbol EURUSD --out EURUSD_1h.parquet")
def import_csv(
    path: Path, out: Out, symbol: Symbol = None, repair: Repair = False, tick: Tick = None, as_json: AsJson = False
) -> None:
    """Any CSV with a timestamp, open, high, low, close and volume."""
    _convert("csv", path, out, symbol, repair, tick, as_json)


@import_app.command("fills", epilog="Example: exitbrain import fills trades.csv --fee-price BNB=600 --out account")
def import_fills(
    path: Annotated[str, typer.Argument(metavar="F", help="The account's fills: CSV, JSON, JSON lines or Parquet.")],
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Write trade_sets.json, legs.parquet, fills.csv here.")
    ] = None,
    fee_price: Annotated[
        list[str] | None,
        typer.Option("--fee-price", metavar="ASSET=PRICE", help="Price of an asset that fees were paid in."),
    ] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Show the trade legs under each TradeSet.")] = False,
    as_json: AsJson = False,
) -> None:
    """TradeSets of an account's history."""
    from exitbrain.cli.fills_import import print_account

    print_account(path, out, fee_price or [], expand=expand, as_json=as_json)


def _convert(
    source: str, path: str, out: str, symbol: str | None, repair: bool, tick: str | None, as_json: bool
) -> None:
    from exitbrain.cli.candle_import import print_converted

    print_converted(source, path, out, symbol=symbol, repair=repair, tick=tick, as_json=as_json)

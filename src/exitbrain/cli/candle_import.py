"""`exitbrain import freqtrade|binance|ccxt|csv`: candles in our format, and what was said about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exitbrain.candles import convert
from exitbrain.candles.timestamps import duration, iso
from exitbrain.cli.amounts import counted, moment
from exitbrain.cli.output import checked_file
from exitbrain.cli.progress import working
from exitbrain.cli.terminal import console, print_json, sentences
from exitbrain.core.numbers import decimal_of

if TYPE_CHECKING:
    from exitbrain.candles import Candles


def print_converted(
    source: str, path: str, out: str, *, symbol: str | None, repair: bool, tick: str | None, as_json: bool
) -> None:
    tick_size = None if tick is None else decimal_of(tick, "--tick")
    checked_file(out)
    with working("converting"):
        file = convert(source, path, out, symbol=symbol, repair=repair, tick_size=tick_size)
    if as_json:
        told = {"format": file.format, "notes": list(file.notes), "repairs": list(file.repairs)}
        print_json({"out": out, "series": [_series(one) for one in file.candles]} | told)
        return
    lines = [_sentence(one) for one in file.candles]
    lines += [f"repaired: {line}" for line in file.repairs] + [f"note: {line}" for line in file.notes]
    terminal = console()
    terminal.print(sentences(lines, terminal.width))
    terminal.print(out, soft_wrap=True)


def _series(candles: Candles) -> dict[str, Any]:
    return {
        "symbol": candles.symbol,
        "timeframe": duration(candles.timeframe),
        "bars": len(candles),
        "start": iso(int(candles.time[0])),
        "end": iso(int(candles.time[-1])),
    }


def _sentence(candles: Candles) -> str:
    one = _series(candles)
    span = f"{moment(one['start'])} to {moment(one['end'])}"
    return f"{one['symbol']} {one['timeframe']}: {counted(one['bars'], 'bar')}, {span}"

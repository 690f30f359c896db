"""`exitbrain compare`: check, run each policy, write, and tell it in a screenful."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from exitbrain.cli.amounts import ABSENT, counted, moment, money, share, signed, signed_r
from exitbrain.cli.backtest_run import Asked
from exitbrain.cli.output import checked_folder, fill_folder
from exitbrain.cli.progress import working
from exitbrain.cli.terminal import console, print_json, sentences, show, table

if TYPE_CHECKING:
    from exitbrain.wiring.compare import Comparison

Row = Mapping[str, Any]
LABEL = 16
NARROWEST = 21


def run_compare(asked: Asked, policies: Sequence[str], out: str, *, as_json: bool) -> None:
    folder = checked_folder(out)
    with working("running"):
        comparison = _run(asked, policies)
        told = comparison.to_dict()
    with working("writing"):
        fill_folder(folder, comparison.to_dir)
    if as_json:
        print_json(told | {"out": out})
        return
    terminal = console()
    show(terminal, *blocks(told, terminal.width))
    terminal.print(f"\nfiles   {out}", soft_wrap=True, markup=False)


def _run(asked: Asked, policies: Sequence[str]) -> Comparison:
    from exitbrain.wiring.compare import compare

    return compare(**asdict(asked), policies=policies)


def blocks(told: Row, width: int) -> list[RenderableType | None]:
    return [
        _head(told),
        *_figures(told["policies"], width),
        *(_pair(pair, width) for pair in told["pairs"]),
        sentences([f"{word}: {line}" for word in ("warning", "note") for line in told[f"{word}s"]], width) or None,
    ]


def _head(told: Row) -> Text:
    symbols = told["symbols"]
    which = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
    span = f"{moment(told['start'])} to {moment(told['end'])}"
    return Text.assemble((f"{which} {told['timeframe']}", "bold"), f"  {span}  {counted(told['bars'], 'bar')}")


FIGURES: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("TradeSets", lambda row: f"{row['num_sets']:,}"),
    ("whipsaws", lambda row: _whipsaws(row)),
    ("whipsaw cost", lambda row: f"{money(row['whipsaw_cost'])}"),
    ("fees", lambda row: money(row["fees_total"])),
    ("max drawdown", lambda row: share(row["max_drawdown"])),
    ("net P&L", lambda row: signed(row["net_pnl"])),
    ("net R", lambda row: signed_r(row["net_r"])),
    ("expectancy in R", lambda row: f"{signed_r(row['expectancy_r'])} {_between(row, 'expectancy_r', _r)}"),
)


def _figures(policies: Sequence[Row], width: int) -> Iterable[RenderableType]:
    """A column a policy, as many beside each other as the terminal holds."""
    column = max(NARROWEST, *(len(row["name"]) for row in policies)) + 2
    beside = max(1, (width - LABEL) // column)
    for start in range(0, len(policies), beside):
        here = policies[start : start + beside]
        rows = [[label, *(cell(row) for row in here)] for label, cell in FIGURES]
        yield table([("", False), *((row["name"], True) for row in here)], rows)


def _pair(pair: Row, width: int) -> str:
    """The verdict, then what it rests on."""
    lines = [pair["verdict"]]
    if pair["num_pairs"]:
        parts = ", ".join(f"{share(pair[f'share_{word}'])} {word}" for word in ("better", "worse", "equal"))
        lines.append(
            f"  {counted(pair['num_pairs'], 'paired set')} in {counted(pair['num_clusters'], pair['cluster'])}: {parts}; "
            f"{signed(pair['difference_pnl'])} {_between(pair, 'difference_pnl', money)} a set"
        )
    lines.append(f"  netting, {counted(pair['netting_days'], 'day')}: {pair['netting_verdict']}")
    # Names of policies have hyphens, at which they must not break.
    return "\n".join(fill(line, width, subsequent_indent="    ", break_on_hyphens=False) for line in lines)


def _whipsaws(row: Row) -> str:
    return f"{row['whipsaw_count']:,} of {counted(row['num_risk_exits'], 'risk exit')}"


def _between(row: Row, name: str, words: Callable[[Any], str]) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"[{ABSENT}]" if low is None else f"[{words(low)}, {words(high)}]"


def _r(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"

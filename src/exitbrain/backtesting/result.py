"""What a run gives back: sets, legs, events, equity and metrics, built when somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.analysis import ambiguity, reversing_tags, run_metrics
from exitbrain.analysis.columns import EquityColumns, LegColumns, SetColumns
from exitbrain.backtesting.collecting import paused_collector
from exitbrain.backtesting.columns import (
    BookedSet,
    bar_columns,
    equity_columns,
    in_order,
    leg_columns,
    set_columns,
)
from exitbrain.backtesting.market import Market
from exitbrain.backtesting.plans_made import plans_made
from exitbrain.backtesting.simulation import Simulation
from exitbrain.core.trade_sets import TradeLeg, TradeSet, instant_of, iso, trade_set
from exitbrain.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """One run. `about` is what run.json says of it; `other` is the same run on the favorable path, where asked for.

    `followed` holds the sets where the kernel has followed all entries at once; the simulation then runs when events,
    decisions or plans are asked for. `read_from` are the folders that files were read from: like `timings` they tell of
    this one time, and change no byte of what follows from the inputs.
    """

    about: Mapping[str, Any]
    simulation: Simulation
    markets: Mapping[str, Market]
    whipsaw_window_bars: int = 24
    other: Result | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    read_from: tuple[str, ...] = ()
    followed: list[BookedSet] | None = None

    @property
    def run_id(self) -> str:
        return str(self.about["run_id"])

    @cached_property
    def booked(self) -> list[BookedSet]:
        return in_order(self.simulation.booked if self.followed is None else self.followed)

    @cached_property
    def trade_sets(self) -> list[TradeSet]:
        with paused_collector():
            return [trade_set(one.lifecycle) for one in self.booked]

    @property
    def legs(self) -> list[TradeLeg]:
        """Every trade leg, set by set."""
        return [leg for one in self.trade_sets for leg in one.legs]

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Block events, latch changes and plan notes in order of happening, as events.jsonl holds them."""
        return list(self.iter_events())

    def iter_events(self) -> Iterator[dict[str, Any]]:
        """The same one by one, for runs whose events are many."""
        from exitbrain.core.numbers import plain
        from exitbrain.core.timeframes import timeframe_word

        for event in self.simulation.events:
            yield event | {
                "time": iso(instant_of(event["time"])),
                "timeframe": timeframe_word(event["timeframe"]),
                "price": None if event["price"] is None else plain(event["price"]),
            }

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """Every candidate of every decision, as decisions.parquet holds them."""
        from exitbrain.backtesting.files import decisions_frame

        return decisions_frame(self)

    @cached_property
    def set_columns(self) -> SetColumns:
        return set_columns(self.booked)

    @cached_property
    def leg_columns(self) -> LegColumns:
        return leg_columns(self.booked)

    @cached_property
    def equity_columns(self) -> EquityColumns:
        return equity_columns(self.booked, list(self.markets.values()), self.simulation.settings.initial_cash)

    @cached_property
    def equity(self) -> pl.DataFrame:
        """time (bar open, UTC), equity at the close, drawdown (fraction ≤ 0), exposure (|notional| ÷ equity)."""
        import polars as pl

        from exitbrain.analysis import drawdown_curve

        columns = self.equity_columns
        return pl.DataFrame(
            {
                "time": pl.Series(columns.time, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
                "equity": columns.equity,
                "drawdown": drawdown_curve(columns),
                "exposure": columns.exposed,
            }
        )

    @cached_property
    def metrics(self) -> dict[str, float | int | None]:
        settings = self.simulation.settings
        with paused_collector():
            sets, legs = self.set_columns, self.leg_columns
        return run_metrics(
            sets,
            legs,
            self.equity_columns,
            bars={symbol: bar_columns(market) for symbol, market in self.markets.items()},
            whipsaw_window_bars=self.whipsaw_window_bars,
            independent=settings.independent,
            exits_at_open=not settings.fill_at_close,
        )

    @cached_property
    def ambiguity(self) -> dict[str, Any] | None:
        """How much hangs on the path inside a bar; None unless both paths were run (spec X5)."""
        if self.other is None:
            return None
        return ambiguity(
            self.set_columns,
            self.other.set_columns,
            adverse_exits=self._exits,
            favorable_exits=self.other._exits,
            finest=max(market.finest for market in self.markets.values()),
        )

    @property
    def reversing_tags(self) -> set[str]:
        """Exit reasons that are tags of entries which turned a position round (spec F13)."""
        legs = self.leg_columns
        return reversing_tags(zip(legs.reason, legs.trigger_id, legs.is_entry.tolist()))

    @property
    def _exits(self) -> list[tuple[tuple[str | None, int], ...]]:
        """How each set left: reason and price of every exit."""
        return [
            tuple((row.fill.reason, row.fill.ticks) for row in one.lifecycle.rows if row.is_exit) for one in self.booked
        ]

    @cached_property
    def plans(self) -> dict[str, Any]:
        return plans_made(in_order(self.simulation.booked))

    @property
    def warnings(self) -> Sequence[str]:
        return self.about["warnings"]

    def to_dir(self, path: str | Path, *, page: str | None = None) -> Path:
        """Write every file of a run into a folder, made if missing; `page` is the report where it is rendered already.

        Where the web UI was not built into the package there is no report.html.
        """
        from exitbrain.backtesting.files import path_of, write_run

        folder = path_of(path)
        if page is None:
            try:
                page = self.report()
            except Unavailable:
                page = None
        return write_run(self, folder, page)

    def report_payload(self) -> dict[str, Any]:
        """What the HTML report shows."""
        from exitbrain.backtesting.files import report_payload

        return report_payload(self)

    def report(self) -> str:
        """The HTML report: one self-contained page. Raises Unavailable where the web UI was not built."""
        from exitbrain.report import build_payload, render_report

        return render_report(build_payload(**self.report_payload()))

    def plot(self, path: str | Path | None = None, *, show: bool = True) -> Path:
        """Write the report to `path` (a temporary file by default), open it in the browser, and say where it is."""
        import tempfile
        import webbrowser

        from exitbrain.backtesting.files import path_of

        target = path_of(path) if path is not None else Path(tempfile.mkdtemp(prefix="exitbrain-")) / "report.html"
        page = self.report()
        try:
            target.write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            raise InvalidInput(f"{target} cannot be written: {error.strerror}", accepted="a file to write") from None
        if show:
            webbrowser.open(target.resolve().as_uri())
        return target

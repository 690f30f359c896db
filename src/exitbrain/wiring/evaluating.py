"""Configurations → one row of measures each, over inputs that are read once a process.

An evaluator takes a piece of configurations and gives Parquet back: a row each, and on request a row for each of their
TradeSets. Here the engine of a backtest does it: candles, entries and features are shared, only what a configuration
changes is made anew. A configuration that no file could say (two legs at one R, callbacks that widen) is a row with
the reason in `refused`.
"""

from __future__ import annotations

import gc
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from exitbrain.analysis.columns import STILL_OPEN, SetColumns
from exitbrain.backtesting.collecting import paused_collector
from exitbrain.backtesting.result import Result
from exitbrain.backtesting.simulation import Simulation
from exitbrain.config.settings import Settings
from exitbrain.config.spaces import Configuration, ConfigurationMaker, Space
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput
from exitbrain.wiring.fast import Openings, candles_of, openings, problem_of, reduced, rows_of
from exitbrain.wiring.inputs import RunInputs, gather, read_once
from exitbrain.wiring.settings import run_settings

if TYPE_CHECKING:
    import polars as pl

NUMBER = "configuration"
REFUSED = "refused"
KEPT_MARKETS = 4
BETWEEN_COLLECTIONS = 8
KEPT_OPENINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The inputs that every configuration shares, by the names of `backtest`; `settings` are those before the space."""

    candles: Any
    settings: Settings
    detail: Any = None
    funding: Any = None
    quotes: Any = None
    entries: Any = None
    plan: Any = None
    profiles: Any = None
    repair: bool = False
    path: str | None = None
    fast: bool = False

    def by_full_path(self) -> Given:
        """For a process that runs in another folder."""
        names = ("candles", "detail", "funding", "quotes", "entries", "plan", "profiles")
        return replace(self, **{name: _full_path(getattr(self, name)) for name in names})

    def gathered(self, settings: Settings, candles: Any) -> RunInputs:
        return gather(
            candles, detail=self.detail, funding=self.funding, quotes=self.quotes, entries=self.entries,
            plan=self.plan, profiles=self.profiles, config=settings, repair=self.repair,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A piece of work that can be sent: `content` is the hash of the inputs, which a worker's own must equal."""

    given: Given
    space: Space
    content: str
    first: int
    values: Sequence[Mapping[str, Any]]
    with_sets: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Parquet of a piece: a row a configuration, and a row a set where they were asked for."""

    rows: bytes
    sets: bytes | None = None


@dataclass(slots=True)
class Shared:
    """Inputs read once, and the maker of configurations over them."""

    given: Given
    space: Space
    inputs: RunInputs = field(init=False)
    maker: ConfigurationMaker = field(init=False)
    _candles: Any = field(init=False)
    _others: dict[str, RunInputs] = field(init=False, default_factory=dict)
    _openings: dict[str, Openings | None] = field(init=False, default_factory=dict)
    _problems: dict[str, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._candles = read_once(self.given.candles, self.given.settings, repair=self.given.repair)
        self.inputs = self.given.gathered(self.given.settings, self._candles)
        self.maker = ConfigurationMaker(self.space, self.inputs.registry.profiles, self.given.settings)

    @property
    def content(self) -> str:
        return content_of(self.inputs)

    def result(self, configuration: Configuration) -> Result:
        """The run of one configuration, as a backtest with its profile and config would be."""
        inputs = self._under(configuration.settings)
        simulation = Simulation(
            inputs.markets,
            inputs.rows,
            inputs.registry if configuration.profile is None else only(configuration.profile),
            run_settings(configuration.settings, inputs.plan, path=self.given.path),
            plan=inputs.plan,
            funding=inputs.funding,
            traced=False,
        )
        simulation.run()
        return Result(
            about={"run_id": ""},
            simulation=simulation,
            markets=inputs.markets,
            whipsaw_window_bars=configuration.settings.whipsaw.window_bars,
        )

    def metrics(self, configuration: Configuration) -> dict[str, Any]:
        """Of a run by the engine: all measures, or those of a fast sweep."""
        found = dict(self.result(configuration).metrics)
        return reduced(found) if self.given.fast else found

    def kernel_problem(self, configuration: Configuration) -> str | None:
        """Why the engine has to run this configuration; None where the kernel can."""
        from exitbrain.kernel.sweep import unsupported

        if configuration.profile is None:
            return "profiles are selected by regime"
        key = self.key_of(configuration.settings)
        if key not in self._problems:
            inputs = self._under(configuration.settings)
            run = run_settings(configuration.settings, inputs.plan, path=self.given.path)
            self._problems[key] = problem_of(inputs, run)
        return self._problems[key] or unsupported(configuration.profile)

    def key_of(self, settings: Settings) -> str:
        """Equal for equal settings."""
        return "" if settings is self.given.settings else json.dumps(settings.to_dict(), sort_keys=True)

    def openings(self, settings: Settings) -> Openings | None:
        """What all profiles under these settings share; None where machine words cannot hold it."""
        from exitbrain.kernel.recipes import out_of_reach, recipes_of

        key = self.key_of(settings)
        if key not in self._openings:
            while len(self._openings) >= KEPT_OPENINGS:
                del self._openings[next(iter(self._openings))]
            inputs = self._under(settings)
            run = run_settings(settings, inputs.plan, path=self.given.path)
            found = openings(inputs, run, settings, self.given.path)
            too_far = out_of_reach(candles_of(found.market).largest_price, found.entries, recipes_of([]), found.costs)
            self._openings[key] = None if too_far or not len(found.entries) else found
        return self._openings[key]

    def _under(self, settings: Settings) -> RunInputs:
        """Ticks, lots and fees hang on the instrument and the initial cash; all else is the same for every run."""
        if (settings.instrument, settings.account.initial_cash) == (
            self.given.settings.instrument,
            self.given.settings.account.initial_cash,
        ):
            return self.inputs
        key = json.dumps([settings.to_dict()["instrument"], str(settings.account.initial_cash)])
        if key not in self._others:
            while len(self._others) >= KEPT_MARKETS:
                del self._others[next(iter(self._others))]
            self._others[key] = self.given.gathered(settings, self._candles)
        return self._others[key]


def _full_path(given: Any) -> Any:
    if isinstance(given, list | tuple):
        return [_full_path(one) for one in given]
    is_path = isinstance(given, os.PathLike) or (isinstance(given, str) and os.path.exists(given))
    return os.path.abspath(given) if is_path else given


def only(profile: Any) -> ProfileRegistry:
    """A registry in which this profile manages every position."""
    registry = ProfileRegistry(defaults=False)
    registry.register(profile)
    return registry


def content_of(inputs: RunInputs) -> str:
    return json.dumps([[source.role, source.sha256] for source in inputs.sources])


@lru_cache(maxsize=1)
def _shared_of_process(key: str) -> list[Shared]:
    """A place for the inputs of the sweep this process is at; filled by `evaluate`."""
    return []


def evaluate(task: Task) -> Rows:
    """One piece, in whatever process this is. Raises InvalidInput where the inputs here are not those of the sweep."""
    held = _shared_of_process(
        f"{task.content}{task.space.content()}{task.given.settings!r}{task.given.path}{task.given.fast}"
    )
    if not held:
        shared = Shared(task.given, task.space)
        if shared.content != task.content:
            raise InvalidInput("the input files of a worker differ from those of the sweep", accepted="the same files")
        held.append(shared)
    return evaluate_with(held[0], task.first, task.values, with_sets=task.with_sets)


def evaluate_with(shared: Shared, first: int, values: Iterable[Mapping[str, Any]], *, with_sets: bool = False) -> Rows:
    rows: list[dict[str, Any]] = []
    axes = shared.space.axes
    by_kernel: dict[str, list[tuple[int, Configuration]]] = {}
    parts: dict[int, pl.DataFrame] = {}
    with paused_collector():
        for number, own in enumerate(values, first):
            row: dict[str, Any] = {NUMBER: number, REFUSED: None}
            row |= {axis.key: axis.shown(own.get(axis.key)) for axis in axes}
            rows.append(row)
            try:
                configuration = shared.maker.make(own)
            except InvalidInput as error:
                row[REFUSED] = "; ".join(problem.found for problem in error.problems)
                continue
            if shared.given.fast and shared.kernel_problem(configuration) is None:
                by_kernel.setdefault(shared.key_of(configuration.settings), []).append((number, configuration))
                continue
            parts |= _by_engine(shared, row, configuration, with_sets=with_sets)
            if len(rows) % BETWEEN_COLLECTIONS == 0:
                gc.collect()
        for group in by_kernel.values():
            found = shared.openings(group[0][1].settings)
            if found is None:
                for number, configuration in group:
                    parts |= _by_engine(shared, rows[number - first], configuration, with_sets=with_sets)
                continue
            numbers = [number for number, _ in group]
            made, sets = rows_of(found, [one for _, one in group], numbers, with_sets=with_sets)
            for number, measured in zip(numbers, made, strict=True):
                rows[number - first].update(measured)
            parts |= dict(zip(numbers, sets, strict=False))
    sets = [parts[number] for number in sorted(parts)]
    return Rows(_parquet(rows_frame(rows, shared.space)), _parquet(_together(sets)) if with_sets else None)


def _by_engine(
    shared: Shared, row: dict[str, Any], configuration: Configuration, *, with_sets: bool
) -> dict[int, pl.DataFrame]:
    result = shared.result(configuration)
    metrics = dict(result.metrics)
    row.update(reduced(metrics) if shared.given.fast else metrics)
    return {row[NUMBER]: sets_frame(row[NUMBER], result.set_columns)} if with_sets else {}


def rows_frame(rows: Sequence[Mapping[str, Any]], space: Space) -> pl.DataFrame:
    import polars as pl

    kinds = {"integer": pl.Int64, "number": pl.Float64, "truth": pl.Boolean, "text": pl.String}
    schema: dict[str, Any] = {NUMBER: pl.Int64, REFUSED: pl.String}
    schema |= {axis.key: kinds[axis.kind] for axis in space.axes}
    names = dict.fromkeys(name for row in rows for name in row)
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        kind = schema.get(name)
        if kind is None:
            known = [value for value in values if value is not None]
            kind = pl.Null if not known else pl.Int64 if all(isinstance(one, int) for one in known) else pl.Float64
        columns.append(pl.Series(name, values, dtype=kind, strict=False))
    return pl.DataFrame(columns)


SETS_ORDER = (
    NUMBER, "set_id", "symbol", "side", "opened_at", "closed_at", "bars_held", "r_multiple", "pnl_net", "initial_risk",
    "mfe_r", "mae_r", "entry_reason", "exit_reason",
)  # fmt: skip
SET_COLUMNS = ("side", "opened_at", "closed_at", "bars_held", "r_multiple", "pnl_net", "initial_risk", "mfe_r", "mae_r")


def sets_frame(number: int, sets: SetColumns) -> pl.DataFrame:
    """A row a TradeSet: times in µs since 1970 as UTC instants, closed_at and R null while open."""
    import polars as pl

    frame = pl.DataFrame({name: getattr(sets, name) for name in SET_COLUMNS})
    open_ = pl.col("closed_at") == STILL_OPEN
    return frame.select(
        pl.lit(number, dtype=pl.Int64).alias(NUMBER),
        pl.Series("set_id", list(sets.set_id), dtype=pl.String),
        pl.Series("symbol", list(sets.symbol), dtype=pl.String),
        pl.col("side").cast(pl.Int8),
        pl.col("opened_at").cast(pl.Datetime("us", "UTC")),
        pl.when(open_).then(None).otherwise(pl.col("closed_at")).cast(pl.Datetime("us", "UTC")).alias("closed_at"),
        pl.col("bars_held"),
        pl.col("r_multiple").fill_nan(None),
        pl.col("pnl_net"),
        pl.col("initial_risk").fill_nan(None),
        pl.col("mfe_r").fill_nan(None),
        pl.col("mae_r").fill_nan(None),
        pl.Series("entry_reason", list(sets.entry_reason), dtype=pl.String),
        pl.Series("exit_reason", list(sets.exit_reason), dtype=pl.String),
    )


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema={NUMBER: pl.Int64})


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()

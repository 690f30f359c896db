"""`backtest`: from inputs to a Result, with an id that derives from the inputs."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from exitbrain import __version__
from exitbrain.backtesting.collecting import paused_collector
from exitbrain.backtesting.columns import BookedSet
from exitbrain.backtesting.following import can_follow, followed
from exitbrain.backtesting.result import Result
from exitbrain.backtesting.settings import RunSettings
from exitbrain.backtesting.simulation import Simulation
from exitbrain.config.environment import exit_brain_enabled
from exitbrain.core.timeframes import timeframe_word
from exitbrain.core.trade_sets import instant_of, iso
from exitbrain.errors import InvalidInput
from exitbrain.wiring.inputs import RunInputs, folders_of, gather
from exitbrain.wiring.settings import run_settings

PATHS = ("adverse", "favorable", "both")
Progress = Callable[[str, float], None]


def backtest(
    candles: Any,
    *,
    plan: Any = None,
    entries: Any = None,
    profiles: Any = None,
    config: Any = None,
    detail: Any = None,
    funding: Any = None,
    quotes: Any = None,
    paths: str | None = None,
    repair: bool = False,
    environment: Mapping[str, str] | None = None,
    traced: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Run entries or triggers over candles under a plan, profiles and a config.

    Every setting can also come from `environment` (the process's by default), as EXITBRAIN_EXITS__USE_PROFILES.
    Paths, polars and pandas frames, mappings and values of our own are taken alike. `paths` both runs the adverse and
    the favorable path and tells how much hangs on it; None takes the config's. `traced` False leaves out the paths of
    the stops, which only pictures need. `progress` hears a stage (reading, running, favorable) and the share of it that
    is done. Raises InvalidInput.
    """
    refuse_unknown_paths(paths)
    tell = progress or (lambda stage, share: None)
    tell("reading", 0.0)
    started = time.perf_counter()
    environment = os.environ if environment is None else environment
    exit_brain_enabled(environment)  # refuses words that it does not know; a backtest itself is always on
    with paused_collector():
        inputs = gather(
            candles, detail=detail, funding=funding, quotes=quotes, entries=entries, plan=plan, profiles=profiles,
            config=config, repair=repair, environment=environment,
        )  # fmt: skip
    read = time.perf_counter()
    tell("reading", 1.0)
    first = "adverse" if paths == "both" else paths
    main = one_run(inputs, first, paths, other=None, traced=traced, told=_of_stage(progress, "running"))
    if paths == "both":
        told = _of_stage(progress, "favorable")
        other = one_run(inputs, "favorable", paths, other=None, traced=traced, told=told)
        main = Result(**{**_fields(main), "other": other})
    ran = time.perf_counter()
    timings = {"read_seconds": read - started, "run_seconds": ran - read}
    return Result(**{**_fields(main), "timings": timings, "read_from": folders_of(inputs.sources)})


def refuse_unknown_paths(paths: str | None) -> None:
    if paths is not None and paths not in PATHS:
        raise InvalidInput(f"paths is {paths!r}", accepted=", ".join(PATHS))


def described(inputs: RunInputs, paths: str | None) -> dict[str, Any]:
    """What run.json will say of a run over these inputs, run_id included, but for what comes out of it."""
    return _about(inputs, _config(inputs, "adverse" if paths == "both" else paths))


def _of_stage(progress: Progress | None, stage: str) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(stage, share)


def _config(inputs: RunInputs, path: str | None) -> dict[str, Any]:
    config = inputs.settings.to_dict()
    if path is not None:
        config["execution"]["path"] = path
    return config


def _fields(result: Result) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__dataclass_fields__}


def one_run(
    inputs: RunInputs, path: str | None, paths: str | None, *, other: Result | None, traced: bool,
    told: Callable[[float], None] | None = None,
) -> Result:  # fmt: skip
    settings = run_settings(inputs.settings, inputs.plan, path=path)
    about = _about(inputs, _config(inputs, path))
    simulation = Simulation(
        inputs.markets, inputs.rows, inputs.registry, settings,
        plan=inputs.plan, funding=inputs.funding, run_id=about["run_id"], traced=traced,
    )  # fmt: skip
    # Who follows the progress of a run wants its files, and those hold what only a simulation tells.
    sets = _followed(inputs, settings, about["run_id"]) if told is None else None
    if sets is None:
        simulation.run(told)
    return Result(
        about=about,
        simulation=simulation,
        markets=inputs.markets,
        whipsaw_window_bars=inputs.settings.whipsaw.window_bars,
        other=other,
        followed=sets,
    )


def _followed(inputs: RunInputs, settings: RunSettings, run_id: str) -> list[BookedSet] | None:
    """The sets of a run that the kernel can follow; None of any other."""
    if not can_follow(inputs.markets, inputs.rows, inputs.registry, settings, plan=inputs.plan, funding=inputs.funding):
        return None
    ((symbol, market),) = inputs.markets.items()
    return followed(market, inputs.rows[symbol], inputs.registry, settings, run_id)


def _about(inputs: RunInputs, config: dict[str, Any]) -> dict[str, Any]:
    """What run.json says; run_id derives from the content of the inputs and the settings."""
    sources = [source.to_dict() for source in inputs.sources]
    content = [[source["role"], source["sha256"]] for source in sources]
    digest = hashlib.sha256(json.dumps([__version__, content, config], sort_keys=True).encode()).hexdigest()
    markets = inputs.markets.values()
    uncovered = {market.symbol: market.uncovered for market in markets if market.first_step is not None}
    return {
        "run_id": f"r{digest[:12]}",
        "version": __version__,
        "seed": inputs.settings.seed,
        "inputs": sources,
        "symbols": sorted(inputs.markets),
        "timeframe": timeframe_word(min(market.timeframe for market in markets)),
        "start": iso(instant_of(min(int(market.time[0]) for market in markets))),
        "end": iso(instant_of(max(int(market.time[-1]) for market in markets))),
        "bars": sum(len(market) for market in markets),
        "bars_without_detail": uncovered,
        "warnings": list(inputs.warnings),
        "notes": list(dict.fromkeys(inputs.notes)),
        "repairs": list(inputs.repairs),
        "config": config,
    }

"""The engine and the oracle over the same files: one world in, the first difference out.

A world is written as the files that a user would hand in, so that the readers are judged with the engine. Decimals are
compared as decimals, statistics to 1e-9, everything else as it stands, and events in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from exitbrain.backtesting import following
from exitbrain.backtesting import position as positions
from exitbrain.backtesting.files import trade_sets_of
from exitbrain.backtesting.position import OpenPosition
from exitbrain.backtesting.result import Result
from exitbrain.wiring.backtest import backtest
from oracle.oracle import run_world
from oracle.random_liquidity import random_liquid_world
from oracle.random_worlds import random_world
from oracle.worlds import write_world

positions.FEW_BARS = 0  # the compiled rules are on trial, also in small worlds
following.FEW_ENTRIES = 0  # and the kernel

STATISTICS = ("r_multiple", "mfe_r", "mae_r")
DECIMALS = (
    "pnl_realized_total", "fees_total", "funding_total", "pnl_net", "max_exposure_quantity", "max_exposure_notional",
    "initial_risk", "avg_entry_price", "avg_exit_price", "qty", "price", "fees", "wac_at_fill", "realized_pnl",
    "position_after",
)  # fmt: skip
INPUTS = {
    "candles": "candles.csv",
    "detail": "detail.csv",
    "funding": "funding.csv",
    "quotes": "quotes.csv",
    "entries": "entries.csv",
    "plan": "plan.yaml",
    "profiles": "profiles.yaml",
    "config": "config.yaml",
}


@cache
def oracle_of(seed: int, triggers: bool = False, liquidity: bool = False) -> dict[str, Any]:
    return run_world(world_of(seed, triggers, liquidity))


@cache
def world_of(seed: int, triggers: bool = False, liquidity: bool = False) -> dict[str, Any]:
    return random_liquid_world(seed) if liquidity else random_world(seed, triggers=triggers)


def files_of(folder: Path) -> dict[str, str]:
    """The inputs of `backtest` that a folder holds."""
    return {name: str(folder / file) for name, file in INPUTS.items() if (folder / file).exists()}


def run_files(folder: Path, **options: Any) -> Result:
    inputs = files_of(folder)
    return backtest(inputs.pop("candles"), **inputs, environment={}, **options)


def run_given(world: dict[str, Any], folder: Path) -> Result:
    write_world(world, folder)
    return run_files(folder)


def run_seed(seed: int, folder: Path, *, triggers: bool = False, liquidity: bool = False, **options: Any) -> Result:
    """The engine's run of a random world; its files are written once."""
    place = folder / f"{'liquidity' if liquidity else 'triggers' if triggers else 'plain'}-{seed}"
    if not place.exists():
        write_world(world_of(seed, triggers, liquidity), place)
    return run_files(place, **options)


@cache
def sound_run(seed: int, folder: Path, *, triggers: bool = False, liquidity: bool = False) -> Result:
    """The run of the engine as it is; only for where nothing is planted."""
    return run_seed(seed, folder, triggers=triggers, liquidity=liquidity)


def difference_of_seed(seed: int, folder: Path, *, triggers: bool = False, liquidity: bool = False) -> str | None:
    """The first difference between engine and oracle in a random world, None where they agree."""
    expected = oracle_of(seed, triggers, liquidity)
    found = difference(run_seed(seed, folder, triggers=triggers, liquidity=liquidity), expected)
    if found is None:
        return None
    return f"seed {seed}: {found}\n{repeat_with(seed, triggers, liquidity)}"


def repeat_with(seed: int, triggers: bool = False, liquidity: bool = False) -> str:
    flag = " --liquidity" if liquidity else " --triggers" * triggers
    return f"repeat with: python tests/campaign.py --seed {seed}{flag}"


def difference(result: Result, expected: dict[str, Any]) -> str | None:
    """The first field in which the engine's sets, legs or block events differ from the oracle's."""
    return next(differences(trade_sets_of(result), result.events, expected), None)


def differences(
    found: list[dict[str, Any]], events: list[dict[str, Any]], expected: dict[str, Any]
) -> Iterator[str]:  # fmt: skip
    wanted = expected["trade_sets"]
    for number, (have, want) in enumerate(zip(found, wanted)):
        for position, (leg, wanted_leg) in enumerate(zip(have["legs"], want["legs"])):
            yield from unequal_fields(leg, wanted_leg, f"set {number} leg {position} ({wanted_leg['reason']})")
        yield from unequal_fields(have, want, f"set {number} ({want['symbol']} {want['opened_at']})")
    if len(found) != len(wanted):
        yield f"the engine has {len(found)} sets, the oracle {len(wanted)}"
    blocks = [event for event in events if event["kind"] == "block"]
    for number, (event, wanted_event) in enumerate(zip(blocks, expected["events"])):
        yield from unequal_fields(event, wanted_event, f"event {number} ({wanted_event['reason']})")
    if len(blocks) != len(expected["events"]):
        yield f"the engine has {len(blocks)} block events, the oracle {len(expected['events'])}"


def unequal_fields(found: dict[str, Any], wanted: dict[str, Any], where: str) -> Iterator[str]:
    for name, value in wanted.items():
        if name == "legs":
            continue
        if name == "cooldown_recommendation_bars":
            told = found[name] if name in found else found.get("detail")
            if str(value) not in str(told):
                yield f"{where}: {name} is {told!r}, the oracle says {value!r}"
        elif not equal(name, found.get(name, "missing"), value):
            yield f"{where}: {name} is {found.get(name, 'missing')!r}, the oracle says {value!r}"


def equal(name: str, found: Any, wanted: Any) -> bool:
    if found is None or wanted is None or found == "missing":
        return found is wanted
    if name in DECIMALS:
        return Decimal(found) == Decimal(wanted)
    if name in STATISTICS:
        return abs(found - wanted) <= 1e-9 * max(1.0, abs(wanted))
    if name == "exit_fraction":
        return float(found) == float(wanted)
    return bool(found == wanted)


@contextmanager
def plain_rules() -> Iterator[None]:
    """Positions are walked by the rules as plain Python, as where numbers are too wide for a machine word."""
    judged = OpenPosition._fits_a_machine_word
    OpenPosition._fits_a_machine_word = lambda self: False  # type: ignore[method-assign]
    try:
        yield
    finally:
        OpenPosition._fits_a_machine_word = judged  # type: ignore[method-assign]

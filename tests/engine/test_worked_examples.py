"""The twelve worked worlds beside the test data: every field that they show, and the same bytes on a second run."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.differential import DECIMALS, files_of, run_files
from exitbrain.backtesting.files import trade_sets_of
from exitbrain.config.plans import load_plan
from oracle.worlds import load_expected

PLACE = os.environ.get("EXITBRAIN_TEST_DATA")
EXAMPLES = Path(PLACE).parent / "examples" if PLACE else Path("unset")
FOLDERS = sorted(path for path in EXAMPLES.glob("*") if path.is_dir())


def folders() -> list[Any]:
    if not FOLDERS:
        return [pytest.param(None, marks=pytest.mark.skip(reason="EXITBRAIN_TEST_DATA has no examples beside it"))]
    return [pytest.param(folder, id=folder.name) for folder in FOLDERS]


@pytest.mark.parametrize("folder", folders())
def test_every_field_that_an_example_shows_comes_out(folder: Path) -> None:
    """spec X3 X2 P6 D2 D4 D6 P9 D7 L6 P13 F36."""
    expected = load_expected(folder)
    result = run_files(folder)
    found = trade_sets_of(result)
    assert [shown(have, want) for have, want in zip(found, expected["trade_sets"])] == [
        comparable(want) for want in expected["trade_sets"]
    ]
    assert len(found) == len(expected["trade_sets"])
    blocks = [event for event in result.events if event["kind"] == "block"]
    assert [shown(have, want) for have, want in zip(blocks, expected["events"])] == [
        comparable(want) for want in expected["events"]
    ]
    assert len(blocks) == len(expected["events"])


def shown(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields of `found` that the example shows, legs included."""
    own = comparable({name: found.get(name, "missing") for name in wanted})
    if "legs" in wanted:
        own["legs"] = [shown(leg, want) for leg, want in zip(found["legs"], wanted["legs"])]
    return own


def comparable(value: dict[str, Any]) -> dict[str, Any]:
    own = {name: Decimal(one) if name in DECIMALS and one is not None else one for name, one in value.items()}
    if "legs" in own:
        own["legs"] = [comparable(leg) for leg in own["legs"]]
    return own


@pytest.mark.parametrize("folder", folders())
def test_an_example_run_twice_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """The same inputs give the same files, ids included, but for timings.json."""
    first, second = (bytes_of(run_files(folder).to_dir(tmp_path / name)) for name in ("one", "two"))
    assert first == second
    assert {"run.json", "trade_sets.json", "events.jsonl", "metrics.json", "plans.json", "fills.csv"} <= set(first)
    assert not list(tmp_path.glob(".*")), "a staging folder was left behind"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "timings.json"}


@pytest.mark.parametrize("folder", folders())
def test_an_examples_inputs_are_read(folder: Path) -> None:
    assert {"candles", "entries", "plan", "config"} <= set(files_of(folder))
    assert load_plan(str(folder / "plan.yaml")).plan_id

"""The oracle is itself held to the worked examples, to hand-computed worlds and to the laws of the ledger."""

import os
from pathlib import Path

import pytest

from oracle.oracle import run_world
from oracle.worlds import load_expected, load_world


def example_folders():
    place = os.environ.get("EXITBRAIN_TEST_DATA")
    folder = Path(place).parent / "examples" if place else None
    if folder is None or not folder.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="EXITBRAIN_TEST_DATA has no examples beside it"))]
    return [pytest.param(path, id=path.name) for path in sorted(folder.iterdir()) if path.is_dir()]


@pytest.mark.parametrize("folder", example_folders())
def test_every_worked_example_comes_out_exactly(folder):
    """Spec X3 X2 P6 D2 D4 D6 P9 D7 L6 P13 F36: every field that an example shows."""
    found, expected = run_world(load_world(folder)), load_expected(folder)
    assert found["events"] == expected["events"]
    shown = [{key: have[key] for key in want} for have, want in zip(found["trade_sets"], expected["trade_sets"])]
    assert shown == expected["trade_sets"]
    assert len(found["trade_sets"]) == len(expected["trade_sets"])

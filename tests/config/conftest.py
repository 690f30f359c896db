"""Shared by the tests of what users write: lines of a refusal, and the worked examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exitbrain.errors import InvalidInput


@pytest.fixture
def refusal():
    """Calls a loader on bad input and gives the lines of its refusal."""

    def lines(load, *arguments):
        with pytest.raises(InvalidInput) as caught:
            load(*arguments)
        return str(caught.value).splitlines()

    return lines


@pytest.fixture
def examples() -> list[Path]:
    """The folders of the worked examples, beside the test data."""
    data = os.environ.get("EXITBRAIN_TEST_DATA")
    folders = sorted(Path(data).parent.glob("examples/*/")) if data else []
    if not folders:
        pytest.skip("EXITBRAIN_TEST_DATA names no folder with examples beside it")
    return folders

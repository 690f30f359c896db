"""Shared by all tests: the real data, where EXITBRAIN_TEST_DATA names a folder of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real candles and funding; skips where there is none."""
    place = os.environ.get("EXITBRAIN_TEST_DATA")
    if not place:
        pytest.skip("EXITBRAIN_TEST_DATA names no folder of real data")
    return Path(place)

"""Shared by all tests: the real data, where EXITBRAIN_TEST_DATA names a folder of it; who runs beside whom."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Rooms and modules whose tests share what takes seconds to make: one process runs them, so that it is made once.
TOGETHER = ("api", "engine", "evidence", "docs/test_pages.py", "report/test_browser.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups for `pytest -n 2 --dist loadgroup`; without -n they mean nothing."""
    here = Path(__file__).parent
    for item in items:
        for place in TOGETHER:
            if item.path.is_relative_to(here / place):
                item.add_marker(pytest.mark.xdist_group(place))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real candles and funding; skips where there is none."""
    place = os.environ.get("EXITBRAIN_TEST_DATA")
    if not place:
        pytest.skip("EXITBRAIN_TEST_DATA names no folder of real data")
    return Path(place)

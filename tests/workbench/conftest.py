from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exitbrain.wiring.workbench import Workbench
from store.conftest import url  # noqa: F401  the same databases


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    with Workbench.open(home=home, environment={}) as opened:
        yield opened


@pytest.fixture
def working(home: Path) -> Iterator[Workbench]:
    """A workbench that computes."""
    with Workbench.open(home=home, environment={}, workers=1) as opened:
        yield opened

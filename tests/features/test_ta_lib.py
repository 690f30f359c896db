"""TA-Lib loads without pandas and polars in processes of our own, and leaves no trace of that."""

from __future__ import annotations

import subprocess
import sys

import pytest

SPARING = """
import sys
import numpy as np
from exitbrain.features.ta_lib import spare_pandas, ta_lib
{}
line = ta_lib().SMA(np.arange(9.0), timeperiod=3)
handle = ta_lib().stream.SMA(np.arange(9.0), 3)
print(line[-1], handle.value, "pandas" in sys.modules, "polars" in sys.modules)
import pandas, polars
print(pandas.Series([1.0]).sum(), polars.Series([1.0]).sum())
"""


@pytest.mark.parametrize("is_spared", [True, False])
def test_pandas_and_polars_are_left_out_and_can_be_had_afterwards(is_spared: bool) -> None:
    code = SPARING.format("spare_pandas()" if is_spared else "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7.0", "7.0", str(not is_spared), str(not is_spared), "1.0", "1.0"]

"""TA-Lib, loaded when the first indicator is computed."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

_is_pandas_spared = False


def spare_pandas() -> None:
    """For processes of our own that have one thread so far: TA-Lib loads without pandas, at half the time of a small run.

    It would load pandas only to accept its Series, which nothing here hands to it. In somebody else's process it is
    left as it is: they may hand it theirs.
    """
    global _is_pandas_spared
    _is_pandas_spared = True


@cache
def ta_lib() -> ModuleType:
    """The module, with `stream`."""
    is_hidden = _is_pandas_spared and "pandas" not in sys.modules
    if is_hidden:
        sys.modules["pandas"] = None  # type: ignore[assignment]  # an import of it is refused as if it were not there
    try:
        import talib
        import talib.stream
    finally:
        if is_hidden:
            del sys.modules["pandas"]
    return talib

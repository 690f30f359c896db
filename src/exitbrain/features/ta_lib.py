"""TA-Lib, loaded when the first indicator is computed."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

_is_pandas_spared = False


def spare_pandas() -> None:
    """For processes of our own in which no other thread loads pandas or polars meanwhile: TA-Lib loads without pandas,
    and without polars where that is not there yet; they are most of the time that it takes.

    It would load them only to accept their Series, which nothing here hands to it. In somebody else's process it is left
    as it is: they may hand it theirs.
    """
    global _is_pandas_spared
    _is_pandas_spared = True


@cache
def ta_lib() -> ModuleType:
    """The module, with `stream`."""
    hidden = [name for name in ("pandas", "polars") if _is_pandas_spared and name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it is refused as if it were not there
    try:
        import talib
        import talib.stream
    finally:
        for name in hidden:
            del sys.modules[name]
    return talib

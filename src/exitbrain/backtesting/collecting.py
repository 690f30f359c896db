"""Python's garbage collector, out of the way while a run makes many values that stay.

Reference counting frees everything a run drops; the cyclic collector only walks the growing heap again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""An event loop for a test: in a thread of its own, since a browser that other tests share holds one in this thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Value = TypeVar("Value")


def run_in_a_loop(work: Coroutine[Any, Any, Value]) -> Value:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()

"""Contenders taking turns: each round gives every one of them the same new entries."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Seconds = dict[str, list[float]]


def take_turns(contenders: Mapping[str, Callable[[int], Any]], rounds: int, warm: int = 1) -> Seconds:
    """Seconds of each contender in each round; a contender is called with the number of the round."""
    seconds: Seconds = {name: [] for name in contenders}
    names = list(contenders)
    # What the peers' libraries made on import is walked by every full collection (0.1 s and more), in whose turn it falls
    # is chance: it is set aside.
    gc.collect()
    gc.freeze()
    for turn in range(warm + rounds):
        # Who comes first changes, so that nobody always finds the caches of the same one before.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.perf_counter()
            contenders[name](turn)
            took = time.perf_counter() - began
            if turn >= warm:
                seconds[name].append(took)
    return seconds


def ratio(seconds: Seconds, slower: str, faster: str) -> dict[str, float]:
    """Median of the rounds' ratios, and the quarter and three quarters of them."""
    each = sorted(a / b for a, b in zip(seconds[slower], seconds[faster]))
    return {"ratio": statistics.median(each), "low": quantile(each, 0.25), "high": quantile(each, 0.75)}


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def medians(seconds: Seconds) -> dict[str, float]:
    return {name: statistics.median(each) for name, each in seconds.items()}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mib() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024

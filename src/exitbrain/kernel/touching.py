"""The first bar that leaves a band: by a scan, and by an index of block extremes once a scan has become long.

A bar leaves the band (lo, hi) where its low is at or below lo or its high at or above hi. The index holds highest
highs and lowest lows of 16, 256 and 4096 bars; each of its columns is padded, so that 16 values can be asked at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exitbrain.core.walk import FAR
from exitbrain.kernel.simd import lowest_bit, mask16, mask32, peek

FANOUT = 16
NEAR = 256  # bars that are scanned before the index is asked

COMPILED = ("block_extremes", "scan", "first_touch", "extremes")


def block_extremes(h: Any, l: Any, highest: Any, lowest: Any) -> None:
    """Highest and lowest of each 16 values; what is beyond the last value never leaves a band."""
    whole = len(h) // 16
    for b in range(whole):
        high, low = h[np.uintp(b * 16)], l[np.uintp(b * 16)]
        for i in range(b * 16 + 1, b * 16 + 16):
            high = max(high, h[np.uintp(i)])
            low = min(low, l[np.uintp(i)])
        highest[b] = high
        lowest[b] = low
    for b in range(whole, len(highest)):
        high, low = -FAR, FAR
        for i in range(b * 16, min(b * 16 + 16, len(h))):
            high = max(high, h[i])
            low = min(low, l[i])
        highest[b] = high
        lowest[b] = low


def scan(h: int, l: int, j: int, end: int, hi: int, lo: int) -> int:
    while j + 32 <= end:
        hit = mask32(h, l, j, hi, lo)
        if hit != 0:
            return j + lowest_bit(hit)
        j += 32
    while j < end:
        if peek(h, j) >= hi or peek(l, j) <= lo:
            return j
        j += 1
    return end


def first_touch(
    h: int,
    l: int,
    h1: int,
    l1: int,
    h2: int,
    l2: int,
    h3: int,
    l3: int,
    blocks: int,
    j: int,
    end: int,
    hi: int,
    lo: int,
) -> int:
    """The first bar from `j` on that leaves the band, or `end`. Columns are addresses; `blocks` counts
    those of 4096 bars, 0 without an index."""
    if blocks == 0 or end - j <= NEAR:
        return scan(h, l, j, end, hi, lo)
    near = ((j + NEAR) // 16) * 16
    j = scan(h, l, j, near, hi, lo)
    if j < near:
        return j
    b = j // 16
    while True:
        if b % 16 == 0:
            b2 = b // 16
            while True:
                if b2 % 16 == 0:
                    b3 = b2 // 16
                    while b3 < blocks and peek(h3, b3) < hi and peek(l3, b3) > lo:
                        b3 += 1
                    b2 = b3 * 16
                    if b2 * 256 >= end:
                        return end
                hit = mask16(h2, l2, b2 & -16, hi, lo) >> np.uint64(b2 & 15)
                if hit != 0:
                    b2 += lowest_bit(hit)
                    break
                b2 = (b2 & -16) + 16
                if b2 * 256 >= end:
                    return end
            b = b2 * 16
        if b * 16 >= end:
            return end
        hit = mask16(h1, l1, b & -16, hi, lo) >> np.uint64(b & 15)
        if hit != 0:
            b += lowest_bit(hit)
            return scan(h, l, b * 16, min(b * 16 + 16, end), hi, lo)
        b = (b & -16) + 16


def extremes(h: Any, l: Any, first: int, end: int, high: int, low: int) -> tuple[int, int]:
    """The highest high and the lowest low of these bars and what is given."""
    for i in range(np.uintp(first), np.uintp(end)):
        high = max(high, h[i])
        low = min(low, l[i])
    return high, low

"""Which arm of an experiment a set belongs to: by a hash, so that every process and every restart says the same.

The set's key and the experiment's id give a number in [0, 1); arms share that range by weight, in their order. Nobody
chooses, nothing is remembered, and another experiment over the same sets divides them independently.

Example: arms of weight 1 and 3 own [0, ¼) and [¼, 1); a set that hashes to 0.31 goes to the second.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

BYTES = 8


def set_key(symbol: str, side: str, opened_at: str, nth: int = 1) -> str:
    """What is known of a set when it opens; `nth` tells apart those that open alike."""
    return json.dumps([symbol, side, opened_at, nth], ensure_ascii=True, separators=(",", ":"))


def set_keys(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """Of (symbol, side, opened_at) in the order of opening."""
    seen: Counter[tuple[str, str, str]] = Counter()
    keys = []
    for row in rows:
        seen[row] += 1
        keys.append(set_key(*row, nth=seen[row]))
    return keys


def share_of(experiment_id: str, key: str) -> Fraction:
    """The set's place in [0, 1)."""
    # As JSON, so that no two pairs of texts are written alike.
    text = json.dumps([experiment_id, key], ensure_ascii=True).encode()
    return Fraction(int.from_bytes(hashlib.blake2b(text, digest_size=BYTES).digest()), 1 << (8 * BYTES))


def assigned_arm(experiment_id: str, key: str, weights: Sequence[Fraction]) -> int:
    """The number of the arm, from 0; weights are above zero and need not sum to one."""
    assert weights and min(weights) > 0, weights
    place = share_of(experiment_id, key) * sum(weights)
    end = Fraction(0)
    for number, weight in enumerate(weights):
        end += weight
        if place < end:
            return number
    raise AssertionError("a share is below one")

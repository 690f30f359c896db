"""`straightforward.c`, compiled for this machine when it is first asked for."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matched.workload import Ladder, Market, Openings, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ints = np.ndarray[Any, np.dtype[np.int64]]

COMPILER = shutil.which("gcc") or shutil.which("cc")
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")


@cache
def library() -> Any:
    assert COMPILER is not None, "a C compiler is needed"
    source = Path(__file__).with_name("straightforward.c")
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "straightforward.so")
        subprocess.run([COMPILER, *FLAGS, "-o", built, source], check=True)
        loaded = ctypes.CDLL(str(built))
    loaded.follow.restype = loaded.read_once.restype = ctypes.c_int64
    return loaded


def _arrays(*arrays: Ints) -> list[Any]:
    return [ctypes.c_void_p(array.ctypes.data) for array in arrays]


def follow(market: Market, openings: Openings, ladder: Ladder, single: bool) -> Ints:
    """Rows of position, bar, code, price, lots: int64 [F, 5]."""
    out = np.empty((len(openings) * (len(ladder.rungs) + 3), 5), dtype=np.int64)
    row = rows_of([ladder])
    count = library().follow(
        *_arrays(*market.columns), ctypes.c_int64(len(market)),
        *_arrays(openings.bar, openings.price, openings.stop, openings.lots), ctypes.c_int64(len(openings)),
        *_arrays(row), ctypes.c_int64(single), *_arrays(out),
    )  # fmt: skip
    return out[:count]


def sweep(market: Market, openings: Openings, ladders: Sequence[Ladder], single: bool) -> Ints:
    """positions, fills, ticks × lots made, bars held: int64 [P, 4]."""
    scratch = np.empty((len(openings) * 11, 5), dtype=np.int64)
    sums = np.zeros((len(ladders), 4), dtype=np.int64)
    rows = rows_of(ladders)
    library().sweep(
        *_arrays(*market.columns), ctypes.c_int64(len(market)),
        *_arrays(openings.bar, openings.price, openings.stop, openings.lots), ctypes.c_int64(len(openings)),
        *_arrays(rows), ctypes.c_int64(len(rows)), ctypes.c_int64(single), *_arrays(scratch, sums),
    )  # fmt: skip
    return sums


def read_once(market: Market) -> int:
    return int(library().read_once(*_arrays(*market.columns), ctypes.c_int64(len(market))))

"""The rules of `core.walk`, and the loops of `kernel.rolling`, compiled.

A module's own source is loaded a second time and its functions are compiled in place, so that each calls the
compiled others: no rule is written twice. The cache on disk is keyed by a hash of all sources that are compiled,
because Numba does not notice a changed callee.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pathlib
import sys
import tempfile
from functools import cache
from types import ModuleType

from exitbrain.core import walk as rules
from exitbrain.kernel import rolling


def _cache_folder(sources: bytes) -> str:
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return given
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = pathlib.Path(base) / "exitbrain" / "kernel" / hashlib.sha256(sources).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
    except OSError:
        # Compiled code is loaded from here, so a shared folder with a known name will not do.
        return tempfile.mkdtemp(prefix="exitbrain-kernel-")
    return str(folder)


@cache
def compiled_rules() -> ModuleType:
    """`core.walk` with every function compiled. The first call of a process loads Numba."""
    return _compiled(rules)


@cache
def compiled_rolling() -> ModuleType:
    """`kernel.rolling`, compiled in the same way."""
    return _compiled(rolling)


def _compiled(module: ModuleType) -> ModuleType:
    assert module.__file__ is not None
    path = pathlib.Path(module.__file__)
    source = path.read_bytes()
    import numba

    numba.config.CACHE_DIR = _cache_folder(source + numba.__version__.encode() + sys.version.encode())
    spec = importlib.util.spec_from_file_location(f"exitbrain.kernel._compiled_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = copy
    spec.loader.exec_module(copy)
    for name in module.COMPILED:
        function = getattr(copy, name)
        setattr(copy, name, numba.njit(cache=True, nogil=True, error_model="python")(function))
    return copy

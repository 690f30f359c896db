"""The rules of `core.walk`, compiled.

The module's own source is loaded a second time and its functions are compiled in place, so that each calls the
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
    path = pathlib.Path(rules.__file__)
    source = path.read_bytes()
    import numba

    numba.config.CACHE_DIR = _cache_folder(source + numba.__version__.encode() + sys.version.encode())
    spec = importlib.util.spec_from_file_location("exitbrain.kernel._compiled_walk", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    for name in rules.COMPILED:
        function = getattr(module, name)
        setattr(module, name, numba.njit(cache=True, nogil=True, error_model="python")(function))
    return module

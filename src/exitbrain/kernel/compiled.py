"""The rules of `core.walk` and the kernel's own loops, compiled.

A module's own source is loaded a second time and its functions are compiled in place, so that each calls the
compiled others, those of the modules it imports included: no rule is written twice. The cache on disk is keyed by a
hash of all sources that are compiled, because Numba does not notice a changed callee.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import pathlib
import sys
import tempfile
from functools import cache
from types import ModuleType

WALK, ROLLING = "exitbrain.core.walk", "exitbrain.kernel.rolling"
TOUCHING, FOLLOWING = "exitbrain.kernel.touching", "exitbrain.kernel.following"
SWEEPING, TICKING = "exitbrain.kernel.sweeping", "exitbrain.kernel.ticking"
# what each compiled module calls, and the sources whose change makes its cache stale
CALLS = {
    WALK: (),
    ROLLING: (),
    TOUCHING: (),
    FOLLOWING: (WALK, TOUCHING),
    SWEEPING: (WALK, TOUCHING, FOLLOWING),
    TICKING: (FOLLOWING,),
}
SOURCES = {
    WALK: (WALK,),
    ROLLING: (ROLLING,),
    TOUCHING: (TOUCHING, WALK, "exitbrain.kernel.simd"),
    FOLLOWING: (FOLLOWING, TOUCHING, WALK, "exitbrain.kernel.simd", "exitbrain.kernel.recipes"),
    TICKING: (TICKING, FOLLOWING, TOUCHING, WALK, "exitbrain.kernel.simd", "exitbrain.kernel.recipes"),
    SWEEPING: (SWEEPING, FOLLOWING, TOUCHING, WALK, "exitbrain.kernel.simd", "exitbrain.kernel.recipes"),
}


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


def compiled_rules() -> ModuleType:
    """`core.walk` with every function compiled. The first call of a process loads Numba."""
    return _compiled(WALK)


def compiled_rolling() -> ModuleType:
    """`kernel.rolling`, compiled in the same way."""
    return _compiled(ROLLING)


def compiled_touching() -> ModuleType:
    return _compiled(TOUCHING)


def compiled_following() -> ModuleType:
    return _compiled(FOLLOWING)


def compiled_sweeping() -> ModuleType:
    return _compiled(SWEEPING)


def compiled_ticking() -> ModuleType:
    return _compiled(TICKING)


@cache
def _compiled(name: str) -> ModuleType:
    import numba

    sources = b"".join(_path(source).read_bytes() for source in SOURCES[name])
    called = [_compiled(module) for module in CALLS[name]]
    numba.config.CACHE_DIR = _cache_folder(sources + numba.__version__.encode() + sys.version.encode())
    path = _path(name)
    spec = importlib.util.spec_from_file_location(f"exitbrain.kernel._compiled_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = copy
    spec.loader.exec_module(copy)
    for module in called:
        for function in module.COMPILED:
            if hasattr(copy, function):
                setattr(copy, function, getattr(module, function))
    inlined = getattr(copy, "INLINED", ())
    for function in copy.COMPILED:
        compile = numba.njit(
            cache=True, nogil=True, error_model="numpy", inline="always" if function in inlined else "never"
        )
        setattr(copy, function, compile(getattr(copy, function)))
    return copy


def _path(name: str) -> pathlib.Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    return pathlib.Path(spec.origin)

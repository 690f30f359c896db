"""A home folder, a store, and runs as processes: what the API and the command line work with.

What is named here is loaded when it is first asked for, so that one may use the home folder alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exitbrain.wiring.workbench.bench import Submitted, Workbench
    from exitbrain.wiring.workbench.faults import FieldProblem, RequestRefused
    from exitbrain.wiring.workbench.home import Home
    from exitbrain.wiring.workbench.running import Progress

__all__ = ["FieldProblem", "Home", "Progress", "RequestRefused", "Submitted", "Workbench"]

_HOME_OF = {
    "FieldProblem": "faults",
    "Home": "home",
    "Progress": "running",
    "RequestRefused": "faults",
    "Submitted": "bench",
    "Workbench": "bench",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value

"""A home folder, a store, and runs as processes: what the API and the command line work with."""

from __future__ import annotations

from exitbrain.wiring.workbench.bench import Submitted, Workbench
from exitbrain.wiring.workbench.faults import FieldProblem, RequestRefused
from exitbrain.wiring.workbench.home import Home
from exitbrain.wiring.workbench.running import Progress

__all__ = ["FieldProblem", "Home", "Progress", "RequestRefused", "Submitted", "Workbench"]

"""The command line. Modules load when their command runs, so that `exitbrain --help` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exitbrain.cli.commands import app

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Nothing is imported before it is called, so that an interrupt while modules load is one line too."""
    try:
        from exitbrain.cli.statuses import main as run

        return run(arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def __getattr__(name: str) -> Any:
    if name == "app":
        from exitbrain.cli.commands import app

        return app
    raise AttributeError(name)

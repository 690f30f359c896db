"""The command line. Modules load when their command runs, so that `exitbrain --help` answers at once."""

from __future__ import annotations

from exitbrain.cli.commands import app
from exitbrain.cli.statuses import main

__all__ = ["app", "main"]

"""What long work shows: a moving bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def working(on: str) -> Iterator[None]:
    if not _is_watched():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        shown.add_task(on, total=None)
        yield


@contextmanager
def stages() -> Iterator[Callable[[str, float], None] | None]:
    """A bar that a run moves by telling its stage and the share of it; None where nobody watches."""
    if not _is_watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("reading", total=None)

        def tell(stage: str, share: float) -> None:
            # How long reading takes is not known before it ends: the bar moves without a share.
            shown.update(task, description=stage, total=1.0 if share else None, completed=share)

        yield tell


def _is_watched() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI")

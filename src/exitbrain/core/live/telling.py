"""Questions and alerts of a step: asked again when it is time, told once."""

from __future__ import annotations

from exitbrain.core.live.book import Step
from exitbrain.core.live.events import Alert


def ask_soon(step: Step, *what: str) -> None:
    """Ask in this step, whenever it was asked before."""
    for one in what:
        step.book.asked.pop(one, None)
        if one not in ("position", "orders"):
            step.book.asked[one] = -1


def alert(step: Step, name: str, detail: str) -> None:
    """Once in an epoch."""
    if name not in step.book.told:
        step.book.told |= {name}
        step.effects.append(Alert(key=step.book.key, name=name, detail=detail))

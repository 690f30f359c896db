"""A failing history made smaller: without each kind of fault that it does not need, and its last rows as text."""

from __future__ import annotations

import contextlib
from dataclasses import fields, replace

from exitbrain.core.live import events as e
from exitbrain.live.simulation.judging import Broken
from exitbrain.live.simulation.playing import History, played
from exitbrain.live.simulation.swarm import SECOND, Swarm, swarm_of

ROWS = 24


def shrunk(seed: int, law: str) -> Swarm:
    """The history that still breaks the same law with as few kinds of faults, and as short, as leaving out one at a time
    finds."""
    swarm = swarm_of(seed)
    for name in swarm.raised():
        smaller = swarm.without(name)
        if played(seed, smaller).law == law:
            swarm = smaller
    for length in (4, 8, 12, 16, 20):
        shorter = replace(swarm, length=length * SECOND)
        if length * SECOND < swarm.length and played(seed, shorter).law == law:
            return shorter
    return swarm


def told(seed: int, swarm: Swarm, rows: int = ROWS) -> list[str]:
    """What of the swarm is left, and the last rows of the journal before the law was broken."""
    history = History(seed, swarm)
    with contextlib.suppress(Broken, Exception):
        history.play()
    raised = [f"{one.name}={_short(getattr(swarm, one.name))}" for one in fields(swarm) if one.name in swarm.raised()]
    lines = [f"left: {', '.join(raised) or 'no faults'}; {swarm.length // SECOND} s of trouble"]
    spoken = [row for row in history.process.rows if _speaks(row[1], row[2])]
    for at, event, effects in spoken[-rows:]:
        lines.append(f"{at / SECOND:9.3f}  {_words(event)}")
        lines += [f"{'':9}    -> {_words(one)}" for one in effects]
    return lines


def _speaks(event: e.Event, effects: tuple[e.Effect, ...]) -> bool:
    quiet = isinstance(event, e.Ticked | e.PriceSeen)
    return not quiet or any(not isinstance(one, e.Ask) for one in effects)


def _short(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value


def _words(value: e.Event | e.Effect) -> str:
    parts = []
    for one in fields(value):
        given = getattr(value, one.name)
        if one.name == "key" or given == one.default:
            continue
        if isinstance(given, tuple) and given and isinstance(given[0], e.Resting):
            given = " ".join(f"{rest.id[-5:]}@{rest.level}x{rest.lots or 'all'}" for rest in given)
        parts.append(f"{one.name}={given}")
    return f"{type(value).__name__} {' '.join(parts)}"

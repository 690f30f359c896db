"""Who computes a run: a process of one boot of one machine, so that a number used again is not taken for it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def this_process() -> str:
    return f"{platform.node()}|{_boot()}|{os.getpid()}|{_started(os.getpid())}"


def is_gone(owner: str | None) -> bool:
    """False where it cannot be told: a process of another machine."""
    if owner is None:
        return True
    try:
        node, boot, pid, started = owner.rsplit("|", 3)
        number = int(pid)
    except ValueError:
        return True
    if node != platform.node():
        return False
    if boot != _boot():
        return True
    if started:
        return _started(number) != started
    try:
        os.kill(number, 0)
    except PermissionError:
        return False
    except OSError:
        return True
    return False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """The process's start in ticks since boot, empty where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]

"""Monitors for campaigns: a process that has imported everything, and forks one for each line it is given.

Each is a process of its own, killed like any other; what it spares is a second of imports. A line is JSON: the words
of the command, its environment, a file for what it says. The answer is its pid.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys

LEASE = "NURSERY_LEASE_SECONDS"  # so that a test need not wait for half a minute
MODULES = (
    "exitbrain.cli.commands", "exitbrain.cli.live_run", "exitbrain.wiring.live.starting", "exitbrain.config.settings",
    "exitbrain.store", "exitbrain.store.journal_sqlite", "exitbrain.store.journal_postgres", "exitbrain.wiring.workbench.home",
    "exitbrain.store.live", "exitbrain.wiring.live.brain", "exitbrain.wiring.live.pins", "exitbrain.live.deciding",
    "exitbrain.wiring.loading", "alembic.command", "aiohttp", "psycopg", "asyncio",
)  # fmt: skip


def child(asked: dict[str, object]) -> None:
    from exitbrain.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(str(asked["log"]), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    status = 1
    try:
        status = main(list(asked["words"]))  # type: ignore[call-overload]
    finally:
        sys.stdout.flush()
        os._exit(status)


def nurse() -> None:
    for name in MODULES:
        importlib.import_module(name)
    from exitbrain.features.ta_lib import spare_pandas, ta_lib
    from exitbrain.store import journal_postgres

    spare_pandas()
    ta_lib()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    if LEASE in os.environ:
        journal_postgres.LEASE_SECONDS = float(os.environ[LEASE])
        journal_postgres.RENEW_SECONDS = journal_postgres.LEASE_SECONDS / 3
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    nurse()

"""A process that writes a journal, for tests that race, kill or starve it."""

from __future__ import annotations

import os
import resource
import sys
import time

from exitbrain.errors import ExitBrainError
from exitbrain.store.journal import open_journal


def main(how: str, target: str) -> int:
    try:
        journal = open_journal(target)
    except ExitBrainError as error:
        print(f"refused {error}", flush=True)
        return error.exit_status
    print(f"holds {journal.fence}", flush=True)
    if how == "starve":
        # From here on the files of this process may not grow beyond what a full disk would leave them.
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        while how != "hold":
            journal.append(journal.seq, "event", "x" * 500)
            print(f"wrote {journal.seq}", flush=True)
    except ExitBrainError as error:
        print(f"failed {error}", flush=True)
        return error.exit_status
    time.sleep(60)
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

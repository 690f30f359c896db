"""A process to be killed: events into a journal, and every effect written to a file as if it went to a venue."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

from exitbrain.core.live import events as e
from exitbrain.core.live.book import Settings
from exitbrain.live.recording import Recorded
from exitbrain.store.journal import open_journal
from live.test_decisions import INSTRUMENT, KEY, PLAN


def main(folder: Path) -> None:
    recorded = Recorded(open_journal(folder / "journal.db"), Settings())
    wire = os.open(folder / "wire", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    now = recorded.journal.seq * 1_000_000

    def take(event: e.Event) -> None:
        for effect in recorded.take(event, now):
            if isinstance(effect, e.Send | e.Cancel):
                os.write(wire, f"{effect.id}\n".encode())
                take(e.Answered(key=KEY, id=effect.id, cancel=isinstance(effect, e.Cancel), outcome=e.Outcome.OK))

    take(e.Managed(key=KEY, instrument=INSTRUMENT))
    take(e.Started(fence=1))
    print("up", flush=True)
    while True:
        now += 1_000_000
        lots = 10 if now // 1_000_000 % 30 < 20 else 0
        take(e.PositionSeen(key=KEY, lots=lots, entry=Fraction(1000), version=now, asked_at=now))
        take(e.OrdersSeen(key=KEY, asked_at=now, orders=()))
        take(e.PlanGiven(key=KEY, epoch=recorded.state.books[KEY].epoch, plan=PLAN))
        take(e.PriceSeen(key=KEY, ticks=1000 + now // 1_000_000 % 60))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

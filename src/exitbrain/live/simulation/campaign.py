"""Many seeds: in one process or several, and as a campaign that goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import exitbrain
from exitbrain.errors import Halted, InvalidInput
from exitbrain.live.simulation.mutants import planted
from exitbrain.live.simulation.playing import played

CHUNK = 250
ROOMS = ("core", "live/simulation", "venues/simulated")


@dataclass(frozen=True, slots=True)
class Violation:
    seed: int
    law: str
    said: str


@dataclass(slots=True)
class Counts:
    """What many histories came to."""

    seeds: int = 0
    faults: int = 0
    crashes: int = 0
    lives: int = 0
    sends: int = 0
    fills: int = 0
    naked_most: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        for name in ("seeds", "faults", "crashes", "lives", "sends", "fills"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.naked_most = max(self.naked_most, other.naked_most)
        self.violations += other.violations

    def line(self) -> str:
        return f"{self.seeds} seeds, {self.faults} faults, {self.crashes} crashes, {len(self.violations)} violations"

    def to_dict(self) -> dict[str, object]:
        plain = {name: getattr(self, name) for name in ("seeds", "faults", "crashes", "lives", "sends", "fills")}
        told = [[one.seed, one.law, one.said] for one in self.violations]
        return plain | {"naked_most": self.naked_most, "violations": told}


def counts_from(plain: dict[str, object]) -> Counts:
    violations = [Violation(*one) for one in plain["violations"]]  # type: ignore[attr-defined]
    return Counts(**{**plain, "violations": violations})  # type: ignore[arg-type]


def played_all(seeds: Sequence[int], mutant: str | None = None, *, until_caught: bool = False) -> Counts:
    """The histories of `seeds`, one after the other; the first violation ends them where one is enough."""
    counts = Counts()
    with planted(mutant):
        for seed in seeds:
            one = played(seed)
            counts.seeds += 1
            counts.faults += one.faults
            counts.crashes += one.crashes
            counts.lives += one.lives
            counts.sends += one.sends
            counts.fills += one.fills
            counts.naked_most = max(counts.naked_most, one.naked_most)
            if one.law:
                counts.violations.append(Violation(seed, one.law, one.broken))
                if until_caught:
                    break
    return counts


def in_chunks(first: int, seeds: int, size: int = CHUNK) -> list[range]:
    return [range(at, min(at + size, first + seeds)) for at in range(first, first + seeds, size)]


def counted(chunks: Sequence[range], jobs: int, mutant: str | None = None) -> Iterator[tuple[range, Counts]]:
    """Chunks as they are done. At most two a process wait, so that an interrupt loses little."""
    if jobs == 1:
        for chunk in chunks:
            yield chunk, played_all(chunk, mutant)
        return
    left = iter(chunks)
    with ProcessPoolExecutor(jobs) as pool:
        waiting: dict[Future[Counts], range] = {}
        try:
            while True:
                while len(waiting) < 2 * jobs and (chunk := next(left, None)) is not None:
                    waiting[pool.submit(played_all, chunk, mutant)] = chunk
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for one in done:
                    yield waiting.pop(one), one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def simulated(
    first: int, seeds: int, jobs: int = 1, mutant: str | None = None, tell: Callable[[Counts], None] = lambda _: None
) -> Counts:
    total = Counts()
    for _, counts in counted(in_chunks(first, seeds, min(CHUNK, max(1, seeds // (4 * jobs)))), jobs, mutant):
        total.add(counts)
        tell(total)
    total.violations.sort(key=lambda one: one.seed)
    return total


# campaigns


def campaign(
    folder: Path, first: int, seeds: int, jobs: int, tell: Callable[[Counts], None] = lambda _: None
) -> Counts:
    """Each chunk that is done is a line of `chunks.jsonl`; what is there is not played again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "chunks.jsonl"
    _same_rules(folder / "rules")
    total, done = _done(file)
    tell(total)
    left = [chunk for chunk in in_chunks(first, seeds) if (chunk.start, chunk.stop) not in done]
    with file.open("a") as lines:
        for chunk, counts in counted(left, jobs):
            lines.write(json.dumps({"first": chunk.start, "end": chunk.stop, "counts": counts.to_dict()}) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
            total.add(counts)
            tell(total)
    total.violations.sort(key=lambda one: one.seed)
    return total


def _done(file: Path) -> tuple[Counts, set[tuple[int, int]]]:
    total, done = Counts(), set()
    if not file.exists():
        return total, done
    lines = file.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        try:
            row = json.loads(line)
            counts = counts_from(row["counts"])
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines) - 1:  # a line that a kill cut off: its chunk is played again
                file.write_text("".join(lines[:-1]))
                break
            raise Halted(f"{file}: line {number + 1} is none of a campaign") from error
        total.add(counts)
        done.add((row["first"], row["end"]))
    return total, done


def _same_rules(file: Path) -> None:
    """A campaign is of one version of the rules: what others found tells nothing of these."""
    rules = rules_digest()
    if file.exists() and file.read_text().strip() != rules:
        raise InvalidInput(
            f"{file.parent}: this campaign was begun with other rules", accepted="an empty folder, or the same rules"
        )
    file.write_text(rules + "\n")


def rules_digest() -> str:
    """Of the sources of the core, the simulated venue and the simulation."""
    digest = hashlib.sha256()
    root = Path(exitbrain.__file__).parent
    for room in ROOMS:
        for source in sorted((root / room).rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()

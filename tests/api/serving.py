"""`exitbrain serve` as a process of its own over a fresh home, and what it tells of a run while it is under way."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from .worlds import write_candles

SECONDS = 120


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    url: str
    home: Path

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(self.home / 'token').read_text().split()[-1]}"}


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    """Ends by Ctrl-C, with status 0 and no complaint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from exitbrain.cli import main; import sys; sys.exit(main())"]
    process = subprocess.Popen(
        [*program, "serve", "--no-open", "--home", str(home), "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == f"serving http://127.0.0.1:{port}/ (Ctrl-C ends)\n", said + process.stderr.read()
    write_candles(home / "candles")
    yield Served(process, f"http://127.0.0.1:{port}", home)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, ""), err


def events(served: Served, run_id: str, after: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Ids and data, as they come."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with httpx2.stream("GET", f"{served.url}/api/runs/{run_id}/progress", headers=headers, timeout=SECONDS) as answer:
        number = 0
        for line in answer.iter_lines():
            if line.startswith("id: "):
                number = int(line.removeprefix("id: "))
            if line.startswith("data: "):
                yield number, json.loads(line.removeprefix("data: "))

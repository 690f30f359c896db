"""A run as a process of its own: `python -m exitbrain.wiring.workbench.worker JOB`.

JOB is a folder with request.json. Progress goes to stdout, one JSON object a line; what went wrong ends as the last of
them. The process ends when its stdin does, so that it never outlives who started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from exitbrain.errors import ExitBrainError

ABANDONED = 75
PACE_SECONDS = 0.05
# Which part of the whole each stage is, about.
WEIGHTS = {
    "backtest": {"reading": 0.15, "running": 0.5, "favorable": 0.5, "measuring": 0.15, "saving": 0.2},
    "compare": {"reading": 0.05, "running": 0.7, "saving": 0.25},
}


class Reporter:
    """Says how far the run is, often enough to look at and no oftener."""

    def __init__(self, stages: dict[str, float], out: TextIO) -> None:
        self.stages = stages
        self.out = out
        self._said = ("", 0.0)

    def __call__(self, stage: str, share: float, detail: str | None = None) -> None:
        now = time.monotonic()
        is_edge = stage != self._said[0] or share >= 1.0
        if not is_edge and now - self._said[1] < PACE_SECONDS:
            return
        self._said = (stage, now)
        told = {"stage": stage, "share": round(share, 4), "overall": round(self._overall(stage, share), 4)}
        self.say(told | {"detail": detail})

    def say(self, value: dict[str, Any]) -> None:
        self.out.write(json.dumps(value) + "\n")
        self.out.flush()

    def _overall(self, stage: str, share: float) -> float:
        names = list(self.stages)
        before = sum(self.stages[name] for name in names[: names.index(stage)])
        return (before + self.stages[stage] * share) / sum(self.stages.values())


def main(job: str, out: TextIO) -> int:
    folder = Path(job)
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    kind, arguments = request["kind"], request["arguments"]
    stages = dict(WEIGHTS[kind])
    if arguments.get("paths") != "both":
        stages.pop("favorable", None)
    tell = Reporter(stages, out)
    try:
        (_compare if kind == "compare" else _backtest)(request, arguments, tell)
    except ExitBrainError as error:
        tell.say({"error": str(error)})
        return error.exit_status
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        tell.say({"error": f"a file cannot be read or written: {error.strerror or error}{where}"})
        return 3
    except MemoryError:
        tell.say({"error": "not enough memory"})
        return 3
    except Exception as error:
        words = " ".join(str(error).split())
        tell.say({"error": f"unexpected {type(error).__name__}{': ' if words else ''}{words}"})
        raise
    return 0


def _backtest(request: dict[str, Any], arguments: dict[str, Any], tell: Reporter) -> None:
    from exitbrain.wiring.backtest import backtest
    from exitbrain.wiring.workbench.saving import save_result

    tell("reading", 0.0)
    given = {name: value for name, value in arguments.items() if value is not None}
    result = backtest(given.pop("candles"), **given, progress=tell)
    _expect(request["run_id"], result.run_id)
    tell("measuring", 0.0)
    count = len(result.metrics)
    tell("measuring", 1.0, f"{count} measures of {len(result.booked)} TradeSets")
    store, home = _workbench(request)
    save_result(store, home, result, lambda share: tell("saving", share))
    store.close()


def _compare(request: dict[str, Any], arguments: dict[str, Any], tell: Reporter) -> None:
    from exitbrain.wiring.compare import compare
    from exitbrain.wiring.workbench.saving import save_comparison

    tell("reading", 0.0)
    tell("reading", 1.0)
    tell("running", 0.0, f"{len(arguments['policies'])} policies")
    given = {name: value for name, value in arguments.items() if value is not None}
    comparison = compare(given.pop("candles"), **given, environment=os.environ, progress=tell)
    _expect(request["run_id"], comparison.to_dict()["comparison_id"])
    tell("running", 1.0)
    store, home = _workbench(request)
    save_comparison(store, home, comparison, lambda share: tell("saving", share))
    store.close()


def _workbench(request: dict[str, Any]) -> tuple[Any, Any]:
    from exitbrain.store import Store
    from exitbrain.wiring.workbench.home import URL, Home

    return Store.open(os.environ[URL]), Home(Path(request["home"]))


def _expect(wanted: str, found: str) -> None:
    if found != wanted:
        from exitbrain.errors import InvalidInput

        raise InvalidInput(f"its inputs changed after it was asked for: they now make run {found}")


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(ABANDONED)


if __name__ == "__main__":
    from exitbrain.features.ta_lib import spare_pandas

    spare_pandas()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Whatever else prints must not stand between the lines of progress.
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    status = main(sys.argv[1], lines)
    lines.close()
    sys.stderr.flush()
    os._exit(status)  # there is nothing to tidy up, and taking the libraries down takes a while

"""A run's folder, read back. A folder that is no run, or a file that was damaged, is bad input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.core.trade_sets import TradeSet
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl

EVENT_KEYS = {"event_id", "kind", "time", "symbol", "trigger_id", "category", "reason", "detail", "price", "set_id"}
ACCEPTED = "the folder that `exitbrain backtest --out` or `exitbrain demo` wrote"


@dataclass(frozen=True)
class RunFiles:
    """Each file is read when it is asked for."""

    folder: Path

    @cached_property
    def run(self) -> dict[str, Any]:
        return self._json("run.json", dict)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        return self._json("metrics.json", dict)

    @cached_property
    def trade_sets(self) -> list[dict[str, Any]]:
        held = self._json("trade_sets.json", dict).get("trade_sets")
        if not isinstance(held, list):
            raise self._damaged("trade_sets.json", "no trade_sets")
        for number, row in enumerate(held, 1):
            try:
                TradeSet.from_dict(row)
            except (InvalidInput, KeyError, TypeError, AttributeError, ValueError) as error:
                raise self._damaged("trade_sets.json", f"set {number} is none: {error}") from None
        return held

    @property
    def set_run_id(self) -> object:
        """Whose sets the file says that they are."""
        return self._json("trade_sets.json", dict).get("run_id")

    @cached_property
    def timings(self) -> dict[str, float]:
        return {name: value for name, value in self._this_time.items() if isinstance(value, int | float)}

    @property
    def read_from(self) -> list[Path]:
        """The folders that the run's inputs lay in when it was made."""
        told = self._this_time.get("read_from", [])
        return [Path(one) for one in told if isinstance(one, str)] if isinstance(told, list) else []

    @cached_property
    def _this_time(self) -> dict[str, Any]:
        return self._json("timings.json", dict) if (self.folder / "timings.json").is_file() else {}

    @cached_property
    def plans(self) -> dict[str, Any]:
        held = self._json("plans.json", dict)
        if not all(isinstance(plan, dict) and {"legs", "stop_path"} <= plan.keys() for plan in held.values()):
            raise self._damaged("plans.json", "a plan without legs or stop_path")
        return held

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        lines = self._text("events.jsonl").splitlines()
        events = [self._parsed("events.jsonl", line, number) for number, line in enumerate(lines, 1) if line.strip()]
        for number, event in enumerate(events, 1):
            if not isinstance(event, dict) or not event.keys() >= EVENT_KEYS:
                raise self._damaged("events.jsonl", f"event {number} lacks one of {', '.join(sorted(EVENT_KEYS))}")
        return events

    @cached_property
    def equity(self) -> pl.DataFrame:
        return self._parquet("equity.parquet")

    @cached_property
    def decisions(self) -> pl.DataFrame:
        from exitbrain.backtesting.records import DECISION_COLUMNS

        held = self._parquet("decisions.parquet")
        missing = [name for name in DECISION_COLUMNS if name not in held.columns]
        if missing:
            raise self._damaged("decisions.parquet", f"no column {', '.join(missing)}")
        return held

    def _parquet(self, name: str) -> pl.DataFrame:
        import polars as pl

        try:
            return pl.read_parquet(self.folder / name)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(name, str(error).splitlines()[0]) from None

    def _json(self, name: str, kind: type) -> Any:
        value = self._parsed(name, self._text(name), None)
        if not isinstance(value, kind):
            raise self._damaged(name, "not what a run writes")
        return value

    def _parsed(self, name: str, text: str, line: int | None) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            at = line or getattr(error, "lineno", None)
            raise self._damaged(name, f"broken JSON: {getattr(error, 'msg', error)}", at) from None

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise self._damaged(name, "no text in UTF-8") from None
        except OSError as error:
            found = f"cannot be read: {error.strerror or error}"
            raise InvalidInput(Problem(found=found, accepted=ACCEPTED, file=str(self.folder / name))) from None

    def _damaged(self, name: str, found: str, line: int | None = None) -> InvalidInput:
        return InvalidInput(Problem(found=found, accepted=ACCEPTED, file=str(self.folder / name), line=line))


def read_run(path: str) -> RunFiles:
    folder = Path(path)
    if not folder.is_dir():
        found = "this is a file" if folder.exists() else "no such folder"
        raise InvalidInput(Problem(found=found, accepted=ACCEPTED, file=path))
    if not (folder / "run.json").is_file():
        raise InvalidInput(Problem(found="no run.json in this folder", accepted=ACCEPTED, file=path))
    return RunFiles(folder)

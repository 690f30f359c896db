"""What a run writes down while it goes: events (spec D5) and the candidates of its decisions (spec D8, F11)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from exitbrain.backtesting.spool import Spool

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.core.market import Instrument

EVENT_COLUMNS = {
    "set_id": "String",
    "kind": "String",
    "time": "Int64",
    "symbol": "String",
    "timeframe": "Int64",
    "trigger_id": "String",
    "category": "String",
    "reason": "String",
    "detail": "String",
    "price": "Int64",
    "preempted_by": "String",
    "overridden_by": "String",
    "cooldown_recommendation_bars": "Int64",
}


class Events:
    """Every event in order of happening; iterating gives mappings with times in µs and prices as decimals."""

    def __init__(self, run_id: str, instruments: Mapping[str, Instrument]) -> None:
        self._run_id = run_id
        self._instruments = instruments
        self._rows = Spool(EVENT_COLUMNS)

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, row: tuple[Any, ...]) -> int:
        """Take a row of EVENT_COLUMNS in, its price in ticks; its number, from 1."""
        self._rows.append(row)
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(self._rows, 1):
            event: dict[str, Any] = {"event_id": event_id(self._run_id, number), "run_id": self._run_id}
            event |= zip(EVENT_COLUMNS, row, strict=True)
            if event["price"] is not None:
                event["price"] = self._instruments[event["symbol"]].price(event["price"])
            if event["cooldown_recommendation_bars"] is None:
                del event["cooldown_recommendation_bars"]
            yield event


def event_id(run_id: str, number: int) -> str:
    return f"{run_id}-e{number}"


DECISION_COLUMNS = {
    "time": "Int64",
    "symbol": "String",
    "set_id": "String",
    "trigger_id": "String",
    "kind": "String",
    "category": "String",
    "grade": "String",
    "exit_fraction": "Float64",
    "guards": "String",
    "rank": "Int64",
    "outcome": "String",
    "winner": "String",
    "price": "Int64",
    "decided_at": "String",
    "latched": "Boolean",
    "event_id": "Int64",
    "detail": "String",
}


class Decisions:
    """Every candidate of every decision, as decisions.parquet holds them."""

    def __init__(self, run_id: str, instruments: Mapping[str, Instrument]) -> None:
        self._run_id = run_id
        self._instruments = instruments
        self._rows = Spool(DECISION_COLUMNS)
        self._told: dict[tuple[tuple[str, str | None], ...], str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, row: tuple[Any, ...]) -> None:
        """Take a row of DECISION_COLUMNS in: its price in ticks, its event as a number."""
        self._rows.append(row)

    def told(self, guards: tuple[tuple[str, str | None], ...]) -> str:
        """The guards' answers as JSON; equal answers are told once."""
        text = self._told.get(guards)
        if text is None:
            if len(self._told) > MOST_TOLD:
                self._told.clear()
            text = self._told[guards] = json.dumps(dict(guards))
        return text

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows as tables, in order."""
        return map(self._written, self._rows.frames())

    def _written(self, frame: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        from exitbrain.core.numbers import plain

        pairs = zip(frame["symbol"].to_list(), frame["price"].to_list(), strict=True)
        known: dict[tuple[str, int], str] = {}
        prices = []
        for pair in pairs:
            if pair not in known:
                known[pair] = plain(self._instruments[pair[0]].price(pair[1]))
            prices.append(known[pair])
        return frame.with_columns(
            pl.col("time").cast(pl.Datetime("us", "UTC")),
            pl.Series("price", prices, dtype=pl.String),
            pl.format("{}-e{}", pl.lit(self._run_id), pl.col("event_id")).alias("event_id"),
        )


MOST_TOLD = 4096

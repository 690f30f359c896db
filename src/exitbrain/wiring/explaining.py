"""Why a run did, or did not, act at one bar (spec D8), from its files and, for the terms of rules, its inputs.

    explained = explain(record, symbol="BTCUSDT", at="2024-01-01T04:00:00Z", inputs=inputs)

A `RunRecord` is what the run wrote. Its inputs are needed to value the rules that did not fire: without them the
candidates, guards, ranks and losers are still told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core.arbiter import RANKS
from exitbrain.core.instants import instant_of, iso, microseconds
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.errors import InvalidInput
from exitbrain.wiring.past_positions import DECIDED_PLAN_LEGS, PastPosition, PriceBars, positions_at
from exitbrain.wiring.silent_rules import SilentRule, silent_rules

if TYPE_CHECKING:
    from exitbrain.backtesting.market import Market
    from exitbrain.wiring.inputs import RunInputs

TIME_STOP = "time_stop"
AT_THE_FILL = ("min_trade", "invalid_stop", "risk_cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run wrote. `times` are the open times of its bars in µs, `decisions` the rows of decisions.parquet."""

    run: Mapping[str, Any]
    trade_sets: Sequence[Mapping[str, Any]]
    plans: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    times: Any

    @property
    def filled_at_close(self) -> bool:
        return bool(self.run["config"]["execution"]["fill_at"] == "close")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One row of a decision. `reason` and `detail` say why it was refused or lost; `rank` counts from 0, as RANKS."""

    trigger_id: str
    kind: str
    category: str
    grade: str | None
    exit_fraction: float | None
    guards: Mapping[str, str | None]
    rank: int | None
    rank_name: str | None
    outcome: str
    winner: str | None
    set_id: str | None
    decided: str
    reason: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`legs` were filled in this bar before its decision, `fills` by it; `silence` says why there is no candidate."""

    symbol: str
    time: int
    price: str | None
    positions: tuple[tuple[PastPosition, Mapping[str, Any]], ...]
    latch: tuple[str, ...]
    legs: tuple[Mapping[str, Any], ...]
    candidates: tuple[Candidate, ...]
    fills: tuple[Mapping[str, Any], ...]
    silence: tuple[str, ...]
    silent: tuple[SilentRule, ...]
    notes: tuple[str, ...]


def explain(
    record: RunRecord, *, symbol: str | None, at: str, inputs: RunInputs | None, notes: Sequence[str] = ()
) -> Explanation:
    symbol = _known_symbol(record, symbol)
    market = None if inputs is None else inputs.markets[symbol]
    times = record.times if market is None else market.time
    bar = _bar_of(record, market, times, at)
    time = int(times[bar])
    ids = _trigger_ids(record, inputs)
    bars = None if market is None else PriceBars.of(market)
    positions = tuple(
        (one, one.features(bars, None if bars is None else bar))
        for one in positions_at(
            record.trade_sets, record.plans, symbol, time, filled_at_close=record.filled_at_close, trigger_ids=ids
        )
    )
    rows = [row for row in record.decisions if row["symbol"] == symbol and row["time"] == time]
    candidates = tuple(_candidates(record, rows))
    following = int(times[bar + 1]) if bar + 1 < len(times) else None
    fills = tuple(_fills(record, symbol, time, following, candidates, ids))
    stopped = any(row["kind"] == TIME_STOP for row in rows)
    silent: tuple[SilentRule, ...] = ()
    if inputs is not None and market is not None:
        fired = frozenset((one.trigger_id, one.kind == "entry", one.set_id) for one in candidates)
        unasked = _unasked(record, bar, len(times), stopped=stopped)
        silent = tuple(silent_rules(inputs, market, bar, positions, fired, _held(candidates), unasked))
    return Explanation(
        symbol=symbol,
        time=time,
        price=_price(rows, market, bar),
        positions=positions,
        latch=_latch(record, symbol, time),
        legs=tuple(_legs_before(record, symbol, time, positions, ids)),
        candidates=candidates,
        fills=fills,
        silence=tuple(
            _silence(
                record, symbol, times[bar : bar + 2].tolist(), positions, candidates, fills, inputs, stopped=stopped
            )
        ),
        silent=silent,
        notes=tuple(notes),
    )


# which bar


def _known_symbol(record: RunRecord, symbol: str | None) -> str:
    symbols = list(record.run["symbols"])
    if symbol is None and len(symbols) == 1:
        return str(symbols[0])
    if symbol not in symbols:
        found = "no --symbol in a run of several" if symbol is None else f"--symbol {symbol}"
        raise InvalidInput(found, accepted=f"one of {', '.join(symbols)}")
    return symbol


def _bar_of(record: RunRecord, market: Market | None, times: Any, at: str) -> int:
    """The bar that contains the instant."""
    time = microseconds(at)
    timeframe = timeframe_microseconds(record.run["timeframe"]) if market is None else market.timeframe
    bar = int(np.searchsorted(times, time, side="right")) - 1
    if bar >= 0 and time < int(times[bar]) + timeframe:
        return bar
    first, last = iso(instant_of(int(times[0]))), iso(instant_of(int(times[-1])))
    if bar < 0 or bar + 1 == len(times):
        raise InvalidInput(f"--at {at} lies outside the run", accepted=f"a time from {first} to {last}, or in that bar")
    before, after = iso(instant_of(int(times[bar]))), iso(instant_of(int(times[bar + 1])))
    raise InvalidInput(f"--at {at} lies in a hole of the candles", accepted=f"{before} before it, or {after} after it")


def _trigger_ids(record: RunRecord, inputs: RunInputs | None) -> frozenset[str]:
    """The plan's; without the plan, those whose decisions only a trigger can have made."""
    if inputs is not None:
        return frozenset(one.id for one in inputs.plan.triggers) if inputs.plan is not None else frozenset()
    asked = (row for row in record.decisions if row["kind"] != TIME_STOP)
    return frozenset(row["trigger_id"] for row in asked if row["kind"] != "entry" or row["grade"])


def _price(rows: Sequence[Mapping[str, Any]], market: Market | None, bar: int) -> str | None:
    """The close, which is the decision's price."""
    if market is None:
        return str(rows[-1]["price"]) if rows else None
    from exitbrain.core.numbers import plain

    return plain(market.instrument.price(int(market.close[bar])))


# candidates


def _candidates(record: RunRecord, rows: Sequence[Mapping[str, Any]]) -> Iterator[Candidate]:
    ids = {row["event_id"] for row in rows}
    reasons = {event["event_id"]: event["reason"] for event in record.events if event["event_id"] in ids}
    for row in rows:
        if row["kind"] == TIME_STOP:
            continue
        yield Candidate(
            trigger_id=row["trigger_id"],
            kind=row["kind"],
            category=row["category"],
            grade=row["grade"],
            exit_fraction=row["exit_fraction"],
            guards=json.loads(row["guards"]),
            rank=row["rank"],
            rank_name=None if row["rank"] is None else RANKS[row["rank"]],
            outcome=row["outcome"].partition(":")[0],
            winner=row["winner"],
            set_id=row["set_id"],
            decided=row["decided_at"],
            reason=reasons.get(row["event_id"]),
            detail=row["detail"],
        )


def _held(candidates: Sequence[Candidate]) -> frozenset[str]:
    """Triggers whose own hold rule refused them."""
    return frozenset(one.trigger_id for one in candidates if one.guards.get("hold_rule") is not None)


# around the decision


def _latch(record: RunRecord, symbol: str, time: int) -> tuple[str, ...]:
    """The causes that stand at this decision, with the symbol that set one where it is another."""
    causes: dict[str, str | None] = {}
    scope = record.run["config"]["latch"]["scope"]
    for event in record.events:
        mine = scope == "portfolio" or event["symbol"] == symbol
        if event["kind"] == "latch" and mine and microseconds(event["time"]) <= time:
            cause = event["trigger_id"] or "risk_regime_rule"
            causes[cause] = event["symbol"] if event["reason"] == "latch_set" else None
    return tuple(
        cause if setter == symbol else f"{cause} ({setter})" for cause, setter in sorted(causes.items()) if setter
    )


def _legs_before(
    record: RunRecord, symbol: str, time: int, positions: Sequence[tuple[PastPosition, Any]], ids: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    """Legs of this bar that were filled before its close was decided."""
    for one in record.trade_sets:
        for leg in one["legs"]:
            if one["symbol"] != symbol or microseconds(leg["timestamp"]) != time or leg["reason"] == "end_of_data":
                continue
            decided = leg["reason"] in DECIDED_PLAN_LEGS or leg["trigger_id"] in ids
            if not (record.filled_at_close and decided):
                yield {**leg, "set_id": one["set_id"]}


def _fills(
    record: RunRecord,
    symbol: str,
    time: int,
    following: int | None,
    candidates: Sequence[Candidate],
    ids: frozenset[str],
) -> Iterator[Mapping[str, Any]]:
    """Legs that this decision ordered: at the next open, or at this close."""
    filled_at = time if record.filled_at_close else following
    winners = {one.trigger_id for one in candidates if one.outcome == "won" and one.decided == "close"}
    for one in record.trade_sets:
        for leg in one["legs"] if one["symbol"] == symbol else ():
            ordered = leg["trigger_id"] in winners or leg["reason"] in winners or leg["reason"] == TIME_STOP
            if ordered and microseconds(leg["timestamp"]) == filled_at:
                yield {**leg, "set_id": one["set_id"]}


def _unasked(record: RunRecord, bar: int, count: int, *, stopped: bool) -> str | None:
    """Why no rule was asked at this close."""
    if stopped and not record.run["config"]["account"]["independent"]:
        return "not asked: a time stop is due"
    if bar == count - 1 and not record.filled_at_close:
        return "not asked: no decision is made at the last bar"
    return None


def _silence(
    record: RunRecord, symbol: str, times: Sequence[int], positions: Sequence[tuple[PastPosition, Any]],
    candidates: Sequence[Candidate], fills: Sequence[Mapping[str, Any]], inputs: RunInputs | None,
    *, stopped: bool,
) -> Iterator[str]:  # fmt: skip
    """Why nothing was asked at this close, and why nothing was filled; `times` are those of the bar and the next."""
    if stopped:
        yield "A time stop is due: the position leaves in full, before any arbitration and without guards."
        return
    at_close = [one for one in candidates if one.decided == "close"]
    if len(times) == 1 and not record.filled_at_close:
        yield "This is the last bar: no decision is made there, since fills are at the next open."
        return
    if not at_close:
        yield (
            "No decision was made at this close: the position is flat, and nothing asked to enter."
            if not positions
            else "No decision was made at this close: no exit rule fired, and nothing asked to enter."
        )
        if inputs is None and not record.decisions:
            yield "The run holds no decisions at all."
        return
    won = [one for one in at_close if one.outcome == "won"]
    if not won:
        yield "Every candidate was refused by a guard: nothing is ordered."
    elif not fills:
        yield from _unfilled(record, won, symbol, times)


def _unfilled(record: RunRecord, won: Sequence[Candidate], symbol: str, times: Sequence[int]) -> Iterator[str]:
    """Winners that their own fill refused (spec F31), in one of the bars where it was due."""
    for one in won:
        refused = [
            event
            for event in record.events
            if event["kind"] == "block"
            and (event["symbol"], event["trigger_id"]) == (symbol, one.trigger_id)
            and event["reason"] in AT_THE_FILL
            and microseconds(event["time"]) in times
        ]
        why = f": {refused[0]['reason']}, {refused[0]['detail']}" if refused else ": the position had gone before"
        yield f"{one.trigger_id} won, and its order was not filled{why}."

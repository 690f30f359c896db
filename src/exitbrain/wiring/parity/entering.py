"""A finished run once more, with its entries noted: what the strategy ordered, with which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exitbrain.backtesting.columns import BookedSet
from exitbrain.backtesting.executing import Executor
from exitbrain.backtesting.position import OpenPosition
from exitbrain.backtesting.settings import RunSettings
from exitbrain.backtesting.simulation import Line, Simulation
from exitbrain.core.intents import EntryTerms, Intent
from exitbrain.wiring.inputs import RunInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An order of the strategy's that was executed at the open of `bar`: signed lots of what it was to open or add, 0
    where it only closed (`on_opposite: exit`)."""

    symbol: str
    bar: int
    lots: int
    terms: EntryTerms


class _Noting(Executor):
    """Notes each entry as the position's lots tell it, after it was executed."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation)
        self.entered: list[Entered] = []

    def _enter(
        self, line: Line, order: Any, intent: Intent, terms: EntryTerms, bar: int, *, at_open: bool
    ) -> None:  # fmt: skip
        held = _held(line)
        had = line.positions[0] if line.positions else None
        super()._enter(line, order, intent, terms, bar, at_open=at_open)
        opened = line.positions[0] if line.positions else None
        if opened is not None and opened is had:
            self._keep(line, bar, _held(line) - held, terms)
        elif opened is not None or had is not None:
            self._keep(line, bar, _held(line), terms)

    def _keep(self, line: Line, bar: int, lots: int, terms: EntryTerms) -> None:
        self.entered.append(Entered(symbol=line.symbol, bar=bar, lots=lots, terms=terms))


def _held(line: Line) -> int:
    return sum(position.side * position.lots for position in line.positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAgain:
    settings: RunSettings
    sets: tuple[BookedSet, ...]
    entered: Mapping[tuple[str, int], tuple[Entered, ...]]  # by symbol and bar, in order
    events: tuple[Mapping[str, Any], ...]


def run_again(inputs: RunInputs, settings: RunSettings) -> RunAgain:
    simulation = Simulation(
        inputs.markets, inputs.rows, inputs.registry, settings, plan=inputs.plan, funding=inputs.funding, traced=False
    )
    noting = simulation.executor = _Noting(simulation)
    simulation.run()
    entered: dict[tuple[str, int], tuple[Entered, ...]] = {}
    for one in noting.entered:
        place = one.symbol, one.bar
        entered[place] = (*entered.get(place, ()), one)
    return RunAgain(
        settings=settings,
        sets=tuple(simulation.booked),
        entered=entered,
        events=tuple(simulation.events),
    )


def position_of(booked: BookedSet) -> OpenPosition:
    assert isinstance(booked.position, OpenPosition)
    return booked.position

"""A position keeps the written plan that it began under, over promotions, restarts and a store that does not answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.guardrails import Limits
from exitbrain.core.live import events as e
from exitbrain.core.live.book import SECOND, Book, Settings
from exitbrain.core.market import Instrument
from exitbrain.core.promotion import State, Step
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import Unavailable
from exitbrain.features.lines import ClosedBar
from exitbrain.live.deciding import LiveDecider
from exitbrain.live.monitor import Monitor
from exitbrain.live.planning import LivePlanner
from exitbrain.live.recording import Recorded
from exitbrain.live.rule_names import names_for_rules
from exitbrain.live.watching import LiveMarket
from exitbrain.store import Store
from exitbrain.store.journal import open_journal
from exitbrain.wiring.live.pins import PinnedDecider, Pins, Rules, lives_of

BAR = 60 * SECOND
SOON = 0.01


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield opened
    opened.close()


def promoted(store: Store, name: str, rule: str) -> str:
    """A plan whose one rule halves positions of X and Y; in force from now on."""
    triggers = [
        {"id": f"{name}_{symbol}", "symbol": symbol, "direction": "exit", "category": "risk_reduce", "exit_rule": rule,
         "exit_fraction": 0.5}
        for symbol in ("X", "Y")
    ]  # fmt: skip
    text = json.dumps({"plan_id": name, "triggers": triggers})
    store.put_proposal(name, sha256=name, plan_id=name, text=text, spec={})
    for before in (State.QUARANTINE, State.SHADOW):
        store.take_step(name, Step.PROMOTE, before=before, verdict=None, operator="ann", consent="yes")
    return name


def until(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.005)


class Run:
    """Two symbols under a monitor on a journal; rules read the volume."""

    def __init__(self, folder: Path, store: Any) -> None:
        self.file, self.store = folder / "j", store
        self.now, self.version, self.time = SECOND, 0, 0
        self.start()

    def start(self) -> None:
        self.journal = open_journal(self.file)
        self.recorded = Recorded(self.journal, Settings())
        markets = {key: LiveMarket(BAR) for key in ("X", "Y")}
        planner = LivePlanner(ExitSettings(regime="NORMAL"), ProfileRegistry(), lambda: self.state.books, markets)
        self.pins = Pins(self.store, "account", lives_of(self.state), every=SOON)
        self.decider = PinnedDecider(self.rules, self.pins, lambda: self.state)
        self.monitor = Monitor(self.recorded, planner, self.decider, markets=markets)
        for key in ("X", "Y"):
            self.take(e.Managed(key=key, instrument=Instrument(symbol=key, tick_size=1, lot_size=1)))  # type: ignore[arg-type]
        self.take(e.Started(fence=self.journal.fence))

    def restart(self) -> None:
        self.pins.close()
        self.journal.close()
        self.start()

    @property
    def state(self) -> Any:
        return self.recorded.state

    def rules(self, plan: StrategyPlan) -> Rules:
        markets: dict[str, LiveMarket] = {}

        def add(key: str) -> None:
            markets[key] = LiveMarket(BAR, names_for_rules(plan, key, BAR))

        return Rules(LiveDecider(plan, Limits(), lambda: self.state, markets), markets, add)

    def take(self, event: e.Event) -> None:
        for one in self.monitor.take(event, self.now):
            if isinstance(one, e.Send | e.Cancel):
                self.take(e.Answered(key=one.key, id=one.id, cancel=isinstance(one, e.Cancel), outcome=e.Outcome.OK))

    def read(self, key: str, lots: int) -> Book:
        self.now += SECOND
        self.version += 1
        self.take(e.PriceSeen(key=key, ticks=1000))
        self.take(e.PositionSeen(key=key, lots=lots, entry=Fraction(1000), version=self.version, asked_at=self.now))
        self.take(e.OrdersSeen(key=key, asked_at=self.now, orders=()))
        return self.book(key)

    def book(self, key: str) -> Book:
        return self.state.books[key]  # type: ignore[no-any-return]

    def bars(self, volume: float) -> None:
        bars = {
            key: ClosedBar(time=self.time, open=1000, high=1000, low=1000, close=1000, volume=volume) for key in "XY"
        }
        self.time += BAR
        self.now = max(self.now, self.time)
        for one in self.monitor.bars_closed(bars, self.now):
            if isinstance(one, e.Send | e.Cancel):
                self.take(e.Answered(key=one.key, id=one.id, cancel=isinstance(one, e.Cancel), outcome=e.Outcome.OK))

    def causes(self) -> dict[str, str | None]:
        return {key: None if (b := self.book(key)).target is None else b.target.cause for key in "XY"}  # type: ignore[union-attr]

    def open(self, key: str) -> None:
        """With the bar of the opening closed: its veto is over at the next."""
        self.read(key, 1000)
        self.bars(0)


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Iterator[Run]:
    one = Run(tmp_path, store)
    yield one
    one.pins.close()
    one.journal.close()


def test_a_plan_that_comes_into_force_is_for_positions_that_open_later(run: Run, store: Store) -> None:
    """Issue 6: open positions keep the plan that they began under."""
    first = promoted(store, "first", "volume > 5")
    until(lambda: run.pins.in_force is not None)
    run.bars(0)
    run.open("X")
    second = promoted(store, "second", "volume > 50")
    until(lambda: run.pins.in_force is not None and run.pins.in_force.proposal_id == second)
    run.open("Y")
    run.bars(6)
    assert run.causes() == {"X": "first_X_exit", "Y": None}
    run.bars(60)
    assert run.causes()["Y"] == "second_Y_exit"
    until(lambda: len(store.open_pins(first) + store.open_pins(second)) == 2)
    assert store.open_pins(first) == ["account:X:1"] and store.open_pins(second) == ["account:Y:1"]


def test_a_restart_keeps_it_too(run: Run, store: Store) -> None:
    promoted(store, "first", "volume > 5")
    until(lambda: run.pins.in_force is not None)
    run.bars(0)
    run.open("X")
    until(lambda: store.open_pins("first") != [])
    promoted(store, "second", "volume > 50")
    run.restart()
    assert run.pins.in_force is not None and run.pins.in_force.proposal_id == "second"
    run.read("X", 1000)
    run.bars(6)
    assert run.causes()["X"] == "first_X_exit"


def test_a_position_that_is_gone_lets_its_plan_go(run: Run, store: Store) -> None:
    promoted(store, "first", "volume > 5")
    until(lambda: run.pins.in_force is not None)
    run.bars(0)
    run.open("X")
    until(lambda: store.open_pins("first") != [])
    promoted(store, "second", "volume > 50")
    until(lambda: run.pins.in_force is not None and run.pins.in_force.proposal_id == "second")
    run.read("X", 0)
    run.bars(0)
    until(lambda: store.open_pins("first") == [])
    assert set(run.decider.rules) == {"second"}


def test_a_key_whose_position_is_gone_may_name_another(store: Store) -> None:
    """A journal that was begun anew counts lives from 1 again."""
    promoted(store, "first", "volume > 5")
    assert store.pin_plan("account:X:1")["proposal_id"] == "first"  # type: ignore[index]
    promoted(store, "second", "volume > 50")
    assert store.pin_plan("account:X:1")["proposal_id"] == "first"  # type: ignore[index]
    store.release_pin("account:X:1")
    assert store.plan_of_position("account:X:1")["proposal_id"] == "first"  # type: ignore[index]
    assert store.pin_plan("account:X:1")["proposal_id"] == "second"  # type: ignore[index]
    assert store.open_pins("second") == ["account:X:1"] and store.open_pins("first") == []


def test_a_new_plan_has_seen_the_bars_before_it(run: Run, store: Store) -> None:
    """Its rule looks at three bars; the two before its promotion count."""
    run.bars(20)
    run.bars(20)
    promoted(store, "first", "highest(volume, 3) > 15 and lowest(volume, 3) > 5")
    until(lambda: run.pins.in_force is not None)
    run.open("X")
    run.bars(6)
    assert run.causes()["X"] is None, "the bar of the opening was below"
    run.bars(16)
    run.bars(16)
    assert run.causes()["X"] == "first_X_exit"


class Broken:
    """Answers until it is told not to."""

    def __init__(self, store: Store) -> None:
        self.store, self.is_down = store, False

    def __getattr__(self, name: str) -> Any:
        if self.is_down:
            raise Unavailable("the store is away")
        return getattr(self.store, name)


def test_a_store_that_does_not_answer_holds_up_no_exit(tmp_path: Path, store: Store) -> None:
    promoted(store, "first", "volume > 5")
    broken = Broken(store)
    run = Run(tmp_path, broken)
    broken.is_down = True
    run.bars(0)
    run.open("X")
    run.bars(6)
    assert run.causes()["X"] == "first_X_exit"
    assert store.open_pins("first") == []
    broken.is_down = False
    until(lambda: store.open_pins("first") == ["account:X:1"])
    broken.is_down = True
    run.pins.close()
    with pytest.raises(Unavailable):
        Pins(broken, "account", [("X", 1)])
    run.journal.close()


def test_without_a_plan_nothing_is_decided(run: Run) -> None:
    run.bars(0)
    run.open("X")
    run.bars(60)
    assert run.causes() == {"X": None, "Y": None} and run.pins.of("X", 1) is None

"""The shell's parts without processes: which prices pass, what is shown, who is in a rollout, what the watchdog wants."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitbrain.cli import main
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.live.book import SECOND, Settings, State
from exitbrain.core.live.events import (
    Alert,
    Answered,
    Ask,
    Effect,
    Event,
    FlattenAsked,
    LivePlan,
    Managed,
    Mode,
    ModeSet,
    OrdersSeen,
    Outcome,
    PlanGiven,
    PlanRung,
    PositionSeen,
    PriceSeen,
    Question,
    Resting,
    Send,
    Started,
)
from exitbrain.core.live.orders import OrderKind
from exitbrain.core.live.step import step
from exitbrain.core.market import Instrument
from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.live import running
from exitbrain.live.monitor import Monitor
from exitbrain.live.narrating import would_lines
from exitbrain.live.prices import AT_LEAST_EVERY, PriceGate
from exitbrain.live.repeating import Repeats
from exitbrain.live.showing import figures_of, orders_shown, positions_shown
from exitbrain.live.terms import Clock, Terms
from exitbrain.venues.adapter import Finding
from exitbrain.wiring.live.guarding import NAKED_FOR, Guard, Watchdog, Watched, _answer, _beaten_at, covered
from exitbrain.wiring.live.places import KEY, SECRET, WORDS, Places, in_rollout, keys_of
from loops import run_in_a_loop

BTC = Instrument(symbol="BTCUSDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))
NOW = 1_000 * SECOND
PLAN = LivePlan(
    lots=10, stop=490_000, entry=Fraction(500_000), risk=Fraction(10_000), profile="NORMAL_DEFAULT",
    rungs=(PlanRung(index=1, level=505_000, lots=3, soft=True), PlanRung(index=2, level=510_000, lots=7)),
)  # fmt: skip


def lived(*events: Event, mode: Mode = Mode.ACTIVE) -> State:
    """A long of 10 lots @ 50,000 on a venue that takes every order, and then these events."""
    state, at = State(settings=Settings()), NOW
    opening: list[Event] = [
        Started(fence=1), ModeSet(mode=mode), Managed(key="BTCUSDT", instrument=BTC),
        PositionSeen(key="BTCUSDT", lots=10, entry=Fraction(500_000), version=1, asked_at=at + 20_000),
        OrdersSeen(key="BTCUSDT", asked_at=at + 20_000, orders=()), PlanGiven(key="BTCUSDT", epoch=1, plan=PLAN),
    ]  # fmt: skip
    for event in (*opening, *events):
        waiting = [event]
        while waiting:
            at += 1_000
            state, effects = step(state, waiting.pop(0), at)
            waiting += [_taken(one) for one in effects if isinstance(one, Send)]
    return state


def _taken(send: Effect) -> Event:
    assert isinstance(send, Send)
    return Answered(key=send.key, id=send.id, cancel=False, outcome=Outcome.OK)


def test_a_position_is_shown_with_its_stop_its_rungs_and_its_cover() -> None:
    (shown,) = positions_shown(lived(PriceSeen(key="BTCUSDT", ticks=502_000)), {"BTCUSDT": 503_000}, "paper", NOW)
    assert (shown["side"], shown["quantity"], shown["entry_price"]) == ("long", "0.01", "50000")
    # (50,300 - 50,000) x 0.01 = 3.00; 300 of 1,000 at risk is 0.3 R.
    assert (shown["mark_price"], shown["unrealized_pnl"], shown["r"]) == ("50300", "3", "0.3")
    assert (shown["stop_price"], shown["stop_kind"]) == ("49000", "stop_loss")
    protection = shown["protection"]
    assert (protection["state"], protection["covered"], protection["disaster_state"]) == ("protected", "0.01", "LIVE")
    assert [(one["leg"], one["price"], one["quantity"], one["state"]) for one in shown["plan"]["rungs"]] == [
        (1, "50500", "0.003", "placed"), (2, "51000", "0.007", "placed"),
    ]  # fmt: skip
    assert {one["role"] for one in orders_shown(lived())} == {"disaster", "stop", "take"}


def test_a_position_without_a_stop_is_shown_naked_and_counted() -> None:
    state = lived(mode=Mode.OBSERVE)
    later, _ = step(state, PriceSeen(key="BTCUSDT", ticks=500_000), NOW + 60 * SECOND)
    (shown,) = positions_shown(later, {}, "shadow", NOW + 60 * SECOND)
    assert shown["protection"]["state"] == "naked" and shown["protection"]["naked_seconds"] > 50
    assert figures_of(later, NOW + 60 * SECOND)["naked"] == 1


def test_in_shadow_all_that_would_rest_is_said() -> None:
    lines = would_lines(lived(mode=Mode.OBSERVE).books["BTCUSDT"], Settings())
    assert lines == (
        "would place disaster stop: STOP_MARKET sell all of it @ 45000",
        "would place stop: STOP_MARKET sell 0.01 @ 49000",
        "would place take 1: LIMIT sell 0.003 @ 50500",
        "would place take 2: TAKE_PROFIT_MARKET sell 0.007 @ 51000",
    )


@given(st.lists(st.integers(489_000, 512_000), min_size=2, max_size=60), st.integers(1_000, 200_000))
def test_no_level_is_met_without_the_core_seeing_it(prices: list[int], apart: int) -> None:
    """However many prices are held back, those that pass meet the same levels as all of them."""
    book = lived().books["BTCUSDT"]
    gate, now, passed = PriceGate(), NOW, []
    for price in prices:
        now += apart
        if gate.lets_through(book, price, now):
            passed.append(price)
    for level in (490_000, 505_000, 510_000):
        assert any(one >= level for one in prices) == any(one >= level for one in passed)
        assert any(one <= level for one in prices) == any(one <= level for one in passed)


def test_a_quiet_market_is_still_seen_once_a_second() -> None:
    book, gate = lived().books["BTCUSDT"], PriceGate()
    times = [n * SECOND // 20 for n in range(200)]
    passed = [at for at in times if gate.lets_through(book, 500_000, NOW + at)]
    assert passed == [at for at in times if at % AT_LEAST_EVERY == 0]


def test_a_rollout_keeps_its_symbols_as_it_grows() -> None:
    symbols = [f"S{number}USDT" for number in range(400)]
    shares = [{one for one in symbols if in_rollout(one, percent)} for percent in (0, 10, 50, 100)]
    assert shares[0] == set() and shares[3] == set(symbols)
    assert shares[0] <= shares[1] <= shares[2] <= shares[3]
    assert 20 <= len(shares[1]) <= 60 and 150 <= len(shares[2]) <= 250


def test_keys_come_from_the_environment_alone_and_consent_is_for_one_key(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"{SECRET} not set"):
        keys_of({KEY: "k"})
    assert keys_of({KEY: " k ", SECRET: "s"}) == ("k", "s")
    places = Places.of(tmp_path)
    places.keep_consent("k")
    assert places.has_consent("k") and not places.has_consent("other")
    assert "k" not in (places.folder / "consent.json").read_text().replace(WORDS, "").split('"key": "')[1][:1]
    assert places.install() == places.install() and len(places.install()) == 4
    (places.folder / "install").write_text("not four")
    with pytest.raises(InvalidInput, match="install"):
        places.install()


# the watchdog

LONG = PositionSeen(key="BTCUSDT", lots=10, entry=Fraction(500_000), version=1, asked_at=1)
STOP = Resting(id="a", side=-1, kind=OrderKind.STOP_MARKET, level=490_000, lots=10)


@pytest.mark.parametrize(
    ("orders", "lots"),
    [
        ((), 0),
        ((STOP,), 10),
        ((replace(STOP, lots=4),), 4),
        ((replace(STOP, filled=4),), 6),
        ((replace(STOP, lots=0, close_position=True),), 10),
        ((replace(STOP, triggered=True),), 0),
        ((replace(STOP, side=1),), 0),
        ((replace(STOP, kind=OrderKind.TAKE_PROFIT_MARKET),), 0),
    ],
)
def test_only_stops_that_wait_on_the_closing_side_cover(orders: tuple[Resting, ...], lots: int) -> None:
    """F8: a stop that was triggered protects nothing any more."""
    assert covered(10, orders) == lots


def test_the_watchdog_waits_while_a_monitor_lives_and_acts_at_once_where_none_does() -> None:
    guard = Guard(Fraction(1, 10))
    assert not guard.wants(LONG, (), 0.0, alone=False)
    assert not guard.wants(LONG, (), NAKED_FOR - 0.1, alone=False)
    assert guard.wants(LONG, (), NAKED_FOR, alone=False)
    assert not guard.wants(LONG, (STOP,), NAKED_FOR + 1, alone=False)
    assert not guard.wants(LONG, (), NAKED_FOR + 2, alone=False)
    assert guard.wants(LONG, (), NAKED_FOR + 2, alone=True)
    assert not guard.wants(replace(LONG, lots=0), (), 99.0, alone=True)


@given(st.sampled_from((10, -10)), st.integers(100_000, 900_000), st.integers(100_000, 900_000))
def test_its_stop_closes_and_is_never_met_already(lots: int, entry: int, mark: int) -> None:
    seen = replace(LONG, lots=lots, entry=Fraction(entry))
    stop = Guard(Fraction(1, 10)).stop(seen, mark, BTC, "w")
    side = 1 if lots > 0 else -1
    assert stop.close_position and stop.side == -side and stop.kind is OrderKind.STOP_MARKET
    assert side * (mark - stop.level) > 0 and side * (entry - stop.level) > 0


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ({}, Watched()),
        ({"disaster_pct": "7.5", "symbols": ["A"]}, Watched(symbols=("A",), disaster_pct=Decimal("7.5"))),
        ({"policy": "alert", "rollout_pct": 50}, Watched(policy="alert", rollout_pct=50)),
        ({"disaster_pct": "abc"}, Watched()),
        ({"disaster_pct": None}, Watched()),
        ({"disaster_pct": float("nan")}, Watched()),
        ({"disaster_pct": 150}, Watched()),
        ({"disaster_pct": [10], "symbols": "BTCUSDT"}, Watched()),
        ({"symbols": [1]}, Watched()),
        ({"symbols": {"BTCUSDT": 1}, "rollout_pct": 50}, Watched(rollout_pct=50)),
        ({"policy": 7, "rollout_pct": True}, Watched()),
        ({"policy": "none", "rollout_pct": 101}, Watched()),
    ],
)
def test_a_heartbeat_of_wrong_types_leaves_the_defaults_which_guard_all(
    told: dict[str, Any], understood: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("exitbrain.watchdog").propagate = True  # a test of the command line may have set its own handler
    assert Watched().heard(told) == understood
    wrong = [name for name in told if getattr(understood, name) == getattr(Watched(), name)]
    assert len(caplog.messages) == len(wrong)
    for name in wrong:
        assert any(f"live.{name}" in one and one.endswith(" stays") for one in caplog.messages)
    before = Watched(symbols=("A",), policy="ignore", rollout_pct=3, disaster_pct=Decimal(2))
    assert all(getattr(before.heard(told), name) == getattr(before, name) for name in wrong)


@pytest.mark.parametrize("at", ["now", None, [], float("nan"), float("inf"), 1e300])
def test_a_heartbeat_that_does_not_say_when_is_old(at: object) -> None:
    assert _beaten_at({"at": at}) < 0 and _beaten_at(None) < 0
    assert _beaten_at({"at": 5}) == 5.0


@pytest.mark.parametrize("left", ['{"disaster_pct": "abc", "ended": "no"}', "{", "", "[]"])
def test_the_watchdog_protects_with_a_broken_heartbeat(left: str, tmp_path: Path) -> None:
    """L5: what was not understood must not keep a position from its stop."""
    places = Places.of(tmp_path)
    places.heartbeat.write_text(left)
    adapter = MagicMock(instruments={"BTCUSDT": BTC})
    adapter.open, adapter.close, adapter.mark = AsyncMock(), AsyncMock(), AsyncMock(return_value=500_000)
    adapter.positions = AsyncMock(return_value=(LONG,))
    sent = list[Send]()

    async def carry_out(effect: Effect) -> tuple[Event, ...]:
        if isinstance(effect, Send):
            sent.append(effect)
            return (_taken(effect),)
        assert isinstance(effect, Ask)
        is_orders = effect.what is Question.ORDERS
        return (OrdersSeen(key="BTCUSDT", asked_at=1, orders=()) if is_orders else LONG,)

    adapter.carry_out = carry_out
    run_in_a_loop(Watchdog(adapter, places, {"disaster_pct": []}).run(0.2))
    assert [(one.level, one.close_position) for one in sent] == [(450_000, True)]


@pytest.mark.parametrize(
    ("left", "status", "said"),
    [
        (None, 3, "no monitor has left a heartbeat"),
        ("{", 2, "at which venue positions are watched: url is null"),
        ('{"url": 7, "disaster_pct": "abc"}', 2, "url is 7; accepted: what exitbrain live writes"),
        ('{"url": "http://u:hunter2@h"}', 2, "url holds more than a place"),
        ('{"url": "http://example.com"}', 2, "is not encrypted"),
    ],
)
def test_a_watchdog_does_not_guess_the_venue(
    left: str | None, status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if left is not None:
        Places.of(tmp_path).heartbeat.write_text(left)
    tmp_path.joinpath("live").mkdir(exist_ok=True)
    assert main(["watchdog", "--home", str(tmp_path), "--for", "1"]) == status
    told = capsys.readouterr().err
    assert said in told and len(told.splitlines()) == 1 and "hunter2" not in told


def test_questions_have_no_effect_that_is_sent() -> None:
    assert not any(isinstance(one, Send) for one in _asked())


def _asked() -> list[Any]:
    state = State(settings=Settings())
    state, _ = step(state, Managed(key="BTCUSDT", instrument=BTC), NOW)
    _, effects = step(state, Started(fence=1), NOW + 1)
    assert all(isinstance(one, Ask) and one.what in (Question.POSITION, Question.ORDERS) for one in effects)
    return list(effects)


class _InMemory:
    def __init__(self) -> None:
        self.state = State(settings=Settings())

    def take(self, event: Event, now: int) -> tuple[Effect, ...]:
        self.state, effects = step(self.state, event, now)
        return effects


class _Broken:
    def plan(self, *_: Any) -> None:
        raise ZeroDivisionError("a fault of ours")

    def bar_seen(self, *_: Any) -> Any:
        raise ZeroDivisionError("a fault of ours")


def test_a_planner_that_fails_takes_no_stop_with_it() -> None:  # I16
    monitor = Monitor(_InMemory(), _Broken())
    events = (
        Started(fence=1), Managed(key="BTCUSDT", instrument=BTC),
        PositionSeen(key="BTCUSDT", lots=10, entry=Fraction(500_000), version=1, asked_at=NOW),
        OrdersSeen(key="BTCUSDT", asked_at=NOW, orders=()),
    )  # fmt: skip
    effects = [one for event in events for one in monitor.take(event, NOW)]
    (sent,) = [one for one in effects if isinstance(one, Send)]
    assert sent.close_position and sent.kind is OrderKind.STOP_MARKET
    assert [one.detail for one in effects if isinstance(one, Alert)] == [
        "planning failed: ZeroDivisionError: a fault of ours; its disaster stop stands alone"
    ]


def test_what_plans_need_is_fetched_before_there_is_a_position(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its import and its store take seconds, for which a first plan's stop would wait."""
    monkeypatch.setattr(running, "PROTECTED_WITHIN", 0.05)
    minded, venue = MagicMock(), MagicMock(instruments={})
    minded.monitor.state = State(settings=Settings())
    minded.monitor.take.return_value = ()
    venue.open, venue.positions = AsyncMock(return_value=()), AsyncMock(return_value=())
    venue.listen, venue.close = AsyncMock(), AsyncMock()
    shell = running.Running(minded, venue, MagicMock(**{"commands.return_value": []}), Terms(), clock=Clock(), fence=1)
    run_in_a_loop(shell.run(seconds=0.5))
    minded.prepare.assert_called_once_with()


def _shell(told: list[str], found: tuple[Finding, ...] = (), symbols: tuple[str, ...] = ()) -> running.Running:
    minded, venue = MagicMock(), MagicMock(instruments={})
    minded.monitor.state = State(settings=Settings())
    minded.monitor.take.return_value = ()
    venue.open, venue.positions = AsyncMock(return_value=found), AsyncMock(return_value=())
    venue.listen, venue.close = AsyncMock(), AsyncMock()
    screen = MagicMock(**{"commands.return_value": []})
    shell = running.Running(minded, venue, screen, Terms(symbols=symbols), clock=Clock(), fence=1)
    shell.tell = lambda _name, _key, text, **_: told.append(text)  # type: ignore[method-assign, assignment]
    return shell


def test_a_start_that_is_refused_leaves_no_connection_open() -> None:
    shell = _shell([], (Finding(subject="account", ok=False, detail="hedge mode"),))
    with pytest.raises(InvalidInput, match="hedge mode"):
        run_in_a_loop(shell.run(seconds=1))
    shell.venue.close.assert_awaited_once_with()  # type: ignore[attr-defined]


def test_what_goes_on_is_said_once_and_now_and_then_for_how_long() -> None:
    repeats = Repeats()
    told = [repeats.words("away", "it is away", 100 + 1.7 * n) for n in range(60)]
    assert [one for one in told if one] == ["it is away", "it is away, for 31 s now", "it is away, for 61 s now",
        "it is away, for 92 s now"]  # fmt: skip
    assert repeats.words("other", "another thing", 150.0) == "another thing"
    assert repeats.words("away", "it is away", 1_000.0) == "it is away", "what has been well is new"


def test_a_venue_that_is_away_at_a_start_is_told_once() -> None:
    told = list[str]()
    shell = _shell(told)
    shell.venue.open = AsyncMock(side_effect=[Unavailable("it is away")] * 2 + [()])  # type: ignore[method-assign]
    run_in_a_loop(shell.run(seconds=2.5))
    assert [one for one in told if "away" in one] == ["it is away; it is asked again until it does"]


def _told_at_the_end(state: State, terms: Terms) -> list[str]:
    shell, told = _shell([]), list[str]()
    shell.minded.monitor.state, shell.terms = state, terms  # type: ignore[misc]
    shell.tell = lambda _name, key, text, **_: told.append(f"{key} {text}".strip())  # type: ignore[method-assign, assignment]
    shell._tell_what_stays()
    return told


def test_an_end_says_what_stays_at_the_venue() -> None:
    paper = Terms(mode="paper")
    assert _told_at_the_end(lived(), paper) == [
        "BTCUSDT long 0.01 stays open: 2 stops and 2 takes of it stay at the venue"
    ]
    assert _told_at_the_end(lived(mode=Mode.OBSERVE), paper) == ["BTCUSDT long 0.01 stays open: no stop covers it"]
    assert _told_at_the_end(State(settings=Settings()), paper) == ["nothing is open"]
    assert _told_at_the_end(lived(), Terms()) == [], "in shadow nothing was sent"
    ends = Terms(mode="paper", venue_stays=False)
    assert _told_at_the_end(lived(), ends) == ["the simulated venue ends too, with all that is open there"]


def test_a_symbol_that_the_venue_does_not_have_is_told() -> None:
    """A slip of the pen must not leave a position to nobody in silence."""
    told = list[str]()
    run_in_a_loop(_shell(told, symbols=("BTCUSD",)).run(seconds=0.3))
    assert "live.symbols: the venue has no perpetual BTCUSD" in told


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        (Outcome.OK, 0, "it rests"),
        (Outcome.REFUSED, -2021, "it was refused (-2021)"),
        (Outcome.UNKNOWN, 0, "no answer"),
    ],
)
def test_the_watchdog_tells_an_answer_in_words(outcome: Outcome, code: int, words: str) -> None:
    assert _answer(Answered(key="BTCUSDT", id="x", cancel=False, outcome=outcome, code=code)) == words


def test_a_switch_that_cannot_be_turned_off_does_not_end_the_monitor() -> None:
    shell = _shell([])
    shell._turn_off = MagicMock(side_effect=Unavailable("kill switch: it is a folder"))
    assert shell._obey({"kind": "resume", "body": {}, "by": "ann"}) == ("refused", "kill switch: it is a folder")


@pytest.mark.parametrize(("seconds", "outcome"), [(5, "done"), (59, "done"), (61, "refused"), (86_400, "refused")])
def test_a_flatten_that_waited_for_a_monitor_is_good_for_a_minute(seconds: int, outcome: str) -> None:
    """Its asker was told that nobody took it: a start a day later must not close the position."""
    state = lived()
    minded = MagicMock()
    minded.monitor.state = state
    minded.monitor.take.return_value = ()
    shell = running.Running(
        minded, MagicMock(instruments={}), MagicMock(), Terms(mode="paper"), clock=lambda: NOW, fence=1
    )
    at = iso(instant_of(NOW - seconds * SECOND))
    body = {"key": "BTCUSDT", "epoch": state.books["BTCUSDT"].epoch}
    command = {"command_id": "command-1", "kind": "flatten", "body": body, "by": "ann", "at": at}
    said, detail = shell._obey(command)
    assert said == outcome
    taken = [one.args[0] for one in minded.monitor.take.call_args_list if isinstance(one.args[0], FlattenAsked)]
    assert len(taken) == (outcome == "done"), detail

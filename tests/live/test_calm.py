"""Prices that change nothing else take a short way through the rules, and it leads to the same place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exitbrain.core.live import events as e
from exitbrain.core.live import step as stepping
from exitbrain.core.live.book import Book, State
from exitbrain.core.live.books import PAGE, Books
from exitbrain.core.live.text import canonical, read
from exitbrain.live.simulation.playing import History
from exitbrain.live.simulation.swarm import swarm_of
from live.test_decisions import INSTRUMENT

SEEDS = 60


def the_long_way(state: State) -> State:
    """The same state without what was computed from it."""
    made = read(canonical(state))
    assert isinstance(made, State)
    return made


def test_the_short_way_is_taken_and_equals_the_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over seeded histories with faults: every price both ways, state and effects to the byte."""
    step: Callable[..., Any] = stepping.step
    taken = {"short": 0, "long": 0}

    def both(state: State, event: e.Event, now: int) -> tuple[State, tuple[e.Effect, ...]]:
        after, effects = step(state, event, now)
        if isinstance(event, e.PriceSeen) and event.key in state.books:
            book = state.books[event.key]
            short = stepping.is_calm_at(book, event.ticks, state.settings, state.mode, now)
            taken["short" if short else "long"] += 1
            if short:
                long_after, long_effects = step(the_long_way(state), event, now)
                assert canonical(long_after) == canonical(after)
                assert canonical(long_effects) == canonical(effects)
        return after, effects

    monkeypatch.setattr(stepping, "step", both)
    for seed in range(SEEDS):
        History(seed, swarm_of(seed)).play()
    assert taken["short"] > 300, taken


def book(number: int, price: int | None = None) -> Book:
    return Book(key=f"K{number}", instrument=INSTRUMENT, policy=e.Policy.ADOPT, price=price)


def test_books_are_values() -> None:
    """Putting one in leaves those from before as they were, whoever branched off."""
    many = Books()
    for number in range(PAGE + 3):
        many = many.put(book(number))
    changed = many.put(book(5, 7))
    one, other = many.put(book(1000)), many.put(book(1001))
    assert many["K5"].price is None and changed["K5"].price == 7
    assert len(many) == PAGE + 3 and "K1000" not in many and "K1000" in one
    assert "K1000" not in other and "K1001" in other
    assert list(one)[:-1] == list(many) == [f"K{number}" for number in range(PAGE + 3)]
    assert [after.price for _, after in changed.unlike(many)] == [7]
    assert [(was, after.key) for was, after in one.unlike(many)] == [(None, "K1000")]
    assert [after.key for _, after in other.unlike(one)] == ["K1001"]
    assert dict(many) == {f"K{number}": book(number) for number in range(PAGE + 3)} and many == dict(many)
    assert read(canonical(State(books=many))).books == many

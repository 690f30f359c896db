"""Laws of `core.live` over seeded histories (live.md I1-I5, I8, I10, I13). The laws themselves stand in `history`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from exitbrain.core.live import asking, believing, desired, placing
from exitbrain.core.live.book import Book
from exitbrain.core.live.orders import Stage
from live.history import HEALTHY_AT_MOST, SECOND, Broken, History

HISTORIES = 48
MUTANT_SEEDS = 150


def mixed(seed: int) -> History:
    """Faults of every kind, each off in some histories, so that none hides another."""
    dice = Random(f"mix{seed}")
    return History(
        seed,
        loss=dice.choice((0, 0.05, 0.2)),
        doubling=dice.choice((0, 0.3)),
        refusing=dice.choice((0, 0.1, 0.3)),
        lying=dice.choice((0, 0.05)),
        killing=dice.choice((0, 0.1)),
        crashing=dice.choice((0, 0.002, 0.01)),
        meddling=dice.choice((0, 0.5)),
        latest=dice.choice((SECOND // 10, SECOND // 2, SECOND)),
        close_position_stops=dice.random() < 0.8,
    )


@pytest.mark.parametrize("group", range(4))
def test_no_fault_lays_a_position_bare_flips_it_or_exits_twice(group: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(group, HISTORIES, 4):
        try:
            played = mixed(seed).play()
        except Broken as broken:
            raise AssertionError(f"seed {seed}: {broken}") from broken
        counts.update(
            faults=played.faults, crashes=played.crashes, fills=len(played.venue.fills), sends=len(played.sends)
        )
    # The faults did happen, and so did trading.
    assert counts["faults"] > 150 and counts["crashes"] > 3 and counts["fills"] > 20 and counts["sends"] > 150, counts


def test_a_healthy_venue_sees_a_position_bare_for_less_than_two_seconds() -> None:
    played = [History(seed, meddling=0.3).play() for seed in range(20)]
    assert max(one.naked_most for one in played) < HEALTHY_AT_MOST
    assert sum(len(one.sends) for one in played) > 100


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = mixed(3).play(), mixed(3).play()
    assert first.sends == second.sends and first.state == second.state


def _any_timeout_is_a_refusal(step, event):  # type: ignore[no-untyped-def]
    order = step.book.orders.get(event.id)
    if order is not None and event.outcome == "unknown" and not event.cancel and order.stage is Stage.SENDING:
        step.change(order, stage=Stage.REJECTED)
    else:
        _answered(step, event)


def _without_epochs(step, order):  # type: ignore[no-untyped-def]
    if step.book.lots:
        _withdraw(step, order)


def _bare_cancel(step, order):  # type: ignore[no-untyped-def]
    if order.stage is Stage.LIVE and order.role != "C":
        step.change(order, stage=Stage.CANCELING, cancel_at=step.now)
        step.effects.append(placing.Cancel(key=step.book.key, id=order.id))


def _old_before_new(step, want):  # type: ignore[no-untyped-def]
    mine = [o for o in step.book.present() if o.lane == (want.role, want.leg)]
    for order in mine:
        if not order.fits(want):
            _bare_cancel(step, order)
    _protect(step, want)


def _any_version(step, event):  # type: ignore[no-untyped-def]
    step.book.version = -1
    _position_seen(step, event)


_answered, _withdraw, _protect = believing.answered, placing._withdraw, placing._protect
_position_seen = believing.position_seen

MUTANTS: list[tuple[str, object, str, Callable[..., object]]] = [
    ("a timeout is taken for a refusal", believing, "answered", _any_timeout_is_a_refusal),
    ("orders outlive their position", placing, "_withdraw", _without_epochs),
    ("the old stop goes before the new one stands", placing, "_protect", _old_before_new),
    ("cancels do not look at the cover", placing, "_withdraw", _bare_cancel),
    ("a late position overwrites a newer one", believing, "position_seen", _any_version),
    ("lots that may rest are not counted", placing, "take_lots", lambda step: 0),
    ("unknown orders are never asked for", asking, "_DOUBTFUL", ()),  # type: ignore[list-item]
    ("others' takes do not count", Book, "foreign_take_lots", lambda self: 0),
    ("no stop is wanted where a plan is missing", desired, "_stops", lambda book, settings: []),
    ("an answer that never comes is waited for", believing, "age_orders", lambda step: None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "owner", "name", "broken"), MUTANTS, ids=[one[0] for one in MUTANTS])
def test_the_laws_catch(said: str, owner: object, name: str, broken: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, name, broken)
    for seed in range(MUTANT_SEEDS):
        try:
            mixed(seed).play()
        except Broken:
            return
    pytest.fail(f"{said}: not caught in {MUTANT_SEEDS} histories")

"""What `core.live` wants and sends, case by case (live.md 4.2-4.9; spec P8, P9, F20)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from exitbrain.core import walk as rules
from exitbrain.core.ladder import REMAINING
from exitbrain.core.live import events as e
from exitbrain.core.live.book import SECOND, Book, Settings, State
from exitbrain.core.live.client_ids import client_id, parsed_id
from exitbrain.core.live.orders import FINAL, OrderKind, Role, Stage, Status, after_report
from exitbrain.core.live.rejects import AMBIGUOUS, BINANCE, Refusal
from exitbrain.core.live.step import step
from exitbrain.core.market import Instrument

KEY = "X"
INSTRUMENT = Instrument(symbol=KEY, tick_size=Decimal(1), lot_size=Decimal(1))
PLAN = e.LivePlan(
    lots=10,
    stop=980,
    rungs=(e.PlanRung(index=1, level=1020, lots=3, move=2, move_to=1000), e.PlanRung(index=2, level=1040, lots=3, soft=True)),
    runner=4,
    callbacks=((1030, 1, 50),),
)  # fmt: skip


class Monitor:
    """Drives `step` and answers every request with yes, at once, unless told otherwise."""

    def __init__(self, policy: e.Policy = e.Policy.ADOPT, settings: Settings | None = None) -> None:
        self.state, self.now, self.version = State(settings=settings or Settings()), SECOND, 0
        self.effects: list[e.Effect] = []
        self.foreign: tuple[e.Resting, ...] = ()
        self.yes = True
        self.take(e.Managed(key=KEY, instrument=INSTRUMENT, policy=policy))
        self.take(e.Started(fence=1))

    @property
    def book(self) -> Book:
        return self.state.books[KEY]

    def take(self, event: e.Event) -> list[e.Effect]:
        self.state, effects = step(self.state, event, self.now)
        self.effects += effects
        for effect in effects:
            if self.yes and isinstance(effect, e.Send | e.Cancel):
                cancel = isinstance(effect, e.Cancel)
                self.take(e.Answered(key=KEY, id=effect.id, cancel=cancel, outcome=e.Outcome.OK))
        return list(effects)

    def read(self, lots: int, entry: int = 1000) -> None:
        """A round of snapshots."""
        self.now += SECOND
        self.version += 1
        self.take(e.PositionSeen(key=KEY, lots=lots, entry=Fraction(entry), version=self.version, asked_at=self.now))
        own = tuple(
            e.Resting(id=o.id, side=-1, kind=o.kind, level=o.level, lots=o.lots, close_position=o.close_position)
            for o in self.book.orders.values()
            if o.stage in (Stage.LIVE, Stage.CANCELING)
        )
        self.take(e.OrdersSeen(key=KEY, asked_at=self.now, orders=own + self.foreign))

    def planned(self, plan: e.LivePlan = PLAN, lots: int = 10) -> Monitor:
        self.read(lots)
        self.take(e.PlanGiven(key=KEY, epoch=self.book.epoch, plan=plan))
        return self

    def resting(self) -> set[tuple[str, int, int]]:
        return {(o.role.value + str(o.leg), o.level, o.lots) for o in self.book.present() if o.stage is Stage.LIVE}

    def sends(self) -> list[e.Send]:
        return [one for one in self.effects if isinstance(one, e.Send)]


def test_open_orders_are_read_before_anything_is_placed() -> None:
    monitor = Monitor()
    monitor.now += SECOND
    monitor.take(e.PositionSeen(key=KEY, lots=10, entry=Fraction(1000), version=1, asked_at=monitor.now))
    assert not monitor.sends()
    assert e.Ask(key=KEY, what=e.Question.ORDERS) in monitor.effects


def test_a_plan_rests_as_stop_disaster_stop_and_rungs() -> None:
    assert Monitor().planned().resting() == {("D0", 900, 0), ("S0", 980, 10), ("P1", 1020, 3), ("P2", 1040, 3)}


def test_a_short_is_the_mirror() -> None:
    plan = e.LivePlan(lots=10, stop=1020, rungs=(e.PlanRung(index=1, level=980, lots=5),), runner=REMAINING)
    monitor = Monitor().planned(plan, lots=-10)
    assert monitor.resting() == {("D0", 1100, 0), ("S0", 1020, 10), ("P1", 980, 5)}
    assert {one.side for one in monitor.sends()} == {1}


def test_the_new_stop_rests_before_the_old_one_goes() -> None:
    monitor = Monitor().planned()
    monitor.yes = False
    monitor.now += 2 * SECOND
    monitor.take(e.PriceSeen(key=KEY, ticks=1060))  # the trail covers the runner of 4 only: 1060 × 0.98 = 1038.8 → 1039
    new = [one for one in monitor.sends() if one.level == 1039]
    assert [one.lots for one in new] == [4]
    assert not [
        one for one in monitor.effects if isinstance(one, e.Cancel) and monitor.book.orders[one.id].role is Role.STOP
    ]


def test_the_engine_trails_by_the_rule_of_the_backtest() -> None:
    plan = replace(PLAN, rungs=(), runner=REMAINING, callbacks=((1030, 1, 50), (1100, 1, 100)))
    monitor = Monitor().planned(plan)
    state = list(monitor.book.walk)
    for price in (1010, 1029, 1031, 1025, 1077, 1060, 1101, 1095):
        rules.raise_peak(state, [], price, -1, [1030, 1100], [49, 99], [50, 100])
        monitor.now += 2 * SECOND
        monitor.take(e.PriceSeen(key=KEY, ticks=price))
        level = max(state[rules.STOP], state[rules.TRAIL])
        assert {rest for rest in monitor.resting() if rest[0] == "S0"} == {("S0", level, 10)}


def test_a_stop_that_took_all_is_followed_by_a_new_one_only_where_the_position_does_not_say_so() -> None:
    monitor = Monitor().planned()
    monitor.take(e.PriceSeen(key=KEY, ticks=1000))
    stop = next(o for o in monitor.book.present() if o.role is Role.STOP)
    before = len(monitor.sends())
    monitor.take(e.OrderSeen(key=KEY, id=stop.id, status=Status.FILLED, filled=10))
    monitor.now += SECOND // 4
    monitor.take(e.Ticked())
    assert len(monitor.sends()) == before
    monitor.now += SECOND // 2
    monitor.take(e.Ticked())
    assert [one.lots for one in monitor.sends()[before:] if one.kind is OrderKind.STOP_MARKET] == [10]


def test_while_a_stop_is_at_work_no_other_is_sent_for_two_seconds() -> None:
    monitor = Monitor().planned()
    monitor.now += 2 * SECOND
    monitor.take(e.PriceSeen(key=KEY, ticks=1060))  # the runner's stop @ 1039, the rest's @ 980
    trail = next(o for o in monitor.book.present() if o.role is Role.TRAIL)
    before = len(monitor.sends())
    monitor.take(e.OrderSeen(key=KEY, id=trail.id, status=Status.TRIGGERED))
    monitor.version += 1  # the position is heard before the fill that made it
    monitor.take(e.PositionSeen(key=KEY, lots=6, entry=Fraction(1000), version=monitor.version))
    assert len(monitor.sends()) == before
    monitor.take(e.OrderSeen(key=KEY, id=trail.id, status=Status.FILLED, filled=4))
    monitor.read(6)
    assert ("S0", 980, 6) in monitor.resting() and not [o for o in monitor.book.present() if o.role is Role.TRAIL]


def test_a_filled_rung_moves_the_stop_and_the_stop_follows_the_position() -> None:
    monitor = Monitor().planned()
    rung = next(o for o in monitor.book.present() if o.lane == (Role.TAKE, 1))
    monitor.take(e.OrderSeen(key=KEY, id=rung.id, status=Status.FILLED, filled=3))
    monitor.read(7)
    monitor.read(7)
    assert monitor.resting() == {("D0", 900, 0), ("S0", 1000, 7), ("P2", 1040, 3)}


def test_a_stop_of_another_that_is_as_tight_counts_as_ours_and_is_left_alone() -> None:
    monitor = Monitor()
    theirs = e.Resting(id="theirs", side=-1, kind=OrderKind.STOP_MARKET, level=985, lots=10, own=False)
    monitor.foreign = (theirs,)
    monitor.planned()
    assert monitor.resting() == {("D0", 900, 0), ("P1", 1020, 3), ("P2", 1040, 3)}
    monitor.foreign = (replace(theirs, level=950),)
    monitor.read(10)
    assert ("S0", 980, 10) in monitor.resting()
    assert not [one for one in monitor.effects if isinstance(one, e.Cancel)]


def test_takes_of_another_leave_less_room_for_ours() -> None:
    monitor = Monitor()
    monitor.foreign = (e.Resting(id="theirs", side=-1, kind=OrderKind.LIMIT, level=1010, lots=6, own=False),)
    assert {rest for rest in monitor.planned().resting() if rest[0][0] == "P"} == {("P1", 1020, 3), ("P2", 1040, 1)}


@pytest.mark.parametrize(("policy", "alerts"), [(e.Policy.ALERT, ["unplanned"]), (e.Policy.IGNORE, [])])
def test_a_position_left_to_its_owner_is_not_touched(policy: e.Policy, alerts: list[str]) -> None:
    monitor = Monitor(policy)
    monitor.read(10)
    monitor.read(10)
    assert not monitor.sends()
    assert [one.name for one in monitor.effects if isinstance(one, e.Alert)] == alerts


def test_observing_sends_nothing_and_protecting_sends_stops_only() -> None:
    monitor = Monitor()
    monitor.take(e.ModeSet(mode=e.Mode.OBSERVE))
    assert not monitor.planned().sends()
    monitor.take(e.ModeSet(mode=e.Mode.PROTECT_ONLY))
    assert {rest[0] for rest in monitor.resting()} == {"D0", "S0"}


def test_a_plan_does_not_loosen_a_stop() -> None:
    monitor = Monitor().planned()
    monitor.take(e.PlanGiven(key=KEY, epoch=1, plan=replace(PLAN, stop=950)))
    assert monitor.book.stop_level() == 980


def test_a_reduction_is_a_target_however_often_it_is_heard() -> None:
    monitor = Monitor().planned()
    asked = e.ReduceAsked(key=KEY, epoch=1, fraction=Fraction(1, 2), decision="d1")
    for _ in range(3):
        monitor.take(asked)
    monitor.read(10)
    closes = [one for one in monitor.sends() if one.kind is OrderKind.MARKET]
    assert [one.lots for one in closes] == [5]
    monitor.take(e.OrderSeen(key=KEY, id=closes[0].id, status=Status.FILLED, filled=5))
    monitor.read(5)
    monitor.take(asked)
    monitor.read(5)
    # Rungs of 3 and 3 and a runner of 4 were halved; the last takes what rounding leaves (spec P9).
    assert monitor.resting() == {("D0", 900, 0), ("S0", 980, 5), ("P1", 1020, 1), ("P2", 1040, 1)}
    assert len([one for one in monitor.sends() if one.kind is OrderKind.MARKET]) == 1


def test_flatten_keeps_the_stops_until_the_position_is_seen_gone() -> None:
    monitor = Monitor().planned()
    monitor.take(e.FlattenAsked(key=KEY, decision="f"))
    monitor.read(10)
    close = next(one for one in monitor.sends() if one.kind is OrderKind.MARKET)
    assert close.lots == 10
    assert {rest[0] for rest in monitor.resting()} >= {"D0", "S0"}
    monitor.take(e.OrderSeen(key=KEY, id=close.id, status=Status.FILLED, filled=10))
    assert {rest[0] for rest in monitor.resting()} >= {"D0", "S0"}
    monitor.read(0)
    assert monitor.book.size == 0 and not [o for o in monitor.book.orders.values() if o.stage is Stage.LIVE]


def test_a_stop_that_price_has_passed_is_done_by_market() -> None:
    monitor = Monitor().planned()
    monitor.take(e.PriceSeen(key=KEY, ticks=975))
    monitor.read(10)
    assert not [one for one in monitor.sends() if one.kind is OrderKind.MARKET], "the venue's stop acts first"
    monitor.now += 2 * SECOND
    monitor.take(e.Ticked())
    monitor.read(10)
    assert [one.lots for one in monitor.sends() if one.kind is OrderKind.MARKET] == [10]


@pytest.mark.parametrize("code", sorted({*BINANCE, -9999}))
def test_no_refusal_of_a_stop_ends_the_attempts(code: int) -> None:
    monitor = Monitor()
    monitor.yes = False
    monitor.planned()
    for _ in range(30):
        for one in [o for o in monitor.book.present() if o.stage is Stage.SENDING]:
            refused = e.Answered(key=KEY, id=one.id, cancel=False, outcome=e.Outcome.REFUSED, code=code)
            monitor.take(refused)
        monitor.now += 2 * SECOND
        monitor.take(e.Ticked())
        monitor.read(10)
    late = [one for one in monitor.sends()[5:] if one.kind in (OrderKind.STOP_MARKET, OrderKind.MARKET)]
    assert late, "gave up"


def test_a_reading_of_before_a_fill_is_not_closed_again() -> None:
    """Others had added a lot, unseen; a reading of that time that comes after our fill shows more than there is."""
    monitor = Monitor().planned(replace(PLAN, rungs=(), runner=REMAINING))
    monitor.take(e.ReduceAsked(key=KEY, epoch=monitor.book.epoch, fraction=Fraction(1, 2), decision="d"))
    (closing_half,) = closing(monitor)
    assert closing_half.lots == 5
    monitor.now += SECOND // 10
    monitor.take(e.OrderSeen(key=KEY, id=closing_half.id, status=Status.FILLED, filled=5))
    monitor.now += SECOND // 10
    monitor.take(
        e.PositionSeen(key=KEY, lots=11, entry=Fraction(1000), version=monitor.version, asked_at=monitor.now - 1)
    )
    monitor.take(e.Ticked())
    assert sum(one.lots for one in closing(monitor)) == 6, "five of 11 are gone: one is left above the target"


@pytest.mark.parametrize("level, lots, trusted", [(980, 10, True), (985, 10, True), (980, 9, False), (979, 10, False)])
def test_a_late_price_closes_nothing_while_stops_that_cover_rest_untouched(
    level: int, lots: int, trusted: bool
) -> None:
    monitor = Monitor().planned()
    monitor.now += 2 * SECOND
    monitor.take(e.PriceSeen(key=KEY, ticks=1000))
    monitor.take(e.PriceSeen(key=KEY, ticks=979))  # seen by us; for the venue it was before the stop stood
    monitor.yes = False
    stop = next(o for o in monitor.book.present() if o.role is Role.STOP)
    monitor.book.orders[stop.id] = replace(stop, level=level, lots=lots)
    monitor.take(e.PriceSeen(key=KEY, ticks=1000))
    monitor.read(10)
    monitor.now += 3 * SECOND
    monitor.take(e.PriceSeen(key=KEY, ticks=1001))
    assert (monitor.book.target is None) is trusted


@pytest.mark.parametrize("limit", [None, 20])
def test_what_no_stop_can_cover_is_closed_after_the_set_time_and_never_without_one(limit: int | None) -> None:
    monitor = Monitor(settings=Settings(flatten_when_naked_for=None if limit is None else limit * SECOND))
    monitor.yes = False
    monitor.planned()
    began = monitor.book.naked_since
    assert began is not None
    while monitor.now < began + 40 * SECOND and not closing(monitor):
        for one in [o for o in monitor.book.present() if o.stage is Stage.SENDING and o.role is not Role.CLOSE]:
            monitor.take(e.Answered(key=KEY, id=one.id, cancel=False, outcome=e.Outcome.REFUSED, code=-4045))
        monitor.now += SECOND
        monitor.take(e.Ticked())
        monitor.read(10)
    if limit is None:
        assert not closing(monitor)
    else:
        assert began + limit * SECOND <= monitor.now <= began + (limit + 3) * SECOND
        assert [one.lots for one in closing(monitor)] == [10] and monitor.book.target.cause == "naked"


def closing(monitor: Monitor) -> list[e.Send]:
    return [one for one in monitor.sends() if one.kind is OrderKind.MARKET]


def test_codes_that_leave_it_open_are_no_refusals() -> None:
    assert not AMBIGUOUS & set(BINANCE)
    assert set(BINANCE.values()) | {Refusal.OTHER} == set(Refusal)


def test_final_stages_do_not_reopen_and_a_fill_wins() -> None:
    for stage in FINAL:
        assert after_report(stage, Status.OPEN) is stage
        assert after_report(stage, Status.TRIGGERED) is stage
    assert after_report(Stage.CANCELED, Status.FILLED) is Stage.FILLED
    assert after_report(Stage.GHOST, Status.OPEN) is Stage.LIVE


def test_client_ids_tell_what_they_were_for_and_fit_every_venue() -> None:
    made = client_id("a7f3", 5, 123456789, Role.TAKE, 3)
    assert made.isalnum() and len(made) <= 28
    assert parsed_id(made) == ("a7f3", 5, 123456789, Role.TAKE, 3)
    assert parsed_id(made[:-1] + ("0" if made[-1] != "0" else "1")) is None
    assert parsed_id("x-cvBPrNm9") is None


def test_a_step_does_not_change_the_state_it_was_given() -> None:
    monitor = Monitor().planned()
    kept, copy = monitor.state, monitor.book.copy()
    step(kept, e.PriceSeen(key=KEY, ticks=1100), monitor.now + SECOND)
    step(kept, e.FlattenAsked(key=KEY, decision="f"), monitor.now + SECOND)
    assert kept.books[KEY] == copy


def test_a_price_that_was_seen_before_the_stop_moved_does_not_meet_it() -> None:
    """The report of a rung's fill may come before the price that filled it; the stop that it moved is not met by then."""
    monitor = Monitor().planned()
    monitor.now += 2 * SECOND
    monitor.take(e.PriceSeen(key=KEY, ticks=995))
    take = next(o for o in monitor.book.present() if o.leg == 1 and o.role is Role.TAKE)
    monitor.take(e.OrderSeen(key=KEY, id=take.id, status=Status.FILLED, filled=3))
    monitor.read(7)
    assert monitor.book.stop_level() == 1000 and monitor.book.through_since is None
    assert ("S0", 1000, 7) in monitor.resting()
    monitor.take(e.PriceSeen(key=KEY, ticks=1000))
    assert monitor.book.through_since is not None


def test_a_size_that_is_known_before_the_fill_that_made_it_is_no_cut_by_others() -> None:  # spec P9
    """The account's update may come before the order's. Open legs shrink only by what nothing of ours explains."""
    monitor = Monitor().planned()
    monitor.read(10)
    legs = dict(monitor.book.legs)
    take = next(o for o in monitor.book.present() if o.leg == 1 and o.role is Role.TAKE)
    monitor.version += 1
    monitor.take(e.PositionSeen(key=KEY, lots=7, entry=Fraction(1000), version=monitor.version))
    assert monitor.book.legs == legs
    monitor.take(e.OrderSeen(key=KEY, id=take.id, status=Status.FILLED, filled=3))
    monitor.read(7)
    monitor.read(7)
    assert monitor.book.legs == legs
    monitor.read(4)
    monitor.read(4)
    assert monitor.book.legs[2] == 3 * 4 // 7


def denied_for(seconds: int) -> Monitor:
    """A venue that takes every order, and then says of each that it is not there (F7)."""
    monitor = Monitor().planned()
    for _ in range(2 * seconds):
        monitor.now += SECOND // 2
        effects = monitor.take(e.Ticked())
        while asked := [one for one in effects if isinstance(one, e.Ask)]:
            effects = [effect for one in asked for effect in monitor.take(denial(monitor, one))]
    return monitor


def denial(monitor: Monitor, asked: e.Ask) -> e.Event:
    match asked.what:
        case e.Question.ORDERS:
            return e.OrdersSeen(key=KEY, asked_at=monitor.now, orders=())
        case e.Question.ORDER:
            return e.OrderAbsent(key=KEY, id=asked.id, asked_at=monitor.now)
        case _:
            return e.PositionSeen(key=KEY, lots=10, entry=Fraction(1000), version=monitor.version, asked_at=monitor.now)


def test_a_venue_that_denies_every_order_gets_fewer_and_fewer_of_them() -> None:
    """Doubt about a stop whose predecessors were denied takes twice as long each time (I5)."""
    one = denied_for(15)
    assert len([send for send in one.sends() if send.level == 980]) > 1
    minute, ten = (len([send for send in denied_for(length).sends() if send.level == 980]) for length in (60, 600))
    assert minute <= 8, minute
    assert ten <= 60, ten


def test_an_average_that_the_venue_rounds_is_no_add() -> None:  # spec F20
    monitor = Monitor().planned()
    plan = monitor.book.plan
    monitor.now += SECOND
    monitor.version += 1
    monitor.take(
        e.PositionSeen(
            key=KEY, lots=7, entry=Fraction(1000) - Fraction(1, 300), version=monitor.version, asked_at=monitor.now
        )
    )
    assert not monitor.book.grown and monitor.book.plan is plan

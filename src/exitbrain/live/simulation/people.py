"""Price, other people's trades and orders, operators and planners."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

from exitbrain.core.ladder import REMAINING, toward_market
from exitbrain.core.live import events as e
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.live.simulation.agenda import Agenda, Dice
from exitbrain.live.simulation.swarm import SECOND, Swarm
from exitbrain.live.simulation.venue import KEY, Venue
from exitbrain.live.simulation.wire import Wire
from exitbrain.venues.simulated.orders import AlgoRequest, Kind, OrderRequest
from exitbrain.venues.simulated.refusals import Refusal

if TYPE_CHECKING:
    from exitbrain.live.simulation.judging import Judge
    from exitbrain.live.simulation.process import Process

STEPS = (-6, -3, -1, 0, 1, 3, 6)


class People:
    def __init__(
        self, swarm: Swarm, agenda: Agenda, dice: Dice, venue: Venue, wire: Wire, process: Process, judge: Judge
    ) -> None:
        self.swarm, self.agenda, self.dice, self.venue = swarm, agenda, dice, venue
        self.wire, self.process, self.judge = wire, process, judge
        self.on = True
        self._orders = 0

    def start(self) -> None:
        for what in (self.trade, self.act):
            self.agenda.later(self.wire.delay(), what)

    def trade(self) -> None:
        """Price takes a step; now and then it leaps through what rests."""
        dice, venue = self.dice.of("price"), self.venue
        if self.on:
            leaps = dice.random() < self.swarm.leaps
            way = dice.choice(STEPS) * (8 if leaps else 1)
            if way:
                venue.move(max(200, venue.price + way), leaps=leaps)
                self.wire.tell()
            self.agenda.later(self.swarm.price_every, self.trade)
        else:
            self.agenda.later(2 * SECOND, self.trade)
        self.wire.price()

    def act(self) -> None:
        if not self.on:
            return
        dice = self.dice.of("people")
        if self.venue.lots == 0:
            self.trade_by_hand(dice.choice((-1, 1)) * dice.randint(1, 20))
        elif dice.random() < self.swarm.operators:
            self._operate(dice)
        elif dice.random() < self.swarm.people:
            self._meddle(dice)
        self.wire.tell()
        self.agenda.later(dice.randint(1, 10) * SECOND // 2, self.act)

    def trade_by_hand(self, lots: int) -> None:
        self._orders += 1
        self.judge.people_acted()
        self.venue.change(lots, f"hand{self._orders}")
        self.wire.tell()

    def _operate(self, dice: Random) -> None:
        process = self.process
        book = process.state.books.get(KEY)
        roll, decision = dice.random(), f"d{self.agenda.now}"
        if book is None:
            return
        if roll < 0.5:
            parts = (Fraction(1, 2), Fraction(1, 3), Fraction(9, 10), Fraction(1))
            process.take(e.ReduceAsked(key=KEY, epoch=book.epoch, fraction=dice.choice(parts), decision=decision))
        elif roll < 0.75:
            process.take(e.FlattenAsked(key=KEY, decision=decision))
        elif roll < 0.9:
            process.take(e.ModeSet(mode=e.Mode.PROTECT_ONLY))
            self.agenda.later(dice.randint(1, 5) * SECOND, lambda: process.take(e.ModeSet(mode=e.Mode.ACTIVE)))
        elif book.lots:
            plan = plan_for(self.process.swarm, dice, book.lots, book.entry, hostile=True)
            process.take(e.PlanGiven(key=KEY, epoch=book.epoch, plan=plan))

    def _meddle(self, dice: Random) -> None:
        venue = self.venue
        size, side = abs(venue.lots), venue.side
        if dice.random() < self.swarm.deleveraging:
            self.judge.people_acted()
            venue.deleverage(dice.randint(1, size))
            return
        which = dice.randint(0, 7)
        if which == 0:
            self.trade_by_hand(side * dice.randint(1, 5))
        elif which == 1:
            self.trade_by_hand(-side * dice.randint(1, size))
        elif which == 2:
            self.trade_by_hand(-venue.lots)
        elif which == 3:
            self.trade_by_hand(-venue.lots - side * dice.randint(1, 10))
        elif which == 4:
            own = venue.own_open()
            if own:
                self.take_away(dice.choice(own))
        elif which in (5, 6):
            self._place(dice, stop=which == 5, reduce_only=dice.random() < 0.7)
        else:
            theirs = [
                algo.request.client_id for algo in venue.exchange.open_algos() if algo.request.client_id[0] == "h"
            ]
            if theirs:
                self.take_away(theirs[0])

    def take_away(self, id_: str) -> None:
        """Cancelled by hand, on the venue's own page."""
        hidden = self.venue.hidden.pop(id_, None)
        if self.venue.cancel(id_) == 0:
            self.judge.people_acted(on_stops=parsed_id(id_) is None)
            self.venue.killed[id_] = self.agenda.now
        if hidden:
            self.venue.hidden[id_] = hidden
        self.wire.tell()

    def _place(self, dice: Random, *, stop: bool, reduce_only: bool) -> None:
        venue = self.venue
        self._orders += 1
        side, id_ = -venue.side, f"hand{self._orders}"
        lots = dice.randint(1, abs(venue.lots))
        level = venue.price + (side if stop else -side) * dice.randint(5, 30)
        try:
            if stop:
                venue.rest(
                    AlgoRequest(
                        symbol=KEY, side=side, kind=Kind.STOP_MARKET, lots=lots, trigger=level, reduce_only=reduce_only,
                        client_id=id_,
                    )
                )  # fmt: skip
            else:
                venue.order(
                    OrderRequest(
                        symbol=KEY, side=side, kind=Kind.LIMIT, lots=lots, price=level, reduce_only=True, client_id=id_
                    )
                )
        except Refusal:
            pass
        venue.gather()
        self.judge.people_acted(on_stops=stop)

    def plan(self, ask: e.Ask) -> e.LivePlan | None:
        dice = Random(f"{self.dice.seed} {ask.epoch} {ask.lots}")
        return plan_for(self.swarm, dice, ask.lots, ask.entry, hostile=dice.random() < self.swarm.hostile_plans)


def plan_for(swarm: Swarm, dice: Random, lots: int, entry: Fraction, *, hostile: bool) -> e.LivePlan:
    """Two rungs and a runner, as `core.ladder` compiles them for R = 2%; a hostile one is none that it would make."""
    side, size = (lots > 0) - (lots < 0), abs(lots)
    away = (
        dice.choice((Fraction(1, 3), Fraction(1, 10)))
        if hostile
        else dice.choice((Fraction(1, 50), Fraction(1, 50), Fraction(1, 12)))
    )
    stop = toward_market(entry * (1 - side * away), side)
    shares = (size, size) if hostile else (size * 3 // 10, size * 3 // 10)
    rungs = tuple(
        e.PlanRung(
            index=number + 1, level=max(1, int(entry) + side * reward), lots=part, soft=dice.random() < 0.5,
            move=2 if number == 0 else 0, move_to=toward_market(entry, side),
        )
        for number, (reward, part) in enumerate(zip((12, 30), shares))
        if part
    )  # fmt: skip
    planned = sum(rung.lots for rung in rungs)
    runner = REMAINING if hostile or dice.random() < 0.5 else size - planned
    callbacks = ((int(entry) + side * 10, 1, 50), (int(entry) + side * 50, 1, 100))
    return e.LivePlan(lots=size, stop=max(1, stop), rungs=rungs, runner=runner, callbacks=callbacks)

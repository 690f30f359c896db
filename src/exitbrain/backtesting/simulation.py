"""A run over history: cost grows with what happens, not with bars.

An agenda of times holds every bar at which something may be decided or booked; between them positions are walked by
the compiled rules. Within one time come first the opens of all symbols, then their paths, then the decisions at the
close, each in the order of symbols (spec X7, F8):

    open of t: funding of all → rests of cut exits → the order decided at the close before → rows decided alone
               → legs that the open has passed
    path of t: resting legs
    close of t: time stop → guards → arbiter → the order for the next open
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from exitbrain.backtesting.agenda import Agenda
from exitbrain.backtesting.asking import Board
from exitbrain.backtesting.candidates import Candidate
from exitbrain.backtesting.collecting import paused_collector
from exitbrain.backtesting.columns import BookedSet
from exitbrain.backtesting.deciding import Decider, Order
from exitbrain.backtesting.executing import Executor
from exitbrain.backtesting.latch import CountedFalses, changes
from exitbrain.backtesting.market import Market
from exitbrain.backtesting.position import LegFill, OpenPosition
from exitbrain.backtesting.records import Decisions, Events
from exitbrain.backtesting.rests import begin_bar, note_cut
from exitbrain.backtesting.settings import EntryOrder, FundingPayment, RunSettings
from exitbrain.backtesting.triggers import BoundTrigger, RuleOnBars, bind_triggers, feature_table
from exitbrain.core.intents import Kind
from exitbrain.core.lifecycle import Books, Fill
from exitbrain.core.numbers import divide_half_even
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.stop_moves import breakeven_with_fees
from exitbrain.core.triggers import StrategyPlan

DAY = 86_400_000_000
FEE_UNITS = 10**8
STRETCHES = 100


@dataclass(slots=True)
class Line:
    """One symbol's side of the run: its market, what is open, what is ordered."""

    market: Market
    rows: dict[int, list[EntryOrder]]
    funding: dict[int, list[FundingPayment]]
    decisions: bytearray = field(init=False)  # one byte a bar: 1 where a decision is due
    positions: list[OpenPosition] = field(default_factory=list)
    thin: list[OpenPosition] = field(default_factory=list)  # those of them whose profile looks at liquidity
    orders: list[Order] = field(default_factory=list)
    last_close_bar: int | None = None
    flow: int = 0  # cash in minus cash out, in money units
    fees: int = 0  # in 1e-8
    paid_funding: Decimal = Decimal(0)
    books: list[Books] = field(default_factory=list)
    opened: int = 0
    triggers: tuple[BoundTrigger, ...] = ()
    regime_rule: RuleOnBars | None = None
    board: Board = Board((), 0)
    entering: tuple[Candidate, ...] = ()  # by place of the trigger
    leaving: tuple[Candidate, ...] = ()
    counted: dict[str, CountedFalses] = field(default_factory=dict)  # latch triggers whose falses are known beforehand
    regime_changes: dict[int, bool] | None = None  # by time, where the regime rule's answers are known beforehand
    reads_position: bool = False
    due: dict[int, list[OpenPosition]] = field(default_factory=dict)
    fee_rates: tuple[tuple[int, int], tuple[int, int]] = ((0, 1), (0, 1))

    def __post_init__(self) -> None:
        self.decisions = bytearray(len(self.market))
        instrument = self.market.instrument
        unit = Fraction(instrument.money_unit) * FEE_UNITS
        taker, maker = unit * Fraction(instrument.taker_fee), unit * Fraction(instrument.maker_fee)
        self.fee_rates = ((taker.numerator, taker.denominator), (maker.numerator, maker.denominator))

    @property
    def symbol(self) -> str:
        return self.market.symbol


class Simulation:
    """Runs once, at the latest when somebody asks for `events`, `decisions` or `booked`; `lines[...]` hold the books."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        rows: Mapping[str, Sequence[EntryOrder]],
        registry: ProfileRegistry,
        settings: RunSettings,
        *,
        plan: StrategyPlan | None = None,
        funding: Mapping[str, Sequence[FundingPayment]] | None = None,
        run_id: str = "run",
        traced: bool = True,
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.plan = plan
        self.run_id = run_id
        self.traced = traced
        self.lines = {symbol: self._line(markets[symbol], rows, funding or {}) for symbol in sorted(markets)}
        instruments = {symbol: market.instrument for symbol, market in markets.items()}
        self._events = Events(run_id, instruments)
        self._decisions = Decisions(run_id, instruments)
        self._booked: list[BookedSet] = []
        self._has_begun = False
        self.day_open_equity: dict[int, Fraction] = {}
        self.opened_by_day: dict[int, int] = defaultdict(int)
        self.risk_by_day: dict[int, Fraction] = defaultdict(Fraction)
        self.decider = Decider(self)
        self.executor = Executor(self)
        if plan is not None:
            for line in self.lines.values():
                self._bind(line, plan)
        self._agenda = Agenda(np.empty(0, dtype=np.int64))

    @staticmethod
    def _line(
        market: Market,
        rows: Mapping[str, Sequence[EntryOrder]],
        funding: Mapping[str, Sequence[FundingPayment]],
    ) -> Line:
        by_bar: dict[int, list[EntryOrder]] = defaultdict(list)
        for row in rows.get(market.symbol, ()):
            by_bar[row.bar].append(row)
        payments: dict[int, list[FundingPayment]] = defaultdict(list)
        for payment in funding.get(market.symbol, ()):
            payments[payment.bar].append(payment)
        return Line(market=market, rows=dict(by_bar), funding=dict(payments))

    def _bind(self, line: Line, plan: StrategyPlan) -> None:
        mine = any(trigger.symbol == line.symbol for trigger in plan.triggers)
        if not mine and not plan.risk_regime_rule.strip():
            return
        table = feature_table(line.market, self.settings)
        line.triggers, line.regime_rule = bind_triggers(plan, line.market, table)
        line.board = Board(line.triggers, len(line.market), independent=self.settings.independent)
        candidate = self.decider.judge.candidate
        line.entering = tuple(candidate(trigger.entry_intent, trigger) for trigger in line.triggers)
        line.leaving = tuple(candidate(trigger.exit_intent, trigger) for trigger in line.triggers)
        reads = line.regime_rule is not None and line.regime_rule.reads_position
        line.reads_position = line.board.reads_position or reads

    def _count_ahead(self) -> None:
        """What the latch's rules will say is counted beforehand, unless one of them looks at the position or a time
        stop may keep one from being asked; then every bar is a decision."""
        bound = [line for line in self.lines.values() if line.triggers or line.regime_rule is not None]
        rules = [line.regime_rule for line in bound] + [
            trigger.exit for line in bound for trigger in line.board.latching
        ]
        stops = self.settings.time_stop_bars is not None or any(
            mapping.profile.time_stop is not None for mapping in self.registry
        )
        counting = any(line.regime_rule is not None or line.board.latching for line in bound)
        if counting and (stops or any(rule is not None and rule.reads_position for rule in rules)):
            for line in bound:
                if line.regime_rule is not None or line.board.latching:
                    line.decisions[:] = b"\x01" * len(line.decisions)
            return
        after = self.settings.latch_clear_after
        for line in bound:
            line.counted = {trigger.id: CountedFalses(trigger, after) for trigger in line.board.latching}
        ruled = [line for line in bound if line.regime_rule is not None]
        portfolio = self.settings.latch_scope == "portfolio"
        for group in [ruled] if portfolio else [[line] for line in ruled]:
            changing = self._regime_changes(group)
            for line in group:
                line.regime_changes = changing
                for bar in np.flatnonzero(np.isin(line.market.time, list(changing))).tolist():
                    line.decisions[bar] = 1

    def _regime_changes(self, lines: Sequence[Line]) -> dict[int, bool]:
        """When the regime rule of these symbols together sets and clears its cause: any true sets, all false count."""
        if not lines:
            return {}
        times = np.unique(np.concatenate([line.market.time for line in lines]))
        any_true, unknown, decided = (np.zeros(len(times), dtype=bool) for _ in range(3))
        for line in lines:
            assert line.regime_rule is not None
            places, truths = np.searchsorted(times, line.market.time), line.regime_rule.truths()
            any_true[places] |= truths == 1
            unknown[places] |= truths == -1
            decided[places if self.settings.fill_at_close else places[:-1]] = True
        together = np.where(any_true, 1, np.where(unknown, -1, 0)).astype(np.int8)[decided]
        times = times[decided]
        return {int(times[place]): stands for place, stands in changes(together, self.settings.latch_clear_after)}

    # what it gives; whoever asks first has it run

    @property
    def events(self) -> Events:
        return self._once_run()._events

    @property
    def decisions(self) -> Decisions:
        return self._once_run()._decisions

    @property
    def booked(self) -> list[BookedSet]:
        return self._once_run()._booked

    def _once_run(self) -> Simulation:
        return self if self._has_begun else self.run()

    def plan_is_expired(self, time: int) -> bool:
        return self.plan is not None and self.plan.is_expired(time)

    # the agenda

    def schedule(self, time: int) -> None:
        self._agenda.add(time)

    def schedule_decision(self, line: Line, bar: int) -> None:
        """A decision at this bar's close; none at the last bar where fills are at the next open (spec F6)."""
        if bar < len(line.market) - (0 if self.settings.fill_at_close else 1) and not line.decisions[bar]:
            line.decisions[bar] = 1
            self._agenda.add(int(line.market.time[bar]))

    def _plan_agenda(self) -> None:
        if self.plan is not None:
            self._count_ahead()
        for line in self.lines.values():
            if line.triggers:
                for bar in np.flatnonzero(line.board.flat_entry_bars()).tolist():
                    line.decisions[bar] = 1
            if not self.settings.fill_at_close:
                line.decisions[-1] = 0
        known = [line.market.time[np.frombuffer(line.decisions, dtype=np.bool_)] for line in self.lines.values()]
        self._agenda = Agenda(known[0] if len(known) == 1 else np.unique(np.concatenate(known)))
        for line in self.lines.values():
            for bar in line.rows:
                if bar > 0 and not self.settings.fill_at_close:
                    self.schedule_decision(line, bar - 1)
                else:
                    self.schedule(int(line.market.time[bar]))
            for bar in (*line.funding, len(line.market) - 1):
                self.schedule(int(line.market.time[bar]))
        if self.settings.limits.max_daily_loss_pct is not None:
            self._schedule_days()

    def _schedule_days(self) -> None:
        first: dict[int, int] = {}
        for line in self.lines.values():
            days, at = _unique_first(line.market.time // DAY)
            for day, index in zip(days, at):
                time = int(line.market.time[index])
                first[day] = min(first.get(day, time), time)
        self._day_opens = set(first.values())
        for time in first.values():
            self.schedule(time)

    _day_opens: set[int] = set()

    # running

    def run(self, progress: Callable[[float], None] | None = None) -> Simulation:
        """`progress` hears at most a hundred times which share of the candles' time has passed."""
        assert not self._has_begun
        self._has_begun = True
        with paused_collector():
            self._plan_agenda()
            for until, share in self._stretches(1 if progress is None else STRETCHES):
                self._work_off_agenda(until)
                if progress is not None:
                    progress(share)
        return self

    def _stretches(self, count: int) -> list[tuple[int, float]]:
        first = min(int(line.market.time[0]) for line in self.lines.values())
        last = max(int(line.market.time[-1]) for line in self.lines.values())
        return [(first + (last - first) * part // count, part / count) for part in range(1, count + 1)]

    def _work_off_agenda(self, until: int) -> None:
        lines = list(self.lines.values())
        for time in self._agenda.until(until):
            here = [(line, bar) for line in lines if (bar := line.market.bar_at(time)) is not None]
            if time in self._day_opens:
                # No symbol sorts before "": everything is marked before the fills of this open.
                self.day_open_equity[time // DAY] = self.equity(time, at_open=True, symbol="")
            for line, bar in here:
                self._pay_funding(line, bar)
            for line, bar in here:
                self._open(line, bar)
            for line, bar in here:
                asked = line.decisions[bar] or line.regime_rule is not None
                if asked and (not self.settings.independent or line.triggers):
                    self.walk(line, bar + 1)
                elif line.thin:
                    for position in list(line.thin):
                        self.walk_one(line, position, bar + 1)
                if line.thin:
                    self._ask_time_stop_again(line, bar)
            if self.settings.latch_scope == "portfolio" and any(line.decisions[bar] for line, bar in here):
                self.decider.ask_regime_rule(here)
            for line, bar in here:
                if line.decisions[bar]:
                    self.decider.decide(line, bar)
                if bar == len(line.market) - 1:
                    self._finish(line)
                elif line.thin:
                    self.schedule(int(line.market.time[bar + 1]))

    def _ask_time_stop_again(self, line: Line, bar: int) -> None:
        """A time stop that was cut and is sold, while an add keeps the position open, is due at each close."""
        for position in line.thin:
            if bar > position.attached["time_stop_bar"] and not position.still_sells("time_stop"):
                self.schedule_decision(line, bar)

    def _open(self, line: Line, bar: int) -> None:
        orders = line.orders
        alone = () if bar > 0 and not self.settings.fill_at_close else line.rows.get(bar, ())
        if line.thin:
            self._open_thin(line, bar)
        elif not (orders or alone):
            return
        if not self.settings.independent:
            self.walk(line, bar)
        line.orders = []
        for order in orders:
            self.executor.execute(line, order, bar, at_open=True)
        for row in alone:
            self.decider.decide_alone(line, row, bar)
        if len(self.lines) > 1:
            self.walk(line, bar, through_open=True)

    def _open_thin(self, line: Line, bar: int) -> None:
        """What cut exits left is sold before the order decided at the close before (spec P14)."""
        emergencies = [
            order.position
            for order in line.orders
            if order.intent is not None and order.intent.kind is Kind.EMERGENCY_EXIT
        ]
        for position in list(line.thin):
            self.walk_one(line, position, bar)
            if position.lots:
                begin_bar(self, line, position, bar, dropped=position in emergencies)

    def _finish(self, line: Line) -> None:
        last = len(line.market) - 1
        self.walk(line, last + 1)
        if self.settings.close_at_end:
            for position in list(line.positions):
                self.executor.leave_at_close(line, position, last, "end_of_data")
        for position in line.positions:
            self._complete(line, position)

    def walk(self, line: Line, bar: int, *, through_open: bool = False) -> None:
        """Walk everything open of one symbol to before `bar`, or just past its open."""
        for position in list(line.positions):
            self.walk_one(line, position, bar, through_open=through_open)

    def walk_one(self, line: Line, position: OpenPosition, bar: int, *, through_open: bool = False) -> None:
        if position.rests is not None:
            self._walk_bars(line, position, bar, through_open=through_open)
            return
        for fill in position.walk(bar, through_open=through_open, ask=self._breakeven_with_fees(line)):
            self._book_leg(line, position, fill)
        if not position.lots:
            self.gone(line, position, position.attached["last_bar"])

    def _walk_bars(self, line: Line, position: OpenPosition, bar: int, *, through_open: bool) -> None:
        """Bar by bar, because each open begins with what cut exits left (spec P14)."""
        ask = self._breakeven_with_fees(line)
        while position.lots and (position.bar < bar or (through_open and position.bar == bar)):
            here = position.bar
            begin_bar(self, line, position, here)
            if not position.lots:
                return
            until = (here + 1, False) if here < bar else (bar, True)
            for fill in position.walk(until[0], through_open=until[1], ask=ask):
                self._book_leg(line, position, fill)
            if not position.lots:
                self.gone(line, position, position.attached["last_bar"])
            if here == bar:
                return

    def _breakeven_with_fees(self, line: Line) -> Any:
        def level(position: OpenPosition) -> int:
            """Break-even with the set's fees so far (spec F52)."""
            instrument = line.market.instrument
            fees = Fraction(position.attached["lifecycle"].fees, FEE_UNITS) / Fraction(instrument.money_unit)
            entry = Fraction(position.ladder.entry)
            return breakeven_with_fees(entry, position.side, fees, position.lots, instrument)

        return level

    # booking

    def book(
        self,
        line: Line,
        position: OpenPosition,
        *,
        bar: int,
        side: int,
        lots: int,
        ticks: int,
        maker: bool,
        trigger_id: str | None,
        category: str,
        reason: str,
        exit_fraction: Fraction | None = None,
    ) -> None:
        """One fill into the position's books and the cash."""
        fee = self.fee(line, ticks, lots, maker=maker)
        position.fill_count += 1
        position.attached["last_bar"] = bar
        fill = Fill(
            fill_id=f"{line.symbol}-{position.number}.{position.fill_count}",
            time=int(line.market.time[bar]),
            side=side,
            lots=lots,
            ticks=ticks,
            fee=fee,
            trigger_id=trigger_id,
            category=category,
            reason=reason,
            exit_fraction=exit_fraction,
            maker=maker,
        )
        position.attached["books"].take(fill)
        if line.triggers and line.board.loose:
            # What was valued ahead was the position before this fill.
            position.attached.pop("visit", None)
            if fill.time >= self._agenda.now:
                self.schedule_decision(line, bar)
        line.flow -= side * lots * ticks
        line.fees += fee

    def fee(self, line: Line, ticks: int, lots: int, *, maker: bool) -> int:
        """In 1e-8 of quote money, half to even."""
        num, den = line.fee_rates[maker]
        return divide_half_even(ticks * lots * num, den)

    def _book_leg(self, line: Line, position: OpenPosition, fill: LegFill) -> None:
        if fill.lots < fill.asked:
            note_cut(self, line, position, fill.bar, fill.reason, fill.lots, fill.asked)
            if not fill.lots:
                return
        self.book(
            line,
            position,
            bar=fill.bar,
            side=-position.side,
            lots=fill.lots,
            ticks=fill.ticks,
            maker=fill.maker,
            trigger_id=None,
            category="plan",
            reason=fill.reason,
        )

    def gone(self, line: Line, position: OpenPosition, bar: int) -> None:
        """The position is flat: its set is complete."""
        line.positions.remove(position)
        if position.rests is not None:
            line.thin.remove(position)
        line.last_close_bar = bar if line.last_close_bar is None else max(bar, line.last_close_bar)
        self._complete(line, position)

    def _complete(self, line: Line, position: OpenPosition) -> None:
        lifecycle = position.attached["lifecycle"]
        lifecycle.mfe = max(0, position.side * (position.peak_ticks - position.entry_ticks))
        lifecycle.mae = min(0, position.side * (position.worst_ticks - position.entry_ticks))
        if not position.lots:
            position.put_away()
        self.booked.append(BookedSet(lifecycle=lifecycle, market=line.market, position=position))

    def _pay_funding(self, line: Line, bar: int) -> None:
        """On what was held before this bar's fills (spec X6)."""
        payments = line.funding.get(bar, ())
        if payments:
            self.walk(line, bar)
        for payment in payments:
            for position in line.positions:
                self._fund(line, position, payment)

    def _fund(self, line: Line, position: OpenPosition, payment: FundingPayment) -> None:
        instrument = line.market.instrument
        price = payment.mark_price or instrument.price(int(line.market.open[payment.bar]))
        quantity = instrument.quantity(position.side * position.lots)
        exact = -Fraction(quantity) * Fraction(price) * Fraction(instrument.multiplier) * Fraction(payment.rate)
        units = divide_half_even(exact.numerator * FEE_UNITS, exact.denominator)
        amount = Decimal(units).scaleb(-8)
        position.attached["books"].fund(int(line.market.time[payment.bar]), amount)
        line.paid_funding += amount

    # money

    def equity(self, time: int, *, at_open: bool, symbol: str) -> Fraction:
        """Cash and open positions marked at the open (or close) of `time`, as seen by `symbol` in its turn."""
        total = Fraction(self.settings.initial_cash)
        for line in self.lines.values():
            bar = line.market.bar_at_or_after(time)
            is_here = bar < len(line.market) and line.market.time[bar] == time
            if line.symbol == symbol:
                if self.settings.independent:
                    self.walk(line, bar if at_open else bar + 1)
            else:
                self._catch_up(line, bar, is_here=is_here, at_open=at_open, earlier=line.symbol < symbol)
            total += Fraction(line.market.instrument.money_unit) * line.flow
            total += Fraction(line.paid_funding) - Fraction(line.fees, FEE_UNITS)
            held = sum(position.side * position.lots for position in line.positions)
            if held:
                total += Fraction(line.market.instrument.money_unit) * held * self.mark(line, bar, is_here, at_open)
        return total

    def _catch_up(self, line: Line, bar: int, *, is_here: bool, at_open: bool, earlier: bool) -> None:
        if not is_here or (at_open and not earlier):
            self.walk(line, bar)
        elif at_open:
            self.walk(line, bar, through_open=True)
        else:
            self.walk(line, bar + 1)

    @staticmethod
    def mark(line: Line, bar: int, is_here: bool, at_open: bool) -> int:
        if is_here:
            return int(line.market.open[bar] if at_open else line.market.close[bar])
        return int(line.market.close[bar - 1])

    def exposure(self, line: Line, ticks: int) -> Fraction:
        """Open notional of one symbol at a price."""
        held = sum(position.lots for position in line.positions)
        return Fraction(line.market.instrument.money_unit) * held * ticks

    def record_plan_note(self, line: Line, position: OpenPosition, bar: int, note: str) -> None:
        set_id = position.attached["set_id"]
        self.record("plan", line, bar, set_id=set_id, category="plan", reason="plan_note", detail=note)

    def record(
        self, kind: str, line: Line, bar: int, *, set_id: str | None, category: str, reason: str, detail: str,
        trigger_id: str | None = None, ticks: int | None = None, preempted_by: str | None = None,
        overridden_by: str | None = None, cooldown_recommendation_bars: int | None = None,
    ) -> int:  # fmt: skip
        """One event of spec D5, in order of happening; its number."""
        market = line.market
        return self.events.append(
            (
                set_id, kind, int(market.time[bar]), line.symbol, market.timeframe, trigger_id, category, reason, detail,
                ticks, preempted_by, overridden_by, cooldown_recommendation_bars,
            )
        )  # fmt: skip


def _unique_first(values: Any) -> tuple[list[int], list[int]]:
    import numpy as np

    unique, first = np.unique(values, return_index=True)
    return unique.tolist(), first.tolist()

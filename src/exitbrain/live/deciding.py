"""Decisions at closed bars: a plan's exit rules → guardrails → the arbiter → what the core is asked (spec D1-D6, T6).

    decider = LiveDecider(plan, limits, state, markets)
    for event in decider.decide({"BTCUSDT": bar}, now):
        …                                           # each is taken before the next is asked for

The rules, guards, ranks, latch and re-arming are those of a backtest; what differs is that entries are not executed
here, so that none competes. What is used up and what latches stands in the core's state, and survives with its journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from exitbrain.core import walk as walked
from exitbrain.core.arbiter import first_of, precedence
from exitbrain.core.guardrails import Facts, Limits, answers
from exitbrain.core.intents import Intent, Kind
from exitbrain.core.latch import PORTFOLIO, RULE
from exitbrain.core.live.book import Book, State
from exitbrain.core.live.desired import is_ours
from exitbrain.core.live.events import Event, LatchAnswered, LatchAsked, Mode, ReduceAsked, TriggersUsed
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import fraction_of
from exitbrain.core.position_features import PositionView
from exitbrain.core.rules import Truth, Value
from exitbrain.core.rules.live import LiveRules
from exitbrain.core.timeframes import timeframe_word
from exitbrain.core.trigger_intents import exit_intent, fires, is_armed_again, share_of, speaks_to
from exitbrain.core.triggers import StrategyPlan, TriggerCondition
from exitbrain.features.binding import FLAT
from exitbrain.features.lines import ClosedBar
from exitbrain.features.streaming import Gathered, StreamingFeatures
from exitbrain.live.rule_names import rule_of, timeframe_of
from exitbrain.live.watching import LiveMarket

TIME_STOP = "time_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One candidate of one decision: what a backtest writes of it (spec D5, docs/reference). `time` is the bar's open,
    `price` its close in ticks; `reason` is blank for the winner, else the guard or the loss."""

    key: str
    epoch: int
    time: int
    timeframe: str
    trigger_id: str
    kind: str
    category: str
    grade: str | None
    exit_fraction: float | None
    guards: tuple[tuple[str, str | None], ...]
    rank: int | None
    outcome: str
    winner: str | None
    price: int
    latched: bool
    reason: str = ""
    detail: str = ""
    preempted_by: str | None = None
    cooldown_recommendation_bars: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a journal's note."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "guards"} | {
            "guards": dict(self.guards)
        }


@dataclass(frozen=True, slots=True)
class _Trigger:
    condition: TriggerCondition
    intent: Intent
    exits: int  # places among the desk's truths
    holds: int


class _Desk:
    """The rules of one symbol on one timeframe. `is_asked` tells whether a bar of it has just closed (spec F40)."""

    def __init__(
        self, market: LiveMarket, timeframe: int, triggers: Sequence[TriggerCondition], regime: str = ""
    ) -> None:
        texts = [text for one in triggers for text in (one.exit_rule, one.hold_rule)] + [regime]
        self.rules = LiveRules([rule_of(text, timeframe) for text in texts])
        self.triggers = tuple(_Trigger(one, exit_intent(one), 2 * i, 2 * i + 1) for i, one in enumerate(triggers))
        self._market, self._gathered, self._features = market, None, None
        if timeframe != market.timeframe:
            self._gathered = Gathered(timeframe, market.timeframe)
            self._features = StreamingFeatures(
                sorted(self.rules.names), timeframe=timeframe, default_spread_bps=market.default_spread_bps,
                thresholds=market.thresholds,
            )  # fmt: skip
        self.is_asked = False
        self._has_taken = False

    def take(self, bar: ClosedBar) -> None:
        if self._gathered is None or self._features is None:
            self.rules.take(self._market.features.latest)
            self.is_asked = True
        else:
            closed = self._gathered.take(bar)
            for one in closed:
                self._features.take(one)
                self.rules.take(self._features.latest)
            self.is_asked = bool(closed)
        self._has_taken = self._has_taken or self.is_asked

    def truths(self, view: Mapping[str, Value]) -> Sequence[Truth]:
        return self.rules.truths(view) if self._has_taken else [None] * (2 * len(self.triggers) + 1)


@dataclass(frozen=True, slots=True)
class _Position:
    """A book as rules see it at a close."""

    book: Book
    close: int

    @property
    def side(self) -> int:
        return self.book.side

    @property
    def bars_held(self) -> int:
        return max(0, self.book.bars_held)

    @property
    def average(self) -> Fraction:
        return self.book.entry

    @property
    def entry(self) -> Fraction:
        return self.book.opened_entry

    @property
    def risk(self) -> Fraction:
        return self.book.risk

    @property
    def peak(self) -> int:
        return self.book.side * self.book.walk[walked.PEAK]

    @property
    def worst(self) -> int:
        return self.book.side * self.book.walk[walked.WORST]

    @property
    def stop(self) -> int:
        return self.book.stop_level()

    @property
    def lots(self) -> int:
        return self.book.size

    @property
    def most(self) -> int:
        return self.book.most

    @property
    def instrument(self) -> Instrument:
        return self.book.instrument


@dataclass(slots=True)
class _Moment:
    """One symbol at one close."""

    key: str
    bar: ClosedBar
    book: Book | None
    view: Mapping[str, Value]
    close: int
    facts: Facts
    truths: dict[int, Sequence[Truth]] = field(default_factory=dict)  # by desk


class LiveDecider:
    """`state` gives the core's state as it is now. A position's key is its symbol's. `note` hears every candidate."""

    def __init__(
        self,
        plan: StrategyPlan,
        limits: Limits,
        state: Callable[[], State],
        markets: Mapping[str, LiveMarket],
        *,
        note: Callable[[Decided, int], None] = lambda decided, now: None,
        override_grade: str | None = "A",
        latch_scope: str = "portfolio",
        latch_clear_after: int = 12,
    ) -> None:
        self._plan, self._limits, self._state, self._markets, self._note = plan, limits, state, markets, note
        self._override, self._scope, self._clear_after = override_grade, latch_scope, latch_clear_after
        self._desks: dict[str, tuple[_Desk, ...]] = {}

    def _desks_of(self, key: str) -> tuple[_Desk, ...]:
        """Made with the first bar: a symbol may come while the monitor runs."""
        if key not in self._desks and key in self._markets:
            self._desks[key] = self._made(key, self._markets[key])
        return self._desks.get(key, ())

    def _made(self, key: str, market: LiveMarket) -> tuple[_Desk, ...]:
        by_timeframe: dict[int, list[TriggerCondition]] = {market.timeframe: []}
        for one in self._plan.triggers:
            if one.symbol == key:
                by_timeframe.setdefault(timeframe_of(one, market.timeframe), []).append(one)
        return tuple(
            _Desk(market, timeframe, triggers, self._plan.risk_regime_rule if timeframe == market.timeframe else "")
            for timeframe, triggers in by_timeframe.items()
        )

    def warm(self, key: str, bar: ClosedBar) -> None:
        """The rules take a stored bar; nobody is asked. The market has taken it."""
        for desk in self._desks_of(key):
            desk.take(bar)

    def is_latched(self, key: str) -> bool:
        return bool(self._state().latch.get(self._latch_key(key)))

    def _latch_key(self, key: str) -> str:
        return PORTFOLIO if self._scope == "portfolio" else key

    # one decision

    def decide(self, bars: Mapping[str, ClosedBar], now: int) -> Iterator[Event]:
        """Bars that closed at one time, one a key. Lazily: each event has to be taken before the next is asked for."""
        known = {key: bar for key, bar in sorted(bars.items()) if key in self._markets}
        for key, bar in known.items():
            self.warm(key, bar)
        moments = {key: self._moment(key, bar, now) for key, bar in known.items()}
        yield from self._ask_regime_rule(moments)
        for key in moments:
            # The latch and the position may be others by now.
            yield from self._decide_one(self._moment(key, known[key], now), now)

    def _moment(self, key: str, bar: ClosedBar, now: int) -> _Moment:
        book, market = self._state().books.get(key), self._markets[key]
        is_open = book is not None and book.lots != 0 and bool(book.walk)
        close = 0 if book is None else int(fraction_of(bar.close) / Fraction(book.instrument.tick_size))
        before = market.before
        # Data may be old by the hole before this bar, or by the time that it took to come (spec F5).
        gap = 0 if before is None else bar.time - before.time
        view = PositionView(_Position(book, close)) if is_open and book is not None else FLAT
        facts = Facts(
            symbol=key,
            timeframe=market.timeframe,
            gap=max(gap, now - bar.time),
            bars_held=max(0, book.bars_held) if is_open and book is not None else None,
            position_side=book.side if is_open and book is not None else 0,
            spread_bps=market.spread_bps(),
            liquidity=bar.close * bar.volume if bar.volume == bar.volume else None,
        )
        moment = _Moment(key, bar, book if is_open else None, view, close, facts)
        for place, desk in enumerate(self._desks_of(key)):
            moment.truths[place] = desk.truths(view)
        return moment

    def _decide_one(self, moment: _Moment, now: int) -> Iterator[Event]:
        book = moment.book
        if book is not None and book.target is not None and book.target.cause == TIME_STOP:
            # It leaves whatever the rules say; they are not asked (spec F16, F32).
            self._note(self._time_stop(moment, book), now)
            return
        yield from self._ask_latch_triggers(moment)
        if book is None or not self._may_decide(book):
            return
        firing, used = self._firing(moment, book)
        if used != book.used:
            yield TriggersUsed(key=moment.key, epoch=book.epoch, used=tuple(sorted(used)))
        if firing:
            yield from self._compete(moment, book, firing, used, now)

    def _may_decide(self, book: Book) -> bool:
        """Ladders and rules pause while the operator says so; a position that policy leaves alone is left alone."""
        paused = self._state().mode is Mode.PROTECT_ONLY or book.halted or book.protect_only
        return not paused and is_ours(book)

    # the latch

    def _ask_regime_rule(self, moments: Mapping[str, _Moment]) -> Iterator[Event]:
        """Any true sets, all false counts (spec D6, F15); at symbol scope each for itself."""
        if not self._plan.risk_regime_rule.strip() or not moments:
            return
        groups = [list(moments)] if self._scope == "portfolio" else [[key] for key in moments]
        for group in groups:
            truths = [moments[key].truths[0][-1] for key in group]
            truth = True if True in truths else None if None in truths else False
            key = self._latch_key(group[0])
            if truth is True or RULE in self._state().latch.get(key, ()):
                yield LatchAnswered(key=key, cause=RULE, truth=truth, clear_after=self._clear_after)

    def _ask_latch_triggers(self, moment: _Moment) -> Iterator[Event]:
        """A latch trigger's own rule clears its cause, asked also when flat (spec F41). A true answer sets it only where
        its candidate passes the guards; here it breaks the row."""
        key = self._latch_key(moment.key)
        for place, desk in enumerate(self._desks_of(moment.key)):
            for one in desk.triggers if desk.is_asked else ():
                standing = self._state().latch.get(key, {})
                if one.condition.latch and one.condition.id in standing:
                    truth = moment.truths[place][one.exits]
                    yield LatchAnswered(
                        key=key, cause=one.condition.id, truth=None if truth is True else truth,
                        clear_after=self._clear_after,
                    )  # fmt: skip

    def _set_latch(self, moment: _Moment, standing: Iterable[tuple[_Trigger, Truth]]) -> Iterator[Event]:
        key = self._latch_key(moment.key)
        for one, _ in standing:
            if one.condition.latch and one.intent.kind is Kind.RISK_OFF:
                if one.condition.id not in self._state().latch.get(key, {}):
                    yield LatchAsked(key=key, cause=one.condition.id, on=True)
                else:
                    yield LatchAnswered(key=key, cause=one.condition.id, truth=True, clear_after=self._clear_after)

    # who fires, who is refused, who wins

    def _firing(self, moment: _Moment, book: Book) -> tuple[list[tuple[_Trigger, Truth]], frozenset[str]]:
        """Triggers whose exit rule fires for this position, each with what its hold rule says; and which stay used up."""
        firing, used = [], set(book.used)
        for place, desk in enumerate(self._desks_of(moment.key)):
            truths = moment.truths[place]
            for one in desk.triggers if desk.is_asked else ():
                condition, truth = one.condition, truths[one.exits]
                if not condition.exit_rule.strip() or not speaks_to(condition, book.side):
                    continue
                if is_armed_again(condition, truth):
                    used.discard(condition.id)
                # With the minima switched off an exit under a lot is no candidate (spec F51).
                can = self._limits.min_trade or share_of(book.goal, one.intent.exit_fraction) >= 1
                if can and fires(condition, truth, is_used=condition.id in used):
                    firing.append((one, truths[one.holds]))
        return firing, frozenset(used)

    def _compete(
        self, moment: _Moment, book: Book, firing: list[tuple[_Trigger, Truth]], used: frozenset[str], now: int
    ) -> Iterator[Event]:  # fmt: skip
        latched = self.is_latched(moment.key)
        given = {one: self._answers(moment, book, one, hold) for one, hold in self._ordered(firing, latched)}
        refused = {one: next(((g, d) for g, d in said if d is not None), None) for one, said in given.items()}
        standing = [pair for pair in self._ordered(firing, latched) if refused[pair[0]] is None]
        yield from self._set_latch(moment, standing)
        latched = self.is_latched(moment.key)
        ranked = [one for one, _ in self._ordered(standing, latched)]
        winner, losers = first_of([one.intent for one in ranked])
        lost = {id(loser.intent): loser for loser in losers}
        for one, said in given.items():
            decided = self._told(moment, book, one.intent, said, winner, latched)
            no, loser = refused[one], lost.get(id(one.intent))
            if no is not None:
                veto = one.intent.kind is Kind.EMERGENCY_EXIT
                cooldown = self._limits.cooldown_recommendation_bars if veto else None
                decided |= {"outcome": f"blocked: {no[0]}", "reason": no[0], "detail": no[1] or "",
                            "rank": None, "cooldown_recommendation_bars": cooldown}  # fmt: skip
            elif loser is not None:
                by = loser.by.trigger_id
                decided |= {"outcome": "lost", "reason": loser.reason, "preempted_by": by,
                            "detail": f"lost to {by} ({loser.by.kind.value})"}  # fmt: skip
            self._note(Decided(**decided), now)
        if winner is not None:
            yield from self._order(moment, book, winner, used)

    def _ordered(self, firing: Iterable[tuple[_Trigger, Truth]], latched: bool) -> list[tuple[_Trigger, Truth]]:
        return sorted(
            firing, key=lambda pair: precedence(pair[0].intent, latched=latched, override_grade=self._override)
        )

    def _answers(
        self, moment: _Moment, book: Book, one: _Trigger, hold: Truth
    ) -> list[tuple[str, str | None]]:  # fmt: skip
        facts = _with(moment.facts, hold_rule_true=hold is True, exit_too_small=_too_small(moment, book, one.intent))
        return answers(one.intent, facts, self._limits)

    def _told(
        self, moment: _Moment, book: Book, intent: Intent, said: list[tuple[str, str | None]], winner: Intent | None,
        latched: bool,
    ) -> dict[str, Any]:  # fmt: skip
        share = intent.exit_fraction
        return {
            "key": moment.key, "epoch": book.epoch, "time": moment.bar.time,
            "timeframe": timeframe_word(moment.facts.timeframe), "trigger_id": intent.trigger_id,
            "kind": intent.kind.value, "category": intent.category, "grade": intent.grade,
            "exit_fraction": None if share is None else float(share), "guards": tuple(said),
            "rank": precedence(intent, latched=latched, override_grade=self._override)[0], "outcome": "won",
            "winner": None if winner is None else winner.trigger_id, "price": moment.close, "latched": latched,
        }  # fmt: skip

    def _time_stop(self, moment: _Moment, book: Book) -> Decided:
        return Decided(
            key=moment.key, epoch=book.epoch, time=moment.bar.time, timeframe=timeframe_word(moment.facts.timeframe),
            trigger_id=TIME_STOP, kind=TIME_STOP, category="plan", grade=None, exit_fraction=None, guards=(), rank=None,
            outcome="won", winner=TIME_STOP, price=moment.close, latched=self.is_latched(moment.key),
        )  # fmt: skip

    def _order(self, moment: _Moment, book: Book, winner: Intent, used: frozenset[str]) -> Iterator[Event]:
        now_used = tuple(sorted(used | {winner.trigger_id}))
        if winner.trigger_id not in used:
            yield TriggersUsed(key=moment.key, epoch=book.epoch, used=now_used)
        share = Fraction(1) if winner.exit_fraction is None else winner.exit_fraction
        rest = book.goal - share_of(book.goal, share)
        if rest and self._limits.min_trade and not book.instrument.meets_minimum(moment.close, rest):
            share = Fraction(1)  # what would remain is below the venue's minimum (spec F19)
        yield ReduceAsked(
            key=moment.key,
            epoch=book.epoch,
            fraction=share,
            decision=f"{winner.trigger_id}@{moment.bar.time}",
            cause=f"{winner.trigger_id}_exit",
        )


def _with(facts: Facts, **parts: Any) -> Facts:
    return Facts(**{name: getattr(facts, name) for name in facts.__slots__} | parts)


def _too_small(moment: _Moment, book: Book, intent: Intent) -> str:
    """Of an exit that the venue would not take; empty for any other."""
    lots, instrument = share_of(book.goal, intent.exit_fraction), book.instrument
    if instrument.meets_minimum(moment.close, lots):
        return ""
    return f"{instrument.quantity(lots)} at {instrument.price(moment.close)} is below the venue's minimum"

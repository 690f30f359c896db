"""The monitor on a venue, in asyncio: what is heard becomes events, what the monitor asks for is carried out.

Everything that changes the monitor's state happens in the loop's thread, one event after another; only requests wait.
One way leads in, after a start as after a lost connection: everything is read, then what is missing is placed.

    OBSERVE (shadow, or nothing read yet) → PROTECT_ONLY (stops) → ACTIVE (ladders and rules)

What goes wrong inside, in rules or in showing, never stops the stops: the monitor goes back to PROTECT_ONLY and says so.
A journal that cannot be written ends it: what rests at the venue stays there, and the watchdog looks after it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from exitbrain.core.instants import microseconds
from exitbrain.core.latch import PORTFOLIO
from exitbrain.core.live.book import SECOND, Book, State
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.events import (
    Alert,
    Answered,
    Ask,
    Cancel,
    Effect,
    Event,
    FlattenAsked,
    Managed,
    Mode,
    ModeSet,
    Outcome,
    Policy,
    PositionSeen,
    PriceSeen,
    Send,
    Started,
    Ticked,
)
from exitbrain.core.live.orders import Role, Stage
from exitbrain.errors import Halted, InvalidInput, Unavailable
from exitbrain.live.narrating import (
    alert_line,
    command_line,
    decision_line,
    effect_line,
    left_lines,
    lines_between,
    would_lines,
)
from exitbrain.live.prices import PriceGate
from exitbrain.live.repeating import Repeats
from exitbrain.live.showing import figures_of, orders_shown, positions_shown
from exitbrain.live.terms import SHADOW, Measures, Minded, Screen, Terms
from exitbrain.venues.adapter import (
    BarsClosed,
    Connected,
    Disconnected,
    Finding,
    Heard,
    Kline,
    MarkSeen,
    Told,
    VenueAdapter,
)

if TYPE_CHECKING:
    pass

LOG = logging.getLogger("exitbrain.live")
WARMED_AT_ONCE = 10
PROTECTED_WITHIN = 2.0
BLIND_AFTER = 20 * SECOND
CONSENT_LASTS = 60 * SECOND


class Running:
    """`killed` tells whether the kill switch is on, and what is said of it; `beat` writes the heartbeat for the watchdog."""

    def __init__(
        self, minded: Minded, venue: VenueAdapter, screen: Screen, terms: Terms, *, clock: Callable[[], int],
        fence: int, killed: Callable[[], Mapping[str, Any] | None] = lambda: None,
        turn_off: Callable[[], object] = lambda: None, beat: Callable[[bool], None] = lambda _: None,
        budget: Callable[[], float] = lambda: 1.0,
    ) -> None:  # fmt: skip
        self.minded, self.venue, self.screen, self.terms = minded, venue, screen, terms
        self.clock, self.fence = clock, fence
        self._killed, self._turn_off, self._beat, self._budget = killed, turn_off, beat, budget
        self._kill: Mapping[str, Any] | None = None
        self._asked_mode: Mode | None = None
        self._fault = ""
        self._unshown: set[str] = set()
        self._is_up, self._has_looked = False, False
        self._ended: BaseException | None = None
        self._done = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._repeats = Repeats()
        self._gates: dict[str, PriceGate] = {}
        self._marks: dict[str, int] = {}
        self._would: dict[str, tuple[str, ...]] = {}
        self._blind: set[str] = set()
        self._began = clock()
        self._warming: dict[str, list[Kline]] = {}  # with the bars that closed meanwhile
        self._preparing, self._is_prepared = asyncio.Lock(), False
        self.measures = Measures()

    @property
    def state(self) -> State:
        return self.minded.monitor.state

    @property
    def is_protected(self) -> bool:
        """Whether all that was found open is covered, as far as anybody has looked."""
        return self._has_looked and all(self._is_protected(book) for book in self.state.books.values())

    def stop(self) -> None:
        self._done.set()

    async def run(self, *, once: bool = False, seconds: float | None = None) -> None:
        """Until `stop`, for `seconds`, or `once` until all that is open is protected. Raises what ended it."""
        try:
            self._check(await self._opened(seconds))
        except BaseException:
            await self.venue.close()
            raise
        self._beat(False)
        self._take(Started(fence=self.fence))
        self._take(ModeSet(mode=self._mode()))
        for key in list(self.state.books):
            self._manage(key)
        for key in self.terms.symbols:
            if key in self.venue.instruments:
                self._manage(key)
            else:
                self.tell("look", "", f"live.symbols: the venue has no perpetual {key}", warn=True)
        await self._look()
        self._has_looked = True
        loops = [
            self.venue.listen(self._on_stream),
            self._ticking(),
            self._looking(),
            self._commanding(),
            self._showing(),
        ]
        tasks = [asyncio.create_task(one) for one in loops]
        for task in tasks:
            task.add_done_callback(self._loop_ended)
        if once:
            self._spawn(self._once())
        else:
            self._spawn(self._prepare_early())
        try:
            await asyncio.wait_for(self._done.wait(), seconds)
        except TimeoutError:
            pass
        finally:
            if self._ended is None:
                self._shown("the end", self._tell_what_stays)
            await self._close(tasks)
        if self._ended is not None:
            raise self._ended

    def _tell_what_stays(self) -> None:
        if self.terms.mode == SHADOW:
            return
        if not self.terms.venue_stays:
            self.tell("end", "", "the simulated venue ends too, with all that is open there")
            return
        for key, text, is_covered in left_lines(self.state):
            self.tell("end", key, text, warn=not is_covered)

    async def _opened(self, seconds: float | None) -> tuple[Finding, ...]:
        """A venue that is away when we come back, as after a power cut, is waited for; not for ever."""
        until = time.monotonic() + min(self.terms.wait, seconds or self.terms.wait)
        repeats = Repeats()
        while True:
            try:
                return await self.venue.open()
            except Unavailable as error:
                if self._done.is_set() or time.monotonic() + 1 > until:
                    raise
                said = repeats.words("away", f"{error}; it is asked again until it does", time.monotonic())
                if said is not None:
                    self.tell("look", "", said, warn=True)
                await asyncio.sleep(1)

    async def _close(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        for task in (*tasks, *self._tasks):
            task.cancel()
        await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)
        self._shown("the screen", self._show)
        await self.venue.close()

    def _check(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            self.tell("look", "", f"{one.subject}: {one.detail}", warn=not one.ok)
        missing = [one for one in findings if one.needed and not one.ok]
        if missing:
            raise InvalidInput("; ".join(f"{one.subject}: {one.detail}" for one in missing))

    def _loop_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _end(self, error: BaseException) -> None:
        if self._ended is None:
            self._ended = error
            LOG.error("ends: %s", error)
        self._done.set()

    # events in

    def _on_stream(self, heard: Heard) -> None:
        self.measures.heard_at = time.monotonic()
        self._hear(heard)

    def _hear(self, heard: Heard) -> None:
        match heard:
            case Connected():
                self._is_up = True
                self.tell("stream", "", "the account's stream is open")
                self._take(Started(fence=self.fence))
                self._spawn(self._look())
            case Disconnected():
                if self._is_up:
                    self.tell("stream", "", f"lost, {heard.why}; positions are read meanwhile", warn=True)
                self._is_up = False
            case Told():
                said = self._repeats.words(heard, heard.text, time.monotonic())
                if said is not None:
                    self.tell(heard.name, heard.key, said, warn=True)
            case BarsClosed():
                self._bars(heard.key, heard.bars)
            case MarkSeen():
                self._marks[heard.key] = heard.ticks
            case PriceSeen():
                self._price(heard)
            case PositionSeen():
                if heard.key in self.state.books or (heard.lots and self._manage(heard.key)):
                    self._take(heard)
            case _:
                self._take(heard)

    def _price(self, seen: PriceSeen) -> None:
        book = self.state.books.get(seen.key)
        if book is not None and self._gates.setdefault(seen.key, PriceGate()).lets_through(
            book, seen.ticks, self.clock()
        ):
            self._take(seen)

    def _bars(self, key: str, bars: Sequence[Kline]) -> None:
        """Of several, as after a gap, only the last is decided at: the others are past."""
        if key in self._warming:
            self._warming[key] += bars
            return
        before = self.state
        try:
            if len(bars) > 1:
                self._carry(self.minded.warm(key, bars[:-1], self.clock()))
            effects = self.minded.bars({key: bars[-1]}, self.clock())
            self._carry(effects)
            for one in self.minded.decided():
                self.tell("decision", one.key, decision_line(one), decision=one.to_dict())
            self._narrate(before, self.state)
        except (Unavailable, Halted) as error:
            self._end(error)
        except Exception as error:  # rules that fail must not take the stops with them
            self._failed("rules", key, error)

    def _take(self, event: Event) -> None:
        before = self.state
        began = time.perf_counter()
        try:
            effects = self.minded.monitor.take(event, self.clock())
        except (Unavailable, Halted) as error:
            self._end(error)
            return
        except Exception as error:  # the event is dropped: what was believed before stands, and so do the stops
            self._failed("core", getattr(event, "key", ""), error)
            return
        self.measures.commit_ms = (time.perf_counter() - began) * 1000
        self._carry(effects)
        self._shown("the log", lambda: self._narrate(before, self.state))

    def _manage(self, key: str) -> bool:
        """Whether it is looked after, or at least shown."""
        policy = self.minded.manages(key)
        instrument = self.venue.instruments.get(key)
        if policy is None or instrument is None:
            return False
        wanted = self.minded.begin(key)
        self._take(Managed(key=key, instrument=instrument, policy=policy))
        self.venue.follow(tuple(self.state.books))
        if key not in self._warming:
            self._warming[key] = []
            self._spawn(self._warm(key, wanted))
        return True

    async def _warm(self, key: str, count: int) -> None:
        """Its past, so that regime and ranges are known; the disaster stop does not wait for it."""
        try:
            until = time.monotonic() + PROTECTED_WITHIN
            while time.monotonic() < until and not self._is_protected(self.state.books[key]):
                await asyncio.sleep(self.terms.tick / 2)
            await self._prepare()
            bars = list(await self.venue.bars(key, count))
            while bars:
                # What protects goes first: between two pieces the loop hears and sends.
                await asyncio.sleep(0)
                self._carry(self.minded.warm(key, bars[:WARMED_AT_ONCE], self.clock()))
                del bars[:WARMED_AT_ONCE]
                if not bars:
                    bars, self._warming[key] = self._warming[key], []
            self.minded.warmed(key)
        except (Unavailable, Halted) as error:
            self._end(error)
        except Exception as error:
            self._failed("warm-up", key, error)
        finally:
            self._warming.pop(key, None)

    async def _prepare_early(self) -> None:
        """Before a position needs it; what is open already is protected first."""
        await asyncio.sleep(PROTECTED_WITHIN)
        try:
            await self._prepare()
        except (Unavailable, Halted) as error:
            self._end(error)
        except Exception as error:
            self._failed("preparing", "", error)

    async def _prepare(self) -> None:
        async with self._preparing:
            if not self._is_prepared:
                await asyncio.to_thread(self.minded.prepare)
                self._is_prepared = True

    def _is_protected(self, book: Book) -> bool:
        return book.is_synced and (book.cover() >= book.size or self.terms.mode == SHADOW)

    # effects out

    def _carry(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Alert):
                key = "" if effect.key == PORTFOLIO else effect.key
                self.tell("alert", key, alert_line(effect), warn=True, name=effect.name)
            else:
                self._spawn(self._carried_out(effect))

    async def _carried_out(self, effect: Send | Cancel | Ask) -> None:
        if not isinstance(effect, Ask):
            if not self.minded.may_send():
                self._end(Halted("another process has taken the journal over: nothing more is sent"))
                return
            parsed = parsed_id(effect.id)
            role, leg = (Role.CLOSE, 0) if parsed is None else (parsed.role, parsed.leg)
            self.tell("sent", effect.key, effect_line(effect, self.venue.instruments[effect.key], role, leg))
        try:
            events: tuple[Heard, ...] = await self.venue.carry_out(effect)
        except Exception as error:  # whatever an adapter does: what it was asked for is open
            self._failed("adapter", effect.key, error)
            events = ()
            if not isinstance(effect, Ask):
                cancel = isinstance(effect, Cancel)
                events = (Answered(key=effect.key, id=effect.id, cancel=cancel, outcome=Outcome.UNKNOWN),)
        for event in events:
            self._hear(event)
        if isinstance(effect, Ask) and effect.what == "filters":
            self._manage(effect.key)

    def _failed(self, what: str, key: str, error: Exception) -> None:
        """Something of ours is broken: stops stay and are replaced, the rest pauses until a person resumes."""
        fault = f"{what} failed: {type(error).__name__}: {error}"
        if fault == self._fault:
            return
        self._fault = fault
        LOG.exception("%s %s", key, self._fault)
        self.tell("fault", key, f"{self._fault}; stops only, until resumed", warn=True)

    def _shown(self, what: str, show: Callable[[], None]) -> None:
        """A picture that fails is a line in the log, and nothing else."""
        try:
            show()
        except Exception as error:
            if what not in self._unshown:
                LOG.exception("%s cannot be shown: %s", what, error)
            self._unshown.add(what)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # what is done again and again

    async def _ticking(self) -> None:
        beat_at = 0.0
        while True:
            self._settle_mode()
            self._take(Ticked())
            self._count()
            if time.monotonic() >= beat_at:
                self._beat(False)
                beat_at = time.monotonic() + self.terms.beat
            await asyncio.sleep(self.terms.tick)

    async def _looking(self) -> None:
        while True:
            await asyncio.sleep(self.terms.look)
            await self._look()

    async def _look(self) -> None:
        """Positions of all symbols: those that nobody named are found here."""
        for seen in await self.venue.positions() or ():
            self._hear(seen)

    async def _once(self) -> None:
        until = time.monotonic() + self.terms.active_after
        while time.monotonic() < until:
            await asyncio.sleep(self.terms.tick)
            if self._is_settled():
                break
        self.stop()

    def _is_settled(self) -> bool:
        if self._warming or not all(book.is_synced for book in self.state.books.values()):
            return False
        held = [book for book in self.state.books.values() if book.lots]
        if not all(book.plan is not None or book.policy is not Policy.ADOPT for book in held):
            return False
        if self.terms.mode == SHADOW:
            return True
        open_ = (Stage.SENDING, Stage.UNKNOWN, Stage.CANCELING)
        return all(
            book.cover() >= book.size and not any(order.stage in open_ for order in book.present()) for book in held
        )

    # modes

    def _mode(self) -> Mode:
        if self.terms.mode == SHADOW:
            return Mode.OBSERVE
        if self._asked_mode is Mode.OBSERVE:
            return Mode.OBSERVE
        is_ready = self._is_ready()
        if self._kill is not None or self._fault or self._asked_mode is Mode.PROTECT_ONLY or not is_ready:
            return Mode.PROTECT_ONLY
        return Mode.ACTIVE

    def _is_ready(self) -> bool:
        if time.monotonic() >= self.measures.started + self.terms.active_after:
            return True
        if self.state.mode is Mode.ACTIVE:
            return True
        books = self.state.books.values()
        unknown = any(order.stage is Stage.UNKNOWN for book in books for order in book.orders.values())
        return not unknown and all(book.is_synced for book in books)

    def _settle_mode(self) -> None:
        kill = self._killed()
        if (kill is None) != (self._kill is None):
            words = "off" if kill is None else f"on, by {kill.get('by') or 'the file'}: stops stay, the rest pauses"
            self.tell("kill", "", f"the kill switch is {words}", warn=kill is not None)
        self._kill = kill
        wanted = self._mode()
        if self.state.mode is not wanted:
            self._take(ModeSet(mode=wanted))
            self.tell("mode", "", wanted.value)

    # operators

    async def _commanding(self) -> None:
        while True:
            await asyncio.sleep(self.terms.show)
            for command in self.screen.commands():
                outcome, detail = self._obey(command)
                self.tell("command", "", command_line(command, outcome, detail), warn=outcome != "done")
                self._shown("the screen", self._show)  # who asked sees what came of it
                self.screen.finished(command["command_id"], self.clock(), outcome, detail)

    def _obey(self, command: Mapping[str, Any]) -> tuple[str, str]:
        try:
            return "done", self._done_for(command)
        except InvalidInput as error:
            return "refused", str(error)

    def _done_for(self, command: Mapping[str, Any]) -> str:
        body = command["body"]
        match command["kind"]:
            case "kill":
                self._settle_mode()
                return "stops stay and are replaced; ladders and rules pause"
            case "resume":
                try:
                    self._turn_off()
                except Unavailable as error:  # a folder in the switch's place, say
                    raise InvalidInput(str(error)) from None
                self._fault, self._asked_mode = "", None
                self._settle_mode()
                return f"mode {self.state.mode.value}"
            case "flatten":
                self._check_age(command)
                return self._flatten(body, command["command_id"])
            case "latch_set" | "latch_clear":
                effects, detail = self.minded.latch(command["kind"], body, self.clock())
                self._carry(effects)
                return detail
            case "mode":
                return self._set_mode(str(body.get("mode", "")))
            case other:
                raise InvalidInput(
                    f"unknown command {other}", accepted="kill, resume, flatten, latch_set, latch_clear, mode"
                )

    def _set_mode(self, name: str) -> str:
        if name not in Mode.__members__:
            raise InvalidInput(f"mode is {name!r}", accepted=", ".join(Mode))
        if self.terms.mode == SHADOW and name != Mode.OBSERVE:
            raise InvalidInput("the monitor is in shadow, in which nothing is sent", accepted="OBSERVE")
        self._asked_mode = None if name == Mode.ACTIVE else Mode(name)
        self._settle_mode()
        return f"mode {self.state.mode.value}"

    def _check_age(self, command: Mapping[str, Any]) -> None:
        """Who asked while nobody listened was told so, and may have acted otherwise since."""
        age = self.clock() - microseconds(command["at"])
        if age > CONSENT_LASTS:
            raise InvalidInput(f"asked {age // SECOND} s ago, which no monitor heard", accepted="a new preview")

    def _flatten(self, body: Mapping[str, Any], command_id: str) -> str:
        """Consent was to one life of the position, where it names one: the next is another's."""
        key, epoch = str(body.get("key") or body.get("symbol") or ""), body.get("epoch")
        if self.terms.mode == SHADOW:
            raise InvalidInput("the monitor is in shadow, in which nothing is sent", accepted="paper or live mode")
        held = [book.key for book in self.state.books.values() if book.lots and key in ("*", book.key)]
        if not held:
            raise InvalidInput(f"no position {key!r} is open", accepted="the key of an open position, or *")
        if epoch is not None and [self.state.books[one].epoch for one in held] != [epoch]:
            raise InvalidInput(f"life {epoch} of {key} is over", accepted="a new preview")
        for one in held:
            self._take(FlattenAsked(key=one, decision=f"operator {command_id}"))
        return f"closing {', '.join(held)} at market"

    # showing

    async def _showing(self) -> None:
        """Not before what is open is protected, or a while has passed: a start has no time for screens."""
        shown_from = time.monotonic() + self.terms.active_after / 2
        while True:
            await asyncio.sleep(self.terms.show)
            if time.monotonic() >= shown_from or self._is_settled():
                shown_from = 0.0
                self._shown("the screen", self._show)

    def _show(self) -> None:
        now = self.clock()
        self.screen.show(
            positions_shown(self.state, self._marks, self.terms.mode, now), orders_shown(self.state), self._summary(now)
        )

    def _summary(self, now: int) -> dict[str, Any]:
        kill = self._kill
        return figures_of(self.state, now) | {
            "naked_seconds_total": round(self.measures.naked_seconds, 1),
            "stream_age": round(time.monotonic() - self.measures.heard_at, 1),
            "journal_commit_ms": round(self.measures.commit_ms, 2),
            "request_budget": round(self._budget(), 3),
            "halted": kill is not None,
            "kill": None if kill is None else dict(kill),
            "latch": self.minded.latched(now),
            "fault": self._fault,
        }

    def _count(self) -> None:
        """Seconds without a stop; and a position that nobody could read for a while is told, once until it can be."""
        now = self.clock()
        for key, book in self.state.books.items():
            if book.lots and book.naked_since is not None:
                self.measures.naked_seconds += self.terms.tick
            lag = now - max(min(book.position_at, book.orders_at), book.started_at, self._began)
            is_blind = bool(book.lots) and lag > BLIND_AFTER
            if is_blind and key not in self._blind:
                self._blind.add(key)
                seconds = f"{lag / SECOND:.0f} s"
                self.tell(
                    "alert", key, f"neither position nor orders could be read for {seconds}", warn=True, name="blind"
                )
            elif not is_blind and key in self._blind:
                self._blind.discard(key)
                self.tell("alert", key, "position and orders are read again", name="seen again")

    def _narrate(self, before: State, after: State) -> None:
        for key, book in after.books.items():
            old = before.books.get(key)
            if old is book:
                continue
            for line in lines_between(old, book):
                self.tell(line.kind, key, line.text)
            if self.terms.mode == SHADOW:
                self._shadow(book)

    def _shadow(self, book: Book) -> None:
        lines = would_lines(book, self.state.settings)
        for line in lines:
            if line not in self._would.get(book.key, ()):
                self.tell("would", book.key, line)
        self._would[book.key] = lines

    def tell(self, kind: str, key: str, text: str, *, warn: bool = False, **body: Any) -> None:
        LOG.log(logging.WARNING if warn else logging.INFO, "%s%s", f"{key} " if key else "", text)
        self.screen.tell(self.clock(), kind, key, text, body | {"warn": warn})

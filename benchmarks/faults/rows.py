"""The schedules. Each is played to either bot alike, from the seed alone; then price falls through the stop, or
rises above the target.

A schedule says what goes wrong before the position is opened and after, and names the instants that the page tells.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from faults.bots import QUANTITY, Bot
from faults.judge import Log, covers, is_tight, judge, positions, stops_of
from faults.venue import PRICE, Venue, until

PLACING = "POST /fapi/v1/algoOrder"
# A little below the stop of 2%: entry prices differ by a tick, and stops are rounded.
LEVEL = PRICE * Decimal("0.977")
FALL, RISE = 0.04, 0.04
Marks = dict[str, int]  # instants of the venue, and what was measured then


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    before: Callable[[Venue, int], None] = lambda venue, seed: None
    act: Callable[[Venue, Bot, int], Marks]
    end: Callable[[Venue, int], Marks] = lambda venue, seed: falls(venue)
    is_found: bool = False  # the position is there before the bot is


def play(row: Row, bot: Bot, venue: Venue, seed: int) -> Marks:
    row.before(venue, seed)
    if row.is_found:
        venue.order("BUY", QUANTITY)
        time.sleep(1)
        bot.start()
    else:
        bot.start()
        bot.enter()
    marks = {"entered": venue.now(), **row.act(venue, bot, seed)}
    marks |= row.end(venue, seed)
    return marks | {"ended": venue.now()}


def falls(venue: Venue) -> Marks:
    """Through the stop and on; then 20 s for whatever is left to do."""
    fell = venue.move_price(-FALL)
    time.sleep(20)
    return {"fell": fell}


def rises(venue: Venue, _: int) -> Marks:
    """Above the target: the bot leaves by its own exit, and takes away what it knows of."""
    rose = venue.move_price(RISE)
    until(lambda: closed(venue), 40)
    time.sleep(20)
    return {"rose": rose}


def covered(venue: Venue) -> bool:
    return stands(venue.log(), venue.now())


def stands(log: Log, at: int) -> bool:
    """Whether a stop of the plan's level covers the position at that instant."""
    held = [quantity for since, quantity in positions(log) if since <= at]
    return bool(held) and held[-1] != 0 and covers(held[-1], [one for one in stops_of(log) if is_tight(one, LEVEL)], at)


def closed(venue: Venue) -> bool:
    return judge(venue.log(), until=venue.now()).closed_at is not None


# kill -9


def killed(venue: Venue, bot: Bot, seed: int) -> Marks:
    """At an instant of the six seconds after the entry; started again after one second."""
    # Multiples of the golden ratio lie evenly for any number of seeds.
    time.sleep(6 * (seed * 0.6180339887 % 1))
    bot.kill()
    at = venue.now()
    time.sleep(1)
    bot.start()
    until(lambda: covered(venue), 60)
    processor = bot.processor_ms()
    time.sleep(10)
    return {"killed": at, "restarted": bot.started_at[-1], "processor_ms": processor}


def found(venue: Venue, bot: Bot, _: int) -> Marks:
    until(lambda: covered(venue), 60)
    processor = bot.processor_ms()
    time.sleep(2)
    return {"restarted": bot.started_at[-1], "processor_ms": processor}


# the venue refuses, or does not say


def refusing(venue: Venue, seed: int) -> None:
    venue.faults(seed, reject=1.0, code=-1001, on=PLACING)


def silent(venue: Venue, seed: int) -> None:
    venue.faults(seed, lost_ack=1.0, on=PLACING)


def for_twenty_seconds(venue: Venue, _: Bot, seed: int) -> Marks:
    time.sleep(20)
    venue.faults(seed)
    mended = venue.now()
    until(lambda: covered(venue), 40)
    time.sleep(10)
    return {"mended": mended}


# the stop triggers and does nothing


def protected(venue: Venue, _: Bot, seed: int) -> Marks:
    until(lambda: covered(venue), 40)
    time.sleep(random.Random(seed).uniform(1, 6))
    return {}


def unfilled(venue: Venue, seed: int) -> Marks:
    """The first stop to trigger does not fill; one second later the venue is well again, and price goes on down."""
    venue.faults(seed, trigger_unfilled=1.0)
    fell = venue.move_price(-FALL)
    time.sleep(1)
    venue.faults(seed)
    until(lambda: closed(venue), 10)
    venue.move_price(-0.02)
    until(lambda: closed(venue), 40)
    time.sleep(10)
    return {"fell": fell}


# somebody trades beside it


def by_hand(venue: Venue, bot: Bot, seed: int) -> Marks:
    protected(venue, bot, seed)
    venue.order("SELL", QUANTITY, reduce_only=True)
    at = venue.now()
    time.sleep(30)
    return {"by_hand": at}


# the venue denies what is there


def denied(venue: Venue, bot: Bot, seed: int) -> Marks:
    protected(venue, bot, seed)
    venue.faults(seed, absent=1.0)
    at = venue.now()
    time.sleep(60)
    venue.faults(seed)
    mended = venue.now()
    time.sleep(20)
    return {"denied": at, "mended": mended}


ROWS = {
    "kill": Row(title="kill -9 within 6 s after the entry, started again after 1 s", act=killed),
    "refused": Row(
        title="every stop is refused (-1001) for 20 s from before the entry", before=refusing, act=for_twenty_seconds
    ),
    "lost": Row(
        title="every answer to a stop is lost for 20 s, the stop is placed",
        before=silent,
        act=for_twenty_seconds,
        end=rises,
    ),
    "unfilled": Row(title="the stop triggers, its order expires with nothing filled", act=protected, end=unfilled),
    "hand": Row(title="the position is closed by hand", act=by_hand),
    "denied": Row(title="the venue denies every order for 60 s (-2013, empty lists)", act=denied, end=rises),
}
# Beside the table, and for a bot that looks after what it did not open.
FOUND = {"found": Row(title="a position without a stop is there when the bot starts", act=found, is_found=True)}

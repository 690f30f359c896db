"""Random worlds whose profiles are liquidity-aware: bars that take a part of an exit, and spreads about the limit (spec P14).

A world of the other kinds is run once without the option; its volumes are then thrown about the sizes that it held, so
that a bar takes nothing, a lot, a part or all of an exit about equally often.
"""

import random
from fractions import Fraction

from .exact import UNITS, exact, iso, microseconds, plain
from .oracle import run_world
from .random_worlds import random_profile, random_world

SHARES = (0.1, 0.1, 0.25, 0.3, 0.07, 1)
SIZES = ("0", "0", "0.02", "0.05", "0.1", "0.1", "0.25", "0.25", "0.4", "1")  # of a position, what a bar takes
LIMIT = "5"
SPREADS = ("", "0", "3", "5", "5", "5.000001", "5.5", "40")


def random_liquid_world(seed):
    """The world of a seed; about two in three have triggers."""
    dice = random.Random(f"{seed} liquidity")
    world = random_world(seed, triggers=dice.random() < 0.65, **fixed(dice))
    give_profiles(dice, world)
    give_exits(dice, world)
    give_entries(dice, world)
    share = dice.choice(SHARES)
    throw_volumes(dice, world, share)
    throw_spreads(dice, world)
    kinds = dice.choice(("share", "share", "share", "spread", "both", "both", "both", "both"))
    liquidity = {}
    if kinds != "spread":
        liquidity["max_volume_share"] = share
    if kinds != "share":
        liquidity["max_spread_bps"] = exact_number(LIMIT)
    for profile in world["profiles"]["profiles"]:
        profile["liquidity"] = dict(liquidity)
    return world


def fixed(dice):
    """What the worlds of this kind throw more often than others."""
    found = {}
    if dice.random() < 0.2:
        found["fill_at"] = "close"
    if dice.random() < 0.2:
        found["independent"] = True
    if dice.random() < 0.2:
        found["symbols"] = 2
    return found


def exact_number(text):
    value = exact(text)
    return int(value) if value.denominator == 1 else float(value)


def give_profiles(dice, world):
    """A profile for each symbol: one for any symbol would lose to the defaults of the regimes (spec P3)."""
    profiles = []
    for symbol in world["candles"]:
        profiles.append({**random_profile(dice, f"LIQUID_{symbol}"), "symbol": symbol})
    world["profiles"] = {"profiles": profiles}


def give_exits(dice, world):
    """Emergencies that meet unsold parts, time stops that are cut, exits at every bar."""
    world["config"]["exits"]["use_profiles"] = True
    if dice.random() < 0.15:
        world["config"]["exits"]["time_stop_bars"] = dice.randint(1, 6)
    triggers = (world["plan"] or {}).get("triggers") or []
    for trigger in triggers:
        if not trigger.get("exit_rule"):
            continue
        if trigger.get("category") != "emergency_exit" and "latch" not in trigger and dice.random() < 0.15:
            trigger["category"] = "emergency_exit"
            for key in ("exit_fraction", "rearm", "hold_rule"):
                trigger.pop(key, None)


def give_entries(dice, world):
    """A row at the first bar, where no spread is known; entries against a position that its rests may close."""
    if dice.random() < 0.15 and world["entries"]:
        first = world["entries"][0]
        first["timestamp"] = min(rows[0][0] for rows in world["candles"].values())
        first["stop_price"] = ""
    if dice.random() < 0.3:
        world["config"]["account"]["on_opposite"] = "exit"
        for trigger in (world["plan"] or {}).get("triggers") or []:
            if trigger.get("entry_rule"):
                trigger["confidence_grade"] = "A"


def throw_volumes(dice, world, share):
    """Volumes about what the positions of the world hold; at times one symbol has none at all."""
    largest = {}
    for found in run_world(world)["trade_sets"]:
        largest.setdefault(found["symbol"], []).append(exact(found["max_exposure_quantity"]))
    sections = world["config"]["instrument"]
    sections = sections if isinstance(sections, list) else [sections]
    for section in sections:
        rows = world["candles"][section["symbol"]]
        lot = exact(section["lot_size"])
        multiplier = exact(section.get("multiplier", 1))
        held = sorted(largest.get(section["symbol"], [lot * 10]))
        none_at_all = dice.random() < 0.04
        ample = dice.random() < 0.15
        for row in rows:
            size = exact(dice.choice(SIZES + ("5",) * 5 if ample else SIZES)) * dice.choice(held)
            row[5] = "0" if none_at_all else volume_text(dice, size // lot, lot * multiplier, exact(share))


def volume_text(dice, lots, unit, share):
    """A volume whose share is a whole number of lots, or a little beside."""
    whole = lots * unit / share
    beside = dice.choice((0, 0, 0, -1, 1, Fraction(1, 3)))
    fine = unit / 1000
    volume = max(Fraction(0), whole + beside * fine)
    ticks = -(-volume // fine) if dice.random() < 0.8 else volume // fine
    return plain(ticks * fine) if ticks < 10**15 else plain(ticks // 1000 * 1000 * fine)


def throw_spreads(dice, world):
    """From a column, a quotes file, the setting, or nowhere."""
    kind = dice.choice(("column", "column", "quotes", "setting", "nothing"))
    execution = world["config"]["execution"]
    execution.pop("spread_bps", None)
    if kind == "setting" or dice.random() < 0.2:
        execution["spread_bps"] = dice.choice((1, 5, 5.5, 20))
    if kind == "column":
        for rows in world["candles"].values():
            for row in rows:
                row.append(dice.choice(SPREADS))
    if kind == "quotes" and len(world["candles"]) == 1:
        world["quotes"] = random_quotes(dice, world)


def random_quotes(dice, world):
    """Quotes at, before and after the closes, none of them at a limit: a ratio of floats has no last digit."""
    (rows,) = world["candles"].values()
    times = [microseconds(row[0]) for row in rows]
    span = min(later - earlier for earlier, later in zip(times, times[1:]))
    quotes = {}
    for row, time in zip(rows, times):
        if dice.random() < 0.7:
            at = time + dice.choice((0, span // 2, span, span, span + UNITS["s"]))
            half = exact(row[4]) * exact(dice.choice(("0.2", "2.2", "4.4", "5.7", "12.3"))) / 20_000
            bid, ask = exact(row[4]) - half, exact(row[4]) + half
            quotes[at] = {"timestamp": iso(at), "bid": plain(bid), "ask": plain(ask)}
    return [quotes[at] for at in sorted(quotes)] or None

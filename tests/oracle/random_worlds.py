"""Small adversarial worlds from a seed: prices on a coarse grid, so that levels collide with highs, lows and opens.

The grid is a step of many ticks; stops, targets and rule thresholds fall on it as often as beside it.
"""

import random
from fractions import Fraction

from .exact import UNITS, duration, iso, microseconds, plain
from .random_configs import REGIMES, random_config
from .random_plans import random_plan

PRICES = (  # tick, ticks of the starting price, ticks of a step of the grid
    ("0.01", 10_000, 50),
    ("0.01", 10_000, 25),
    ("0.05", 2_000, 10),
    ("1", 60, 1),
    ("1", 40_000, 100),
    ("0.00000001", 12_000, 60),
    ("0.00000001", 10_000_000_000, 50_000_000),
)
LOTS = ("1", "0.001", "0.1")
TIMEFRAMES = ("1h", "1h", "1h", "15m", "4h", "1d")


def random_world(seed, *, triggers=False, symbols=None, detail=None, independent=None, fill_at=None, bars=None):
    """The world of a seed; the keywords fix what is otherwise thrown."""
    dice = random.Random(f"{seed} {triggers}")
    count = symbols if symbols is not None else dice.choice((1, 1, 1, 1, 2, 3))
    names = ["TST"] if count == 1 else ["AAA", "BBB", "CCC"][:count]
    timeframe = dice.choice(TIMEFRAMES)
    length = bars if bars is not None else dice.randint(8, 80)
    with_detail = detail if detail is not None else dice.random() < 0.15
    markets = {name: random_market(dice, name, length, timeframe, with_detail) for name in names}
    config = random_config(dice, markets, independent, fill_at)
    world = {
        "candles": {name: market["rows"] for name, market in markets.items()},
        "detail": {name: market["detail"] for name, market in markets.items()} if with_detail else None,
        "funding": random_funding(dice, markets) if dice.random() < 0.2 else None,
        "entries": random_entries(dice, markets),
        "plan": random_plan(dice, markets, timeframe, config) if triggers else bare_plan(dice),
        "profiles": random_profiles(dice, names) if dice.random() < 0.7 else None,
        "config": config,
    }
    keep_settled(world)
    return world


def bare_plan(dice):
    return None if dice.random() < 0.5 else {"plan_id": "p", "triggers": []}


def keep_settled(world):
    """A row decided alone at an open (fill_at close) leaves open which day's figures the daily guards use."""
    if world["config"]["execution"]["fill_at"] == "close":
        for key in ("max_daily_loss_pct", "daily_risk_budget_pct", "max_entries_per_day"):
            world["config"]["guardrails"].pop(key, None)


# Candles


def random_market(dice, name, length, timeframe, with_detail):
    tick, start, step = dice.choice(PRICES)
    calm = dice.random() < 0.5
    step = max(step // 5, 1) if calm else step
    span = int(timeframe[:-1]) * UNITS[timeframe[-1]]
    parts = 4 if with_detail else 1
    here = start
    bars, finer = [], []
    first = microseconds("2024-01-01T00:00:00Z") + dice.randint(0, 23) * UNITS["h"] // 1
    first -= first % (span if dice.random() < 0.6 else UNITS["d"])
    slots = slots_with_holes(dice, length)
    for slot in slots:
        time = first + slot * span
        pieces = []
        for part in range(parts):
            piece = random_bar(dice, here, step)
            here = piece[3]
            pieces.append((time + part * span // parts, *piece))
        bars.append(joined(time, pieces))
        finer.append(pieces)
    if with_detail:
        for pieces in finer:
            if dice.random() < 0.1:
                pieces.pop(dice.randrange(len(pieces)))
    size = Fraction(tick)
    return {
        "name": name,
        "tick": tick,
        "lot": dice.choice(LOTS),
        "step": step,
        "calm": calm,
        "coarser": coarser_name(timeframe, first, slots),
        "span": span,
        "bars": bars,
        "rows": [texts(bar, size) for bar in bars],
        "detail": [texts(piece, size) for pieces in finer for piece in pieces] if with_detail else [],
    }


def coarser_name(timeframe, first, slots):
    """A longer timeframe whose bars are all whole here, else None."""
    name = {"15m": "1h", "1h": "4h", "4h": "1d"}.get(timeframe)
    whole = name is not None and slots[-1] == len(slots) - 1 and first % duration(name) == 0
    return name if whole else None


def slots_with_holes(dice, length):
    slots, slot = [], 0
    holes = dice.random() < 0.25
    for index in range(length):
        slots.append(slot)
        hole = holes and index > 1 and dice.random() < 0.08
        slot += dice.randint(2, 6) if hole else 1
    return slots


def random_bar(dice, before, step):
    """(open, high, low, close, volume): mostly on the grid, at times a gap, a spike, or a tick beside."""
    opened = before
    if dice.random() < 0.2:
        opened = before + step * dice.randint(-4, 4)
    opened = max(opened, 4 * step)
    reach = dice.choice((1, 2, 3, 3, 5))
    closed = max(opened + step * dice.randint(-reach, reach), 3 * step)
    high = max(opened, closed) + step * dice.randint(0, reach)
    low = min(opened, closed) - step * dice.randint(0, reach)
    if dice.random() < 0.08:
        high += step * dice.randint(5, 20)
    if dice.random() < 0.08:
        low -= step * dice.randint(5, 20)
    beside = dice.random() < 0.3 and step > 1
    if beside:
        high += dice.randint(0, 2)
        low -= dice.randint(0, 2)
        closed = min(max(closed + dice.randint(-2, 2), low), high)
    low = max(low, step)
    return opened, high, low, max(closed, low), dice.randint(0, 40)


def joined(time, pieces):
    return (
        time,
        pieces[0][1],
        max(piece[2] for piece in pieces),
        min(piece[3] for piece in pieces),
        pieces[-1][4],
        sum(piece[5] for piece in pieces),
    )


def texts(bar, tick):
    time, *prices, volume = bar
    return [iso(time), *(plain(price * tick) for price in prices), str(volume)]


def random_funding(dice, markets):
    rows = []
    for name, market in markets.items():
        for bar in market["bars"]:
            if dice.random() < 0.2:
                row = {"timestamp": iso(bar[0] + dice.choice((0, 0, market["span"] // 3)))}
                row["symbol"] = name
                row["rate"] = dice.choice(("0.0001", "-0.0001", "0.00033", "-0.0007"))
                if dice.random() < 0.3:
                    row["mark_price"] = plain(bar[4] * Fraction(market["tick"]))
                rows.append(row)
    rows.sort(key=lambda row: (row["timestamp"], row["symbol"]))
    if any("mark_price" in row for row in rows):
        rows = [{"mark_price": "", **row} for row in rows]
    return rows or None


# Entries


def random_entries(dice, markets):
    rows = []
    for market in markets.values():
        bars = market["bars"]
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(bars))
            rows.append(random_row(dice, market, at))
            if dice.random() < 0.1:
                rows.append(random_row(dice, market, at))
    rows.sort(key=lambda row: row["timestamp"])
    for number, row in enumerate(rows):
        if dice.random() < 0.9:
            row["tag"] = f"e{number}"
    return rows


def random_row(dice, market, at):
    bar, step = market["bars"][at], market["step"]
    tick, lot = Fraction(market["tick"]), Fraction(market["lot"])
    side = dice.choice(("long", "short"))
    direction = 1 if side == "long" else -1
    early = market["span"] // 4 if at > 0 and dice.random() < 0.2 else 0
    row = {"timestamp": iso(bar[0] - early), "symbol": market["name"], "side": side}
    sizing = dice.choice(("quantity", "quantity", "quantity", "notional", "risk", None))
    if sizing == "quantity":
        row["quantity"] = plain(
            lot * dice.choice((1, 2, 3, 4, 7, 10, 13, 20, 100, 999)) + lot * dice.choice((0, 0, 0, Fraction(1, 2)))
        )
    elif sizing == "notional":
        row["notional"] = plain(bar[1] * tick * lot * dice.randint(1, 40))
    elif sizing == "risk":
        row["risk"] = dice.choice(("0.01", "0.005", "0.02"))
    if dice.random() < 0.6:
        away = dice.choice((6, 10, 15, 20, 40) if market["calm"] else (1, 2, 3, 4, 4, 6, 8)) * step
        away *= -1 if dice.random() < 0.05 else 1
        level = max(bar[1] - direction * away, 1) * tick
        if dice.random() < 0.2:
            level += tick / dice.choice((2, 4, 5))
        row["stop_price"] = plain(level)
    if dice.random() < 0.15:
        row["strategy_id"] = "alpha"
    return row


# Profiles


def random_profiles(dice, names):
    profiles = []
    for number in range(dice.randint(1, 2)):
        profile = random_profile(dice, f"CUSTOM_{number}")
        profile["symbol"] = dice.choice(("*", *names, names[0]))
        if dice.random() < 0.2:
            profile["strategy_id"] = "alpha"
        if dice.random() < 0.2:
            profile["regime"] = dice.choice(REGIMES)
        profiles.append(profile)
    return {"profiles": profiles}


def random_profile(dice, name):
    count = dice.randint(1, 4)
    multiples = sorted(dice.sample((0.25, 0.3333, 0.5, 0.75, 1, 1.25, 1.5, 2, 3), count))
    fractions = random_fractions(dice, count)
    profile = {
        "name": name,
        "tp_legs": [
            {"r_multiple": r, "size_fraction": fraction, "kind": dice.choice(("HARD", "SOFT"))}
            for r, fraction in zip(multiples, fractions)
        ],
        "trailing": random_trailing(dice) if dice.random() < 0.6 else None,
    }
    if dice.random() < 0.55:
        profile["stop_moves"] = random_moves(dice, multiples)
    if dice.random() < 0.15:
        profile["time_stop"] = dice.choice(
            ({"bars": dice.randint(1, 10)}, {"duration": dice.choice(("2h", "6h", "90m", "2d"))})
        )
    if profile["trailing"] and dice.random() < 0.2:
        profile["atr_trail"] = {"period": dice.randint(2, 6), "mult": dice.choice((0.5, 1, 2, 3.5))}
    elif profile["trailing"] and dice.random() < 0.2:
        profile["adaptive"] = {"min": dice.choice((0.25, 0.5)), "max": dice.choice((1, 1.5, 2))}
    return profile


def random_fractions(dice, count):
    """Hundredths that sum to one, or to less."""
    total = 100 if dice.random() < 0.5 else dice.randint(5 * count, 99)
    cuts = sorted(dice.sample(range(1, total), count - 1))
    sizes = [after - before for before, after in zip([0, *cuts], [*cuts, total])]
    return [size / 100 for size in sizes]


def random_trailing(dice):
    callback = dice.choice((0.0001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05))
    curve = []
    if dice.random() < 0.5:
        curve = [[dice.choice((1, 1.5, 2)), round(callback * 0.6, 8)]]
        if dice.random() < 0.5:
            curve.append([dice.choice((2.5, 3, 4)), round(callback * 0.2, 8)])
    return {
        "callback_pct": callback,
        "activation_r": dice.choice((0, 0.25, 0.5, 1, 1.5)),
        "tightening_curve": curve,
    }


def random_moves(dice, multiples):
    moves = []
    for leg in range(1, len(multiples) + 1):
        if dice.random() < 0.6:
            to = dice.choice(("breakeven", "breakeven", "previous_target", -0.5, 0, 0.2))
            moves.append({"after_leg": leg, "to": to, "fees": dice.random() < 0.4})
    return moves or [{"after_leg": 1, "to": "breakeven"}]

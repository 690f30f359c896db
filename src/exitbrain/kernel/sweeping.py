"""Many profiles on the same entries: the path of price after an entry is made once and asked by each of them.

Only bars that set a new high can meet a rung, arm or raise a trail; between two of them only the lowest low matters.
So the path after an entry is the list of its record highs with the lowest low up to each of them:

    bar        12     13  14     15  16  17     18
    high       100    99  98     104 101 103    107       records 12, 15, 18
    low         97    96  98     100  99 100    104       lows 97, 96 (13 to 15), 99 (16 to 18)

A profile looks at sixteen records at once for the first that leaves its band, and only there at a bar, by
`following.advance`. Its cost does not grow with how long a position is held, but with how often something happens.
The comparison of a trail with sixteen records is in floats and errs toward looking: a look too many changes nothing.

Written for the compiler: prices are ticks, mirrored for shorts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exitbrain.core.walk import (
    FAR,
    FILLS,
    NEXT,
    PEAK,
    QTY,
    RUNNER,
    STAGE,
    STEP,
    STOP,
    TARGET,
    TRACES,
    TRAIL,
    market_price,
    trail_level,
)  # fmt: skip
from exitbrain.kernel.following import (
    AT,
    BY_END,
    BY_TIME,
    CB_DEN,
    CB_LEVEL,
    CB_NUM,
    INDEX,
    LEFT,
    MEET,
    NEVER,
    WALKED,
    advance,
    arm,
    filled,
    plan,
    walk_bar,
)  # fmt: skip
from exitbrain.kernel.recipes import RUNGS, TIME_STOP
from exitbrain.kernel.simd import lowest_bit, records16, trailing8, unowned
from exitbrain.kernel.touching import first_touch

AHEAD = 64  # records that are added at a time
PADDING = 32
SLACK = 1.001  # a trail is rounded up to a tick, and floats may err in the last place

# sums of a profile
(
    POSITIONS, OPEN, EXITS, WINS, LOSSES, NET, GROSS, FEES, PROFIT, LOSS, R_SUM, R_SQUARES, R_LEAST, R_MOST, BARS,
    RUN, RUN_TOP, RUN_LEAST, FALL,
) = range(19)  # fmt: skip
REASONS = 6
BY_REASON = 19
R_BY_REASON = BY_REASON + REASONS + RUNGS
HITS = R_BY_REASON + REASONS + RUNGS
PLANNED_RUNGS = HITS + RUNGS
SUMS_SIZE = PLANNED_RUNGS + RUNGS

COMPILED = ("next_records", "extend", "end_position", "evaluate_path", "add_up", "evaluate_range")


def path_rooms(profiles: int, room: int) -> tuple[Any, ...]:
    """last, out, at, highs, lows, gaps, known: for paths of up to `room` records."""
    return (
        np.full(profiles, -1, dtype=np.int64),
        np.empty((6, RUNGS + 3), dtype=np.int64),
        np.empty(room, dtype=np.int64),
        np.empty(room),
        np.empty(room),
        np.empty(room, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )


def next_records(h: Any, l: Any, following: Any, between: Any) -> None:
    """For each bar the next one with a higher high (the number of bars where there is none), and the lowest low of the
    bars between."""
    n = len(h)
    for i in range(n - 1, -1, -1):
        low = FAR
        j = i + 1
        high = h[np.uintp(i)]
        while j < n and h[np.uintp(j)] <= high:
            low = min(low, min(l[np.uintp(j)], between[np.uintp(j)]))
            j = following[np.uintp(j)]
        following[np.uintp(i)] = j
        between[np.uintp(i)] = low


def extend(
    h: Any, l: Any, following: Any, between: Any, bars: Any, highs: Any, lows: Any, gaps: Any, count: int
) -> int:
    """Add records to the path. Its last is no bar: its high is beyond all, and it holds the lowest low after the
    last record."""
    n = len(h)
    more = min(count + AHEAD, len(bars) - PADDING)
    while count < more and bars[np.uintp(count - 1)] < n:
        last = bars[np.uintp(count - 1)]
        j, low = following[np.uintp(last)], between[np.uintp(last)]
        c = np.uintp(count)
        bars[c] = j
        gaps[c] = low
        if j == n:
            highs[c] = np.inf
            lows[c] = low
        else:
            highs[c] = h[np.uintp(j)]
            lows[c] = min(low, l[np.uintp(j)])
        count += 1
    for i in range(count, count + PADDING):
        highs[i] = -np.inf
        lows[i] = np.inf
    return count


def end_position(
    o: Any, l: Any, c: Any, state: Any, due: int, side: int, slip_num: int, slip_den: int, close_at_end: int,
    position: int, out: Any, told: Any,
) -> int:  # fmt: skip
    """A time stop at the next open, or the end of the data. Returns the bar in which it closed, as `follow`."""
    n = len(o)
    bar, price, code = n - 1, c[n - 1], BY_END
    if due < n - 1:
        bar, price, code = due + 1, o[due + 1], BY_TIME
    elif not close_at_end:
        return n
    price = market_price(price, l[bar], slip_num, slip_den)
    told[AT] = filled(out, told[AT], position, bar, code, side * price, state[QTY], 0)
    return int(bar)


def evaluate_path(
    o: Any, h: Any, l: Any, c: Any, h1: Any, l1: Any, h2: Any, l2: Any, h3: Any, l3: Any, following: Any, between: Any,
    bars: Any, highs: Any, lows: Any, gaps: Any, known: Any,
    ladder: Any, state: Any, scratch: Any, none: Any, far: Any, rungs: int, stages: int, due: int, side: int, path: int,
    slip_num: int, slip_den: int, close_at_end: int, position: int, out: Any, told: Any,
) -> int:  # fmt: skip
    """Follow a planned position along a path; as `following.follow`, and with the same fills. known: [records made]."""
    n = len(o)
    end = min(n, due + 1)
    arm(ladder, state, stages)
    i = 0
    while True:
        live = state[RUNNER] != 0 and stages > 0
        trailing = live and state[STAGE] >= 0
        stop = state[STOP]
        hi = np.inf
        if state[NEXT] < rungs:
            hi = float(ladder[MEET, state[NEXT]])
        if live and state[STAGE] + 1 < stages:
            hi = min(hi, float(ladder[CB_LEVEL, state[STAGE] + 1]))
        lo = float(max(stop, state[TRAIL])) if trailing else float(stop)
        first = i
        m, slack = 0.0, 0.0
        if trailing:
            m, slack = ladder[CB_NUM, state[STAGE]] / ladder[CB_DEN, state[STAGE]], SLACK
        while True:
            if i >= known[0]:
                if bars[known[0] - 1] >= n or bars[known[0] - 1] >= end:
                    i = known[0] - 1
                    break
                if known[0] + PADDING >= len(bars):
                    return -1
                i = known[0]
                known[0] = extend(h, l, following, between, bars, highs, lows, gaps, known[0])
            if trailing:
                hit = trailing8(highs, lows, i, hi, lo, m, slack)
                width = 8
            else:
                hit = records16(highs, lows, i, hi, lo, m, slack)
                width = 16
            if hit != 0:
                i += lowest_bit(hit)
                break
            i += width
        while i > first and bars[np.uintp(i - 1)] >= end:
            i -= 1
        bar = bars[np.uintp(i)]
        if i > first and trailing:
            # What lies before raised the peak and the trail, and nothing else.
            state[PEAK] = np.int64(highs[np.uintp(i - 1)])
            s = state[STAGE]
            state[TRAIL] = max(state[TRAIL], trail_level(state[PEAK], ladder[CB_NUM, s], ladder[CB_DEN, s]))
        floor = max(stop, state[TRAIL]) if trailing else stop
        if gaps[np.uintp(i)] <= floor:
            begin = state[STEP] if i == first else bars[np.uintp(i - 1)] + 1
            begin = max(begin, state[STEP])
            until = min(bar, end)
            at = first_touch(h, l, h1, l1, h2, l2, h3, l3, begin, until, FAR, floor)
            if at < until:
                bar = at
        if bar >= end:
            break
        state[STEP] = bar
        what = advance(
            o, h, l, ladder, state, rungs, stages, bar, bar + 1, side, slip_num, slip_den, 0, position, out, told
        )
        if what == LEFT:
            return int(bar)
        if what == WALKED:
            walk_bar(
                o, h, l, c, ladder, state, scratch, none, far, rungs, stages, side, path, slip_num, slip_den, position,
                out, told,
            )  # fmt: skip
            if state[QTY] == 0:
                return int(bar)
        state[STEP] = bar + 1
        if bar == bars[np.uintp(i)]:
            i += 1
    return int(end_position(o, l, c, state, due, side, slip_num, slip_den, close_at_end, position, out, told))


def add_up(
    sums: Any, out: Any, count: int, ladder: Any, rungs: int, side: int, entry: int, stop: int, lots: int, held: int,
    is_open: bool, taker: float, maker: float, unit: float,
) -> float:  # fmt: skip
    """Add a position's fills to its profile's sums. Returns its net R, nan while it is open."""
    gross = fees = 0.0
    risk = float(side * (entry - stop)) * float(lots)
    hit = 0
    for f in range(count):
        code, price, part = out[2, f], out[3, f], float(out[4, f])
        moved = float(side * (price - entry)) * part
        gross += moved
        fees += float(price) * part * (maker if out[5, f] else taker)
        place = REASONS + code - TARGET - 1 if code > TARGET else code
        sums[BY_REASON + place] += 1
        sums[R_BY_REASON + place] += moved / risk
        if code > TARGET and not hit & (1 << (code - TARGET)):
            hit |= 1 << (code - TARGET)
            sums[HITS + code - TARGET - 1] += 1
    for k in range(rungs):
        sums[PLANNED_RUNGS + ladder[INDEX, k] - 1] += 1
    fees += float(entry) * float(lots) * taker
    net = gross - fees
    sums[POSITIONS] += 1
    sums[EXITS] += count
    sums[NET] += net * unit
    sums[GROSS] += gross * unit
    sums[FEES] += fees * unit
    if is_open:
        sums[OPEN] += 1
        return np.nan
    r = net / risk
    sums[BARS] += held
    if net > 0:
        sums[WINS] += 1
        sums[PROFIT] += net * unit
    elif net < 0:
        sums[LOSSES] += 1
        sums[LOSS] -= net * unit
    sums[R_SUM] += r
    sums[R_SQUARES] += r * r
    sums[R_LEAST] = min(sums[R_LEAST], r)
    sums[R_MOST] = max(sums[R_MOST], r)
    sums[RUN] += r
    sums[RUN_TOP] = max(sums[RUN_TOP], sums[RUN])
    sums[RUN_LEAST] = min(sums[RUN_LEAST], sums[RUN])
    sums[FALL] = max(sums[FALL], sums[RUN_TOP] - sums[RUN])
    return float(r)


def evaluate_range(
    long: Any, short: Any, bars: Any, sides: Any, prices: Any, stops: Any, sizes: Any, recipes: Any, rule: Any,
    first: int, end: int, single: int, path: int, slip_num: int, slip_den: int, through: int, close_at_end: int,
    min_lots: int, min_worth: int, time_stop: int, taker: float, maker: float, unit: float,
    sums: Any, net_r: Any, exit_bar: Any, last: Any, out: Any, at: Any, highs: Any, lows: Any, gaps: Any, known: Any,
    ladder: Any, state: Any, scratch: Any, none: Any, far: Any, told: Any,
) -> int:  # fmt: skip
    """Entries first..end under every recipe, into `sums` [profiles, SUMS_SIZE]; and into `net_r`, `exit_bar`
    [profiles, entries] where they are not empty. Returns the first entry whose path needs more than there is room for, or
    `end`. What follows comes from `path_rooms` and `following.rooms`."""
    profiles = len(recipes)
    keeps = net_r.size > 0
    long, short, recipes, stops, sizes = unowned(long), unowned(short), unowned(recipes), unowned(stops), unowned(sizes)
    sums, out, last = unowned(sums), unowned(out), unowned(last)
    ladder, state, scratch, told = unowned(ladder), unowned(state), unowned(scratch), unowned(told)
    none, far, known = unowned(none), unowned(far), unowned(known)
    at, highs, lows, gaps = unowned(at), unowned(highs), unowned(lows), unowned(gaps)
    for i in range(first, end):
        bar, side = bars[i], np.int64(sides[i])
        o, h, l, c, h1, l1, h2, l2, h3, l3, following, between = long if side > 0 else short
        num = slip_den - side * slip_num
        known[0] = 0
        for p in range(profiles):
            lots, stop = sizes[rule[p], i], stops[rule[p], i]
            if lots == 0 or (single and bar <= last[p]):
                continue
            if known[0] == 0:
                at[0], highs[0], lows[0], gaps[0] = bar, h[bar], l[bar], FAR
                known[0] = extend(h, l, following, between, at, highs, lows, gaps, 1)
            plan(
                recipes[p], ladder, state, side, side * prices[i], side * stop, lots, o[bar], bar, through, min_lots,
                min_worth,
            )  # fmt: skip
            due = NEVER
            if recipes[p, TIME_STOP] > 0:
                due = bar + recipes[p, TIME_STOP]
            if time_stop > 0:
                due = min(due, bar + time_stop)
            rungs, stages = state[TRACES], state[FILLS]
            state[TRACES] = state[FILLS] = 0
            told[AT] = 0
            closed = evaluate_path(
                o, h, l, c, h1, l1, h2, l2, h3, l3, following, between, at, highs, lows, gaps, known,
                ladder, state, scratch, none, far, rungs, stages, due, side, path, num, slip_den, close_at_end, i, out, told,
            )  # fmt: skip
            if closed < 0:
                return i
            last[p] = closed
            r = add_up(
                sums[p], out, told[AT], ladder, rungs, side, prices[i], stop, lots, closed - bar, closed == len(o),
                taker, maker, unit,
            )  # fmt: skip
            if keeps:
                net_r[p, i] = r
                exit_bar[p, i] = closed if closed < len(o) else -1
    return end

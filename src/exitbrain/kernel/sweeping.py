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
    ARMED,
    BY_BREAKEVEN,
    BY_STOP,
    BY_TRAIL,
    CUR,
    FAR,
    FILLS,
    NEXT,
    PEAK,
    QTY,
    RUNNER,
    STAGE,
    STATE_SIZE,
    STEP,
    STOP,
    STOP_KIND,
    TARGET,
    TRACES,
    TRAIL,
)  # fmt: skip
from exitbrain.kernel.following import (
    AT,
    BY_END,
    BY_TIME,
    CB_DEN,
    CB_LEVEL,
    CB_NUM,
    FILL_ROW,
    INDEX,
    LEFT,
    MEET,
    NEVER,
    WALKED,
    advance,
    arm,
    ceil_div,
    filled,
    market_at,
    moved_to,
    plan,
    quotient,
    trail_at,
    walk_bar,
)  # fmt: skip
from exitbrain.kernel.recipes import (
    CALLBACK_DEN,
    CALLBACK_NUM,
    COUNT,
    MOVE,
    MOVE_DEN,
    MOVE_NUM,
    NO_MOVE,
    R_DEN,
    R_NUM,
    RECIPE_SIZE,
    RUNGS,
    SHARE,
    SHARE_DEN,
    SOFT,
    STAGE_COUNT,
    STAGE_DEN,
    STAGE_NUM,
    TIME_STOP,
    TO_ENTRY,
    TO_R,
    TRAILS,
    WHOLE,
)  # fmt: skip
from exitbrain.kernel.simd import (
    address,
    lowest_bit,
    mask32,
    peek,
    peek_float,
    poke,
    poke_float,
    records16,
    trailing8,
    unowned,
)  # fmt: skip
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

# a row of `splits`: lots of each rung, the runner, the lots that were split, whether all rungs rest in their order
SPLIT_RUNNER, SPLIT_LOTS, SPLIT_PLAIN = RUNGS, RUNGS + 1, RUNGS + 2
SPLIT_SIZE = RUNGS + 3
HANDED, OVERDUE = -2, -3
HANDED_ON = (QTY, STOP, STOP_KIND, PEAK, ARMED, TRAIL, STAGE, RUNNER, NEXT, STEP)

COMPILED = (
    "next_records", "extend", "end_position", "split_lots", "is_plain", "more", "quick", "evaluate_path", "add_up",
    "evaluate_range",
)  # fmt: skip


def path_rooms(profiles: int, room: int) -> tuple[Any, ...]:
    """last, splits, kept, out, at, highs, lows, gaps, known: for paths of up to `room` records."""
    return (
        np.concatenate((np.full(profiles, -1), np.full(PADDING, FAR - 1))),
        np.zeros((profiles, SPLIT_SIZE), dtype=np.int64),
        np.zeros(STATE_SIZE, dtype=np.int64),
        np.empty((RUNGS + 3, FILL_ROW), dtype=np.int64),
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
    n: int, room: int, h: int, l: int, following: int, between: int, bars: int, highs: int, lows: int, gaps: int, count: int
) -> int:  # fmt: skip
    """Add records to the path. Its last is no bar: its high is beyond all, and it holds the lowest low after the
    last record."""
    more = min(count + AHEAD, room - PADDING)
    while count < more and peek(bars, count - 1) < n:
        last = peek(bars, count - 1)
        j, low = peek(following, last), peek(between, last)
        c = count
        poke(bars, c, j)
        poke(gaps, c, low)
        if j == n:
            poke_float(highs, c, float(np.inf))
            poke_float(lows, c, float(low))
        else:
            poke_float(highs, c, float(peek(h, j)))
            poke_float(lows, c, float(min(low, peek(l, j))))
        count += 1
    for i in range(count, count + PADDING):
        poke_float(highs, i, float(-np.inf))
        poke_float(lows, i, float(np.inf))
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
    price = market_at(price, l[bar], slip_num, slip_den)
    told[AT] = filled(address(out), told[AT], position, bar, code, side * price, state[QTY], 0)
    return int(bar)


def split_lots(recipe: int, split: int, lots: int, through: int, min_lots: int, min_worth: int) -> None:
    """Lots of each rung and of the runner, where no rung has to be merged (spec F17)."""
    count, den = peek(recipe, COUNT), peek(recipe, SHARE_DEN)
    plain = min_worth == 0
    sized = 0
    for k in range(count):
        poke(split, k, quotient(peek(recipe, SHARE + k) * lots, den))
        sized += peek(split, k)
        if peek(split, k) < max(min_lots, 1) or (through and peek(recipe, SOFT + k)):
            plain = False
    poke(split, SPLIT_RUNNER, 0)
    if peek(recipe, WHOLE):
        poke(split, count - 1, peek(split, count - 1) + lots - sized)
        if peek(recipe, TRAILS):
            poke(split, SPLIT_RUNNER, -1)
    elif peek(recipe, TRAILS):
        poke(split, SPLIT_RUNNER, lots - sized)
    poke(split, SPLIT_LOTS, lots)
    poke(split, SPLIT_PLAIN, 1 if plain else 0)


def is_plain(
    recipe: int, split: int, lots: int, side: int, entry: int, risk: int, through: int, min_lots: int, min_worth: int
) -> bool:
    """Whether `quick` can follow such a position; its lots are then in `split`."""
    if peek(split, SPLIT_LOTS) != lots:
        split_lots(recipe, split, lots, through, min_lots, min_worth)
    if peek(split, SPLIT_PLAIN) == 0:
        return False
    # A short's levels must be prices above 0.
    return (
        side > 0
        or entry
        + risk * (peek(recipe, R_NUM + peek(recipe, COUNT) - 1) / peek(recipe, R_DEN + peek(recipe, COUNT) - 1))
        < -1
    )


def quick(
    n: int, room: int, o: int, h: int, l: int, h1: int, l1: int, h2: int, l2: int, h3: int, l3: int, blocks: int,
    following: int, between: int, bars: int, highs: int, lows: int, gaps: int, known: int, recipe: int, split: int,
    state: int, entry: int, stop: int, lots: int, due: int, side: int, slip_num: int, slip_den: int, position: int, out: int,
    told: int,
) -> int:  # fmt: skip
    """As planning and `evaluate_path` for a ladder that needs no merging and meets its rungs in their order, with levels
    computed when they are next. split: lots of each rung, then of the runner.

    Returns the closing bar; -1 where the path needs more room; HANDED where a bar must be walked: then `state` holds the
    position, and its STEP the bar, for `evaluate_path` to go on with; OVERDUE where its time is over: then `state` holds
    what is left.
    """
    end = min(n, due + 1)
    risk = entry - stop
    quantity, kind, runner = lots, BY_STOP, peek(split, SPLIT_RUNNER)
    stages = peek(recipe, STAGE_COUNT) if runner != 0 else 0
    count = peek(recipe, COUNT)
    stage, trail = -1, -FAR
    first_bar = peek(bars, 0)
    peak = peek(o, first_bar)
    k = 0
    u = 0
    meet = max(quotient(entry * peek(recipe, R_DEN) + peek(recipe, R_NUM) * risk, peek(recipe, R_DEN)), entry + 1)
    ahead = FAR
    cb_num, cb_den = 0, 1
    if stages > 0:
        ahead = ceil_div(entry * peek(recipe, STAGE_DEN) + peek(recipe, STAGE_NUM) * risk, peek(recipe, STAGE_DEN))
        while ahead <= peak:
            stage += 1
            u = stage
            cb_den = peek(recipe, CALLBACK_DEN + u)
            cb_num = cb_den - side * peek(recipe, CALLBACK_NUM + u)
            ahead = FAR
            if stage + 1 < stages:
                u = stage + 1
                ahead = ceil_div(
                    entry * peek(recipe, STAGE_DEN + u) + peek(recipe, STAGE_NUM + u) * risk,
                    peek(recipe, STAGE_DEN + u),
                )
        if stage >= 0:
            trail = trail_at(peak, cb_num, cb_den)
    at = 0
    i = 0
    step = first_bar
    while True:
        trailing = stage >= 0 and runner != 0
        hi = float(min(meet, ahead) if runner != 0 else meet)
        floor = max(stop, trail) if trailing else stop
        lo = float(floor)
        first = i
        m = cb_num / cb_den
        while True:
            if i >= peek(known, 0):
                if peek(bars, peek(known, 0) - 1) >= n or peek(bars, peek(known, 0) - 1) >= end:
                    i = peek(known, 0) - 1
                    break
                if peek(known, 0) + PADDING >= room:
                    return -1
                i = peek(known, 0)
                poke(known, 0, extend(n, room, h, l, following, between, bars, highs, lows, gaps, peek(known, 0)))
            if trailing:
                hit = trailing8(highs, lows, i, hi, lo, m, SLACK)
                if hit != 0:
                    i += lowest_bit(hit)
                    break
                i += 8
            else:
                hit = records16(highs, lows, i, hi, lo, m, SLACK)
                if hit != 0:
                    i += lowest_bit(hit)
                    break
                i += 16
        while i > first and peek(bars, i - 1) >= end:
            i -= 1
        bar = peek(bars, i)
        if i > first:
            if trailing:
                # What lies before raised the peak and the trail, and nothing else.
                peak = np.int64(peek_float(highs, i - 1))
                trail = max(trail, trail_at(peak, cb_num, cb_den))
                floor = max(stop, trail)
            step = peek(bars, i - 1) + 1
        falling = False
        if peek(gaps, i) <= floor:
            until = min(bar, end)
            down = first_touch(h, l, h1, l1, h2, l2, h3, l3, blocks, step, until, FAR, floor)
            if down < until:
                bar = down
                falling = True
        step = bar
        if bar >= end:
            poke(told, AT, at)
            poke(state, QTY, quantity)
            return OVERDUE
        opened, high, low = peek(o, bar), peek(h, bar), peek(l, bar)
        if low > floor:
            # Rising, unless what the high brings reaches down to the low.
            above, below = stage, floor
            next_ahead, num, den = ahead, cb_num, cb_den
            raised = trail
            if runner != 0:
                while next_ahead <= high:
                    above += 1
                    u = above
                    den = peek(recipe, CALLBACK_DEN + u)
                    num = den - side * peek(recipe, CALLBACK_NUM + u)
                    next_ahead = FAR
                    if above + 1 < stages:
                        u = above + 1
                        next_ahead = ceil_div(
                            entry * peek(recipe, STAGE_DEN + u) + peek(recipe, STAGE_NUM + u) * risk,
                            peek(recipe, STAGE_DEN + u),
                        )
                if above >= 0 and high > peak:
                    raised = max(trail, trail_at(high, num, den))
                elif above >= 0:
                    raised = max(trail, trail_at(peak, num, den))
                below = max(below, raised)
            clear = low > below
            begun, had, was, moved, changed = k, quantity, at, stop, kind
            while clear and meet <= high:
                u = k
                part = min(peek(split, u), quantity)
                # Where the open has passed several rungs they fill at it in their order, which is that of their levels.
                price = opened if opened > meet else meet
                soft = peek(recipe, SOFT + u)
                if not soft:
                    price = market_at(price, low, slip_num, slip_den)
                at = filled(out, at, position, bar, TARGET + k + 1, side * price, part, soft)
                quantity -= part
                if peek(recipe, MOVE + u) != NO_MOVE:
                    level = entry
                    if peek(recipe, MOVE + u) == TO_R:
                        level = moved_to(entry, risk, peek(recipe, MOVE_NUM + u), peek(recipe, MOVE_DEN + u))
                    if level >= low:
                        clear = False
                    if level > stop:
                        stop = level
                        kind = BY_BREAKEVEN if peek(recipe, MOVE + u) == TO_ENTRY else BY_STOP
                k += 1
                meet = FAR
                if quantity == 0:
                    break
                if k < count:
                    u = k
                    meet = max(
                        quotient(
                            entry * peek(recipe, R_DEN + u) + peek(recipe, R_NUM + u) * risk, peek(recipe, R_DEN + u)
                        ),
                        entry + 1,
                    )
            if clear:
                if quantity == 0:
                    poke(told, AT, at)
                    return int(bar)
                stage, trail, ahead, cb_num, cb_den = above, raised, next_ahead, num, den
                peak = max(peak, high)
                step = bar + 1
                i += 1
                continue
            k, quantity, at, stop, kind = begun, had, was, moved, changed
        elif falling or high < hi and not (trailing and high > peak):
            by_trail = trailing and trail > stop and opened > stop
            if not by_trail or not 0 < runner < quantity:
                price = market_at(min(trail if by_trail else stop, opened), low, slip_num, slip_den)
                poke(
                    told, AT, filled(out, at, position, bar, BY_TRAIL if by_trail else kind, side * price, quantity, 0)
                )
                return int(bar)
            # The runner leaves at the trail, and what is left at the stop where the same fall reaches it.
            price = market_at(min(trail, opened), low, slip_num, slip_den)
            at = filled(out, at, position, bar, BY_TRAIL, side * price, runner, 0)
            quantity -= runner
            runner = 0
            if low <= stop:
                price = market_at(stop, low, slip_num, slip_den)
                poke(told, AT, filled(out, at, position, bar, kind, side * price, quantity, 0))
                return int(bar)
            step = bar + 1
            if bar == peek(bars, i):
                i += 1
            continue
        break
    poke(told, AT, at)
    poke(state, QTY, quantity)
    poke(state, STOP, stop)
    poke(state, STOP_KIND, kind)
    poke(state, PEAK, peak)
    poke(state, ARMED, 1 if stage >= 0 else 0)
    poke(state, TRAIL, trail)
    poke(state, STAGE, stage)
    poke(state, RUNNER, runner)
    poke(state, NEXT, k)
    poke(state, STEP, step)
    poke(state, CUR, i)
    return HANDED


def evaluate_path(
    o: Any, h: Any, l: Any, c: Any, h1: Any, l1: Any, h2: Any, l2: Any, h3: Any, l3: Any, following: Any, between: Any,
    bars: Any, highs: Any, lows: Any, gaps: Any, known: Any,
    ladder: Any, state: Any, scratch: Any, none: Any, far: Any, rungs: int, stages: int, due: int, side: int, path: int,
    slip_num: int, slip_den: int, close_at_end: int, position: int, i: int, out: Any, told: Any,
) -> int:  # fmt: skip
    """Follow a planned position along a path from its record `i` on; as `following.follow`, and with the same fills.

    known: [how many records there are]. Returns -1 where the path needs more room.
    """
    n = len(o)
    end = min(n, due + 1)
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
                known[0] = extend(
                    n,
                    len(bars),
                    address(h),
                    address(l),
                    address(following),
                    address(between),
                    address(bars),
                    address(highs),
                    address(lows),
                    address(gaps),
                    known[0],
                )
            if trailing:
                hit = trailing8(address(highs), address(lows), i, hi, lo, m, slack)
                width = 8
            else:
                hit = records16(address(highs), address(lows), i, hi, lo, m, slack)
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
            state[TRAIL] = max(state[TRAIL], trail_at(state[PEAK], ladder[CB_NUM, s], ladder[CB_DEN, s]))
        floor = max(stop, state[TRAIL]) if trailing else stop
        if gaps[np.uintp(i)] <= floor:
            begin = state[STEP] if i == first else bars[np.uintp(i - 1)] + 1
            begin = max(begin, state[STEP])
            until = min(bar, end)
            at = first_touch(
                address(h),
                address(l),
                address(h1),
                address(l1),
                address(h2),
                address(l2),
                address(h3),
                address(l3),
                len(h3),
                begin,
                until,
                FAR,
                floor,
            )
            if at < until:
                bar = at
        if bar >= end:
            break
        state[STEP] = bar
        what = advance(
            address(o),
            address(h),
            address(l),
            address(ladder),
            address(state),
            rungs,
            stages,
            bar,
            bar + 1,
            side,
            slip_num,
            slip_den,
            0,
            position,
            address(out),
            address(told),
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


def more(sums: int, place: int, value: float) -> None:
    poke_float(sums, place, peek_float(sums, place) + value)


def add_up(
    sums: int, out: int, count: int, planned: int, side: int, entry: int, stop: int, lots: int, held: int,
    is_open: bool, taker: float, maker: float, unit: float,
) -> float:  # fmt: skip
    """Add a position's fills to its profile's sums. Returns its net R, nan while it is open."""
    gross = fees = 0.0
    risk = float(side * (entry - stop)) * float(lots)
    hit = 0
    for f in range(count):
        code, price, part = peek(out, f * FILL_ROW + 2), peek(out, f * FILL_ROW + 3), float(peek(out, f * FILL_ROW + 4))
        moved = float(side * (price - entry)) * part
        gross += moved
        fees += float(price) * part * (maker if peek(out, f * FILL_ROW + 5) else taker)
        place = REASONS + code - TARGET - 1 if code > TARGET else code
        more(sums, BY_REASON + place, float(1))
        more(sums, R_BY_REASON + place, float(moved / risk))
        if code > TARGET and not hit & (1 << (code - TARGET)):
            hit |= 1 << (code - TARGET)
            more(sums, HITS + code - TARGET - 1, float(1))
    k = 0
    while planned >> k:
        more(sums, PLANNED_RUNGS + k, float((planned >> k) & 1))
        k += 1
    fees += float(entry) * float(lots) * taker
    net = gross - fees
    more(sums, POSITIONS, float(1))
    more(sums, EXITS, float(count))
    more(sums, NET, float(net * unit))
    more(sums, GROSS, float(gross * unit))
    more(sums, FEES, float(fees * unit))
    if is_open:
        more(sums, OPEN, float(1))
        return np.nan
    r = net / risk
    more(sums, BARS, float(held))
    if net > 0:
        more(sums, WINS, float(1))
        more(sums, PROFIT, float(net * unit))
    elif net < 0:
        more(sums, LOSSES, float(1))
        more(sums, LOSS, -float(net * unit))
    more(sums, R_SUM, float(r))
    more(sums, R_SQUARES, float(r * r))
    poke_float(sums, R_LEAST, min(peek_float(sums, R_LEAST), r))
    poke_float(sums, R_MOST, max(peek_float(sums, R_MOST), r))
    more(sums, RUN, float(r))
    poke_float(sums, RUN_TOP, max(peek_float(sums, RUN_TOP), peek_float(sums, RUN)))
    poke_float(sums, RUN_LEAST, min(peek_float(sums, RUN_LEAST), peek_float(sums, RUN)))
    poke_float(sums, FALL, max(peek_float(sums, FALL), peek_float(sums, RUN_TOP) - peek_float(sums, RUN)))
    return float(r)


def evaluate_range(
    long: Any, short: Any, bars: Any, sides: Any, prices: Any, stops: Any, sizes: Any, recipes: Any, rule: Any,
    first: int, end: int, single: int, path: int, slip_num: int, slip_den: int, through: int, close_at_end: int,
    min_lots: int, min_worth: int, time_stop: int, taker: float, maker: float, unit: float,
    sums: Any, net_r: Any, exit_bar: Any, last: Any, splits: Any, kept: Any, out: Any, at: Any, highs: Any, lows: Any, gaps: Any, known: Any,
    ladder: Any, state: Any, scratch: Any, none: Any, far: Any, told: Any,
) -> int:  # fmt: skip
    """Entries first..end under every recipe, into `sums` [profiles, SUMS_SIZE]; and into `net_r`, `exit_bar`
    [profiles, entries] where they are not empty. Returns the first entry whose path needs more than there is room for, or
    `end`. What follows comes from `path_rooms` and `following.rooms`."""
    profiles = len(recipes)
    keeps = net_r.size > 0
    long, short, recipes, stops, sizes = unowned(long), unowned(short), unowned(recipes), unowned(stops), unowned(sizes)
    bars, sides, prices, rule = unowned(bars), unowned(sides), unowned(prices), unowned(rule)
    sums, out, last, splits, kept = unowned(sums), unowned(out), unowned(last), unowned(splits), unowned(kept)
    ladder, state, scratch, told = unowned(ladder), unowned(state), unowned(scratch), unowned(told)
    none, far, known = unowned(none), unowned(far), unowned(known)
    at, highs, lows, gaps = unowned(at), unowned(highs), unowned(lows), unowned(gaps)
    at_, highs_, lows_, gaps_, known_ = address(at), address(highs), address(lows), address(gaps), address(known)
    recipes_, splits_, state_, out_, told_ = (
        address(recipes),
        address(splits),
        address(state),
        address(out),
        address(told),
    )
    sums_, last_ = address(sums), address(last)
    net_r, exit_bar = unowned(net_r), unowned(exit_bar)
    for i in range(first, end):
        bar, side = bars[i], np.int64(sides[i])
        o, h, l, c, h1, l1, h2, l2, h3, l3, following, between = long if side > 0 else short
        n = len(o)
        o_, h_, l_, following_, between_ = address(o), address(h), address(l), address(following), address(between)
        h1_, l1_, h2_, l2_, h3_, l3_ = address(h1), address(l1), address(h2), address(l2), address(h3), address(l3)
        num = slip_den - side * slip_num
        known[0] = 0
        group = -32
        bits = np.uint64(0)
        while True:
            # Those whose position of before is closed are found 32 at a time: with `single` they are few.
            while bits == 0 and group + 32 < profiles:
                group += 32
                bits = mask32(last_, last_, group, FAR, bar - 1 if single else FAR - 2)
            if bits == 0:
                break
            p = group + lowest_bit(bits)
            bits &= bits - np.uint64(1)
            lots, stop = sizes[rule[p], i], stops[rule[p], i]
            if lots == 0:
                continue
            if known[0] == 0:
                at[0], highs[0], lows[0], gaps[0] = bar, h[bar], l[bar], FAR
                known[0] = extend(n, len(at), h_, l_, following_, between_, at_, highs_, lows_, gaps_, 1)
            due = NEVER
            if recipes[p, TIME_STOP] > 0:
                due = bar + recipes[p, TIME_STOP]
            if time_stop > 0:
                due = min(due, bar + time_stop)
            told[AT] = 0
            entry = side * prices[i]
            closed = HANDED
            begin = 0
            planned = (1 << recipes[p, COUNT]) - 1
            plain = is_plain(
                recipes_ + p * 8 * RECIPE_SIZE, splits_ + p * 8 * SPLIT_SIZE, lots, side, entry, entry - side * stop, through, min_lots, min_worth
            )  # fmt: skip
            if plain:
                closed = quick(
                    n, len(at), o_, h_, l_, h1_, l1_, h2_, l2_, h3_, l3_, len(h3), following_, between_, at_, highs_, lows_,
                    gaps_, known_, recipes_ + p * 8 * RECIPE_SIZE, splits_ + p * 8 * SPLIT_SIZE, state_, entry, side * stop,
                    lots, due, side, num, slip_den, i, out_, told_,
                )  # fmt: skip
            if closed == OVERDUE:
                closed = end_position(o, l, c, state, due, side, num, slip_den, close_at_end, i, out, told)
            elif closed == HANDED:
                for place in range(STATE_SIZE):
                    kept[place] = state[place]
                plan(
                    recipes[p], ladder, state, side, entry, side * stop, lots, o[bar], bar, through, min_lots, min_worth
                )
                rungs, stages = state[TRACES], state[FILLS]
                state[TRACES] = state[FILLS] = 0
                if plain:
                    begin = kept[CUR]
                    for place in HANDED_ON:
                        state[place] = kept[place]
                else:
                    arm(ladder, state, stages)
                    planned = 0
                    for k in range(rungs):
                        planned |= 1 << (ladder[INDEX, k] - 1)
                closed = evaluate_path(
                    o, h, l, c, h1, l1, h2, l2, h3, l3, following, between, at, highs, lows, gaps, known,
                    ladder, state, scratch, none, far, rungs, stages, due, side, path, num, slip_den, close_at_end, i,
                    begin, out, told,
                )  # fmt: skip
            if closed < 0:
                return i
            last[p] = closed
            r = add_up(
                sums_ + p * 8 * SUMS_SIZE, out_, told[AT], planned, side, prices[i], stop, lots, closed - bar, closed == len(o),
                taker, maker, unit,
            )  # fmt: skip
            if keeps:
                net_r[p, i] = r
                exit_bar[p, i] = closed if closed < len(o) else -1
    return end

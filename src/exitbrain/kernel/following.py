"""From an opening to its last fill: only bars that leave the position's band are looked at.

What a bar does is said by `core.walk` alone. Between two bars that matter stands its law: a bar strictly inside the band
(`core.walk.band`) changes nothing. Two more laws follow from its rules and hold whatever path price takes inside
the bar; `tests/kernel/test_laws.py` states them against `core.walk`:

    rising   a bar whose low stays above the stop, above where rungs would move it, and above the trail that its high
             would set, fills the rungs that its high meets, raises the peak to its high, and does nothing else
    falling  a bar whose high meets no rung, no stage of the trail and no new peak fills the higher of stop and trail;
             where that is the runner's trail, then the stop for what is left, if its low is there

Every other bar, in which it matters where price goes first, is walked by `core.walk`. So the short cuts here decide no
case that could be decided in two ways.

Written for the compiler: prices are ticks, mirrored for shorts, quantities lots, all int64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exitbrain.core.walk import (
    ARMED,
    BY_BREAKEVEN,
    BY_STOP,
    BY_TRAIL,
    CAP,
    FAR,
    FILL_SIZE,
    FILLS,
    MODE,
    MOVE_BREAKEVEN,
    MOVE_PLAIN,
    NEXT,
    NO_CAP,
    NO_TRAIL,
    PEAK,
    PERCENT,
    PHASE,
    QTY,
    RUNNER,
    STAGE,
    STATE_SIZE,
    STAY,
    STEP,
    STOP,
    STOP_KIND,
    TARGET,
    TRACES,
    TRAIL,
    WORST,
    walk,
)  # fmt: skip
from exitbrain.kernel.recipes import (
    CALLBACK_DEN,
    CALLBACK_NUM,
    COUNT,
    MOVE,
    MOVE_DEN,
    MOVE_NUM,
    R_DEN,
    R_NUM,
    RUNGS,
    SHARE,
    SHARE_DEN,
    SOFT,
    STAGE_COUNT,
    STAGE_DEN,
    STAGE_NUM,
    STAGES,
    TIME_STOP,
    TO_ENTRY,
    TO_R,
    TRAILS,
    WHOLE,
)  # fmt: skip
from exitbrain.kernel.simd import address, lowest_bit, mask32, peek, poke, unowned
from exitbrain.kernel.touching import NEAR, extremes, first_touch

# why a position left, beside the kinds of `core.walk`
BY_TIME, BY_END = 4, 5

# rows of a ladder: what rests, sorted by the price at which it is met
MEET, LEVEL, LOTS, IS_SOFT, INDEX, MOVES, MOVES_TO, CB_LEVEL, CB_NUM, CB_DEN, SHARES = range(11)
LADDER_ROWS = 11
NEVER = 1 << 40

# what `plan` says of a ladder
PLANNED, NOTED = 0, 1
# why `advance` returned: the position left, its time is over, a bar has to be walked, no bar near leaves the band
LEFT, OVER, WALKED, FARTHER = range(4)
# places in `told`: the next free column of fills, how many bars were searched, the band that no bar near leaves
AT, SEARCHED, BAND_LOW, BAND_HIGH = range(4)
TOLD_SIZE = 4
FILL_ROW = 6

INLINED = ("filled",)
COMPILED = (
    "quotient",
    "ceil_div",
    "market_at",
    "trail_at",
    "moved_to",
    "meets",
    "plan",
    "filled",
    "advance",
    "arm",
    "walk_bar",
    "follow",
    "follow_all",
)


def rooms() -> tuple[Any, ...]:
    """What following one position after another needs: ladder, state, scratch, none, far, told."""
    return (
        np.empty((LADDER_ROWS, STAGES), dtype=np.int64),
        np.empty(STATE_SIZE, dtype=np.int64),
        np.empty((RUNGS + 3) * FILL_SIZE, dtype=np.int64),
        np.empty(0, dtype=np.int64),
        np.full(1, -1, dtype=np.int64),
        np.zeros(TOLD_SIZE, dtype=np.int64),
    )


def quotient(a: int, b: int) -> int:
    """a // b for b > 0 and a quotient below 2^50: divided in floats, which is many times faster, and then put right."""
    q = np.int64(np.floor(a / b))
    rest = a - q * b
    if rest < 0:
        q -= 1
    elif rest >= b:
        q += 1
    return q


def ceil_div(a: int, b: int) -> int:
    return -quotient(-a, b)


def market_at(price: int, low: int, slip_num: int, slip_den: int) -> int:
    """`core.walk.market_price`."""
    return max(quotient(price * slip_num, slip_den), low)


def trail_at(peak: int, numerator: int, denominator: int) -> int:
    """`core.walk.trail_level`."""
    return -quotient(-peak * numerator, denominator)


def moved_to(entry: int, risk: int, numerator: int, denominator: int) -> int:
    """Where a stop moves: rounded toward the market, or as a target's level where the denominator is below 0."""
    if denominator < 0:
        return max(quotient(-entry * denominator + numerator * risk, -denominator), entry + 1)
    return ceil_div(entry * denominator + numerator * risk, denominator)


def meets(level: int, lots: int, min_lots: int, min_worth: int) -> bool:
    """Whether the venue takes such a rung: `level` is a true price, not a mirrored one."""
    return lots >= 1 and level > 0 and lots >= min_lots and (min_worth == 0 or level * lots >= min_worth)


def plan(
    recipe: Any, ladder: Any, state: Any, side: int, entry: int, stop: int, lots: int, peak: int, first: int,
    through: int, min_lots: int, min_worth: int,
) -> int:  # fmt: skip
    """Lay the recipe's ladder for `lots` at `entry` into `ladder` and `state` (spec P6, P13, F17, F18, F21).

    `entry`, `stop` and `peak` are mirrored. Returns PLANNED, or NOTED where a plan note would say that a rung was
    merged, has no lot, or lost its stop move; the rungs' number is state[TRACES] until the walk begins.
    """
    count = recipe[COUNT]
    risk = entry - stop
    noted = PLANNED
    den = recipe[SHARE_DEN]
    small = False
    for k in range(count):
        ladder[SHARES, k] = recipe[SHARE + k]
        level = max(quotient(entry * recipe[R_DEN + k] + recipe[R_NUM + k] * risk, recipe[R_DEN + k]), entry + 1)
        ladder[LEVEL, k] = level
        quantity = quotient(ladder[SHARES, k] * lots, den)
        ladder[LOTS, k] = quantity
        if not meets(side * level, quantity, min_lots, min_worth):
            small = True
    if small:
        noted = NOTED
        for k in range(count - 1, 0, -1):
            if ladder[SHARES, k] and not meets(
                side * ladder[LEVEL, k], quotient(ladder[SHARES, k] * lots, den), min_lots, min_worth
            ):
                ladder[SHARES, k - 1] += ladder[SHARES, k]
                ladder[SHARES, k] = 0
        following = 0
        for k in range(count - 1, 0, -1):
            if ladder[SHARES, k]:
                following = k
        if following and not meets(
            side * ladder[LEVEL, 0], quotient(ladder[SHARES, 0] * lots, den), min_lots, min_worth
        ):
            ladder[SHARES, following] += ladder[SHARES, 0]
            ladder[SHARES, 0] = 0
        for k in range(count):
            ladder[LOTS, k] = quotient(ladder[SHARES, k] * lots, den)
    sized = 0
    last = 0
    for k in range(count):
        sized += ladder[LOTS, k]
        if ladder[SHARES, k]:
            last = k
    runner = 0
    if recipe[WHOLE]:
        ladder[LOTS, last] += lots - sized
        if recipe[TRAILS]:
            runner = -1
    elif recipe[TRAILS]:
        runner = lots - sized
    resting = 0
    for k in range(count):
        move = recipe[MOVE + k]
        if ladder[LOTS, k] == 0:
            noted = NOTED
            continue
        level, quantity, soft = ladder[LEVEL, k], ladder[LOTS, k], recipe[SOFT + k]
        meet = level + 1 if soft and through else level
        kind, target = STAY, 0
        if move == TO_ENTRY:
            kind, target = MOVE_BREAKEVEN, entry
        elif move == TO_R:
            kind = MOVE_PLAIN
            target = moved_to(entry, risk, recipe[MOVE_NUM + k], recipe[MOVE_DEN + k])
        at = resting
        while at > 0 and ladder[MEET, at - 1] > meet:
            for row in range(MEET, CB_LEVEL):
                ladder[row, at] = ladder[row, at - 1]
            at -= 1
        ladder[MEET, at], ladder[LEVEL, at], ladder[LOTS, at] = meet, level, quantity
        ladder[IS_SOFT, at], ladder[INDEX, at], ladder[MOVES, at], ladder[MOVES_TO, at] = soft, k + 1, kind, target
        resting += 1
    stages = 0
    if runner:
        stages = recipe[STAGE_COUNT]
        for s in range(stages):
            r_den, callback_den = recipe[STAGE_DEN + s], recipe[CALLBACK_DEN + s]
            ladder[CB_LEVEL, s] = ceil_div(entry * r_den + recipe[STAGE_NUM + s] * risk, r_den)
            ladder[CB_NUM, s] = callback_den - side * recipe[CALLBACK_NUM + s]
            ladder[CB_DEN, s] = callback_den
        if side < 0 and -ladder[CB_LEVEL, 0] <= 0:
            noted = NOTED
    for place in range(STATE_SIZE):
        state[place] = 0
    state[QTY], state[STOP], state[STOP_KIND] = lots, stop, BY_STOP
    state[PEAK] = state[WORST] = peak
    state[TRAIL], state[STAGE], state[RUNNER] = -FAR, -1, runner
    state[MODE] = PERCENT if runner else NO_TRAIL
    state[STEP], state[CAP] = first, NO_CAP
    state[TRACES] = resting
    state[FILLS] = stages
    return noted


def filled(out: int, at: int, position: int, bar: int, code: int, price: int, lots: int, maker: int) -> int:
    """Write a row of fills at an address."""
    row = at * FILL_ROW
    poke(out, row, position)
    poke(out, row + 1, bar)
    poke(out, row + 2, code)
    poke(out, row + 3, price)
    poke(out, row + 4, lots)
    poke(out, row + 5, maker)
    return at + 1


def advance(
    o: int, h: int, l: int, ladder: int, state: int, rungs: int, stages: int, searched: int, end: int, side: int,
    slip_num: int, slip_den: int, exact: int, position: int, out: int, told: int,
) -> int:  # fmt: skip
    """Go on from where `state` stands by the laws above, until one of LEFT, OVER, WALKED or FARTHER.

    told (AT) is the next free column of `out`. With `exact`, bars in which the position leaves are walked. The bars up to
    `searched` are known to be inside the band. Columns, ladder, state, fills and `told` are addresses.
    """
    quantity, stop, kind = peek(state, QTY), peek(state, STOP), peek(state, STOP_KIND)
    peak, runner, trail, stage, k = (
        peek(state, PEAK),
        peek(state, RUNNER),
        peek(state, TRAIL),
        peek(state, STAGE),
        peek(state, NEXT),
    )
    j, at, begun = searched, peek(told, AT), peek(state, STEP)
    result = OVER
    while True:
        lo, hi = stop, FAR
        if k < rungs:
            hi = peek(ladder, MEET * STAGES + k)
        if runner != 0:
            if stage >= 0:
                lo = max(lo, trail)
                hi = min(hi, peak + 1)
            elif stages > 0:
                hi = min(hi, peek(ladder, CB_LEVEL * STAGES + 0))
        near = min(end, j + NEAR)
        hit = np.uint64(0)
        while j + 32 <= near:
            hit = mask32(h, l, j, hi, lo)
            if hit != 0:
                j += lowest_bit(hit)
                break
            j += 32
        if hit == 0:
            while j < near and peek(h, j) < hi and peek(l, j) > lo:
                j += 1
            if j == near:
                if j < end:
                    poke(told, BAND_LOW, lo)
                    poke(told, BAND_HIGH, hi)
                    result = FARTHER
                break
        high, low = peek(h, j), peek(l, j)
        if low > lo:
            # Rising, unless what the high brings reaches down to the low.
            ahead, raised, floor = stage, trail, lo
            if runner != 0:
                while ahead + 1 < stages and high >= peek(ladder, CB_LEVEL * STAGES + ahead + 1):
                    ahead += 1
                if ahead >= 0:
                    s = ahead
                    raised = max(
                        trail, trail_at(high, peek(ladder, CB_NUM * STAGES + s), peek(ladder, CB_DEN * STAGES + s))
                    )
                    floor = max(floor, raised)
            met, left = k, quantity
            while met < rungs and peek(ladder, MEET * STAGES + met) <= high:
                if peek(ladder, MOVES * STAGES + met) != STAY:
                    floor = max(floor, peek(ladder, MOVES_TO * STAGES + met))
                left -= peek(ladder, LOTS * STAGES + met)
                met += 1
            opened = peek(o, j)
            # Where the open has passed several rungs, they fill in the order of their numbers.
            in_order = met - k < 2 or peek(ladder, MEET * STAGES + k) > opened
            if low > floor and in_order and (left > 0 or exact == 0):
                while k < met and quantity > 0:
                    u = k
                    part = min(peek(ladder, LOTS * STAGES + u), quantity)
                    meet, soft = peek(ladder, MEET * STAGES + u), peek(ladder, IS_SOFT * STAGES + u)
                    price = peek(ladder, LEVEL * STAGES + u) if soft else meet
                    if opened > meet or (opened == meet and not soft):
                        price = opened
                    if not soft:
                        price = market_at(price, low, slip_num, slip_den)
                    at = filled(
                        out, at, position, j, TARGET + peek(ladder, INDEX * STAGES + u), side * price, part, soft
                    )
                    quantity -= part
                    if peek(ladder, MOVES * STAGES + u) != STAY and peek(ladder, MOVES_TO * STAGES + u) > stop:
                        stop = peek(ladder, MOVES_TO * STAGES + u)
                        kind = BY_BREAKEVEN if peek(ladder, MOVES * STAGES + u) == MOVE_BREAKEVEN else BY_STOP
                    k += 1
                if quantity == 0:
                    result = LEFT
                    break
                stage, trail = ahead, raised
                peak = max(peak, high)
                j += 1
                continue
        elif high < hi and exact == 0:
            # Falling.
            opened = peek(o, j)
            by_trail = runner != 0 and stage >= 0 and trail > stop and opened > stop
            if not by_trail or not 0 < runner < quantity:
                price = min(trail if by_trail else stop, opened)
                price = market_at(price, low, slip_num, slip_den)
                at = filled(out, at, position, j, BY_TRAIL if by_trail else kind, side * price, quantity, 0)
                quantity = 0
                result = LEFT
                break
            # The runner leaves at the trail, and what is left at the stop where the same fall reaches it.
            price = market_at(min(trail, opened), low, slip_num, slip_den)
            at = filled(out, at, position, j, BY_TRAIL, side * price, runner, 0)
            quantity -= runner
            runner = 0
            if low <= stop:
                price = market_at(stop, low, slip_num, slip_den)
                at = filled(out, at, position, j, kind, side * price, quantity, 0)
                quantity = 0
                result = LEFT
                break
            j += 1
            continue
        result = WALKED
        break
    poke(state, QTY, quantity)
    poke(state, STOP, stop)
    poke(state, STOP_KIND, kind)
    poke(state, PEAK, peak)
    poke(state, ARMED, 1 if stage >= 0 else 0)
    poke(state, TRAIL, trail)
    poke(state, STAGE, stage)
    poke(state, RUNNER, runner)
    poke(state, NEXT, k)
    poke(state, STEP, j)
    poke(told, AT, at)
    poke(told, SEARCHED, peek(told, SEARCHED) + j - begun)
    return result


def arm(ladder: Any, state: Any, stages: int) -> None:
    """The peak at the opening may already be past the activation."""
    while state[STAGE] + 1 < stages and state[PEAK] >= ladder[CB_LEVEL, state[STAGE] + 1]:
        state[STAGE] += 1
    stage = state[STAGE]
    if stage >= 0:
        state[ARMED] = 1
        state[TRAIL] = max(state[TRAIL], trail_at(state[PEAK], ladder[CB_NUM, stage], ladder[CB_DEN, stage]))


def walk_bar(
    o: Any, h: Any, l: Any, c: Any, ladder: Any, state: Any, scratch: Any, none: Any, far: Any, rungs: int, stages: int,
    side: int, path: int, slip_num: int, slip_den: int, position: int, out: Any, told: Any,
) -> None:  # fmt: skip
    """One bar in which it matters where price goes first."""
    j = state[STEP]
    state[PHASE] = state[FILLS] = 0
    walk(
        o, h, l, c, far, j + 1, 0, side, path, slip_num, slip_den, state, scratch, none,
        ladder[MEET, :rungs], ladder[LEVEL, :rungs], ladder[LOTS, :rungs], ladder[IS_SOFT, :rungs], ladder[INDEX, :rungs],
        ladder[MOVES, :rungs], ladder[MOVES_TO, :rungs], ladder[CB_LEVEL, :stages], ladder[CB_NUM, :stages],
        ladder[CB_DEN, :stages],
    )  # fmt: skip
    at = told[AT]
    for i in range(0, state[FILLS] * FILL_SIZE, FILL_SIZE):
        price, lots, maker = scratch[i + 2], scratch[i + 3], scratch[i + 4]
        at = filled(address(out), at, position, j, scratch[i + 1], side * price, lots, maker)
    told[AT] = at
    state[STEP] = j + 1


def follow(
    o: Any, h: Any, l: Any, c: Any, h1: Any, l1: Any, h2: Any, l2: Any, h3: Any, l3: Any,
    ladder: Any, state: Any, scratch: Any, none: Any, far: Any,
    rungs: int, stages: int, due: int, side: int, path: int, slip_num: int, slip_den: int, close_at_end: int, exact: int,
    position: int, out: Any, told: Any,
) -> int:  # fmt: skip
    """Follow a planned position to its end. Returns the bar in which it closed, or the number of bars while it is open.

    due: the bar at whose close a time stop is decided. exact: state[PEAK] and state[WORST] are exact at the end.
    """
    n = len(o)
    o_, h_, l_ = address(o), address(h), address(l)
    end = min(n, due + 1)
    searched = seen = state[STEP]
    arm(ladder, state, stages)
    while True:
        what = advance(
            o_,
            h_,
            l_,
            address(ladder),
            address(state),
            rungs,
            stages,
            searched,
            end,
            side,
            slip_num,
            slip_den,
            exact,
            position,
            address(out),
            address(told),
        )
        if what == FARTHER:
            searched = first_touch(
                h_,
                l_,
                address(h1),
                address(l1),
                address(h2),
                address(l2),
                address(h3),
                address(l3),
                len(h3),
                state[STEP],
                end,
                told[BAND_HIGH],
                told[BAND_LOW],
            )
            told[SEARCHED] += searched - state[STEP]
            state[STEP] = searched
            continue
        if what == LEFT:
            return int(state[STEP])
        if what == OVER:
            break
        if exact:
            state[PEAK], state[WORST] = extremes(h, l, seen, state[STEP], state[PEAK], state[WORST])
            seen = state[STEP] + 1
        walk_bar(
            o,
            h,
            l,
            c,
            ladder,
            state,
            scratch,
            none,
            far,
            rungs,
            stages,
            side,
            path,
            slip_num,
            slip_den,
            position,
            out,
            told,
        )
        searched = state[STEP]
        if state[QTY] == 0:
            return int(searched - 1)
    if exact:
        state[PEAK], state[WORST] = extremes(h, l, seen, end, state[PEAK], state[WORST])
    bar, price, code = n - 1, c[n - 1], BY_END
    if due < n - 1:
        bar, price, code = due + 1, o[due + 1], BY_TIME
        state[PEAK], state[WORST] = max(state[PEAK], price), min(state[WORST], price)
    elif not close_at_end:
        return n
    price = market_at(price, l[bar], slip_num, slip_den)
    told[AT] = filled(address(out), told[AT], position, bar, code, side * price, state[QTY], 0)
    return int(bar)


def follow_all(
    long: Any, short: Any, bars: Any, sides: Any, prices: Any, stops: Any, sizes: Any, recipes: Any, which: Any,
    first: int, end: int, single: int, last: int, budget: int, path: int, slip_num: int, slip_den: int, through: int,
    close_at_end: int, min_lots: int, min_worth: int, time_stop: int, exact: int,
    out: Any, at: int, closed: Any, best: Any, worst: Any, notes: Any, stay: Any,
    ladder: Any, state: Any, scratch: Any, none: Any, far: Any, told: Any,
) -> int:  # fmt: skip
    """Entries first..end, one after another. stay: [where it stopped, last closing bar, bars searched].

    long, short: o, h, l, c and the six columns of the index, of each side. Stops early once more than `budget` bars have
    been searched, so that an index can be made that makes searching cheap. `closed` is the bar in which a position
    closed, -1 where none was opened, the number of bars where it is open. The last six come from `rooms`.
    """
    long, short, recipes, out = unowned(long), unowned(short), unowned(recipes), unowned(out)
    ladder, state, scratch, told = unowned(ladder), unowned(state), unowned(scratch), unowned(told)
    none, far, bars, sides, which = unowned(none), unowned(far), unowned(bars), unowned(sides), unowned(which)
    prices, stops, sizes, closed = unowned(prices), unowned(stops), unowned(sizes), unowned(closed)
    told[AT], told[SEARCHED] = at, 0
    i = first
    while i < end and told[SEARCHED] <= budget:
        bar, side = bars[i], np.int64(sides[i])
        if sizes[i] == 0 or (single and bar <= last):
            closed[i] = -1
            i += 1
            continue
        o, h, l, c, h1, l1, h2, l2, h3, l3 = long if side > 0 else short
        recipe = recipes[which[i]]
        noted = plan(
            recipe, ladder, state, side, side * prices[i], side * stops[i], sizes[i], o[bar], bar,
            through, min_lots, min_worth,
        )  # fmt: skip
        due = NEVER
        if recipe[TIME_STOP] > 0:
            due = bar + recipe[TIME_STOP]
        if time_stop > 0:
            due = min(due, bar + time_stop)
        rungs, stages = state[TRACES], state[FILLS]
        state[TRACES] = state[FILLS] = 0
        closed[i] = last = follow(
            o, h, l, c, h1, l1, h2, l2, h3, l3, ladder, state, scratch, none, far, rungs, stages, due, side, path,
            slip_den - side * slip_num, slip_den, close_at_end, exact, i, out, told,
        )  # fmt: skip
        if exact:
            best[i], worst[i], notes[i] = side * state[PEAK], side * state[WORST], noted
        i += 1
    stay[0], stay[1], stay[2] = i, last, told[SEARCHED]
    return int(told[AT])

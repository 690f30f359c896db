"""How price walks through the resting legs of one position: stop, trail and rungs, on whole ticks and lots.

The one home of the touch rules (spec X2-X4, P7, P8, F8, F21, F25, F52). It runs as plain Python on lists of ints of
any size, and the kernel compiles the very same functions for arrays of int64; so nothing here is an object, and
prices are *mirrored* for shorts (every price times -1) so that one code path serves both sides: in what follows a
stop lies below, a target above.

A step is a bar, or a bar of the detail file. Price goes open → first extreme → other extreme → close. On the way down
it meets the higher of stop and trail first (the stop where they are level); on the way up it meets rungs in order,
and the peak moves with it, so a stop that was raised on the way up can fill on the way down of the same step.

    stop 98, 1R rung at 102, 2% trail from 103; bar 100 104 100 101, low first:
    100 → 100 → 104: rung fills at 102, trail arms at 103, peak 104, trail 101.92 → 101: trail fills at 101.92

`state` holds what moves; the constants below name its places. `walk` stops at `until`, when the position is gone,
when a rung asks for a stop move that needs the ledger (`ASK`), or when `trace` is full; it goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence

Ints = Sequence[int]
Mutable = MutableSequence[int]

# places in `state`
QTY, STOP, STOP_KIND, PEAK, WORST, ARMED, TRAIL, STAGE, RUNNER, NEXT, MODE, STEP, PHASE, CUR, FILLS, TRACES = range(16)
# what the bar still takes of market exits (NO_CAP: all), and the venue's minimum of a part: lots, price × lots
CAP, LEAST_LOTS, LEAST_WORTH = 16, 17, 18
STATE_SIZE = 19
NO_CAP = -1

# how a position left: kinds of stop, the trail, then TARGET + leg number
BY_STOP, BY_BREAKEVEN, BY_PROFIT_LOCK, BY_TRAIL, TARGET = 0, 1, 2, 3, 100

# modes of the trail
NO_TRAIL, PERCENT, DISTANCE = 0, 1, 2

# what a filled rung does to the stop: nothing, move it, or ask the caller for the level
STAY, MOVE_PLAIN, MOVE_BREAKEVEN, ASK_MOVE = 0, 1, 2, 3

# why `walk` returned
GONE, LIMIT, ASK, FULL = 0, 1, 2, 3

# a fill: step, how, price, lots, as maker, lots that the leg asked for
FILL_SIZE, TRACE_SIZE = 6, 3
ADVERSE, FAVORABLE, NEAREST = 0, 1, 2
FAR = 1 << 62


def market_price(price: int, low: int, slip_num: int, slip_den: int) -> int:
    """A market exit met at `price`: slippage rounded to a tick against the position, never outside the bar."""
    slipped = price * slip_num // slip_den
    return max(slipped, low)


def trail_level(peak: int, numerator: int, denominator: int) -> int:
    """peak × (1 - callback), rounded toward the market."""
    return -((-peak * numerator) // denominator)


def part_taken(state: Mutable, price: int, lots: int) -> int:
    """How many of `lots` the bar takes at a market price (spec P14). A part under the venue's minimum is not sent,
    unless it is all that is left."""
    if state[CAP] < 0:
        return lots
    part = min(lots, state[CAP])
    if part < lots and (part < state[LEAST_LOTS] or abs(price) * part < state[LEAST_WORTH]):
        return 0
    state[CAP] -= part
    return part


def record_fill(state: Mutable, fills: Mutable, how: int, price: int, lots: int, maker: int, asked: int) -> None:
    at = state[FILLS] * FILL_SIZE
    fills[at] = state[STEP]
    fills[at + 1] = how
    fills[at + 2] = price
    fills[at + 3] = lots
    fills[at + 4] = maker
    fills[at + 5] = asked
    state[FILLS] += 1
    state[QTY] -= lots


def record_stop(state: Mutable, trace: Mutable, level: int, how: int) -> None:
    at = state[TRACES] * TRACE_SIZE
    if at + TRACE_SIZE <= len(trace):
        trace[at] = state[STEP]
        trace[at + 1] = level
        trace[at + 2] = how
        state[TRACES] += 1


def raise_trail(state: Mutable, trace: Mutable, level: int) -> None:
    """The trail only ever tightens."""
    if level > state[TRAIL]:
        state[TRAIL] = level
        record_stop(state, trace, level, BY_TRAIL)


def raise_peak(
    state: Mutable, trace: Mutable, price: int, distance: int, cb_level: Ints, cb_num: Ints, cb_den: Ints
) -> None:
    """The best price since opening, and with it the callback's stage and the trail."""
    if price > state[PEAK]:
        state[PEAK] = price
    if state[MODE] == NO_TRAIL:
        return
    while state[STAGE] + 1 < len(cb_level) and state[PEAK] >= cb_level[state[STAGE] + 1]:
        state[STAGE] += 1
        state[ARMED] = 1
    if state[ARMED]:
        if state[MODE] == PERCENT:
            stage = state[STAGE]
            raise_trail(state, trace, trail_level(state[PEAK], cb_num[stage], cb_den[stage]))
        elif distance >= 0:
            raise_trail(state, trace, state[PEAK] - distance)


def trail_is_live(state: Mutable) -> bool:
    return state[ARMED] != 0 and state[RUNNER] != 0


def fill_stop(state: Mutable, fills: Mutable, price: int, low: int, slip_num: int, slip_den: int) -> None:
    """The stop takes all, whatever the bar's volume."""
    record_fill(state, fills, state[STOP_KIND], market_price(price, low, slip_num, slip_den), state[QTY], 0, state[QTY])


def fill_trail(state: Mutable, fills: Mutable, price: int, low: int, slip_num: int, slip_den: int) -> None:
    lots = state[QTY]
    if 0 < state[RUNNER] < lots:
        lots = state[RUNNER]
    state[RUNNER] = 0
    at = market_price(price, low, slip_num, slip_den)
    record_fill(state, fills, BY_TRAIL, at, part_taken(state, at, lots), 0, lots)


def move_stop(state: Mutable, trace: Mutable, level: int, how: int) -> None:
    """A moved stop never loosens."""
    if level > state[STOP]:
        state[STOP] = level
        state[STOP_KIND] = how
        record_stop(state, trace, level, how)


def fill_rung(
    state: Mutable,
    fills: Mutable,
    trace: Mutable,
    price: int,
    low: int,
    slip_num: int,
    slip_den: int,
    lots: Mutable,
    soft: Ints,
    index: Ints,
    move: Ints,
    move_to: Ints,
    k: int,
) -> bool:
    """Rung k at `price`; whether the caller must be asked for the stop's next level."""
    quantity = min(lots[k], state[QTY])
    lots[k] = 0
    if soft[k]:
        record_fill(state, fills, TARGET + index[k], price, quantity, 1, quantity)
    else:
        at = market_price(price, low, slip_num, slip_den)
        record_fill(state, fills, TARGET + index[k], at, part_taken(state, at, quantity), 0, quantity)
    if move[k] == MOVE_PLAIN:
        move_stop(state, trace, move_to[k], BY_STOP)
    elif move[k] == MOVE_BREAKEVEN:
        move_stop(state, trace, move_to[k], BY_BREAKEVEN)
    return move[k] == ASK_MOVE


def skip_filled(state: Mutable, lots: Ints) -> None:
    while state[NEXT] < len(lots) and lots[state[NEXT]] == 0:
        state[NEXT] += 1


def at_open(
    state: Mutable,
    fills: Mutable,
    trace: Mutable,
    price: int,
    low: int,
    distance: int,
    slip_num: int,
    slip_den: int,
    meet: Ints,
    level: Ints,
    lots: Mutable,
    soft: Ints,
    index: Ints,
    move: Ints,
    move_to: Ints,
    cb_level: Ints,
    cb_num: Ints,
    cb_den: Ints,
) -> bool:
    """Legs that the open has passed fill at the open: stop, trail, then rungs in ascending R. True: ask the caller.

    The peak takes in the open first, so a gap can arm and raise the trail before the legs are asked.
    """
    if state[ARMED] and state[MODE] == DISTANCE and distance >= 0:
        raise_trail(state, trace, state[PEAK] - distance)
    raise_peak(state, trace, price, distance, cb_level, cb_num, cb_den)
    if price < state[WORST]:
        state[WORST] = price
    while state[QTY]:
        if price <= state[STOP]:
            fill_stop(state, fills, price, low, slip_num, slip_den)
            break
        if trail_is_live(state) and price <= state[TRAIL]:
            fill_trail(state, fills, price, low, slip_num, slip_den)
            continue
        chosen = -1
        for k in range(state[NEXT], len(meet)):
            if lots[k] and meet[k] <= price and (chosen < 0 or index[k] < index[chosen]):
                chosen = k
        if chosen < 0:
            break
        at = level[chosen] if soft[chosen] and meet[chosen] > level[chosen] and price == meet[chosen] else price
        if fill_rung(
            state, fills, trace, at, low, slip_num, slip_den, lots, soft, index, move, move_to, chosen
        ) and state[QTY]:  # fmt: skip
            return True
    skip_filled(state, lots)
    return False


def fall(state: Mutable, fills: Mutable, target: int, low: int, slip_num: int, slip_den: int) -> None:
    """Price falls from CUR to `target`; it meets the higher of stop and trail first, the stop where they are level."""
    while state[QTY]:
        if trail_is_live(state) and state[TRAIL] > state[STOP] and state[TRAIL] >= target:
            state[CUR] = min(state[CUR], state[TRAIL])
            fill_trail(state, fills, state[CUR], low, slip_num, slip_den)
        elif state[STOP] >= target:
            state[CUR] = min(state[CUR], state[STOP])
            fill_stop(state, fills, state[CUR], low, slip_num, slip_den)
        else:
            break
    if state[QTY]:
        state[CUR] = target
    if state[CUR] < state[WORST]:
        state[WORST] = state[CUR]


def next_mark(state: Mutable, target: int, side: int, cb_level: Ints, cb_num: Ints, cb_den: Ints) -> int:
    """The next price on the way up to `target` at which the trail changes its nature: a stage, or the level from which
    a short's callback is less than one tick, so that the rounded trail stands at the price itself."""
    mark = target
    if state[MODE] == NO_TRAIL or state[RUNNER] == 0:
        return mark
    stage = state[STAGE]
    if stage + 1 < len(cb_level) and state[CUR] < cb_level[stage + 1] < mark:
        mark = cb_level[stage + 1]
    if side < 0 and state[ARMED] and state[MODE] == PERCENT:
        tight = -((cb_den[stage] - 1) // (cb_num[stage] - cb_den[stage]))
        if state[CUR] < tight < mark and state[PEAK] < tight:
            mark = tight
    return mark


def climb(
    state: Mutable,
    fills: Mutable,
    trace: Mutable,
    target: int,
    low: int,
    distance: int,
    side: int,
    slip_num: int,
    slip_den: int,
    meet: Ints,
    level: Ints,
    lots: Mutable,
    soft: Ints,
    index: Ints,
    move: Ints,
    move_to: Ints,
    cb_level: Ints,
    cb_num: Ints,
    cb_den: Ints,
) -> bool:
    """Price rises from CUR to `target`; the peak moves with it and rungs fill in order. True: ask the caller."""
    while state[QTY]:
        if state[STOP] >= state[CUR]:
            fill_stop(state, fills, state[CUR], low, slip_num, slip_den)
            break
        mark = next_mark(state, target, side, cb_level, cb_num, cb_den)
        k = state[NEXT]
        met = k < len(meet) and meet[k] <= mark
        if met:
            mark = max(meet[k], state[CUR])
        state[CUR] = mark
        raise_peak(state, trace, mark, distance, cb_level, cb_num, cb_den)
        if trail_is_live(state) and state[TRAIL] >= mark:
            fill_trail(state, fills, mark, low, slip_num, slip_den)
            continue
        if met:
            state[NEXT] += 1
            at = level[k] if soft[k] else mark
            asked = fill_rung(state, fills, trace, at, low, slip_num, slip_den, lots, soft, index, move, move_to, k)
            skip_filled(state, lots)
            if asked and state[QTY]:
                return True
        elif mark >= target:
            break
    return False


def low_first(path: int, o: int, h: int, l: int) -> bool:
    """Whether price visits the unfavorable extreme first; both equally near counts as adverse."""
    return path == ADVERSE or (path == NEAREST and o - l <= h - o)


def band(state: Mutable, meet: Ints, cb_level: Ints) -> tuple[int, int]:
    """The position's band: a step whose low is above the first and whose high is below the second changes nothing but
    the extremes seen."""
    low = state[STOP]
    high = FAR
    if state[NEXT] < len(meet):
        high = meet[state[NEXT]]
    if state[MODE] != NO_TRAIL and state[RUNNER] != 0:
        if state[ARMED]:
            low = max(low, state[TRAIL])
            high = min(high, state[PEAK] + 1)
        elif state[STAGE] + 1 < len(cb_level):
            high = min(high, cb_level[state[STAGE] + 1])
    return low, high


def skip_quiet(state: Mutable, h: Ints, l: Ints, until: int, meet: Ints, cb_level: Ints) -> None:
    """Pass every step that lies strictly inside the band."""
    low, high = band(state, meet, cb_level)
    j, best, worst = state[STEP], state[PEAK], state[WORST]
    while j < until and l[j] > low and h[j] < high:
        best = max(best, h[j])
        worst = min(worst, l[j])
        j += 1
    state[STEP], state[PEAK], state[WORST] = j, best, worst


def walk(
    o: Ints,
    h: Ints,
    l: Ints,
    c: Ints,
    distances: Ints,
    until: int,
    through_open: int,
    side: int,
    path: int,
    slip_num: int,
    slip_den: int,
    state: Mutable,
    fills: Mutable,
    trace: Mutable,
    meet: Ints,
    level: Ints,
    lots: Mutable,
    soft: Ints,
    index: Ints,
    move: Ints,
    move_to: Ints,
    cb_level: Ints,
    cb_num: Ints,
    cb_den: Ints,
) -> int:
    """Walk from state[STEP], state[PHASE] to before step `until`, or just past its open where `through_open`.

    Returns GONE, LIMIT, ASK or FULL.

    o, h, l, c: mirrored prices by step. distances: ATR trail distance by step (-1 unknown), or one -1 for none.
    fills: room for FILL_SIZE × (rungs + 2); trace: any room, none at all for no record.
    """
    room = (len(cb_level) + len(meet) + 4) * TRACE_SIZE
    j = state[STEP]
    while j < until or (through_open and j == until and state[PHASE] == 0):
        distance = distances[j] if len(distances) > 1 else -1
        if state[PHASE] == 0:
            if len(trace) > 0 and state[TRACES] * TRACE_SIZE + room > len(trace):
                return FULL
            if state[MODE] != DISTANCE or state[ARMED] == 0:
                skip_quiet(state, h, l, until, meet, cb_level)
                j = state[STEP]
                if j == until:
                    low, high = band(state, meet, cb_level)
                    if not through_open or (l[j] > low and h[j] < high):
                        return LIMIT
                distance = distances[j] if len(distances) > 1 else -1
            state[CUR] = o[j]
            if at_open(
                state, fills, trace, o[j], l[j], distance, slip_num, slip_den,
                meet, level, lots, soft, index, move, move_to, cb_level, cb_num, cb_den,
            ):  # fmt: skip
                return ASK
            if state[QTY] == 0:
                return GONE
            state[PHASE] = 1
            if j == until:
                return LIMIT
        first_low = low_first(path, o[j], h[j], l[j])
        while state[PHASE] < 4:
            phase = state[PHASE]
            target = c[j]
            if phase == 1:
                target = l[j] if first_low else h[j]
            elif phase == 2:
                target = h[j] if first_low else l[j]
            if target < state[CUR]:
                fall(state, fills, target, l[j], slip_num, slip_den)
            elif climb(
                state, fills, trace, target, l[j], distance, side, slip_num, slip_den,
                meet, level, lots, soft, index, move, move_to, cb_level, cb_num, cb_den,
            ):  # fmt: skip
                return ASK
            if state[QTY] == 0:
                return GONE
            state[PHASE] = phase + 1
        state[PHASE] = 0
        j += 1
        state[STEP] = j
    return LIMIT


COMPILED = (
    "market_price", "trail_level", "part_taken", "record_fill", "record_stop", "raise_trail", "raise_peak", "trail_is_live",
    "fill_stop", "fill_trail", "move_stop", "fill_rung", "skip_filled", "at_open", "fall", "next_mark", "climb",
    "low_first", "band", "skip_quiet", "walk",
)  # fmt: skip

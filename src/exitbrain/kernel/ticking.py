"""One price over many open positions: only those whose band it leaves are looked at.

A tick is a bar whose four prices are one. Each position's band is kept in columns, and of each 64 neighbors the
narrowest edges are kept again; so a tick that nothing waits for reads a few hundred bytes. This is `touching`'s index
with the axes swapped: blocks of positions instead of blocks of bars.

Many trails rise at a tick that makes a new peak. Such a tick does nothing else to a position: its peak becomes the
price, its trail follows. That is done to 64 of them at once, in the columns alone; a position's state is brought up to
date once a rung, a stage or a stop is met (`freshen`), for which its ceiling, one above its peak, is enough.

Written for the compiler. `book` holds addresses and sizes, so that a call hands over one array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exitbrain.core.walk import (
    NEXT,
    PEAK,
    QTY,
    RUNNER,
    STAGE,
    STATE_SIZE,
    STEP,
    STOP,
    TRAIL,
)  # fmt: skip
from exitbrain.kernel.following import (
    AT,
    CB_DEN,
    CB_LEVEL,
    CB_NUM,
    LADDER_ROWS,
    LEFT,
    MEET,
    STAGES,
    WALKED,
    advance,
    trail_at,
    walk_bar,
)  # fmt: skip
from exitbrain.kernel.simd import (
    address,
    left32,
    lowest_bit,
    peek,
    peek_short,
    poke,
    poke_float,
    poke_short,
    poke_single,
    ratchet64,
)  # fmt: skip

BLOCK = 64
WORD = 8
FARTHEST = (1 << 31) - 1  # no price reaches it
NOWHERE = 0  # raises nothing: a trail that follows it is not below it, and below every long's ceiling it lies

# places in `book`
(
    FLOORS, CEILINGS, HARDS, SLOPES, NUMERATORS, DENOMINATORS, BLOCK_LOWS, BLOCK_HIGHS, BLOCKS, STATES, LADDERS, COUNTS,
    FILLS, TOLD, CELL, TOUCHED, RAISED, FOUND, SLIP_NUM, SLIP_DEN, FREE, FREED, AT_BLOCK, PENDING, WITHIN,
    TOUCHES, RAISES,
) = range(27)  # fmt: skip
BOOK_SIZE = 27
# columns of `counts`: rungs, stages, side
RUNG_COUNT, STAGE_COUNT, SIDE = range(3)
COUNT_COLUMNS = 3
# what `ratchet64` tells of a block
RISEN, OUTSIDE, HIGHEST_LOW, LOWEST_HIGH = range(4)
DONE = -1

COMPILED = ("rest", "freshen", "summarize", "settle", "free", "pass_price", "walk_on")


def rest(book: Any, i: int) -> None:
    """The band of position `i` as it stands; of a flat one, a band that no price leaves."""
    state = peek(address(book), STATES) + i * STATE_SIZE * WORD
    ladder = peek(address(book), LADDERS) + i * LADDER_ROWS * STAGES * WORD
    counts = peek(address(book), COUNTS) + i * COUNT_COLUMNS * WORD
    floor, ceiling, hard = -FARTHEST, FARTHEST, FARTHEST
    numerator, denominator = 0, 1
    if peek(state, QTY) > 0:
        floor = max(floor, peek(state, STOP))
        stages, stage = peek(counts, STAGE_COUNT), peek(state, STAGE)
        if peek(state, NEXT) < peek(counts, RUNG_COUNT):
            hard = min(hard, peek(ladder, MEET * STAGES + peek(state, NEXT)))
        if peek(state, RUNNER) != 0 and stage + 1 < stages:
            hard = min(hard, peek(ladder, CB_LEVEL * STAGES + stage + 1))
        ceiling = hard
        if peek(state, RUNNER) != 0 and stage >= 0:
            floor = max(floor, peek(state, TRAIL))
            ceiling = min(ceiling, peek(state, PEAK) + 1)
            numerator, denominator = peek(ladder, CB_NUM * STAGES + stage), peek(ladder, CB_DEN * STAGES + stage)
    poke_short(peek(address(book), FLOORS), i, np.int32(floor))
    poke_short(peek(address(book), CEILINGS), i, np.int32(ceiling))
    poke_short(peek(address(book), HARDS), i, np.int32(hard))
    poke_float(peek(address(book), SLOPES), i, numerator / denominator)
    poke_single(peek(address(book), NUMERATORS), i, np.float32(numerator))
    if peek(counts, SIDE) < 0:
        denominator = -denominator
    poke_single(peek(address(book), DENOMINATORS), i, np.float32(denominator))


def freshen(book: Any, i: int) -> None:
    """Peak and trail of a state, where they have risen in the columns alone."""
    state = peek(address(book), STATES) + i * STATE_SIZE * WORD
    stage = peek(state, STAGE)
    if peek(state, QTY) > 0 and peek(state, RUNNER) != 0 and stage >= 0:
        peak = np.int64(peek_short(peek(address(book), CEILINGS), i)) - 1
        if peak > peek(state, PEAK):
            ladder = peek(address(book), LADDERS) + i * LADDER_ROWS * STAGES * WORD
            trail = trail_at(peak, peek(ladder, CB_NUM * STAGES + stage), peek(ladder, CB_DEN * STAGES + stage))
            poke(state, PEAK, peak)
            poke(state, TRAIL, max(peek(state, TRAIL), trail))


def summarize(book: Any, block: int, price: int) -> None:
    """The narrowest edges of a block, for a price that raises nothing in it any more."""
    start = address(book)
    found = peek(start, FOUND)
    ratchet64(
        peek(start, FLOORS), peek(start, CEILINGS), peek(start, HARDS), peek(start, SLOPES), peek(start, NUMERATORS),
        peek(start, DENOMINATORS), block * BLOCK, price, found,
    )  # fmt: skip
    poke_short(peek(start, BLOCK_LOWS), block, np.int32(peek(found, HIGHEST_LOW)))
    poke_short(peek(start, BLOCK_HIGHS), block, np.int32(peek(found, LOWEST_HIGH)))


def settle(book: Any, i: int) -> None:
    """After a position was changed from outside."""
    rest(book, i)
    summarize(book, i // BLOCK, NOWHERE)


def free(book: Any, i: int) -> None:
    """A flat position's place is the next to be taken."""
    poke(peek(address(book), FREE), peek(address(book), FREED), i)
    poke(address(book), FREED, peek(address(book), FREED) + 1)


def pass_price(book: Any, price: int, begins: int) -> int:
    """Take a price to every position whose band it leaves. Returns the place of one that has to be walked, or DONE.

    Call it again with `begins` 0 once that one was walked (`walk_on` does both). Fills are in the book's rows, told[AT]
    counts them; TOUCHED holds the places of those that changed, TOUCHES counts them; RAISED holds blocks and the bits of
    those whose trails rose, RAISES counts such blocks.
    """
    start = address(book)
    block_lows, block_highs = peek(start, BLOCK_LOWS), peek(start, BLOCK_HIGHS)
    blocks, told, out, cell = peek(start, BLOCKS), peek(start, TOLD), peek(start, FILLS), peek(start, CELL)
    touched, touches, found = peek(start, TOUCHED), peek(start, TOUCHES), peek(start, FOUND)
    group, bits, crossed, pending = np.int64(0), np.uint64(0), np.uint64(0), False
    if begins:
        touches = 0
        poke(start, RAISES, 0)
        poke(told, AT, 0)
    else:
        group, bits, crossed = peek(start, AT_BLOCK), np.uint64(peek(start, PENDING)), np.uint64(peek(start, WITHIN))
        pending = True
    while group < blocks:
        if not pending:
            bits = left32(block_lows, block_highs, group, price)
        while bits != 0:
            block = group + lowest_bit(bits)
            first = block * BLOCK
            if not pending:
                summarize(book, block, price)
                crossed = np.uint64(peek(found, OUTSIDE))
                if peek(found, RISEN) != 0:
                    raises = peek(start, RAISES)
                    poke(peek(start, RAISED), 2 * raises, block)
                    poke(peek(start, RAISED), 2 * raises + 1, peek(found, RISEN))
                    poke(start, RAISES, raises + 1)
            moved = pending or crossed != 0
            pending = False
            while crossed != 0:
                i = first + lowest_bit(crossed)
                crossed &= crossed - np.uint64(1)
                freshen(book, i)
                state = peek(start, STATES) + i * STATE_SIZE * WORD
                counts = peek(start, COUNTS) + i * COUNT_COLUMNS * WORD
                side = peek(counts, SIDE)
                poke(cell, 0, side * price)
                poke(state, STEP, 0)
                den = peek(start, SLIP_DEN)
                what = advance(
                    cell, cell, cell, peek(start, LADDERS) + i * LADDER_ROWS * STAGES * WORD, state,
                    peek(counts, RUNG_COUNT), peek(counts, STAGE_COUNT), 0, 1, side,
                    den - side * peek(start, SLIP_NUM), den, 0, i, out, told,
                )  # fmt: skip
                poke(touched, touches, i)
                touches += 1
                if what == LEFT:
                    poke(state, QTY, 0)
                    free(book, i)
                if what == WALKED:
                    poke(start, AT_BLOCK, group)
                    poke(start, PENDING, np.int64(bits))
                    poke(start, WITHIN, np.int64(crossed))
                    poke(start, TOUCHES, touches)
                    return i
                rest(book, i)
            if moved:
                summarize(book, block, price)
            bits &= bits - np.uint64(1)
        group += 32
    poke(start, TOUCHES, touches)
    return DONE


def walk_on(
    book: Any, price: int, waiting: int, path: int, states: Any, ladders: Any, counts: Any, cell: Any, scratch: Any, none: Any,
    far: Any, rows: Any, told: Any,
) -> None:  # fmt: skip
    """Walk the position that waits, at which the order of legs matters, and go on to the end of the tick."""
    num, den = book[SLIP_NUM], book[SLIP_DEN]
    while waiting != DONE:
        state, ladder = states[waiting], ladders[waiting]
        rungs, stages, side = counts[waiting, RUNG_COUNT], counts[waiting, STAGE_COUNT], counts[waiting, SIDE]
        cell[0] = side * price
        state[STEP] = 0
        walk_bar(
            cell, cell, cell, cell, ladder, state, scratch, none, far, rungs, stages, side, path, den - side * num, den,
            waiting, rows, told,
        )  # fmt: skip
        rest(book, waiting)
        if state[QTY] == 0:
            free(book, waiting)
        waiting = pass_price(book, price, 0)

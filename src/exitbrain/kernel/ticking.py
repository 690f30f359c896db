"""One price over many open positions: only those whose band it leaves are looked at.

A tick is a bar whose four prices are one. Each position's band is kept as two columns of true prices, and of each 64
neighbors the narrowest edges are kept again; so a tick that nothing waits for reads a few hundred bytes. This is
`touching`'s index with the axes swapped: blocks of positions instead of blocks of bars.

Written for the compiler. `book` holds addresses and sizes, so that a call hands over one array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exitbrain.core.walk import (
    FAR,
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
    CB_LEVEL,
    LADDER_ROWS,
    LEFT,
    MEET,
    STAGES,
    WALKED,
    advance,
)  # fmt: skip
from exitbrain.kernel.simd import address, lowest_bit, mask32, peek, poke

BLOCK = 64
WORD = 8

# places in `book`
(
    LOWS, HIGHS, BLOCK_LOWS, BLOCK_HIGHS, BLOCKS, STATES, LADDERS, COUNTS, FILLS, TOLD, CELL, TOUCHED, SLIP_NUM, SLIP_DEN,
    AT_BLOCK, AT_BITS, HALF, TOUCHES, PENDING,
) = range(19)  # fmt: skip
BOOK_SIZE = 19
# columns of `counts`: rungs, stages, side
RUNG_COUNT, STAGE_COUNT, SIDE = range(3)
COUNT_COLUMNS = 3
DONE = -1

COMPILED = ("rest", "summarize", "settle", "pass_price")


def rest(book: Any, i: int) -> None:
    """The band of position `i` as it stands; of a flat one, a band that no price leaves."""
    state = peek(address(book), STATES) + i * STATE_SIZE * WORD
    ladder = peek(address(book), LADDERS) + i * LADDER_ROWS * STAGES * WORD
    counts = peek(address(book), COUNTS) + i * COUNT_COLUMNS * WORD
    low, high = -FAR, FAR
    if peek(state, QTY) > 0:
        low = peek(state, STOP)
        if peek(state, NEXT) < peek(counts, RUNG_COUNT):
            high = peek(ladder, MEET * STAGES + peek(state, NEXT))
        if peek(state, RUNNER) != 0 and peek(counts, STAGE_COUNT) > 0:
            if peek(state, STAGE) >= 0:
                low = max(low, peek(state, TRAIL))
                high = min(high, peek(state, PEAK) + 1)
            else:
                high = min(high, peek(ladder, CB_LEVEL * STAGES))
    if peek(counts, SIDE) < 0:
        low, high = -high, -low
    poke(peek(address(book), LOWS), i, low)
    poke(peek(address(book), HIGHS), i, high)


def summarize(book: Any, block: int) -> None:
    lows, highs = peek(address(book), LOWS), peek(address(book), HIGHS)
    low, high = -FAR, FAR
    for i in range(block * BLOCK, block * BLOCK + BLOCK):
        low = max(low, peek(lows, i))
        high = min(high, peek(highs, i))
    poke(peek(address(book), BLOCK_LOWS), block, low)
    poke(peek(address(book), BLOCK_HIGHS), block, high)


def settle(book: Any, i: int) -> None:
    """After a position was changed from outside."""
    rest(book, i)
    summarize(book, i // BLOCK)


def pass_price(book: Any, price: int, begins: int) -> int:
    """Take a price to every position whose band it leaves. Returns the place of one that has to be walked, or DONE.

    Call it again with `begins` 0 once that one was walked. Fills are in the book's rows, told[AT] counts them; TOUCHED
    holds the places of those that changed, TOUCHES counts them.
    """
    start = address(book)
    lows, highs = peek(start, LOWS), peek(start, HIGHS)
    block_lows, block_highs = peek(start, BLOCK_LOWS), peek(start, BLOCK_HIGHS)
    blocks, told, out, cell = peek(start, BLOCKS), peek(start, TOLD), peek(start, FILLS), peek(start, CELL)
    touched, touches = peek(start, TOUCHED), peek(start, TOUCHES)
    group, bits, half, pending = np.int64(0), np.uint64(0), np.int64(0), np.int64(-1)
    if begins:
        touches = 0
        poke(told, AT, 0)
    else:
        group, pending, half = peek(start, AT_BLOCK), peek(start, PENDING), peek(start, HALF)
    while group < blocks:
        if pending < 0:
            hit = mask32(block_lows, block_highs, group, price, price)
            if hit == 0:
                group += 32
                continue
            bits = hit
        else:
            bits = np.uint64(pending)
            pending = -1
        while bits != 0:
            block = group + lowest_bit(bits)
            while half < 2:
                first = block * BLOCK + half * 32
                crossed = mask32(lows, highs, first, price, price)
                while crossed != 0:
                    i = first + lowest_bit(crossed)
                    crossed &= crossed - np.uint64(1)
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
                    if what == WALKED:
                        # Its band is made shut, so that going on does not find it again.
                        poke(lows, i, -FAR)
                        poke(highs, i, FAR)
                        poke(start, AT_BLOCK, group)
                        poke(start, PENDING, np.int64(bits))
                        poke(start, HALF, half)
                        poke(start, TOUCHES, touches)
                        return i
                    rest(book, i)
                half += 1
            half = 0
            summarize(book, block)
            bits &= bits - np.uint64(1)
        group += 32
    poke(start, TOUCHES, touches)
    return DONE

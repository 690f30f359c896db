"""The kernel's fills are those of a walk that looks at every bar."""

from __future__ import annotations

import numpy as np
import pytest

from exitbrain.kernel.fills import Fills, follow_entries, reason_of
from exitbrain.kernel.recipes import recipes_of
from kernel.worlds import difference_of_seed, random_world

COLUMNS = ("position", "bar", "code", "price", "lots", "maker", "closed_bar")


@pytest.mark.parametrize("first", range(0, 2000, 250))
def test_every_fill_is_that_of_the_walk_bar_by_bar(first: int) -> None:  # spec X2-X4, P6, P8, P10, P13
    assert not [told for seed in range(first, first + 250) if (told := difference_of_seed(seed))]


def equal(one: Fills, other: Fills) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)


def many_entries(seed: int, bars: int = 20_000, every: int = 4) -> tuple:
    """Overlapping entries over a long walk, with and without an index."""
    world = random_world(seed, most_bars=3)
    dice = np.random.default_rng(seed)
    closes = 50_000 + np.cumsum(dice.integers(-40, 41, bars))
    opens = np.concatenate(([50_000], closes[:-1]))
    high, low = np.maximum(opens, closes) + 5, np.minimum(opens, closes) - 5
    places = np.arange(0, bars - 1, every)
    side = np.where(dice.random(len(places)) < 0.5, 1, -1)
    price = opens[places]
    stop = price - side * dice.integers(200, 2_000, len(places))
    from exitbrain.kernel.candles import Candles
    from exitbrain.kernel.recipes import Entries

    entries = Entries(bar=places, side=side, price=price, stop=stop, lots=np.full(len(places), 1_000))
    return (opens, high, low, closes), Candles, entries, recipes_of(world.profiles), world.costs


@pytest.mark.parametrize("seed", range(12))
def test_neither_threads_nor_an_index_change_a_bit(seed: int) -> None:
    columns, candles, entries, recipes, costs = many_entries(seed)
    plain = follow_entries(candles(*columns), entries, recipes, costs, index=False)
    assert len(plain) >= len(entries) * costs.close_at_end
    for options in ({"index": True}, {}, {"threads": 2}, {"threads": 2, "index": True}, {"threads": 3, "index": False}):
        assert equal(plain, follow_entries(candles(*columns), entries, recipes, costs, **options))
    for options in ({"index": True}, {}, {"index": False}):
        one = follow_entries(candles(*columns), entries, recipes, costs, single=True, **options)
        taken = one.opened
        assert (entries.bar[taken][1:] > one.closed_bar[taken][:-1]).all()


def test_an_index_is_made_only_once_scans_are_long() -> None:
    columns, candles, entries, recipes, costs = many_entries(3, every=2_000)
    few = candles(*columns)
    follow_entries(few, entries, recipes, costs, single=True)
    assert not few.long.has_index and not few.short.has_index


def test_money_is_ticks_times_lots_against_the_entry() -> None:
    columns, candles, entries, recipes, costs = many_entries(5, every=500)
    fills = follow_entries(candles(*columns), entries, recipes, costs)
    exact = [
        int(entries.side[p]) * (int(price) - int(entries.price[p])) * int(lots)
        for p, price, lots in zip(fills.position, fills.price, fills.lots)
    ]
    assert fills.pnl.tolist() == exact
    assert {reason_of(int(code)) for code in fills.code} <= {
        "stop_loss", "breakeven_stop", "trailing_stop", "time_stop", "end_of_data", *(f"take_profit_{k}" for k in range(1, 9))
    }  # fmt: skip


def test_what_machine_words_cannot_hold_is_refused_with_what_would_fit() -> None:  # spec Q1
    columns, candles, entries, recipes, costs = many_entries(1, bars=50)
    far = candles(*(column + (1 << 30) for column in columns))
    with pytest.raises(ValueError, match="1073741823 is the most that fits"):
        follow_entries(far, entries, recipes, costs)

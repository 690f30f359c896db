"""No set that a choice is made on meets, in time, a set that the choice is judged by."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from exitbrain.errors import InvalidInput
from exitbrain.tuning.splits import Fold, combinatorial, days_of, sides, walk_forward

pytest.importorskip("purgedcv")
HOUR = 3_600_000_000
DAY = 24 * HOUR


@settings(max_examples=25, deadline=None)
@given(
    some.integers(0, 2**32 - 1),
    some.sampled_from([timedelta(0), timedelta(hours=6), timedelta(days=2)]),
    some.sampled_from([(4, 1), (6, 2), (5, 3)]),
)
def test_training_sets_never_overlap_test_sets_nor_follow_them_within_the_embargo(
    seed: int, embargo: timedelta, groups: tuple[int, int]
) -> None:
    dice = np.random.default_rng(seed)
    opened = np.sort(dice.integers(0, 40 * 24, 150)) * HOUR + 19_000 * DAY
    closed = opened + dice.geometric(0.05, 150) * HOUR
    days = days_of([opened])
    wait = embargo // timedelta(microseconds=1)
    for fold in (*walk_forward(days, 3), *combinatorial(days, *groups, embargo)):
        own = sides(fold, opened, closed, embargo)
        assert own.test.any() and not (own.train & own.test).any()
        if fold.kind == "walk_forward":
            assert not own.train.any() or opened[own.train].max() < opened[own.test].min()
        for start, end in zip(opened[own.train].tolist(), closed[own.train].tolist(), strict=True):
            test_opened, test_closed = opened[own.test], closed[own.test]
            assert not ((start <= test_closed) & (end >= test_opened)).any()
        for first, last in fold.blocks:
            block = own.test & (opened // DAY >= first) & (opened // DAY <= last)
            if block.any():
                after = closed[block].max()
                assert not (own.train & (opened > after) & (opened < after + wait)).any()


def test_every_choice_of_groups_is_once_the_test() -> None:
    days = np.arange(100, 160)
    folds = combinatorial(days, 6, 2, timedelta(0))
    assert len(folds) == 15
    counted = np.zeros(60, dtype=int)
    for fold in folds:
        for first, last in fold.blocks:
            counted[first - 100 : last - 99] += 1
    assert set(counted.tolist()) == {5}


def test_the_example_of_the_module_by_hand() -> None:
    fold = Fold(kind="cpcv", train_days=np.array([9, 11, 13, 14]), blocks=((10, 10),))
    opened = np.array([9 * DAY, 9 * DAY, 10 * DAY, 11 * DAY, 13 * DAY + HOUR, 14 * DAY])
    closed = np.array([9 * DAY + HOUR, 10 * DAY, 12 * DAY + 12 * HOUR, 11 * DAY, 13 * DAY + 2 * HOUR, 15 * DAY])
    own = sides(fold, opened, closed, timedelta(days=1))
    assert own.train.tolist() == [True, False, False, False, False, True]
    assert own.test.tolist() == [False, False, True, False, False, False]


def test_too_few_days_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(InvalidInput, match="opened on 5 days, 5 walk-forward windows need 12"):
        walk_forward(np.arange(5), 5)
    with pytest.raises(InvalidInput, match="2 test groups of 2"):
        combinatorial(np.arange(50), 2, 2, timedelta(0))

"""When an experiment stops, for whom it decides, and that its two views estimate one thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exitbrain.analysis.columns import MICROSECONDS_PER_DAY
from exitbrain.analysis.experiments import Rule, Sets, as_assigned, judged

NAMES = ("tight", "wide")


def sets_of(first: Any, second: Any, arm: Any = None) -> Sets:
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if arm is None:
        arm = np.random.default_rng(0).integers(0, 2, len(first))
    return Sets(
        opened_at=np.arange(len(first)) * MICROSECONDS_PER_DAY, first_r=first, second_r=second, arm=np.asarray(arm)
    )


def world(difference: float, size: int = 400, spread: float = 0.3) -> Sets:
    rng = np.random.default_rng(11)
    second = rng.choice([-1.0, -1.0, 0.5, 3.0], size)
    return sets_of(second + difference + spread * rng.standard_normal(size), second)


def judge(sets: Sets, **rule: Any) -> dict[str, Any]:
    return judged(sets, Rule(**rule), NAMES, 0.5)


def test_it_decides_for_the_better_arm_and_names_it() -> None:
    won, lost = judge(world(0.3)), judge(world(-0.3))
    assert (won["state"], won["decision"]) == ("decided", "first")
    assert (
        won["verdict"].startswith("tight is better than wide by 0.") and "95% always-valid interval" in won["verdict"]
    )
    assert (lost["state"], lost["decision"]) == ("decided", "second")
    assert lost["verdict"].startswith("wide is better than tight by 0.")
    assert f"stopped at set {won['stopped_at_set']} of 400" in won["verdict"]


def test_it_stops_at_the_first_day_that_leaves_out_zero() -> None:
    made = judge(world(0.3))
    lows = [point["low"] for point in made["sequence"]]
    at = next(i for i, low in enumerate(lows) if low is not None and low > 0)
    assert made["stopped_at_set"] == made["sequence"][at]["num_sets"] < 400
    assert made["paired"] == {name: made["sequence"][at][name] for name in ("num_sets", "mean", "low", "high")}
    assert len(made["sequence"]) == 400  # what came after the stop is still shown


def test_without_a_difference_it_ends_with_its_sets() -> None:
    made = judge(world(0.0))
    assert (made["state"], made["decision"], made["stopped_at_set"]) == ("exhausted", None, None)
    assert made["verdict"].startswith("not distinguishable yet: tight minus wide is ")


def test_a_difference_within_the_margin_does_not_matter() -> None:
    made = judge(world(0.0, spread=0.05), futility=0.1)
    assert (made["state"], made["decision"]) == ("decided", "equal")
    assert made["verdict"].startswith("no difference that matters") and "within ±0.1 R" in made["verdict"]
    assert judge(world(0.0, spread=0.05))["decision"] is None


def test_sets_after_the_most_are_not_looked_at() -> None:
    whole, cut = judge(world(0.3)), judge(world(0.3), max_sets=40)
    assert whole["stopped_at_set"] > 40
    assert (cut["state"], cut["num_sets"], len(cut["sequence"])) == ("exhausted", 40, 40)


def test_few_sets_say_what_is_missing() -> None:
    made = judge(world(0.5, size=12))
    assert made["verdict"].endswith(
        "an interval needs 30 UTC days whose sets differ and 30 sets, and a spread that it can bound"
    )
    assert made["paired"]["low"] is None
    nothing = judge(sets_of([], []))
    assert nothing["verdict"].startswith("nothing to compare") and nothing["sequence"] == []


def test_arms_count_their_own_sets_alone() -> None:
    """Sets of 1, 2, 3 and 4 R under the first arm, 0 under the second; the hash gave it the second and the fourth."""
    made = judge(sets_of([1, 2, 3, 4], [0, 0, 0, 0], [1, 0, 1, 0]))
    first, second = made["arms"]
    assert first == {"num_assigned": 2, "net_r_mean": 2.5, "net_r_assigned_mean": 3.0}
    assert second == {"num_assigned": 2, "net_r_mean": 0.0, "net_r_assigned_mean": 0.0}
    assert (made["share_better"], made["share_worse"]) == (1.0, 0.0)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_the_assigned_view_estimates_the_same_difference(share: float) -> None:
    """Over 3,000 assignments of the same sets its mean is the paired one; 4 standard errors."""
    own = world(0.3, size=50)
    rng = np.random.default_rng(1)
    means = []
    for _ in range(3000):
        arm = (rng.random(50) >= share).astype(np.int64)
        means.append(as_assigned(own.first_r, own.second_r, arm, share).mean())
    error = np.std(means) / np.sqrt(len(means))
    assert abs(np.mean(means) - (own.first_r - own.second_r).mean()) < 4 * error


def test_the_paired_view_is_narrower_than_the_assigned_one() -> None:
    made = judge(world(0.0))
    widths = [made[view]["high"] - made[view]["low"] for view in ("paired", "assigned")]
    assert widths[0] < widths[1] / 2

"""A contextual bandit that learns which arm pays where: LinUCB of the package river.

Rows are entries in order of time, columns features or arms; a reward is the net R of the arm on that entry. Every arm
was replayed on every entry, so each of its rewards is told to it, not only that of an arm that was pulled.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from exitbrain.analysis.columns import Flags, Floats, Integers
from exitbrain.errors import Unavailable

CONSTANT = "constant"
FARTHEST = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """Linear expectations of R: intercepts [arm], weights [arm, feature] of (value − center) ÷ scale."""

    center: Floats
    scale: Floats
    intercepts: Floats
    weights: Floats


def learn(values: Floats, rewards: Floats, names: tuple[str, ...]) -> Learned:
    """From the rows whose features are all known; a reward that is nan is not told."""
    known = ~np.isnan(values).any(axis=1)
    values, rewards = values[known], rewards[known]
    center = values.mean(axis=0)
    deviation = values.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    standard = np.clip((values - center) / scale, -FARTHEST, FARTHEST)
    bandit = _lin_ucb()
    for row, own in zip(standard.tolist(), rewards.tolist(), strict=True):
        context = {CONSTANT: 1.0, **dict(zip(names, row, strict=True))}
        for arm, reward in enumerate(own):
            if reward == reward:
                bandit.update(arm, context, reward)
    # The bandit's own regressions: a weight is what they expect where that feature alone is one.
    of_arm = [bandit._bayes_lin_regs[arm] for arm in range(rewards.shape[1])]
    return Learned(
        center=center,
        scale=scale,
        intercepts=np.array([float(one.predict_one({CONSTANT: 1.0})) for one in of_arm]),
        weights=np.array([[float(one.predict_one({name: 1.0})) for name in names] for one in of_arm]).reshape(
            len(of_arm), len(names)
        ),
    )


def _lin_ucb():  # type: ignore[no-untyped-def]
    try:
        from river import bandit
    except ImportError:
        raise Unavailable("river is not installed: pip install 'exitbrain[stats]'") from None
    warnings.filterwarnings("ignore", module="river")
    return bandit.LinUCBDisjoint(alpha=1.0, beta=1.0, seed=0)


def earlier_and_later(opened_at: Integers, closed_at: Integers, share: float) -> tuple[Flags, Flags]:
    """The first `share` of the entries, and those after; earlier ones that close after the later begin are neither.

    `closed_at` is the last close of an entry under any arm.
    """
    count = round(share * len(opened_at))
    later = np.arange(len(opened_at)) >= count
    if not later.any():
        return ~later, later
    start = int(opened_at[count])
    # Entries of one instant stay together, on the later side.
    later = opened_at >= start
    return ~later & (closed_at < start), later

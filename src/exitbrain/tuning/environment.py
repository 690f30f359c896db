"""The choice of a profile as a gymnasium environment: an entry a step, the arm's net R its reward.

    env = ProfileChoice(values, rewards)
    observation, _ = env.reset(seed=0)          # features of the first entry, standardized
    observation, reward, terminated, _, info = env.step(2)

An episode goes through the entries in order of time. Arms do not move the market, so what an action changes is its own
reward alone; `info["rewards"]` tells what every arm would have made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exitbrain.analysis.columns import Floats
from exitbrain.errors import InvalidInput, Unavailable

try:
    import gymnasium
except ImportError:
    raise Unavailable("gymnasium is not installed: pip install 'exitbrain[rl]'") from None

BOUND = 4.0


class ProfileChoice(gymnasium.Env):  # type: ignore[misc]
    """`values` [entries, features], `rewards` [entries, arms]; an unknown feature is seen as 0, an unknown reward is 0."""

    metadata = {"render_modes": []}

    def __init__(self, values: Floats, rewards: Floats) -> None:
        if len(values) != len(rewards) or not len(values) or not rewards.shape[1]:
            found = f"{len(values)} rows of features and {len(rewards)} of rewards"
            raise InvalidInput(found, accepted="as many rows of both, and an arm")
        center = np.nan_to_num(np.nanmean(values, axis=0))
        scale = np.nan_to_num(np.nanstd(values, axis=0))
        standard = (values - center) / np.where(scale > 0, scale, 1.0)
        self._values = np.clip(np.nan_to_num(standard), -BOUND, BOUND).astype(np.float32)
        self._rewards = np.nan_to_num(rewards)
        self._at = 0
        self.observation_space = gymnasium.spaces.Box(-BOUND, BOUND, shape=(values.shape[1],), dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(rewards.shape[1])

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._at = 0
        return self._values[0].copy(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        rewards = self._rewards[self._at]
        self._at += 1
        terminated = self._at >= len(self._values)
        observation = self._values[min(self._at, len(self._values) - 1)].copy()
        return observation, float(rewards[int(action)]), terminated, False, {"rewards": rewards.copy()}

"""`tune --method bandit`: which profile a position gets is learned from earlier entries and judged on later ones.

Every configuration of the space is an arm and is replayed on every entry as a position of its own. On the later entries
the policy's choice is compared with the base and with the arm that was best on the earlier ones, entry by entry: what
each would have made is known from its own replay, so no choice has to have been made to be judged.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from exitbrain.analysis.bootstrap import FEWEST_CLUSTERS, Clusters, Estimate, clustered_mean, clusters_of
from exitbrain.analysis.columns import STILL_OPEN, Floats, Integers
from exitbrain.analysis.sums import plain
from exitbrain.backtesting.columns import BookedSet, set_columns
from exitbrain.backtesting.triggers import feature_table
from exitbrain.config.choosing import feature_problem
from exitbrain.config.profiles import Registration, dump_profiles
from exitbrain.config.settings import load_config
from exitbrain.config.spaces import Configuration, Space, read_space
from exitbrain.core.choosing import SIDE, PolicyArm, PolicyFeature, ProfilePolicy
from exitbrain.core.given import described
from exitbrain.errors import InvalidInput
from exitbrain.tuning.bandit import earlier_and_later, learn
from exitbrain.tuning.sampling import Grid, grid_size
from exitbrain.wiring.backtest import Progress
from exitbrain.wiring.backtest import described as about_of
from exitbrain.wiring.evaluating import Given, Shared, only
from exitbrain.wiring.policy_runs import (
    Orders,
    independent_run,
    netting_run,
    orders_of_file,
    orders_of_fills,
)
from exitbrain.wiring.settings import run_settings

METHOD = "bandit"
FEATURES = ("adx_14", "efficiency_ratio_20", "rsi_14", "bb_width_20", "roc_10", SIDE)
TRAIN = 0.6
MOST_ARMS = 64
FEWEST_ENTRIES = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Replays:
    """A row an entry in order of opening: its features at the close before, and each arm's net R (nan: not taken)."""

    features: tuple[str, ...]
    arms: tuple[Configuration, ...]
    opened_at: Integers
    closed_at: Integers  # the last close under any arm
    values: Floats
    rewards: Floats
    base: Floats
    shared: Shared
    orders_of: str


@dataclass(frozen=True, kw_only=True, eq=False)
class BanditTuning:
    """The policy, and what it did on entries that it had not learned from."""

    about: Mapping[str, Any]
    replays: Replays
    policy: ProfilePolicy
    judged: Mapping[str, Any]
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        return str(self.judged["verdict"])

    def to_dict(self) -> dict[str, Any]:
        """What tune.json holds."""
        arms = [
            {"profile": arm.profile.name, **{key: _shown(value) for key, value in own.values.items()}}
            for arm, own in zip(self.policy.arms, self.replays.arms, strict=True)
        ]
        return dict(self.about) | {"features": list(self.policy.names), "arms": arms, **self.judged}

    def to_dir(self, path: str | Path) -> Path:
        """policy.yaml, a profiles file that chooses among its profiles; tune.json; replays.parquet, a row an entry."""
        import polars as pl

        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "policy.yaml").write_text(self.policy_text(), encoding="utf-8", newline="\n")
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "tune.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        names = [arm.profile.name for arm in self.policy.arms]
        columns: dict[str, Any] = {"opened_at": pl.Series(self.replays.opened_at).cast(pl.Datetime("us", "UTC"))}
        columns |= {f"feature.{name}": self.replays.values[:, i] for i, name in enumerate(self.replays.features)}
        columns |= {f"r.{name}": self.replays.rewards[:, i] for i, name in enumerate(names)}
        frame = pl.DataFrame(columns | {"r.base": self.replays.base}).fill_nan(None)
        frame.write_parquet(folder / "replays.parquet", compression="zstd", statistics=False)
        (folder / "timings.json").write_text(json.dumps(dict(self.timings), indent=1) + "\n", encoding="utf-8")
        return folder

    def policy_text(self) -> str:
        profiles = {self.policy.base.name: self.policy.base}
        profiles |= {arm.profile.name: arm.profile for arm in self.policy.arms}
        return dump_profiles([Registration(profile=one) for one in profiles.values()], self.policy)


def tune_bandit(
    candles: Any,
    *,
    space: Any,
    features: Sequence[str] = FEATURES,
    train: float = TRAIN,
    progress: Progress | None = None,
    **given: Any,
) -> BanditTuning:
    """Learn on the first `train` of the entries, judge on the rest; the inputs are those of `sweep`.

    Raises InvalidInput, and Unavailable where river is missing.
    """
    began = time.perf_counter()
    if not 0 < train < 1:
        raise InvalidInput(f"train is {train}", accepted="a share between 0 and 1")
    seed = given.pop("seed", None)
    replays = replay_arms(candles, space=space, features=features, progress=progress, **given)
    replayed = time.perf_counter()
    earlier, later = earlier_and_later(replays.opened_at, replays.closed_at, train)
    known = ~np.isnan(replays.values).any(axis=1)
    for side, rows in (("earlier", earlier & known), ("later", later)):
        if int(rows.sum()) < FEWEST_ENTRIES:
            found = f"{int(rows.sum())} {side} entries with all features"
            raise InvalidInput(found, accepted=f"at least {FEWEST_ENTRIES}: more entries, or another share to train on")
    learned = learn(replays.values[earlier], replays.rewards[earlier], replays.features)
    base = replays.shared.maker.base().profile
    assert base is not None
    policy = ProfilePolicy(
        base=base,
        features=tuple(
            PolicyFeature(name=name, center=float(center), scale=float(scale))
            for name, center, scale in zip(replays.features, learned.center, learned.scale, strict=True)
        ),
        arms=tuple(
            PolicyArm(
                profile=replace(arm.profile, name=f"{arm.profile.name}_{i}"),
                intercept=float(intercept),
                weights=tuple(float(weight) for weight in weights),
            )
            for i, (arm, intercept, weights) in enumerate(
                zip(replays.arms, learned.intercepts, learned.weights, strict=True)
            )
            if arm.profile is not None
        ),
    )
    settings = replays.shared.given.settings
    seed = settings.seed if seed is None else seed
    about = about_of(replays.shared.inputs, replays.shared.given.path)
    return BanditTuning(
        about={
            "method": METHOD,
            "seed": seed,
            "train": train,
            **{name: about[name] for name in ("version", "inputs", "symbols", "timeframe", "start", "end", "bars")},
            "entries": replays.orders_of,
            **{name: about[name] for name in ("warnings", "notes", "repairs", "config")},
        },
        replays=replays,
        policy=policy,
        judged=judge(replays, policy, earlier, later, seed),
        timings={"replay_seconds": replayed - began, "learn_seconds": time.perf_counter() - replayed},
    )


def profile_environment(candles: Any, *, space: Any, features: Sequence[str] = FEATURES, **given: Any) -> Any:
    """The replays of a space's arms as a gymnasium environment. Raises Unavailable where gymnasium is missing."""
    from exitbrain.tuning.environment import ProfileChoice

    replays = replay_arms(candles, space=space, features=features, **given)
    return ProfileChoice(replays.values, replays.rewards)


def replay_arms(
    candles: Any,
    *,
    space: Any,
    features: Sequence[str] = FEATURES,
    config: Any = None,
    paths: str | None = None,
    environment: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    **given: Any,
) -> Replays:
    """Every arm on every entry, each a position of its own."""
    tell = progress or (lambda stage, share: None)
    tell("reading", 0.0)
    if paths not in (None, "adverse", "favorable"):
        raise InvalidInput(f"paths is {paths!r}", accepted="adverse or favorable")
    _check_features(features)
    read = read_space(space)
    _check_space(read)
    settings = load_config(config, os.environ if environment is None else environment)
    shared = Shared(Given(candles=candles, settings=settings, path=paths, **given), read)
    inputs = shared.inputs
    if inputs.rows:
        orders, orders_of = orders_of_file(inputs.rows), "the entries file"
    else:
        base = replace(inputs, registry=only(shared.maker.base().profile))
        orders, orders_of = orders_of_fills(netting_run(base, paths)), f"the entry fills of {read.bases[0]}"
    arms = tuple(_arms(shared))
    runs = [_outcomes(shared, shared.maker.base(), orders)]
    for i, arm in enumerate(arms):
        runs.append(_outcomes(shared, arm, orders))
        tell("replaying", (i + 1) / len(arms))
    keys = sorted(set().union(*runs), key=lambda key: (min(run[key][0] for run in runs if key in run), key))
    missing = (0, 0, np.nan)
    rewards = np.array([[run.get(key, missing)[2] for run in runs] for key in keys]).reshape(len(keys), len(runs))
    values = _values(shared, orders, keys, tuple(features))
    return Replays(
        features=tuple(features),
        arms=arms,
        opened_at=np.array([min(run[key][0] for run in runs if key in run) for key in keys], dtype=np.int64),
        closed_at=np.array([max(run[key][1] for run in runs if key in run) for key in keys], dtype=np.int64),
        values=values,
        rewards=rewards[:, 1:],
        base=rewards[:, 0],
        shared=shared,
        orders_of=orders_of,
    )


def _check_features(features: Sequence[str]) -> None:
    if isinstance(features, str) or not features:
        raise InvalidInput(f"features are {described(features)}", accepted="names of features")
    for name in features:
        problem = feature_problem(name)
        if problem is not None:
            raise InvalidInput(problem[0], accepted=problem[1])
        if list(features).count(name) > 1:
            raise InvalidInput(f"feature {name} twice", accepted="each once")


def _check_space(space: Space) -> None:
    """Arms are profiles: a policy may not move what a stop is made of."""
    if not space.bases:
        raise InvalidInput(space.problem(("space",), "a bandit without a base", "base: a profile's name, or several"))
    for one in space.dimensions:
        if not one.of_profile:
            found = f"{one.key} is a setting, and a policy chooses among profiles"
            raise InvalidInput(space.problem(("space", one.key), found, "keys of a profile"))
    size = grid_size(space.axes)
    if size is None or size > MOST_ARMS:
        found = "arms without a step" if size is None else f"{size} arms"
        raise InvalidInput(space.problem(("space",), found, f"at most {MOST_ARMS} combinations of listed values"))


def _arms(shared: Shared) -> list[Configuration]:
    axes = shared.space.axes
    grid = Grid(axes)
    made, refused = [], []
    for number in range(len(grid)):
        values = {axis.key: axis.value(place) for axis, place in zip(axes, grid.point(number), strict=True)}
        try:
            made.append(shared.maker.make(values))
        except InvalidInput as error:
            refused += error.problems
    if not made:
        raise InvalidInput(*refused)
    return made


def _outcomes(shared: Shared, arm: Configuration, orders: Orders) -> dict[str, tuple[int, int, float]]:
    """Opened, closed and R by the key of the entry."""
    assert arm.profile is not None
    inputs = replace(shared.inputs, registry=only(arm.profile))
    sets: list[BookedSet] = independent_run(inputs, orders, shared.given.path, already_taken=not shared.inputs.rows)
    columns = set_columns(sets)
    return {
        one.lifecycle.rows[0].fill.reason or "": (
            int(columns.opened_at[i]),
            int(columns.closed_at[i]),
            float(columns.r_multiple[i]),
        )
        for i, one in enumerate(sets)
        if int(columns.closed_at[i]) != STILL_OPEN
    }


def _values(shared: Shared, orders: Orders, keys: Sequence[str], names: Sequence[str]) -> Floats:
    """Features at the close before each entry's bar."""
    settings = run_settings(shared.given.settings, shared.inputs.plan, path=shared.given.path)
    found: dict[str, list[float]] = {}
    for symbol, own in orders.items():
        market = shared.inputs.markets[symbol]
        table = feature_table(market, settings)
        columns = {name: table.column(name) for name in names if name != SIDE}
        for order in own:
            at = order.bar - 1
            found[order.tag] = [
                float(order.terms.side) if name == SIDE else float(columns[name][at]) if at >= 0 else np.nan
                for name in names
            ]
    return np.array([found[key] for key in keys], dtype=np.float64).reshape(len(keys), len(names))


def judge(replays: Replays, policy: ProfilePolicy, earlier: Any, later: Any, seed: int) -> dict[str, Any]:
    """On the later entries that every arm took: means and differences with intervals clustered by time, and words."""
    choices = np.array([_place(policy, replays.features, row) for row in replays.values])
    rewards = np.column_stack([replays.rewards, replays.base])
    fixed = int(np.nanargmax(np.nanmean(replays.rewards[earlier], axis=0)))
    rows = later & ~np.isnan(rewards).any(axis=1)
    if not rows.any():
        raise InvalidInput("no later entry that every arm took and closed", accepted="more entries, or fewer arms")
    clusters = clusters_of(replays.opened_at[rows])
    own = rewards[np.arange(len(rewards)), choices][rows]
    best, base = rewards[rows, fixed], rewards[rows, -1]
    figures = {
        "policy_r": clustered_mean(own, clusters, seed),
        "base_r": clustered_mean(base, clusters, seed),
        "best_fixed_r": clustered_mean(best, clusters, seed),
        "policy_less_base_r": clustered_mean(own - base, clusters, seed),
        "policy_less_best_fixed_r": clustered_mean(own - best, clusters, seed),
    }
    names = [arm.profile.name for arm in policy.arms]
    counts = np.bincount(choices[rows], minlength=len(names) + 1)
    return {
        "num_entries": len(rewards),
        "num_earlier": int(earlier.sum()),
        "num_later": int(rows.sum()),
        "num_left_between": int(len(rewards) - earlier.sum() - later.sum()),
        "cluster": clusters.unit,
        "num_clusters": clusters.count,
        "best_fixed": names[fixed],
        **{key: value for name, one in figures.items() for key, value in _flat(name, one).items()},
        "choices": {name: int(count) for name, count in zip([*names, "no feature"], counts, strict=True) if count},
        "verdict": _words(figures, clusters, policy.base.name, names[fixed]),
    }


def _place(policy: ProfilePolicy, names: Sequence[str], row: Floats) -> int:
    """The chosen arm's number; one past the last is the base, where a feature is missing."""
    expected = policy.expectations(dict(zip(names, row.tolist(), strict=True)))
    if expected is None:
        return len(policy.arms)
    return max(range(len(expected)), key=lambda arm: (expected[arm], -arm))


def _words(figures: Mapping[str, Estimate], clusters: Clusters, base: str, fixed: str) -> str:
    against_base, against_fixed = figures["policy_less_base_r"], figures["policy_less_best_fixed_r"]
    if clusters.count < FEWEST_CLUSTERS:
        return f"{clusters.count} {clusters.unit}s are too few to judge the policy by"
    amount = f"{_signed(against_base.mean)} R a set [{_two(against_base.low)}, {_two(against_base.high)}]"
    if not against_base.excludes_zero:
        return f"the policy is not distinguishable from {base} on later entries: {amount}"
    if (against_base.mean or 0.0) < 0:
        return f"the policy is worse than {base} on later entries: {amount}"
    if against_fixed.excludes_zero and (against_fixed.mean or 0.0) > 0:
        return f"the policy is better than {base} on later entries, and than always {fixed}: {amount}"
    return f"the policy is better than {base} on later entries, but not than always {fixed}: {amount}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 2) + 0.0:.2f}"


def _flat(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: plain(estimate.mean), f"{name}_low": plain(estimate.low), f"{name}_high": plain(estimate.high)}


def _shown(value: Any) -> Any:
    from exitbrain.config.written import resolved

    return json.loads(json.dumps(resolved(value), default=str))

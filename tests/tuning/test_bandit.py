"""A bandit learns which profile pays where, is judged on entries it never saw, and cannot touch a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from exitbrain import backtest
from exitbrain.cli import main
from exitbrain.config.profiles import load_registry
from exitbrain.core.choosing import PolicyArm, PolicyFeature, ProfilePolicy
from exitbrain.core.registry import DEFAULTS, ProfileRegistry
from exitbrain.errors import InvalidInput
from exitbrain.tuning.bandit import earlier_and_later, learn
from exitbrain.wiring.bandit import tune_bandit

from .worlds import options, write_world

pytest.importorskip("river")
ARMS = "base: [TREND_DEFAULT, CHOP_DEFAULT]\nspace: {}\n"
PROFILES = {profile.name: profile for profile, _ in DEFAULTS}


def test_it_learns_which_arm_pays_where() -> None:
    dice = np.random.default_rng(1)
    values = dice.normal(50, 10, (300, 2))
    z = (values[:, 0] - 50) / 10
    rewards = np.column_stack([0.3 * z, -0.3 * z, np.full(300, -0.1)]) + dice.normal(0, 0.5, (300, 3))
    learned = learn(values, rewards, ("told", "noise"))
    assert learned.weights[:, 0] == pytest.approx([0.3, -0.3, 0.0], abs=0.12)
    assert learned.weights[:, 1] == pytest.approx([0.0, 0.0, 0.0], abs=0.12)
    assert learned.intercepts == pytest.approx([0.0, 0.0, -0.1], abs=0.12)


def test_rows_with_a_missing_feature_or_reward_teach_nothing() -> None:
    dice = np.random.default_rng(2)
    values, rewards = dice.normal(0, 1, (40, 1)), dice.normal(0, 1, (40, 2))
    more = np.vstack([values, [[np.nan]], [[0.5]]]), np.vstack([rewards, [[9.0, 9.0]], [[np.nan, np.nan]]])
    assert learn(*more, ("a",)).weights == pytest.approx(
        learn(np.vstack([values, [[0.5]]]), np.vstack([rewards, [[np.nan, np.nan]]]), ("a",)).weights
    )


@given(
    some.lists(some.tuples(some.integers(0, 50), some.integers(0, 20)), min_size=2, max_size=40), some.floats(0.1, 0.9)
)
def test_what_it_learns_from_is_over_before_what_it_is_judged_by(rows: list[tuple[int, int]], share: float) -> None:
    opened = np.array(sorted(start for start, _ in rows))
    closed = opened + np.array([hold for _, hold in rows])
    earlier, later = earlier_and_later(opened, closed, share)
    assert not (earlier & later).any()
    if earlier.any() and later.any():
        assert closed[earlier].max() < opened[later].min()


def policy(weights: tuple[float, float] = (0.5, -0.5)) -> ProfilePolicy:
    arms = tuple(
        PolicyArm(profile=PROFILES[name], intercept=0.1, weights=(weight,))
        for name, weight in zip(("CHOP_DEFAULT", "RANGE_DEFAULT"), weights, strict=True)
    )
    feature = PolicyFeature(name="adx_14", center=20.0, scale=5.0)
    return ProfilePolicy(base=PROFILES["TREND_DEFAULT"], features=(feature,), arms=arms)


def test_the_highest_expectation_wins_and_the_first_of_equal_ones() -> None:
    assert policy().choose({"adx_14": 25.0}).name == "CHOP_DEFAULT"
    assert policy().choose({"adx_14": 15.0}).name == "RANGE_DEFAULT"
    assert policy().choose({"adx_14": 20.0}).name == "CHOP_DEFAULT"
    assert policy().choose({"adx_14": None}).name == policy().choose({}).name == "TREND_DEFAULT"
    assert policy().expectations({"adx_14": 1e9}) == policy().expectations({"adx_14": 40.0}) == (2.1, -1.9)


def test_without_a_policy_the_registry_selects_as_ever() -> None:
    registry = ProfileRegistry()
    assert registry.choose("X", "s", "TREND", {"adx_14": 99.0}) == registry.select("X", "s", "TREND")
    registry.policy = policy()
    chosen = registry.copy().choose("X", "s", "TREND", {"adx_14": 99.0})
    assert (chosen.profile.name, chosen.score) == ("CHOP_DEFAULT", 1000)


def tuned(folder: Path, **world: Any) -> tuple[dict[str, str], Any]:
    files = write_world(folder, space=ARMS, **world)
    return files, tune_bandit(**files, features=("adx_14", "rsi_14", "side"))


def test_a_run_under_the_policy_file_gives_each_entry_the_profile_that_was_judged(tmp_path: Path) -> None:
    files, made = tuned(tmp_path, bars=960)
    made.to_dir(tmp_path / "out")
    run = backtest(
        files["candles"],
        entries=files["entries"],
        profiles=str(tmp_path / "out" / "policy.yaml"),
        config={
            "account": {"independent": True},
            "instrument": {"tick_size": 0.1, "lot_size": 0.001},
            "exits": {"regime": "NORMAL"},
        },
    )
    replays = pl.read_parquet(tmp_path / "out" / "replays.parquet")
    assert len(run.trade_sets) == len(replays) > 60
    r_of = {name: replays[f"r.{name}"].to_list() for name in ("TREND_DEFAULT_0", "CHOP_DEFAULT_1")}
    chosen = [one.lifecycle.profile for one in run.booked]
    assert set(chosen) >= {"TREND_DEFAULT_0", "CHOP_DEFAULT_1"}
    for i, (name, one) in enumerate(zip(chosen, run.set_columns.r_multiple.tolist(), strict=True)):
        expected = replays["r.base"][i] if name == "TREND_DEFAULT" else r_of[str(name)][i]
        assert one == pytest.approx(expected, abs=2e-3)


def test_no_choice_loosens_a_stop(tmp_path: Path) -> None:
    """Every initial stop is that of a run without a policy, and no stop path ever steps back."""
    files, made = tuned(tmp_path, bars=960)
    (tmp_path / "policy.yaml").write_text(made.policy_text(), encoding="utf-8")
    config = {"account": {"independent": True}, "instrument": {"tick_size": 0.1, "lot_size": 0.001}}
    with_policy = backtest(
        files["candles"], entries=files["entries"], profiles=str(tmp_path / "policy.yaml"), config=config
    )
    without = backtest(files["candles"], entries=files["entries"], config=config)
    stops = [[one.position.opening_ladder.stop for one in run.booked] for run in (with_policy, without)]
    assert stops[0] == stops[1] and len(stops[0]) > 60
    for one in with_policy.booked:
        tightest = max if one.lifecycle.side > 0 else min
        assert one.position.stop_ticks == tightest(one.position.stop_ticks, one.position.opening_ladder.stop)


def test_the_command_tells_and_its_file_is_accepted_by_select(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_world(tmp_path, bars=960, space=ARMS)
    more = ["--method", "bandit", "--feature", "adx_14", "--train", "0.5"]
    written = []
    for out in ("a", "b"):
        assert main(["tune", *options(files), *more, "--out", str(tmp_path / out)]) == 0
        written.append((tmp_path / out / "policy.yaml").read_bytes() + (tmp_path / out / "tune.json").read_bytes())
    assert written[0] == written[1]
    said = capsys.readouterr().out
    assert "policy less base" in said and "later entries" in said
    path = str(tmp_path / "a" / "policy.yaml")
    assert load_registry(path).policy is not None
    assert main(["profiles", "select", "--profiles", path, "--feature", "adx_14=60", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = told["policy"]["expected_r"]
    assert told["selected"] == max(expected, key=lambda name: expected[name]) and told["score"] == 1000
    assert main(["profiles", "select", "--profiles", path]) == 0
    assert "the policy chooses its base, TREND_DEFAULT: no value of adx_14" in capsys.readouterr().out
    assert main(["profiles", "select", "--profiles", path, "--feature", "rsi_14=3"]) == 2
    assert "the policy does not look at rsi_14; accepted: one of adx_14" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"features": ("adx",)}, "unknown feature adx"),
        ({"features": ("bars_held",)}, "bars_held is no number of the market"),
        ({"features": ("regime",)}, "regime is no number of the market"),
        ({"features": ()}, "features are"),
        ({"train": 1.0}, "train is 1.0; accepted: a share between 0 and 1"),
        ({"space": "base: TREND_DEFAULT\nspace: {exits.default_stop_pct: [1, 2]}\n"}, "a policy chooses among profiles"),
        ({"space": "base: TREND_DEFAULT\nspace: {trailing.callback_pct: {low: 0.01, high: 0.02}}\n"}, "arms without a step"),
        ({"space": "space: {exits.time_stop_bars: [1]}\n"}, "a bandit without a base"),
        ({"train": 0.05}, "earlier entries with all features; accepted: at least 20"),
    ],
)  # fmt: skip
def test_what_a_bandit_cannot_do_is_refused(tmp_path: Path, how: dict[str, Any], told: str) -> None:
    files: dict[str, Any] = write_world(tmp_path, space=ARMS)
    with pytest.raises(InvalidInput) as refused:
        tune_bandit(**{**files, **how})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("base: NONE\n  features: []\n  arms: [{profile: A, intercept: 0, weights: []}]", "4:9: no profile is named NONE"),
        ("base: A\n  features: []\n  arms: [{profile: B, intercept: 0, weights: []}]", "no profile is named B"),
        ("base: A\n  features: []\n  arms: [{profile: A, intercept: 0, weights: [1]}]", "arm A has 1 weights"),
        ("base: A\n  features: []\n  arms: []", "policy.arms has 0; accepted: at least 1"),
        ("base: A\n  features: [{name: adx_14, center: 0, scale: 0}]\n  arms: [{profile: A, intercept: 0, weights: [1]}]",
         "policy.features[0].scale is 0; accepted: a number above 0"),
        ("base: A\n  features: [{name: adx14, center: 0, scale: 1}]\n  arms: [{profile: A, intercept: 0, weights: [1]}]",
         "unknown feature adx14; accepted: did you mean adx_14?"),
    ],
)  # fmt: skip
def test_faults_of_a_policy_file_have_a_place(text: str, told: str) -> None:
    head = "profiles:\n  - {name: A, tp_legs: [{r_multiple: 1, size_fraction: 1}]}\npolicy:\n  "
    with pytest.raises(InvalidInput) as refused:
        load_registry(head + text + "\n")
    assert told in str(refused.value)


def test_the_environment_is_one_that_gymnasium_accepts(tmp_path: Path) -> None:
    pytest.importorskip("gymnasium")
    from gymnasium.utils.env_checker import check_env

    from exitbrain.wiring.bandit import profile_environment

    files = write_world(tmp_path, bars=480, space=ARMS)
    environment = profile_environment(**files, features=("adx_14",))
    check_env(environment, skip_render_check=True)
    environment.reset(seed=1)
    total, over, steps = 0.0, False, 0
    while not over:
        _, reward, over, _, info = environment.step(1)
        assert reward == info["rewards"][1]
        total, steps = total + reward, steps + 1
    assert steps > 30

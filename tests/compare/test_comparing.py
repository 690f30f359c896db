"""`compare`: pairing, whipsaw, verdicts, files and refusals (spec M3 M4)."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from exitbrain import backtest, compare
from exitbrain.cli import main
from exitbrain.errors import InvalidInput, Unavailable

from .worlds import options, policy, write_world

MANY = tuple(99.0 if day % 3 else 98.8 for day in range(40))


def test_one_dip_is_paired_and_whipsawed_by_hand(tmp_path: Path) -> None:
    """spec M3 M4"""
    made = compare(policies=[policy(tmp_path, "ladder"), "emergency-only"], **write_world(tmp_path))
    (row,) = made.frame.to_dicts()
    # Half out at 99 (−1), half at 101 (+1); all out at 99 (−2), of 4 at risk.
    assert (row["ladder.pnl"], row["ladder.r"]) == (0.0, 0.0)
    assert (row["emergency-only.pnl"], row["emergency-only.r"]) == (-2.0, -0.5)
    assert row["ladder.exit_reasons"] == ["trim_exit", "take_profit_1"]
    assert row["emergency-only.exit_reasons"] == ["trim_exit"]
    assert row["ladder-emergency-only.difference_r"] == 0.5
    assert row["ladder-emergency-only.difference_pnl"] == 2.0
    ladder, emergency = made.policies
    # 99 + 1 R = 101 is touched within the window: (101 − 99) × quantity closed.
    assert (ladder["whipsaw_count"], ladder["whipsaw_cost"]) == (1, 2.0)
    assert (emergency["whipsaw_count"], emergency["whipsaw_cost"]) == (1, 4.0)
    (pair,) = made.pairs
    assert (pair["share_better"], pair["share_worse"], pair["share_equal"]) == (1.0, 0.0, 0.0)
    assert pair["netting_difference_pnl"] == 2.0
    assert pair["verdict"] == (
        "not distinguishable from noise: ladder minus emergency-only is +0.50 R per set, "
        "from only 1 week of entries (at least 10)"
    )


def test_the_same_policy_twice_differs_by_nothing(tmp_path: Path) -> None:
    """spec M4"""
    made = compare(policies=[policy(tmp_path, "one"), policy(tmp_path, "two")], **write_world(tmp_path, MANY))
    (pair,) = made.pairs
    assert pair["num_pairs"] == 40
    assert pair["share_equal"] == 1.0
    for name in ("difference_r", "difference_pnl", "netting_difference_pnl"):
        assert [pair[name], pair[f"{name}_low"], pair[f"{name}_high"]] == [0.0, 0.0, 0.0]
    assert not pair["distinguishable"] and not pair["netting_distinguishable"]
    assert pair["verdict"].startswith("not distinguishable from noise: one minus two is +0.00 R [0.00, 0.00] per set")


def test_a_planted_effect_is_found_in_either_order(tmp_path: Path) -> None:
    """spec M4"""
    given = write_world(tmp_path, MANY)
    ladder = policy(tmp_path, "ladder")
    (pair,) = compare(policies=[ladder, "emergency-only"], **given).pairs
    (turned,) = compare(policies=["emergency-only", ladder], **given).pairs
    # The exit saves 1 × (101 − dip): 2 on 26 days, 2.2 on 14: 82.8 ÷ 40 ÷ 4 = 0.5175 R.
    assert pair["difference_r"] == pytest.approx(0.5175)
    assert turned["difference_r"] == -pair["difference_r"]
    assert pair["cluster"] == "day" and pair["num_clusters"] == 40
    assert pair["distinguishable"] and turned["distinguishable"] and pair["netting_distinguishable"]
    assert pair["verdict"].startswith("ladder earns more than emergency-only per set: +0.52 R [0.5")
    assert turned["verdict"].startswith("emergency-only earns less than ladder per set: -0.52 R [-0.5")


def test_a_netting_run_is_that_of_backtest_and_a_second_comparison_is_the_same_bytes(tmp_path: Path) -> None:
    given = write_world(tmp_path, MANY)
    policies = [policy(tmp_path, "ladder"), "emergency-only"]
    first = compare(policies=policies, **given).to_dir(tmp_path / "first")
    second = compare(policies=policies, **given).to_dir(tmp_path / "second")
    alone = backtest(**given).to_dir(tmp_path / "alone")
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert {Path("compare.json"), Path("compare.parquet")} < set(names)
    for name in names:
        if name.name != "timings.json":
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    for path in alone.iterdir():
        if path.name != "timings.json":
            assert path.read_bytes() == (first / "ladder" / path.name).read_bytes(), path.name


def test_without_an_entries_file_the_first_policys_fills_are_the_entries(tmp_path: Path) -> None:
    """Same bar, side, quantity and stop: the first policy repeats its own sets exactly (spec M4)."""
    given = write_world(tmp_path, MANY)
    del given["entries"]
    plan = Path(given["plan"]).read_text(encoding="utf-8")
    entry = (
        '  - {id: in, symbol: TST, direction: long, entry_rule: "close < 100.1 and close > 99.9", stop_loss_pct: 2}\n'
    )
    Path(given["plan"]).write_text(plan + entry, encoding="utf-8")
    made = compare(policies=[policy(tmp_path, "ladder"), "emergency-only"], **given)
    netting = made.runs[0].netting
    assert made.frame["ladder.pnl"].to_list() == netting.set_columns.pnl_net.tolist()
    assert made.frame["ladder.r"].to_list() == netting.set_columns.r_multiple.tolist()
    assert len(made.runs[1].outcomes) == len(made.runs[0].outcomes) == len(netting.trade_sets) > 0
    assert made.about["entries"] == "the entry fills of ladder"


def test_entries_are_the_same_whatever_a_policy_did_with_those_before(tmp_path: Path) -> None:
    """No cooldown, count or equity of a policy's own past takes an entry away or sizes it otherwise (spec M4)."""
    given = write_world(tmp_path, MANY)
    rows = Path(given["entries"]).read_text(encoding="utf-8").replace(",quantity,", ",").replace("long,2,", "long,")
    Path(given["entries"]).write_text(rows, encoding="utf-8")
    strict = policy(
        tmp_path,
        "strict",
        "config: {guardrails: {cooldown_bars: 9, max_entries_per_day: 1, max_daily_loss_pct: 0.1}}\n",
    )
    made = compare(policies=["emergency-only", strict], **given)
    assert len(made.runs[1].netting.trade_sets) < 40
    assert [len(run.outcomes) for run in made.runs] == [40, 40]
    # 1% of the initial 100,000 at the stop, each time.
    assert {one.initial_risk for run in made.runs for one in run.outcomes.values()} == {1000.0}


def test_a_policys_config_and_profiles_are_its_own(tmp_path: Path) -> None:
    given = write_world(tmp_path, MANY)
    held = policy(tmp_path, "held", "config: {exits: {time_stop_bars: 1}}\n")
    far = policy(
        tmp_path,
        "far",
        "profiles: [{name: far, regime: NORMAL, tp_legs: [{r_multiple: 9, size_fraction: 1.0, kind: HARD}], trailing: null}]\n",
    )
    made = compare(policies=[policy(tmp_path, "ladder"), held, far], **given)
    configs = [run.netting.about["config"]["exits"] for run in made.runs]
    assert [config["time_stop_bars"] for config in configs] == [None, 1, None]
    assert [config["regime"] for config in configs] == ["NORMAL"] * 3
    assert {one.exit_reasons for one in made.runs[1].outcomes.values()} == {("time_stop",)}
    assert len(made.pairs) == 3
    assert not any("take_profit_1" in one.exit_reasons for one in made.runs[2].outcomes.values())


def test_the_command_prints_fits_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = options(write_world(tmp_path, MANY))
    arguments = ["compare", *given, "--policy", policy(tmp_path, "ladder"), "--policy", "emergency-only", "--out"]
    monkeypatch.chdir(tmp_path)
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        assert main([*arguments, "out"]) == 0
        said = capsys.readouterr().out
        assert max(len(line) for line in said.splitlines()) <= width
        assert "ladder earns more than emergency-only per set: +0.52 R" in said
        for label in ("whipsaws", "whipsaw cost", "fees", "max drawdown", "net P&L", "net R", "expectancy"):
            assert label in said
    assert main([*arguments, "out", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("out") == "out"
    assert told == json.loads(Path("out/compare.json").read_text(encoding="utf-8"))
    assert pl.read_parquet("out/compare.parquet").height == 40
    assert Path("out/ladder/trade_sets.json").is_file() and Path("out/emergency-only/trade_sets.json").is_file()


REFUSED = {
    "one policy": (["name: a\n"], "one policy"),
    "a name twice": (["name: a\n", "name: A\n"], "policy A twice"),
    "an unknown key": (["name: a\n", "name: b\nrewrit: none\n"], ":2:1: unknown key rewrit; accepted: rewrite"),
    "an unknown setting": (
        ["name: a\n", "name: b\nconfig:\n  exits:\n    regme: NORMAL\n"],
        ":4:5: unknown key exits.regme; accepted: regime",
    ),
    "a plan's unknown feature": (
        [
            "name: a\n",
            "name: b\nplan: {plan_id: x, triggers: [{id: t, symbol: TST, direction: exit, exit_rule: nope}]}\n",
        ],
        "nope",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_policies_end_in_one_line_and_nothing_written(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, words = REFUSED[name]
    given = options(write_world(tmp_path))
    chosen = []
    for number, text in enumerate(texts):
        path = tmp_path / f"policy{number}.yaml"
        path.write_text(text, encoding="utf-8")
        chosen += ["--policy", str(path)]
    assert main(["compare", *given, *chosen, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1
    assert words in said.err and "; accepted: " in said.err
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_without_arch_the_way_to_install_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "arch", None)
    with pytest.raises(Unavailable, match=r"pip install 'exitbrain\[stats\]'"):
        compare(policies=[policy(tmp_path, "ladder"), "emergency-only"], **write_world(tmp_path))


def test_a_run_without_risk_triggers_says_that_nothing_was_rewritten(tmp_path: Path) -> None:
    given = write_world(tmp_path)
    del given["plan"]
    made = compare(policies=[policy(tmp_path, "ladder"), "emergency-only"], **given)
    assert "emergency-only: its plan has no risk_reduce or risk_off to rewrite" in made.about["notes"]


def test_paths_of_another_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="paths"):
        compare(policies=["emergency-only"], paths="sideways", **write_world(tmp_path))


def test_real_candles_pair_every_set_of_the_first_policy(test_data: Path, tmp_path: Path) -> None:
    """spec M4"""
    candles = test_data / "1h" / "binance_spot_ETHUSDT_1h_20190101_20241231.parquet"
    plan = {
        "plan_id": "p",
        "triggers": [
            {"id": "up", "symbol": "ETHUSDT", "direction": "long", "entry_rule": "crosses_above(close, ema_100)"},
            {
                "id": "trim", "symbol": "ETHUSDT", "direction": "exit", "category": "risk_reduce",
                "exit_fraction": 0.33, "exit_rule": "rsi_14 < 42",
            },
        ],
    }  # fmt: skip
    made = compare(
        str(candles),
        plan=plan,
        config={"instrument": {"symbol": "ETHUSDT"}},
        policies=[{"name": "ladder"}, "emergency-only"],
    )
    (pair,) = made.pairs
    netting = made.runs[0].netting
    assert pair["num_pairs"] == len(netting.trade_sets) > 100
    assert pair["num_clusters"] > 100 and pair["difference_r_low"] < pair["difference_r"] < pair["difference_r_high"]
    assert made.frame["ladder.r"].to_list() == pytest.approx(netting.set_columns.r_multiple.tolist())

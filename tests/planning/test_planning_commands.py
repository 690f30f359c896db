"""`exitbrain profiles` and `exitbrain plan show`, as they stand on a terminal of 80 and of 120 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from exitbrain.cli.plan import plan_app
from exitbrain.cli.profiles import profiles_app
from exitbrain.errors import InvalidInput

HERE = Path(__file__).parent
PROFILES, PLAN = str(HERE / "profiles.yaml"), str(HERE / "plan.yaml")

app = typer.Typer()
app.add_typer(plan_app, name="plan")
app.add_typer(profiles_app, name="profiles")


def run(*arguments: str, columns: int = 80, **env: str):
    return CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns), **env})


def printed(*arguments: str, columns: int = 80) -> str:
    result = run(*arguments, columns=columns)
    assert result.exit_code == 0, result.output or result.exception
    return "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"


SHOWN = {
    "trend_long": ("plan", "show", "TREND_DEFAULT", "--entry", "50000", "--side", "long", "--stop", "2%"),
    "normal_short": ("plan", "show", "normal_default", "--entry", "3000", "--side", "short", "--tick", "0.01"),
    "everything": ("plan", "show", PROFILES, "--profile", "EVERYTHING", "--entry", "50000", "--side", "short"),
    "chandelier": ("plan", "show", PROFILES, "--profile", "CHANDELIER", "--entry", "0.07", "--stop", "0.0683",
                   "--qty", "10000"),
    "merged": ("plan", "show", "NORMAL_DEFAULT", "--entry", "3000", "--qty", "0.02", "--lot", "0.001",
               "--tick", "0.01", "--min-notional", "20"),
    "wide_numbers": ("plan", "show", "TREND_DEFAULT", "--entry", "98765432.1", "--qty", "12345.678", "--stop", "1.37%"),
    "strategy_plan": ("plan", "show", PLAN, "--entry", "50000"),
    "in_r": ("profiles", "show", "EVERYTHING", "--profiles", PROFILES),
    "list": ("profiles", "list"),
    "select": ("profiles", "select", "--symbol", "BTCUSDT", "--regime", "TRENDING", "--profiles", PROFILES),
}  # fmt: skip


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", SHOWN)
def test_the_terminal_shows_what_it_always_showed(name: str, columns: int) -> None:
    found = printed(*SHOWN[name], columns=columns)
    assert found == (HERE / "snapshots" / f"{name}_{columns}.txt").read_text(encoding="utf-8")


NARROW = [name for name in SHOWN if name not in ("wide_numbers", "strategy_plan", "list")]
WIDTHS = [(name, columns) for name in SHOWN for columns in (80, 100, 120, 200)] + [(name, 60) for name in NARROW]


@pytest.mark.parametrize(("name", "columns"), WIDTHS)
def test_no_line_is_wider_than_the_terminal(name: str, columns: int) -> None:
    assert max(map(len, printed(*SHOWN[name], columns=columns).splitlines())) <= columns


def test_a_terminal_without_the_signs_gets_ascii() -> None:
    result = CliRunner(charset="ascii").invoke(app, SHOWN["everything"], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.exception
    assert result.output.isascii() and "####" in result.output


def test_nothing_is_colored_when_piped() -> None:
    assert "\x1b" not in printed(*SHOWN["trend_long"])


def test_the_ladder_of_two_percent_as_json() -> None:
    """spec P6 P7: fees are 2 bps resting and 5 bps at market; the trail's first stop is 51500 × 0.98 = 50470"""
    found = json.loads(printed(*SHOWN["trend_long"], "--json"))
    assert (found["initial_stop"], found["risk_per_unit"], found["opening_fee"]) == ("49000", "1000", "25")
    legs = {leg.pop("leg"): leg for leg in found["legs"]}
    assert legs["TP1"] == {
        "kind": "TP", "order": "SOFT", "r": 0.5, "price": "50500", "trigger_pct": 0.01, "size_pct": 0.15,
        "quantity": "0.15", "fee": "1.515", "pnl": "75", "total": "48.485",
    }  # fmt: skip
    assert [legs[name]["price"] for name in ("TP2", "TP3", "TRAIL", "SL")] == ["51000", "52000", "51500", "49000"]
    assert (legs["TRAIL"]["pnl"], legs["TRAIL"]["fee"]) == ("164.5", "8.83225")  # 470 × 0.35; 50470 × 0.35 × 5 bps
    assert (legs["SL"]["pnl"], legs["SL"]["total"]) == ("-1000", "-1049.5")
    assert found["trail"]["callbacks"] == [
        {"from_price": "51500", "callback_pct": 0.02},
        {"from_price": "53000", "callback_pct": 0.015},
        {"from_price": "55000", "callback_pct": 0.01},
    ]


def test_a_default_stop_is_scaled_by_the_regime_that_the_profile_is_for() -> None:
    """spec P4: TREND 2.5% × 0.8, VOLATILE 2.5% × 1.5; an asked regime outranks it"""
    for name, regime, stop in (
        ("TREND_DEFAULT", [], "98"),
        ("VOLATILE_DEFAULT", [], "96.25"),
        ("TREND_DEFAULT", ["--regime", "NORMAL"], "97.5"),
    ):
        assert json.loads(printed("plan", "show", name, "--json", *regime))["initial_stop"] == stop


def test_several_profiles_are_told_apart_by_selection() -> None:
    found = json.loads(printed("plan", "show", PROFILES, "--symbol", "BTCUSDT", "--json"))
    assert (found["profile"], found["symbol"]) == ("EVERYTHING", "BTCUSDT")
    found = json.loads(printed("plan", "show", PROFILES, "--symbol", "ETHUSDT", "--regime", "TREND", "--json"))
    assert found["profile"] == "TREND_DEFAULT"  # */*/TREND scores 1, CHANDELIER's */*/* 0


def test_a_strategy_plan_shows_its_triggers_and_the_ladder_of_its_regime() -> None:
    found = json.loads(printed(*SHOWN["strategy_plan"], "--json"))
    assert [trigger["id"] for trigger in found["plan"]["triggers"]] == ["breakout", "trim", "crash"]
    assert (found["profile"], found["symbol"], found["initial_stop"]) == ("TREND_DEFAULT", "BTCUSDT", "49000")


def test_select_tells_every_candidate_with_its_score() -> None:
    """spec P3"""
    found = json.loads(printed(*SHOWN["select"], "--json"))
    assert (found["selected"], found["score"], found["regime"]) == ("EVERYTHING", 100, "TREND")
    assert [(row["score"], row["name"]) for row in found["candidates"]] == [
        (100, "EVERYTHING"), (1, "TREND_DEFAULT"), (0, "CHANDELIER"),
    ]  # fmt: skip


def test_list_and_show_and_validate_speak_json() -> None:
    assert [row["name"] for row in json.loads(printed("profiles", "list", "--json"))] == [
        "TREND_DEFAULT", "RANGE_DEFAULT", "VOLATILE_DEFAULT", "CHOP_DEFAULT", "NORMAL_DEFAULT",
    ]  # fmt: skip
    shown = json.loads(printed("profiles", "show", "EVERYTHING", "--profiles", PROFILES, "--json"))
    assert shown["stop_moves"][2] == {"after_leg": 3, "to": 1.5, "fees": False}
    assert shown["mappings"][0]["symbol"] == "BTCUSDT"
    checked = json.loads(printed("profiles", "validate", PROFILES, "--json"))
    assert [profile["name"] for profile in checked["profiles"]] == ["EVERYTHING", "CHANDELIER"]
    assert "2 profiles, no fault" in printed("profiles", "validate", PROFILES)


def test_a_wide_trail_is_never_looser_than_the_stop(tmp_path: Path) -> None:
    """spec P8: 101 × 0.8 lies below the stop at 98, so the runner's first exit is 98: -2 × 0.5"""
    file = tmp_path / "wide.yaml"
    file.write_text(
        "profiles:\n- name: WIDE\n  tp_legs: [{r_multiple: 2, size_fraction: 0.5}]\n"
        "  trailing: {callback_pct: 0.2, activation_r: 0.5}\n"
    )
    found = json.loads(printed("plan", "show", str(file), "--stop", "98", "--json"))
    assert found["legs"][1]["pnl"] == "-1"


def test_a_position_of_one_lot_is_drawn_without_bars(tmp_path: Path) -> None:
    """spec F17: half of one lot is none, and without a trail the stop alone holds it"""
    file = tmp_path / "half.yaml"
    file.write_text("profiles:\n- name: HALF\n  tp_legs: [{r_multiple: 2, size_fraction: 0.5}]\n")
    found = printed("plan", "show", str(file), "--lot", "1")
    assert "no whole lot" in found and "█" not in found


@pytest.mark.parametrize("command", ["list", "show", "validate", "select"])
def test_every_profiles_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: exitbrain profiles {command}" in " ".join(printed("profiles", command, "--help").split())


def test_plan_show_has_help_with_an_example() -> None:
    assert "Example: exitbrain plan show TREND_DEFAULT" in printed("plan", "show", "--help")


BAD = [
    (("plan", "show", "TREND_DEFALT"), "did you mean TREND_DEFAULT"),
    (("plan", "show", "nowhere.yaml"), "no such file or profile"),
    (("plan", "show", PROFILES), "--profile with one of EVERYTHING, CHANDELIER"),
    (("plan", "show", PROFILES, "--profile", "CHANDELLIER"), "did you mean CHANDELIER"),
    (("plan", "show", "TREND_DEFAULT", "--entry", "fifty"), "entry_price is 'fifty'"),
    (("plan", "show", "TREND_DEFAULT", "--stop", "101"), "a stop below 100"),
    (("plan", "show", "TREND_DEFAULT", "--side", "short", "--stop", "99"), "a stop above 100"),
    (("plan", "show", "TREND_DEFAULT", "--stop", "0%"), "above 0"),
    (("plan", "show", "TREND_DEFAULT", "--side", "up"), "LONG or SHORT"),
    (("plan", "show", "TREND_DEFAULT", "--qty", "0.1", "--lot", "1"), "at least one lot of 1"),
    (("plan", "show", "TREND_DEFAULT", "--tick", "0"), "above 0"),
    (("plan", "show", "TREND_DEFAULT", "--fees", "1,2,3"), "MAKER,TAKER"),
    (("plan", "show", "TREND_DEFAULT", "--regime", "TRED"), "regime"),
    (("profiles", "show", "TREND"), "one of CHOP_DEFAULT"),
    (("profiles", "select", "--regime", "SIDEWAYS"), "regime"),
    (("profiles", "validate", PLAN), "plan_id"),
    (("profiles", "validate", "nowhere.yaml"), "no such file"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=lambda value: str(value)[-60:])
def test_a_faulty_call_is_refused_with_what_would_be_accepted(arguments, message) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, InvalidInput), result.exception
    assert message in str(result.exception)
    assert not result.output.strip()

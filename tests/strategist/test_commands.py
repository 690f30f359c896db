"""The commands: a clear word and a status, whatever is missing; nothing is promoted without consent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exitbrain.cli import main

from . import worlds
from .worlds import every_eight_hours


@pytest.fixture(scope="module")
def candles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Bars to judge on, and the same with two days more."""
    whole = worlds.drifting([0.0006] * 77)
    folder = tmp_path_factory.mktemp("bars")
    files = folder / "judged_1h.parquet", folder / "whole_1h.parquet"
    whole.head(75 * 24).write_parquet(files[0])
    whole.write_parquet(files[1])
    return files


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def one(*words: object, home: bool = True) -> tuple[int, str, str]:
        more = ["--home", "home"] if home else []
        status = main(["strategist", *map(str, words), *more])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return status, told.out, told.err

    return one


def written(tmp_path: Path, **changes: Any) -> Path:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(every_eight_hours(**changes)))
    return file


NO_MODEL = {
    "no model is named": [],
    "no key for openai: set OPENAI_API_KEY": ["--model", "openai:x"],
    "no key for anthropic: set ANTHROPIC_API_KEY": ["--model", "anthropic:x"],
}


@pytest.mark.parametrize("words", NO_MODEL)
def test_without_a_model_or_a_key_there_is_a_word_and_a_way(words: str, run: Any, candles: Any, tmp_path: Path) -> None:
    """Issue 6: exit status 3, one line, and what works without."""
    pytest.importorskip("pydantic_ai", reason="the extra llm is not installed")
    status, out, err = run("propose", "--candles", candles[0], "--out", "plan.yaml", *NO_MODEL[words])
    assert (status, out) == (3, "") and len(err.splitlines()) == 1
    assert words in err and "--from-template STYLE needs no model" in err
    assert not (tmp_path / "plan.yaml").exists()


def test_a_template_needs_neither_package_nor_home(
    run: Any, candles: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pydantic_ai", None)
    asked = ["propose", "--candles", candles[0], "--out", "plan.yaml"]
    status, out, err = run(*asked, "--from-template", "trend", home=False)
    assert (status, err) == (0, "") and "6 triggers, from template trend; prompts 1 (" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.yaml"]
    status, _, err = run(*asked, "--model", "openai:x", home=True)
    assert status == 3 and 'pip install "exitbrain[llm]"' in err


BAD = {
    "an unknown style": (["--from-template", "trned"], "did you mean trend?"),
    "a model for a template": (["--from-template", "trend", "--model", "openai:x"], "a template asks no model"),
    "a provider that is none": (["--model", "x"], "openai:MODEL or anthropic:MODEL"),
    "no time": (["--model", "openai:x", "--timeout", "0"], "--timeout is 0"),
    "no recording": (["--replay", "nowhere.json"], "nowhere.json: no such file"),
    "no folder to write in": (["--from-template", "trend", "--out", "no/plan.yaml"], "no/plan.yaml: cannot be written"),
    "caps of another kind": (["--from-template", "trend", "--caps", "caps.yaml"], "caps.yaml:1"),
    "another portfolio": (["--from-template", "trend", "--portfolio", "portfolio.yaml"], "portfolio.yaml:1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_a_line(name: str, run: Any, candles: Any, tmp_path: Path) -> None:
    (tmp_path / "caps.yaml").write_text("max_stop_los_pct: 3\n")
    (tmp_path / "portfolio.yaml").write_text("position: []\n")
    more, words = BAD[name]
    status, out, err = run("propose", "--candles", candles[0], "--out", "plan.yaml", *more)
    assert (status, out) == (2, "") and words in err and len(err.splitlines()) == 1, err
    assert not (tmp_path / "plan.yaml").exists()


def test_a_plan_comes_into_force_by_the_operators_word_alone(run: Any, candles: Any, tmp_path: Path) -> None:
    """Issue 6: through the command line."""
    file = written(tmp_path)
    review = ["review", file, "--days", "12", "--shadow-bars", "24", "--candles"]
    assert run("promote", file)[2] == (
        "this plan was never reviewed, or it was changed since; accepted: exitbrain strategist review F --candles F\n"
    )
    status, out, err = run(*review, candles[0])
    assert (status, err) == (0, "")
    word = out.split()[-1]
    for more in ([], ["--consent", "000000000000"], ["--consent", ""], ["--consent", word, "--to", "active"]):
        status, out, err = run("promote", file, *more)
        assert (status, out) == (2, "") and "accepted: " in err
    status, out, _ = run("promote", file, "--consent", word, "--operator", "anna")
    assert status == 0 and "quarantine → shadow by anna" in out
    status, _, err = run(*review, candles[0])
    assert status == 2 and "shadow: 0 bars have closed since the plan was judged" in err
    status, out, _ = run(*review, candles[1])
    status, out, _ = run("promote", file, "--consent", out.split()[-1], "--operator", "anna", "--json")
    assert status == 0 and json.loads(out)["state"] == "active"
    assert "active" in run("list")[1] and "shadow → active by anna" in run("show", file)[1]
    status, out, _ = run("withdraw", file, "--operator", "anna", "--note", "done")
    assert status == 0 and "active → retired by anna" in out


def test_a_terminal_is_asked_for_the_word(run: Any, candles: Any, tmp_path: Path, monkeypatch: Any) -> None:
    file = written(tmp_path)
    run("review", file, "--days", "12", "--candles", candles[0])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for typed, status in (("yes", 2), ("", 2)):
        monkeypatch.setattr("typer.prompt", lambda *_, **__: typed)  # noqa: B023
        assert run("promote", file)[0] == status
    monkeypatch.setattr("typer.prompt", lambda text, **_: text.split()[1])
    assert run("promote", file)[0] == 0


def test_a_plan_that_is_refused_says_so_under_its_file(run: Any, candles: Any, tmp_path: Path) -> None:
    file = written(tmp_path, global_view="ok \x1b[2J")
    status, out, err = run("review", file, "--candles", candles[0])
    assert (status, out) == (2, "")
    assert err.startswith(f"{file}: words: global_view: global_view has '\\x1b'") and "\x1b" not in err
    file.write_text("plan_id: x\ntriggers: 5\n")
    status, out, err = run("review", file, "--candles", candles[0])
    assert status == 2 and "schema: " in err


def test_the_prompts_can_be_read(run: Any) -> None:
    status, out, _ = run("prompts", "--json", home=False)
    told = json.loads(out)
    assert status == 0 and set(told) == {"version", "sha256", "texts"} and "system.md" in told["texts"]
    assert told["sha256"] in run("prompts", home=False)[1]

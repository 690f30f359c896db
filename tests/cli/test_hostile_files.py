"""Hostile plans, profiles, policies, configs, entries and fills: status 2, a line a problem, nothing written (spec F2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fuzz_documents import KINDS, campaign

from .worlds import World

BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
HOSTILE: dict[str, bytes] = {
    "nested YAML": b"a: " + b"[" * 50_000,
    "nested JSON": b'{"a":' * 10_000,
    "deep list in JSON": b"[" * 100_000 + b"]" * 100_000,
    "aliases that multiply": BOMB.encode(),
    "an alias of itself": b"a: &a [*a]\n",
    "a tag of Python": b"!!python/object/apply:os.system ['true']\n",
    "a key twice": b'{"x": 1,\n "x": 2}',
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": -Infinity}',
    "a huge whole number": b'{"x": ' + b"9" * 5_000 + b"}",
    "a huge exponent": b'{"x": 1e999999999}',
    "half of a surrogate pair": b'{"x": "\\ud800"}',
    "a surrogate as bytes": b'{"x": "\xed\xa0\x80"}',
    "only a byte order mark": b"\xef\xbb\xbf",
    "a mark and blanks": b"\xef\xbb\xbf \n",
    "another mark": "{}".encode("utf-16"),
    "nulls": b"\x00" * 100,
    "an escape code": b'{"\x1b[2J": 1}',
    "line breaks in a key": b'{"a\\nb\\u2028c": 1}',
    "nothing": b"",
    "blanks": b" \n\t\n",
    "no-break spaces": b"\xc2\xa0\n",
    "a megabyte and one": b"{" + b" " * 1_048_576,
    "two documents": b"a: 1\n---\nb: 2\n",
}
COMMANDS = {
    "plan": ("plan", "lint", "FILE"),
    "profiles": ("profiles", "list", "--profiles", "FILE"),
    "config": ("backtest", "--candles", "TST_1h.csv", "--entries", "entries.csv", "--config", "FILE", "--out", "out"),
    "entries": ("backtest", "--candles", "TST_1h.csv", "--entries", "FILE", "--out", "out"),
    "policy": (
        "compare", "--candles", "TST_1h.csv", "--entries", "entries.csv", "--policy", "FILE", "--policy",
        "emergency-only", "--out", "out",
    ),
    "fills": ("import", "fills", "FILE", "--out", "out"),
}  # fmt: skip


@pytest.mark.parametrize("kind", COMMANDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_a_problem(kind: str, name: str, world: World) -> None:
    path = world.folder / ("hostile.json" if HOSTILE[name].lstrip()[:1] == b"{" else "hostile.yaml")
    path.write_bytes(HOSTILE[name])
    given = {"FILE": path, "TST_1h.csv": world.folder / "TST_1h.csv", "entries.csv": world.folder / "entries.csv"}
    said = world.run(*(given.get(word, word) for word in COMMANDS[kind]))
    assert said.status == 2, said
    assert "Traceback" not in said.err
    told = said.err.splitlines()
    assert 1 <= len(told) <= 25 and all("hostile" in line and "; accepted: " in line for line in told), told
    assert all(line.isprintable() for line in told), told
    assert not (world.folder / "out").exists() and not Path("out").exists()


NAMES = {"a colour": "x\x1b[31m", "turned round": "x\u202eevil", "a bell": "x\x07", "a blank of no width": "x\u200b"}
PLAN = "plan_id: p\ntriggers:\n  - id: {}\n    symbol: {}\n    direction: flat\n    exit_rule: close > 1\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_a_terminal_would_obey_is_refused_where_it_stands(name: str, world: World) -> None:
    """spec F2: line, what was found, what would be accepted; the sign itself is told as an escape"""
    escaped = json.dumps(NAMES[name])
    plans = {3: PLAN.format(escaped, "TST"), 4: PLAN.format("a", escaped), 1: f"plan_id: {escaped}\ntriggers: []\n"}
    for line, text in plans.items():
        said = world.run("plan", "lint", world.write("plan.yaml", text))
        assert said.status == 2 and said.err.isascii()
        assert f"plan.yaml:{line}:" in said.err and "accepted: printable text that is not blank" in said.err, said.err
    for tag, strategy in ((NAMES[name], "s"), ("t", NAMES[name])):
        world.write("entries.csv", "timestamp,side,tag,strategy_id", f"2024-01-01T01:00:00Z,long,{tag},{strategy}")
        said = world.backtest()
        assert said.status == 2 and said.err.isascii(), said.err
        assert "entries.csv:2: " in said.err and "accepted: printable text that is not blank" in said.err, said.err


def test_what_an_older_run_holds_is_told_as_escapes(world: World) -> None:
    world.backtest()
    for file in ("trade_sets.json", "metrics.json"):
        path = world.folder / "out" / file
        path.write_text(path.read_text().replace("breakout", r"x\u001b[31m\u202ey"))
    said = world.run("trades", world.folder / "out", "--expand")
    assert r"x\x1b[31m\u202ey" in said.out and said.out.replace("\n", "").isprintable()


def test_a_plan_over_its_size_is_refused(world: World) -> None:
    """spec T4: 64 KiB"""
    path = world.folder / "plan.yaml"
    path.write_bytes(b"plan_id: p\ntriggers: []\n#".ljust(65_536, b"x"))
    assert world.run("plan", "lint", path).status == 0
    path.write_bytes(path.read_bytes() + b"x")
    said = world.run("plan", "lint", path)
    assert (said.status, said.err.splitlines()) == (
        2,
        [f"{path}: more than 64 KiB; accepted: a plan of at most that size"],
    )


def test_bent_and_torn_files_bring_no_error_but_the_typed_ones(tmp_path: Path) -> None:
    """spec F2: seconds of `fuzz_documents`"""
    counts = campaign(1_000, seed=3, folder=tmp_path)
    assert set(counts) == set(KINDS)
    assert [findings for _, _, findings in counts.values()] == [0] * len(KINDS), "each is printed above"
    assert all(0 < were_read < files for files, were_read, _ in counts.values())

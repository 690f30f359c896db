"""A request is checked whole before anything is queued; each fault stands beside its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exitbrain.wiring.workbench import RequestRefused, Workbench

from .worlds import PLAN, request

BAD_PLAN = PLAN.replace("category: other", "category: nope")
PROFILE = """profiles:
- name: SCALP
  tp_legs:
  - {r_multiple: 0.5, size_fraction: 1, kind: HARD}
"""


@pytest.mark.parametrize(
    ("change", "field", "line"),
    [
        ({"candles": None}, "candles", None),
        ({"candles": "NOPE"}, "candles", None),
        ({"candles": 7}, "candles", None),
        ({"candles": []}, "candles", None),
        ({"candles": "../TST_1h.csv"}, "candles", None),
        ({"candles": "/nowhere/x.csv"}, "candles", None),
        ({"candles": "a\x00b"}, "candles", None),
        ({"entries": None}, "entries", None),
        ({"entries": "timestamp,side\nx,long\n"}, "entries", 2),
        ({"entries": [{"timestamp": "2024-01-01", "side": "up"}]}, "entries", 2),
        ({"entries": [1]}, "entries", None),
        ({"plan": BAD_PLAN}, "plan", 4),
        ({"plan": "triggers: [\n"}, "plan", 2),
        ({"plan": 5}, "plan", None),
        ({"plan": "plan.yaml"}, "plan", None),
        ({"profiles": "profiles:\n- {name: X}\n"}, "profiles", 2),
        ({"profiles": ["NOPE"]}, "profiles", None),
        ({"config": {"sedd": 1}}, "config", None),
        ({"config": "account:\n  sizing: {mode: nope, value: 1}\n"}, "config", 2),
        ({"paths": "sideways"}, "paths", None),
        ({"repair": "yes"}, "repair", None),
        ({"label": "x" * 201}, "label", None),
        ({"kind": "sweep"}, "kind", None),
        ({"policies": ["emergency-only"]}, "policies", None),
        ({"kind": "compare"}, "policies", None),
        ({"kind": "compare", "policies": ["emergency-only", {"nam": "x"}]}, "policies.1", None),
        ({"kind": "compare", "policies": ["emergency-only", "emergency-only"]}, "policies", None),
        ({"candels": "TST"}, "candels", None),
    ],
    ids=str,
)
def test_a_fault_is_told_beside_its_field(
    bench: Workbench, change: dict[str, Any], field: str, line: int | None
) -> None:
    with pytest.raises(RequestRefused) as refused:
        bench.submit(request(bench) | change)
    first = refused.value.errors[0]
    assert first.field == field, refused.value.errors
    assert line is None or first.line == line
    assert str(bench.home.folder) not in first.message
    assert bench.store.runs().total == 0
    assert not list(bench.home.jobs.glob("[!l.]*")) and not list(bench.home.jobs.glob(".new-*"))


def test_all_faults_are_told_at_once(bench: Workbench) -> None:
    with pytest.raises(RequestRefused) as refused:
        bench.submit(request(bench, plan=BAD_PLAN, config={"sedd": 1}, paths="x"))
    assert {one.field for one in refused.value.errors} == {"plan", "config", "paths"}


def test_candles_with_faults_name_their_rows(bench: Workbench) -> None:
    asked = request(bench)
    broken = (bench.home.candles / "TST_1h.csv").read_text().replace(",104.5,99,", ",98,99,")
    (bench.home.candles / "TST_1h.csv").write_text(broken)
    with pytest.raises(RequestRefused) as refused:
        bench.submit(asked)
    assert (refused.value.errors[0].field, refused.value.errors[0].line) == ("candles", 5)


def test_a_request_may_be_checked_without_being_queued(bench: Workbench) -> None:
    assert bench.submit(request(bench), validate_only=True).is_new
    assert bench.store.runs().total == 0 and not list(bench.home.jobs.glob("[!.]*"))


def test_rows_and_text_of_entries_are_read_alike(bench: Workbench) -> None:
    import csv
    import io

    asked = request(bench)
    rows = list(csv.DictReader(io.StringIO(asked["entries"])))
    by_text = bench.submit(asked, validate_only=True)
    by_rows = bench.submit(asked | {"entries": rows}, validate_only=True)
    assert by_rows == by_text


def test_kept_profiles_can_be_named_in_a_version(bench: Workbench) -> None:
    bench.put_profile("SCALP", PROFILE)
    bench.put_profile("SCALP", PROFILE.replace("0.5", "0.75"))
    newest = bench.submit(request(bench, profiles=["SCALP"]), validate_only=True).run_id
    second = bench.submit(request(bench, profiles=["SCALP@2"]), validate_only=True).run_id
    first = bench.submit(request(bench, profiles=["SCALP@1"]), validate_only=True).run_id
    assert newest == second != first
    with pytest.raises(RequestRefused):
        bench.submit(request(bench, profiles=["SCALP@3"]))


def test_a_profile_is_kept_only_if_it_is_one_and_bears_its_name(bench: Workbench) -> None:
    with pytest.raises(RequestRefused) as refused:
        bench.put_profile("SCALP", "profiles:\n- {name: SCALP}\n")
    assert refused.value.errors[0].line == 2
    with pytest.raises(RequestRefused, match="SCALP"):
        bench.put_profile("OTHER", PROFILE)
    assert bench.store.profiles() == []


@pytest.mark.parametrize("kind", ["plan", "profiles", "config", "entries", "policy"])
def test_texts_are_checked_with_their_lines(bench: Workbench, kind: str) -> None:
    good = {
        "plan": PLAN,
        "profiles": PROFILE,
        "config": "seed: 1\n",
        "entries": "timestamp,side\n2024-01-01,long\n",
        "policy": "name: x\n",
    }
    assert bench.check(kind, good[kind]) == []
    (fault, *_) = bench.check(kind, good[kind] + "\n: [nope\n") if kind != "entries" else bench.check(kind, "side\nx\n")
    assert fault.field == kind and str(bench.home.folder) not in fault.message + str(fault.accepted)
    assert bench.check(kind, "/etc/passwd") and bench.check(kind, "")


def test_candles_are_named_by_the_stem_of_their_file(bench: Workbench, tmp_path: Path) -> None:
    request(bench)
    (bench.home.candles / "notes.txt").write_text("x")
    assert [(one["name"], one["file"]) for one in bench.candle_names()] == [("TST_1h", "TST_1h.csv")]

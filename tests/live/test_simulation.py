"""The laws of the live core over seeded histories (live.md I1-I16, 2.2 L1 and L6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitbrain.core.live import events as e
from exitbrain.live.simulation.campaign import campaign, played_all
from exitbrain.live.simulation.crashing import SCENARIOS, crash_points, crashed
from exitbrain.live.simulation.judging import HEALTHY
from exitbrain.live.simulation.mutants import MUTANTS
from exitbrain.live.simulation.playing import History, played
from exitbrain.live.simulation.shrinking import shrunk, told
from exitbrain.live.simulation.swarm import swarm_of

SEEDS = 1000
FAILED_ONCE = [int(line.split()[0]) for line in (Path(__file__).parent / "failed_once.txt").read_text().splitlines()]


@pytest.mark.parametrize("part", range(4))
def test_no_fault_lays_a_position_bare_turns_it_or_exits_twice(part: int) -> None:
    counts = played_all(range(part * SEEDS // 4, (part + 1) * SEEDS // 4))
    assert not counts.violations
    # Faults did happen, and so did trading.
    assert counts.faults > 1_000 and counts.crashes > 30 and counts.fills > 250 and counts.sends > 700, counts


def test_what_broke_a_law_once_does_not_again() -> None:
    assert not played_all(FAILED_ONCE).violations


def test_a_healthy_venue_sees_a_position_bare_for_less_than_two_seconds() -> None:
    healthy = [played(seed) for seed in range(600) if swarm_of(seed).is_healthy]
    assert len(healthy) > 20 and sum(one.sends for one in healthy) > 100
    assert max(one.naked_most for one in healthy) < HEALTHY


# live.md I7
@pytest.mark.parametrize("seed", [3, 29, 181])
def test_the_same_seed_gives_the_same_history(seed: int) -> None:
    traces = []
    for _ in range(2):
        history = History(seed, swarm_of(seed))
        history.play()
        traces.append(history.trace())
    assert traces[0] == traces[1]


def test_a_history_is_made_of_rows_that_replay_to_its_state() -> None:
    history = History(29, swarm_of(29))
    history.play()
    history.process.verified, history.process.verified_state = (
        0,
        type(history.process.state)(settings=history.process.settings),
    )
    assert history.process.replayed() == history.process.state
    assert any(isinstance(event, e.Started) for _, event, _ in history.process.rows)


@pytest.mark.parametrize(
    "name", ["cancel-before-place", "exit-repeated", "timeout-is-refusal", "stream-only", "wire-first"]
)
def test_planted_bugs_are_seen(name: str) -> None:
    counts = played_all(range(100), name, until_caught=True)
    assert counts.violations, f"{MUTANTS[name].said}: not seen in {counts.seeds} histories"
    # The bug is gone with the run.
    assert not played_all([counts.violations[0].seed]).violations


def test_a_failing_history_is_made_smaller_and_told() -> None:
    from exitbrain.live.simulation.mutants import planted

    with planted("exit-repeated"):
        caught = played_all(range(100), until_caught=True).violations[0]
        smaller = shrunk(caught.seed, caught.law)
        lines = told(caught.seed, smaller)
    assert len(smaller.raised()) < len(swarm_of(caught.seed).raised())
    assert any("Send" in line for line in lines)


def test_a_campaign_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    whole = campaign(tmp_path / "a", 0, 20, 1)
    campaign(tmp_path / "b", 0, 20, 1)
    file = tmp_path / "b" / "chunks.jsonl"
    file.write_text(file.read_text()[:-9])  # cut off by a kill
    again = campaign(tmp_path / "b", 0, 20, 1)
    assert again.line() == whole.line()
    assert (tmp_path / "a" / "chunks.jsonl").read_text() == file.read_text()


# live.md 2.2 L2, a part of it: `exitbrain simulate --crash-points` is all of it
@pytest.mark.parametrize("scenario", ["long, rung", "short, stop met", "long, flattened", "short, turned by hand"])
def test_a_crash_at_any_boundary_leaves_a_position_covered(scenario: str) -> None:
    assert scenario in SCENARIOS
    points = crash_points(scenario, every=7)
    assert len(points) > 40 and {one.times for one in points} == {0, 1, 2}
    assert not [one for one in points if one.said]


def test_every_kind_of_boundary_is_passed() -> None:
    said, passed = crashed("long, rung", (), False)
    assert not said and set(passed) == {"before row", "row", "before send", "sent", "venue applied"}


def test_a_request_that_goes_out_before_its_row_is_seen_by_some_crash_point() -> None:
    assert any(one.said for one in crash_points("long, rung", "wire-first", every=5))

"""The monitor as a process of its own, against a venue in another one; the venue's log is the judge."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from exitbrain.wiring.live.places import WORDS
from live.processes import (
    CONFIG,
    Venue,
    command,
    environment,
    monitor_process,
    venue_process,
    wait_until,
)

pytest.importorskip("aiohttp")
COVERED_WITHIN = 5.0  # I1, after a kill
# Bounds are those of a machine with a core to spare; on a loaded one everything takes longer.
SLOW = max(1.0, 1.5 * os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    with venue_process(tmp_path_factory.mktemp("venue")) as one:
        yield one


@pytest.fixture(autouse=True)
def _flat(venue: Venue) -> Iterator[None]:
    yield
    for path in ("/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders"):
        venue.signed("DELETE", path, symbol="BTCUSDT")
    quantity = venue.standing().quantity
    if quantity:
        venue.enter("SELL" if quantity > 0 else "BUY", str(abs(quantity)))


def watchdog_log(home: Path) -> str:
    file = home / "live" / "watchdog.log"
    return file.read_text() if file.exists() else ""


def test_a_position_is_covered_and_its_stops_outlive_an_orderly_end(venue: Venue, tmp_path: Path) -> None:
    venue.enter("BUY", "0.020")
    with monitor_process(tmp_path / "home", venue) as monitor:
        wait_until(
            lambda: venue.standing().own_stops == 2 and venue.standing().takes > 0, 15 * SLOW, lambda: monitor.log
        )
        assert monitor.stop() == 0, monitor.log
    standing = venue.standing()
    assert standing.is_covered and standing.own_stops == 2
    assert "Traceback" not in monitor.log


def test_killed_at_any_moment_it_covers_again_within_five_seconds(venue: Venue, tmp_path: Path) -> None:
    """I1, I3: a kill -9 at different moments after an entry, each time a fresh process."""
    home = tmp_path / "home"
    with monitor_process(home, venue) as first:
        wait_until(lambda: "stream is open" in first.log, 20 * SLOW, lambda: first.log)
        venue.enter("BUY", "0.010")
        first.kill()
    took = [_covered_again(venue, home, side, moment) for side, moment in (("SELL", 0.0), ("BUY", 0.15), ("SELL", 0.4))]
    assert max(took) <= COVERED_WITHIN * SLOW, took


def _covered_again(venue: Venue, home: Path, side: str, moment: float) -> float:
    """Seconds from a start until what is open is covered; then it enters the other way, and dies a `moment` later."""
    with monitor_process(home, venue) as monitor:
        wait_until(lambda: venue.standing().is_covered, 15 * SLOW, lambda: monitor.log)
        took = time.monotonic() - monitor.started_at
        assert abs(venue.standing().quantity) <= Decimal("0.010")
        venue.enter(side, "0.010")
        wait_until(lambda: venue.standing().own_stops == 0, 15 * SLOW, lambda: monitor.log)
        venue.enter(side, "0.010")
        time.sleep(moment)
        monitor.kill()
    return took


def test_in_shadow_it_says_what_it_would_do_and_sends_nothing(venue: Venue, tmp_path: Path) -> None:
    venue.enter("BUY", "0.010")
    before = venue.log()
    keys = {"EXITBRAIN_VENUE_API_KEY": "venue-sim", "EXITBRAIN_VENUE_API_SECRET": "venue-sim"}
    with monitor_process(tmp_path / "home", venue, mode="shadow", **keys) as monitor:
        wait_until(lambda: "would place stop" in monitor.log, 15 * SLOW, lambda: monitor.log)
        assert "would place disaster stop" in monitor.log and "would place take 1" in monitor.log
        assert monitor.stop() == 0
    after = venue.log()
    assert (after["orders"], after["algo_orders"]) == (before["orders"], before["algo_orders"])


def test_the_kill_file_pauses_takes_and_keeps_stops(venue: Venue, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "KILL").touch()
    venue.enter("BUY", "0.010")
    with monitor_process(home, venue) as monitor:
        wait_until(lambda: venue.standing().own_stops == 2, 15 * SLOW, lambda: monitor.log)
        time.sleep(1)
        assert venue.standing().takes == 0
        (home / "KILL").unlink()
        wait_until(lambda: venue.standing().takes > 0, 10 * SLOW, lambda: monitor.log)
        (home / "KILL").touch()
        wait_until(lambda: venue.standing().takes == 0, 10 * SLOW, lambda: monitor.log)
        assert venue.standing().is_covered


def test_once_protects_what_is_open_and_ends(venue: Venue, tmp_path: Path) -> None:
    venue.enter("SELL", "0.010")
    with monitor_process(tmp_path / "home", venue, "--once") as monitor:
        assert monitor.process.wait(30) == 0, monitor.log
    assert venue.standing().is_covered and venue.standing().own_stops == 2


def test_a_second_monitor_of_the_same_journal_does_not_start(venue: Venue, tmp_path: Path) -> None:
    """I14."""
    with monitor_process(tmp_path / "home", venue) as first:
        wait_until(lambda: "stream is open" in first.log, 20 * SLOW, lambda: first.log)
        with monitor_process(tmp_path / "home", venue) as second:
            assert second.process.wait(30) == 3, second.log
            assert "Traceback" not in second.log


def test_the_watchdog_places_the_last_stop_where_no_monitor_is_left(venue: Venue, tmp_path: Path) -> None:
    """L5: nobody but the watchdog is there when a position opens."""
    home = tmp_path / "home"
    config = CONFIG.replace("watchdog: false", "watchdog: true")
    with monitor_process(home, venue, config=config) as monitor:
        wait_until(lambda: "stands by" in watchdog_log(home), 20 * SLOW, lambda: monitor.log)
        monitor.kill()
    venue.enter("BUY", "0.010")
    assert not venue.standing().is_covered
    try:
        wait_until(lambda: venue.standing().is_covered, 15 * SLOW)
        assert venue.standing().own_stops == 0
        assert "has no stop at the venue" in watchdog_log(home)
        # A monitor that comes back takes it for its own last resort, and ends in peace with its watchdog.
        with monitor_process(home, venue, config=config) as monitor:
            wait_until(lambda: venue.standing().own_stops == 1, 15 * SLOW, lambda: monitor.log)
            assert monitor.stop() == 0
        wait_until(lambda: "has ended" in watchdog_log(home), 10 * SLOW)
    finally:
        (home / "live" / "heartbeat.json").write_text('{"at": 0, "ended": true}')


def test_live_asks_for_the_words_once_for_each_key(venue: Venue, tmp_path: Path) -> None:
    home = tmp_path / "home"
    keys = {"EXITBRAIN_VENUE_API_KEY": "venue-sim", "EXITBRAIN_VENUE_API_SECRET": "venue-sim"}
    venue.enter("BUY", "0.010")
    for words, status in (((), 2), (("--consent", "yes"), 2), (("--consent", WORDS), 0), ((), 0)):
        with monitor_process(home, venue, "--once", *words, mode="live", **keys) as monitor:
            assert monitor.process.wait(60 * SLOW) == status, monitor.log
            assert "venue-sim" not in monitor.log or status == 0
        assert venue.standing().is_covered == (status == 0)


REFUSALS = [
    (("--mode", "live"), {}, 3, "EXITBRAIN_VENUE_API_KEY and EXITBRAIN_VENUE_API_SECRET not set"),
    (("--mode", "live"), {"EXITBRAIN_VENUE_API_KEY": "k", "EXITBRAIN_VENUE_API_SECRET": "s"}, 2, "without consent"),
    (("--mode", "fast"), {}, 2, "live.mode"),
    (("--mode", "paper"), {"EXITBRAIN_EXITS__DEFAULT_STOP_PCT": "12"}, 2, "a last stop beyond the plan's"),
    (("--mode", "paper", "--url", "https://fapi.binance.com"), {}, 2, "where orders are real"),
    (("--mode", "paper", "--url", "https://fapi.binance.com."), {}, 2, "where orders are real"),
    (("--mode", "paper", "--url", "http://example.com"), {}, 2, "is not encrypted"),
    (("--mode", "paper", "--url", "http://127.0.0.1:99999"), {}, 2, "http://host:port"),
    (("--mode", "paper", "--url", "http://127.0.0.1:9"), {}, 3, "does not answer"),
    (("--mode", "paper", "--candles", "missing.csv"), {}, 2, "missing.csv"),
]


@pytest.mark.parametrize(("words", "variables", "status", "said"), REFUSALS)
def test_what_cannot_be_is_refused_in_one_line(
    words: tuple[str, ...], variables: dict[str, str], status: int, said: str, tmp_path: Path
) -> None:
    import subprocess

    ran = subprocess.run(
        command("live", "--no-serve", "--for", "5", *words), env=environment(tmp_path / "home", **variables),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == status, ran.stderr
    assert said in ran.stderr and "Traceback" not in ran.stderr


@pytest.mark.parametrize(("option", "said"), [("--hedge-mode", "hedge mode"), ("--withdrawals", "may withdraw")])
def test_an_account_that_is_not_safe_to_trade_is_refused(option: str, said: str, tmp_path: Path) -> None:
    with (
        venue_process(tmp_path, option) as one,
        monitor_process(tmp_path / "home", one) as monitor,
    ):
        assert monitor.process.wait(30) == 2, monitor.log
        assert said in monitor.log and one.log()["orders"] == []


def doctor(home: Path, *words: str, **variables: str) -> tuple[int, dict[str, bool]]:
    import json
    import subprocess

    ran = subprocess.run(
        command("doctor", "--json", *words), env=environment(home, **variables), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, {one["subject"]: one["ok"] for one in json.loads(ran.stdout)["findings"]}


def test_the_doctor_tells_whether_a_monitor_could_start(venue: Venue, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("{timeframe", f"{{mode: paper, url: '{venue.url}', timeframe"))
    status, found = doctor(tmp_path / "home", "--config", str(config))
    asked = ("profiles and plan", "journal", "disk", "kill switch", "clock", "contracts", "account", "key", "positions")
    assert status == 0 and all(found[one] for one in (*asked, "account's stream")), found
    (tmp_path / "home" / "KILL").touch()
    status, found = doctor(tmp_path / "home", "--live", "--mode", "live")
    assert status == 3 and not found["venue"] and not found["kill switch"], found

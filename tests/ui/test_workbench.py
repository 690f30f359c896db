"""The workbench in a real browser: start a run, watch it, open it, and understand one of its sets."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from .conftest import AXE
from .worlds import text_of

pytestmark = pytest.mark.browser
SERIOUS = ("serious", "critical")


def fill_in(page: Any, label: str) -> None:
    page.get_by_label("sol-15m").check()
    page.get_by_label("Plan", exact=True).fill(text_of("plan.yaml"))
    page.get_by_label("Written here").check()
    page.get_by_label("Profiles as YAML").fill(text_of("profiles.yaml"))
    page.get_by_label("Config", exact=True).fill(text_of("config.yaml"))
    page.get_by_label("Label (optional)").fill(label)


def asked(server: str, path: str) -> Any:
    with urlopen(server + path) as answer:
        return json.load(answer)


def set_of(server: str, run_id: str, legs: int) -> dict[str, Any]:
    """The first set of the run that has so many legs."""
    page = asked(server, f"/api/runs/{run_id}/trade_sets?page_size=1000")
    return next(row for row in page["items"] if row["num_legs"] == legs)


def until(page: Any, holds: str) -> None:
    """Asked again and again from here: the page's policy forbids a script to be made from text inside it."""
    deadline = time.monotonic() + 60
    while not page.evaluate(holds):
        assert time.monotonic() < deadline, holds
        page.wait_for_timeout(50)


def colors(page: Any, canvas: str) -> int:
    return int(
        page.evaluate(
            """(name) => { const seen = new Set(); for (const c of document.querySelectorAll(name)) {
            if (!c.width || !c.height) continue;
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]); }
            return seen.size }""",
            canvas,
        )
    )


def test_a_run_is_started_watched_and_opened(visit: Any) -> None:
    page = visit().go("/runs")
    page.get_by_role("link", name="Start a run").click()
    fill_in(page, "watched")
    page.get_by_text("Checked: no fault found.").first.wait_for()
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/runs/r*")
    bar = page.get_by_role("progressbar", name="Share of the run that is done")
    bar.wait_for()
    # It moves by itself, told by the server.
    until(page, "Number(document.querySelector('.under-way progress')?.value ?? 1) > 0")
    page.wait_for_selector("#sets .set-row:not(.heads)", timeout=240_000)
    assert "watched" in page.get_by_role("heading", level=1).inner_text()
    assert any("TradeSets" in tile for tile in page.locator(".tile").all_inner_texts())
    page.get_by_role("link", name="Backtests").first.click()
    assert "done" in page.locator("table.runs tbody tr", has_text="watched").inner_text()


def test_faults_stand_beside_their_fields(visit: Any) -> None:
    one = visit()
    page = one.go("/runs/new")
    page.get_by_label("Plan", exact=True).fill("plan_id: x\ntriggers:\n- id: a\n  symbol: B\n  direction: up\n")
    told = page.locator("#plan-findings")
    told.wait_for()
    assert "Line 5, column 14" in told.inner_text() and "accepted: long, short" in told.inner_text()
    page.get_by_label("Paths on the server").fill("/nowhere.csv")
    page.get_by_role("button", name="Start the run").click()
    page.get_by_role("alert").wait_for()
    assert "/nowhere.csv" in page.locator("#candles-findings").inner_text()
    assert page.locator("#plan-findings").inner_text() != ""
    page.get_by_label("Plan", exact=True).fill("")
    until(page, "document.querySelector('#plan-findings') === null")
    # The browser itself notes each refused request.
    one.faults[:] = [fault for fault in one.faults if "422" not in fault]


def test_a_run_is_cancelled_and_nothing_is_kept(visit: Any) -> None:
    page = visit().go("/runs/new")
    fill_in(page, "cancelled")
    page.get_by_label("Config", exact=True).fill(text_of("config.yaml") + "seed: 11\n")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/runs/r*")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The run was cancelled").wait_for()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the run").click()
    page.wait_for_url("**/runs")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_set_of_four_legs_unfolds_to_its_legs_and_chart(
    visit: Any, server: str, run_id: str, scheme: str, width: int
) -> None:
    four = set_of(server, run_id, 4)
    page = visit(scheme, width).go(f"/runs/{run_id}?q={four['set_id']}")
    until(page, "document.querySelectorAll('#sets button.toggle').length === 1")
    page.locator("button.toggle").click()
    page.wait_for_selector(".candle-chart canvas")
    legs = page.locator(".set-detail table.legs").first.locator("tbody tr")
    assert legs.count() == 4
    page.wait_for_timeout(500)
    assert colors(page, ".candle-chart canvas") > 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert f"opened={four['set_id']}" in page.url


def test_filters_stand_in_the_address_and_count_what_they_leave(visit: Any, server: str, run_id: str) -> None:
    facets = asked(server, f"/api/runs/{run_id}/trade_sets?page_size=1")["facets"]["reason"]
    value, count = next((one["value"], one["count"]) for one in facets if one["value"] == "stop_loss")
    page = visit().go(f"/runs/{run_id}")
    page.locator("#sets").get_by_label("Reason", exact=True).select_option(value)
    until(page, f"location.search === '?reason={value}'")
    until(page, f"document.querySelector('#sets [role=status]').innerText.startsWith('{count} of ')")
    assert "stop loss" in page.locator("#sets .set-row:not(.heads)").first.inner_text()
    with page.expect_download() as saved:
        page.get_by_role("link", name="TradeSets: save as CSV").click()
    assert len(Path(saved.value.path()).read_text(encoding="utf-8").splitlines()) == count + 1


def test_a_pair_is_shown_field_for_field_as_the_paired_trade_of_old(visit: Any, server: str, run_id: str) -> None:
    """spec L5; the numbers are the server's, the row shows each of them."""
    two = set_of(server, run_id, 2)
    pair = two["paired"]
    page = visit().go(f"/runs/{run_id}?q={two['set_id']}")
    until(page, "document.querySelectorAll('#sets button.toggle').length === 1")
    row = page.locator("#sets .set-row:not(.heads)").inner_text().replace(",", "")
    for field in ("entry_trigger", "exit_trigger"):
        assert pair[field].replace("_", " ") in row
    for field in ("entry_timestamp", "exit_timestamp"):
        assert pair[field][:16].replace("T", " ") in row
    for field in ("symbol", "side", "entry_price", "exit_price"):
        assert pair[field] in row
    for field in ("fees", "risk", "pnl"):
        assert f"{abs(float(pair[field])):.2f}" in row
    assert f"{abs(pair['r_multiple']):.2f}" in row


def test_rows_are_reached_and_opened_by_keyboard(visit: Any, run_id: str) -> None:
    page = visit().go(f"/runs/{run_id}")
    page.wait_for_selector("#sets .cell-symbol b")
    page.locator("button.toggle").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".set-detail")
    assert page.locator("button.toggle[aria-expanded=true]").get_attribute("data-toggle") == "1"


def test_the_page_of_a_set_tells_who_beat_whom(visit: Any, server: str, run_id: str) -> None:
    decisions = asked(server, f"/api/runs/{run_id}/decisions?outcome=lost&page_size=1")["items"]
    lost = decisions[0]
    page = visit().go(f"/runs/{run_id}/sets/{lost['set_id']}")
    line = page.locator(".asked.lost").first
    line.wait_for()
    assert f"lost to {lost['winner']}" in line.inner_text()
    line.locator("summary").click()
    for guard in lost["guards"]:
        assert guard.replace("_", " ") in line.locator(".guards").inner_text()
    page.wait_for_selector(".candle-chart.large canvas")
    shown = "document.querySelector('.crumbs > code')?.innerText"
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    until(page, f"{shown} && {shown} !== {json.dumps(lost['set_id'])}")
    page.keyboard.press("ArrowLeft")
    until(page, f"{shown} === {json.dumps(lost['set_id'])}")


def test_the_chart_asks_for_more_candles_as_one_goes_away(visit: Any, server: str, run_id: str) -> None:
    four = set_of(server, run_id, 4)
    one = visit()
    spans: list[str] = []
    one.page.on("request", lambda r: spans.append(r.url) if "/candles?" in r.url else None)
    page = one.go(f"/runs/{run_id}/sets/{four['set_id']}")
    page.wait_for_selector(".candle-chart.large canvas")
    for _ in range(3):
        page.get_by_role("button", name="Farther").click()
        page.wait_for_timeout(700)
    assert len(spans) > 1
    assert all("max_bars=6000" in url for url in spans)


def test_times_follow_the_zone_that_is_chosen(visit: Any, server: str, run_id: str) -> None:
    start_of = asked(server, f"/api/runs/{run_id}")["start"]
    page = visit(timezone_id="Asia/Tokyo").go(f"/runs/{run_id}")
    page.wait_for_selector(".span")
    assert start_of[:16].replace("T", " ") in page.locator(".span").inner_text()
    page.get_by_text("Local", exact=True).click()
    assert start_of[:16].replace("T", " ") not in page.locator(".span").inner_text()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in ui/")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", ["/runs", "/runs/new", "/runs/{run}?opened={set}", "/runs/{run}/sets/{set}"])
def test_axe_finds_no_serious_fault(visit: Any, server: str, run_id: str, scheme: str, screen: str) -> None:
    four = set_of(server, run_id, 4)
    one = visit(scheme)
    page = one.go(screen.format(run=run_id, set=four["set_id"]))
    page.wait_for_load_state("networkidle")
    # The page's own policy forbids foreign scripts, so the checker comes by way of the debugger.
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found if v["impact"] in SERIOUS] == []

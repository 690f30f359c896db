"""Experiments in a real browser, as `exitbrain serve` shows them: read one that is decided, start one, stop one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import AXE, Served

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Any]:
    """Opens an address in a window of a width and a scheme; nothing may be said on the console."""
    opened, faults = [], []

    def go(path: str, scheme: str = "light", width: int = 1280) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda m: faults.append(m.text) if is_fault(m) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url + path)
        return page

    yield go
    for context in opened:
        context.close()
    assert faults == []


def is_fault(message: Any) -> bool:
    """Every complaint but the browser's own about a refusal that a test provokes."""
    return message.type in ("error", "warning") and "status of 422" not in message.text


def decided(page: Any) -> None:
    page.get_by_role("link", name="what slippage costs").click()
    page.wait_for_selector(".sequence .band")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_an_experiment_is_read(visit: Any, scheme: str, width: int) -> None:
    """Issue 4: verdict, arms with their counts, the sequence with its band, zero and stop, and every set."""
    page = visit("/experiments", scheme, width)
    page.get_by_role("navigation", name="Screens").get_by_role("link", name="Experiments").wait_for()
    decided(page)
    said = page.locator(".verdict .said").inner_text()
    assert re.fullmatch(
        r"quick is better than slow by 0\.\d\d R a set: 95% always-valid interval 0\.\d+ to [\d.]+ R; "
        r"stopped at set \d+ of \d+", said,
    )  # fmt: skip
    counts = page.locator("#arms tbody tr td:nth-child(4)").all_inner_texts()
    total = page.locator("#sets").get_by_role("status").inner_text().split(" of ")[1].split(" ")[0]
    assert sum(map(int, counts)) == int(total) > 200
    chart = page.locator(".sequence svg")
    assert chart.locator(".zero").count() == 1 and chart.locator(".estimate").count() == 1
    stop = re.search(r"stopped at set (\d+)", said)
    assert stop is not None and chart.locator(".stop text").text_content() == f"stopped at set {stop[1]}"
    assert page.locator("#sets tbody tr").count() == 25
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if os.environ.get("EXITBRAIN_SHOTS"):
        page.screenshot(path=f"{os.environ['EXITBRAIN_SHOTS']}/experiment-{scheme}-{width}.png", full_page=True)


def test_the_sets_page_on_and_the_chart_tells_what_is_pointed_at(visit: Any) -> None:
    page = visit("/experiments")
    decided(page)
    page.get_by_role("button", name="Later").click()
    playwright.expect(page.locator("#sets").get_by_role("status")).to_contain_text("26 to 50")
    chart = page.locator(".sequence svg")
    before = page.locator("#sequence .readout").inner_text()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    playwright.expect(page.locator("#sequence .readout")).not_to_have_text(before, use_inner_text=True)
    with page.expect_download() as saved:
        page.locator("#sets").get_by_role("link", name="CSV").click()
    assert Path(saved.value.path()).read_text(encoding="utf-8").startswith("set,symbol,side,opened_at,arm")


def test_sets_are_counted_once_they_are_read(visit: Any) -> None:
    """The server's answers are held back: until a page of sets has come, the one before it is what is shown."""
    page = visit("/experiments")
    under_way: list[Any] = []
    page.route("**/sets?*", lambda route: under_way.append(route))
    decided(page)
    page.get_by_text("Reading the sets.").wait_for()
    status = page.locator("#sets").get_by_role("status")
    assert status.count() == 0
    under_way[0].continue_()
    playwright.expect(status).to_contain_text("1 to 25 of")
    with page.expect_request("**/sets?*"):
        page.get_by_role("button", name="Later").click()
    assert "1 to 25 of" in status.inner_text()
    under_way[1].continue_()
    playwright.expect(status).to_contain_text("26 to 50 of")


def test_one_without_a_verdict_says_so(visit: Any) -> None:
    page = visit("/experiments")
    page.get_by_role("link", name="a wider stop").click()
    page.wait_for_selector(".sequence svg")
    assert page.locator(".verdict .said").inner_text().startswith("not distinguishable yet: as-it-was minus wide is")
    assert page.locator(".sequence .stop").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_an_experiment_is_started_with_its_faults_beside_the_field(visit: Any, width: int) -> None:
    page = visit("/experiments/new", width=width)
    page.get_by_label("Name", exact=True).first.fill(f"from the page {width}")
    page.get_by_label("Entries and candles of").select_option(label="every day (BTCUSDT 4h)")
    second = page.get_by_role("group", name="Second arm")
    second.get_by_label("Settings over those of the run, YAML").fill("exit: 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if os.environ.get("EXITBRAIN_SHOTS"):
        page.screenshot(path=f"{os.environ['EXITBRAIN_SHOTS']}/new-{width}.png", full_page=True)
    with page.expect_response("**/api/experiments") as refused:
        page.get_by_role("button", name="Start the experiment").click()
    assert refused.value.status == 422
    second.locator(".loss").first.wait_for()
    second.get_by_label("Settings over those of the run, YAML").fill("exits: {default_stop_pct: 3}")
    page.get_by_role("button", name="Start the experiment").click()
    page.wait_for_selector(".sequence svg", timeout=60_000)
    assert page.get_by_role("heading", level=1).inner_text() == f"from the page {width}"


def test_one_that_runs_can_be_stopped_once_that_is_meant(visit: Any) -> None:
    """The server's answers are held back, as a replay of this size would be done before one can click."""
    page = visit("/experiments")
    decided(page)
    address = page.url
    fetched = page.request.get(address.replace("/experiments/", "/api/experiments/")).json()
    running = fetched | {"state": "running", "progress": 0.4, "verdict": None, "paired": None, "sequence": []}
    stopped = running | {"state": "stopped", "progress": None}
    asked = []

    def answer(route: Any) -> None:
        if route.request.method == "POST":
            asked.append(route.request.headers.get("x-exitbrain-csrf"))
        route.fulfill(json=stopped if asked else running)

    page.route("**/api/experiments/**", answer)
    page.reload()
    page.get_by_role("button", name="Stop").click()
    assert asked == []
    page.get_by_role("button", name="Stop it").click()
    playwright.expect(page.locator(".verdict")).to_contain_text("stopped by hand")
    assert len(asked) == 1 and asked[0]
    assert page.get_by_role("button", name="Stop").count() == 0


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in ui/")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/experiments", "/experiments/new", "one"])
def test_axe_finds_no_serious_fault(visit: Any, scheme: str, path: str) -> None:
    page = visit("/experiments" if path == "one" else path, scheme)
    page.wait_for_selector("table.experiments" if path != "/experiments/new" else "form")
    if path == "one":
        decided(page)
    if os.environ.get("EXITBRAIN_SHOTS") and path == "/experiments":
        page.screenshot(path=f"{os.environ['EXITBRAIN_SHOTS']}/list-{scheme}.png", full_page=True)
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found if v["impact"] in SERIOUS] == []

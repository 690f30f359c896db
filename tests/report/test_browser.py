"""The page in a real browser, opened from disk without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from exitbrain.report import build_payload, write_report

from . import world

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def executables() -> Iterator[str]:
    if os.environ.get("CHROMIUM"):
        yield os.environ["CHROMIUM"]
    yield from filter(None, map(shutil.which, NAMES))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        path = next(executables(), None)
        if path is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip("no browser: set CHROMIUM, put chromium on PATH, or run `playwright install chromium`")
        opened = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not files("exitbrain").joinpath("web", "report.html").is_file():
        pytest.skip("the page is not built: npm run build in ui/, or install without EXITBRAIN_SKIP_UI")
    return write_report(build_payload(**world.whole()), tmp_path_factory.mktemp("report") / "report.html")


class Visit:
    """One page with all that it logged and all that it asked the network for."""

    def __init__(self, browser: Any, report: Path, scheme: str, width: int, hash: str = "") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda r: self.faults.append(r.url) if r.url.startswith("http") else None)
        self.page.goto(report.as_uri() + hash)
        self.page.wait_for_selector(".set-row")


@pytest.fixture
def visit(browser: Any, report: Path) -> Iterator[Any]:
    visits: list[Visit] = []

    def open_page(scheme: str = "light", width: int = 1280, hash: str = "") -> Visit:
        visits.append(Visit(browser, report, scheme, width, hash))
        return visits[-1]

    yield open_page
    for one in visits:
        one.context.close()
        assert one.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_tiles_and_unfolds_a_set_to_its_legs_and_chart(visit: Any, scheme: str, width: int) -> None:
    page = visit(scheme, width).page
    tiles = page.locator(".tile").all_inner_texts()
    assert any("−25.06" in tile for tile in tiles) and len(tiles) == 16
    assert page.locator("button.toggle").count() == 4
    page.locator("button.toggle").first.click()
    assert page.locator(".candle-chart canvas").count() > 0
    legs = page.locator(".set-detail table.legs").first.locator("tbody tr")
    assert legs.count() == 4
    assert "trailing stop" in legs.nth(3).inner_text() and "+154.05" in legs.nth(3).inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_candle_chart_draws_something(visit: Any) -> None:
    page = visit().page
    page.locator("button.toggle").first.click()
    page.wait_for_timeout(300)
    colors = page.evaluate(
        """() => { const c = document.querySelector('.candle-chart canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const seen = new Set();
        for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]);
        return seen.size }"""
    )
    assert colors > 10


def test_a_pair_is_shown_like_the_paired_trade_of_old(visit: Any) -> None:
    """spec L5: side, triggers, times, prices, quantity, fees, P&L, duration, risk and R in one row."""
    row = visit().page.locator(".set-row:not(.heads)").nth(2).inner_text()
    for part in ("BTCUSDT", "buy", "breakout", "stop loss", "2024-02-29 19:00", "2024-02-29 22:15", "40,300", "39,494",
                 "0.5", "19.95", "−422.95", "3 h 15 m", "403.00", "−1.05"):  # fmt: skip
        assert part in row


def test_filters_live_in_the_address(visit: Any) -> None:
    page = visit(hash="#reason=stop_loss").page
    assert page.locator("button.toggle").count() == 1
    assert page.get_by_role("status").inner_text() == "1 of 4 sets"
    page.get_by_label("Reason", exact=True).select_option("trim_exit")
    page.wait_for_function("location.hash === '#reason=trim_exit'")
    assert "ETHUSDT" in page.locator(".set-row:not(.heads)").inner_text()


def test_rows_are_reached_and_opened_by_keyboard(visit: Any) -> None:
    page = visit().page
    page.locator("button.toggle").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".set-detail")
    assert "opened=golden-2" in page.evaluate("location.hash")


def test_the_zone_switch_changes_the_times(browser: Any, report: Path) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(report.as_uri())
    assert "2024-02-28 18:00" in page.locator(".span").inner_text()
    page.get_by_text("Local", exact=True).click()
    assert "2024-02-29 03:00" in page.locator(".span").inner_text()
    context.close()


def test_a_table_is_saved_with_the_exact_amounts(visit: Any) -> None:
    page = visit().page
    with page.expect_download() as saved:
        page.get_by_role("button", name="Trade legs: save as CSV").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert saved.value.suggested_filename == "trade_legs.csv"
    assert "golden-1.3,BTCUSDT,2024-02-29T14:45:00Z,sell,0.325,40474,6.577025,plan,trailing_stop" in text


def test_a_printed_page_holds_the_rows_and_no_controls(visit: Any) -> None:
    page = visit().page
    page.emulate_media(media="print")
    assert page.locator(".set-row:not(.heads)").count() == 4
    assert not page.locator(".filters").is_visible()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in ui/")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Any, scheme: str) -> None:
    page = visit(scheme, hash="#opened=golden-1").page
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []

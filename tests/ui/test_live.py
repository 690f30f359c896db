"""The Live screen in a real browser, over a store that a monitor of the test keeps alive and that takes what is asked."""

from __future__ import annotations

import csv
import io
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.seeded import SUMMARY, begin, happened, positions
from exitbrain.store import Command, Store

from .conftest import AXE, serving

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")


@dataclass
class Monitor:
    """Beats, and finishes commands as a monitor would: the latch it is asked for is told in the next beat."""

    store: Store
    url: str
    home: Path
    latch: list[dict[str, Any]] = field(default_factory=list)
    taken: list[Command] = field(default_factory=list)
    refuses: str = ""
    fault: str = ""
    silent: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.wait(0.1):
            now = self.store.clock()
            for one in self.store.pending_commands():
                self.taken.append(one)
                if one["kind"] == "latch_set":
                    self.latch = [{"place": "*", "cause": "operator", "at": one["at"]}]
                if one["kind"] == "latch_clear":
                    self.latch = []
                if one["kind"] == "resume":
                    self.fault = ""
                outcome = ("refused", self.refuses) if self.refuses else ("done", "0.7 sold at 51240")
                self.store.finish_command(one["command_id"], now, *outcome)
            if not self.silent:
                self.store.heartbeat("m1", now, SUMMARY | {"latch": self.latch, "fault": self.fault})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str, Path]]:
    place = tmp_path_factory.mktemp("live") / "home"
    with serving(place) as url:
        store = Store.open(f"sqlite:///{place / 'store.sqlite3'}")
        yield store, url, place
        store.close()


@pytest.fixture
def monitor(home: tuple[Store, str, Path]) -> Iterator[Monitor]:
    store, url, place = home
    begin(store)
    (place / "KILL").unlink(missing_ok=True)
    one = Monitor(store, url, place)
    thread = threading.Thread(target=one.run)
    thread.start()
    yield one
    one.ended.set()
    thread.join()
    store.end_monitor("m1", store.clock(), "the test is over")


@pytest.fixture
def visit(browser: Any, home: tuple[Store, str, Path]) -> Iterator[Any]:
    """Opens an address in a window of a width and a scheme; nothing may be said on the console but what is awaited."""
    opened: list[Any] = []
    faults: list[str] = []

    def go(path: str, scheme: str = "light", width: int = 1280, refused: bool = False) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") and not refused else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(home[1] + path)
        return page

    yield go
    for context in opened:
        context.close()
    assert faults == []


def judged_clean(page: Any) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS] == []


def shot(page: Any, name: str) -> None:
    if os.environ.get("EXITBRAIN_SHOTS"):
        page.screenshot(path=f"{os.environ['EXITBRAIN_SHOTS']}/{name}.png", full_page=True)


def test_without_a_monitor_the_screen_says_how_to_start(browser: Any, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as url:
        page = browser.new_page()
        page.goto(f"{url}/live")
        expect(page.get_by_text("exitbrain live --mode paper")).to_be_visible()
        expect(page.get_by_role("heading", name=re.compile("Kill switch: off"))).to_be_visible()
        judged_clean(page)
        shot(page, "live-empty")
        page.close()


def test_a_position_shows_its_ladder_stops_and_orders(monitor: Monitor, visit: Any) -> None:
    page = visit("/live")
    expect(page.locator(".mode")).to_have_text("paper")
    expect(page.get_by_text("heard just now")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("ETHUSDT.*short.*no stop for 6.2 s"))).to_be_visible()
    page.get_by_role("button", name="BTCUSDT long: plan and orders").click()
    rungs = page.get_by_role("region", name="Ladder of BTCUSDT").locator("tbody tr")
    expect(rungs).to_have_count(4)
    assert [re.split(r"\t|\n", row)[-1] for row in rungs.all_inner_texts()] == ["Filled", "Placed", "Pending", "waits"]
    orders = page.get_by_role("region", name="Orders of BTCUSDT")
    expect(orders.get_by_role("row", name=re.compile("disaster.*all"))).to_be_visible()
    expect(orders.get_by_role("row", name=re.compile("somebody else’s.*web_77"))).to_be_visible()
    expect(page.locator(".stop-facts")).to_contain_text("Disaster stop")
    assert parse_qs(urlsplit(page.url).query)["open"] == ["BTCUSDT"]
    shared = visit(page.url.removeprefix(monitor.url))
    expect(shared.get_by_role("region", name="Ladder of BTCUSDT")).to_be_visible()


def test_the_screen_follows_what_changes(monitor: Monitor, visit: Any) -> None:
    page = visit("/live")
    row = page.get_by_role("row", name=re.compile("BTCUSDT"))
    expect(row).to_contain_text("51,250.5")
    held = positions(monitor.store.clock())
    monitor.store.put_positions("m1", [held[0] | {"mark_price": "51999", "unrealized_pnl": "1399.30"}])
    expect(row).to_contain_text("51,999")
    expect(row).to_contain_text("+1,399.30")
    expect(page.get_by_role("row", name=re.compile("ETHUSDT"))).to_have_count(0)
    monitor.store.put_positions("m1", [])
    expect(page.get_by_text("Nothing is open.")).to_be_visible()


def test_events_come_as_they_happen_and_can_be_held_and_filtered(monitor: Monitor, visit: Any) -> None:
    page = visit("/live")
    first = page.locator(".happened li").first
    expect(first).to_contain_text("reconciled")
    monitor.store.add_events("m1", [event("fill", "take_profit_2: 0.3 at 52000")])
    expect(first).to_contain_text("take_profit_2: 0.3 at 52000")
    page.get_by_role("button", name="Pause").click()
    monitor.store.add_events("m1", [event("fill", "the runner: 0.1 at 53000")])
    expect(page.get_by_text("1 more since")).to_be_visible()
    expect(first).to_contain_text("take_profit_2")
    page.get_by_role("button", name="Go on").click()
    expect(first).to_contain_text("the runner")
    page.get_by_role("group", name="Kinds of events").get_by_role("button", name="alert").click()
    assert {row.split("\n")[1] for row in page.locator(".happened li").all_inner_texts()} == {"alert"}
    assert parse_qs(urlsplit(page.url).query)["kind"] == ["alert"]
    with page.expect_download() as coming:
        page.locator("#happening-title + span").get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(coming.value.path()).read_text())))
    assert rows and {row["kind"] for row in rows} == {"alert"}


def event(kind: str, text: str) -> Any:
    return {**happened(0, 1)[0], "kind": kind, "text": text, "at": 1_700_000_000_000_000}


def test_a_position_is_flattened_by_preview_and_confirm(monitor: Monitor, visit: Any) -> None:
    page = visit("/live?open=BTCUSDT")
    page.get_by_role("button", name="Flatten BTCUSDT").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("sell 0.7 BTCUSDT at market, reduce-only")).to_be_visible()
    expect(dialog.get_by_text(re.compile(r"This holds for (60|5\d) s"))).to_be_visible()
    judged_clean(page)
    shot(page, "live-flatten")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert monitor.taken == []
    page.get_by_role("button", name="Flatten BTCUSDT").click()
    dialog.get_by_label("Your name").fill("ann")
    dialog.get_by_role("button", name="Close it at market").click()
    expect(dialog.get_by_role("status")).to_be_visible()
    monitor.store.put_positions("m1", [])
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    expect(dialog.get_by_text("The monitor says done: 0.7 sold at 51240.")).to_be_visible()
    assert [(one["kind"], one["by"], one["body"]["epoch"]) for one in monitor.taken] == [("flatten", "ann", 3)]
    dialog.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Flatten: BTCUSDT.*ann.*done"))).to_be_visible()


def test_a_position_that_changed_after_the_preview_is_not_flattened(monitor: Monitor, visit: Any) -> None:
    page = visit("/live?open=BTCUSDT", refused=True)
    page.get_by_role("button", name="Flatten BTCUSDT").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("sell 0.7 BTCUSDT")).to_be_visible()
    held = positions(monitor.store.clock())
    monitor.store.put_positions("m1", [held[0] | {"quantity": "0.4"}, held[1]])
    dialog.get_by_role("button", name="Close it at market").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is not what was shown: long 0.4 now")
    assert monitor.taken == []
    dialog.get_by_role("button", name="Look again").click()
    expect(dialog.get_by_text("sell 0.4 BTCUSDT")).to_be_visible()


def test_latch_and_kill_switch_ask_first(monitor: Monitor, visit: Any) -> None:
    page = visit("/live")
    latch = page.get_by_role("region", name="Risk-off latch")
    latch.get_by_role("button", name="Set").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("rate decision")
    judged_clean(page)
    dialog.get_by_role("button", name="Set it").click()
    expect(page.get_by_role("heading", name="Risk-off latch: on")).to_be_visible()
    expect(latch).to_contain_text("portfolio: operator")
    latch.get_by_role("button", name="Clear").click()
    dialog.get_by_role("button", name="Clear it").click()
    expect(page.get_by_role("heading", name="Risk-off latch: off")).to_be_visible()

    page.get_by_role("region", name="Kill switch").get_by_role("button", name="Turn it on").click()
    dialog.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Kill switch: on")).to_be_visible()
    assert (monitor.home / "KILL").exists()
    shot(page, "live-killed")
    page.get_by_role("region", name="Kill switch").get_by_role("button", name="Turn it off").click()
    dialog.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_role("heading", name="Kill switch: off")).to_be_visible()
    assert not (monitor.home / "KILL").exists()
    for _ in range(200):  # the file says it at once, the monitor takes its command later
        if len(monitor.taken) >= 4:
            break
        page.wait_for_timeout(50)
    assert [one["kind"] for one in monitor.taken] == ["latch_set", "latch_clear", "kill", "resume"]
    assert monitor.taken[0]["body"]["note"] == "rate decision" and monitor.taken[0]["by"] == "web"


def test_a_fault_of_the_monitor_is_told_and_it_is_let_go_on(monitor: Monitor, visit: Any) -> None:
    monitor.fault = "rules failed: KeyError: 'x'"
    page = visit("/live")
    told = page.get_by_role("alert").filter(has_text="rules failed: KeyError")
    expect(told).to_be_visible()
    told.get_by_role("button", name="Go on").click()
    judged_clean(page)
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    expect(told).to_have_count(0)
    assert [one["kind"] for one in monitor.taken] == ["resume"]


def test_a_monitor_that_is_silent_is_told(monitor: Monitor, visit: Any) -> None:
    monitor.silent = True
    page = visit("/live")
    monitor.store.heartbeat("m1", monitor.store.clock() - 20_000_000, SUMMARY)
    expect(page.get_by_text("The monitor is silent")).to_be_visible()
    expect(page.get_by_text(re.compile("heard 2. s ago"))).to_be_visible()


def test_everything_is_reached_by_keys(monitor: Monitor, visit: Any) -> None:
    page = visit("/live")
    toggle = page.get_by_role("button", name="BTCUSDT long: plan and orders")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    flatten = page.get_by_role("button", name="Flatten BTCUSDT")
    for _ in range(9):  # the ladder, four words of the stops, the orders
        page.keyboard.press("Tab")
        if flatten.evaluate("one => one === document.activeElement"):
            break
    expect(flatten).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(flatten).to_be_focused()


def test_what_a_figure_means_is_told_to_the_keyboard(monitor: Monitor, visit: Any) -> None:
    page = visit("/live", width=390)
    expect(page.get_by_role("button", name="Orders in doubt")).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Orders in doubt").focus()
    told = page.get_by_role("tooltip")
    expect(told).to_have_text("Ghosts: orders believed absent at the venue that may still show up")
    box = told.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    judged_clean(page)
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)


def test_a_narrow_window_tells_who_asked_and_what_came_of_it_and_the_ids_of_orders(
    monitor: Monitor, visit: Any
) -> None:
    page = visit("/live?open=BTCUSDT", width=390)
    page.get_by_role("region", name="Risk-off latch").get_by_role("button", name="Set").click()
    page.get_by_role("dialog").get_by_role("button", name="Set it").click()
    row = page.get_by_role("row", name=re.compile("Latch set.*web.*done: 0.7 sold at 51240"))
    orders = page.get_by_role("region", name="Orders of BTCUSDT")
    for seen in (row.first.get_by_role("cell").last, orders.locator("tbody code:visible").first):
        box = seen.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_can_be_read_by_all(monitor: Monitor, visit: Any, scheme: str, width: int) -> None:
    page = visit("/live?open=BTCUSDT", scheme, width)
    expect(page.get_by_role("region", name="Orders of BTCUSDT")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator(".scroll-frame[data-hidden]")).to_have_count(0)
    judged_clean(page)
    shot(page, f"live-{scheme}-{width}")

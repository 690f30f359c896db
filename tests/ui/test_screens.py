"""Compare, Profiles and Events in a real browser, over the real server."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import AXE, Served

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, served: Served) -> Iterator[Open]:
    """Opens an address of the workbench; at the end nothing may stand in the console of any page."""
    contexts = []
    faults: list[str] = []

    def open_(path: str, *, scheme: str = "light", width: int = 1280, script: str = "") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Tokyo"
        )
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url + path)
        page.wait_for_selector("h1")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


MINE = """profiles:
- name: {name}
  symbol: SOLO
  tp_legs:
  - {{r_multiple: 1, size_fraction: 0.5, kind: SOFT}}
  - {{r_multiple: {second}, size_fraction: 0.25, kind: HARD}}
  trailing: {{callback_pct: 0.02, activation_r: 1.5}}
"""


def asked(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def read(served: Served, path: str) -> Any:
    with urllib.request.urlopen(served.url + path, timeout=30) as answer:
        return json.load(answer)


def test_two_runs_are_compared(open_page: Open, served: Served) -> None:
    page = open_page("/compare")
    for label in ("first", "second"):
        page.get_by_role("checkbox", name=re.compile(rf"^{label}\b")).check()
    page.wait_for_selector("#figures table")
    assert asked(page)["runs"] == [f"{served.first},{served.second}"]
    assert page.locator(".overlay-chart canvas").count() > 0
    net = page.locator("#figures tbody tr").first
    told = read(served, f"/api/compare?runs={served.second},{served.first}")
    first, second = (run["metrics"]["net_pnl"] for run in reversed(told["runs"]))
    written = [f"{value:+,.2f}".replace("-", "−") for value in (first, second, second - first)]
    assert [part.lstrip("+") in net.inner_text() for part in written] == [True] * 3
    verdict = page.locator(".verdicts li").inner_text()
    assert "second − first" in verdict and "second minus first" in verdict and "pairs" in verdict
    assert "exits.default_stop_pct" in page.locator("#settings").inner_text()
    page.get_by_role("button", name=re.compile("^second")).click()
    assert asked(page)["hide"] == [served.second]
    page.get_by_role("button", name="Make reference: second").click()
    page.locator(".verdicts", has_text="first − second").wait_for()
    assert asked(page)["runs"] == [f"{served.second},{served.first}"]


def test_a_tick_holds_at_once_on_a_slow_machine(open_page: Open, served: Served) -> None:
    """What a box shows is the address: it must be rendered with the click, or the next tick begins from the old one."""
    page = open_page("/compare")
    first, second = (page.get_by_role("checkbox", name=re.compile(rf"^{label}\b")) for label in ("first", "second"))
    second.wait_for()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 20})
    first.check()
    second.check()
    assert asked(page)["runs"] == [f"{served.first},{served.second}"]


def test_policies_are_compared_on_the_entries_of_a_run(open_page: Open) -> None:
    page = open_page("/compare/policies")
    page.get_by_label("Entries and candles of").select_option(label="first (AAA, BBB 1h)")
    page.get_by_role("button", name="Compare 2 policies").click()
    page.wait_for_selector("#policies table", timeout=120_000)
    rows = page.locator("#policies tbody th").all_inner_texts()
    assert rows == ["as-run", "emergency-only"]
    assert "as-run minus emergency-only" in page.locator(".verdicts").inner_text()


def write(page: Any, text: str) -> None:
    page.locator(".editor .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_profile_is_edited_previewed_saved_and_brought_back(open_page: Open, served: Served) -> None:
    page = open_page("/profiles")
    page.get_by_label("Name of a new profile").fill("MINE")
    page.get_by_role("button", name="New profile").click()
    page.wait_for_selector(".ladder-picture svg")
    write(page, MINE.format(name="MINE", second=2))
    picture = page.locator(".ladder-picture svg")
    page.locator("svg[aria-label*='TP2 at 104']").wait_for()
    page.get_by_label("Side").select_option("short")
    page.locator("svg[aria-label*='TP2 at 96']").wait_for()
    assert "short entry at 100: stop 102" in picture.get_attribute("aria-label")
    write(page, MINE.format(name="MINE", second=-2))
    finding = page.get_by_role("list", name="Findings")
    assert "Line 6" in finding.inner_text()
    assert page.locator(".cm-lintRange-error").count() > 0
    assert page.get_by_role("button", name="Save as a new version").is_disabled()
    for version, second in ((1, 2), (2, 3)):
        write(page, MINE.format(name="MINE", second=second))
        page.get_by_label("Note to this version").fill(f"at {second}R")
        page.get_by_role("button", name="Save as a new version").click()
        page.get_by_text(f"Saved as version {version}.").wait_for()
    page.get_by_role("link", name="Versions").click()
    page.wait_for_selector(".diff .cm-deletedChunk")
    assert "r_multiple: 2" in page.locator(".diff .cm-deletedChunk").inner_text()
    page.get_by_role("button", name="Restore version 1").click()
    page.get_by_role("cell", name="restores version 1").wait_for()
    kept = read(served, "/api/profiles/MINE")
    assert (kept["version"], kept["text"]) == (3, MINE.format(name="MINE", second=2))
    page = open_page("/profiles?symbol=SOLO&regime=TREND")
    chosen = page.locator(".selected-row").inner_text()
    assert "MINE" in chosen and "symbol SOLO adds 100" in chosen


def keep(page: Any, version: int) -> None:
    page.get_by_role("button", name="Save as a new version").click()
    page.get_by_text(f"Saved as version {version}.").wait_for()


# As on a machine that is busy with other work: a timer without a delay comes after all that waits for none.
LATE_TIMERS = (
    "const set = window.setTimeout; window.setTimeout = (f, ms, ...rest) => set(f, Math.max(ms ?? 0, 120), ...rest)"
)


def test_a_saved_text_stays_in_the_editor_however_late_the_page_hears_of_it(open_page: Open) -> None:
    page = open_page("/profiles/LATE?new=1", script=LATE_TIMERS)
    for version, second in ((1, 2), (2, 3), (3, 4)):
        write(page, MINE.format(name="LATE", second=second))
        keep(page, version)
        assert f"r_multiple: {second}," in page.locator(".cm-content").inner_text()
    assert "new" not in asked(page)


def test_what_is_typed_while_a_save_is_under_way_stays_and_is_saved_after_it(open_page: Open, served: Served) -> None:
    page = open_page("/profiles/TYPED?new=1")
    write(page, MINE.format(name="TYPED", second=2))
    under_way: list[Any] = []
    page.route("**/api/profiles/TYPED", lambda route: route.continue_() if under_way else under_way.append(route))
    save = page.get_by_role("button", name="Save as a new version")
    with page.expect_request("**/api/profiles/TYPED"):
        save.click()
    write(page, MINE.format(name="TYPED", second=3))
    page.locator("svg[aria-label*='TP2 at 106']").wait_for()
    assert save.is_disabled()
    with page.expect_response("**/api/profiles/TYPED"):
        under_way[0].continue_()
    keep(page, 2)
    assert "r_multiple: 3," in page.locator(".cm-content").inner_text()
    assert read(served, "/api/profiles/TYPED")["text"] == MINE.format(name="TYPED", second=3)


def test_the_editor_completes_and_explains(open_page: Open) -> None:
    """Keys and values come from the published schema."""
    page = open_page("/profiles/OTHER?new=1")
    write(page, "profiles:\n- name: OTHER\n  tp_legs:\n  - r_multiple: 1\n    size")
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".cm-tooltip-autocomplete")
    assert "size_fraction" in page.locator(".cm-tooltip-autocomplete li").first.inner_text()
    page.wait_for_timeout(150)  # the editor takes no Enter in a list's first moment
    page.keyboard.press("Enter")
    assert "size_fraction: " in page.locator(".cm-content").inner_text()
    page.get_by_text("r_multiple", exact=True).first.hover()
    assert "multiples of the distance" in page.locator(".schema-tip").inner_text()


def test_performance_tells_rungs_and_excursions(open_page: Open, served: Served) -> None:
    # Runs of other tests may end between the page's reading and ours: then both read again.
    for _ in range(10):
        before = read(served, "/api/profiles/performance?profile=NORMAL_DEFAULT")["items"][0]
        page = open_page("/profiles/NORMAL_DEFAULT?tab=performance")
        page.wait_for_selector("#rungs table")
        told = read(served, "/api/profiles/performance?profile=NORMAL_DEFAULT")["items"][0]
        if told["num_sets"] == before["num_sets"]:
            break
    rung = page.locator("#rungs tbody tr").nth(1).inner_text()
    assert f"{told['rungs'][1]['hit']} of {told['rungs'][1]['planned']}" in rung
    # The sets of each run come by themselves.
    page.wait_for_selector(f'#excursions svg[aria-label^="Scatter of {told["num_sets"]} sets"]')


def test_events_are_filtered_by_facets_and_lead_to_their_sets(open_page: Open, served: Served) -> None:
    page = open_page("/events")
    page.wait_for_selector(".event-list .event-row")
    everything = read(served, "/api/events")
    assert page.get_by_role("status").inner_text() == f"{everything['total']} events"
    reason = everything["facets"]["reason"][0]
    page.get_by_role("button", name=re.compile(f"^{reason['value'].replace('_', ' ')}")).click()
    page.get_by_role("status").filter(has_text=f"{reason['count']} events").wait_for()
    assert asked(page)["reason"] == [reason["value"]]
    assert f"reason={reason['value']}" in page.get_by_role("link", name="CSV").get_attribute("href")
    link = page.locator(".event-row a").first.get_attribute("href")
    event = read(served, f"/api/events?reason={reason['value']}")["items"][0]
    assert link == f"/runs/{event['run_id']}/sets/{event['set_id']}"
    page.get_by_text("Local", exact=True).click()
    assert page.locator(".event-row .when").first.inner_text() != event["time"].replace("T", " ")[:16]


def test_events_of_one_run_and_a_span_of_time_by_address(open_page: Open, served: Served) -> None:
    path = f"run={served.second}&symbol=BBB&from=2024-01-05T00:00:00Z"
    page = open_page(f"/events?{path}")
    page.get_by_text(f"{read(served, f'/api/events?{path}')['total']} events").wait_for()
    assert page.get_by_label("From, UTC").input_value() == "2024-01-05T00:00"
    page.get_by_role("button", name="Show all").click()
    assert asked(page) == {}


PAGES = (
    "/compare?runs={first},{second}",
    "/compare/policies?of={first}",
    "/profiles?symbol=AAA&regime=TREND",
    "/profiles/TREND_DEFAULT",
    "/profiles/TREND_DEFAULT?tab=performance",
    "/events",
)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in ui/")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    open_page: Open, served: Served, path: str, scheme: str, width: int
) -> None:
    page = open_page(path.format(first=served.first, second=served.second), scheme=scheme, width=width)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_table_wider_than_its_window_says_so_and_keeps_the_names_of_its_rows(open_page: Open) -> None:
    page = open_page("/runs", width=390)
    page.locator(".scroll-frame[data-hidden=after]").wait_for()
    frame = page.locator(".scroll-frame")
    name = frame.locator("tbody th").first
    before = name.bounding_box()
    frame.locator(".scroll").evaluate("one => one.scrollTo(one.scrollWidth, 0)")
    page.locator(".scroll-frame[data-hidden=before]").wait_for()
    assert name.bounding_box()["x"] == before["x"]
    last = page.get_by_role("button", name="Delete first").bounding_box()
    assert last["x"] + last["width"] <= 390


PLACES = ("runs", "compare", "profiles", "experiments", "strategist", "live", "events")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_every_screen_fits_its_window_and_its_place_stands_in_view(open_page: Open, width: int) -> None:
    for place in PLACES:
        page = open_page(f"/{place}", width=width)
        page.wait_for_selector("#content section")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
        for link in page.locator(".places a").all():
            box = link.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, (place, link.inner_text())
        assert page.locator(".places [aria-current=page]").get_attribute("href") == f"/{place}"

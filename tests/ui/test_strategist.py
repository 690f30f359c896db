"""Written plans in a real browser: proposed, judged, shown beside what changes, and promoted by a typed word alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import AXE, Served

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
IN_FORCE = re.compile(r"mean_reversion-\d+T\d+")


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Any]:
    """Opens an address in a window of a width and a scheme; nothing may be said on the console."""
    opened, faults = [], []

    def go(path: str, scheme: str = "light", width: int = 1280) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url + path)
        return page

    yield go
    for context in opened:
        context.close()
    assert faults == []


def proposed(page: Any, style: str) -> None:
    """From the list to the page of a plan of a style."""
    form = page.get_by_role("form", name="Propose a plan")
    form.get_by_label("BTCUSDT_4h").check()
    form.get_by_label("Style").select_option(style)
    form.get_by_role("button", name="Write from the template").click()
    page.get_by_role("heading", name=re.compile(f"{style}-")).wait_for()


def shot(page: Any, name: str) -> None:
    if os.environ.get("EXITBRAIN_SHOTS"):
        page.screenshot(path=f"{os.environ['EXITBRAIN_SHOTS']}/{name}.png", full_page=True)


def judged_clean(page: Any) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS] == []


def test_a_plan_is_proposed_judged_and_promoted_by_the_typed_word_alone(visit: Any) -> None:
    """Issue 6: through the page."""
    page = visit("/strategist")
    proposed(page, "balanced")
    standing = page.locator("#standing")
    promote = page.get_by_role("button", name="Promote to shadow")
    assert promote.is_disabled() and "not judged" in standing.inner_text().lower()
    diff = page.get_by_role("region", name="Difference from the plan in force")
    assert diff.locator(".added").count() > 3 and diff.locator(".removed").count() > 3
    assert IN_FORCE.search(page.locator("#difference").inner_text())

    review = page.get_by_role("form", name="Review")
    review.get_by_label("BTCUSDT_4h").check()
    review.get_by_role("button", name="Review").click()
    playwright.expect(promote).to_be_enabled(timeout=120_000)
    assert standing.locator(".passed").count() == 7
    assert page.locator("#evidence tbody tr").count() == 4, "the last days and three windows held out"
    assert page.locator("#lint .findings li.warning").count() >= 1

    promote.click()
    dialog = page.get_by_role("dialog")
    consent = dialog.get_by_role("button", name="I consent")
    word = dialog.locator("code").inner_text()
    for name, typed in (("", word), ("anna", ""), ("anna", "yes"), ("anna", word[:-1])):
        dialog.get_by_label("Your name").fill(name)
        dialog.get_by_label(re.compile("^Type")).fill(typed)
        assert consent.is_disabled(), (name, typed)
    judged_clean(page)
    dialog.get_by_role("button", name="Leave it").click()
    playwright.expect(dialog).to_have_count(0)
    assert "quarantine" in standing.inner_text()

    promote.click()
    dialog.get_by_label("Your name").fill("anna")
    dialog.get_by_label(re.compile("^Type")).fill(word)
    consent.click()
    playwright.expect(page.get_by_role("heading", name="State: in shadow")).to_be_visible()
    assert "quarantine to shadow, by anna" in standing.inner_text()
    assert page.get_by_role("button", name="Put into force").is_disabled(), "no bar came since it was judged"
    page.get_by_role("link", name="All plans").click()
    playwright.expect(page.get_by_role("row", name=re.compile("balanced-.*in shadow"))).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_both_pages_fit_and_can_be_read_by_all(visit: Any, scheme: str, width: int) -> None:
    page = visit("/strategist", scheme, width)
    page.get_by_role("row", name=re.compile("in force")).wait_for()
    page.get_by_text("system.md").click()
    assert "You write a strategy plan" in page.get_by_role("region", name="system.md").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    judged_clean(page)
    shot(page, f"strategist-{scheme}-{width}")
    page.get_by_role("link", name=IN_FORCE).click()
    page.get_by_role("heading", name="State: in force").wait_for()
    assert page.locator("#standing .passed").count() == 9
    assert "plan_id" in page.get_by_role("region", name="Text of the plan").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    judged_clean(page)
    shot(page, f"plan-{scheme}-{width}")

"""The page: one file, whole or not at all, and no text in it can break out of its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.report import build_payload, page, render_report, write_report

from . import world

TEMPLATE = f"<html><body><div></div>{page.SLOT}<script>1</script></body></html>"
HOSTILE = "</script><script>alert(1)</script><!-- <script>"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_template", lambda: TEMPLATE)


def payload() -> dict[str, Any]:
    return build_payload(**world.whole())


def inside(html: str) -> Any:
    found = re.search(r'id="exitbrain-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def test_the_page_carries_the_payload(built: None) -> None:
    assert inside(render_report(payload())) == json.loads(json.dumps(payload()))


def test_no_text_of_a_run_can_end_the_script(built: None) -> None:
    given = payload()
    given["run"]["notes"] = [HOSTILE]
    html = render_report(given)
    assert inside(html)["run"]["notes"] == [HOSTILE]
    assert html.count("<script") == TEMPLATE.count("<script") and "<!--" not in html


def test_equal_payloads_give_equal_pages(built: None, tmp_path: Path) -> None:
    first, second = write_report(payload(), tmp_path / "a.html"), write_report(payload(), tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_report_replaces_the_one_before(built: None, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    write_report(payload(), target)
    assert target.read_text(encoding="utf-8").startswith("<html>")


def test_a_place_that_cannot_be_written_is_bad_input(built: None, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot write"):
        write_report(payload(), tmp_path / "missing" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_was_not_built_is_unavailable_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(page, "files", lambda package: tmp_path)
    with pytest.raises(Unavailable, match="npm run build"):
        write_report(payload(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []

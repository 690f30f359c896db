"""The real server, a real browser, real candles; what the page complains of is a failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from . import worlds

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
PORT = re.compile(r"serving (http://127\.0\.0\.1:\d+)/")


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The address of `exitbrain serve` over a home."""
    if not files("exitbrain").joinpath("web", "index.html").is_file():
        pytest.skip("the page is not built: npm run build in ui/, or install without EXITBRAIN_SKIP_UI")
    command = [sys.executable, "-m", "exitbrain.cli", "serve", "--no-open", "--home", str(home), "--port", free_port()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield address_of(process)
        finally:
            process.terminate()
            process.wait(timeout=30)


@dataclass(frozen=True)
class Served:
    url: str
    first: str
    second: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The home of made runs and experiments."""
    made = worlds.made(tmp_path_factory.mktemp("made") / "home")
    with serving(made.home) as url:
        yield Served(url, made.first, made.second)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[tuple[str, str]]:
    """The home of real candles and a run over them: its address and the run's id."""
    home = tmp_path_factory.mktemp("real") / "home"
    run_id = worlds.real(home, test_data)
    with serving(home) as url:
        yield url, run_id


@pytest.fixture
def server(real: tuple[str, str]) -> str:
    return real[0]


@pytest.fixture
def run_id(real: tuple[str, str]) -> str:
    return real[1]


def free_port() -> str:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := PORT.search(line):
            return found[1]
    raise AssertionError("the server ended before it listened")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if path is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip("no browser: set CHROMIUM, put chromium on PATH, or run `playwright install chromium`")
        opened = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@dataclass
class Visit:
    """A page with all that it complained of; what a test expects to be refused, it takes out of `faults`."""

    page: Any
    server: str
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda r: None if r.url.startswith(self.server) else self._elsewhere(r.url))

    def _elsewhere(self, url: str) -> None:
        if url.startswith("http"):
            self.faults.append(url)

    def go(self, path: str) -> Any:
        self.page.goto(self.server + path)
        return self.page


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Callable[..., Visit]]:
    visits: list[tuple[Any, Visit]] = []

    def open_page(scheme: str = "light", width: int = 1280, **more: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        one = Visit(context.new_page(), server)
        one.page.set_default_timeout(60_000)
        one.listen()
        visits.append((context, one))
        return one

    yield open_page
    for context, one in visits:
        context.close()
        assert one.faults == []

"""The table of a run with 50,000 TradeSets, scrolled through in a real browser.

    python benchmarks/scrolling.py [--sets 50000] [--home DIR] [--throttle 1]

A run of dice (benchmarks/run_page.py) is served by `exitbrain serve` and opened in Chromium at 1280 by 900, drawn without
a graphics card. Each way of scrolling is a gesture that the browser makes at an even speed. Frames are what
requestAnimationFrame counts, in milliseconds from one to the next. In each frame the top, the middle and the bottom of
the window are looked at: a row is awaited where its place is there and its cells are not, and missing where there is
not even a place. A jump sets the scroll position at once, as one does who drags the bar, and ends with the row's cells.
With --home the home is kept, and used again where it is there. --throttle slows the page's processor so many times.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from run_page import RUN, fill

from exitbrain.wiring.workbench import Workbench

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ADDRESS = re.compile(r"serving (http://127\.0\.0\.1:\d+)/")
HEIGHT = 900
# Pixels a second, seconds.
GESTURES = {"reading": (1_000, 8), "wheel": (5_000, 8), "flick": (20_000, 8)}
WHOLE_SECONDS = 30
JUMPS = 40
RECORD = """() => {
  const kept = { frames: [], awaited: [], missing: [], going: true };
  window.recorded = kept;
  const list = document.querySelector('.set-list');
  let before = null;
  const seen = (y) => {
    const box = list.getBoundingClientRect();
    if (y < box.top || y > box.bottom) return 'outside';
    const item = document.elementFromPoint(box.left + 200, y)?.closest('.set-item');
    return item ? (item.querySelector('.cell-symbol') ? 'shown' : 'awaited') : 'missing';
  };
  const frame = (now) => {
    if (!kept.going) return;
    if (before !== null) {
      const places = [120, 450, 880].map(seen);
      kept.frames.push(now - before);
      kept.awaited.push(places.includes('awaited'));
      kept.missing.push(places.includes('missing'));
    }
    before = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
JUMP = """async (share) => {
  const list = document.querySelector('.set-list');
  const began = performance.now();
  window.scrollTo(0, list.offsetTop + share * (list.offsetHeight - 900));
  for (;;) {
    await new Promise(requestAnimationFrame);
    const at = document.elementFromPoint(list.getBoundingClientRect().left + 200, 450);
    if (at?.closest('.set-item')?.querySelector('.cell-symbol')) return performance.now() - began;
  }
}"""


@contextmanager
def served(home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "exitbrain.cli", "serve", "--no-open", "--home", str(home), "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[1] for line in process.stdout if (found := ADDRESS.search(line)))
        finally:
            process.terminate()


def run(page: Page, pixels: float, speed: float) -> dict[str, Any]:
    page.evaluate(RECORD)
    gesture = {"x": 640, "y": 450, "yDistance": -round(pixels), "speed": round(speed), "gestureSourceType": "mouse"}
    page.context.new_cdp_session(page).send("Input.synthesizeScrollGesture", gesture)
    recorded = page.evaluate("() => { recorded.going = false; return recorded }")
    assert isinstance(recorded, dict)
    return recorded


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def stretch(frames: list[float], marks: list[bool]) -> float:
    """The longest time without a break."""
    longest = now = 0.0
    for length, is_so in zip(frames, marks):
        now = now + length if is_so else 0.0
        longest = max(longest, now)
    return longest


def told(name: str, recorded: dict[str, Any]) -> str:
    frames = recorded["frames"]
    ordered = sorted(frames)
    figures = [*(quantile(ordered, share) for share in (0.5, 0.95, 0.99)), ordered[-1]]
    shares = [
        100 * sum(length for length, is_so in zip(frames, recorded[kind]) if is_so) / sum(frames)
        for kind in ("awaited", "missing")
    ]
    longest = max(stretch(frames, recorded[kind]) for kind in ("awaited", "missing"))
    return "".join(
        [f"{name:12}{len(frames):8}", *(f"{one:9.1f}" for one in figures), *(f"{one:10.1f}%" for one in shares)]
        + [f"{longest:10,.0f}"]
    )


def measure(url: str, throttle: float) -> None:
    with sync_playwright() as driver:
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": HEIGHT})
        page.set_default_timeout(600_000)
        started = time.perf_counter()
        page.goto(f"{url}/runs/{RUN}")
        page.wait_for_selector("#sets .cell-symbol")
        print(f"the first rows after {time.perf_counter() - started:.1f} s")
        page.wait_for_load_state("networkidle")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
        page.evaluate("document.querySelector('.set-list').scrollIntoView()")
        print(f"{'':12}{'frames':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'longest':>9}", end="")
        print(f"{'awaited':>11}{'missing':>11}{'at most':>10}", flush=True)
        for name, (speed, seconds) in GESTURES.items():
            print(told(name, run(page, speed * seconds, speed)), flush=True)
        left = float(page.evaluate("document.documentElement.scrollHeight - scrollY - innerHeight"))
        print(told("to the end", run(page, left, left / WHOLE_SECONDS)), flush=True)
        jumps = sorted(float(page.evaluate(JUMP, (7 * number % JUMPS + 0.5) / JUMPS)) for number in range(JUMPS))
        print(
            f"{JUMPS} jumps, ms to the row: p50 {quantile(jumps, 0.5):,.0f}, p95 {quantile(jumps, 0.95):,.0f}", end=""
        )
        print(f", longest {jumps[-1]:,.0f}; at the end {page.locator('.set-item').count()} rows in the page")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=50_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--throttle", type=float, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        with Workbench.open(home=home, environment={}) as bench:
            if bench.store.find_run(RUN) is None:
                fill(bench, given.sets, 1_000)
        print(f"{given.sets:,} sets; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        with served(home) as url:
            measure(url, given.throttle)


if __name__ == "__main__":
    main()

"""Real processes for tests: a simulated venue, a monitor on it, and what the venue's own log says of protection.

    with venue_process(tmp_path) as venue:
        venue.enter("BUY", "0.010")
        with monitor_process(tmp_path / "home", venue) as monitor:
            wait_until(lambda: venue.standing().is_covered, 5)
            monitor.kill()

The judge is always the venue's log, never what the monitor says of itself.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

SYMBOL = "BTCUSDT"
PRICE = Decimal(50_000)
KEY = SECRET = "venue-sim"


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one symbol, from the venue's log: signed quantity, and what untriggered stops on the closing side would close."""

    quantity: Decimal
    covered: Decimal
    own_stops: int
    takes: int

    @property
    def is_covered(self) -> bool:
        return self.covered >= abs(self.quantity)


@dataclass
class Venue:
    process: subprocess.Popen[bytes]
    port: int
    numbers: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def signed(self, method: str, path: str, **params: str) -> Any:
        query = urllib.parse.urlencode({**params, "timestamp": int(time.time() * 1000), "recvWindow": 60_000})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"{self.url}{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": KEY}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def enter(self, side: str, quantity: str, symbol: str = SYMBOL) -> Any:
        self.numbers += 1
        return self.signed(
            "POST", "/fapi/v1/order", symbol=symbol, side=side, type="MARKET", quantity=quantity,
            newClientOrderId=f"by-hand-{self.numbers}",
        )  # fmt: skip

    def log(self) -> Any:
        return self.get("/sim/log")

    def standing(self, symbol: str = SYMBOL) -> Standing:
        return standing_of(self.log(), symbol)


def standing_of(log: Mapping[str, Any], symbol: str = SYMBOL) -> Standing:
    quantity = Decimal(0)
    for fill in log["fills"]:
        if fill["symbol"] == symbol:
            quantity += Decimal(fill["qty"]) * (1 if fill["side"] == "BUY" else -1)
    closing = "SELL" if quantity > 0 else "BUY"
    open_ = [one for one in log["algo_orders"] if one["algoStatus"] == "NEW" and one["symbol"] == symbol]
    stops = [one for one in open_ if one["orderType"] == "STOP_MARKET" and one["side"] == closing]
    covered = sum((abs(quantity) if one["closePosition"] else Decimal(one["quantity"]) for one in stops), Decimal(0))
    takes = sum(one["orderType"] == "TAKE_PROFIT_MARKET" for one in open_)
    takes += sum(
        one["status"] in ("NEW", "PARTIALLY_FILLED") and one["type"] == "LIMIT" and one["symbol"] == symbol
        for one in log["orders"]
    )
    own = sum(one["clientAlgoId"].startswith("xg") for one in stops)
    return Standing(quantity=quantity, covered=covered, own_stops=own, takes=takes)


@dataclass
class Monitor:
    process: subprocess.Popen[bytes]
    log_file: Path
    started_at: float = field(default_factory=time.monotonic)

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """As Ctrl-C would; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], seconds: float, words: Callable[[], str] = lambda: "") -> float:
    """How long it took. AssertionError where it did not come about."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() > began + seconds:
            raise AssertionError(f"not within {seconds} s: {words()}")
        time.sleep(0.05)
    return time.monotonic() - began


def write_candles(file: Path, *, seed: int = 1, bars: int = 2_000, reach: float = 20.0) -> Path:
    """A random walk of one-minute bars around 50,000, tick 0.1."""
    dice, close = random.Random(seed), float(PRICE)
    with file.open("w", newline="") as made:
        rows = csv.writer(made)
        rows.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for number in range(bars):
            opened = close
            close = round(opened + dice.uniform(-reach, reach), 1)
            high, low = max(opened, close) + dice.uniform(0, reach / 2), min(opened, close) - dice.uniform(0, reach / 2)
            at = 1_704_067_200 + 60 * number
            rows.writerow([at, f"{opened:.1f}", f"{high:.1f}", f"{low:.1f}", f"{close:.1f}", "10"])
    return file


CONFIG = """\
instrument: {symbol: BTCUSDT, tick_size: 0.1, lot_size: 0.001, min_quantity: 0.001, min_notional: 5}
live: {timeframe: 1m, watchdog: false, serve: false}
"""


def environment(home: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXITBRAIN_")}
    return {**kept, "EXITBRAIN_HOME": str(home), "PYTHONUNBUFFERED": "1", **changes}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "exitbrain.cli", *words]


@contextlib.contextmanager
def venue_process(folder: Path, *options: str, speed: float = 1.0, candles: Path | None = None) -> Iterator[Venue]:
    file = candles or write_candles(folder / f"{SYMBOL}_1m.csv")
    config = folder / "venue.yaml"
    config.write_text(CONFIG)
    port = free_port()
    words = command(
        "venue-sim", "--candles", str(file), "--config", str(config), "--port", str(port), "--speed", str(speed),
        "--history", "300", "--now", *options,
    )  # fmt: skip
    process = subprocess.Popen(words, env=environment(folder / "venue-home"), stdout=subprocess.PIPE)
    venue = Venue(process, port)
    try:
        wait_until(lambda: _answers(venue), 120)
        yield venue
    finally:
        process.kill()
        process.wait(10)


def _answers(venue: Venue) -> bool:
    try:
        venue.get("/sim/state")
    except (urllib.error.URLError, OSError):
        assert venue.process.poll() is None, "the venue ended"
        return False
    return True


@contextlib.contextmanager
def monitor_process(
    home: Path, venue: Venue, *options: str, mode: str = "paper", config: str = CONFIG, **variables: str
) -> Iterator[Monitor]:
    monitor = start_monitor(home, venue, *options, mode=mode, config=config, **variables)
    try:
        yield monitor
    finally:
        if monitor.process.poll() is None:
            monitor.kill()


def start_monitor(
    home: Path, venue: Venue, *options: str, mode: str = "paper", config: str = CONFIG, **variables: str
) -> Monitor:
    home.mkdir(exist_ok=True)
    file = home / "config.yaml"
    file.write_text(config)
    log = home / f"log-{time.monotonic_ns()}"
    words = command("live", "--config", str(file), "--mode", mode, "--url", venue.url, *options)
    with log.open("wb") as made:
        process = subprocess.Popen(
            words, env=environment(home, **variables), stdin=subprocess.DEVNULL, stdout=made, stderr=made
        )
    return Monitor(process, log)

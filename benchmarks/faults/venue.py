"""A venue-sim process on a free port, and its owner's hand on it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SYMBOL, PRICE, KEY = "BTCUSDT", 50_000, "venue-sim"
HISTORY, BARS = 600, 800
CONFIG = f"""\
instrument: {{symbol: {SYMBOL}, tick_size: "0.1", lot_size: "0.001", min_quantity: "0.001", min_notional: "100"}}
"""


@dataclass(frozen=True, slots=True)
class Venue:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now(self) -> int:
        return int(self._sim("/sim/state")["now"])

    def log(self) -> Any:
        return self._sim("/sim/log")

    def faults(self, seed: int, **rates: object) -> None:
        self._sim("/sim/faults", {"seed": seed, **rates})

    def move_price(self, by: float) -> int:
        return int(self._sim("/sim/price", {"symbol": SYMBOL, "by": by})["now"])

    def set_clock(self) -> None:
        """To the wall's: candles begin at a whole minute, and bots look at their own clock."""
        self._sim("/sim/advance", {"ms": max(0, int(time.time() * 1000) - self.now())})

    def order(self, side: str, quantity: str, *, reduce_only: bool = False) -> Any:
        """A market order of the account's owner."""
        params = {"symbol": SYMBOL, "side": side, "type": "MARKET", "quantity": quantity, "newOrderRespType": "RESULT"}
        if reduce_only:
            params["reduceOnly"] = "true"
        return self._signed("POST", "/fapi/v1/order", params)

    def _sim(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data), timeout=20) as answer:
            return json.load(answer)

    def _signed(self, method: str, path: str, params: Mapping[str, str]) -> Any:
        query = urllib.parse.urlencode({**params, "timestamp": int(time.time() * 1000)})
        signature = hmac.new(KEY.encode(), query.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"{self.url}{path}?{query}&signature={signature}", method=method)
        request.add_header("X-MBX-APIKEY", KEY)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@contextmanager
def running(folder: Path, seed: int) -> Iterator[Venue]:
    """Minute candles that stand still: price moves only by hand."""
    candles, config = folder / "candles.csv", folder / "venue.yaml"
    write_candles(candles)
    config.write_text(CONFIG)
    port = free_port()
    command = [
        sys.executable, "-m", "exitbrain.cli", "venue-sim", "--candles", str(candles), "--config", str(config), "--now",
        "--history", str(HISTORY), "--balance", "10000", "--port", str(port), "--seed", str(seed),
    ]  # fmt: skip
    with (folder / "venue.log").open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
    try:
        venue = Venue(port)
        until(lambda: answers(venue), 180, f"{' '.join(command)} does not answer, see {told.name}")
        venue.set_clock()
        yield venue
    finally:
        process.terminate()
        process.wait(20)


def answers(venue: Venue) -> bool:
    try:
        return venue.now() > 0
    except (OSError, urllib.error.URLError):
        return False


def until(true: Any, seconds: float, otherwise: str = "", every: float = 0.1) -> bool:
    """Whether it became true in time; where `otherwise` is said, an error if not."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            if otherwise:
                raise TimeoutError(otherwise)
            return False
        time.sleep(every)
    return True


def write_candles(path: Path) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = ["timestamp,symbol,open,high,low,close,volume"]
    for minute in range(BARS):
        rows.append(
            f"{(start + timedelta(minutes=minute)).isoformat()},{SYMBOL},{PRICE},{PRICE + 5},{PRICE - 5},{PRICE},100"
        )
    path.write_text("\n".join(rows) + "\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def quiet_environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", **more}

"""The two bots as processes of their own: how each is set up, started, killed, and how a position comes about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from faults.venue import KEY, SYMBOL, Venue, quiet_environment, until

FREQTRADE = "freqtrade==2026.9"
STOP, TARGET = 0.02, 0.03  # of the entry price, for both
QUANTITY = "0.010"

# freqtrade's part of a run. Its process is the only thing that imports it. ccxt chooses some exception classes by the
# address; on loopback it would tell freqtrade less than the real venue does, so the address is given as the real one.
STRATEGY = """\
from pathlib import Path

import ccxt
import ccxt.async_support
from freqtrade.strategy import IStrategy

for venue in (ccxt.binance, ccxt.async_support.binance):
    def as_if_real(self, url, kind, known=venue.get_exceptions_by_url):
        return known(self, "https://fapi.binance.com/" if url and url.startswith("http://127.0.0.1") else url, kind)
    venue.get_exceptions_by_url = as_if_real

ENTERED = Path(__file__).parents[2] / "entered"


class EntersOnce(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    stoploss = -STOP
    minimal_roi = {"0": TARGET}
    use_exit_signal = False
    startup_candle_count = 5
    order_types = {
        "entry": "market", "exit": "market", "emergency_exit": "market", "force_exit": "market",
        "stoploss": "market", "stoploss_on_exchange": True, "stoploss_on_exchange_interval": 60,
    }

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def confirm_trade_entry(self, *args, **kwargs):
        if ENTERED.exists():
            return False
        ENTERED.touch()
        return True
"""


@dataclass(slots=True)
class Bot:
    """A process that can be started again; `started_at` is the venue's time of the last start."""

    folder: Path
    venue: Venue
    command: list[str]
    started_at: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _told: IO[bytes] | None = None

    def start(self) -> None:
        self._told = (self.folder / "bot.log").open("ab")
        self.started_at.append(self.venue.now())
        self._process = subprocess.Popen(
            self.command, cwd=self.folder, stdout=self._told, stderr=subprocess.STDOUT, env=quiet_environment(**self.environment()),
            start_new_session=True,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        return {}

    def processor_ms(self) -> int:
        """Of the process since its start, where the system tells it."""
        told = Path(f"/proc/{self._process.pid if self._process else 0}/stat")
        if not told.exists():
            return 0
        user, system = told.read_text().rpartition(")")[2].split()[11:13]
        return 1000 * (int(user) + int(system)) // os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """kill -9, of it and of what it started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
        if self._told is not None:
            self._told.close()

    def enter(self) -> None:
        """Until the position is there."""
        raise NotImplementedError


class Freqtrade(Bot):
    def enter(self) -> None:
        until(lambda: self.venue.log()["fills"], 150, f"freqtrade did not enter, see {self.folder}/bot.log", every=0.05)


class Ours(Bot):
    def environment(self) -> dict[str, str]:
        return {"EXITBRAIN_HOME": str(self.folder / "home")}

    def enter(self) -> None:
        """Once it watches, the owner opens a position: it only ever looks after what is there."""
        until(self.beats, 60, f"exitbrain live does not watch, see {self.folder}/bot.log")
        time.sleep(15)
        self.venue.order("BUY", QUANTITY)

    def beats(self) -> bool:
        return any((self.folder / "home").glob("**/heartbeat.json"))


def freqtrade(folder: Path, venue: Venue, executable: str) -> Bot:
    strategies = folder / "user_data" / "strategies"
    strategies.mkdir(parents=True, exist_ok=True)
    (strategies / "enters_once.py").write_text(STRATEGY.replace("-STOP", str(-STOP)).replace("TARGET", str(TARGET)))
    (folder / "config.json").write_text(json.dumps(freqtrade_config(folder, venue), indent=1))
    command = [executable, "trade", "-c", "config.json", "-s", "EntersOnce", "--userdir", "user_data"]
    return Freqtrade(folder, venue, command)


def freqtrade_config(folder: Path, venue: Venue) -> dict[str, Any]:
    """Live, isolated futures, defaults elsewhere; `process_throttle_secs` is the default, 5."""
    base, closed = venue.url, "http://127.0.0.1:9"
    api = {
        f"{name}{version}": f"{base}/fapi/{(version or 'v1').lower()}"
        for name in ("fapiPublic", "fapiPrivate")
        for version in ("", "V2", "V3")
    }
    api |= {"fapiData": f"{base}/futures/data", "sapi": f"{base}/sapi/v1", "public": closed, "private": closed}
    client = {
        "urls": {"api": api},
        "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["linear"]}},
    }
    pricing = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "dry_run": False, "trading_mode": "futures", "margin_mode": "isolated", "stake_currency": "USDT",
        "stake_amount": 520, "max_open_trades": 1, "tradable_balance_ratio": 0.99, "initial_state": "running",
        "exchange": {
            "name": "binance", "key": KEY, "secret": KEY, "ccxt_config": client, "ccxt_async_config": client,
            "pair_whitelist": ["BTC/USDT:USDT"], "pair_blacklist": [],
        },
        "entry_pricing": pricing, "exit_pricing": pricing, "pairlists": [{"method": "StaticPairList"}],
        "bot_name": "beside", "db_url": f"sqlite:///{folder}/trades.sqlite",
    }  # fmt: skip


# The same stop and target as freqtrade's; all else as it comes.
OURS = """\
exits: {{regime: NORMAL, default_stop_pct: {stop}}}
live: {{mode: paper, url: "{url}", profiles: profiles.yaml, serve: false, watchdog: false, timeframe: 1m}}
"""
PROFILE = """\
profiles:
  - {{name: one_target, regime: NORMAL, tp_legs: [{{r_multiple: {target}, size_fraction: 1}}]}}
"""


def ours(folder: Path, venue: Venue, _: str) -> Bot:
    (folder / "config.yaml").write_text(OURS.format(stop=100 * STOP, url=venue.url))
    (folder / "profiles.yaml").write_text(PROFILE.format(target=TARGET / STOP))
    command = [sys.executable, "-m", "exitbrain.cli", "live", "--config", "config.yaml"]
    return Ours(folder, venue, command)


def freqtrade_of(folder: Path) -> str:
    """An environment of its own for freqtrade, made by uv where it is not there yet."""
    executable = folder / "bin" / "freqtrade"
    if not executable.exists():
        made = f'. tools/uv.sh; uv venv -q --python 3.11 "{folder}" && uv pip install -q --python "{folder}/bin/python" {FREQTRADE}'
        subprocess.run(["sh", "-c", made], cwd=Path(__file__).parents[2], check=True)
    return str(executable)


def versions(executable: str) -> dict[str, str]:
    told = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in told.splitlines():
        name, _, value = line.partition(":")
        if value.strip():
            found[name.strip()] = value.strip()
    return found


BOTS = {"freqtrade": freqtrade, "ours": ours}
__all__ = ["BOTS", "SYMBOL", "Bot", "freqtrade_of", "versions"]

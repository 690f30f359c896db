"""What `exitbrain doctor` looks at. A finding that a run needs is required; the others are told."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.resources import files

from rich.text import Text

from exitbrain import __version__
from exitbrain.cli.terminal import console, print_json, show, table
from exitbrain.errors import ExitBrainError, Unavailable

PACKAGES = ("numpy", "numba", "polars", "ta-lib", "pydantic", "typer", "rich")
KNOWN_NET = "-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    subject: str
    ok: bool
    detail: str
    required: bool = True


def print_findings(*, as_json: bool, live: bool = False, config: str | None = None, mode: str | None = None) -> None:
    found = [*_packages(), _self_test(), _kernel_cache(), _report_page(), _demo_candles()]
    if live:
        found += _live(config, mode)
    failed = [one for one in found if one.required and not one.ok]
    if as_json:
        print_json({"ok": not failed, "findings": [asdict(one) for one in found]})
    else:
        rows = [[_mark(one), one.subject, one.detail] for one in found]
        show(console(), table([("", False), ("what", False), ("found", False)], rows))
    if failed:
        raise Unavailable(f"not ready: {', '.join(one.subject for one in failed)}")


def _live(config: str | None, mode: str | None) -> list[Finding]:
    """Whether `exitbrain live` with this config could start. A config that is none is refused, as it would be there."""
    from exitbrain.cli.live_run import asked_of
    from exitbrain.wiring.live.examining import examine

    return [
        Finding(subject=one.subject, ok=one.ok, detail=one.detail, required=one.needed)
        for one in examine(asked_of(config, mode))
    ]


def _mark(one: Finding) -> Text:
    if one.ok:
        return Text("ok", style="green")
    return Text("fails", style="bold red") if one.required else Text("absent", style="yellow")


def _packages() -> list[Finding]:
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    found = [
        Finding(subject="exitbrain", ok=True, detail=__version__),
        Finding(subject="python", ok=sys.version_info >= (3, 11), detail=python),
    ]
    for name in PACKAGES:
        try:
            found.append(Finding(subject=name, ok=True, detail=metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append(Finding(subject=name, ok=False, detail="not installed"))
    return found


def _self_test() -> Finding:
    """A long of 1 at 100 with its stop at 98, which the second bar touches: it loses 2."""
    started = time.perf_counter()
    found = _answer(_known_run)
    seconds = time.perf_counter() - started
    if found == KNOWN_NET:
        return Finding(subject="self test", ok=True, detail=f"a stop at its level, to the tick, in {seconds:.1f} s")
    return Finding(subject="self test", ok=False, detail=f"net P&L {found}, {KNOWN_NET} expected")


def _answer(run: Callable[[], str]) -> str:
    """Whatever goes wrong in an installation is a finding, not a failure of the doctor."""
    try:
        return run()
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _known_run() -> str:
    import polars as pl

    from exitbrain.core.numbers import plain
    from exitbrain.wiring.backtest import backtest

    times = [f"2024-01-01T0{hour}:00:00Z" for hour in range(3)]
    candles = pl.DataFrame(
        {
            "timestamp": times,
            "open": [100.0, 100.0, 98.5],
            "high": [100.5, 100.5, 99.0],
            "low": [99.5, 97.9, 98.0],
            "close": [100.0, 98.5, 98.5],
            "volume": [1.0, 1.0, 1.0],
        }
    )
    entries = pl.DataFrame(
        {"timestamp": times[:1], "side": ["long"], "quantity": ["1"], "stop_price": ["98"], "tag": ["e"]}
    )
    config = {
        "instrument": {"symbol": "TEST", "tick_size": "0.1", "lot_size": "1", "maker_fee": 0, "taker_fee": 0},
        "execution": {"slippage_bps": 0},
        "exits": {"regime": "NORMAL"},
    }
    return plain(backtest(candles, entries=entries, config=config, environment={}).trade_sets[0].pnl_net)


def _kernel_cache() -> Finding:
    try:
        import numba

        folder = numba.config.CACHE_DIR
    except ImportError:
        return Finding(subject="kernel cache", ok=False, detail="numba is not installed")
    writable = bool(folder) and os.access(folder, os.W_OK)
    return Finding(subject="kernel cache", ok=writable, detail=folder or "not set", required=False)


def _report_page() -> Finding:
    built = files("exitbrain").joinpath("web", "report.html").is_file()
    detail = "built" if built else "not built: install without EXITBRAIN_SKIP_UI"
    return Finding(subject="report page", ok=built, detail=detail, required=False)


def _demo_candles() -> Finding:
    from exitbrain.candles.demo import demo_path

    try:
        return Finding(subject="demo candles", ok=True, detail=demo_path().name, required=False)
    except ExitBrainError as missing:
        return Finding(subject="demo candles", ok=False, detail=str(missing), required=False)

"""What was measured, as Markdown and as a picture: ratios first, beside the aims."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: peers -->", "<!-- end of measured -->"
HEADING = "# Beside other backtesters"

# part, group, pair, what it is, aim (None where there is none), whether less is better
AIMS: tuple[tuple[str, str, str, str, float | None, bool], ...] = (
    ("w1", "kernel", "vectorbt ladder / ours single", "full ladder, to fills: vectorbt's flexible ladder", 120, False),
    ("w1", "kernel", "vectorbt signals rust / ours single", "the same: vectorbt's stop and target, Rust", 20, False),
    (
        "w1",
        "kernel",
        "vectorbt signals numba / ours single",
        "the same: vectorbt's stop and target, Numba",
        None,
        False,
    ),
    (
        "w1",
        "whole",
        "vectorbt ladder / backtest() single",
        "frames to TradeSets and metrics: vectorbt ladder",
        5,
        False,
    ),
    ("w1", "kernel", "C single / ours single", "single: straightforward C", 2, False),
    ("w1", "kernel", "C independent / ours independent", "overlapping: straightforward C", 4, False),
    ("w1", "kernel", "C long holds / ours long holds", "holds of {held}: straightforward C", 30, False),
    ("w1", "kernel", "ours single / read", "single, as a multiple of one read of the candles", 1.6, True),
)


def text_of(kept: dict[str, Any], bars: int, rounds: int) -> str:
    return "\n".join([HEADING, "", *_machine(kept, bars, rounds), "", *_ratios(kept), "", *_seconds(kept)]) + "\n"


def _machine(kept: dict[str, Any], bars: int, rounds: int) -> Iterator[str]:
    loads = [load for told in kept.values() for load in told["load"]]
    yield (
        f"`python benchmarks/peers.py` on {datetime.now(UTC):%d %B %Y}: {os.cpu_count()} cores of {_processor()}, load "
        f"{min(loads):.1f} to {max(loads):.1f}; {_versions()}."
    )
    yield (
        f"{bars:,} one-minute bars. A ratio is the median over {rounds} rounds of new entries in which contenders took turns, "
        "with the middle half of the rounds behind it."
    )
    if "w1" in kept:
        fills = ", ".join(f"{count:,} {name}" for name, count in kept["w1"]["fills"].items() if count)
        yield f"Fills compared first, none of them different: {fills}."


def _ratios(kept: dict[str, Any]) -> Iterator[str]:
    yield "| ours against | ratio | middle half | aim | |"
    yield "|---|---|---|---|---|"
    for part, group, pair, what, aim, less in AIMS:
        found = kept.get(part, {}).get(group, {}).get("ratios", {}).get(pair)
        if found is None:
            if part in kept:
                yield f"| {part.upper()} {what} | not measured | | {_aim(aim, less)} | the peer did not install |"
            continue
        held = kept[part][group].get("long hold bars")
        named = what.format(held=f"{held:,.0f} bars" if held else "")
        reached = "" if aim is None else _reached(found["ratio"], aim, less)
        yield (
            f"| {part.upper()} {named} | **{_times(found['ratio'])}** | {_times(found['low'])} to {_times(found['high'])} | "
            f"{_aim(aim, less)} | {reached} |"
        )
    if "w1" in kept:
        took = kept["w1"]["whole"]["seconds"]["backtest() independent"]
        reached = _reached(took, 0.5, True)
        yield f"| W1 frames to TradeSets and metrics, independent | **{took:.2f} s** | | below 0.5 s | {reached} |"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 20 else f"{ratio:.1f}×" if ratio >= 3 else f"{ratio:.2f}×"


def _aim(aim: float | None, less: bool) -> str:
    return "" if aim is None else f"at most {aim:g}×" if less else f"at least {aim:g}×"


def _reached(found: float, aim: float, less: bool) -> str:
    return "reached" if (found <= aim if less else found >= aim) else "not reached"


def _seconds(kept: dict[str, Any]) -> Iterator[str]:
    yield "| medians | milliseconds |"
    yield "|---|---|"
    for part, told in kept.items():
        for group in told.values():
            if isinstance(group, dict) and "seconds" in group:
                for name, took in group["seconds"].items():
                    yield f"| {part.upper()} {name} | {took * 1e3:,.3g} |"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in _lines(cpuinfo) if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _versions() -> str:
    told = [f"Python {platform.python_version()}"]
    for name in ("numpy", "numba"):
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(told)


def write(docs: Path, text: str, kept: dict[str, Any]) -> None:
    """Put the text between the marks of docs/performance.md, at its end where there are none yet."""
    path = docs / "performance.md"
    before = path.read_text()
    block = f"{BEGIN}\n{text}{END}\n"
    if BEGIN in before:
        head, rest = before.split(BEGIN)
        after = head + block + rest.split(END)[1].removeprefix("\n")
    else:
        after = before + "\n" + block
    path.write_text(after)

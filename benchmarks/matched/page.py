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
    ("backtesting.py", "slice", "backtesting.py / ours", "single, {bars} bars: backtesting.py", None, False),
    ("backtrader", "slice", "backtrader / ours", "single, a slice of {bars} bars, scaled: backtrader", None, False),
    ("nautilus_trader", "slice", "nautilus_trader / ours", "single, {bars} bars: nautilus_trader", None, False),
    ("hftbacktest", "slice", "hftbacktest / ours", "single, {bars} bars, as four prices each: hftbacktest", None, False),
    ("raptorbt", "slice", "raptorbt / ours", "single, {bars} bars: raptorbt's sessions", None, False),
    ("raptorbt-arrays", "slice", "raptorbt-arrays / ours", "stop and target for both, single, {bars} bars: raptorbt's arrays", None, False),
    ("w2", "sweep", "C overlapping / ours overlapping, 1 threads", "1,000 ladders, overlapping, one thread: C", 25, False),
    ("w2", "sweep", "C single / ours single, 1 threads", "1,000 ladders, single, one thread: C", 18, False),
    ("w2", "sweep", "C overlapping / ours overlapping, 2 threads", "1,000 ladders, overlapping, two threads: C on one", 45, False),
    ("w2", "sweep", "C single / ours single, 2 threads", "1,000 ladders, single, two threads: C on one", 30, False),
    ("w2", "columns", "vectorbt columns / ours, 1 thread", "200 ladders, 100,000 bars, one thread: vectorbt ladder", 500, False),
    ("w2", "columns", "vectorbt columns / ours, 2 threads", "the same, two threads", None, False),
    ("w3", "tick", "objects / ours p50", "a price over 10,000 positions, p50: Python objects", 1000, False),
    ("w3", "tick", "objects / ours p99", "the same, p99", 200, False),
)  # fmt: skip

# part, group, name of the figure, what it is, aim in seconds
LIMITS: tuple[tuple[str, str, str, str, float | None], ...] = (
    ("w1", "whole", "backtest() independent", "frames to TradeSets and metrics, 5,000 independent positions", 0.5),
    ("w1", "whole", "backtest() independent, regime auto", "the same, regime `auto`", None),
    ("w3", "tick", "ours p99", "a price over 10,000 positions from Python, p99", 8e-6),
    ("w4", "year", "backtest() with triggers", "{bars} real 5-minute candles, 7 triggers, {sets} sets, frame to TradeSets", None),
    ("w5", "start", "--help", "`exitbrain --help`", 0.3),
    ("w5", "start", "backtest of 10,000 bars", "`exitbrain backtest` of 10,000 bars as a process, warm", 1.5),
    ("w5", "start", "./start to the result", "`./start` to the result, warm", 10.0),
)  # fmt: skip

# pair → why its aim is not reached; a sentence is printed only while that is so
WHY = {
    "vectorbt signals rust / ours single": (
        "Against vectorbt's stop and target: ours looks for the largest price first (0.6 of 2.1 ms where that was "
        "measured), and follows three rungs and a runner where the peer has one exit a position."
    ),
    "vectorbt ladder / backtest() single": (
        "From frames: the kernel is about 1% of `backtest()`; the rest is reading and checking the frame, exact books, "
        "TradeSets as objects and metrics. vectorbt's time ends with its order records. Ours takes 0.27 s where the memory of "
        "the run before can be used again and 0.40 s where the system has to give it anew (6,000 page faults), which is why "
        "its middle half is wide."
    ),
    "C single / ours single": (
        "Single against C: one read of the candles is more than half of ours, and the look for the largest price most of "
        "the rest; over candles seen before, without that look, it took 1.26 ms against C's 3.20."
    ),
    "C independent / ours independent": (
        "Overlapping: with the index there it took 6.6 ms against C's 24; a first run took 9.2, of which the index 2.3 and "
        "the largest price 0.6. Without an index it took 7.0: at such holds a first run does not win back what one costs."
    ),
    "C long holds / ours long holds": (
        "Long holds: 7.4 ms with index and largest price there, 10 to 14 in a first run."
    ),
    "C overlapping / ours overlapping, 1 threads": (
        "Many ladders: 0.21 µs a position and ladder where they overlap. The aim comes from a prototype at "
        "0.09 to 0.10, which summed money, fills, wins and bars, without reasons, R statistics and a runner that leaves "
        "before its rungs."
    ),
    "ours p99": "The slowest hundredth of prices: those that cross a level; the median is that of a price that crosses none.",
    "backtest of 10,000 bars": "A backtest as a process and frames to TradeSets were measured under the load told above.",
    "C overlapping / ours overlapping, 2 threads": (
        "Two threads: the second one gained a third to a half, while other work used both cores as well."
    ),
}

CANNOT = """| peer | what it cannot express of this work, or why it is not here |
|---|---|
| vectorbt 1.2.0, signals | One stop and one target a column, each taking all: no ladder, no runner beside rungs, no trail from an activation. It is given a stop and a target of 2R, and its fills equal ours under that profile; its ratio above is to our full ladder. |
| vectorbt 1.2.0, order function | Everything of the ladder, but the user writes the whole of it: the callback here is the state machine. The order of a bar, gaps and rounding are the callback's own too. Overlapping positions need a column each, so only single runs are compared. |
| C | Whatever is written; every bar of every position is visited. |
| W3, W4 | The callback has no live tick and no triggers, latches, guardrails or arbitration. W3 is compared with Python objects; W4 has no peer here. |
| backtesting.py 0.6.6 | No partial exit of one bracket: each rung is a bought leg of its own with stop and target, and the runner's stop is raised by hand after each bar. Targets by R need the fill's price, which an order does not know: they are given here beforehand. Overlapping positions are netted. |
| backtrader 1.9.78.123 | No ladder: a stop and a limit for each rung that cancel one another, sent after the entry has filled, so that they rest from the next bar on; the runner's stop is cancelled and sent again at each rise. Overlapping positions are netted. |
| nautilus_trader 1.221.0 | The last version for Python 3.11. No ladder and no callback that narrows: a reduce-only limit for each rung, a stop beneath them, and the runner's own, modified after a bar. A market order fills at the last close, so entries are there, for ours too. From bars it fills a stop or a limit that an open has passed at the order's price, where ours fills at the open: entries that meet such an open are left out for both. A bar goes open, high, low, close, which makes no difference here. |
| hftbacktest 2.4.4 | No candles and no stop orders: it replays a book. Each bar is its open, low, high and close as four changes of a book with one level a side, and the compiled algorithm, which is the whole state machine, sells at the bid by market order: a stop or rung fills at the price that passed it. Ours is given the same prices, each as a candle of its own, and enters at the ask. A quarter of a million bars, since the feed takes 1 KB a bar. |
| raptorbt 0.13.4, sessions | No ladder: each leg is a `KernelSession` of its own, its manual's way for loops of one's own, with a stop and a target given at the entry; the runner's stop is raised after a bar. Sizes are a share of the capital, so lots are reckoned from the entry's price, known beforehand. A target that an open has passed fills at its own price, and no entry can follow an exit of the bar at whose close it is decided: both are left out on both sides. As hedged orders of one session the fills are the same, and a bar costs more with every order placed before. |
| raptorbt 0.13.4, arrays | One stop and one target, in percent of the entry, each taking all, with sizes as a share of the capital. After an entry it takes no other before an exit signal, even where a stop has closed the position, so it is given the entries that a run takes, known from one of ours, and an exit signal before each. Entries are at prices of which 2% are whole ticks, and its ratio is to ours under the same stop and target. |"""


def text_of(kept: dict[str, Any], bars: int, rounds: int, again: dict[str, Any] | None = None) -> str:
    """`again` holds the parts of another whole run, whose figures are then told beside these."""
    parts = [
        _machine(kept, bars, rounds, again),
        _ratios(kept, again),
        _limits(kept, again),
        _unreached(kept),
        _growth(kept),
        _seconds(kept),
    ]
    blocks = ["\n".join(lines) for lines in map(list, parts) if lines]
    picture = "![Microseconds a bar of ours and peers](images/peers.svg)"
    return "\n\n".join([HEADING, blocks[0], picture, *blocks[1:], CANNOT]) + "\n"


def _machine(kept: dict[str, Any], bars: int, rounds: int, again: dict[str, Any] | None) -> Iterator[str]:
    loads = [load for told in kept.values() for load in told["load"]]
    yield (
        f"`python benchmarks/peers.py` on {datetime.now(UTC):%d %B %Y}: {os.cpu_count()} cores of {_processor()}, load "
        f"{min(loads):.1f} to {max(loads):.1f}; {_versions()}."
    )
    spans = "; ".join(f"{part} {told['span']}" for part, told in kept.items() if "span" in told)
    raised = sorted({told["share"] for told in kept.values() if told.get("share")})
    yield f"Each part is a process of its own (UTC): {spans}." + (
        f" The measuring session's share of the processor was raised against other work (autogroup {', '.join(raised)})."
        if raised
        else ""
    )
    yield (
        f"{bars:,} one-minute bars, an entry in each 200, the TREND ladder. A ratio is the median over {rounds} rounds (W2, and peers "
        "that take a second or more: 3) of new entries in which contenders took turns, with the middle half of the rounds behind it. Ours and C start from "
        "columns of ticks, vectorbt from the same as floats; what an index costs ours is inside its time."
    )
    if again:
        others = "; ".join(f"{part} {told['span']}" for part, told in again.items() if "span" in told)
        yield f"The whole was run twice from one clean clone; the other run ({others}) is told beside it."
    if "w1" in kept:
        fills = ", ".join(f"{count:,} {name}" for name, count in kept["w1"]["fills"].items() if count)
        yield f"Fills compared first, none of them different: {fills}; ours with and without an index, on 1 and 2 threads."
    if "w2" in kept:
        ladders, columns = kept["w2"]["fills"]["ladders"], kept["w2"]["fills"]["columns"]
        yield (
            f"Of W2 each ladder's positions, fills, ticks × lots and bars held equal those of C ({ladders:,} fills, on 1 and 2 "
            f"threads), and {columns:,} fills equal vectorbt's."
        )
    driven = [f"{told['fills'][name]:,} {name}" for name, told in kept.items() if "slice" in told]
    if driven:
        yield f"Of peers driven bar by bar, lots of a bar and price taken together: {', '.join(driven)}."
    if "w3" in kept:
        yield f"Of W3 {kept['w3']['fills']['Python objects']:,} fills at prices that move ten times as far."


def _ratios(kept: dict[str, Any], again: dict[str, Any] | None) -> Iterator[str]:
    yield f"| ours against | ratio | middle half |{' other run, and its middle half |' if again else ''} aim | |"
    yield f"|---|---|---|{'---|' if again else ''}---|---|"
    for part, group, pair, what, aim, less in AIMS:
        if part not in kept:
            continue
        measured = kept[part].get(group, {})
        found, held = measured.get("ratios", {}).get(pair), measured.get("long hold bars")
        named = what.format(held=f"{held:,.0f} bars" if held else "", bars=f"{kept[part].get('bars', 0):,}")
        if found is None:
            beside = " |" if again else ""
            yield f"| {_workload(part)} {named} | not measured | |{beside} {_aim(aim, less)} | the peer did not install |"
            continue
        reached = "" if aim is None else _reached(found["ratio"], aim, less)
        other = again.get(part, {}).get(group, {}).get("ratios", {}).get(pair) if again else None
        beside = f"{_times(other['ratio'])}, {_middle(other)}" if other else ""
        yield (
            f"| {_workload(part)} {named} | **{_times(found['ratio'])}** | {_middle(found)} |"
            f"{f' {beside} |' if again else ''} {_aim(aim, less)} | {reached} |"
        )


def _middle(found: dict[str, float]) -> str:
    return f"{_times(found['low'])} to {_times(found['high'])}"


def _limits(kept: dict[str, Any], again: dict[str, Any] | None) -> Iterator[str]:
    yield f"| ours | median |{' other run |' if again else ''} aim | |"
    yield f"|---|---|{'---|' if again else ''}---|---|"
    for part, group, name, what, aim in LIMITS:
        took = kept.get(part, {}).get(group, {}).get("seconds", {}).get(name)
        if took is None:
            continue
        told = {key: f"{kept[part][key]:,}" for key in ("bars", "sets") if key in kept[part]}
        reached = "" if aim is None else _reached(took, aim, True)
        below = "" if aim is None else f"below {_span(aim)}"
        other = again.get(part, {}).get(group, {}).get("seconds", {}).get(name) if again else None
        beside = f" {_span(other) if other else ''} |" if again else ""
        yield f"| {part.upper()} {what.format(**told)} | **{_span(took)}** |{beside} {below} | {reached} |"
    for row in kept.get("memory", {}).get("rows", ()):
        if row["bars"] == 1_000_000 and row["name"] in ("ours, kernel", "ours, backtest()") and "peak" in row:
            others = again.get("memory", {}).get("rows", ()) if again else ()
            same = [one["peak"] for one in others if (one["name"], one["bars"]) == (row["name"], row["bars"])]
            beside = f" {same[0]:,.0f} MiB |" if same else " |" if again else ""
            yield (
                f"| peak memory of W1 as a process, {row['name'].removeprefix('ours, ')} | **{row['peak']:,.0f} MiB** |{beside} "
                f"below 1,024 MiB | {_reached(row['peak'], 1024, True)} |"
            )


def _span(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size * 0.3:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _unreached(kept: dict[str, Any]) -> Iterator[str]:
    """Why an aim is not reached: its sentence is written by hand, and told only while it is true."""
    yield "Where an aim is not reached (milliseconds here are of a run at a load of 5, each contender alone):"
    yield ""
    for part, group, pair, _, aim, less in AIMS:
        found = kept.get(part, {}).get(group, {}).get("ratios", {}).get(pair)
        if found and aim is not None and pair in WHY and _reached(found["ratio"], aim, less) == "not reached":
            yield f"- {WHY[pair]}"
    for part, group, name, _, aim in LIMITS:
        took = kept.get(part, {}).get(group, {}).get("seconds", {}).get(name)
        if took is not None and aim is not None and took > aim and name in WHY:
            yield f"- {WHY[name]}"


def _growth(kept: dict[str, Any]) -> Iterator[str]:
    rows = [row for told in kept.values() for row in told.get("rows", ())]
    if not rows:
        return
    yield "Each in a process of its own; memory is that of the whole process, and in brackets what stood there before the first run,"
    yield "the candles as ticks among it. Time is the lesser of two runs. Peers driven bar by bar share theirs with ours and with their"
    yield "smaller runs, and have their candles in their own form before the clock runs."
    yield ""
    yield "| contender | bars | time | µs a bar | peak memory (before) |"
    yield "|---|---|---|---|---|"
    for row in rows:
        if "failed" in row:
            yield f"| {row['name']} | {row['bars']:,} | did not run | | |"
            continue
        yield (
            f"| {row['name']} | {row['bars']:,} | {_span(row['seconds'])} | {row['seconds'] / row['bars'] * 1e6:.3g} | "
            f"{row['peak']:,.0f} MiB ({row['before']:,.0f}) |"
        )


def _workload(part: str) -> str:
    return part.upper() if part.startswith("w") else "W1"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 20 else f"{ratio:.1f}×" if ratio >= 3 else f"{ratio:.2f}×"


def _aim(aim: float | None, less: bool) -> str:
    return "" if aim is None else f"at most {aim:g}×" if less else f"at least {aim:g}×"


def _reached(found: float, aim: float, less: bool) -> str:
    return "reached" if (found <= aim if less else found >= aim) else "not reached"


def _seconds(kept: dict[str, Any]) -> Iterator[str]:
    yield "| medians | |"
    yield "|---|---|"
    for part, told in kept.items():
        for group in told.values():
            if isinstance(group, dict) and "seconds" in group:
                for name, took in group["seconds"].items():
                    scaled = f" = {took / told['bars'] * 1e6:.3g} µs a bar" if group is told.get("slice") else ""
                    beside = f" beside {part}" if scaled and name == "ours" else ""
                    yield f"| {_workload(part)} {name}{beside} | {_span(took)}{scaled} |"


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
    picture(docs / "images" / "peers.svg", kept)
    path = docs / "performance.md"
    before = path.read_text()
    block = f"{BEGIN}\n{text}{END}\n"
    if BEGIN in before:
        head, rest = before.split(BEGIN)
        after = head + block + rest.split(END)[1].removeprefix("\n")
    else:
        after = before + "\n" + block
    path.write_text(after)


def picture(path: Path, kept: dict[str, Any]) -> None:
    """Microseconds a bar on a scale of powers of ten: one run of the ladder, and growth with the bars."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "peers", "font.size": 9})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    bars = {**kept.get("w1", {}).get("kernel", {}).get("seconds", {})}
    named = [name for name in bars if not name.endswith(("independent", "holds"))]
    named.sort(key=lambda name: -bars[name])
    left.barh(
        named, [bars[name] * 1e3 for name in named], color=["#2a6f97" if "ours" in n else "#b8b8b8" for n in named]
    )
    left.set(xscale="log", xlabel="milliseconds for the run", title="W1, single")
    rows = [row for row in kept.get("memory", {}).get("rows", ()) if "seconds" in row]
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        right.plot(
            [row["bars"] for row in mine], [row["seconds"] for row in mine], marker="o", markersize=3, label=name
        )
    right.set(xscale="log", yscale="log", xlabel="bars", ylabel="seconds", title="growth with the bars")
    if rows:
        right.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

"""Small SVG figures without a background, in grays and two hues that hold on light and on dark pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import matplotlib
import numpy as np
import polars as pl

from derisk_study.policies import EMERGENCY_ONLY, LADDER, NO_DERISK
from derisk_study.tables import Row

matplotlib.use("Agg")
from matplotlib import pyplot as plt

GRAY, BLUE, ORANGE, GREEN = "#808790", "#3b82c4", "#d9822b", "#4c9f70"
COLORS = {LADDER: BLUE, EMERGENCY_ONLY: ORANGE, NO_DERISK: GREEN}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "derisk",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": GRAY,
    "axes.labelcolor": GRAY,
    "axes.edgecolor": GRAY,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def figures(tables: dict[str, list[Row]], pooled: pl.DataFrame) -> dict[str, str]:
    """SVG text by file name."""
    with plt.rc_context(STYLE):
        return {
            "groups.svg": _groups(tables),
            "files.svg": _files(tables),
            "equity.svg": _equity(pooled),
        }


def _groups(tables: dict[str, list[Row]]) -> str:
    rows = [(f"{row['group']}" if row["by"] != "all" else "all entries", row) for row in tables["groups"]]
    rows += [(row["window"], row) for row in tables["windows"][:-2] if row["entries"]]
    rows += list(zip(("all crash windows", "outside of them"), tables["windows"][-2:]))
    return _forest(rows, "ladder − emergency-only, R a position", names=True)


def _files(tables: dict[str, list[Row]]) -> str:
    ordered = sorted(tables["files"], key=lambda row: (row["difference_r"], row["file"]), reverse=True)
    rows = [(_short(row["file"]), row) for row in ordered]
    return _forest(rows, "ladder − emergency-only, R a position, each file", names=True)


def _short(name: str) -> str:
    folder, stem = name.removesuffix(".parquet").split("/")
    _, market, symbol, _, start, *_ = [*stem.split("_"), ""]
    return f"{symbol} {market} {folder} {start[:4]}-{start[4:6]}"


def _forest(rows: Sequence[tuple[str, Row]], label: str, *, names: bool) -> str:
    figure, axes = plt.subplots(figsize=(7.2, 0.6 + 0.19 * len(rows)), layout="constrained")
    at = np.arange(len(rows))[::-1]
    axes.axvline(0, color=GRAY, linewidth=0.8)
    for y, (_, row) in zip(at, rows):
        low, high = row["difference_r_low"], row["difference_r_high"]
        if low is not None:
            axes.plot([low, high], [y, y], color=BLUE, linewidth=1.4, solid_capstyle="butt")
        hollow = {"markerfacecolor": "none"} if low is None else {}
        axes.plot([row["difference_r"]], [y], "o", color=BLUE, markersize=4, **hollow)
    axes.set_yticks(at if names else [], [name for name, _ in rows] if names else [])
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.set_xlabel(label)
    axes.grid(axis="x", color=GRAY, alpha=0.25, linewidth=0.6)
    return _svg(figure)


def _equity(pooled: pl.DataFrame) -> str:
    figure, axes = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    # One point a week is as fine as a screen, and a seventh of the file.
    shown = np.unique(np.concatenate((np.arange(0, len(pooled), 7), [len(pooled) - 1])))
    days = [datetime(1970, 1, 1) + timedelta(days=int(day)) for day in pooled["day"].to_numpy()[shown]]
    for policy, color in COLORS.items():
        axes.plot(days, np.cumsum(pooled[policy].to_numpy())[shown] * 100, color=color, linewidth=1.2, label=policy)
    axes.axhline(0, color=GRAY, linewidth=0.6)
    axes.set_ylabel("sum of daily means, % of initial cash")
    axes.grid(color=GRAY, alpha=0.2, linewidth=0.6)
    axes.legend(frameon=False, loc="best")
    return _svg(figure)


def _svg(figure: Any) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"

"""The tables of the page as Markdown: few decimals, intervals in brackets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from derisk_study.tables import Row

Tables = dict[str, list[Row]]
NONE = "–"


def number(value: float | None, decimals: int = 3, *, sign: bool = False) -> str:
    if value is None or value != value:
        return NONE
    rounded = round(value, decimals) + 0.0
    return f"{rounded:{'+' if sign else ''},.{decimals}f}".replace("-", "−")


def bracketed(row: Row, name: str, decimals: int = 3) -> str:
    """+0.012 [0.003, 0.021]; bold where the interval leaves out zero; the mean alone where there is no interval."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if row[name] is None:
        return NONE
    if low is None:
        return number(row[name], decimals, sign=True)
    # As many decimals as it takes to see on which side of zero a small bound lies.
    while decimals < 6 and any(bound and not round(bound, decimals) for bound in (low, high)):
        decimals += 1
    words = number(row[name], decimals, sign=True)
    words += f" [{number(low, decimals)}, {number(high, decimals)}]"
    return f"**{words}**" if low > 0 or high < 0 else words


def share(value: float | None) -> str:
    return NONE if value is None else f"{value * 100:.1f}%".replace("-", "−")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """`words` columns from the left are text, the rest are numbers."""
    lines = ["| " + " | ".join(heads) + " |"]
    lines.append("|" + "|".join("---" if i < words else "---:" for i in range(len(heads))) + "|")
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def headline(tables: Tables) -> str:
    (row,) = tables["headline"]
    low, high = row["difference_r_low"], row["difference_r_high"]
    interval = "no interval" if low is None else f"95% interval {number(low, 4)} to {number(high, 4)}"
    return "\n".join(
        [
            f"**Ladder minus emergency-only: {number(row['difference_r'], 4, sign=True)} R a position, {interval}**,",
            f"over {row['entries']:,} entries of {row['files']} files in {row['weeks']} calendar weeks. The ladder makes",
            f"{number(row['ladder_r'], 4, sign=True)} R a position, emergency-only "
            f"{number(row['emergency_r'], 4, sign=True)} R. The ladder is better in",
            f"{share(row['share_better'])} of the positions, worse in {share(row['share_worse'])}, equal in "
            f"{share(row['share_equal'])}.",
            "",
            f"Verdict: *{row['verdict'].replace('-0', '−0')}*.",
        ]
    )


RESULT_HEADS = (
    "entries",
    "weeks",
    "R ladder",
    "R emergency",
    "difference [95%]",
    "worst 5% ladder",
    "worst 5% emergency",
)


def _result(row: Row) -> list[str]:
    return [
        f"{row['entries']:,}",
        str(row["weeks"]),
        number(row["ladder_r"], sign=True),
        number(row["emergency_r"], sign=True),
        bracketed(row, "difference_r"),
        number(row["ladder_worst_r"], 2),
        number(row["emergency_worst_r"], 2),
    ]


def groups(tables: Tables) -> str:
    rows = [[row["by"], row["group"], *_result(row)] for row in tables["groups"]]
    return table(("by", "group", *RESULT_HEADS), rows, words=2)


def control(tables: Tables) -> str:
    heads = ("entries", "net R [95%]", "whipsaw cost, R [95%]", "whipsaws a position [95%]", "fees, R [95%]")
    rows = [
        [
            words,
            f"{row['entries']:,}",
            bracketed(row, "difference_r"),
            bracketed(row, "whipsaw_cost_difference_r"),
            bracketed(row, "whipsaw_difference"),
            bracketed(row, "fees_difference_r", 4),
        ]
        for words, row in (("the files", tables["groups"][0]), ("random walks", tables["control"][0]))
    ]
    return table(("ladder − emergency-only", *heads), rows)


def windows(tables: Tables) -> str:
    rows = [
        [
            row["window"],
            str(row["files"]),
            *_result(row),
            share(row["ladder_drawdown"]),
            share(row["emergency_drawdown"]),
        ]
        for row in tables["windows"]
    ]
    return table(("window", "files", *RESULT_HEADS, "drawdown ladder", "drawdown emergency"), rows)


WHIPSAW_HEADS = (
    "risk exits ladder", "whipsaws", "cost R", "risk exits emergency", "whipsaws", "cost R",
    "cost difference, R a position [95%]", "fees ladder, R", "fees emergency, R", "fees difference [95%]",
)  # fmt: skip


def _whipsaw(row: Row) -> list[str]:
    cells = []
    for short in ("ladder", "emergency"):
        count, shaken = row[f"{short}_risk_exits"], row[f"{short}_whipsaws"]
        rate = f" ({share(shaken / count)})" if count else ""
        cells += [f"{count:,}", f"{shaken:,}{rate}", number(row[f"{short}_whipsaw_cost_r"], 1)]
    return [
        *cells,
        bracketed(row, "whipsaw_cost_difference_r"),
        number(row["ladder_fees_r"]),
        number(row["emergency_fees_r"]),
        bracketed(row, "fees_difference_r", 4),
    ]


def whipsaws(tables: Tables) -> str:
    rows = [[row["by"], row["group"], *_whipsaw(row)] for row in tables["groups"]]
    rows += [["crash window", row["window"], *_whipsaw(row)] for row in tables["windows"]]
    return table(("by", "group", *WHIPSAW_HEADS), rows, words=2)


def files(tables: Tables) -> str:
    rows = [
        [
            f"`{row['file'].removesuffix('.parquet')}`",
            f"{row['entries']:,}",
            str(row["weeks"]),
            number(row["ladder_r"], sign=True),
            number(row["emergency_r"], sign=True),
            bracketed(row, "difference_r"),
            number(row["ladder_net_r"], 1, sign=True),
            number(row["emergency_net_r"], 1, sign=True),
            f"{row['ladder_whipsaws']:,}",
            f"{row['emergency_whipsaws']:,}",
            share(row["ladder_drawdown"]),
            share(row["emergency_drawdown"]),
        ]
        for row in tables["files"]
    ]
    heads = (
        "file", "entries", "weeks", "R ladder", "R emergency", "difference [95%]", "account R ladder",
        "account R emergency", "whipsaws ladder", "whipsaws emergency", "drawdown ladder", "drawdown emergency",
    )  # fmt: skip
    return table(heads, rows)


def excluded(tables: Tables) -> str:
    rows = [[f"`{row['file'].removesuffix('.parquet')}`", row["reason"]] for row in tables["excluded"]]
    return table(("file", "why it is left out"), rows, words=2)


def accounts(tables: Tables) -> str:
    rows = [
        [
            row["policy"],
            str(row["accounts"]),
            f"{row['sets']:,}",
            number(row["net_r"], 1, sign=True),
            number(row["net_r_mean"], sign=True),
            number(row["fees_r"], 1),
            f"{row['risk_exits']:,}",
            f"{row['whipsaws']:,}",
            share(row["whipsaw_rate"]),
            number(row["whipsaw_cost_r"], 1),
            share(row["drawdown_mean"]),
            share(row["drawdown_worst"]),
        ]
        for row in tables["accounts"]
    ]
    heads = (
        "policy", "accounts", "positions", "net R", "R a position", "fees R", "risk exits", "whipsaws", "rate",
        "whipsaw cost R", "mean drawdown", "worst drawdown",
    )  # fmt: skip
    return table(heads, rows)


def netting(tables: Tables) -> str:
    rows = [
        [
            row["measure"],
            _percent(row) if row["measure"].startswith("drawdown") else bracketed(row, "difference"),
            row["drawn"],
        ]
        for row in tables["netting"]
    ]
    return table(("measure", "value [95%]", "drawn again"), rows)


def _percent(row: Row) -> str:
    return f"{share(row['difference'])} [{share(row['difference_low'])}, {share(row['difference_high'])}]"


def secondary(tables: Tables) -> str:
    rows = [
        [
            row["pair"],
            bracketed(row, "difference_r"),
            bracketed(row, "fees_difference_r", 4),
            bracketed(row, "held_difference_bars", 1),
            number(row["first_worst_r"], 2),
            number(row["second_worst_r"], 2),
        ]
        for row in tables["secondary"]
    ]
    heads = ("pair", "net R [95%]", "fees R [95%]", "hours held [95%]", "worst 5% of the first", "of the second")
    return table(heads, rows)


def sensitivity(tables: Tables) -> str:
    rows = [
        [row["row"], f"{row['entries']:,}", str(row["spans"]), bracketed(row, "difference_r", 4)]
        for row in tables["sensitivity"]
    ]
    return table(("row", "entries", "clusters", "difference [95%]"), rows)


def exits(tables: Tables) -> str:
    rows = [
        [
            row["policy"],
            row["reason"].removesuffix("_exit"),
            f"{row['risk_exits']:,}",
            f"{row['whipsaws']:,}",
            share(row["whipsaws"] / row["risk_exits"]),
            f"{row['reentered']:,}",
            number(row["cost_r"], 1),
        ]
        for row in tables["exits"]
    ]
    heads = ("policy", "trigger", "exits", "whipsaws", "rate", "of them by re-entry", "cost R")
    return table(heads, rows, words=2)


PARTS: dict[str, Callable[[dict[str, list[dict[str, Any]]]], str]] = {
    "headline": headline,
    "files": files,
    "excluded": excluded,
    "groups": groups,
    "windows": windows,
    "whipsaws": whipsaws,
    "accounts": accounts,
    "netting": netting,
    "secondary": secondary,
    "sensitivity": sensitivity,
    "exits": exits,
    "control": control,
}

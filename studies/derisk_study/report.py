"""From rows to files: CSV tables, figures, and the tables of the page between their marks.

<!-- study: NAME -->
...
<!-- end of study -->
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from derisk_study import page, plots
from derisk_study.estimates import pooled_days
from derisk_study.tables import Row, all_tables, control
from exitbrain.errors import InvalidInput

MARKED = re.compile(r"<!-- study: ([\w-]+) -->\n.*?<!-- end of study -->", re.DOTALL)
DECIMALS = 6


Frames = dict[str, pl.DataFrame]


def write_report(rows: Frames, walks: Frames, excluded: dict[str, str], names: list[str], out: Path) -> None:
    tables = all_tables(rows, excluded, names) | {"control": control(walks)}
    _written(out / "tables", {f"{name}.csv": _csv(found) for name, found in tables.items() if found})
    _written(out / "figures", plots.figures(tables, pooled_days(rows["days"])))
    index = out / "index.md"
    if index.exists():
        text = filled(index.read_text(encoding="utf-8"), tables)
        _written(out, {"index.md": text})
    print(tables["headline"][0]["verdict"])


def filled(text: str, tables: dict[str, list[Row]]) -> str:
    """The page with each marked part made anew. Raises InvalidInput for a mark that no part has."""

    def made(match: re.Match[str]) -> str:
        name = match[1]
        if name not in page.PARTS:
            raise InvalidInput(f"unknown mark {name} in index.md", accepted=", ".join(page.PARTS))
        return f"<!-- study: {name} -->\n{page.PARTS[name](tables)}\n<!-- end of study -->"

    return MARKED.sub(made, text)


def _written(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        staging = folder / f".{name}.{os.getpid()}"
        staging.write_text(text, encoding="utf-8", newline="\n")
        os.replace(staging, folder / name)


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    # Six decimals: sums of floats may differ beyond that between machines.
    return f"{value:.{DECIMALS}f}" if isinstance(value, float) else value

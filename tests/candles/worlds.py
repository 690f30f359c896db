"""Small candle files for the tests, written as a user would."""

from __future__ import annotations

from pathlib import Path

HEADER = "timestamp,open,high,low,close,volume"
ROWS = tuple(f"2024-01-01T0{hour}:00:00Z,100,101.5,99,100.5,10" for hour in range(5))


def csv(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *(rows or ROWS)]) + "\n"


def replaced(row: int, old: str, new: str) -> str:
    """The good file with one change in one row, counted from 0."""
    rows = list(ROWS)
    assert old in rows[row]
    rows[row] = rows[row].replace(old, new, 1)
    return csv(*rows)


def written(folder: Path, content: str | bytes, name: str = "BTCUSDT_1h.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path

"""How amounts, shares, R and instants read in a terminal. Nothing is computed with them here."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

ABSENT = "-"


def money(value: Any) -> str:
    """Two decimals; where these show nothing of a small amount, three digits of it."""
    if value is None:
        return ABSENT
    amount = Decimal(str(value))
    if amount and abs(amount) < Decimal("0.005"):
        return f"{amount.normalize():.2e}" if abs(amount) < Decimal("1e-8") else f"{amount:.3g}"
    return f"{amount:,.2f}"


def signed(value: Any) -> str:
    if value is None:
        return ABSENT
    words = money(value)
    return f"+{words}" if Decimal(str(value)) > 0 else words


def signed_r(value: float | None) -> str:
    return ABSENT if value is None else f"{value:+,.2f}"


def share(value: float | None) -> str:
    """0.421 as 42.1%"""
    # Adding 0 makes the minus zero of a small loss a zero.
    return ABSENT if value is None else f"{round(value, 3) + 0:.1%}"


def moment(text: str | None) -> str:
    """2024-01-01T06:00:00Z as 2024-01-01 06:00; seconds only where there are some."""
    if text is None:
        return ABSENT
    day, _, time = text.removesuffix("Z").partition("T")
    return f"{day} {time.removesuffix(':00')}"


def span(seconds: float | None) -> str:
    """The two largest units: 1d 4h, 5h 15m, 45m, 30s"""
    if seconds is None:
        return ABSENT
    rest = int(seconds)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part) or "0s"


def number(text: Any) -> str:
    """A decimal as it is written, with thousands set apart."""
    if text is None:
        return ABSENT
    whole, dot, rest = str(text).partition(".")
    sign, digits = (whole[0], whole[1:]) if whole[:1] in "+-" else ("", whole)
    return f"{sign}{int(digits):,}{dot}{rest}" if digits.isdecimal() else str(text)


def decimals_of(texts: Iterable[str | None]) -> int:
    """The most decimals that one of them is written with."""
    return max((len(text.partition(".")[2]) for text in texts if text), default=0)


def aligned(text: str | None, decimals: int) -> str:
    """Rounded or filled up to so many decimals, so that points stand under each other."""
    return ABSENT if text is None else f"{Decimal(text):,.{decimals}f}"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"

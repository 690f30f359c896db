"""Instants: microseconds since 1970 inside, aware UTC datetimes in Python values, ISO 8601 with `Z` in files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exitbrain.core.numbers import decimal_of
from exitbrain.errors import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ACCEPTED = (
    "ISO 8601 (2024-01-01T00:00:00Z; seconds to 59, offsets to 14:00) or an epoch in s, ms, µs or ns, from 1900 to 2200"
)
_OFFSET = re.compile(r"\d[T ]?.*:.*?[-+](\d\d)(?::?(\d\d))?(.*)$")
_FIRST, _LAST = -2_208_988_800_000_000, 7_258_118_400_000_000
# An epoch below the limit is in units of so many nanoseconds: s, ms, µs, else ns.
_EPOCH_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))


def instant_of(time: int) -> datetime:
    return EPOCH + timedelta(0, 0, time)


def iso(instant: datetime) -> str:
    """2024-01-01T00:00:00Z, with microseconds only where there are some."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def instant(value: object) -> datetime:
    """An aware UTC instant from a datetime or ISO 8601 text; without a zone it is UTC."""
    try:
        text = str(value).strip().removesuffix("UTC").strip()
        parsed = value if isinstance(value, datetime) else _parsed(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"timestamp is {value!r}", accepted=ACCEPTED) from None


def _parsed(text: str) -> datetime:
    """No place on earth is more than 14 hours from UTC, and none is off by seconds: such an offset is a slip."""
    offset = _OFFSET.search(text)
    if offset is not None:
        hours, minutes, rest = offset.groups(default="")
        if rest or int(minutes or 0) > 59 or int(hours) * 60 + int(minutes or 0) > 14 * 60:
            raise ValueError(text)
    return datetime.fromisoformat(text)


def microseconds(value: object) -> int:
    """Any accepted timestamp as microseconds since 1970: a datetime, ISO 8601, or an epoch told by its magnitude."""
    text = str(value).strip()
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if is_number or text.lstrip("-").replace(".", "", 1).isdecimal():
        time = _from_epoch(decimal_of(text, "timestamp"))
    else:
        time = (instant(value) - EPOCH) // MICROSECOND
    if not _FIRST <= time <= _LAST:
        raise InvalidInput(f"timestamp is {value!r}", accepted=ACCEPTED)
    return time


def seconds(duration: timedelta) -> int | float:
    whole = duration // timedelta(seconds=1)
    return whole if duration == timedelta(seconds=whole) else duration.total_seconds()


def _from_epoch(epoch: Decimal) -> int:
    if epoch.adjusted() > 20:
        return _LAST + 1
    nanoseconds = next((unit for limit, unit in _EPOCH_UNITS if abs(epoch) < limit), 1)
    return int(epoch * nanoseconds) // 1000

"""What a refusal means, by the venue's own code. Client libraries sort them otherwise, and differently on loopback."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    PRICE_THROUGH = "PRICE_THROUGH"  # the price is there already: to market
    REDUCE_ONLY = "REDUCE_ONLY"  # conflicts with other reduce-only orders, or nothing left to reduce
    DUPLICATE_ID = "DUPLICATE_ID"  # it may stand: look it up
    CLOSE_POSITION_EXISTS = "CLOSE_POSITION_EXISTS"
    TRIGGERING = "TRIGGERING"
    FILTER = "FILTER"
    BAND = "BAND"
    LIMITS = "LIMITS"
    AUTH = "AUTH"
    CLOCK = "CLOCK"
    MODE = "MODE"
    OVERLOAD = "OVERLOAD"
    RATE = "RATE"
    NO_SUCH_ORDER = "NO_SUCH_ORDER"
    OTHER = "OTHER"


BINANCE: dict[int, Refusal] = {
    -2021: Refusal.PRICE_THROUGH,
    -4142: Refusal.PRICE_THROUGH,
    -2022: Refusal.REDUCE_ONLY,
    -4118: Refusal.REDUCE_ONLY,
    -4509: Refusal.REDUCE_ONLY,  # a close-position order without a position
    -4116: Refusal.DUPLICATE_ID,
    -4130: Refusal.CLOSE_POSITION_EXISTS,
    -4117: Refusal.TRIGGERING,
    **dict.fromkeys((-1111, -4014, -4023, -1013, -4003, -4005, -4164), Refusal.FILTER),
    **dict.fromkeys((-4131, -4016, -4024, -4210, -4211), Refusal.BAND),
    **dict.fromkeys((-2025, -4045), Refusal.LIMITS),
    **dict.fromkeys((-2014, -2015, -1022), Refusal.AUTH),
    **dict.fromkeys((-1021, -5028), Refusal.CLOCK),
    **dict.fromkeys((-4061, -1106, -2026), Refusal.MODE),
    -1008: Refusal.OVERLOAD,
    **dict.fromkeys((429, -1003, -1015, 418), Refusal.RATE),
    -2011: Refusal.NO_SUCH_ORDER,
    -2013: Refusal.NO_SUCH_ORDER,
}
# Codes that leave open whether the venue acted: an adapter answers them as unknown, never as refused.
AMBIGUOUS = frozenset({-1000, -1001, -1006, -1007, 408, 502, 503, 504})


def refusal_of(code: int) -> Refusal:
    return BINANCE.get(code, Refusal.OTHER)

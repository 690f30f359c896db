"""Small worlds by hand: bars as text, entries as text, everything else by its config key.

    run(["100 101 99 100", "100 104 100 103"], ["0 long 1 98 e"], legs="1/0.5/HARD")

Bars are hours from midnight, "open high low close [volume]". An entry is "bar side quantity stop tag", `-` for none.
Tick 0.01, lot 0.001, no fees and no slippage unless given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from exitbrain.backtesting.result import Result
from exitbrain.core.trade_sets import TradeSet
from exitbrain.wiring.backtest import backtest

MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLAT = "100 100.5 99.5 100"


def at(bar: int) -> datetime:
    return MIDNIGHT + bar * HOUR


def candles(bars: Sequence[str], *, times: Sequence[datetime] | None = None, symbol: str = "TST") -> pl.DataFrame:
    rows = [[float(word) for word in bar.split()] for bar in bars]
    return pl.DataFrame(
        {
            "timestamp": list(times) if times is not None else [at(i) for i in range(len(rows))],
            "symbol": [symbol] * len(rows),
            **{name: [row[i] for row in rows] for i, name in enumerate(("open", "high", "low", "close"))},
            "volume": [row[4] if len(row) > 4 else 10.0 for row in rows],
        }
    )


def entries(rows: Sequence[str], *, symbol: str = "TST") -> pl.DataFrame:
    words = [row.split() for row in rows]
    return pl.DataFrame(
        {
            "timestamp": [at(int(word[0])) for word in words],
            "symbol": [symbol] * len(words),
            "side": [word[1] for word in words],
            "quantity": [None if word[2] == "-" else word[2] for word in words],
            "stop_price": [None if word[3] == "-" else word[3] for word in words],
            "tag": [word[4] for word in words],
        },
        schema_overrides={"quantity": pl.String, "stop_price": pl.String},
    )


def profile(legs: str, **options: Any) -> dict[str, Any]:
    """ "1/0.5/HARD 2/0.5/SOFT": R, fraction and kind of each leg."""
    rows = [leg.split("/") for leg in legs.split()]
    tp_legs = [{"r_multiple": float(r), "size_fraction": float(size), "kind": kind} for r, size, kind in rows]
    return {"profiles": [{"name": "HAND", "symbol": "TST", "tp_legs": tp_legs, "trailing": None, **options}]}


def trailing(callback_pct: float, activation_r: float, *curve: list[float]) -> dict[str, Any]:
    return {"callback_pct": callback_pct, "activation_r": activation_r, "tightening_curve": list(curve)}


def config(
    *,
    fees: tuple[Any, Any] = (0, 0),
    slippage_bps: Any = 0,
    instrument: Mapping[str, Any] | None = None,
    execution: Mapping[str, Any] | None = None,
    account: Mapping[str, Any] | None = None,
    exits: Mapping[str, Any] | None = None,
    guardrails: Mapping[str, Any] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    maker_fee, taker_fee = fees
    venue = {"tick_size": "0.01", "lot_size": "0.001", "maker_fee": maker_fee, "taker_fee": taker_fee}
    return {
        "instrument": {**venue, **(instrument or {})},
        "execution": {"slippage_bps": slippage_bps, **(execution or {})},
        "account": {"sizing": {"mode": "quantity", "value": 1}, **(account or {})},
        "exits": {"regime": "NORMAL", **(exits or {})},
        "guardrails": dict(guardrails or {}),
        **sections,
    }


def run(
    bars: Sequence[str] | pl.DataFrame,
    rows: Sequence[str] | pl.DataFrame,
    legs: str = "1/0.5/HARD 2/0.5/HARD",
    *,
    recipe: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Result:
    """`recipe` holds further keys of the profile, `inputs` further arguments of `backtest`, the rest is of `config`."""
    return backtest(
        bars if isinstance(bars, pl.DataFrame) else candles(bars),
        entries=rows if isinstance(rows, pl.DataFrame) else entries(rows),
        profiles=profile(legs, **(recipe or {})),
        config=config(**settings),
        environment={},
        traced=True,
        **(inputs or {}),
    )


def fills(one: TradeSet | Result, number: int = 0) -> str:
    """ "reason quantity@price", a word a leg."""
    chosen = one.trade_sets[number] if isinstance(one, Result) else one
    return " ".join(f"{leg.reason} {plain(leg.qty)}@{plain(leg.price)}" for leg in chosen.legs)


def hours(one: TradeSet) -> list[int]:
    """The bar of each leg."""
    return [(leg.timestamp - MIDNIGHT) // HOUR for leg in one.legs]


def plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def blocks(result: Result) -> list[str]:
    """ "tag reason", a word a block event."""
    return [f"{event['trigger_id']} {event['reason']}" for event in result.events if event["kind"] == "block"]

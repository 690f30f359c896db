"""A small market with trends, ranges and a crash; a lawful plan for it; models that answer from a script."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

HOUR = 3_600_000_000
START = 1_704_067_200_000_000  # 2024-01-01
SYMBOL = "TSTUSDT"


def candles(bars: int = 2400, *, seed: int = 7, symbol: str = SYMBOL, crash_at: int | None = None) -> pl.DataFrame:
    """Hourly bars: drifts of 240 bars up, flat, down; ticks of 0.01."""
    dice = np.random.default_rng(seed)
    drift = np.tile(np.repeat([0.0015, 0.0, -0.0012, 0.0], 240), bars // 960 + 1)[:bars]
    steps = drift + dice.normal(0, 0.006, bars)
    if crash_at is not None:
        steps[crash_at] = -0.12
    close = np.round(100 * np.exp(np.cumsum(steps)), 2)
    opened = np.concatenate(([100.0], close[:-1]))
    reach = np.abs(dice.normal(0, 0.003, (2, bars)))
    high = np.round(np.maximum(opened, close) * (1 + reach[0]), 2)
    low = np.round(np.minimum(opened, close) * (1 - reach[1]), 2)
    return pl.DataFrame(
        {
            "timestamp": pl.Series(START + HOUR * np.arange(bars)).cast(pl.Datetime("us", "UTC")),
            "symbol": [symbol] * bars,
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "volume": np.round(dice.gamma(4, 50, bars), 3),
        }
    )


PLAN: dict[str, Any] = {
    "plan_id": "by-hand",
    "triggers": [
        {
            "id": "rises",
            "symbol": SYMBOL,
            "direction": "long",
            "category": "trend_continuation",
            "confidence_grade": "B",
            "entry_rule": "crosses_above(close, ema_50) and adx_14 > 15",
            "exit_rule": "crosses_below(close, ema_100)",
        },
        {
            "id": "weakens",
            "symbol": SYMBOL,
            "direction": "exit",
            "category": "risk_reduce",
            "exit_rule": "is_long and close < ema_21",
            "exit_fraction": 0.4,
        },
        {
            "id": "turned",
            "symbol": SYMBOL,
            "direction": "exit",
            "category": "risk_off",
            "exit_rule": "is_long and close < ema_200 and macd_hist < 0",
        },
        {
            "id": "crash",
            "symbol": SYMBOL,
            "direction": "exit",
            "category": "emergency_exit",
            "exit_rule": "open - close > 5 * prev(atr_14, 1)",
        },
    ],
}


def plan(**changes: Any) -> dict[str, Any]:
    """The lawful plan with keys of its own; `triggers.NUMBER.KEY` as triggers__NUMBER__KEY."""
    made = copy.deepcopy(PLAN)
    for name, value in changes.items():
        if name.startswith("triggers__"):
            _, number, key = name.split("__")
            made["triggers"][int(number)][key] = value
        else:
            made[name] = value
    return made


def text(**changes: Any) -> str:
    return json.dumps(plan(**changes), indent=1)


def scripted(*answers: Mapping[str, Any], told: list[str] | None = None) -> Any:
    """A model that gives these plans in turn; what it was told is put down in `told`."""
    from pydantic_ai.messages import ModelMessage, ModelResponse, RetryPromptPart, ToolCallPart, ToolReturnPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    left = list(answers)

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if told is not None:
            for part in messages[-1].parts:
                if isinstance(part, RetryPromptPart | ToolReturnPart):
                    told.append(part.model_response() if isinstance(part, RetryPromptPart) else str(part.content))
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, dict(left.pop(0)))])

    return FunctionModel(answer, model_name="scripted")


Gate = Callable[[str], Any]


def drifting(days: list[float], *, seed: int = 3, noise: float = 0.004) -> pl.DataFrame:
    """Hourly bars of days that each drift by so much an hour."""
    dice = np.random.default_rng(seed)
    steps = np.repeat(days, 24) + dice.normal(0, noise, 24 * len(days))
    close = np.round(100 * np.exp(np.cumsum(steps)), 2)
    opened = np.concatenate(([100.0], close[:-1]))
    reach = np.abs(dice.normal(0, noise / 2, (2, len(close))))
    count = len(close)
    return pl.DataFrame(
        {
            "timestamp": pl.Series(START + HOUR * np.arange(count)).cast(pl.Datetime("us", "UTC")),
            "symbol": [SYMBOL] * count,
            "open": opened,
            "high": np.round(np.maximum(opened, close) * (1 + reach[0]), 2),
            "low": np.round(np.minimum(opened, close) * (1 - reach[1]), 2),
            "close": close,
            "volume": np.round(dice.gamma(4, 50, count), 3),
        }
    )


def every_eight_hours(held: int = 6, **changes: Any) -> dict[str, Any]:
    """Long three times a day for some bars, trimmed where it weakens: a plan whose fate is the market's drift."""
    own = {
        "id": "by_the_clock",
        "symbol": SYMBOL,
        "direction": "long",
        "category": "other",
        "entry_rule": "hour_utc in (0, 8, 16)",
        "exit_rule": f"bars_held >= {held}",
    }
    rows = plan()["triggers"][1:]
    return {"plan_id": "clock", "triggers": [own, *rows], **changes}

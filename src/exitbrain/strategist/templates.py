"""A plan without any model: the template of a style, written out for the symbols and the timeframe of a run.

    plan_from_template("trend", symbols=("BTCUSDT",), timeframe=HOUR, plan_id="trend-2024-06-01", …)

A template keeps its comments. With several symbols its triggers are repeated, the symbol's name at the end of each id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from string import Template

from exitbrain.core.names import unknown_name
from exitbrain.core.timeframes import timeframe_microseconds, timeframe_word
from exitbrain.errors import InvalidInput
from exitbrain.strategist.prompting import STYLES, Prompts, read_prompts

USUAL = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
TIMES_HIGHER, MOST_TIMES = 4, 8
TRIGGERS_BEGIN = "$begin\n"
NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.-]")


def plan_from_template(
    style: str,
    *,
    symbols: Sequence[str],
    timeframe: int,
    plan_id: str,
    origin: str,
    generated_at: str | None = None,
    prompts: Prompts | None = None,
) -> str:
    """The text of a plan file. `timeframe` is the run's, in µs. InvalidInput for an unknown style."""
    if style not in STYLES:
        raise InvalidInput(unknown_name(style, STYLES, "style"))
    head, _, triggers = (prompts or read_prompts()).template(style).partition(TRIGGERS_BEGIN)
    said = {"plan_id": plan_id, "origin": origin, "generated_at": generated_at}
    lines = [f"{key}: {json.dumps(value)}" for key, value in said.items() if value is not None]
    higher = higher_timeframe(timeframe)
    written = [
        Template(triggers).substitute(symbol=json.dumps(symbol), suffix=suffix, higher=higher)
        for symbol, suffix in zip(symbols, id_suffixes(symbols))
    ]
    return Template(head).substitute(head="\n".join(lines)) + "\n".join(written)


def higher_timeframe(timeframe: int) -> str:
    """The usual timeframe of four to eight bars that they fill whole, 4h of 1h, 1h of 15m; else that of four bars."""
    for word in USUAL:
        span = timeframe_microseconds(word)
        if TIMES_HIGHER * timeframe <= span <= MOST_TIMES * timeframe and span % timeframe == 0:
            return word
    return timeframe_word(TIMES_HIGHER * timeframe)


def id_suffixes(symbols: Sequence[str]) -> list[str]:
    """Nothing for one symbol, else its name in letters that ids may have; a number tells apart what then is equal."""
    if len(symbols) == 1:
        return [""]
    made: list[str] = []
    for symbol in symbols:
        plain = f"_{NOT_IN_IDS.sub('_', symbol)[:32]}"
        count = sum(one == plain or one.startswith(f"{plain}.") for one in made)
        made.append(f"{plain}.{count + 1}" if count else plain)
    return made

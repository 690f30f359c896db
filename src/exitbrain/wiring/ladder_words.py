"""A ladder in words: what the trail, the stop moves and the options of a profile do, a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction

from exitbrain.core.ladder import REMAINING, Ladder
from exitbrain.core.ladder_rows import stop_move_level
from exitbrain.core.profiles import StopMove, TPProfile

PriceText = Callable[[Fraction], str] | None


def ladder_sentences(ladder: Ladder, profile: TPProfile | None, lots: int, price_text: PriceText) -> Iterator[str]:
    if ladder.trail is not None and ladder.runner:
        yield _trail_sentence(ladder, profile, lots, price_text)
    if profile is not None:
        for move in profile.stop_moves:
            yield _stop_move_sentence(move, ladder, profile, price_text)
        yield from option_sentences(profile)
    yield from (f"Note: {note}." for note in ladder.notes)


def _trail_sentence(ladder: Ladder, profile: TPProfile | None, lots: int, price_text: PriceText) -> str:
    trail = ladder.trail
    assert trail is not None
    covered = "whatever remains" if ladder.runner == REMAINING else share_text(Fraction(ladder.runner, lots))
    where = r_short(trail.activation_r)
    if price_text is not None:
        where = f"{price_text(Fraction(trail.activation))} ({where})"
    start = f"Trail: from {where} {covered}"
    if profile is not None and profile.atr_trail is not None:
        own = profile.atr_trail
        return f"{start} follows the best price at {own.mult} average true ranges of {own.period} bars."
    steps = [f"{start} follows the best price at {share_text(Fraction(*trail.callbacks[0][1:]))}"]
    for level, numerator, denominator in trail.callbacks[1:]:
        steps.append(f"from {_place(ladder, level, price_text)} at {share_text(Fraction(numerator, denominator))}")
    return ", ".join(steps) + "."


def _stop_move_sentence(move: StopMove, ladder: Ladder, profile: TPProfile, price_text: PriceText) -> str:
    start = f"After TP{move.after_leg} the stop moves to"
    if move.after_leg not in {rung.index for rung in ladder.rungs}:
        return f"{start} nothing: that target was merged away."
    level = stop_move_level(move, ladder, profile)
    where = {"breakeven": "break-even", "previous_target": "the target before"}.get(str(move.to), f"{move.to}R")
    if level is None:
        return f"{start} {where} with the fees paid back."
    place = _place(ladder, level, price_text)
    return f"{start} {where}." if where == place else f"{start} {where}, {place}."


def _place(ladder: Ladder, level: int, price_text: PriceText) -> str:
    if price_text is None:
        return r_short(ladder.side * (level - ladder.entry) / ladder.risk)
    return price_text(Fraction(level))


def option_sentences(profile: TPProfile) -> Iterator[str]:
    """The options that stand at no price."""
    if profile.time_stop is not None:
        own = profile.time_stop
        after = f"{own.bars} bars" if own.duration is None else _duration(own.duration)
        yield f"Time stop: what is open after {after} leaves at market."
    if profile.adaptive is not None:
        yield (
            "Adaptive: the callback is multiplied by ATR now ÷ ATR at entry, "
            f"within {profile.adaptive.min} and {profile.adaptive.max}."
        )
    if profile.liquidity is not None:
        yield from _liquidity_sentences(profile)


def _liquidity_sentences(profile: TPProfile) -> Iterator[str]:
    own = profile.liquidity
    assert own is not None
    if own.max_volume_share is not None:
        yield f"Liquidity: a market exit takes at most {own.max_volume_share} of a bar's volume, the rest follows."
    if own.max_spread_bps is not None:
        yield f"Liquidity: above {own.max_spread_bps} bps of spread a soft target becomes a hard one."


def _duration(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def r_text(r: Fraction) -> str:
    text = f"{float(r):.2f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def r_short(r: Fraction) -> str:
    """1R, 0.5R"""
    return r_text(r).removesuffix(".0") + "R"


def share_text(share: Fraction) -> str:
    """15%, 33.3%"""
    return f"{float(share * 100):.1f}".removesuffix(".0") + "%"

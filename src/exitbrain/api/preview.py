"""The ladder that a profile draws for one entry, as rows and sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from exitbrain.api.models.profiles import Preview, PreviewRequest, PreviewRow, TrailStep
from exitbrain.api.problems import Refused
from exitbrain.config.profiles import load_profiles
from exitbrain.core.exit_brain import exact_instrument, ladder_of
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.ladder import Ladder
from exitbrain.core.ladder_rows import LadderRow, ladder_rows
from exitbrain.core.market import Instrument, MarketRegime, known_regime
from exitbrain.core.numbers import decimal_of, plain
from exitbrain.core.plans import ExitContext
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.ladder_words import ladder_sentences

NO_SYMBOL = "ANY"
MOST_DIGITS = 12


def preview(asked: PreviewRequest, known: Callable[[str], str | None]) -> Preview:
    """`known` gives the text of a stored profile by its name."""
    profile = _chosen(asked, known)
    settings = ExitSettings()
    context = ExitContext(NO_SYMBOL, asked.side, asked.entry, asked.quantity, atr=asked.atr, **_stop(asked.stop))
    instrument = replace(exact_instrument(context, settings, profile), **_venue(asked))
    ladder, lots = ladder_of(context, settings, profile, instrument, _regime(asked), "NORMAL")
    rows = ladder_rows(ladder, instrument, lots, profile)
    shown = lambda level: plain(_short(instrument, Fraction(level)))
    return Preview(
        name=profile.name,
        side=asked.side,
        entry=shown(ladder.entry),
        stop=shown(ladder.stop),
        risk_per_unit=shown(ladder.risk),
        risk_fraction=float(ladder.risk / ladder.entry),
        rows=[_row(row) for row in rows],
        trail=_trail(ladder, profile, shown),
        sentences=list(ladder_sentences(ladder, profile, lots, shown)),
    )


def _chosen(asked: PreviewRequest, known: Callable[[str], str | None]) -> TPProfile:
    if asked.text is not None:
        registrations = load_profiles(_as_text(asked.text))
        names = {own.profile.name: own.profile for own in registrations}
        name = asked.name or (next(iter(names)) if len(names) == 1 else None)
        if name not in names:
            found = f"{len(names)} profiles in the text" if asked.name is None else f"no profile {asked.name!r}"
            raise InvalidInput(Problem(found=found, accepted=f"one of {', '.join(names)}", at=("name",)))
        return names[name]
    if asked.name is None:
        raise InvalidInput(Problem(found="neither text nor name", accepted="one of them", at=("text",)))
    text = known(asked.name)
    if text is not None:
        return {own.profile.name: own.profile for own in load_profiles(_as_text(text))}[asked.name]
    defaults = ProfileRegistry().profiles
    if asked.name not in defaults:
        raise Refused(404, f"no profile {asked.name!r}")
    return defaults[asked.name]


def _as_text(text: str) -> str:
    """With a line break, without which it would be taken for a path."""
    return text if "\n" in text else text + "\n"


def _stop(given: str | float | None) -> dict[str, Any]:
    if given is None:
        return {}
    text = str(given).strip()
    return {"stop_loss_pct": text[:-1]} if text.endswith("%") else {"stop_price": text}


def _venue(asked: PreviewRequest) -> dict[str, Decimal]:
    given = {"tick_size": asked.tick_size, "lot_size": asked.lot_size}
    return {name: decimal_of(value, name) for name, value in given.items() if value is not None}


def _regime(asked: PreviewRequest) -> MarketRegime:
    regime = MarketRegime.NORMAL if asked.regime is None else known_regime(asked.regime)
    if regime is None:
        accepted = ", ".join(MarketRegime)
        raise InvalidInput(Problem(found=f"regime is {asked.regime!r}", accepted=accepted, at=("regime",)))
    return regime


def _short(instrument: Instrument, level: Fraction) -> Decimal:
    price = instrument.tick_size * level.numerator / level.denominator
    return round(price, MOST_DIGITS)


def _trail(ladder: Ladder, profile: TPProfile, shown: Callable[[int], str]) -> list[TrailStep]:
    """The first callback holds from the activation on; each further one from its own level."""
    trail = ladder.trail
    if trail is None or not ladder.runner or profile.atr_trail is not None:
        return []
    (_, numerator, denominator), *later = trail.callbacks
    steps = [(trail.activation, numerator, denominator), *later]
    return [TrailStep(price=shown(level), callback=part / whole) for level, part, whole in steps]


def _row(row: LadderRow) -> PreviewRow:
    money = {name: getattr(row, name) for name in ("price", "quantity", "fee", "pnl", "total")}
    return PreviewRow(
        name=row.name,
        kind=row.kind.value,
        order=row.order,
        r_multiple=float(row.r_multiple),
        from_entry=float(row.from_entry),
        size=None if row.size is None else float(row.size),
        **{name: None if value is None else plain(value) for name, value in money.items()},
    )

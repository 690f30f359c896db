"""What `exitbrain plan show` shows: a profile's ladder for one entry, as a table, as a picture and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from exitbrain.cli.ladder_picture import ladder_picture
from exitbrain.cli.terminal import console, print_json, sentences, show, table
from exitbrain.cli.trigger_table import plan_blocks, plan_json
from exitbrain.core.exit_brain import exact_instrument, ladder_of
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.ladder import REMAINING, Ladder
from exitbrain.core.ladder_rows import LadderRow, ladder_rows, opening_fee
from exitbrain.core.market import Instrument, MarketRegime, known_regime
from exitbrain.core.names import nearest, unknown_name
from exitbrain.core.numbers import decimal_of, plain
from exitbrain.core.plan_records import percent
from exitbrain.core.plans import ExitContext, ExitKind
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ANY, ProfileRegistry
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.ladder_words import ladder_sentences, r_text, share_text

if TYPE_CHECKING:
    from exitbrain.core.triggers import StrategyPlan

NO_SYMBOL = "ANY"
MOST_DIGITS = 9
COLUMNS = {
    "name": "leg",
    "order": "order",
    "r": "R",
    "price": "price",
    "from_entry": "profit",
    "size": "size",
    "quantity": "quantity",
    "fee": "fee",
    "pnl": "P&L",
    "total": "total",
}
STYLES = {ExitKind.TP: "green", ExitKind.TRAIL: "cyan", ExitKind.SL: "red", ExitKind.EMERGENCY: "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as they were typed."""

    entry: str
    side: str
    stop: str | None
    profile: str | None
    symbol: str | None
    strategy: str | None
    regime: str | None
    qty: str
    fees: str
    venue: dict[str, str | None]

    def instrument_values(self) -> dict[str, Decimal]:
        given = {name: decimal_of(value, name) for name, value in self.venue.items() if value is not None}
        return given | _fees(self.fees)


def show_ladder(file: str, asked: Asked, *, as_json: bool) -> None:
    plan, registry, names = _read(file)
    if plan is not None:
        asked = _asked_of_plan(plan, asked)
    chosen = _choose(registry, names, asked)
    drawn = _draw(chosen, _regime(registry, chosen, asked), asked)
    if as_json:
        print_json(({"plan": plan_json(plan)} if plan else {}) | _drawn_json(drawn))
        return
    out = console()
    show(out, *(plan_blocks(plan) if plan else ()), *_blocks(drawn, out.width))


def _asked_of_plan(plan: StrategyPlan, asked: Asked) -> Asked:
    """What a plan tells of itself: the symbol of its triggers and its regime."""
    symbols = list(dict.fromkeys(trigger.symbol for trigger in plan.triggers))
    regime = plan.regime if plan.regime and known_regime(plan.regime) else None
    symbol = asked.symbol or (symbols[0] if len(symbols) == 1 else None)
    return replace(asked, symbol=symbol, regime=asked.regime or regime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One ladder and all that is shown of it."""

    context: ExitContext
    profile: TPProfile
    ladder: Ladder
    instrument: Instrument
    lots: int
    rows: tuple[LadderRow, ...]
    digits: int

    def price_text(self, level: Fraction) -> str:
        return f"{float(level * Fraction(self.instrument.tick_size)):.{self.digits}f}"


def _fees(text: str) -> dict[str, Decimal]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (1, 2) or not all(parts):
        raise InvalidInput(f"fees is {text!r}", accepted="MAKER,TAKER as fractions, such as 0.0002,0.0005")
    return {"maker_fee": decimal_of(parts[0], "maker fee"), "taker_fee": decimal_of(parts[-1], "taker fee")}


def _read(file: str) -> tuple[StrategyPlan | None, ProfileRegistry, list[str]]:
    """The plan where the file is one, the registry, and the names that the file adds."""
    registry = ProfileRegistry()
    builtin = {name.casefold(): name for name in registry.profiles}
    if file.casefold() in builtin and not Path(file).exists():
        return None, registry, [builtin[file.casefold()]]
    if not Path(file).exists():
        guess = nearest(file, registry.profiles)
        names = f"did you mean {guess}?" if guess else f"a file, or one of {', '.join(registry.profiles)}"
        raise InvalidInput(Problem(found="no such file or profile", accepted=names, file=file))
    from exitbrain.config.profiles import load_profiles, registry_from

    if _is_plan(file):
        from exitbrain.config.plans import load_plan

        return load_plan(file), registry, []
    registrations = load_profiles(file)
    return None, registry_from(registrations), list(dict.fromkeys(own.profile.name for own in registrations))


def _is_plan(file: str) -> bool:
    from exitbrain.config.documents import load_document

    content = load_document(file, wanted="a plan or profiles").content
    return isinstance(content, dict) and "profiles" not in content and bool({"triggers", "plan_id"} & content.keys())


def _choose(registry: ProfileRegistry, names: Sequence[str], asked: Asked) -> TPProfile:
    """By its name; else the only one of the file; else by selection, where one is asked for."""
    known = registry.profiles
    if asked.profile is not None:
        if asked.profile not in known:
            raise InvalidInput(unknown_name(asked.profile, known, "profile"))
        return known[asked.profile]
    if len(names) == 1:
        return known[names[0]]
    if names and not (asked.symbol or asked.strategy or asked.regime):
        raise InvalidInput(
            f"{len(names)} profiles in the file", accepted=f"--profile with one of {', '.join(names)}, or --symbol"
        )
    return registry.select(asked.symbol or ANY, asked.strategy or ANY, asked.regime or "NORMAL").profile


def _regime(registry: ProfileRegistry, profile: TPProfile, asked: Asked) -> MarketRegime:
    """The regime asked for, else the one that the profile is for: it scales a stop that is not given."""
    if asked.regime is not None:
        known = known_regime(asked.regime)
        if known is None:
            raise InvalidInput(f"regime is {asked.regime!r}", accepted=", ".join(MarketRegime))
        return known
    own = {mapping.regime for mapping in registry if mapping.profile == profile} - {ANY}
    return MarketRegime(own.pop()) if len(own) == 1 else MarketRegime.NORMAL


def _draw(profile: TPProfile, regime: MarketRegime, asked: Asked) -> Drawn:
    settings = ExitSettings()
    context = ExitContext(
        asked.symbol or NO_SYMBOL,
        asked.side,
        asked.entry,
        asked.qty,
        **_stop(asked.stop),
    )
    given: dict[str, Any] = asked.instrument_values()
    instrument = replace(exact_instrument(context, settings, profile), **given)
    ladder, lots = ladder_of(context, settings, profile, instrument, regime, "NORMAL")
    return Drawn(
        context=context,
        profile=profile,
        ladder=ladder,
        instrument=instrument,
        lots=lots,
        rows=ladder_rows(ladder, instrument, lots, profile),
        digits=_digits(ladder, instrument, rounded="tick_size" in given),
    )


def _stop(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    return {"stop_loss_pct": text.strip()[:-1]} if text.strip().endswith("%") else {"stop_price": text}


def _digits(ladder: Ladder, instrument: Instrument, *, rounded: bool) -> int:
    """Decimals of a price: those of the tick, else as many as the levels need, within reason."""
    if rounded:
        return max(0, -int(instrument.tick_size.normalize().as_tuple().exponent))
    levels = [ladder.stop, *(rung.level for rung in ladder.rungs)] + ([ladder.trail.activation] if ladder.trail else [])
    prices = [(instrument.price(level)).normalize() for level in levels]
    needed = max(0, *(-int(price.as_tuple().exponent) for price in prices))
    whole = max(price.adjusted() + 1 for price in prices)
    return min(needed, max(2, MOST_DIGITS - whole))


def _blocks(drawn: Drawn, width: int) -> list[RenderableType]:
    words = ladder_sentences(drawn.ladder, drawn.profile, drawn.lots, drawn.price_text)
    return [
        _head(drawn),
        _leg_table(drawn, width),
        ladder_picture(drawn.ladder, drawn.profile, drawn.lots, drawn.price_text, min(width, 120)),
        sentences([*_outcomes(drawn), *words], width),
    ]


def _head(drawn: Drawn) -> str:
    ladder, context = drawn.ladder, drawn.context
    unit = "" if context.symbol == NO_SYMBOL else f" {context.symbol}"
    about = f": {drawn.profile.description}" if drawn.profile.description else ""
    quantity = plain(drawn.instrument.quantity(drawn.lots))
    return (
        f"{drawn.profile.name}{about}\n{context.side.lower()} {quantity}{unit} at {drawn.price_text(ladder.entry)}, "
        f"stop {drawn.price_text(Fraction(ladder.stop))} ({percent(ladder.risk / ladder.entry)}), "
        f"1R = {drawn.price_text(ladder.risk)} a unit"
    )


def _leg_table(drawn: Drawn, width: int) -> RenderableType:
    """The widest set of columns that the terminal has room for; nothing that is shown is cut."""
    columns = list(COLUMNS)
    for spared in (None, "fee", "order", "quantity"):
        columns = [column for column in columns if column != spared]
        cells = [[_cell(column, row, drawn) for column in columns] for row in drawn.rows]
        heads = [COLUMNS[column] for column in columns]
        widths = [max(len(head), *(len(line[i]) for line in cells)) for i, head in enumerate(heads)]
        if sum(widths) + 2 * (len(widths) - 1) <= width:
            break
    styled = [
        [Text(cell, style=STYLES[row.kind]) if i == 0 else cell for i, cell in enumerate(line)]
        for row, line in zip(drawn.rows, cells, strict=True)
    ]
    return table([(COLUMNS[column], column not in ("name", "order")) for column in columns], styled)


def _cell(column: str, row: LadderRow, drawn: Drawn) -> str:
    match column:
        case "name":
            return row.name
        case "order":
            return row.order
        case "r":
            return r_text(row.r_multiple)
        case "price":
            return f"{row.price:.{drawn.digits}f}"
        case "from_entry":
            return f"{float(row.from_entry * 100):+.2f}%"
        case "size":
            return "rest" if row.size is None else share_text(row.size)
        case "quantity":
            return "rest" if row.quantity is None else plain(row.quantity)
        case _:
            return _money(getattr(row, column), drawn)


def _money(value: Decimal | None, drawn: Drawn) -> str:
    if value is None:
        return ""
    scale = max(abs(row.total) for row in drawn.rows if row.total is not None)
    digits = min(MOST_DIGITS, max(2, 3 - scale.adjusted()))
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not Decimal(text) else text


def _outcomes(drawn: Drawn) -> list[str]:
    """The two ends: every target, or the stop before any."""
    risk = drawn.instrument.money_unit * drawn.ladder.risk.numerator * drawn.lots / drawn.ladder.risk.denominator
    best = [row for row in drawn.rows if row.total is not None and row.kind != "SL"]
    (stop,) = (row for row in drawn.rows if row.kind == "SL")
    assert stop.total is not None
    lines = []
    if best:
        total, trails = best[-1].total, best[-1].kind == "TRAIL"
        assert total is not None
        open_still = not trails and drawn.ladder.runner > 0
        lines.append(
            f"All targets: {'at least ' if trails else ''}{_money(total, drawn)} after fees, "
            f"{float(total / risk):+.2f}R{', the runner still open' if open_still else ''}."
        )
    lines.append(f"Stopped first: {_money(stop.total, drawn)} after fees, {float(stop.total / risk):+.2f}R.")
    return lines


def _drawn_json(drawn: Drawn) -> dict[str, Any]:
    ladder = drawn.ladder
    return {
        "profile": drawn.profile.name,
        "symbol": None if drawn.context.symbol == NO_SYMBOL else drawn.context.symbol,
        "side": drawn.context.side.lower(),
        "entry_price": plain(decimal_of(drawn.context.entry_price)),
        "initial_stop": plain(drawn.instrument.price(ladder.stop)),
        "risk_per_unit": plain(_decimal(ladder.risk * Fraction(drawn.instrument.tick_size))),
        "quantity": plain(drawn.instrument.quantity(drawn.lots)),
        "opening_fee": plain(opening_fee(ladder, drawn.instrument, drawn.lots)),
        "legs": [_row_json(row) for row in drawn.rows],
        "trail": _trail_json(drawn),
        "words": list(ladder_sentences(ladder, drawn.profile, drawn.lots, drawn.price_text)),
        "notes": list(ladder.notes),
    }


def _row_json(row: LadderRow) -> dict[str, Any]:
    def text(value: Decimal | None) -> str | None:
        return None if value is None else plain(value)

    return {
        "leg": row.name,
        "kind": row.kind.value,
        "order": row.order,
        "r": float(row.r_multiple),
        "price": text(row.price),
        "trigger_pct": float(row.from_entry),
        "size_pct": None if row.size is None else float(row.size),
        "quantity": text(row.quantity),
        "fee": text(row.fee),
        "pnl": text(row.pnl),
        "total": text(row.total),
    }


def _trail_json(drawn: Drawn) -> dict[str, Any] | None:
    trail = drawn.ladder.trail
    if trail is None or not drawn.ladder.runner:
        return None
    return {
        "covers": "remaining" if drawn.ladder.runner == REMAINING else "runner",
        "activation_price": plain(drawn.instrument.price(trail.activation)),
        "callbacks": [
            {"from_price": plain(drawn.instrument.price(level)), "callback_pct": numerator / denominator}
            for level, numerator, denominator in trail.callbacks
        ],
    }


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / value.denominator

"""Recipes (profiles and the legacy ladder) and the ladder they make for one position, in whole ticks and lots.

CHOICES
1. Legs are numbered by ascending R, whatever their order in the file.
2. A leg of a fresh ladder that has 0 lots after the merge is gone, with a note.
3. The minima of a sized runner are tested at the entry price of the ladder.
4. After a shrink the merge of lots and the join of a runner are those of a fresh ladder.
5. P4's k·ATR and its percentages are taken from the fill (an add: from the average), rounded once as a stop.
6. In the legacy ladder the last row of the template becomes the trail; it trails from the opening, whatever the slippage.
7. Where a move names a leg whose neighbour below was merged away, `previous_target` still means that neighbour's level.
8. `previous_target` after leg 1 is break-even in all ways: `fees` and the reason `breakeven_stop` included.
9. Break-even is the ladder's entry (at opening the fill, after an add the exact average then), not what later rounding
   of released cost makes of the average; with fees, slippage of the closing order is not counted.
10. `regime: auto` is NORMAL (worlds are shorter than its warm-up).
"""

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .exact import duration, exact, toward_market, toward_zero_profit

REGIMES = ("TREND", "RANGE", "VOLATILE", "CHOP", "NORMAL")
RISK_MODE_FACTORS = {"NORMAL": "1", "CONSERVATIVE": "0.7", "CRITICAL": "0.5", "ESS_ACTIVE": "0.3"}
REGIME_FACTORS = {"VOLATILE": "1.5", "TREND": "0.8", "RANGE": "1.2"}
DEFAULTS = {
    "TREND": ("0.5/0.15/SOFT 1/0.20/HARD 2/0.30/HARD", ("0.02", "1.5", [("3", "0.015"), ("5", "0.01")])),
    "RANGE": ("0.3/0.30/SOFT 0.6/0.40/HARD 1/0.30/HARD", None),
    "VOLATILE": ("0.4/0.25/SOFT 0.8/0.35/HARD 1.5/0.40/HARD", ("0.025", "1", [])),
    "CHOP": ("0.25/0.40/SOFT 0.5/0.40/HARD 0.75/0.20/HARD", None),
    "NORMAL": ("0.5/0.25/SOFT 1/0.25/HARD 2/0.50/HARD", ("0.015", "1", [("3", "0.01")])),
}
WHOLE = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True)
class Rung:
    """A take-profit of a recipe: at an R, or (legacy) at a share of the entry price."""

    index: int
    fraction: Fraction
    kind: str
    r: Fraction | None = None
    share: Fraction | None = None

    def level(self, entry, risk, direction):
        distance = self.r * risk if self.share is None else self.share * entry
        level = toward_zero_profit(entry + direction * distance, direction)
        if direction > 0:
            return max(level, math.ceil(entry + 1))
        return min(level, math.floor(entry - 1))


@dataclass(frozen=True, slots=True)
class Trailing:
    callback: Fraction
    activation: Fraction | None  # None: from the opening
    curve: tuple = ()
    atr: tuple | None = None  # (period, multiple)
    adaptive: tuple | None = None  # (lowest, highest) factor


@dataclass(frozen=True, slots=True)
class Liquidity:
    """P14; either half may be off."""

    max_spread: Fraction | None
    max_share: Fraction | None


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str | None
    rungs: tuple
    trailing: Trailing | None
    stop_moves: tuple = ()  # (after leg, to, fees)
    time_stop_bars: int | None = None
    time_stop_span: int | None = None
    liquidity: Liquidity | None = None


@dataclass(slots=True)
class Target:
    index: int
    kind: str
    level: int
    lots: int


@dataclass(slots=True)
class Ladder:
    entry: Fraction
    risk: Fraction
    direction: int
    recipe: Recipe
    targets: list
    runner: int | None  # lots of a sized trail; None where the trail covers what remains or there is none
    trails: bool
    notes: list = field(default_factory=list)


def default_registry():
    registry = []
    for regime, (legs, trailing) in DEFAULTS.items():
        rungs = []
        for index, leg in enumerate(legs.split(), start=1):
            r, fraction, kind = leg.split("/")
            rungs.append(Rung(index, exact(fraction), kind, r=exact(r)))
        trail = None
        if trailing:
            callback, activation, curve = trailing
            trail = Trailing(exact(callback), exact(activation), exact_curve(curve))
        registry.append((("*", "*", regime), Recipe(f"{regime}_DEFAULT", tuple(rungs), trail)))
    return registry


def exact_curve(curve):
    return tuple(sorted((exact(r), exact(callback)) for r, callback in curve))


def registry_with(profiles):
    """The five defaults, then the profiles file in its order (spec F2)."""
    registry = default_registry()
    for row in (profiles or {}).get("profiles") or []:
        key = (row.get("symbol") or "*", row.get("strategy_id") or "*", row.get("regime") or "*")
        registry.append((key, recipe_of(row)))
    return registry


def recipe_of(row):
    legs = sorted(row["tp_legs"], key=lambda leg: exact(leg["r_multiple"]))
    rungs = tuple(
        Rung(index, exact(leg["size_fraction"]), leg["kind"], r=exact(leg["r_multiple"]))
        for index, leg in enumerate(legs, start=1)
    )
    trailing = None
    if row.get("trailing"):
        part, atr, adaptive = row["trailing"], row.get("atr_trail"), row.get("adaptive")
        trailing = Trailing(
            exact(part["callback_pct"]),
            exact(part["activation_r"]),
            exact_curve(part.get("tightening_curve") or []),
            (int(atr["period"]), exact(atr["mult"])) if atr else None,
            (exact(adaptive["min"]), exact(adaptive["max"])) if adaptive else None,
        )
    moves = tuple((move["after_leg"], move["to"], bool(move.get("fees"))) for move in row.get("stop_moves") or [])
    limit = row.get("time_stop") or {}
    span = duration(limit["duration"]) if limit.get("duration") else None
    return Recipe(row["name"], rungs, trailing, moves, limit.get("bars"), span, liquidity_of(row))


def liquidity_of(row):
    given = row.get("liquidity")
    if not given:
        return None
    spread, share = given.get("max_spread_bps"), given.get("max_volume_share")
    return Liquidity(None if spread is None else exact(spread), None if share is None else exact(share))


def select_recipe(registry, symbol, strategy, regime):
    """The highest score wins, the last registered among equals (spec P3)."""
    best = None
    for (for_symbol, for_strategy, for_regime), recipe in registry:
        if for_symbol in ("*", symbol) and for_strategy in ("*", strategy) and for_regime in ("*", regime):
            score = 100 * (for_symbol != "*") + 10 * (for_strategy != "*") + (for_regime != "*")
            if best is None or score >= best[0]:
                best = (score, recipe)
    return best[1]


def legacy_recipe(template, regime):
    """Targets at shares of 3%, the last row a trail of 1.5% where the regime trails (spec P11 F29)."""
    rungs = [
        Rung(index, exact(fraction), "HARD", share=Fraction(3, 100) * exact(multiple))
        for index, (fraction, multiple) in enumerate(template, start=1)
    ]
    if regime in ("TREND", "NORMAL", "CHOP"):
        return Recipe(None, tuple(rungs[:-1]), Trailing(Fraction(15, 1000), None))
    return Recipe(None, tuple(rungs), None)


def regime_of(exits):
    name = {"TRENDING": "TREND", "RANGE_BOUND": "RANGE"}.get(exits["regime"], exits["regime"])
    return name if name in REGIMES else "NORMAL"


def stop_level(exits, regime, instrument, direction, entry, stop_price, stop_percent, atr):
    """P4: an explicit price, else the trigger's percentage, else k·ATR, else the default; in whole ticks."""
    if stop_price is not None:
        return toward_market(stop_price / instrument.tick, direction)
    if stop_percent is not None:
        return toward_market(entry * (1 - direction * stop_percent / 100), direction)
    if exits["stop_atr_mult"] is not None and atr is not None:
        return toward_market(
            entry - direction * exact(exits["stop_atr_mult"]) * exact(atr) / instrument.tick, direction
        )
    share = exact(exits["default_stop_pct"]) / 100
    share *= exact(RISK_MODE_FACTORS[exits["risk_mode"]]) * exact(REGIME_FACTORS.get(regime, "1"))
    share = min(max(share, Fraction(1, 100)), Fraction(5, 100))
    return toward_market(entry * (1 - direction * share), direction)


def build_ladder(recipe, instrument, direction, entry, stop, lots):
    """The sized legs of a whole position: merged (F18), split (F17), the runner last."""
    risk = abs(entry - stop)
    notes = []
    rungs, merged = merge_rungs(recipe.rungs, instrument, direction, entry, risk, lots, notes)
    total = sum(rung.fraction for rung in recipe.rungs)
    takes_all = abs(total - 1) <= WHOLE
    targets = []
    for rung in rungs:
        size = math.floor(rung.fraction * lots)
        if takes_all and rung is rungs[-1]:
            size = lots - sum(target.lots for target in targets)
        targets.append(Target(rung.index, rung.kind, rung.level(entry, risk, direction), size))
    runner = None
    if recipe.trailing and not takes_all:
        runner = lots - sum(target.lots for target in targets)
    ladder = Ladder(entry, risk, direction, recipe, targets, runner, recipe.trailing is not None, notes)
    drop_empty(ladder)
    join_runner(ladder, instrument)
    return ladder


def merge_rungs(rungs, instrument, direction, entry, risk, lots, notes):
    """From the last to the first, a rung that is too small gives its fraction to the one before it (spec F18)."""
    kept = list(rungs)

    def small(rung):
        return instrument.too_small(math.floor(rung.fraction * lots), rung.level(entry, risk, direction))

    for at in range(len(kept) - 1, 0, -1):
        if small(kept[at]):
            notes.append(f"take_profit_{kept[at].index} merged into take_profit_{kept[at - 1].index}")
            kept[at - 1] = replace(kept[at - 1], fraction=kept[at - 1].fraction + kept[at].fraction)
            del kept[at]
    if len(kept) > 1 and small(kept[0]):
        notes.append(f"take_profit_{kept[0].index} merged into take_profit_{kept[1].index}")
        kept[1] = replace(kept[1], fraction=kept[1].fraction + kept[0].fraction)
        del kept[0]
    return kept, notes


def drop_empty(ladder):
    for target in ladder.targets:
        if target.lots == 0:
            ladder.notes.append(f"take_profit_{target.index} has no lot")
    ladder.targets = [target for target in ladder.targets if target.lots]


def join_runner(ladder, instrument):
    """Where closing is not exempt, a runner under the minima joins the last take-profit (spec F33 F51)."""
    if instrument.closing_exempt or not ladder.runner or not ladder.targets:
        return
    if instrument.too_small(ladder.runner, ladder.entry):
        ladder.targets[-1].lots += ladder.runner
        ladder.runner = 0
        ladder.notes.append(f"runner joined take_profit_{ladder.targets[-1].index}")


def shrink(ladder, instrument, before, after):
    """Open sized legs in proportion, the last one takes the rest, then the merge of lots (spec P9 F17 F18)."""
    sizes = [target.lots for target in ladder.targets]
    if ladder.runner:
        sizes.append(ladder.runner)
    if not sizes:
        return
    shrunk = [size * after // before for size in sizes]
    shrunk[-1] = sum(sizes) * after // before - sum(shrunk[:-1])
    if ladder.runner:
        ladder.runner = shrunk.pop()
    for target, size in zip(ladder.targets, shrunk):
        target.lots = size
    drop_empty(ladder)
    merge_lots(ladder, instrument)
    join_runner(ladder, instrument)


def merge_lots(ladder, instrument):
    kept = ladder.targets
    for at in range(len(kept) - 1, 0, -1):
        if instrument.too_small(kept[at].lots, kept[at].level):
            kept[at - 1].lots += kept[at].lots
            ladder.notes.append(f"take_profit_{kept[at].index} merged into take_profit_{kept[at - 1].index}")
            del kept[at]
    if len(kept) > 1 and instrument.too_small(kept[0].lots, kept[0].level):
        kept[1].lots += kept[0].lots
        ladder.notes.append(f"take_profit_{kept[0].index} merged into take_profit_{kept[1].index}")
        del kept[0]


def moved_stop(ladder, instrument, after_leg, to, fees, lots, fees_so_far):
    """The level and reason of a stop move that a filled leg asks for (spec F36 F52)."""
    entry, direction = ladder.entry, ladder.direction
    if to == "previous_target" and after_leg > 1:
        rung = ladder.recipe.rungs[after_leg - 2]
        return rung.level(entry, ladder.risk, direction), "stop_loss"
    if to not in ("breakeven", "previous_target"):
        return toward_market(entry + direction * exact(to) * ladder.risk, direction), "stop_loss"
    level = entry
    if fees and lots:
        owed = fees_so_far / (lots * instrument.unit)
        level = (entry + direction * owed) / (1 - direction * instrument.taker_fee)
    return toward_market(level, direction), "breakeven_stop"

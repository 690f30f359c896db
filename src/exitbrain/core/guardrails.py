"""Guards before the arbiter: one table, the only place where categories and guards meet (spec D2, F11).

A guard answers from a `Facts` value: what is known at the decision point. Its *no* is a `Blocked` value with the
numbers that led to it, never silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from exitbrain.core.intents import Blocked, Intent, Kind

E, N, R, O, X = Kind.ENTRY, Kind.NORMAL_EXIT, Kind.RISK_REDUCE, Kind.RISK_OFF, Kind.EMERGENCY_EXIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The guardrails in force: the stricter of plan and config; None is off. `*_pct` are percent of equity."""

    same_bar_veto: bool = True
    min_hold_bars: int = 0
    max_spread_bps: Decimal | None = None
    min_liquidity: Decimal | None = None
    stale_after_bars: int | None = 3
    min_trade: bool = True
    cooldown_bars: int = 0
    max_daily_loss_pct: Decimal | None = None
    max_entries_per_day: int | None = None
    max_position_risk_pct: Decimal | None = None
    max_symbol_exposure_pct: Decimal | None = None
    max_portfolio_exposure_pct: Decimal | None = None
    daily_risk_budget_pct: Decimal | None = None
    allowed_symbols: frozenset[str] | None = None
    allowed_directions: frozenset[str] | None = None
    allowed_categories: frozenset[str] | None = None

    @property
    def cooldown_recommendation_bars(self) -> int:
        """What a vetoed emergency record carries (spec F30)."""
        return max(1, self.cooldown_bars, self.min_hold_bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What guards may know at one decision. Times are µs; unknown spread and volume are None."""

    symbol: str
    plan_expired: bool = False
    gap: int = 0  # µs between the decision's bar and the one before; 0 at the first bar
    timeframe: int = 1
    bars_held: int | None = None  # None when flat
    position_side: int = 0
    adds: int = 0
    max_adds: int = 0
    on_opposite: str = "reverse"
    independent: bool = False
    hold_rule_true: bool = False
    spread_bps: float | None = None
    liquidity: float | None = None
    exit_too_small: str = ""  # the size of an exit that the venue would not take
    bars_since_close: int | None = None
    entries_today: int = 0
    day_open_equity: Fraction | None = None
    equity: Fraction | None = None
    risk_opened_today: Fraction = Fraction(0)


Guard = Callable[[Intent, Facts, Limits], str | None]


def stale_data(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if limits.stale_after_bars is None or facts.gap <= limits.stale_after_bars * facts.timeframe:
        return None
    return f"{facts.gap / facts.timeframe:g} bars since the bar before, at most {limits.stale_after_bars}"


def same_bar_veto(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if not limits.same_bar_veto or not closes_a_position(intent, facts) or facts.bars_held != 0:
        return None
    return "the position was opened in this bar"


def min_hold(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if not closes_a_position(intent, facts) or facts.bars_held is None or facts.bars_held >= limits.min_hold_bars:
        return None
    return f"held {facts.bars_held} of {limits.min_hold_bars} bars"


def hold_rule(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    return "the trigger's hold rule is true" if facts.hold_rule_true else None


def spread(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if limits.max_spread_bps is None or facts.spread_bps is None or facts.spread_bps <= limits.max_spread_bps:
        return None
    return f"spread {facts.spread_bps:g} bps, at most {limits.max_spread_bps}"


def liquidity(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if limits.min_liquidity is None or facts.liquidity is None or facts.liquidity >= limits.min_liquidity:
        return None
    return f"quote volume {facts.liquidity:g}, at least {limits.min_liquidity}"


def min_trade(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if not limits.min_trade or intent.is_entry or not facts.exit_too_small:
        return None
    return facts.exit_too_small


def daily_loss(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if limits.max_daily_loss_pct is None or not facts.day_open_equity or facts.equity is None:
        return None
    loss = (facts.day_open_equity - facts.equity) / facts.day_open_equity * 100
    if loss < Fraction(limits.max_daily_loss_pct):
        return None
    return f"{float(loss):.4g}% lost today, at most {limits.max_daily_loss_pct}%"


def cooldown(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if facts.bars_since_close is None or facts.bars_since_close >= limits.cooldown_bars:
        return None
    return f"{facts.bars_since_close} of {limits.cooldown_bars} bars since the last closing fill"


def daily_count(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if limits.max_entries_per_day is None or facts.entries_today < limits.max_entries_per_day:
        return None
    return f"{facts.entries_today} of at most {limits.max_entries_per_day} sets opened today"


def allow_list(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    assert intent.entry is not None
    direction = "long" if intent.entry.side > 0 else "short"
    for name, value, allowed in (
        ("symbol", facts.symbol, limits.allowed_symbols),
        ("direction", direction, limits.allowed_directions),
        ("category", intent.category, limits.allowed_categories),
    ):
        if allowed is not None and value not in allowed:
            return f"{name} {value} is not among {', '.join(sorted(allowed)) or 'none'}"
    return None


def budget(intent: Intent, facts: Facts, limits: Limits) -> str | None:
    if limits.daily_risk_budget_pct is None or facts.equity is None:
        return None
    allowed = facts.equity * Fraction(limits.daily_risk_budget_pct) / 100
    if facts.risk_opened_today < allowed:
        return None
    return f"risk {float(facts.risk_opened_today):g} opened today, budget {float(allowed):g}"


GUARDS: dict[str, tuple[Guard, frozenset[Kind]]] = {
    "stale_data": (stale_data, frozenset({E, N, R, O, X})),
    "same_bar_veto": (same_bar_veto, frozenset({N, R, O, X})),
    "min_hold": (min_hold, frozenset({N, R, O, X})),
    "hold_rule": (hold_rule, frozenset({N, R, O})),
    "spread": (spread, frozenset({E, N, R, O})),
    "liquidity": (liquidity, frozenset({E, N, R, O})),
    "min_trade": (min_trade, frozenset({E, N, R, O})),
    "daily_loss": (daily_loss, frozenset({E})),
    "cooldown": (cooldown, frozenset({E})),
    "daily_count": (daily_count, frozenset({E})),
    "allow_list": (allow_list, frozenset({E})),
    "budget": (budget, frozenset({E})),
}
# What each guard reads of `Facts`, beside what holds for a whole run (symbol, timeframe, max_adds, on_opposite,
# independent) and, of an entry, FACTS_OF_AN_ENTRY.
FACTS_READ: dict[str, tuple[str, ...]] = {
    "stale_data": ("gap",),
    "same_bar_veto": ("bars_held",),
    "min_hold": ("bars_held",),
    "hold_rule": ("hold_rule_true",),
    "spread": ("spread_bps",),
    "liquidity": ("liquidity",),
    "min_trade": ("exit_too_small",),
    "daily_loss": ("day_open_equity", "equity"),
    "cooldown": ("bars_since_close",),
    "daily_count": ("entries_today",),
    "allow_list": (),
    "budget": ("equity", "risk_opened_today"),
}
FACTS_OF_AN_ENTRY = ("plan_expired", "position_side", "adds")
# A reversal's closing half also passes these two guards of a normal exit (spec F13, F31).
GUARDS_OF_A_CLOSING_ENTRY = ("same_bar_veto", "min_hold")


def is_opposite(intent: Intent, facts: Facts) -> bool:
    return intent.entry is not None and facts.position_side == -intent.entry.side and not facts.independent


def closes_a_position(intent: Intent, facts: Facts) -> bool:
    return not intent.is_entry or (is_opposite(intent, facts) and facts.on_opposite != "ignore")


def against_position(intent: Intent, facts: Facts) -> tuple[str, str | None] | None:
    """D7's answers: an add beyond max_adds, an opposite entry that is ignored. None where neither is asked."""
    if intent.entry is None or facts.independent or facts.position_side == 0:
        return None
    if is_opposite(intent, facts):
        return "opposite_ignored", "an opposite position is open" if facts.on_opposite == "ignore" else None
    full = facts.adds >= facts.max_adds
    return "max_adds", f"{facts.adds} of at most {facts.max_adds} adds made" if full else None


Asked = tuple[tuple[str, Guard | None], ...]


def is_on(guard: str, limits: Limits) -> bool:
    """Whether a guard can say no at all under these limits."""
    match guard:
        case "stale_data":
            return limits.stale_after_bars is not None
        case "same_bar_veto":
            return limits.same_bar_veto
        case "min_hold":
            return limits.min_hold_bars > 0
        case "spread":
            return limits.max_spread_bps is not None
        case "liquidity":
            return limits.min_liquidity is not None
        case "min_trade":
            return limits.min_trade
        case "daily_loss":
            return limits.max_daily_loss_pct is not None
        case "cooldown":
            return limits.cooldown_bars > 0
        case "daily_count":
            return limits.max_entries_per_day is not None
        case "allow_list":
            lists = (limits.allowed_symbols, limits.allowed_directions, limits.allowed_categories)
            return any(allowed is not None for allowed in lists)
        case "budget":
            return limits.daily_risk_budget_pct is not None
    return True


@lru_cache(maxsize=256)
def guards_in_force(kind: Kind, closing: bool, limits: Limits) -> Asked:
    """The guards that speak to a kind of intent, in the table's order; None for one that is switched off.

    A reversal's closing half (`closing`, of an entry) also passes two guards of a normal exit.
    """
    return tuple(
        (name, guard if is_on(name, limits) else None)
        for name, (guard, kinds) in GUARDS.items()
        if kind in kinds or (closing and kind is E and name in GUARDS_OF_A_CLOSING_ENTRY)
    )


@lru_cache(maxsize=256)
def facts_read(kind: Kind, closing: bool, limits: Limits) -> tuple[str, ...]:
    """The facts that the guards in force read: where these are equal, so are the answers to an intent."""
    guards = [name for name, guard in guards_in_force(kind, closing, limits) if guard is not None]
    if kind is E:
        # An entry is sized at its fill and judged there.
        guards = [name for name in guards if name != "min_trade"]
    of_an_entry = FACTS_OF_AN_ENTRY if kind is E else ()
    return tuple(dict.fromkeys([*of_an_entry, *(fact for name in guards for fact in FACTS_READ[name])]))


def answers(intent: Intent, facts: Facts, limits: Limits, asked: Asked | None = None) -> list[tuple[str, str | None]]:
    """Every guard that speaks to this intent, in order, with its no (a sentence) or None.

    `asked` is `guards_in_force` where the caller keeps it.
    """
    if asked is None:
        asked = guards_in_force(intent.kind, intent.is_entry and closes_a_position(intent, facts), limits)
    given: list[tuple[str, str | None]] = []
    if intent.is_entry:
        given.append(("expired_plan", "the plan is past valid_until" if facts.plan_expired else None))
    given.extend([(name, guard and guard(intent, facts, limits)) for name, guard in asked])
    beside = against_position(intent, facts)
    if beside is not None:
        given.append(beside)
    return given


def blocked(intent: Intent, facts: Facts, limits: Limits) -> Blocked | None:
    """The first no, or None."""
    for guard, detail in answers(intent, facts, limits):
        if detail is not None:
            return Blocked(intent=intent, guard=guard, detail=detail)
    return None

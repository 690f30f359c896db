"""The guardrails as one table from kind to guards, and what a rule may see (spec D2 T5 F4 F5 F11 F38 F39).

CHOICES
1. An entry that would close a position (reverse or exit) is asked the same-bar veto and min hold in D2's order.
2. valid_until is compared with the time that the decision carries (the open time of its bar).
3. daily_count, daily_loss and budget count the whole run; cooldown counts the symbol. Opening risk only, no adds.
4. The equity of the day's first open is marked before funding and fills of that bar.
5. A full exit that is itself under the minima is refused by min_trade, whatever closing_exempt says.
6. Missing spread passes the spread guard.
7. position_fraction is the quantity over the largest of the set; stop_price is the SL; unrealized_r is the close
   against the average entry in the opening's R.
8. Within F38 the guards that look at data or at bars held pass at the first bar; the others are asked. A same-bar veto also holds where the position opened at that very open.
"""

from fractions import Fraction

from .exact import day_of, duration, exact
from .market import coarser_columns
from .rules import rule_value

GUARDS = {
    "entry": ("stale_data", "same_bar_veto", "min_hold", "spread", "liquidity")
    + ("daily_loss", "cooldown", "daily_count", "allow_list", "budget", "max_adds", "opposite_ignored"),
    "exit": ("stale_data", "same_bar_veto", "min_hold", "hold_rule", "spread", "liquidity", "min_trade"),
    "risk_reduce": ("stale_data", "same_bar_veto", "min_hold", "hold_rule", "spread", "liquidity", "min_trade"),
    "risk_off": ("stale_data", "same_bar_veto", "min_hold", "hold_rule", "spread", "liquidity", "min_trade"),
    "emergency_exit": ("stale_data", "same_bar_veto", "min_hold"),
}


NEED_THE_BAR_BEFORE = ("stale_data", "same_bar_veto", "min_hold", "spread", "liquidity")


def refusal(run, decision, candidate, position):
    """The first guard that says no, or None (spec F11)."""
    if candidate.kind == "entry" and candidate.trigger is not None and run.plan_expired(decision.time):
        return "expired_plan"
    first_bar_alone = decision.alone and decision.index == 0
    for name in GUARDS[candidate.kind]:
        if first_bar_alone and name in NEED_THE_BAR_BEFORE:
            continue
        if ANSWERS[name](run, decision, candidate, position):
            return name
    return None


def closes(run, candidate, position):
    """Would this candidate close the position: any exit, or an entry that is not in its direction."""
    return position is not None and (candidate.kind != "entry" or candidate.direction != position.direction)


def is_stale(run, decision, candidate, position):
    limit, at = run.guards["stale_after_bars"], decision.seen
    bars = decision.series.bars
    return limit is not None and at > 0 and bars[at].time - bars[at - 1].time > limit * decision.series.timeframe


def in_same_bar(run, decision, candidate, position):
    if not run.guards["same_bar_veto"] or not closes(run, candidate, position) or ignored(run, candidate):
        return False
    return decision.seen - position.opened_index <= 0


def held_too_short(run, decision, candidate, position):
    if not closes(run, candidate, position) or ignored(run, candidate):
        return False
    return max(0, decision.seen - position.opened_index) < run.guards["min_hold_bars"]


def ignored(run, candidate):
    return candidate.kind == "entry" and run.account["on_opposite"] == "ignore"


def hold_mutes(run, decision, candidate, position):
    return answer_of(run, decision.series, position, candidate.trigger, "hold_rule") is True


def spread_too_wide(run, decision, candidate, position):
    limit, spread = run.guards["max_spread_bps"], decision.series.spread(decision.seen)
    return limit is not None and spread is not None and spread > exact(limit)


def too_thin(run, decision, candidate, position):
    limit, bar = run.guards["min_liquidity"], decision.series.bars[decision.seen]
    return limit is not None and bar.close * decision.series.instrument.tick * bar.volume < exact(limit)


def exit_too_small(run, decision, candidate, position):
    return run.guards["min_trade"] and decision.series.instrument.too_small(candidate.lots, decision.price)


def daily_loss_reached(run, decision, candidate, position):
    limit = run.guards["max_daily_loss_pct"]
    first = run.day_open_equity.get(day_of(decision.time))
    return limit is not None and first is not None and (first - run.equity()) / first * 100 >= exact(limit)


def cooling_down(run, decision, candidate, position):
    last = run.last_close.get(decision.series.instrument.symbol)
    return last is not None and max(0, decision.seen - last) < run.guards["cooldown_bars"]


def day_is_full(run, decision, candidate, position):
    limit = run.guards["max_entries_per_day"]
    return limit is not None and len(run.openings_of(decision.time)) >= limit


def not_allowed(run, decision, candidate, position):
    words = {
        "allowed_symbols": decision.series.instrument.symbol,
        "allowed_directions": "long" if candidate.direction > 0 else "short",
        "allowed_categories": candidate.category,
    }
    return any(run.guards[key] is not None and word not in run.guards[key] for key, word in words.items())


def budget_spent(run, decision, candidate, position):
    limit = run.guards["daily_risk_budget_pct"]
    return limit is not None and sum(run.openings_of(decision.time)) >= exact(limit) / 100 * run.equity()


def too_many_adds(run, decision, candidate, position):
    same = position is not None and candidate.direction == position.direction
    return same and position.adds >= run.account["max_adds"]


def opposite_ignored(run, decision, candidate, position):
    return position is not None and candidate.direction != position.direction and ignored(run, candidate)


ANSWERS = {
    "stale_data": is_stale,
    "same_bar_veto": in_same_bar,
    "min_hold": held_too_short,
    "hold_rule": hold_mutes,
    "spread": spread_too_wide,
    "liquidity": too_thin,
    "min_trade": exit_too_small,
    "daily_loss": daily_loss_reached,
    "cooldown": cooling_down,
    "daily_count": day_is_full,
    "allow_list": not_allowed,
    "budget": budget_spent,
    "max_adds": too_many_adds,
    "opposite_ignored": opposite_ignored,
}


# What a rule sees


def view_of(run, series, position, trigger=None):
    """The features that a rule reads and the bar at which it stands; no bar where the trigger is not asked now.

    A trigger of a longer timeframe stands on that timeframe's bars, at their closes only; features of the position are
    known at the present bar only.
    """
    now = run.index_of(series)
    rows, at = series.floats, now
    span = duration(trigger["timeframe"]) if trigger and trigger.get("timeframe") else series.timeframe
    if span != series.timeframe:
        rows, closes = coarser_columns(series, span)
        at = closes.get(now)

    def view(name, index):
        if name in rows[index]:
            return rows[index][name]
        if name == "regime":
            return run.regime
        return position_feature(run, series, position, name, now) if index == at else None

    return view, at


def answer_of(run, series, position, trigger, key):
    """What a rule of a trigger says now; unknown also where it is not asked."""
    view, at = view_of(run, series, position, trigger)
    return None if at is None else rule_value(trigger.get(key), view, at)


def is_asked(run, series, trigger):
    return view_of(run, series, None, trigger)[1] is not None


def position_feature(run, series, position, name, index):
    states = {
        "position": "flat" if position is None else "long" if position.direction > 0 else "short",
        "is_flat": position is None,
        "is_long": position is not None and position.direction > 0,
        "is_short": position is not None and position.direction < 0,
    }
    if name in states:
        return states[name]
    if position is None:
        return None
    tick, direction, risk = series.instrument.tick, position.direction, position.opening_risk
    average = Fraction(position.cost, position.lots)
    values = {
        "bars_held": index - position.opened_index,
        "unrealized_r": direction * (series.bars[index].close - average) / risk,
        "mfe_r": max(Fraction(0), direction * (position.best - position.opening_fill) / risk),
        "mae_r": min(Fraction(0), direction * (position.worst - position.opening_fill) / risk),
        "entry_price": average * tick,
        "stop_price": position.stop * tick,
        "position_fraction": position.lots * series.instrument.lot / position.record.max_quantity,
    }
    return float(values[name])

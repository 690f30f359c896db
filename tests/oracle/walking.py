"""A position walks a bar: the open, then a path of straight pieces, price moving tick by tick (spec X2 X3 X4 F8 F21).

`settle` fills, at one price of the path, whatever is met there: SL, then TRAIL, then TPs in ascending R, asking again
after each fill because a fill can move the stop. `walk_piece` jumps from one price that matters to the next.

CHOICES
1. Between two points the price takes every whole tick; peaks, activation and stops at once are judged at these ticks.
2. A trail or moved stop that is at or beyond the present price fills at once at the present price (slippage applies).
3. At the open the peak takes in the open first, so a gap can activate and raise the trail before resting legs are asked.
4. An ATR or adaptive trail takes the ATR of the closed bar before the one being walked, anew at each bar, and may
   tighten at the open without a new peak. While its ATR is unknown an ATR trail sets no stop; an adaptive factor is 1.
5. `adaptive` uses ATR(14); the ATR at entry is that of the decision bar of the opening, adds do not renew it.
6. A move that would put the stop exactly where it is, or looser, changes nothing, its reason included.
7. Several moves after one leg apply in the order of the file; the peak R of an added-to position is measured with the
   entry and risk of the present ladder.
8. mfe_r and mae_r are path prices against the opening fill in the opening's R, never below (above) zero, up to the
   closing fill.
"""

import math
from fractions import Fraction

from .cutting import leave
from .exact import exact, toward_market
from .ledger import close_lots
from .planning import moved_stop


def path_points(bar, direction, mode):
    """The two extremes in the order in which the path takes them, then the close (spec X2 F25)."""
    adverse = (bar.low, bar.high) if direction > 0 else (bar.high, bar.low)
    if mode == "favorable":
        extremes = adverse[::-1]
    elif mode == "ohlc_nearest" and bar.high - bar.open != bar.open - bar.low:
        extremes = (bar.high, bar.low) if bar.high - bar.open < bar.open - bar.low else (bar.low, bar.high)
    else:
        extremes = adverse
    return (*extremes, bar.close)


def open_position_at(run, position, bar):
    """What the open itself meets."""
    refresh_trail(position)
    settle(run, position, bar.open, bar)


def walk_bar(run, position, bar):
    """The rest of the bar after its open."""
    here = bar.open
    for point in path_points(bar, position.direction, run.settings["execution"]["path"]):
        walk_piece(run, position, here, point, bar)
        here = point


def walk_piece(run, position, start, end, bar):
    here = start
    while position.lots and here != end:
        here = next_price(run, position, here, end)
        settle(run, position, here, bar)


def next_price(run, position, here, end):
    """The nearest price on the piece at which something may happen, else its end."""
    heading = 1 if end > here else -1
    prices = [position.stop] + [meeting_level(run, position, target) for target in position.ladder.targets]
    if trail_is_live(position) and position.trail_stop is not None:
        prices.append(position.trail_stop)
    if trail_is_live(position) and heading == position.direction:
        prices += trail_turning_points(position, here)
    ahead = [price for price in prices if heading * (price - here) > 0 and heading * (end - price) >= 0]
    return min(ahead, key=lambda price: heading * price, default=end)


def trail_turning_points(position, here):
    """Ticks ahead at which a trail that moves with the peak would newly reach the present price.

    It can begin to only at the first tick of a fresh peak, where the trail wakes or tightens, and, for a short, at the
    tick under which a callback is less than one tick.
    """
    direction, ladder = position.direction, position.ladder
    trailing = ladder.recipe.trailing
    best = max(here, position.peak, key=lambda price: direction * price)
    points = [best + direction]
    thresholds = [r for r, _ in trailing.curve] + ([trailing.activation] if trailing.activation is not None else [])
    for r in thresholds:
        points.append(toward_market(ladder.entry + direction * r * ladder.risk, direction))
    for callback in [trailing.callback] + [value for _, value in trailing.curve]:
        callback *= adaptive_factor(position)
        points.append(math.ceil(1 / callback) - 1)
    fresh = [price for price in points if direction * (price - best) > 0]
    return [price for price in fresh if reaches(trail_level(position, price), price, direction)]


def reaches(level, price, direction):
    return level is not None and direction * (level - price) >= 0


def settle(run, position, price, bar):
    """Fill all that the price meets, in the order of spec X4."""
    observe(position, price)
    while position.lots:
        direction = position.direction
        if direction * (price - position.stop) <= 0:
            close_lots(run, position, position.lots, price, bar, position.stop_reason)
        elif trail_hit(position, price):
            ladder = position.ladder
            lots = position.lots if ladder.runner is None else ladder.runner
            ladder.trails = False
            if ladder.runner is not None:
                ladder.runner = 0
            leave(run, position, lots, price, bar, "trailing_stop")
        elif target := met_target(run, position, price):
            fill_target(run, position, target, price, bar)
        else:
            return


def observe(position, price):
    direction = position.direction
    position.best = max(position.best, price, key=lambda value: direction * value)
    position.worst = min(position.worst, price, key=lambda value: direction * value)
    position.peak = max(position.peak, price, key=lambda value: direction * value)
    refresh_stop(position)


def trail_is_live(position):
    return position.ladder.trails and position.ladder.runner != 0


def trail_hit(position, price):
    if not trail_is_live(position) or position.trail_stop is None:
        return False
    return position.direction * (price - position.trail_stop) <= 0


def refresh_trail(position):
    """At a bar's open: the average true range of the closed bar before it."""
    trailing = position.ladder.recipe.trailing
    if trailing is None:
        return
    index = position.run_index - 1
    if trailing.atr:
        position.atr_now = position.series.atr(trailing.atr[0], index)
    elif trailing.adaptive:
        position.atr_now = position.series.atr(14, index)


def adaptive_factor(position):
    trailing = position.ladder.recipe.trailing
    if not trailing.adaptive or trailing.atr or position.atr_now is None or not position.atr_entry:
        return Fraction(1)
    low, high = trailing.adaptive
    return min(max(exact(position.atr_now) / exact(position.atr_entry), low), high)


def refresh_stop(position):
    """Wake the trail at its activation and tighten its stop, never loosen it (spec P8 F21 F35)."""
    position.trail_active = trail_wakes(position, position.peak)
    level = trail_level(position, position.peak)
    if level is not None and (position.trail_stop is None or position.direction * (level - position.trail_stop) > 0):
        position.trail_stop = level


def trail_wakes(position, peak):
    """Active once, active for good; else by the exact peak R."""
    trailing = position.ladder.recipe.trailing
    if trailing is None or position.trail_active:
        return position.trail_active
    gained = position.direction * (peak - position.ladder.entry)
    return trailing.activation is None or gained >= trailing.activation * position.ladder.risk


def trail_level(position, peak):
    """The trail's stop in ticks where the best price is `peak`, or None where it does not trail (yet)."""
    ladder, direction = position.ladder, position.direction
    trailing = ladder.recipe.trailing
    if trailing is None or not trail_wakes(position, peak):
        return None
    if trailing.atr:
        if position.atr_now is None:
            return None
        distance = trailing.atr[1] * exact(position.atr_now) / position.series.instrument.tick
        return toward_market(peak - direction * distance, direction)
    callback = trailing.callback
    for threshold, value in trailing.curve:
        if direction * (peak - ladder.entry) >= threshold * ladder.risk:
            callback = value
    callback *= adaptive_factor(position)
    return toward_market(peak * (1 - direction * callback), direction)


def meeting_level(run, position, target):
    """The price at which a leg fills: a limit may need to be passed by a tick (spec X3 F25)."""
    through = target.kind == "SOFT" and run.settings["execution"]["limit_fill"] == "through"
    return target.level + position.direction if through else target.level


def met_target(run, position, price):
    met = [
        target
        for target in position.ladder.targets
        if position.direction * (price - meeting_level(run, position, target)) >= 0
    ]
    return min(met, key=lambda target: target.index, default=None)


def fill_target(run, position, target, price, bar):
    position.ladder.targets.remove(target)
    at_level = price == meeting_level(run, position, target)
    base = target.level if at_level else price
    reason = f"take_profit_{target.index}"
    if target.kind == "SOFT":
        close_lots(run, position, min(target.lots, position.lots), base, bar, reason, resting=True)
    else:
        leave(run, position, target.lots, base, bar, reason)
    for after_leg, to, fees in position.ladder.recipe.stop_moves:
        if after_leg == target.index and position.lots:
            move_stop(position, after_leg, to, fees)


def move_stop(position, after_leg, to, fees):
    level, reason = moved_stop(
        position.ladder, position.series.instrument, after_leg, to, fees, position.lots, position.record.fees
    )
    if position.direction * (level - position.stop) > 0:
        position.stop, position.stop_reason = level, reason

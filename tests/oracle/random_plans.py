"""Random plans: triggers of every category with rules over prices and the position, and the latch settings beside them.

Thresholds on prices lie on the grid (both sides read the same decimal); thresholds on computed features lie off it, so
that no answer hangs on the last bit of a float.
"""

from fractions import Fraction

from .exact import iso, plain

NORMAL_CATEGORIES = ("trend_continuation", "reversal", "volatility_breakout", "mean_reversion", "other")


def random_plan(dice, markets, timeframe, config):
    triggers = []
    for market in markets.values():
        market["favorites"] = [price_rule(dice, market) for _ in range(2)]
        for _ in range(dice.randint(2, 7)):
            triggers.append(random_trigger(dice, market, timeframe, f"t{len(triggers)}"))
    if dice.random() < 0.1:
        triggers.append({"id": "stranger", "symbol": "OTHER", "direction": "long", "entry_rule": "close > open"})
    plan = {"plan_id": "p", "triggers": triggers}
    market = next(iter(markets.values()))
    if dice.random() < 0.4:
        plan["risk_regime_rule"] = price_rule(dice, market)
    if dice.random() < 0.1:
        plan["valid_until"] = iso(dice.choice(market["bars"])[0])
    if dice.random() < 0.1:
        plan["risk_constraints"] = {"max_symbol_exposure_pct": dice.choice((20, 80)), "cooldown_bars": 2}
    if dice.random() < 0.1:
        plan["limits"] = {"allowed_directions": ["long"]}
    if dice.random() < 0.1:
        plan["sizing_rules"] = [{"symbol": market["name"], "mode": "fraction", "value": 0.1}]
    add_switches(dice, config)
    return plan


def add_switches(dice, config):
    config["arbitration"] = {"entry_override_grade": dice.choice(("A", "A", "B", "C", None))}
    config["latch"] = {"scope": dice.choice(("portfolio", "symbol")), "clear_after_bars": dice.randint(1, 4)}


def random_trigger(dice, market, timeframe, name):
    kind = dice.choice(("entry", "entry", "exit", "risk_reduce", "risk_reduce", "risk_off", "emergency_exit", "both"))
    trigger = {"id": name, "symbol": market["name"]}
    if dice.random() < 0.5:
        trigger["timeframe"] = timeframe
    if market["coarser"] and dice.random() < 0.25:
        trigger["timeframe"] = market["coarser"]
    if dice.random() < 0.7:
        trigger["confidence_grade"] = dice.choice("ABC")
    if kind in ("entry", "both"):
        trigger["direction"] = dice.choice(("long", "short"))
        trigger["category"] = dice.choice(NORMAL_CATEGORIES)
        trigger["entry_rule"] = rare(dice, market, entry_rule(dice, market))
        if dice.random() < 0.5:
            trigger["stop_loss_pct"] = dice.choice((1, 2, 3, 5))
        if kind == "both":
            trigger["exit_rule"] = exit_rule(dice, market)
        return trigger
    trigger["direction"] = dice.choice(("exit", "exit", "flat", "long", "short"))
    trigger["category"] = dice.choice(NORMAL_CATEGORIES) if kind == "exit" else kind
    trigger["exit_rule"] = rare(dice, market, exit_rule(dice, market))
    if kind == "risk_reduce" or (kind == "exit" and dice.random() < 0.4):
        trigger["exit_fraction"] = dice.choice((0.25, 0.3, 0.5, 0.6, 1.0))
        trigger["rearm"] = dice.choice(("edge", "edge", "once", "every_bar"))
        if kind == "risk_reduce" and dice.random() < 0.15:
            del trigger["exit_fraction"]
    if kind != "emergency_exit" and dice.random() < 0.25:
        trigger["hold_rule"] = exit_rule(dice, market)
    if kind == "risk_off" and dice.random() < 0.4:
        trigger["latch"] = True
        trigger["exit_rule"] = price_rule(dice, market)
    return trigger


def rare(dice, market, rule):
    """Half of the rules ask for one thing more, so that not every bar decides."""
    return rule if dice.random() < 0.5 else f"({rule}) and ({price_rule(dice, market)})"


def entry_rule(dice, market):
    extra = dice.choice(
        ("", "", " and is_flat", " and not is_long", " or is_short and close < open", " and position != 'short'")
    )
    return price_rule(dice, market) + extra


def exit_rule(dice, market):
    if dice.random() < 0.5:
        return price_rule(dice, market)
    return dice.choice(
        (
            "bars_held >= 2",
            "bars_held between 1 and 3",
            "unrealized_r < -0.3137",
            "unrealized_r > 0.4137 or bars_held > 6",
            "mfe_r > 0.7193 and unrealized_r < 0.2137",
            "mae_r < -0.5137",
            "position == 'long' and close < open",
            "is_short and close > prev(close, 1)",
            "position_fraction < 0.6137",
            "close < entry_price * 0.99137",
            "not (unrealized_r between -0.2137 and 0.6137)",
            "unrealized_r is none or close > open",
        )
    )


def price_rule(dice, market):
    """Often one that other triggers share, so that several fire at one bar."""
    if len(market.get("favorites", ())) == 2 and dice.random() < 0.5:
        return dice.choice(market["favorites"])
    bar = dice.choice(market["bars"])
    level = plain((bar[4] + market["step"] * dice.randint(-2, 2)) * Fraction(market["tick"]))
    other = plain(bar[1] * Fraction(market["tick"]))
    low, high = sorted((level, other), key=Fraction)
    span = dice.randint(2, 5)
    return dice.choice(
        (
            f"close < {level}",
            f"close > {level}",
            f"close >= {level} and volume > 10",
            f"not close < {level}",
            f"close between {low} and {high}",
            f"{low} < close <= {high}",
            "close > open",
            "close < open",
            f"close > prev(close, {span})",
            f"high >= highest(high, {span})",
            f"low <= lowest(low, {span})",
            f"crosses_above(close, {level})",
            f"crosses_below(close, {level})",
            f"bars_since(close < open) >= {span}",
            "(close - open) / open > 0.00137",
            "abs(close - open) / open < 0.00237",
            "volume / (volume - 20) > 1.0137",
            "max(open, close) > prev(high, 1) or min(open, close) < prev(low, 1)",
            f"close in ({level}, {other})",
            f"prev(close, {span + 5}) is none or close > open",
        )
    )

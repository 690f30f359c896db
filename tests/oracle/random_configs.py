"""Random configs: costs, execution, account, exits and guardrails, most keys left to their defaults."""

from fractions import Fraction

from .exact import exact

REGIMES = ("TREND", "RANGE", "VOLATILE", "CHOP", "NORMAL")


def number(value):
    """As YAML would have it: a whole number or a float whose shortest repr is the value."""
    found = int(value) if value.denominator == 1 else float(value)
    assert exact(found) == value, value
    return found


def random_config(dice, markets, independent, fill_at):
    single = len(markets) == 1
    instruments = [random_instrument(dice, market) for market in markets.values()]
    config = {
        "instrument": instruments[0] if single else instruments,
        "execution": {
            "path": dice.choice(("adverse", "adverse", "favorable", "ohlc_nearest")),
            "fill_at": fill_at or dice.choice(("next_open",) * 4 + ("close",)),
            "slippage_bps": dice.choice((0, 0, 1, 5, 30)),
            "limit_fill": dice.choice(("touch", "touch", "through")),
        },
        "account": random_account(dice, markets, independent),
        "exits": random_exits(dice),
        "guardrails": random_guardrails(dice, list(markets)),
    }
    if dice.random() < 0.2:
        config["execution"]["spread_bps"] = dice.choice((1, 5))
    return config


def random_instrument(dice, market):
    fees = dice.choice(((0, 0), (0, 0), (0.0002, 0.0005), (0.001, 0.001), (0, 0.00035)))
    instrument = {
        "symbol": market["name"],
        "tick_size": market["tick"],
        "lot_size": market["lot"],
        "maker_fee": fees[0],
        "taker_fee": fees[1],
    }
    lot, price = Fraction(market["lot"]), market["bars"][0][1] * Fraction(market["tick"])
    if dice.random() < 0.25:
        instrument["min_quantity"] = number(lot * dice.choice((1, 2, 5)))
    if dice.random() < 0.25:
        instrument["min_notional"] = number(price * lot * dice.choice((1, 3, Fraction(9, 2))))
    if dice.random() < 0.15:
        instrument["closing_exempt"] = False
    if dice.random() < 0.15:
        instrument["multiplier"] = dice.choice((10, 0.1))
    return instrument


def random_account(dice, markets, independent):
    market = next(iter(markets.values()))
    price = market["bars"][0][1] * Fraction(market["tick"])
    few = price * Fraction(market["lot"]) * 20
    sizing = dice.choice(
        (
            {"mode": "risk", "value": 0.01},
            {"mode": "fraction", "value": 0.3},
            {"mode": "notional", "value": number(few)},
            {"mode": "quantity", "value": number(Fraction(market["lot"]) * 11)},
        )
    )
    account = {
        "initial_cash": dice.choice((1000, 10000, 100000)),
        "sizing": sizing,
        "max_adds": dice.choice((0, 0, 1, 2)),
        "on_opposite": dice.choice(("reverse", "exit", "ignore")),
        "independent": independent if independent is not None else dice.random() < 0.12,
        "close_at_end": dice.random() < 0.85,
    }
    if dice.random() < 0.1:
        account["max_leverage"] = dice.choice((0.5, 1, 3))
    return account


def random_exits(dice):
    exits = {
        "regime": dice.choice(REGIMES),
        "use_profiles": dice.random() < 0.9,
        "risk_mode": dice.choice(("NORMAL", "NORMAL", "CONSERVATIVE", "CRITICAL", "ESS_ACTIVE")),
        "default_stop_pct": dice.choice((1, 2, 2.5, 4)),
    }
    if dice.random() < 0.2:
        exits["stop_atr_mult"] = dice.choice((1, 1.5, 2))
    if dice.random() < 0.1:
        exits["time_stop_bars"] = dice.randint(1, 8)
    if not exits["use_profiles"] and dice.random() < 0.4:
        exits["partial_template"] = [[0.3, 0.25], [0.3, 0.5], [0.4, 1.0]]
    return exits


def random_guardrails(dice, names):
    chances = {
        "same_bar_veto": (0.2, False),
        "min_hold_bars": (0.25, dice.randint(1, 4)),
        "min_trade": (0.25, False),
        "stale_after_bars": (0.25, dice.choice((1, 2, None))),
        "cooldown_bars": (0.15, dice.randint(1, 6)),
        "max_entries_per_day": (0.1, dice.randint(1, 2)),
        "max_daily_loss_pct": (0.1, dice.choice((0.137, 0.5137, 1.137))),
        "max_position_risk_pct": (0.12, dice.choice((0.5, 1))),
        "max_symbol_exposure_pct": (0.12, dice.choice((10, 50, 120))),
        "max_portfolio_exposure_pct": (0.12, dice.choice((30, 100))),
        "daily_risk_budget_pct": (0.1, dice.choice((0.5137, 1.137))),
        "allowed_symbols": (0.03, names[:1]),
        "allowed_directions": (0.04, dice.choice((["long"], ["short"]))),
        "allowed_categories": (0.03, ["other", "reversal"]),
        "min_liquidity": (0.05, dice.choice((100, 1000))),
        "max_spread_bps": (0.1, dice.choice((1, 3))),
    }
    return {key: value for key, (chance, value) in chances.items() if dice.random() < chance}

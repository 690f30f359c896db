"""A hand-made run of four TradeSets: what `build_payload` takes in, small enough to check with a pencil.

BTCUSDT, long 0.5 @ 40000, stop 39200, so 1R is 800 a unit and 400 in all:
    TP1 40400 × 0.075 = +30 · TP2 40800 × 0.1 = +80 · the trail from the peak 41300 × 0.98 = 40474 × 0.325 = +154.05
BTCUSDT, long 0.5 @ 40300, stopped at 39494: −403. BTCUSDT, long 0.5 @ 39600, TP1 39996 × 0.075 = +29.7, still open.
ETHUSDT, short 10 @ 2000, stop 2040: TP1 1988 × 3 = +36 · trimmed 1980 × 3 = +60 · emergency 1986 × 4 = +56
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

START = datetime(2024, 3, 1, tzinfo=UTC) - timedelta(hours=30)
BAR = timedelta(minutes=15)
BARS = 200
INITIAL_CASH = 100_000

# (bar, price in ticks of 0.1): straight lines between these, with a small saw on top.
TURNS = {
    "BTCUSDT": (
        (0, 399_000),
        (40, 400_000),
        (70, 412_900),
        (85, 404_000),
        (100, 403_000),
        (115, 394_300),
        (150, 396_000),
        (180, 402_000),
        (199, 398_800),
    ),
    "ETHUSDT": ((0, 20_100), (60, 20_000), (72, 19_790), (84, 19_860), (199, 20_300)),
}
SAW = {"BTCUSDT": 600, "ETHUSDT": 30}


def candles() -> dict[str, dict[str, list[Any]]]:
    return {symbol: _bars(symbol) for symbol in TURNS}


def _bars(symbol: str) -> dict[str, list[Any]]:
    opens = [_line(symbol, i) + (SAW[symbol] * ((i * 7) % 5 - 2)) // 8 for i in range(BARS + 1)]
    # The waypoints themselves are met exactly, so that the fills below lie on the path.
    opens = [next((p for b, p in TURNS[symbol] if b == i), o) for i, o in enumerate(opens)]
    wick = SAW[symbol] // 4
    pairs = list(zip(opens[:-1], opens[1:], strict=True))
    return {
        "time": [micros(i) for i in range(BARS)],
        "open": [o / 10 for o, _ in pairs],
        "high": [(max(o, c) + wick * (1 + i % 3) // 3) / 10 for i, (o, c) in enumerate(pairs)],
        "low": [(min(o, c) - wick * (1 + i % 4) // 4) / 10 for i, (o, c) in enumerate(pairs)],
        "close": [c / 10 for _, c in pairs],
    }


def _line(symbol: str, bar: int) -> int:
    turns = TURNS[symbol]
    for (a, p), (b, q) in zip(turns, turns[1:], strict=False):
        if a <= bar <= b:
            return p + (q - p) * (bar - a) // (b - a)
    return turns[-1][1]


def micros(bar: int) -> int:
    return int((START + bar * BAR).timestamp()) * 1_000_000


def iso(bar: int) -> str:
    return (START + bar * BAR).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def trade_set(
    number: int, symbol: str, side: str, bars: tuple[int, int | None], risk: str, fills: list[tuple], **more: Any
) -> dict[str, Any]:
    """fills: (bar, quantity, price, fee rate, category, reason); the first one is the entry."""
    sign = 1 if side == "long" else -1
    entry_price = Decimal(fills[0][2])
    position, legs = Decimal(0), []
    for place, (bar, quantity, price, rate, category, reason) in enumerate(fills):
        opens = place == 0
        change = sign * (Decimal(quantity) if opens else -Decimal(quantity))
        position += change
        legs.append(
            {
                "leg_id": f"golden-{number}.{place}",
                "side": "buy" if change > 0 else "sell",
                "qty": quantity,
                "price": price,
                "fees": plain(Decimal(quantity) * Decimal(price) * Decimal(rate)),
                "timestamp": iso(bar),
                "trigger_id": None if category == "plan" else reason.removesuffix("_exit"),
                "category": category,
                "reason": reason,
                "is_entry": opens,
                "exit_fraction": 0.5 if category == "risk_reduce" else None,
                "wac_at_fill": plain(entry_price),
                "realized_pnl": "0" if opens else plain(sign * (Decimal(price) - entry_price) * Decimal(quantity)),
                "position_after": plain(position),
                "r_multiple": None,
            }
        )
    realized = sum(Decimal(leg["realized_pnl"]) for leg in legs)
    fees = sum(Decimal(leg["fees"]) for leg in legs)
    return {
        "set_id": f"golden-{number}",
        "symbol": symbol,
        "side": side,
        "timeframe": "15m",
        "opened_at": iso(bars[0]),
        "closed_at": None if bars[1] is None else iso(bars[1]),
        "pnl_realized_total": plain(realized),
        "fees_total": plain(fees),
        "funding_total": "0",
        "pnl_net": plain(realized - fees),
        "r_multiple": None if bars[1] is None else round(float((realized - fees) / Decimal(risk)), 6),
        "num_legs": len(legs),
        "num_entries": 1,
        "num_exits": len(legs) - 1,
        "avg_entry_price": plain(entry_price),
        "max_exposure_quantity": fills[0][1],
        "max_exposure_notional": plain(Decimal(fills[0][1]) * entry_price),
        "initial_risk": risk,
        **more,
        "legs": legs,
    }


TAKER, MAKER = "0.0005", "0.0002"


def trade_sets() -> list[dict[str, Any]]:
    return [
        trade_set(1, "BTCUSDT", "long", (40, 83), "400", [
            (40, "0.5", "40000", TAKER, "trend_continuation", "breakout"),
            (49, "0.075", "40400", MAKER, "plan", "take_profit_1"),
            (58, "0.1", "40800", TAKER, "plan", "take_profit_2"),
            (83, "0.325", "40474", TAKER, "plan", "trailing_stop"),
        ], mfe_r=1.625, mae_r=-0.004625, avg_exit_price="40528.1"),
        trade_set(2, "ETHUSDT", "short", (60, 84), "400", [
            (60, "10", "2000", TAKER, "mean_reversion", "fade"),
            (66, "3", "1988", MAKER, "plan", "take_profit_1"),
            (71, "3", "1980", TAKER, "risk_reduce", "trim_exit"),
            (84, "4", "1986", TAKER, "emergency_exit", "panic_exit"),
        ], mfe_r=0.5425, mae_r=-0.005, avg_exit_price="1984.8"),
        trade_set(3, "BTCUSDT", "long", (100, 113), "403", [
            (100, "0.5", "40300", TAKER, "trend_continuation", "breakout"),
            (113, "0.5", "39494", TAKER, "plan", "stop_loss"),
        ], mfe_r=0.0124, mae_r=-1.0, avg_exit_price="39494"),
        trade_set(4, "BTCUSDT", "long", (150, None), "396", [
            (150, "0.5", "39600", TAKER, "trend_continuation", "breakout"),
            (169, "0.075", "39996", MAKER, "plan", "take_profit_1"),
        ], mfe_r=0.7765, mae_r=-0.0141),
    ]  # fmt: skip


def plan_leg(
    kind: str,
    order: str,
    index: int | None,
    r: float | None,
    price: str | None,
    qty: str | None,
    status: str,
    filled: int | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "order": order,
        "index": index,
        "r": r,
        "price": price,
        "qty": qty,
        "status": status,
        "filled_at": None if filled is None else iso(filled),
    }


def stop(bar: int, price: str, kind: str = "stop_loss") -> list[Any]:
    return [micros(bar) // 1000, price, kind]


def plans() -> dict[str, dict[str, Any]]:
    trend = {"profile": "TREND_DEFAULT", "regime": "TREND", "strategy": "STANDARD_LADDER"}
    return {
        "golden-1": trend | {
            "initial_stop": "39200", "risk_per_unit": "800", "entry_price": "40000",
            "legs": [
                plan_leg("SL", "STOP", None, -1.0, "39200", None, "cancelled"),
                plan_leg("TP", "SOFT", 1, 0.5, "40400", "0.075", "hit", 49),
                plan_leg("TP", "HARD", 2, 1.0, "40800", "0.1", "hit", 58),
                plan_leg("TP", "HARD", 3, 2.0, "41600", "0.15", "cancelled"),
                plan_leg("TRAIL", "TRAIL", None, 1.5, "41200", "0.325", "hit", 83),
            ],
            "stop_path": [stop(40, "39200"), stop(67, "40382.4", "trailing_stop"), stop(68, "40444.2", "trailing_stop"), stop(69, "40469.1", "trailing_stop"), stop(70, "40474", "trailing_stop")],
            "notes": [],
        },
        "golden-2": {
            "profile": "RANGE_DEFAULT", "regime": "RANGE", "strategy": "STANDARD_LADDER",
            "initial_stop": "2040", "risk_per_unit": "40", "entry_price": "2000",
            "legs": [
                plan_leg("SL", "STOP", None, -1.0, "2040", None, "cancelled"),
                plan_leg("TP", "SOFT", 1, 0.3, "1988", "3", "hit", 66),
                plan_leg("TP", "HARD", 2, 0.6, "1976", "4", "reduced"),
                plan_leg("TP", "HARD", 3, 1.0, "1960", "3", "cancelled"),
            ],
            "stop_path": [stop(60, "2040"), stop(66, "2000", "breakeven_stop")],
            "notes": ["trim: open take-profit legs shrink from 7 to 4"],
        },
        "golden-3": trend | {
            "initial_stop": "39494", "risk_per_unit": "806", "entry_price": "40300",
            "legs": [
                plan_leg("SL", "STOP", None, -1.0, "39494", None, "hit", 113),
                plan_leg("TP", "SOFT", 1, 0.5, "40703", "0.075", "unhit"),
                plan_leg("TP", "HARD", 2, 1.0, "41106", "0.1", "unhit"),
                plan_leg("TP", "HARD", 3, 2.0, "41912", "0.15", "unhit"),
                plan_leg("TRAIL", "TRAIL", None, 1.5, "41509", "0.175", "unhit"),
            ],
            "stop_path": [stop(100, "39494")],
            "notes": [],
        },
        "golden-4": trend | {
            "initial_stop": "38808", "risk_per_unit": "792", "entry_price": "39600",
            "legs": [
                plan_leg("SL", "STOP", None, -1.0, "38808", None, "unhit"),
                plan_leg("TP", "SOFT", 1, 0.5, "39996", "0.075", "hit", 169),
                plan_leg("TP", "HARD", 2, 1.0, "40392", "0.1", "unhit"),
                plan_leg("TP", "HARD", 3, 2.0, "41184", "0.15", "unhit"),
                plan_leg("TRAIL", "TRAIL", None, 1.5, "40788", "0.175", "unhit"),
            ],
            "stop_path": [stop(150, "38808")],
            "notes": [],
        },
    }  # fmt: skip


def equity() -> dict[str, list[Any]]:
    """Cash moved so far plus the open positions at each close."""
    bars, sets = candles(), trade_sets()
    moments = [iso(i) for i in range(BARS)]
    value, exposure = [], []
    for i, moment in enumerate(moments):
        cash, notional = Decimal(INITIAL_CASH), 0.0
        marked = 0.0
        for one in sets:
            done = [leg for leg in one["legs"] if leg["timestamp"] <= moment]
            cash += sum((Decimal(leg["realized_pnl"]) - Decimal(leg["fees"]) for leg in done), Decimal(0))
            held = float(done[-1]["position_after"]) if done else 0.0
            close = bars[one["symbol"]]["close"][i]
            marked += held * (close - float(one["avg_entry_price"]))
            notional += abs(held) * close
        value.append(float(cash) + marked)
        exposure.append(notional / value[-1])
    peaks = [max(value[: i + 1]) for i in range(len(value))]
    return {
        "time": [micros(i) for i in range(BARS)],
        "equity": value,
        "drawdown": [v / p - 1 for v, p in zip(value, peaks, strict=True)],
        "exposure": exposure,
    }


def run() -> dict[str, Any]:
    return {
        "run_id": "golden",
        "version": "0.1.0",
        "seed": 0,
        "inputs": [{"role": "candles", "name": "BTCUSDT-15m.csv", "sha256": "a" * 64}, {"role": "candles", "name": "ETHUSDT-15m.csv", "sha256": "b" * 64}],
        "config": {"execution": {"path": "adverse", "fill_at": "next_open", "slippage_bps": 1.0}, "account": {"initial_cash": INITIAL_CASH}},
        "symbols": ["BTCUSDT", "ETHUSDT"],
        "timeframe": "15m",
        "start": iso(0),
        "end": iso(BARS - 1),
        "bars": BARS,
        "warnings": ["ETHUSDT: lot size not given, 0.0001 is used"],
        "notes": ["BTCUSDT: tick size 0.1 read off the candles"],
        "ambiguity": {"share": 0.25, "num_sets": 4, "num_different": 1, "num_unpaired": 0, "net_pnl": [-25.056265, 142.55], "net_r": [-0.1028, 0.28], "note": "With a trailing stop the interval is not a bound: price oscillates inside a bar.", "advice": None},
    }  # fmt: skip


def metrics() -> dict[str, Any]:
    return {
        "net_pnl": -25.056265, "return": 0.0008757, "cagr": 0.11, "sharpe": 0.41, "sortino": 0.52, "max_drawdown": -0.007354, "max_drawdown_days": 1.1,
        "exposure": 0.55, "win_rate": 0.6667, "profit_factor": 0.8954, "expectancy_r": -0.0343, "sqn": -0.07, "payoff": 0.4477, "fees_total": 67.806265, "funding_total": 0.0,
        "num_sets": 4, "num_open": 1, "num_wins": 2, "num_losses": 1, "runner_share": 0.2955, "breakeven_scratches": 0, "best_day": None,
        "exit_reason.take_profit_1.count": 3, "exit_reason.take_profit_1.pnl": 95.7, "exit_reason.take_profit_1.mean_r": 0.08,
        "exit_reason.take_profit_2.count": 1, "exit_reason.take_profit_2.pnl": 80.0, "exit_reason.take_profit_2.mean_r": 0.2,
        "exit_reason.trailing_stop.count": 1, "exit_reason.trailing_stop.pnl": 154.05, "exit_reason.trailing_stop.mean_r": 0.385125,
        "exit_reason.stop_loss.count": 1, "exit_reason.stop_loss.pnl": -403.0, "exit_reason.stop_loss.mean_r": -1.0,
        "exit_reason.trim_exit.count": 1, "exit_reason.trim_exit.pnl": 60.0, "exit_reason.trim_exit.mean_r": 0.15,
        "exit_reason.panic_exit.count": 1, "exit_reason.panic_exit.pnl": 56.0, "exit_reason.panic_exit.mean_r": 0.14,
        "category.plan.count": 6, "category.plan.pnl": -73.25, "category.plan.mean_r": -0.03,
        "category.risk_reduce.count": 1, "category.risk_reduce.pnl": 60.0, "category.risk_reduce.mean_r": 0.15,
        "category.emergency_exit.count": 1, "category.emergency_exit.pnl": 56.0, "category.emergency_exit.mean_r": 0.14,
        "rung.1.planned": 4, "rung.1.count": 3, "rung.1.hit_rate": 0.75, "rung.1.conditional_rate": 0.75, "rung.1.mean_r": 0.08,
        "rung.2.planned": 4, "rung.2.count": 1, "rung.2.hit_rate": 0.25, "rung.2.conditional_rate": 0.333333, "rung.2.mean_r": 0.2,
        "rung.3.planned": 4, "rung.3.count": 0, "rung.3.hit_rate": 0.0, "rung.3.conditional_rate": 0.0, "rung.3.mean_r": None,
    }  # fmt: skip


def whole() -> dict[str, Any]:
    """Everything that `build_payload` takes."""
    return {
        "run": run(),
        "metrics": metrics(),
        "trade_sets": trade_sets(),
        "plans": plans(),
        "equity": equity(),
        "candles": candles(),
    }

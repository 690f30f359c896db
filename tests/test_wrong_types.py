"""Whatever a program hands to a public function, it gets a value or a refusal of `exitbrain.errors`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import exitbrain as eb
from exitbrain.errors import ExitBrainError, InvalidInput

JUNK = (
    None, 5, 1.5, True, "x", b"x", [], [1, 2], [None], {}, {"a": 1}, {1: 2}, object(), (1,), {1}, float("nan"), len,
    eb.Instrument,
)  # fmt: skip
PROFILE = eb.DEFAULT_NORMAL_PROFILE
CONTEXT = {"symbol": "B", "side": "LONG", "entry_price": 1, "size": 1}
LEG = {"r_multiple": 1, "size_fraction": 1}
FILL = {"id": 1, "symbol": "BTCUSDT", "side": "buy", "qty": 1, "price": 1, "fee": 0, "timestamp": "2024-01-01"}
OPTIONAL = ("fee_asset", "fee_quote", "trigger_id", "category", "reason", "exit_fraction", "maker", "position_side")
VALUES: dict[type, dict[str, Any]] = {
    eb.ExitLeg: {"kind": "TP", "size_pct": 0.5, "trigger_pct": 0.1},
    eb.TPProfileLeg: LEG,
    eb.TPProfile: {"name": "x", "tp_legs": [eb.TPProfileLeg(**LEG)]},
    eb.TrailingProfile: {"callback_pct": 0.01, "activation_r": 1},
    eb.StopMove: {"after_leg": 1, "to": 0},
    eb.TimeStop: {"bars": 1},
    eb.Adaptive: {},
    eb.AtrTrail: {},
    eb.Instrument: {"symbol": "B", "tick_size": "0.1", "lot_size": "0.1"},
    eb.StrategyPlan: {"plan_id": "p", "triggers": []},
    eb.TriggerCondition: {"id": "t", "symbol": "B", "direction": "exit"},
}
BACKTEST = ("entries", "plan", "profiles", "config", "detail", "funding", "quotes", "paths", "repair", "environment")
POLICIES = [{"name": "a"}, {"name": "b"}]


def planned(**changed: Any) -> object:
    return eb.ExitBrain().build_exit_plan(eb.ExitContext(**(CONTEXT | changed)))


def calls() -> Iterator[tuple[str, Callable[[Any], object]]]:
    """A name and a function of the one value that is wrong."""
    plan = planned()
    row = {"symbol": "B", "positionAmt": 1, "entryPrice": 1}
    for kind, good in VALUES.items():
        for field in fields(kind):
            yield f"{kind.__name__}.{field.name}", lambda x, k=kind, g=good, f=field.name: k(**(g | {f: x}))
    for field in fields(eb.ExitContext):
        yield f"ExitContext.{field.name}", lambda x, f=field.name: planned(**{f: x})
    for bridge in (eb.to_dynamic_tpsl, eb.to_partial_exit_config, eb.to_trailing_config):
        yield bridge.__name__, bridge
        yield f"{bridge.__name__}.context", partial(bridge, plan)
    yield "build_context_from_position", eb.build_context_from_position
    for name in ("rl_hints", "risk_context", "market_data"):
        yield f"build_context.{name}", lambda x, n=name: eb.build_context_from_position(row, **{n: x})
    for name in ("profile", "symbol", "strategy_id", "regime", "replace"):
        yield f"register.{name}", lambda x, n=name: eb.ProfileRegistry().register(**({"profile": PROFILE} | {n: x}))
    for name in ("symbol", "strategy_id", "regime"):
        yield f"select.{name}", lambda x, n=name: eb.ProfileRegistry().select(**({"symbol": "B"} | {n: x}))
    yield "ExitBrain.config", eb.ExitBrain
    yield "ExitBrain.registry", lambda x: eb.ExitBrain(registry=x).plan(eb.ExitContext(**CONTEXT))
    yield "ExitBrain.context", lambda x: eb.ExitBrain().plan(x)
    yield "ExitBrain.now", lambda x: eb.ExitBrain().plan(eb.ExitContext(**CONTEXT), x)
    yield "from_fills", eb.TradeSet.from_fills
    yield "from_fills[0]", lambda x: eb.TradeSet.from_fills([x])
    for name in (*FILL, *OPTIONAL):
        yield f"from_fills.{name}", lambda x, n=name: eb.TradeSet.from_fills([FILL | {n: x}])
    yield "from_fills.instruments", lambda x: eb.TradeSet.from_fills([FILL], x)
    yield "paired_trades", eb.paired_trades
    for load in (eb.load_plan, eb.load_profiles, eb.load_candles, eb.lint_plan):
        yield load.__name__, load
    for name in ("candles", "config", "environment"):
        yield f"lint_plan.{name}", lambda x, n=name: eb.lint_plan({"plan_id": "p", "triggers": []}, **{n: x})
    yield "load_candles.symbol", lambda x: eb.load_candles("BTCUSDT_1h.csv", symbol=x)
    given = {"candles": "BTCUSDT_1h.csv", "entries": "entries.csv"}
    for name in ("candles", *BACKTEST):
        yield f"backtest.{name}", lambda x, n=name: eb.backtest(**(given | {n: x}))
        yield f"compare.{name}", lambda x, n=name: eb.compare(**(given | {"policies": POLICIES, n: x}))
    yield "compare.policies", lambda x: eb.compare(**given, policies=x)
    yield "compare.policies[0]", lambda x: eb.compare(**given, policies=[x, {"name": "b"}])
    result, comparison = eb.backtest(**given), eb.compare(**given, policies=POLICIES)
    yield "Result.to_dir", result.to_dir
    yield "Result.plot", lambda x: result.plot("page.html" if x is None else x, show=False)
    yield "Comparison.to_dir", comparison.to_dir


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"2024-01-01T{hour:02}:00:00Z,100,101,99,100,5\n" for hour in range(24))
    Path("BTCUSDT_1h.csv").write_text("timestamp,open,high,low,close,volume\n" + rows)
    Path("entries.csv").write_text("timestamp,side\n2024-01-01T03:00:00Z,long\n")


def test_no_value_of_another_type_does_worse_than_a_refusal(market: None) -> None:
    raised = []
    for name, call in calls():
        for value in JUNK:
            try:
                call(value)
            except ExitBrainError as error:
                assert str(error).strip(), name
            except Exception as error:
                raised.append(f"{name} of {value!r}: {error!r}")
    assert not raised, "\n".join(raised)


SAID = [
    (lambda: eb.ProfileRegistry().register("x"), "profile is 'x'; accepted: TPProfile"),
    (lambda: eb.ProfileRegistry().register(PROFILE, symbol=5), "symbol is 5; accepted: text"),
    (lambda: eb.to_trailing_config(None), "plan is None; accepted: ExitPlan"),
    (lambda: eb.paired_trades([1]), "sets[0] is 1; accepted: TradeSet"),
    (lambda: eb.TPProfile("x", [1]), "profile 'x': tp_legs[0] is 1; accepted: TPProfileLeg"),
    (lambda: eb.compare("c.csv", policies="ab"), "policies are 'ab'; accepted: a list of paths, mappings or names"),
    (lambda: eb.TradeSet.from_fills([FILL | {"fee_ass": "BNB"}]), "row 1: key 'fee_ass' is unknown; accepted: did you mean fee_asset?"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "said"), SAID, ids=range(len(SAID)))
def test_a_refusal_says_what_was_given_and_what_would_do(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        call()
    assert str(caught.value) == said


def test_profiles_in_a_list_are_told_apart(market: None) -> None:
    with pytest.raises(InvalidInput, match="profiles is 1; accepted: TPProfile"):
        eb.backtest("BTCUSDT_1h.csv", entries="entries.csv", profiles=[1, 2])


def test_what_a_plan_and_a_comparison_carry_has_public_names(market: None) -> None:
    assert {leg.kind for leg in planned().legs} <= set(eb.ExitKind)
    given = {"candles": "BTCUSDT_1h.csv", "entries": "entries.csv"}
    assert isinstance(eb.compare(**given, policies=POLICIES), eb.Comparison)
    assert os.path.exists("entries.csv")

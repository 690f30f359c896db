"""A position put together from a run's files has the features that the engine's rules saw (spec T5 D8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.differential import run_seed
from exitbrain.backtesting import deciding
from exitbrain.backtesting.files import trade_sets_of
from exitbrain.backtesting.triggers import position_view
from exitbrain.wiring.past_positions import PriceBars, positions_at

EXACT = ("position", "is_flat", "is_long", "is_short", "bars_held", "position_fraction")
NEAR = ("entry_price", "stop_price", "unrealized_r", "mfe_r", "mae_r")
SEEDS = tuple(range(40))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_rules_saw_comes_back_from_the_files(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, int, dict[str, Any]]] = []

    def noted(position: Any, market: Any, bar: int) -> Any:
        view = position_view(position, market, bar)
        if position is not None:
            seen.append((market.symbol, position.attached["set_id"], bar, dict(view)))
        return view

    monkeypatch.setattr(deciding, "position_view", noted)
    result = run_seed(seed, tmp_path, triggers=True)
    sets, plans = trade_sets_of(result), json.loads(json.dumps(result.plans))
    filled_at_close = result.about["config"]["execution"]["fill_at"] == "close"
    ids = frozenset(trigger.id for trigger in result.simulation.plan.triggers)
    for symbol, set_id, bar, wanted in seen:
        market = result.markets[symbol]
        if bar == len(market) - 1 and not filled_at_close:
            continue  # no decision is made there
        bars = PriceBars.of(market)
        (found,) = (
            one
            for one in positions_at(
                sets, plans, symbol, int(market.time[bar]), filled_at_close=filled_at_close, trigger_ids=ids
            )
            if one.set_id == set_id
        )
        features = found.features(bars, bar)
        assert features.keys() == wanted.keys()
        assert {name: features[name] for name in EXACT} == {name: wanted[name] for name in EXACT}
        for name in NEAR:
            assert features[name] == pytest.approx(wanted[name], rel=1e-9, abs=1e-9), (name, bar)

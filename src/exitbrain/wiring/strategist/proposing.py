"""A plan is proposed: from a template, or from a model that is told of the market and of its own faults.

made = propose(candles, style="trend")                                # without a model
made = propose(candles, style="trend", model=ModelChoice(...))        # with one
made.text                                                             # the plan file
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from exitbrain.backtesting.triggers import feature_table
from exitbrain.config.documents import PLAN_BYTES
from exitbrain.config.plans import PlanModel, load_plan
from exitbrain.config.settings import Settings, load_config
from exitbrain.core.caps import PlanCaps
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.limits import EntryLimits
from exitbrain.core.numbers import plain
from exitbrain.core.timeframes import timeframe_word
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput
from exitbrain.strategist.asking import Answer, Budget, ModelChoice, Question, ask, replayed
from exitbrain.strategist.briefing import BRIEFED, Asset, Briefing, Position, rounded
from exitbrain.strategist.prompting import Prompts, read_prompts
from exitbrain.strategist.templates import higher_timeframe, plan_from_template
from exitbrain.wiring.inputs import RunInputs, gather
from exitbrain.wiring.settings import run_settings
from exitbrain.wiring.strategist.gates import GateResult, text_gates
from exitbrain.wiring.strategist.windows import between, last_days, read_series, some

TEMPLATE, MODEL = "template", "model"
HIGHER = ("close", "ema_21", "ema_50", "rsi_14", "adx_14", "atr_14")
HASH_SHOWN = 12
PERFORMANCE_DAYS = 30
OURS = ("plan_id", "origin", "generated_at")  # what the system fills in, whatever a model wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`text` is the plan file; `gates` those that need no run; `answer` the conversation, where a model was asked."""

    text: str
    style: str
    by: str
    origin: str
    prompts_sha256: str
    plan: StrategyPlan | None
    gates: tuple[GateResult, ...]
    briefing: Briefing
    answer: Answer | None = None

    @property
    def passed(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a proposal is made with; `performance` are the rows of `performance_of`."""

    style: str
    config: Any = None
    caps: PlanCaps = field(default_factory=PlanCaps)
    current: Any = None
    positions: tuple[Position, ...] = ()
    equity: str | None = None
    performance: tuple[Mapping[str, Any], ...] = ()
    repair: bool = False
    environment: Mapping[str, str] | None = None


def propose(
    candles: Any,
    asked: Asked,
    *,
    model: Any = None,
    budget: Budget | None = None,
    recording: Mapping[str, Any] | None = None,
    kept: Callable[[str], Mapping[str, Any] | None] = lambda key: None,
) -> Proposal:
    """From the style's template, from `model` (a ModelChoice, or a model of pydantic-ai), or from a recording.

    `kept` gives the recording of a question's key, so that the same question is not paid for twice. Raises InvalidInput
    for bad inputs, and Unavailable where the model gives no lawful plan.
    """
    environment = os.environ if asked.environment is None else asked.environment
    settings = load_config(asked.config, environment)
    series = some(read_series(candles, settings, repair=asked.repair))
    inputs = gather(series, config=asked.config, environment=environment, to_run=False)
    prompts = read_prompts()
    if asked.current is not None and not asked.performance:
        asked = replace(asked, performance=performance_of(series, asked))
    briefing = briefing_of(inputs, settings, asked)
    if model is None and recording is None:
        return _from_template(inputs, settings, asked, prompts, briefing)
    return _from_model(inputs, settings, asked, prompts, briefing, _Source(model, budget, recording, kept))


@dataclass(frozen=True, slots=True)
class _Source:
    model: Any
    budget: Budget | None
    recording: Mapping[str, Any] | None
    kept: Callable[[str], Mapping[str, Any] | None]


# without a model


def _from_template(
    inputs: RunInputs, settings: Settings, asked: Asked, prompts: Prompts, briefing: Briefing
) -> Proposal:
    origin = f"{TEMPLATE} {asked.style}; {_prompts_word(prompts)}"
    text = plan_from_template(
        asked.style,
        symbols=sorted(inputs.markets),
        timeframe=_timeframe(inputs),
        plan_id=_plan_id(asked.style, inputs),
        origin=origin,
        generated_at=_generated_at(inputs),
        prompts=prompts,
    )
    plan, gates = _checked(text, settings, asked)
    return Proposal(
        text=text, style=asked.style, by=TEMPLATE, origin=origin, prompts_sha256=prompts.sha256, plan=plan,
        gates=tuple(gates), briefing=briefing,
    )  # fmt: skip


# with one


def _from_model(
    inputs: RunInputs, settings: Settings, asked: Asked, prompts: Prompts, briefing: Briefing, source: _Source
) -> Proposal:
    question = question_of(inputs, asked, prompts, briefing)
    name = _name(source.model) if source.model is not None else str((source.recording or {}).get("model", "recording"))
    origin = f"{MODEL} {name}; {_prompts_word(prompts)}; question {question.key(name)[:HASH_SHOWN]}"
    fixed = {"plan_id": _plan_id(asked.style, inputs), "origin": origin, "generated_at": _generated_at(inputs)}

    def faults(plan: Mapping[str, Any]) -> list[str]:
        written = json.dumps(_filled(plan, fixed))
        _, gates = _checked(written, settings, asked)
        return [line for gate in gates for line in gate.lines]

    recording = source.recording if source.recording is not None else source.kept(question.key(name))
    if recording is not None:
        answer = replayed(question, recording, check=faults, budget=source.budget)
    else:
        answer = ask(
            question, model=source.model, check=faults, budget=source.budget, environment=asked.environment, name=name
        )
    text = plan_text(_filled(answer.plan, fixed))
    plan, gates = _checked(text, settings, asked)
    return Proposal(
        text=text, style=asked.style, by=MODEL, origin=origin, prompts_sha256=prompts.sha256, plan=plan,
        gates=tuple(gates), briefing=briefing, answer=answer,
    )  # fmt: skip


def question_of(inputs: RunInputs, asked: Asked, prompts: Prompts, briefing: Briefing) -> Question:
    timeframe = _timeframe(inputs)
    template = plan_from_template(
        asked.style, symbols=sorted(inputs.markets), timeframe=timeframe, plan_id="plan", origin="template",
        prompts=prompts,
    )  # fmt: skip
    return Question(
        instructions=prompts.instructions(higher_timeframe(timeframe)),
        text=prompts.question(
            style=asked.style, timeframe=timeframe_word(timeframe), template=template, data=briefing.text()
        ),
        schema=schema_for_models(),
    )


@cache
def schema_for_models() -> dict[str, Any]:
    """The plan's JSON Schema without what providers refuse (conditions, patterns), and without what we fill in."""
    whole = PlanModel.model_json_schema()

    def kept(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: kept(value) for key, value in part.items() if key not in ("allOf", "pattern", "default")}
        return [kept(one) for one in part] if isinstance(part, list) else part

    schema: dict[str, Any] = kept(whole)
    for name in OURS:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema.get("required", ()) if name not in OURS]
    return schema


def _filled(plan: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    return {**fixed, **{key: value for key, value in plan.items() if key not in OURS}}


def plan_text(plan: Mapping[str, Any]) -> str:
    """A plan file as YAML, what is null or empty left out; as JSON where it is too large to be one anyway."""
    import yaml

    written = json.dumps(plan, indent=1)
    if len(written) > 4 * PLAN_BYTES:
        return f"{written}\n"
    rows = plan.get("triggers")
    shown = {key: value for key, value in plan.items() if value not in (None, "", [])}
    if isinstance(rows, list):
        shown["triggers"] = [
            {key: value for key, value in row.items() if value not in (None, "")} if isinstance(row, dict) else row
            for row in rows
        ]
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=False, width=120)


def _name(model: Any) -> str:
    return model.name if isinstance(model, ModelChoice) else str(model.model_name)


# what both are made with


def briefing_of(inputs: RunInputs, settings: Settings, asked: Asked) -> Briefing:
    """Features at the last closed bar of each symbol, as rules would read them there."""
    current = None if asked.current is None else load_plan(asked.current)
    bound = run_settings(settings, current)
    higher = higher_timeframe(_timeframe(inputs))
    assets = []
    for symbol, market in sorted(inputs.markets.items()):
        table = feature_table(market, bound)
        last = len(table) - 1
        regime = table.value("regime", last)
        assets.append(
            Asset(
                symbol=symbol,
                closed_at=iso(instant_of(int(market.time[-1]) + market.timeframe)),
                regime=None if regime is None else str(regime),
                features={name: _number(table.value(name, last)) for name in BRIEFED},
                higher={f"tf_{higher}_{name}": _number(table.value(f"tf_{higher}_{name}", last)) for name in HIGHER},
            )
        )
    return Briefing(
        timeframe=timeframe_word(_timeframe(inputs)),
        assets=assets,
        equity=asked.equity or plain(settings.account.initial_cash),
        positions=asked.positions,
        previous=current,
        performance=asked.performance,
        limits=_limits(settings),
        caps=asked.caps,
    )


def performance_of(series: Any, asked: Asked) -> tuple[dict[str, Any], ...]:
    """What the exits of the plan in force did over the last days, by category: those days only, which the judge's
    held-out windows leave out.
    """
    from exitbrain.analysis.exits import by_category
    from exitbrain.wiring.backtest import one_run

    plan = load_plan(asked.current)
    if not any(trigger.entry_rule.strip() for trigger in plan.triggers):
        return ()
    cut = between(series, last_days(series, PERFORMANCE_DAYS))
    try:
        inputs = gather(cut, plan=plan, config=asked.config, environment=asked.environment)
    except InvalidInput:
        return ()  # a plan for other bars has done nothing on these
    result = one_run(inputs, None, None, other=None, traced=False)
    return tuple({name: _figure(value) for name, value in row.items()} for row in by_category(result.leg_columns))


def _figure(value: Any) -> Any:
    return rounded(value) if isinstance(value, float) else value


def _number(value: Any) -> float | None:
    return rounded(value) if isinstance(value, float) else None


def _limits(settings: Settings) -> dict[str, Any]:
    """The config's limits on entries, where there are any."""
    limits = settings.guardrails.entry_limits
    named = {name: getattr(limits, name) for name in EntryLimits.names()}
    return {name: _plain(value) for name, value in named.items() if value is not None}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value if isinstance(value, int) else str(value)


def _checked(text: str, settings: Settings, asked: Asked) -> tuple[StrategyPlan | None, list[GateResult]]:
    return text_gates(text, caps=asked.caps, account=settings, config=asked.config, environment=asked.environment)


def _timeframe(inputs: RunInputs) -> int:
    return min(market.timeframe for market in inputs.markets.values())


def _last_close(inputs: RunInputs) -> int:
    return max(int(market.time[-1]) + market.timeframe for market in inputs.markets.values())


def _generated_at(inputs: RunInputs) -> str:
    """The close of the last bar that was looked at, so that the same inputs give the same plan."""
    return iso(instant_of(_last_close(inputs)))


def _plan_id(style: str, inputs: RunInputs) -> str:
    return f"{style}-{instant_of(_last_close(inputs)):%Y%m%dT%H%M}"


def _prompts_word(prompts: Prompts) -> str:
    return f"prompts {prompts.version} ({prompts.sha256[:HASH_SHOWN]})"


def positions_of(given: Any) -> tuple[str | None, tuple[Position, ...]]:
    """Equity and positions of a portfolio: a mapping of `equity` and `positions`. Raises InvalidInput."""
    names = Position.__dataclass_fields__
    rows = given.get("positions", []) if isinstance(given, Mapping) else None
    known = isinstance(given, Mapping) and set(given) <= {"equity", "positions"}
    if not known or not isinstance(rows, list):
        raise InvalidInput("the portfolio has other keys", accepted="equity, and positions as a list")
    positions = []
    for number, row in enumerate(rows):
        needed = {"symbol", "side", "quantity", "entry_price"}
        if not isinstance(row, Mapping) or not needed <= set(row) <= set(names) or row["side"] not in ("long", "short"):
            accepted = "symbol, side (long or short), quantity, entry_price; stop_price, bars_held, plan where known"
            raise InvalidInput(f"positions[{number}] is {str(row)[:80]!r}", accepted=accepted)
        said = {key: None if row.get(key) is None else str(row[key]) for key in names if key != "bars_held"}
        held = row.get("bars_held")
        positions.append(Position(**said, bars_held=held if isinstance(held, int) else None))  # type: ignore[arg-type]
    equity = given.get("equity")
    return None if equity is None else str(equity), tuple(positions)

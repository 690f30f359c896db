"""Strategy plans: triggers and limits, read with the place of each rule (spec T1-T3).

plan = load_plan("plan.yaml")
read_plan("plan.yaml").place("trim", "exit_rule")      # where the rule of trigger "trim" stands
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Annotated, Any

from pydantic import Field, model_validator

from exitbrain.config.documents import PLAN_BYTES, Document, KeyPath, Place, load_document
from exitbrain.config.faults import raise_problems, validated
from exitbrain.config.fields import (
    AS_TUPLE,
    Annotation,
    ChoiceField,
    Count,
    NumberField,
    Positive,
    Section,
    Switch,
    Text,
    TextField,
    as_written,
    refuse,
)
from exitbrain.core.limits import DIRECTIONS, EntryLimits, SizingMode, SizingRule
from exitbrain.core.timeframes import ACCEPTED as TIMEFRAME
from exitbrain.core.timeframes import PATTERN
from exitbrain.core.triggers import (
    MOST_TRIGGERS,
    RULE_CHARACTERS,
    TIME,
    ConfidenceGrade,
    Direction,
    Rearm,
    StrategyPlan,
    TriggerCategory,
    TriggerCondition,
    rule_text_problems,
    utc_microseconds,
)
from exitbrain.errors import InvalidInput, Problem


class _RuleField(Annotation):
    """Text within the limits that need no grammar; null is blank."""

    def check(self, value: Any) -> str:
        text = "" if value is None else value
        for problem in rule_text_problems(text, "rule"):
            raise refuse(str(problem.accepted), problem.found)
        return str(text)

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": RULE_CHARACTERS, "pattern": r"^[\t\n\r -~]*$"}


class _TimeField(Annotation):
    """ISO 8601 as text, to µs UTC."""

    def check(self, value: Any) -> int | None:
        try:
            if isinstance(value, str | datetime):
                return utc_microseconds(value, "time")
        except InvalidInput:
            pass
        raise refuse(TIME)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-?\d{2}-?\d{2}"}


Rule = Annotated[str, _RuleField()]
Time = Annotated[int, _TimeField()]
Category = Annotated[str, ChoiceField(tuple(TriggerCategory))]


def _on_category(*categories: str) -> dict[str, Any]:
    return {"properties": {"category": {"enum": list(categories)}}, "required": ["category"]}


_BETWEEN_KEYS = [
    {
        "if": _on_category("emergency_exit", "risk_off"),
        "then": {"properties": {"exit_fraction": {"enum": [None, 1, "1", "1.0"]}}},
    },
    {
        "if": _on_category("emergency_exit"),
        "then": {"properties": {"exit_rule": {"type": "string", "pattern": r"\S"}}, "required": ["exit_rule"]},
    },
    {
        "if": {"properties": {"direction": {"enum": ["flat", "exit"]}}, "required": ["direction"]},
        "then": {"properties": {"entry_rule": {"not": {"type": "string", "pattern": r"\S"}}}},
    },
    {
        "if": {"properties": {"latch": {"const": True}}, "required": ["latch"]},
        "then": _on_category("risk_off"),
    },
]


class TriggerModel(Section):
    """A condition under which a position is opened or left."""

    model_config = {"json_schema_extra": {"allOf": _BETWEEN_KEYS}}

    id: Text
    """Name of the trigger, once in the plan."""
    symbol: Text
    """Symbol that it speaks of."""
    direction: Annotated[str, ChoiceField(tuple(Direction))]
    """long and short enter; flat and exit only leave, whatever is open."""
    category: Category = "other"
    """Five normal categories, and risk_reduce, risk_off, emergency_exit."""
    confidence_grade: Annotated[str, ChoiceField(tuple(ConfidenceGrade))] | None = None
    timeframe: Annotated[str, TextField(pattern=PATTERN, words=TIMEFRAME)] | None = None
    """null: that of the run."""
    entry_rule: Rule = ""
    """Opens a position where true; blank never fires."""
    exit_rule: Rule = ""
    """Leaves, or reduces by exit_fraction, where true; blank never fires."""
    hold_rule: Rule = ""
    """Mutes the exits of this trigger while true."""
    stop_loss_pct: Annotated[Any, NumberField(above=0, below=100, convert=as_written)] | None = None
    """Stop distance in percent: 2.5 is 2.5%."""
    exit_fraction: Annotated[Any, NumberField(above=0, at_most=1, convert=as_written)] | None = None
    """Share of the position to close; null: all."""
    rearm: Annotated[str, ChoiceField(tuple(Rearm))] = "edge"
    """edge: fires again only after its rule was false; once; every_bar."""
    latch: Switch = False
    """On risk_off: sets the risk-off latch when it fires."""


class LimitsModel(Section):
    """Limits on entries; the stricter of plan and config holds. Percent: 2.5 is 2.5%."""

    cooldown_bars: Count | None = None
    max_daily_loss_pct: Positive | None = None
    max_entries_per_day: Count | None = None
    max_position_risk_pct: Positive | None = None
    max_symbol_exposure_pct: Positive | None = None
    max_portfolio_exposure_pct: Positive | None = None
    daily_risk_budget_pct: Positive | None = None
    allowed_symbols: Annotated[tuple[Text, ...], AS_TUPLE] | None = None
    allowed_directions: Annotated[tuple[Annotated[str, ChoiceField(DIRECTIONS)], ...], AS_TUPLE] | None = None
    allowed_categories: Annotated[tuple[Category, ...], AS_TUPLE] | None = None

    @property
    def entry_limits(self) -> EntryLimits:
        return EntryLimits(**{name: getattr(self, name) for name in EntryLimits.names()})


class SizingRuleModel(Section):
    """Replaces account.sizing for one symbol."""

    symbol: Text
    mode: Annotated[str, ChoiceField(tuple(SizingMode))]
    """risk: share of equity lost at the stop; fraction: of equity; notional: in quote; quantity: in base."""
    value: Positive

    @model_validator(mode="after")
    def share_is_at_most_one(self) -> SizingRuleModel:
        if self.mode == "risk" and self.value > 1:
            raise refuse("at most 1: a share of equity", f"value {self.value} with mode risk", "value")
        return self


class _PlanHead(Section):
    """The plan without its triggers, which are judged one by one."""

    plan_id: Text
    """Name of the plan."""
    generated_at: Time | None = None
    """When the plan was made."""
    valid_until: Time | None = None
    """Past this time its triggers enter no more; their exits stay."""
    regime: Text | None = None
    """The market as the author of the plan sees it."""
    global_view: Annotated[str, TextField(blank=True)] | None = None
    """Free text."""
    origin: Text | None = None
    """What wrote the plan, such as the strategist's template with the hash of its prompts; it changes nothing."""
    risk_constraints: LimitsModel | None = None
    sizing_rules: Annotated[tuple[SizingRuleModel, ...], AS_TUPLE] | None = ()
    risk_regime_rule: Rule = ""
    """Sets the risk-off latch while true."""
    limits: LimitsModel | None = None
    triggers: Annotated[tuple[Any, ...], AS_TUPLE]
    """A list of triggers, [] for the ladder alone."""


class PlanModel(_PlanHead):
    """A strategy plan of Exit Brain."""

    triggers: Annotated[
        tuple[TriggerModel, ...],
        AS_TUPLE,
        Field(max_length=MOST_TRIGGERS, json_schema_extra={"maxItems": MOST_TRIGGERS}),
    ]
    """A list of triggers, [] for the ladder alone."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan and the places of what it was read from."""

    plan: StrategyPlan
    document: Document

    def place(self, trigger_id: str | None, key: str) -> Place:
        """Where a key of a trigger stands; of the plan itself where trigger_id is None."""
        for i, trigger in enumerate(self.plan.triggers):
            if trigger.id == trigger_id:
                return self.document.place(("triggers", i, key))
        return self.document.place((key,))


def load_plan(source: str | PathLike[str] | Mapping[str, Any] | StrategyPlan) -> StrategyPlan:
    """A plan from a file, text (YAML or JSON) or mapping."""
    return source if isinstance(source, StrategyPlan) else read_plan(source).plan


def read_plan(source: str | PathLike[str] | Mapping[str, Any]) -> PlanFile:
    document = load_document(source, wanted="a plan", most_bytes=PLAN_BYTES)
    head = validated(_PlanHead, document)
    triggers = [_trigger(document, ("triggers", i)) for i in range(_trigger_count(document))]
    plan = None
    if head is not None and all(trigger is not None for trigger in triggers):
        plan = _plan(head, tuple(trigger for trigger in triggers if trigger is not None), document)
    else:
        document.problems.extend(_repeated_ids(document))
    raise_problems(document)
    assert plan is not None
    return PlanFile(plan, document)


def _trigger_count(document: Document) -> int:
    rows = document.content.get("triggers") if isinstance(document.content, dict) else None
    return len(rows) if isinstance(rows, list) else 0


def _trigger(document: Document, path: KeyPath) -> TriggerCondition | None:
    model = validated(TriggerModel, document, path)
    if model is None:
        return None
    try:
        return TriggerCondition(**{name: getattr(model, name) for name in TriggerModel.model_fields})
    except InvalidInput as error:
        _note(error, document, path)
        return None


def _repeated_ids(document: Document) -> Iterator[Problem]:
    """Told beside other faults, which keep core from looking."""
    seen: set[str] = set()
    for i in range(_trigger_count(document)):
        row = document.content["triggers"][i]  # type: ignore[index]
        name = row.get("id") if isinstance(row, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield document.problem(("triggers", i, "id"), f'trigger id "{name}" again', "each id once")
            seen.add(name)


def _plan(head: _PlanHead, triggers: tuple[TriggerCondition, ...], document: Document) -> StrategyPlan | None:
    rules = [
        SizingRule(symbol=row.symbol, mode=SizingMode(row.mode), value=row.value) for row in head.sizing_rules or ()
    ]
    try:
        return StrategyPlan(
            plan_id=head.plan_id,
            triggers=triggers,
            generated_at=head.generated_at,
            valid_until=head.valid_until,
            regime=head.regime,
            global_view=head.global_view,
            origin=head.origin,
            risk_constraints=(head.risk_constraints or LimitsModel()).entry_limits,
            sizing_rules=tuple(rules),
            risk_regime_rule=head.risk_regime_rule,
            limits=(head.limits or LimitsModel()).entry_limits,
        )
    except InvalidInput as error:
        _note(error, document, ())
        return None


def _note(error: InvalidInput, document: Document, path: KeyPath) -> None:
    for problem in error.problems:
        document.problems.append(document.problem((*path, *problem.at), problem.found, problem.accepted))

"""The operator's caps on written plans: a file of their own, which no plan can reach."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Annotated, Any

from exitbrain.config.documents import load_document
from exitbrain.config.faults import raise_problems, validated
from exitbrain.config.fields import ChoiceField, CountFromOne, Fraction, Percent, Section
from exitbrain.core.caps import PlanCaps
from exitbrain.core.triggers import MOST_TRIGGERS, ConfidenceGrade
from exitbrain.errors import InvalidInput, Problem


class CapsModel(Section):
    """Caps on written plans, for the strategist's gates."""

    max_stop_loss_pct: Percent | None = None
    """The widest stop that a trigger may ask for, in percent of the entry price."""
    best_entry_grade: Annotated[str, ChoiceField(tuple(ConfidenceGrade))] | None = None
    """The highest grade that an entry may claim; A outranks risk_off."""
    max_triggers: CountFromOne | None = None
    max_drawdown_pct: Percent | None = None
    """The deepest fall of equity in any judged window, in percent."""
    max_emergency_share: Fraction | None = None
    """The largest share of exits that may be emergency exits."""


def load_caps(source: str | PathLike[str] | Mapping[str, Any] | PlanCaps | None) -> PlanCaps:
    """Caps from a file, text or mapping; what it leaves out has its default. None is all defaults."""
    if source is None:
        return PlanCaps()
    if isinstance(source, PlanCaps):
        return source
    document = load_document(source, wanted="caps")
    model = validated(CapsModel, document)
    raise_problems(document)
    assert model is not None
    given = {name: getattr(model, name) for name in CapsModel.model_fields}
    said = {name: value for name, value in given.items() if value is not None}
    if said.get("max_triggers", 1) > MOST_TRIGGERS:
        found, accepted = f"max_triggers is {said['max_triggers']}", f"at most {MOST_TRIGGERS}"
        raise InvalidInput(Problem(found=found, accepted=accepted, file=document.file))
    if "best_entry_grade" in said:
        said["best_entry_grade"] = ConfidenceGrade(said["best_entry_grade"])
    return PlanCaps(**said)

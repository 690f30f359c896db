"""Exit policies of a comparison: what one run does otherwise than the run they all share (spec M4).

    name: tight                     # also the name of its folder
    config: {exits: {time_stop_bars: 48}}    # over the run's config, key by key; or the path of a config file
    profiles: tight.yaml            # instead of the run's; a path, or the content itself
    plan: null                      # instead of the run's; a path, or the content itself
    rewrite: none                   # or emergency_only

Paths are relative to the policy file. `emergency-only` is built in: the run as it is, but every risk_reduce and
risk_off a full emergency exit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

from exitbrain.config.documents import Document, load_document
from exitbrain.config.faults import raise_problems, validated
from exitbrain.config.fields import ChoiceField, Section, TextField
from exitbrain.config.plans import load_plan
from exitbrain.config.profiles import load_profiles
from exitbrain.config.settings import Settings
from exitbrain.config.written import shown
from exitbrain.core.triggers import StrategyPlan, TriggerCategory, TriggerCondition
from exitbrain.errors import InvalidInput, Problem

BUILT_IN = "emergency-only"
NONE = "none"
EMERGENCY = "emergency_only"
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
SOFTER = (TriggerCategory.RISK_REDUCE, TriggerCategory.RISK_OFF)


class PolicyModel(Section):
    """An exit policy of a comparison."""

    name: Annotated[str, TextField(pattern=NAME, words="up to 32 letters, digits, - and _: it names a folder")]
    """Name of the policy and of its folder."""
    config: Any = None
    """Settings over those of the run, key by key; a mapping or a path."""
    profiles: Any = None
    """Profiles instead of the run's; a mapping, a list or a path."""
    plan: Any = None
    """A plan instead of the run's; a mapping or a path."""
    rewrite: Annotated[str, ChoiceField((NONE, EMERGENCY))] = NONE
    """emergency_only: every risk_reduce and risk_off leaves in full, as an emergency exit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`profiles` and `plan` None are the run's; `config` is a document with places, laid over the run's settings."""

    name: str
    config: Document | None = None
    profiles: Any = None
    plan: Any = None
    rewrite: str = NONE
    file: str | None = None


def read_policy(source: str | PathLike[str] | Mapping[str, Any] | Policy) -> Policy:
    """A policy from a file, text or mapping, or the built-in one by its name. Raises InvalidInput."""
    if isinstance(source, Policy):
        return source
    if source == BUILT_IN:
        return Policy(name=BUILT_IN, rewrite=EMERGENCY)
    document = load_document(source, wanted=f"a policy (or {BUILT_IN})")
    model = validated(PolicyModel, document)
    if model is None:
        raise_problems(document)
    assert model is not None
    policy = Policy(
        name=model.name,
        config=_config(model.config, document),
        profiles=_part("profiles", model.profiles, document),
        plan=_part("plan", model.plan, document),
        rewrite=model.rewrite,
        file=document.file,
    )
    raise_problems(document)
    return policy


def read_policies(sources: list[Any] | tuple[Any, ...]) -> tuple[Policy, ...]:
    """Two policies at least, each under its own name."""
    policies = tuple(read_policy(source) for source in sources)
    if len(policies) < 2:
        found = "one policy" if policies else "no policy"
        accepted = f"two or more; a policy file with nothing but a name is the run as it is, {BUILT_IN} is built in"
        raise InvalidInput(Problem(found=found, accepted=accepted))
    seen: set[str] = set()
    for policy in policies:
        # Folders of names that differ by case alone are one folder on some disks.
        if policy.name.lower() in seen:
            raise InvalidInput(
                Problem(found=f"policy {policy.name} twice", accepted="each name once", file=policy.file)
            )
        seen.add(policy.name.lower())
    return policies


def _config(given: Any, document: Document) -> Document | None:
    if given is None:
        return None
    if isinstance(given, str):
        return load_document(_beside(document, given), wanted="a config")
    if isinstance(given, dict):
        return _section(document, "config")
    document.problems.append(_no_section("config", given, document))
    return None


def _part(key: str, given: Any, document: Document) -> Any:
    """A path beside the policy file, or the content, which is judged here so that its faults have a place."""
    if given is None:
        return None
    if isinstance(given, str):
        part: Any = _beside(document, given)
    elif isinstance(given, list) and key == "profiles":
        part = {"profiles": given}
    elif isinstance(given, dict):
        part = given
    else:
        document.problems.append(_no_section(key, given, document))
        return None
    try:
        load_plan(part) if key == "plan" else load_profiles(part)
    except InvalidInput as error:
        place = document.place((key,))
        for problem in error.problems:
            told = problem
            if problem.file is None:
                told = replace(problem, file=place.file, line=place.line, column=place.column, at=())
            document.problems.append(told)
    return part


def _beside(document: Document, path: str) -> str:
    return str(path) if document.file is None else os.path.normpath(Path(document.file).parent / path)


def _no_section(key: str, given: Any, document: Document) -> Problem:
    return document.problem((key,), f"{key} is {shown(given)}", "a mapping, or the path of a file")


def _section(document: Document, key: str) -> Document:
    """One section as a document of its own, each part still where it is written."""
    content = document.content
    assert isinstance(content, dict)
    return Document(
        content=content[key],
        file=document.file,
        keys={path[1:]: place for path, place in document.keys.items() if path[:1] == (key,)},
        values={path[1:]: place for path, place in document.values.items() if path[:1] == (key,)},
    )


def settings_under(policy: Policy, base: Settings) -> Settings:
    """The run's settings with the policy's over them, key by key. Raises InvalidInput with the place in the policy."""
    if policy.config is None:
        return base
    over = policy.config
    content = _overlaid(base.to_dict(), over.content) if isinstance(over.content, dict) else over.content
    merged = Document(content=content, file=over.file, keys=over.keys, values=over.values, problems=list(over.problems))
    settings = validated(Settings, merged)
    raise_problems(merged)
    assert settings is not None
    return settings


def _overlaid(below: Any, above: Any) -> Any:
    """Mappings key by key, each row of a list of mappings likewise; anything else is replaced."""
    if isinstance(below, dict) and above is None:
        return below
    if isinstance(below, list) and isinstance(above, dict) and below and all(isinstance(row, dict) for row in below):
        symbol = above.get("symbol")
        return [_overlaid(row, above) if symbol in (None, row.get("symbol")) else row for row in below]
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: _overlaid(below[key], value) if key in below else value for key, value in above.items()}}


def emergency_only(plan: StrategyPlan) -> StrategyPlan:
    """Every risk_reduce and risk_off that can fire leaves in full, as an emergency exit; everything else alike."""
    return replace(plan, triggers=tuple(_as_emergency(trigger) for trigger in plan.triggers))


def _as_emergency(trigger: TriggerCondition) -> TriggerCondition:
    # A blank rule never fires, and an emergency exit without a rule would be refused.
    if trigger.category not in SOFTER or not trigger.exit_rule.strip():
        return trigger
    return replace(trigger, category=TriggerCategory.EMERGENCY_EXIT, exit_fraction=None, latch=False)

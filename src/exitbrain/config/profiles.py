"""Profiles files: exit recipes and the positions they are for, in file order on top of the five defaults (spec F2).

profiles:
- name: AGGRESSIVE_SCALP
  symbol: ETHUSDT
  regime: RANGE
  tp_legs:
  - {r_multiple: 0.2, size_fraction: 0.5, kind: SOFT}
  - {r_multiple: 0.4, size_fraction: 0.5, kind: HARD}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal
from os import PathLike
from typing import Annotated, Any

from pydantic import Field

from exitbrain.config.choosing import ProfilePolicyModel, policy_from, policy_row
from exitbrain.config.documents import Document, KeyPath, load_document
from exitbrain.config.durations import ACCEPTED as DURATION
from exitbrain.config.durations import duration_of, duration_word
from exitbrain.config.faults import raise_problems, validated
from exitbrain.config.fields import (
    AS_PAIR,
    AS_TUPLE,
    Annotation,
    AnyText,
    ChoiceField,
    CountFromOne,
    NumberField,
    Section,
    Switch,
    Text,
    as_written,
    refuse,
)
from exitbrain.core.choosing import ProfilePolicy
from exitbrain.core.market import REGIME_ALIASES, MarketRegime
from exitbrain.core.profiles import (
    Adaptive,
    AtrTrail,
    Liquidity,
    StopMove,
    TimeStop,
    TPKind,
    TPProfile,
    TPProfileLeg,
    TrailingProfile,
)
from exitbrain.core.registry import ANY, DEFAULTS, ProfileRegistry
from exitbrain.errors import InvalidInput, Problem


class _DurationField(Annotation):
    def check(self, value: Any) -> timedelta:
        try:
            return duration_of(value)
        except InvalidInput:
            raise refuse(DURATION) from None

    def schema(self) -> dict[str, Any]:
        pattern = r"^(?:[Pp][0-9WwDdTtHhMmSs.]+|[0-9. wdhmsWDHMS]+)$"
        return {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number", "exclusiveMinimum": 0}]}


class _StopTargetField(Annotation):
    words = ("breakeven", "previous_target")

    def check(self, value: Any) -> Any:
        if isinstance(value, str) and value in self.words:
            return str(value)
        try:
            return NumberField(convert=as_written).check(value)
        except ValueError:
            raise refuse(f"{', '.join(self.words)} or an R value") from None

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self.words)}, NumberField().schema()]}


Above = Annotated[Any, NumberField(above=0, convert=as_written)]
FromZero = Annotated[Any, NumberField(at_least=0, convert=as_written)]
Share = Annotated[Any, NumberField(above=0, at_most=1, convert=as_written)]
Callback = Annotated[Any, NumberField(above=0, below=1, convert=as_written)]
CurvePoint = Annotated[tuple[FromZero, Callback], AS_PAIR]
Regime = Annotated[
    str,
    ChoiceField((ANY, *MarketRegime), str.upper, tuple((word, kind.value) for word, kind in REGIME_ALIASES.items())),
]


class LegModel(Section):
    """A take-profit leg."""

    r_multiple: Above
    """Level in R: multiples of the distance from the entry to the initial stop."""
    size_fraction: Share
    """Fraction of the quantity at opening that leaves there."""
    kind: Annotated[str, ChoiceField(tuple(TPKind), str.upper)] = "HARD"
    """HARD: a market order triggered at the level; SOFT: a limit resting at it."""


class TrailingModel(Section):
    """A stop that follows the best price by a callback."""

    callback_pct: Callback
    """Distance as a fraction of the best price: 0.015 is 1.5%."""
    activation_r: FromZero
    """R from which the stop trails."""
    tightening_curve: Annotated[tuple[CurvePoint, ...], AS_TUPLE] | None = ()
    """[[R, callback from that R on], …]; callbacks must not widen."""


class StopMoveModel(Section):
    """Where the stop moves after a leg is filled."""

    after_leg: CountFromOne
    """Number of the leg, from 1 in ascending R."""
    to: Annotated[Any, _StopTargetField()]
    """breakeven, previous_target or an R value."""
    fees: Switch = False
    """Whether break-even pays back the fees."""


class TimeStopModel(Section):
    """Leave after bars or after a duration: one of them."""

    bars: CountFromOne | None = None
    duration: Annotated[timedelta, _DurationField()] | None = None
    """90m, 4h, 1d12h, PT4H, or seconds."""


class AtrTrailModel(Section):
    """Trail by average true ranges instead of a percentage."""

    period: Annotated[int, NumberField(whole=True, at_least=2, at_most=500)] = 14
    mult: Above = 3


class AdaptiveModel(Section):
    """Callback times ATR now over ATR at entry, within [min, max]."""

    min: Above = 0.5
    max: Above = 2


class LiquidityModel(Section):
    """Market exits are cut to a share of the volume; SOFT turns HARD where the spread is wide."""

    max_spread_bps: Above | None = Field(
        None, description="Above this spread at the close before, SOFT legs that still rest become HARD."
    )
    max_volume_share: Share | None = Field(
        None, description="What a bar takes of a position's market exits, as a share of its volume; the rest follows."
    )


class ProfileModel(Section):
    """An exit recipe and the positions it is for; * is any."""

    name: Text
    """Name of the profile."""
    description: AnyText = ""
    symbol: Text = ANY
    strategy_id: Text = ANY
    regime: Regime = ANY
    tp_legs: Annotated[tuple[LegModel, ...], AS_TUPLE, Field(min_length=1, json_schema_extra={"minItems": 1})]
    """Take-profit legs; fractions sum to at most 1, what is left is the runner."""
    trailing: TrailingModel | None = None
    stop_moves: Annotated[tuple[StopMoveModel, ...], AS_TUPLE] | None = ()
    time_stop: TimeStopModel | None = None
    atr_trail: AtrTrailModel | None = None
    adaptive: AdaptiveModel | None = None
    liquidity: LiquidityModel | None = None
    replace: Switch = False
    """true: this content takes the place of a known profile of that name."""


class ProfilesModel(Section):
    """Profiles of Exit Brain, registered in this order on top of the five defaults."""

    profiles: Annotated[tuple[ProfileModel, ...], AS_TUPLE]
    """A list of profiles."""
    policy: ProfilePolicyModel | None = None
    """What chooses among them from features, as `exitbrain tune --method bandit` writes it."""


class _ProfilesHead(Section):
    """The file without its entries, which are judged one by one."""

    profiles: Annotated[tuple[Any, ...], AS_TUPLE]
    """A list of profiles."""
    policy: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A profile, the positions it is for, and the line it stands on."""

    profile: TPProfile
    symbol: str = ANY
    strategy_id: str = ANY
    regime: str = ANY
    replace: bool = False
    line: int | None = field(default=None, compare=False)


def load_profiles(source: str | PathLike[str] | Mapping[str, Any]) -> list[Registration]:
    """The registrations of a file, text or mapping, in file order; its policy is judged too."""
    document = load_document(source, wanted="profiles")
    registrations = _registrations(document)
    if not document.problems:
        _policy(document, registrations)
    raise_problems(document)
    return registrations


def load_registry(source: str | PathLike[str] | Mapping[str, Any]) -> ProfileRegistry:
    """A file's registrations on top of the defaults, with the policy that chooses among them where it has one."""
    document = load_document(source, wanted="profiles")
    registrations = _registrations(document)
    policy = None if document.problems else _policy(document, registrations)
    raise_problems(document)
    registry = registry_from(registrations)
    registry.policy = policy
    return registry


def _policy(document: Document, registrations: list[Registration]) -> ProfilePolicy | None:
    content = document.content
    if not isinstance(content, dict) or content.get("policy") is None:
        return None
    model = validated(ProfilePolicyModel, document, ("policy",))
    known = {profile.name: profile for profile, _ in DEFAULTS}
    return model and policy_from(model, known | {own.profile.name: own.profile for own in registrations}, document)


def _registrations(document: Document) -> list[Registration]:
    head = validated(_ProfilesHead, document)
    registrations: list[Registration] = []
    if head is not None or _has_rows(document):
        for i in range(len(document.content["profiles"])):  # type: ignore[index]
            path: KeyPath = ("profiles", i)
            registration = read_registration(document, path)
            if registration is not None:
                registrations.append(registration)
        document.problems.extend(_clashes(registrations, document))
    return registrations


def read_registration(document: Document, path: KeyPath) -> Registration | None:
    """The registration at a path of a document; None where it has faults, which the document then holds."""
    model = validated(ProfileModel, document, path)
    return None if model is None else _registration(model, document, path)


def profile_row(profile: TPProfile) -> dict[str, Any]:
    """A profile as an entry of a profiles file."""
    return _row(Registration(profile=profile))


def _has_rows(document: Document) -> bool:
    return isinstance(document.content, dict) and isinstance(document.content.get("profiles"), list)


def _registration(model: ProfileModel, document: Document, path: KeyPath) -> Registration | None:
    before = len(document.problems)
    built = {
        "trailing": _built(_trailing, model.trailing, document, (*path, "trailing")),
        "time_stop": _built(_time_stop, model.time_stop, document, (*path, "time_stop")),
        "adaptive": _built(_adaptive, model.adaptive, document, (*path, "adaptive")),
    }
    if len(document.problems) > before:
        return None
    profile = _built(lambda given: _profile(given, **built), model, document, path)
    if profile is None:
        return None
    return Registration(
        profile=profile,
        symbol=model.symbol,
        strategy_id=model.strategy_id,
        regime=model.regime,
        replace=model.replace,
        line=document.place(path).line,
    )


def _built(build: Any, model: Any, document: Document, path: KeyPath) -> Any:
    """What core makes of a model; its refusals become problems of the document."""
    if model is None:
        return None
    try:
        return build(model)
    except InvalidInput as error:
        for problem in error.problems:
            document.problems.append(document.problem((*path, *problem.at), problem.found, problem.accepted))
        return None


def _trailing(model: TrailingModel) -> TrailingProfile:
    return TrailingProfile(model.callback_pct, model.activation_r, tuple(model.tightening_curve or ()))


def _time_stop(model: TimeStopModel) -> TimeStop:
    return TimeStop(bars=model.bars, duration=model.duration)


def _adaptive(model: AdaptiveModel) -> Adaptive:
    return Adaptive(min=model.min, max=model.max)


def _profile(model: ProfileModel, **built: Any) -> TPProfile:
    return TPProfile(
        model.name,
        tuple(TPProfileLeg(leg.r_multiple, leg.size_fraction, TPKind(leg.kind)) for leg in model.tp_legs),
        description=model.description,
        stop_moves=tuple(
            StopMove(after_leg=move.after_leg, to=move.to, fees=move.fees) for move in model.stop_moves or ()
        ),
        atr_trail=model.atr_trail and AtrTrail(period=model.atr_trail.period, mult=model.atr_trail.mult),
        liquidity=model.liquidity
        and Liquidity(max_spread_bps=model.liquidity.max_spread_bps, max_volume_share=model.liquidity.max_volume_share),
        **built,
    )


def _clashes(registrations: list[Registration], document: Document) -> list[Problem]:
    """Names that stand for two contents: within the file, or against a default without `replace: true`."""
    problems = []
    first: dict[str, Registration] = {}
    defaults = {profile.name: profile for profile, _ in DEFAULTS}
    for own in registrations:
        name = own.profile.name
        known = first.setdefault(name, own)
        lines = f"lines {known.line} and {own.line}" if own.line is not None else "two entries"
        if known.profile != own.profile:
            found, accepted = f'profile "{name}" with different content in {lines}', "one content for each name"
        elif known is own and name in defaults and defaults[name] != own.profile and not own.replace:
            found = f'profile "{name}" differs from the default of that name'
            accepted = "another name, or replace: true in it"
        else:
            continue
        problems.append(Problem(found=found, accepted=accepted, file=document.file, line=own.line))
    return problems


def registry_from(registrations: Iterable[Registration], base: ProfileRegistry | None = None) -> ProfileRegistry:
    """A registry of the base (the five defaults) and the registrations on top of it, in their order."""
    registry = ProfileRegistry() if base is None else base.copy()
    for own in registrations:
        try:
            registry.register(own.profile, own.symbol, own.strategy_id, own.regime, replace=own.replace)
        except InvalidInput as error:
            raise InvalidInput(*(replace(problem, line=own.line) for problem in error.problems)) from None
    return registry


def dump_profiles(registrations: Iterable[Registration], policy: ProfilePolicy | None = None) -> str:
    """A profiles file that loads back as these registrations, and the policy that chooses among them."""
    import yaml

    content: dict[str, Any] = {"profiles": [_row(own) for own in registrations]}
    if policy is not None:
        content["policy"] = policy_row(policy)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _row(own: Registration) -> dict[str, Any]:
    profile = own.profile
    row: dict[str, Any] = {"name": profile.name, "description": profile.description}
    row |= {"symbol": own.symbol, "strategy_id": own.strategy_id, "regime": str(own.regime)}
    row["tp_legs"] = [
        {"r_multiple": leg.r_multiple, "size_fraction": leg.size_fraction, "kind": str(leg.kind)}
        for leg in profile.tp_legs
    ]
    row["trailing"] = profile.trailing and {
        "callback_pct": profile.trailing.callback_pct,
        "activation_r": profile.trailing.activation_r,
        "tightening_curve": [list(point) for point in profile.trailing.tightening_curve],
    }
    row["stop_moves"] = [{"after_leg": move.after_leg, "to": move.to, "fees": move.fees} for move in profile.stop_moves]
    if profile.time_stop is not None:
        bars, duration = profile.time_stop.bars, profile.time_stop.duration
        row["time_stop"] = {"bars": bars} if duration is None else {"duration": duration_word(duration)}
    for name in ("atr_trail", "adaptive", "liquidity"):
        option = getattr(profile, name)
        row[name] = option and {field.name: getattr(option, field.name) for field in fields(option)}
    row["replace"] = own.replace
    # `trailing: null` says that nothing trails; other options that are off are left out.
    return {key: _writable(value) for key, value in row.items() if value or key == "trailing"}


def _writable(value: Any) -> Any:
    match value:
        case dict():
            return {key: _writable(inner) for key, inner in value.items()}
        case list():
            return [_writable(inner) for inner in value]
        case Decimal():
            return format(value, "f")
        case _:
            return value

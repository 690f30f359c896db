"""Spaces of a sweep: which keys of a profile or of the config take which values.

    base: TREND_DEFAULT             # a profile's name, or several; without it the run's registry stays as it is
    space:
      tp_legs.0.r_multiple: [0.4, 0.5, 0.6]
      trailing.callback_pct: {low: 0.01, high: 0.03, step: 0.0025}
      exits.default_stop_pct: [2.0, 2.5, 3.0]
    objective: [net_r_mean, max_drawdown]

Keys are dotted; numbers in them count list items from 0. Each configuration goes through the loaders of profiles and
config files, so what a sweep runs is what a hand-written file could say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from os import PathLike
from typing import Annotated, Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import core_schema

from exitbrain.config.documents import Document, KeyPath, Place, load_document
from exitbrain.config.faults import problems_of, raise_problems, suggestion, validated
from exitbrain.config.fields import AS_TUPLE, NumberField, Positive, Section, Switch, Text
from exitbrain.config.profiles import ProfileModel, profile_row, read_registration
from exitbrain.config.settings import Settings
from exitbrain.config.written import exact_number, resolved, shown
from exitbrain.core.profiles import TPProfile
from exitbrain.errors import InvalidInput, Problem

BASE = "base"
PROFILE_KEYS = ("tp_legs", "trailing", "stop_moves", "time_stop", "atr_trail", "adaptive", "liquidity")
CONFIG_KEYS = ("execution", "account", "exits", "guardrails", "regime", "arbitration", "latch", "whipsaw", "instrument")
FIXED = ("instrument.symbol", "instrument.tick_size", "instrument.lot_size")
MOST_STEPS = 10_000
DRAWN_DIGITS = Context(prec=6, rounding=ROUND_HALF_EVEN)
CHOICES = "a list of values, or {low, high, step}"
OBJECTIVE = ("net_r_mean",)

AnyNumber = Annotated[Decimal, NumberField()]


class RangeModel(Section):
    """Numbers from low to high, both included."""

    low: AnyNumber
    """The first value."""
    high: AnyNumber
    """The last value."""
    step: Positive | None = None
    """Distance of the values; null: any number between, which a grid cannot list."""
    log: Switch = False
    """Whether random values between are drawn evenly in their logarithm; not with a step."""


class _Choices:
    """What one key may be: judged one by one later, so that each fault has its place."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(self, _schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = dict(handler.resolve_ref_schema(handler(RangeModel.__pydantic_core_schema__)))
        described.pop("title", None)
        return {"anyOf": [{"type": "array", "minItems": 1}, described]}


class SpaceModel(Section):
    """What a sweep tries: keys of a profile or of the config, each with its values."""

    base: Text | Annotated[tuple[Text, ...], AS_TUPLE] | None = None
    """Name of the profile that the keys change and that manages every position; several names are tried in turn."""
    space: dict[str, Annotated[Any, _Choices()]] = Field(
        json_schema_extra={"propertyNames": {"pattern": f"^({'|'.join((*PROFILE_KEYS, *CONFIG_KEYS))})(\\.|$)"}}
    )
    """Dotted keys of a profile or of the config: a list of values, or {low, high, step}."""
    objective: Annotated[tuple[Text, ...], AS_TUPLE] = OBJECTIVE
    """Names of metrics.json, the one that chooses first."""


class _SpaceHead(SpaceModel):
    base: Any = None
    objective: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One key and its values: `choices` as they are written, or None where any number from low to high counts."""

    key: str
    path: KeyPath
    choices: tuple[Any, ...] | None
    places: tuple[Place, ...]
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    log: bool = False

    @property
    def of_profile(self) -> bool:
        return self.path[0] in PROFILE_KEYS

    @property
    def is_ordered(self) -> bool:
        """Whether all values are numbers in ascending order, so that near ones are alike."""
        if self.choices is None:
            return True
        values = [resolved(value) for value in self.choices]
        if any(isinstance(value, bool) or not isinstance(value, int | float | Decimal) for value in values):
            return False
        return all(first < second for first, second in zip(values, values[1:], strict=False))

    @property
    def kind(self) -> str:
        """How a column holds it: integer, number, truth, or text (lists and mappings as JSON)."""
        if self.choices is None:
            return "number"
        values = [value for value in map(resolved, self.choices) if value is not None]
        if values and all(isinstance(value, bool) for value in values):
            return "truth"
        if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            return "integer"
        if values and all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values):
            return "number"
        return "text"

    def value(self, coordinate: int | float) -> Any:
        """The value of a place of `choices`, or the number at a share from low to high."""
        if self.choices is not None:
            return self.choices[int(coordinate)]
        low, high = float(self.low), float(self.high)
        if self.log:
            drawn = math.exp(math.log(low) + (math.log(high) - math.log(low)) * coordinate)
        else:
            drawn = low + (high - low) * coordinate
        rounded = min(max(Decimal(repr(drawn)).normalize(DRAWN_DIGITS), self.low), self.high)
        return exact_number(format(rounded, "f"))

    def shown(self, value: Any) -> Any:
        """A value as a column of its kind holds it."""
        plain = resolved(value)
        if plain is None or self.kind in ("integer", "truth"):
            return plain
        if self.kind == "number":
            return float(plain)
        return plain if isinstance(plain, str) else json.dumps(plain, default=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """`bases` are names of profiles, the first of them what a winner is measured against; empty: the registry as is."""

    bases: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    objective: tuple[str, ...]
    document: Document

    @property
    def axes(self) -> tuple[Dimension, ...]:
        """The dimensions, before them the choice of a base where there are several."""
        if len(self.bases) < 2:
            return self.dimensions
        place = self.document.place((BASE,))
        choice = Dimension(key=BASE, path=(BASE,), choices=self.bases, places=(place,) * len(self.bases))
        return (choice, *self.dimensions)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(axis.key for axis in self.axes)

    def content(self) -> dict[str, Any]:
        """What it says, plain: equal spaces have equal contents."""
        return {
            "base": list(self.bases),
            "space": {
                one.key: (
                    [str(one.low), str(one.high), one.log]
                    if one.choices is None
                    else [json.dumps(resolved(value), default=str) for value in one.choices]
                )
                for one in self.dimensions
            },
            "objective": list(self.objective),
        }

    def problem(self, path: KeyPath, found: str, accepted: str | None = None) -> Problem:
        return self.document.problem(path, found, accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One point of a space, ready to run: `profile` None leaves the registry as it is."""

    values: Mapping[str, Any]
    profile: TPProfile | None
    settings: Settings


def read_space(source: str | PathLike[str] | Mapping[str, Any] | Space) -> Space:
    """A space from a file, text or mapping. Raises InvalidInput with the place of each fault."""
    if isinstance(source, Space):
        return source
    document = load_document(source, wanted="a space")
    validated(_SpaceHead, document)
    raise_problems(document)
    head = validated(SpaceModel, document)
    raise_problems(document)
    assert head is not None
    bases = () if head.base is None else (head.base,) if isinstance(head.base, str) else head.base
    if isinstance(head.base, tuple) and not bases:
        document.problems.append(document.problem((BASE,), "base is an empty list", "a profile's name, or several"))
    for twice in sorted({name for name in bases if bases.count(name) > 1}):
        document.problems.append(document.problem((BASE,), f"base names {twice} twice", "each profile once"))
    if not head.objective:
        document.problems.append(document.problem(("objective",), "objective is empty", "names of metrics.json"))
    if not head.space and len(bases) < 2:
        document.problems.append(document.problem(("space",), "nothing to try", "keys with values, or several bases"))
    dimensions = [_dimension(key, value, document) for key, value in head.space.items()]
    made = tuple(one for one in dimensions if one is not None)
    document.problems.extend(_nested(made, document))
    if not bases:
        for one in made:
            if one.of_profile:
                found = f"{one.key} is a key of a profile, and there is no base"
                document.problems.append(
                    document.problem(("space", one.key), found, "base: a profile's name", key=True)
                )
    raise_problems(document)
    return Space(bases=tuple(bases), dimensions=made, objective=tuple(head.objective), document=document)


def _dimension(key: str, given: Any, document: Document) -> Dimension | None:
    at: KeyPath = ("space", key)
    path: KeyPath = tuple(int(part) if part.isdecimal() else part for part in key.split("."))
    known = (*PROFILE_KEYS, *CONFIG_KEYS)
    if path[0] not in known or "" in path:
        accepted = suggestion(str(path[0]), known) or f"a dotted key that begins with {', '.join(known)}"
        document.problems.append(document.problem(at, f"unknown key {key}", accepted, key=True))
        return None
    if key in FIXED or (path[0] == "instrument" and str(path[-1]) in ("symbol", "tick_size", "lot_size")):
        document.problems.append(document.problem(at, f"{key} cannot be tried", "a key of how it is traded", key=True))
        return None
    if isinstance(given, dict):
        return _range(key, path, document)
    if not isinstance(given, list | tuple) or not given:
        found = f"{key} is {'an empty list' if given in ([], ()) else shown(given)}"
        document.problems.append(document.problem(at, found, CHOICES))
        return None
    seen: dict[str, int] = {}
    for i, value in enumerate(given):
        word = json.dumps(resolved(value), default=str, sort_keys=True)
        if word in seen:
            document.problems.append(document.problem((*at, i), f"{key} lists {word} twice", "each value once"))
        seen.setdefault(word, i)
    places = tuple(document.place((*at, i)) for i in range(len(given)))
    return Dimension(key=key, path=path, choices=tuple(given), places=places)


def _range(key: str, path: KeyPath, document: Document) -> Dimension | None:
    at: KeyPath = ("space", key)
    model = validated(RangeModel, document, at)
    if model is None:
        return None
    place = document.place(at)
    faults = []
    if model.high < model.low:
        faults.append((f"{key} goes from {model.low} to {model.high}", "high of at least low"))
    if model.log and (model.low <= 0 or model.step is not None):
        faults.append((f"{key} is log", "low above 0, and no step"))
    if model.step is not None and (model.high - model.low) / model.step > MOST_STEPS:
        faults.append((f"{key} has more than {MOST_STEPS} values", "a larger step"))
    if faults:
        document.problems.extend(document.problem(at, found, accepted) for found, accepted in faults)
        return None
    if model.step is None and model.low < model.high:
        ends = (document.place((*at, "low")), document.place((*at, "high")))
        return Dimension(key=key, path=path, choices=None, places=ends, low=model.low, high=model.high, log=model.log)
    count = 1 if model.step is None else int((model.high - model.low) / model.step) + 1
    values = tuple(exact_number(format((model.low + i * (model.step or 0)), "f")) for i in range(count))
    return Dimension(key=key, path=path, choices=values, places=(place,) * count)


def _nested(dimensions: Sequence[Dimension], document: Document) -> Iterator[Problem]:
    for own in dimensions:
        for other in dimensions:
            if other is not own and own.path == other.path[: len(own.path)]:
                found = f"{other.key} lies inside {own.key}"
                yield document.problem(("space", other.key), found, "one of the two", key=True)


# configurations


class ConfigurationMaker:
    """Turns values into profiles and settings, on top of the run's own profiles and config. Raises InvalidInput."""

    def __init__(self, space: Space, profiles: Mapping[str, TPProfile], settings: Settings) -> None:
        self.space = space
        self.settings = settings
        self._below = settings.to_dict()
        self._profiles = {name: self._known(name, profiles) for name in space.bases}
        self._rows = {name: profile_row(profile) for name, profile in self._profiles.items()}
        self._check_values()

    def base(self) -> Configuration:
        """What the space starts from: the first base, nothing changed."""
        profile = self._profiles[self.space.bases[0]] if self.space.bases else None
        return Configuration(values={}, profile=profile, settings=self.settings)

    def make(self, values: Mapping[str, Any]) -> Configuration:
        """Raises InvalidInput where values do not go together, as in a file that a user wrote."""
        name = values.get(BASE, self.space.bases[0] if self.space.bases else None)
        profile = None if name is None else self._profile(str(name), values)
        return Configuration(values=values, profile=profile, settings=self._settings(values))

    def _known(self, name: str, profiles: Mapping[str, TPProfile]) -> TPProfile:
        if name in profiles:
            return profiles[name]
        near = suggestion(name, tuple(profiles))
        accepted = f"did you mean {near}?" if near else f"one of {', '.join(profiles)}"
        raise InvalidInput(self.space.problem((BASE,), f"no profile is named {name}", accepted))

    def _profile(self, name: str, values: Mapping[str, Any]) -> TPProfile:
        document = self._profile_document(name, values)
        if document is None:
            return self._profiles[name]
        registration = read_registration(document, ("profiles", 0))
        raise_problems(document)
        assert registration is not None
        return registration.profile

    def _settings(self, values: Mapping[str, Any]) -> Settings:
        document = self._settings_document(values)
        if document is None:
            return self.settings
        settings = validated(Settings, document)
        raise_problems(document)
        assert settings is not None
        return settings

    def _profile_document(self, name: str, values: Mapping[str, Any]) -> Document | None:
        mine = [one for one in self.space.dimensions if one.of_profile and one.key in values]
        if not mine:
            return None
        return self._document({"profiles": [self._rows[name]]}, ("profiles", 0), mine, values)

    def _settings_document(self, values: Mapping[str, Any]) -> Document | None:
        mine = [one for one in self.space.dimensions if not one.of_profile and one.key in values]
        return self._document(self._below, (), mine, values) if mine else None

    def _document(
        self, below: Any, under: KeyPath, dimensions: Sequence[Dimension], values: Mapping[str, Any]
    ) -> Document:
        """The content with the values in it; each value stands where the space says it."""
        space = self.space.document
        whole = space.place(("space",))
        made = Document(content=_copied(below), file=space.file, values={(): whole})
        for one in dimensions:
            path = (*under, *one.path)
            _put(made, path, values[one.key], one, space)
            made.keys[path] = space.place(("space", one.key), key=True)
            made.values[path] = self._place(one, values[one.key])
        return made

    @staticmethod
    def _place(one: Dimension, value: Any) -> Place:
        for i, choice in enumerate(one.choices or ()):
            if choice is value or choice == value:
                return one.places[i]
        return one.places[0]

    def _check_values(self) -> None:
        """A value that its key cannot hold is a fault of the space; values that do not go together are left out."""
        problems: list[Problem] = []
        for one in self.space.dimensions:
            names = self.space.bases if one.of_profile else ("",)
            # What a key can hold does not hang on the base; what there is to change does.
            for name in names:
                for value in one.choices if one.choices is not None else (one.low, one.high):
                    try:
                        problems += self._faults_of_value(one, name, value)
                    except InvalidInput as error:
                        problems += error.problems
        if problems:
            unique = dict.fromkeys(problems)
            raise InvalidInput(*sorted(unique, key=lambda p: (p.line or 0, p.column or 0)))

    def _faults_of_value(self, one: Dimension, name: str, value: Any) -> list[Problem]:
        values = {one.key: exact_number(format(value, "f")) if isinstance(value, Decimal) else value}
        under: KeyPath = ("profiles", 0) if one.of_profile else ()
        document = self._profile_document(name, values) if one.of_profile else self._settings_document(values)
        assert document is not None
        content: Any = document.content
        for part in under:
            content = content[part]
        model: type[BaseModel] = ProfileModel if one.of_profile else Settings
        try:
            model.model_validate(content)
        except ValidationError as error:
            faults = [fault["loc"] for fault in error.errors(include_url=False)]
            own = [
                loc
                for loc in faults
                if document.written_path((*under, *loc))[len(under) :][: len(one.path)] == one.path
            ]
            if own or not _is_whole(one, faults):
                return list(problems_of(error, model, document, under))
        return []


def _is_whole(one: Dimension, faults: Sequence[tuple[Any, ...]]) -> bool:
    """Whether all faults are of a section around the key: another key may still make them good."""
    return all(len(loc) < len(one.path) + 1 for loc in faults)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner) for inner in value]
    return value


def _put(document: Document, path: KeyPath, value: Any, one: Dimension, space: Document) -> None:
    here: Any = document.content
    for i, part in enumerate(path):
        last = i == len(path) - 1
        if isinstance(here, list):
            if not isinstance(part, int) or part >= len(here):
                accepted = f"an item from 0 to {len(here) - 1}" if here else "a whole list of values for the key before"
                raise InvalidInput(space.problem(("space", one.key), f"{one.key}: there is no item {part}", accepted))
            if last:
                here[part] = _copied(value)
            here = here[part]
        elif isinstance(here, dict):
            if last:
                here[str(part)] = _copied(value)
            elif here.get(str(part)) is None:
                here[str(part)] = {}
            here = here[str(part)]
        else:
            raise InvalidInput(space.problem(("space", one.key), f"{one.key}: nothing lies inside {shown(here)}"))


def written_profiles(profile: TPProfile, name: str) -> str:
    """A profiles file under which this profile manages every position of a run, whatever its regime."""
    from exitbrain.config.profiles import Registration, dump_profiles
    from exitbrain.core.market import MarketRegime

    named = replace(profile, name=name)
    return dump_profiles([Registration(profile=named, regime=regime.value) for regime in MarketRegime])

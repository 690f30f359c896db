"""A request for a run: what it may say, checked whole before anything is queued, and what a worker is given of it.

Candles, detail, funding and quotes are names in the home's candles or full paths. Plan, profiles, config, entries and
policies are values, the path of a file, or the text of one, which has a line break. A text becomes a file of the job,
so that its faults have lines and its bytes give the run the id that the same file gives it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exitbrain.candles.entries import read_entries
from exitbrain.config.plans import read_plan
from exitbrain.config.policies import BUILT_IN, read_policies, read_policy
from exitbrain.config.profiles import dump_profiles, load_profiles
from exitbrain.config.settings import load_config
from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput, Problem
from exitbrain.store import Store
from exitbrain.wiring.backtest import PATHS, described
from exitbrain.wiring.compare import comparison_id
from exitbrain.wiring.inputs import RunInputs, Source, gather
from exitbrain.wiring.policy_runs import inputs_under
from exitbrain.wiring.workbench.faults import FieldProblem, RequestRefused
from exitbrain.wiring.workbench.home import candle_file, candle_files

BACKTEST, COMPARE = "backtest", "compare"
KINDS = (BACKTEST, COMPARE)
FILES = ("candles", "detail", "funding", "quotes")
SEVERAL = ("candles", "detail", "funding")
WRITTEN = ("plan", "profiles", "config", "entries")
KEYS = ("kind", *FILES, *WRITTEN, "policies", "paths", "repair", "label")
LONGEST_LABEL = 200
MOST_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A checked request: the id and description of its run, and `arguments` for the worker."""

    run_id: str
    kind: str
    about: Mapping[str, Any]
    sources: tuple[Source, ...]
    arguments: Mapping[str, Any]
    paths: str | None
    label: str | None


def prepare(
    request: Mapping[str, Any], folder: Path, candles: Path, store: Store, environment: Mapping[str, str]
) -> Prepared:
    """Files of the job go into `folder`. Raises RequestRefused with every fault that could be found."""
    return _Preparation(request, folder, candles, store, environment).prepared()


class _Preparation:
    def __init__(
        self, request: Mapping[str, Any], folder: Path, candles: Path, store: Store, environment: Mapping[str, str]
    ) -> None:
        self.request = request
        self.folder = folder
        self.candles = candles
        self.store = store
        self.environment = environment
        self.problems: list[FieldProblem] = []
        self.files: dict[str, str] = {}  # which field a file is of

    def prepared(self) -> Prepared:
        if not isinstance(self.request, Mapping):
            raise RequestRefused(FieldProblem(field="", message="no mapping", accepted="a mapping of fields"))
        given = {name: value for name, value in self.request.items() if value is not None}
        for name in given:
            if name not in KEYS:
                told = unknown_name(name, KEYS, "field")
                self.problems.append(FieldProblem(field=str(name)[:80], message=told.found, accepted=told.accepted))
        kind, paths, label = self._words(given)
        arguments = {name: self._paths(name, given[name]) for name in FILES if name in given}
        arguments |= {name: self._written(name, given[name]) for name in WRITTEN if name in given}
        arguments |= {"paths": paths, "repair": given.get("repair", False)}
        if "candles" not in given:
            self.problems.append(
                FieldProblem(field="candles", message="candles are missing", accepted=self._accepted())
            )
        if kind == COMPARE:
            arguments["policies"] = self._policies(given.get("policies"))
        elif "policies" in given:
            self._fault("policies", "policies of a backtest", "kind: compare")
        self._refuse()
        try:
            run_id, inputs = (self._comparison if kind == COMPARE else self._run)(arguments)
        except InvalidInput as error:
            self._note("", error)
            self._refuse()
            raise
        return Prepared(
            run_id=run_id,
            kind=kind,
            about=described(inputs, paths),
            sources=inputs.sources,
            arguments=arguments,
            paths=paths,
            label=label,
        )

    # what runs

    def _run(self, arguments: Mapping[str, Any]) -> tuple[str, RunInputs]:
        given = {name: value for name, value in arguments.items() if name not in ("paths", "policies")}
        inputs = gather(**given, environment=self.environment)
        return described(inputs, arguments["paths"])["run_id"], inputs

    def _comparison(self, arguments: Mapping[str, Any]) -> tuple[str, RunInputs]:
        """The id that `compare` will give, from the ids of its runs."""
        base = load_config(arguments.get("config"), self.environment)
        given = {name: value for name, value in arguments.items() if name not in ("paths", "policies")}
        given["environment"] = self.environment
        policies = read_policies(arguments["policies"])
        inputs = [inputs_under(policy, base, given) for policy in policies]
        content = [[policy.name, described(own, arguments["paths"])["run_id"]] for policy, own in zip(policies, inputs)]
        return comparison_id(base.seed, content), inputs[0]

    # fields

    def _words(self, given: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
        kind, paths, label = given.get("kind", BACKTEST), given.get("paths"), given.get("label")
        if kind not in KINDS:
            self._fault("kind", f"kind is {_shown(kind)}", ", ".join(KINDS))
        if paths is not None and paths not in PATHS:
            self._fault("paths", f"paths is {_shown(paths)}", ", ".join(PATHS))
        if not isinstance(given.get("repair", False), bool):
            self._fault("repair", f"repair is {_shown(given['repair'])}", "true or false")
        if label is not None and (not isinstance(label, str) or len(label) > LONGEST_LABEL):
            self._fault("label", f"label is {_shown(label)}", f"a text of at most {LONGEST_LABEL} characters")
        return str(kind), paths if isinstance(paths, str) else None, label if isinstance(label, str) else None

    def _paths(self, name: str, given: Any) -> Any:
        several = isinstance(given, list) and name in SEVERAL
        items = given if several else [given]
        if several and not 1 <= len(items) <= MOST_FILES:
            self._fault(name, f"{len(items)} files", f"1 to {MOST_FILES}")
            return None
        found = [self._path(name, one) for one in items]
        return found if several else found[0]

    def _path(self, name: str, given: Any) -> str | None:
        if not isinstance(given, str) or not given.strip() or "\x00" in given:
            self._fault(name, f"{name} is {_shown(given)}", self._accepted())
            return None
        if "/" not in given and "\\" not in given:
            found = candle_file(self.candles, given)
            if found is None:
                self._fault(name, f"no candles of the name {_shown(given)}", self._accepted())
                return None
            path = found
        else:
            path = Path(given).expanduser()
            if not path.is_absolute():
                self._fault(name, f"{_shown(given)} is no full path", self._accepted())
                return None
            if not path.is_file():
                self._fault(name, f"no file {_shown(given)}", self._accepted())
                return None
        self.files[str(path)] = name
        return str(path)

    def _written(self, name: str, given: Any) -> Any:
        """A value that `gather` takes, read once so that its faults are told with those of the other fields."""
        try:
            value = self._value(name, given)
            READERS[name](value, self.environment)
        except InvalidInput as error:
            self._note(name, error)
            return None
        except (TypeError, AttributeError, RecursionError):
            self._fault(name, f"{name} is {_shown(given)}", ACCEPTED[name])
            return None
        return value

    def _value(self, name: str, given: Any) -> Any:
        if name == "profiles" and isinstance(given, list) and all(isinstance(one, str) for one in given):
            return self._keep(name, ".yaml", stored_profiles(self.store, given))
        if name == "entries" and isinstance(given, list):
            return self._keep(name, ".csv", rows_as_csv(given))
        if isinstance(given, Mapping) and name != "entries":
            return dict(given)
        if not isinstance(given, str) or not given.strip() or "\x00" in given:
            raise InvalidInput(Problem(found=f"{name} is {_shown(given)}", accepted=ACCEPTED[name]))
        if is_text(given):
            return self._keep(name, suffix_of(name, given), given)
        path = Path(given).expanduser()
        if not path.is_absolute():
            raise InvalidInput(Problem(found=f"{_shown(given)} is no full path", accepted=ACCEPTED[name]))
        self.files[str(path)] = name
        return str(path)

    def _policies(self, given: Any) -> list[Any]:
        if not isinstance(given, list) or not 2 <= len(given) <= 10:
            self._fault("policies", f"policies are {_shown(given)}", "a list of 2 to 10 policies")
            return []
        made: list[Any] = []
        for number, one in enumerate(given):
            name = f"policies.{number}"
            try:
                if isinstance(one, str) and is_text(one):
                    one = self._keep(name, suffix_of("policy", one), one)
                elif isinstance(one, str) and one != BUILT_IN:
                    if not Path(one).is_absolute():
                        raise InvalidInput(f"{_shown(one)} is no full path", accepted="a policy")
                    self.files[one] = name
                read_policy(one)
            except InvalidInput as error:
                self._note(name, error)
            except (TypeError, AttributeError, RecursionError):
                self._fault(name, f"a policy is {_shown(one)}", "a mapping, a text or a full path")
            made.append(one)
        if not self.problems:
            try:
                read_policies(made)
            except InvalidInput as error:
                self._note("policies", error)
        return made

    def _keep(self, name: str, suffix: str, text: str) -> str:
        path = self.folder / f"{name}{suffix}"
        path.write_text(text, encoding="utf-8", errors="replace", newline="")
        self.files[str(path)] = name
        return str(path)

    # faults

    def _fault(self, field: str, found: str, accepted: str | None) -> None:
        self.problems.append(FieldProblem(field=field, message=found, accepted=accepted))

    def _note(self, field: str, error: InvalidInput) -> None:
        for one in error.problems:
            own = self.files.get(one.file or "") or field or _field_of(one.found)
            self.problems.append(
                FieldProblem(field=own, message=one.found, accepted=one.accepted, line=one.line, column=one.column)
            )

    def _refuse(self) -> None:
        if self.problems:
            raise RequestRefused(*dict.fromkeys(self.problems))

    def _accepted(self) -> str:
        names = [str(one["name"]) for one in candle_files(self.candles)]
        return f"one of {', '.join(names[:20])}, or a full path" if names else "the full path of a file"


ACCEPTED = {
    "plan": "a mapping, the text of a plan file, or a full path",
    "profiles": "a mapping, the text of a profiles file, names of kept profiles, or a full path",
    "config": "a mapping, the text of a config file, or a full path",
    "entries": "rows, the text of a CSV file, or a full path",
}
READERS: dict[str, Callable[[Any, Mapping[str, str]], Any]] = {
    "plan": lambda value, environment: read_plan(value),
    "profiles": lambda value, environment: load_profiles(value),
    "config": lambda value, environment: load_config(value, environment),
    "entries": lambda value, environment: read_entries(value),
    "policy": lambda value, environment: read_policy(value),
}


def check_text(kind: str, text: str, folder: Path, environment: Mapping[str, str]) -> list[FieldProblem]:
    """The faults of a text of a plan, profiles, a config, entries or a policy, with their lines."""
    if kind not in READERS:
        raise InvalidInput(unknown_name(kind, READERS, "kind"))
    path = folder / f"{kind}{suffix_of(kind, text)}"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    try:
        READERS[kind](str(path), environment)
    except InvalidInput as error:
        return [
            FieldProblem(field=kind, message=one.found, accepted=one.accepted, line=one.line, column=one.column)
            for one in error.problems
        ]
    return []


def stored_profiles(store: Store, names: Iterable[str]) -> str:
    """A profiles file of kept profiles: NAME is the newest version, NAME@2 the second."""
    registrations = []
    for written in names:
        name, _, version = written.partition("@")
        if version and not (version.isascii() and version.isdecimal()):
            raise InvalidInput(Problem(found=f"version {_shown(version)} of {name}", accepted="a number from 1"))
        kept = store.profile(name, int(version[:9]) if version else None)
        if kept is None:
            known = [str(one["name"]) for one in store.profiles()]
            told = unknown_name(written, known, "kept profile") if known else None
            raise InvalidInput(told or Problem(found=f"no kept profile {_shown(written)}", accepted="none is kept yet"))
        registrations += load_profiles(kept["content"])
    return dump_profiles(registrations)


def rows_as_csv(rows: list[Any]) -> str:
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        raise InvalidInput(Problem(found="entries without rows", accepted="a list of mappings"))
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({str(name): value for name, value in row.items()} for row in rows)
    return text.getvalue()


def is_text(given: str) -> bool:
    return "\n" in given or given.lstrip().startswith("{")


def suffix_of(kind: str, text: str) -> str:
    if kind == "entries":
        return ".csv"
    return ".json" if text.lstrip().startswith(("{", "[")) else ".yaml"


def moved(arguments: Mapping[str, Any], before: Path, after: Path) -> dict[str, Any]:
    """The arguments after the job's folder was moved."""

    def one(value: Any) -> Any:
        if isinstance(value, list):
            return [one(inner) for inner in value]
        if isinstance(value, str) and Path(value).parent == before:
            return str(after / Path(value).name)
        return value

    return {name: one(value) for name, value in arguments.items()}


def lasting(sources: Iterable[Source], folder: Path) -> list[dict[str, Any]]:
    """What a run was made of; the job's own files go with it, so that they have no path."""
    return [
        {**one.to_dict(), "path": None if one.path is None or Path(one.path).parent == folder else one.path}
        for one in sources
    ]


def _field_of(found: str) -> str:
    """The field that a fault without a file speaks of."""
    if found == "nothing opens a position":
        return "entries"
    if found.startswith(("candles of ", "instrument.symbol")):
        return "candles" if found.startswith("candles") else "config"
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

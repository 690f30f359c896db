"""Settings from environment variables: `EXITBRAIN_EXITS__USE_PROFILES=false` sets `exits.use_profiles`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from exitbrain.config.documents import Document, KeyPath, Place, dotted, parse_text
from exitbrain.config.faults import suggestion
from exitbrain.config.written import NULL_WORDS, Plain, shown
from exitbrain.core.given import described
from exitbrain.errors import InvalidInput, Problem

PREFIX = "EXITBRAIN_"
ENABLED = "EXIT_BRAIN_V3_ENABLED"


def exit_brain_enabled(environment: Mapping[str, str]) -> bool:
    """Whether live uses profiles: EXIT_BRAIN_V3_ENABLED, unset is true (spec F47)."""
    written = checked(environment).get(ENABLED)
    if written is None:
        return True
    word = written.strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise InvalidInput(Problem(found=shown(written), accepted="true, false, 1, 0, yes, no, on or off", file=ENABLED))


def checked(environment: object) -> Mapping[str, str]:
    texts = isinstance(environment, Mapping) and all(
        isinstance(one, str) for pair in environment.items() for one in pair
    )
    if not texts:
        raise InvalidInput(f"environment is {described(environment)}", accepted="a mapping of text to text")
    return environment  # type: ignore[return-value]


def override(document: Document, environment: Mapping[str, str], model: type[BaseModel]) -> None:
    """Put the variables that name a setting over the document's content; other variables are left alone."""
    for variable in sorted(checked(environment)):
        if not variable.upper().startswith(PREFIX):
            continue
        path = _path(variable, document, model)
        if path:
            _put(document, path, environment[variable], variable)


def _path(variable: str, document: Document, model: type[BaseModel]) -> KeyPath:
    parts = tuple(variable[len(PREFIX) :].lower().split("__"))
    if len(parts) == 1:
        # Variables of the process (EXITBRAIN_HOME, …) share the prefix; only a whole scalar section is a setting.
        if parts[0] in model.model_fields and parts[0] != "seed":
            accepted = f"its settings one by one, as {variable}__…"
            document.problems.append(Problem(found=f"{parts[0]} as a whole", accepted=accepted, file=variable))
        return parts if parts[0] == "seed" else ()
    if parts[0] in model.model_fields:
        return parts
    near = suggestion(parts[0], tuple(model.model_fields))
    if near is not None and near[:4] == parts[0][:4]:
        document.problems.append(
            Problem(found=f"unknown section {parts[0]}", accepted=f"{PREFIX}{near.upper()}__…", file=variable)
        )
    return ()


def _put(document: Document, path: KeyPath, written: str, variable: str) -> None:
    holder: Any = document.content
    for i, part in enumerate(path[:-1]):
        if isinstance(holder, dict):
            if holder.get(part) is None:
                holder[part] = {}
                document.values[path[: i + 1]] = Place(variable)
            holder = holder[part]
        if path[: i + 1] == ("instrument",) and isinstance(holder, list) and len(holder) == 1:
            holder = holder[0]
        if not isinstance(holder, dict):
            found = f"{dotted(path)} where {dotted(path[: i + 1])} is {shown(holder)}"
            document.problems.append(Problem(found=found, accepted="a mapping there", file=variable))
            return
    if not isinstance(holder, dict):
        return
    holder[path[-1]] = _value(written, variable)
    document.keys[path] = document.values[path] = Place(variable)


def _value(written: str, variable: str) -> object:
    if written.strip()[:1] in ("[", "{"):
        return parse_text(written, file=variable, wanted="a value").content
    return None if written.strip() in NULL_WORDS else Plain(written.strip())

"""From a model's refusal to `Problem`s: which key, what was found, what would be accepted, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from exitbrain.config.documents import Document, KeyPath
from exitbrain.config.written import shortened, shown
from exitbrain.errors import InvalidInput, Problem

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], document: Document, path: KeyPath = ()) -> Model | None:
    """The part of the document at `path` as a model; None where it has faults, which the document then holds."""
    content: Any = document.content
    for part in path:
        content = content[part]
    try:
        return model.model_validate(content)
    except ValidationError as error:
        document.problems.extend(problems_of(error, model, document, path))
        return None


def raise_problems(document: Document) -> None:
    """All faults that were found, in the order of the file."""
    if document.problems:
        # A place that is unknown sorts first: it speaks of the whole file.
        unique = dict.fromkeys(document.problems)
        raise InvalidInput(*sorted(unique, key=lambda p: (p.file or "", p.line or 0, p.column or 0)))


def problems_of(
    error: ValidationError, model: type[BaseModel], document: Document, path: KeyPath = ()
) -> Iterator[Problem]:
    for fault in error.errors(include_url=False):
        inner = document.written_path((*path, *fault["loc"]))[len(path) :]
        where = document.describe((*path, *inner))
        match fault["type"]:
            case "extra_forbidden":
                holder = _model_at(model, inner[:-1])
                known = tuple(holder.model_fields) if holder else ()
                accepted = suggestion(str(inner[-1]), known) or _elsewhere(str(inner[-1]), model) or ", ".join(known)
                yield document.problem((*path, *inner), f"unknown key {shortened(where, 120)}", accepted, key=True)
            case "missing":
                yield document.problem((*path, *inner[:-1]), f"{where} is missing", _described(model, inner))
            case "refused":
                told = fault["ctx"]
                found = (
                    f"{where}: {told['found']}"
                    if told["found"]
                    else (f"{where} is {shown(fault['input'])}" if where else shown(fault["input"]))
                )
                place = (*path, *inner, told["at"]) if told["at"] else (*path, *inner)
                yield document.problem(place, found, told["accepted"])
            case "model_type" | "model_attributes_type" | "dict_type":
                found = f"{where} is {shown(fault['input'])}" if where else shown(fault["input"])
                holder = _model_at(model, inner)
                keys = f" with {', '.join(holder.model_fields)}" if holder else ""
                yield document.problem((*path, *inner), found, f"a mapping{keys}")
            case "too_short" | "too_long":
                limit = fault["ctx"].get("min_length") or fault["ctx"].get("max_length")
                accepted = f"{'at least' if fault['type'] == 'too_short' else 'at most'} {limit}"
                yield document.problem((*path, *inner), f"{where} has {fault['ctx']['actual_length']}", accepted)
            case _:
                yield document.problem((*path, *inner), f"{where} is {shown(fault['input'])}", fault["msg"])


def suggestion(word: str, known: tuple[str, ...]) -> str | None:
    """The nearest known name, None where none is near."""
    folded = {name.lower(): name for name in known}
    near = get_close_matches(word.lower().replace("-", "_"), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def _elsewhere(key: str, model: type[BaseModel]) -> str | None:
    """The dotted name of a key that belongs into another section."""
    for name, field in model.model_fields.items():
        holder = _submodel(field.annotation)
        if holder is not None and key in holder.model_fields:
            return f"{name}.{key}"
    return None


def _described(model: type[BaseModel], inner: KeyPath) -> str | None:
    holder = _model_at(model, inner[:-1])
    field = holder.model_fields.get(str(inner[-1])) if holder else None
    return field.description.rstrip(".") if field and field.description else None


def _model_at(model: type[BaseModel], inner: KeyPath) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in inner:
        if here is None or isinstance(part, int):
            continue
        field = here.model_fields.get(part)
        here = _submodel(field.annotation) if field else None
    return here


def _submodel(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        if (found := _submodel(part)) is not None:
            return found
    return None

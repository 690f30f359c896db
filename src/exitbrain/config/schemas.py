"""JSON Schemas (draft 2020-12) of what users write, so that editors complete keys and mark faults.

They are generated from the models that read the files, and published under docs/schemas:

    python -c "from exitbrain.config.schemas import write_schemas; write_schemas('docs/schemas')"
"""

from __future__ import annotations

import json
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from exitbrain.config.caps import CapsModel
from exitbrain.config.plans import PlanModel
from exitbrain.config.policies import PolicyModel
from exitbrain.config.profiles import ProfileModel, ProfilesModel
from exitbrain.config.settings import Settings
from exitbrain.config.spaces import SpaceModel
from exitbrain.errors import InvalidInput

Kind = Literal["plan", "profiles", "config", "policy", "space", "caps"]


class WholePolicy(PolicyModel):
    """An exit policy of a comparison: what one run does otherwise than the run that all share."""

    # The reader leaves these three to the loaders of their kinds, so that each fault has its place.
    config: Settings | str | None = None
    """Settings over those of the run, key by key; a mapping, or the path of a config file."""
    profiles: ProfilesModel | list[ProfileModel] | str | None = None
    """Profiles instead of the run's: a mapping, a list, or the path of a profiles file."""
    plan: PlanModel | str | None = None
    """A plan instead of the run's: a mapping, or the path of a plan file."""


MODELS: dict[Kind, type[BaseModel]] = {
    "plan": PlanModel,
    "profiles": ProfilesModel,
    "config": Settings,
    "policy": WholePolicy,
    "space": SpaceModel,
    "caps": CapsModel,
}


def json_schema(kind: Kind) -> dict[str, Any]:
    if kind not in MODELS:
        raise InvalidInput(f"schema {kind!r}", accepted=", ".join(MODELS))
    schema = MODELS[kind].model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": f"Exit Brain {kind}"}


def schema_text(kind: Kind) -> str:
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: str | PathLike[str]) -> None:
    for kind in MODELS:
        Path(folder, f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, _schema: Any) -> bool:
        """A title would only repeat the key."""
        return False

    def encode_default(self, dft: Any) -> Any:
        """Defaults as a user would write them."""
        return _encoded(dft)


def _encoded(value: Any) -> Any:
    match value:
        case BaseModel():
            return {name: _encoded(getattr(value, name)) for name in type(value).model_fields}
        case tuple():
            return [_encoded(inner) for inner in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case _:
            return value

"""What a key may hold: annotations for the models, each with its check, its words and its JSON Schema.

A check says only what would be accepted; `faults` adds which key it was, what was found and where it stands.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from exitbrain.config.written import NUMBER, Plain, exact_decimal, exact_number, shown, truth
from exitbrain.core.given import PRINTABLE
from exitbrain.core.numbers import FROM_TO, RANGE, decimal_of
from exitbrain.errors import InvalidInput

NUMBER_TEXT = r"^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$"
MOST_TEXT = 4000


class Section(BaseModel):
    """A mapping of known keys; unknown ones are faults."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


def refuse(accepted: str, found: str | None = None, at: str | None = None) -> PydanticCustomError:
    """A refusal; `found` in words and the key `at` fault where the whole value would say too little."""
    return PydanticCustomError("refused", "{accepted}", {"accepted": accepted, "found": found, "at": at})


class Annotation(ABC):
    """Base of the annotations: `check` turns what is written into the value, `schema` describes it to editors."""

    @abstractmethod
    def check(self, value: Any) -> Any: ...

    @abstractmethod
    def schema(self) -> dict[str, Any]: ...

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField(Annotation):
    """A number within bounds; text that is a number counts, true and false do not."""

    above: int | None = None
    at_least: int | None = None
    below: int | None = None
    at_most: int | None = None
    whole: bool = False
    convert: Callable[[Any], Any] = exact_decimal

    def check(self, value: Any) -> Any:
        try:
            number = self.read(value)
            exact = decimal_of(number)
        except InvalidInput as error:
            out_of_range = any(problem.accepted == RANGE for problem in error.problems)
            raise refuse(self._range if out_of_range else self.accepted) from None
        if self.whole:
            if exact != exact.to_integral_value() or abs(exact) > 2**63:
                raise refuse(self.accepted)
            number = int(exact)
        low = (self.above is None or exact > self.above) and (self.at_least is None or exact >= self.at_least)
        high = (self.below is None or exact < self.below) and (self.at_most is None or exact <= self.at_most)
        if not (low and high):
            raise refuse(self.accepted)
        return number if self.whole else self.convert(number)

    @staticmethod
    def read(value: Any) -> Any:
        if isinstance(value, str):
            text = value.strip()
            if not NUMBER.fullmatch(text) or (not isinstance(value, Plain) and "_" in text):
                raise InvalidInput("no number")
            return exact_number(text)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise InvalidInput("no number")
        return exact_number(str(decimal_of(value)))

    @property
    def _range(self) -> str:
        return RANGE if self.above is None else f"{self.accepted}, from {FROM_TO}"

    @property
    def accepted(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        bounds = [
            f"{word} {bound}"
            for word, bound in (
                ("above", self.above),
                ("from" if self.whole else "of at least", self.at_least),
                ("below", self.below),
                ("at most", self.at_most),
            )
            if bound is not None
        ]
        return f"{kind} {' and '.join(bounds)}".rstrip()

    def schema(self) -> dict[str, Any]:
        bounds = {
            "exclusiveMinimum": self.above,
            "minimum": self.at_least,
            "exclusiveMaximum": self.below,
            "maximum": self.at_most,
        }
        number = {"type": "integer" if self.whole else "number"}
        number |= {key: bound for key, bound in bounds.items() if bound is not None}
        return {"anyOf": [number, {"type": "string", "pattern": NUMBER_TEXT}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField(Annotation):
    """Text; an unquoted YAML word is text as it is written.

    Names stand in tables, so they hold no control, format or bidi characters; free text (`blank`) may.
    """

    blank: bool = False
    null_is_blank: bool = False
    pattern: str | None = None
    words: str = "text"

    def check(self, value: Any) -> str:
        if value is None and self.null_is_blank:
            return ""
        if not isinstance(value, str) or len(value) > MOST_TEXT or not (self.blank or value.strip()):
            raise refuse(self.accepted)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise refuse(self.accepted)
        if not self.blank and not value.isprintable():
            raise refuse(PRINTABLE)
        return str(value)

    @property
    def accepted(self) -> str:
        return self.words if self.blank or self.words != "text" else "text that is not blank"

    def schema(self) -> dict[str, Any]:
        text: dict[str, Any] = {"type": ["string", "null"] if self.null_is_blank else "string", "maxLength": MOST_TEXT}
        if self.pattern is not None:
            text["pattern"] = f"^(?:{self.pattern})$"
        elif not self.blank:
            text["pattern"] = r"\S"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceField(TextField):
    """Where something lies. An unquoted true or off is a slip, not a file of that name."""

    words: str = "a path or an address; one that reads as true or false in quotes"

    def check(self, value: Any) -> str:
        if isinstance(value, Plain) and truth(value) is not None:
            raise refuse(self.accepted)
        return TextField.check(self, value)


@dataclass(frozen=True, slots=True)
class ChoiceField(Annotation):
    """One of the words; `fold` accepts other cases, `also` maps further words to one of them."""

    words: tuple[str, ...]
    fold: Callable[[str], str] = str
    also: tuple[tuple[str, str], ...] = ()

    def check(self, value: Any) -> str:
        if isinstance(value, str):
            word = dict(self.also).get(self.fold(value), self.fold(value))
            if word in self.words:
                return word
        raise refuse(either(self.words))

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words, *(word for word, _ in self.also)]}


class SwitchField(Annotation):
    """true or false; unquoted yes, no, on and off count."""

    def check(self, value: Any) -> bool:
        meant = truth(value) if isinstance(value, Plain) else value
        if not isinstance(meant, bool):
            raise refuse("true or false")
        return meant

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


def either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _as_tuple(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise refuse("a list")
    return tuple(value)


def _as_pair(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise refuse(
            "a pair such as [2.0, 0.015]", f"{shown(value)} of {len(value)}" if isinstance(value, list) else None
        )
    return tuple(value)


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


AS_PAIR = BeforeValidator(_as_pair)
AS_TUPLE = BeforeValidator(_as_tuple)
OR_EMPTY = BeforeValidator(_or_empty)  # a section whose keys are all commented out


def as_written(number: Any) -> Any:
    """Keeps an int or float where that is the decimal that is written."""
    return number


Text = Annotated[str, TextField()]
AnyText = Annotated[str, TextField(blank=True)]
Place = Annotated[str, PlaceField()]
Switch = Annotated[bool, SwitchField()]
Positive = Annotated[Decimal, NumberField(above=0)]
NotNegative = Annotated[Decimal, NumberField(at_least=0)]
Percent = Annotated[Decimal, NumberField(above=0, below=100)]
Fraction = Annotated[Decimal, NumberField(above=0, at_most=1)]
Count = Annotated[int, NumberField(whole=True, at_least=0)]
CountFromOne = Annotated[int, NumberField(whole=True, at_least=1)]

"""What the sections of a scenario are made of: durations, money, shares, names, and :class:`Part`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    WithJsonSchema,
    model_validator,
)

from scenarios import units
from simulators.faults.kinds import chosen


def _text_type(parse: Callable[[object], int], write: Callable[[int], str], pattern: str, example: str) -> Any:
    schema = {"type": "string", "pattern": pattern, "examples": [example]}
    return Annotated[int, BeforeValidator(parse), PlainSerializer(write, return_type=str), WithJsonSchema(schema)]


Duration = _text_type(units.parse_duration, units.format_duration, units.DURATION_PATTERN, "1h30m")
TimeOfDay = _text_type(units.parse_time_of_day, units.format_time_of_day, units.TIME_OF_DAY_PATTERN, "05:00")
Instant = _text_type(units.parse_instant, units.format_instant, units.INSTANT_PATTERN, "2025-01-06T00:00:00Z")

MOST_CENTS = 10**12
"""Ten thousand million dollars; in millionths of a USDC that still fits 64 bits."""


def whole_or_float(number: float) -> int | float:
    """5 rather than 5.0."""
    return int(number) if number.is_integer() else number


def _mcc(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1_000 <= value <= 9_999:
        return str(value)  # an unquoted 5411 reads as a number
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}", value):
        return value
    raise ValueError(f'{value!r} is no merchant category: four digits, like "5411"')


def _fault_glob(value: object) -> object:
    if isinstance(value, str):
        chosen((value,))  # raises ValueError, with the nearest kind
    return value


Cents = Annotated[int, Strict(), Field(ge=0, le=MOST_CENTS)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False), PlainSerializer(whole_or_float)]
Weight = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Strict(), Field(ge=1, le=10**9)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
Sigma = Annotated[float, Strict(), Field(ge=0, le=5, allow_inf_nan=False)]
Mcc = Annotated[str, BeforeValidator(_mcc), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]{4}$"})]
Text = Annotated[str, Strict()]
FaultGlob = Annotated[str, BeforeValidator(_fault_glob), Strict()]
Name = Annotated[str, Strict(), Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]


class Part(BaseModel):
    """A section of a scenario: frozen, no unknown keys; sections under it may be given in part."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _keep_the_other_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        for name, info in cls.model_fields.items():
            if isinstance(info.default, Part) and isinstance(data.get(name), dict):
                filled[name] = merged(info.default.model_dump(), data[name])
        return filled


def merged(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """``base`` with what is ``given`` on top, key by key at every depth."""
    result = dict(base)
    for key, value in given.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result

"""JSON Schemas of the messages, from the dataclasses themselves: what the codec takes, and nothing it does not.

What is asked is described with its bounds (``engine/wire_bounds.py``); what is answered without: sums may be larger.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from inspect import getdoc
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from engine.wire import encode
from engine.wire_bounds import NO_NUL, integer_bounds, text_bounds

Schema = dict[str, Any]


class Schemas:
    """Collects the schemas that a document refers to."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def asked(self, cls: type) -> Schema:
        """A reference to the schema of a message that is sent to the service."""
        return self._reference(cls, True)

    def answered(self, cls: type) -> Schema:
        """A reference to the schema of a message that the service sends."""
        return self._reference(cls, False)

    def _reference(self, cls: type, asked: bool) -> Schema:
        if cls.__name__ not in self.found:
            self.found[cls.__name__] = {}  # known from here on, should it refer to itself
            self.found[cls.__name__] = _enumeration(cls) if issubclass(cls, Enum) else self._object(cls, asked)
        return {"$ref": f"#/components/schemas/{cls.__name__}"}

    def _object(self, cls: type, asked: bool) -> Schema:
        hints = get_type_hints(cls)
        properties: dict[str, Schema] = {}
        required = []
        for field in fields(cls):
            schema = self._of(hints[field.name], field.name, asked)
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            if default is MISSING or not asked:
                required.append(field.name)
            elif "$ref" not in schema:
                schema = {**schema, "default": _plain(default)}
            properties[field.name] = schema
        schema = {"type": "object", "description": getdoc(cls), "properties": properties, "additionalProperties": False}
        return {**schema, "required": required} if required else schema

    def _of(self, hint: Any, name: str, asked: bool) -> Schema:
        """The schema of one annotation. Raises TypeError for what the codec does not take either."""
        if hint is str:
            return _text(name) if asked else {"type": "string"}
        if hint is int:
            return _integer(name) if asked else {"type": "integer"}
        if hint is bool:
            return {"type": "boolean"}
        if isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Enum)):
            return self._reference(hint, asked)
        arguments = get_args(hint)
        if get_origin(hint) is tuple:
            return {"type": "array", "items": self._of(arguments[0], name, asked)}
        if get_origin(hint) is frozenset:
            return {"type": "array", "items": self._of(arguments[0], name, asked), "uniqueItems": True}
        if get_origin(hint) is UnionType:
            return {"anyOf": [self._of(arguments[0], name, asked), {"type": "null"}]}
        raise TypeError(f"{name}: {hint} has no schema")


def _enumeration(cls: type[Enum]) -> Schema:
    return {"type": "string", "description": getdoc(cls), "enum": [member.value for member in cls]}


def _text(name: str) -> Schema:
    shortest, longest = text_bounds(name)
    schema: Schema = {"type": "string", "maxLength": longest, "pattern": NO_NUL}
    return {**schema, "minLength": shortest} if shortest else schema


def _integer(name: str) -> Schema:
    least, largest = integer_bounds(name)
    return {"type": "integer", "format": "int64", "minimum": least, "maximum": largest}


def _plain(value: Any) -> Any:
    """A default as JSON."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | frozenset):
        return sorted(map(_plain, value), key=str)
    return encode(value) if is_dataclass(value) else value

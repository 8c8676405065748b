"""Messages to JSON and back: one codec for each dataclass, made once. See ``engine/wire.py`` for the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from engine.wire_bounds import integer_bounds, is_plainly_fine, text_bounds, wrong_integer, wrong_text
from engine.wire_depth import DEEPEST, depth

Message = TypeVar("Message")


class WireError(ValueError):
    """A body is not the message that was expected; ``path`` names the field, as in ``presentments[3].amount_cents``."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'body'}: {problem}")
        self.path = path


def encode(message: Any) -> dict[str, Any]:
    """A message as a JSON object: dicts, lists, strings, integers, booleans and None only."""
    return _codec(type(message)).encode(message)


def decode(cls: type[Message], raw: Any) -> Message:
    """The message in a parsed JSON object. Raises WireError."""
    return _codec(cls).decode(raw, "")


def prepare(cls: type) -> None:
    """Make the codec of a message now. Raises TypeError for one that JSON cannot hold."""
    _codec(cls)


_to_json = json.JSONEncoder(separators=(",", ":")).encode


def to_bytes(message: Any) -> bytes:
    """A message as a JSON body."""
    return _to_json(encode(message)).encode()


def from_bytes(cls: type[Message], body: bytes) -> Message:
    """The message in a JSON body. Raises WireError."""
    if depth(body) > DEEPEST:
        raise WireError("", f"not JSON: nested more than {DEEPEST} deep")
    try:
        raw = json.loads(body.decode())  # UTF-8 alone, and strictly: left to itself the parser lets surrogates pass
    except ValueError as error:
        raise WireError("", f"not JSON: {error}") from None
    return decode(cls, raw)


# ---- codecs, one per class, made once ------------------------------------------------------------------------------

_Encode = Callable[[Any], Any]
_Decode = Callable[[Any, str], Any]
_SCALARS = {str: "a string", int: "an integer", bool: "true or false"}
_CODECS: dict[type, _Codec] = {}


class _Codec:
    """How one dataclass goes over the wire."""

    def __init__(self, cls: type) -> None:
        hints = get_type_hints(cls)
        names = [field.name for field in fields(cls)]
        self._cls = cls
        self._names = names
        self._known = frozenset(names)
        self._optional = frozenset(
            f.name for f in fields(cls) if f.default is not MISSING or f.default_factory is not MISSING
        )
        self._get = _tuple_of(attrgetter, names)
        self._pick = _tuple_of(itemgetter, names)
        pairs = [_field_codec(hints[name], f"{cls.__name__}.{name}") for name in names]
        self._encoders = [(name, encoder) for name, (encoder, _) in zip(names, pairs, strict=True) if encoder]
        self._decoders = [(name, decoder) for name, (_, decoder) in zip(names, pairs, strict=True)]
        texts = [name for name in names if hints[name] is str and not text_bounds(name).shortest]
        self._pick_texts = _tuple_of(itemgetter, texts)
        self._all = [(index, name, decoder) for index, (name, decoder) in enumerate(self._decoders)]
        self._not_texts = [(index, name, decoder) for index, name, decoder in self._all if name not in texts]

    def encode(self, message: Any) -> dict[str, Any]:
        raw = dict(zip(self._names, self._get(message), strict=True))
        for name, encoder in self._encoders:
            raw[name] = encoder(raw[name])
        return raw

    def decode(self, raw: Any, path: str) -> Any:
        if type(raw) is not dict:
            raise WireError(path, f"expected an object ({self._cls.__name__}), got {_kind(raw)}")
        prefix = f"{path}." if path else ""
        if raw.keys() == self._known:
            values = list(self._pick(raw))
            for index, name, decoder in self._not_texts if self._has_plain_texts(raw) else self._all:
                values[index] = decoder(values[index], prefix + name)
            return self._cls(*values)
        self._refuse_strangers(raw, prefix)
        return self._cls(**{name: decoder(raw[name], prefix + name) for name, decoder in self._decoders if name in raw})

    def _has_plain_texts(self, raw: dict[str, Any]) -> bool:
        """Whether all texts can be taken as they are: one look at all of them costs less than a call for each."""
        try:
            return is_plainly_fine("".join(self._pick_texts(raw)))
        except TypeError:
            return False  # one is no text: its decoder says which

    def _refuse_strangers(self, raw: dict[str, Any], prefix: str) -> None:
        """Unknown fields first: a misspelt one explains the missing one."""
        missing = [name for name in self._names if name not in raw and name not in self._optional]
        for name in raw:
            if name not in self._known:
                near = get_close_matches(name, missing or self._names, 1) or get_close_matches(name, self._names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; {self._cls.__name__} has {_list(self._names)}"
                raise WireError(prefix + name, f"no such field{hint}")
        if missing:
            raise WireError(prefix + missing[0], f"missing; {self._cls.__name__} needs it")


def _codec(cls: type) -> _Codec:
    codec = _CODECS.get(cls)
    if codec is None:
        if not (isinstance(cls, type) and is_dataclass(cls)):
            raise TypeError(f"{cls!r} is not a message")
        codec = _CODECS[cls] = _Codec(cls)
    return codec


def _tuple_of(getter: Callable[..., Callable[[Any], Any]], names: list[str]) -> Callable[[Any], Any]:
    """``attrgetter`` and ``itemgetter`` answer a tuple only from two names on."""
    if len(names) > 1:
        return getter(*names)
    if not names:
        return lambda _: ()
    one = getter(names[0])
    return lambda whole: (one(whole),)


def _field_codec(hint: Any, where: str) -> tuple[_Encode | None, _Decode]:
    """(encoder or None for "as it is", decoder) of one annotation. TypeError for what JSON cannot hold."""
    if hint in _SCALARS:
        return None, _scalar(hint, where.rpartition(".")[2])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return attrgetter("value"), _enumeration(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        codec = _codec(hint)
        return codec.encode, codec.decode
    arguments = get_args(hint)
    if get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(*_field_codec(arguments[0], where))
    if get_origin(hint) is frozenset:
        return _set_of(*_field_codec(arguments[0], where))
    if get_origin(hint) is UnionType and len(arguments) == 2 and arguments[1] is NoneType:
        return _maybe(*_field_codec(arguments[0], where))
    raise TypeError(f"{where}: {hint} cannot cross the wire")


def _scalar(expected: type, name: str) -> _Decode:
    """The decoder of a field by its type, and by the bounds that its name has."""
    wrong = _wrong(expected, name)

    def decode_scalar(value: Any, path: str) -> Any:
        if type(value) is not expected:
            raise WireError(path, f"expected {_SCALARS[expected]}, got {_kind(value)}")
        if wrong is not None and (problem := wrong(value)) is not None:
            raise WireError(path, problem)
        return value

    return decode_scalar


def _wrong(expected: type, name: str) -> Callable[[Any], str | None] | None:
    """What says what is wrong with a value of the right type."""
    if expected is str:
        texts = text_bounds(name)
        return lambda value: wrong_text(value, texts)
    if expected is int:
        least, largest = integers = integer_bounds(name)
        return lambda value: None if least <= value <= largest else wrong_integer(value, integers)
    return None


def _enumeration(cls: type[Enum]) -> _Decode:
    members = {member.value: member for member in cls}

    def decode_member(value: Any, path: str) -> Any:
        member = members.get(value) if type(value) is str else None
        if member is None:
            near = get_close_matches(value, members, 1) if type(value) is str else []
            hint = f"did you mean {near[0]!r}?" if near else f"one of {_list(members)}"
            raise WireError(path, f"no such {cls.__name__}: {_kind(value)}; {hint}")
        return member

    return decode_member


def _sequence(encoder: _Encode | None, decoder: _Decode) -> tuple[_Encode, _Decode]:
    def decode_items(value: Any, path: str) -> tuple[Any, ...]:
        if type(value) is not list:
            raise WireError(path, f"expected an array, got {_kind(value)}")
        return tuple([decoder(item, f"{path}[{index}]") for index, item in enumerate(value)])

    return (list if encoder is None else lambda items: [encoder(item) for item in items]), decode_items


def _set_of(encoder: _Encode | None, decoder: _Decode) -> tuple[_Encode, _Decode]:
    """A set is a sorted array without repeats."""
    encode_items, decode_items = _sequence(encoder, decoder)

    def decode_set(value: Any, path: str) -> frozenset[Any]:
        items = decode_items(value, path)
        if len(found := frozenset(items)) < len(items):
            raise WireError(path, "the same item twice")
        return found

    return lambda items: sorted(encode_items(items)), decode_set


def _maybe(encoder: _Encode | None, decoder: _Decode) -> tuple[_Encode | None, _Decode]:
    return (
        None if encoder is None else lambda value: None if value is None else encoder(value),
        lambda value, path: None if value is None else decoder(value, path),
    )


def _kind(value: Any) -> str:
    """A value as an error message shows it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    name = {str: "the string", int: "the integer", float: "the number"}[type(value)]
    shown = repr(value)
    return f"{name} {shown if len(shown) <= 40 else shown[:37] + '...'}"


def _list(names: Any) -> str:
    return ", ".join(names)

"""What a text and an integer may hold on the wire, by the name of their field: what every store behind it can keep.

=================== ====================================================================================
field               bound
=================== ====================================================================================
``idempotency_key`` 1 to 255 characters
``*_id``            at most 255 characters
any other text      at most 512 characters
any text            no NUL, which PostgreSQL cannot keep, and no half of a surrogate pair, which is no text
``amount_cents``    at most 12 digits, as ISO 8583 data element 4
``cursor``          from 0 on
any other integer   what 64 bits with a sign hold
=================== ====================================================================================
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_ID = 255
LONGEST_TEXT = 512
LARGEST_INTEGER = 2**63 - 1
LARGEST_AMOUNT_CENTS = 10**12 - 1
NO_NUL = r"^[^\u0000]*$"
"""The bound of any text as a regular expression that JSON Schema knows too."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class TextBounds(NamedTuple):
    """How many characters."""

    shortest: int
    longest: int


class IntegerBounds(NamedTuple):
    """The least and the largest, both allowed."""

    least: int
    largest: int


def text_bounds(name: str) -> TextBounds:
    """The bounds of the text field of this name."""
    if name == "idempotency_key":
        return TextBounds(1, LONGEST_ID)
    return TextBounds(0, LONGEST_ID if name.endswith("_id") else LONGEST_TEXT)


def integer_bounds(name: str) -> IntegerBounds:
    """The bounds of the integer field of this name."""
    if name == "amount_cents":
        return IntegerBounds(-LARGEST_AMOUNT_CENTS, LARGEST_AMOUNT_CENTS)
    return IntegerBounds(0 if name == "cursor" else -LARGEST_INTEGER - 1, LARGEST_INTEGER)


def wrong_text(text: str, bounds: TextBounds) -> str | None:
    """What is wrong with it, never showing it; None where nothing is."""
    if len(text) > bounds.longest:
        return f"{len(text)} characters, where at most {bounds.longest} are taken"
    if len(text) < bounds.shortest:
        return "empty, and it has to name something"
    found = _UNSTORABLE.search(text)
    if found is None:
        return None
    what = "a NUL" if found[0] == "\0" else "half of a surrogate pair"
    return f"{what} at character {found.start()}, which no text may hold"


def wrong_integer(value: int, bounds: IntegerBounds) -> str | None:
    """What is wrong with it; None where nothing is."""
    if bounds.least <= value <= bounds.largest:
        return None
    if bounds.largest == LARGEST_AMOUNT_CENTS:
        return "more than 12 digits"
    return "below 0" if bounds.least == 0 and value < 0 else "more than 64 bits"


def is_plainly_fine(texts: str) -> bool:
    """True for texts, joined, of which none can be wrong but by being empty; False says nothing. Cheap."""
    return len(texts) <= LONGEST_ID and texts.isascii() and texts.isprintable()

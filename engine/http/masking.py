"""No card number in a log line or a problem: what a caller sent comes back in neither as it was.

Anything with twelve digits or more in a row, blanks and hyphens between them allowed, is taken for a card number; those
have 12 to 19. An id of so many digits is masked with them: what is logged is for reading, not for joining.
"""

from __future__ import annotations

import re
from typing import Any

MASK = "[digits]"
HIDDEN = "[hidden]"
_NUMBER = re.compile(r"\d(?:[ -]?\d){11,}")
_SECRET_NAMES = re.compile(
    r"pan|cvv|cvc|pin|secret|signature|authorization|password|token|body|(?:.*_)?key|card_number", re.IGNORECASE
)


def masked(text: str) -> str:
    """The text without card numbers."""
    return _NUMBER.sub(MASK, text)


def is_clean(text: str) -> bool:
    """Whether the text holds no card number."""
    return _NUMBER.search(text) is None


def redacted(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: values under secret names are hidden, texts are masked, to any depth."""
    return {
        masked(str(name)): HIDDEN if _SECRET_NAMES.fullmatch(str(name)) else _clean(value)
        for name, value in event.items()
    }


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return redacted(None, "", value)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 10**11:
        return value
    return masked(str(value))

"""What a case can end in, other than passing, and the few words in which cases say what has to be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.interface import RESPONSE_CODES, AuthorizationResponse, DeclineReason, EngineError, NotSupported


class Broken(AssertionError):
    """The engine broke a rule: what was looked at, what was expected, what came."""

    def __init__(self, what: str, expected: Any, got: Any) -> None:
        super().__init__(f"{what}: expected {expected!r}, got {got!r}")
        self.what = what
        self.expected = expected
        self.got = got


class NotApplicable(Exception):
    """The case needs what this kind of engine cannot be given (a URL has no clock to set)."""


def same(got: Any, expected: Any, what: str = "the answer") -> None:
    """Raises Broken unless the two are equal."""
    if got != expected:
        raise Broken(what, expected, got)


@contextmanager
def refused(error: type[EngineError], mention: str = "") -> Iterator[None]:
    """What is asked inside has to be refused with ``error``, and its words name what they are about.

    That it is not supported at all is no refusal: NotSupported goes through.
    """
    try:
        yield
    except NotSupported:
        raise
    except error as caught:
        if mention not in str(caught):
            raise Broken(f"the words of {error.__name__}", f"something about {mention!r}", str(caught)) from caught
    else:
        raise Broken("the answer", error.__name__, "no error")


def declined(answer: AuthorizationResponse) -> DeclineReason | None:
    """The reason of a well-formed decline; None for an approval."""
    if answer.approved:
        return None
    if answer.reason is None:
        raise Broken("the reason of a decline", "one of DeclineReason", None)
    same((answer.approved_cents, answer.hold_expires_at_ns), (0, 0), "approved_cents and hold_expires_at_ns")
    same(answer.response_code, RESPONSE_CODES[answer.reason], f"the response code of {answer.reason}")
    return answer.reason

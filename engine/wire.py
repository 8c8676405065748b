"""The HTTP contract: every message of ``engine/interface.py`` as plain JSON, and back.

One ``POST`` per verb of :class:`~engine.interface.CardEngine`, at the path in :data:`ROUTES`. The body is the verb's
one argument as a JSON object; the answer, with status 200, is what the verb returns. Integers are JSON numbers of any
size (instants in nanoseconds need 61 bits: a client must not read them as floating point), enumerations are their
values, tuples are arrays, a missing reason is ``null``. Bodies are UTF-8; ``engine/wire_bounds.py`` says how long a
text and how large an integer may be.

Everything else is a problem body, ``{"type", "status", "detail"}`` (see :func:`problem_of`):

====== ======================= =====================================================
status type                    meaning
====== ======================= =====================================================
400    malformed               not JSON, or not the message that this verb takes
404    no_such_route           the path is none of :data:`ROUTES`
404    unknown_account         nobody has opened the account; nothing was done
405    method_not_allowed      only POST is spoken
409    request_in_flight       a twin of this request is still being answered
422    idempotency_conflict    the key was used before, with another body
422    refused                 well formed, and it can never be done as it stands; nothing was done
501    not_supported           the engine does not offer this verb or kind
503    engine_error            the engine could not answer; the same request may be sent again
====== ======================= =====================================================

Reading is strict: an unknown, missing or wrongly typed field is a :class:`WireError` that names it. Only a field that
has a default in the message may be left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from engine.interface import (
    AccountOpening,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CardEngine,
    ClearingBatch,
    ClearingReceipt,
    DepositNotice,
    DisputeNotice,
    DisputeReceipt,
    ExpiryReceipt,
    NoticeReceipt,
    NotSupported,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    StatementPage,
    WithdrawalNotice,
)
from engine.wire_codec import WireError, decode, encode, from_bytes, prepare, to_bytes
from engine.wire_depth import DEEPEST, depth
from engine.wire_problems import error_of, problem_of

__all__ = [
    "DEEPEST",
    "PREFIX",
    "ROUTES",
    "VERBS",
    "AccountQuery",
    "Done",
    "StatementQuery",
    "Tick",
    "Verb",
    "WireError",
    "decode",
    "depth",
    "encode",
    "error_of",
    "from_bytes",
    "problem_of",
    "to_bytes",
]

PREFIX = "/v1/engine/"


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a verb that returns nothing: ``{}``."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The argument of ``expire`` and ``settle``."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """The argument of ``balance``."""

    account_id: str


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """The argument of ``statement``."""

    cursor: int


@dataclass(frozen=True, slots=True)
class Verb:
    """One route: where it is, what it takes, what it answers, and how an engine is called with it."""

    path: str
    request: type
    answer: type
    call: Callable[[CardEngine, Any], Awaitable[Any]]


def _offered(engine: CardEngine, verb: str) -> Callable[[Any], Awaitable[Any]]:
    """The verb of an engine that may have been written before there was one. Raises NotSupported."""
    call = getattr(engine, verb, None)
    if call is None:
        raise NotSupported(f"this engine offers no {verb}")
    return call


VERBS: dict[str, Verb] = {
    name: Verb(PREFIX + name, request, answer, call)
    for name, request, answer, call in (
        ("open_account", AccountOpening, Done, lambda engine, message: engine.open_account(message)),
        ("authorize", AuthorizationRequest, AuthorizationResponse, lambda engine, message: engine.authorize(message)),
        ("advise", AuthorizationAdvice, AdviceReceipt, lambda engine, message: _offered(engine, "advise")(message)),
        ("reverse", ReversalRequest, ReversalResponse, lambda engine, message: engine.reverse(message)),
        ("capture", ClearingBatch, ClearingReceipt, lambda engine, message: engine.capture(message)),
        ("dispute", DisputeNotice, DisputeReceipt, lambda engine, message: _offered(engine, "dispute")(message)),
        ("deposit", DepositNotice, NoticeReceipt, lambda engine, message: engine.deposit(message)),
        ("withdraw", WithdrawalNotice, NoticeReceipt, lambda engine, message: engine.withdraw(message)),
        ("expire", Tick, ExpiryReceipt, lambda engine, message: engine.expire(message.now_ns)),
        ("settle", Tick, SettlementReceipt, lambda engine, message: engine.settle(message.now_ns)),
        ("balance", AccountQuery, Balance, lambda engine, message: engine.balance(message.account_id)),
        ("statement", StatementQuery, StatementPage, lambda engine, message: engine.statement(message.cursor)),
    )
}
"""Every verb of CardEngine."""

ROUTES: dict[str, str] = {name: verb.path for name, verb in VERBS.items()}
"""Verb to path; each is spoken with POST."""

for _verb in VERBS.values():
    prepare(_verb.request)
    prepare(_verb.answer)

"""The document of the service, OpenAPI 3.1: made from the messages and the tables that the service itself runs on."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from engine.http.access import VERB_ACCESS
from engine.http.accounts import DEFAULT_LIMIT, LARGEST_LIMIT
from engine.http.event_schema import EVENT_ANSWER, EVENT_SCHEMA
from engine.http.examples import ACCOUNT, EVENT, EXAMPLES
from engine.http.page import TransactionPage
from engine.http.problems import KINDS
from engine.http.schemas import Schema, Schemas
from engine.interface import Balance, CardEngine
from engine.settings_keys import Role
from engine.wire import VERBS, encode
from engine.wire_bounds import LARGEST_INTEGER, LONGEST_ID, NO_NUL

_ALWAYS = ("malformed", "method_not_allowed", "internal")
_KEYED = (*_ALWAYS, "unauthenticated", "forbidden")
_WITH_BODY = ("body_too_slow", "body_too_large", "unsupported_media_type")
_VERB = (
    *_KEYED, *_WITH_BODY, "unknown_account", "request_in_flight", "idempotency_conflict", "idempotency_mismatch",
    "refused", "not_supported", "engine_error", "timed_out", "overloaded",
)  # fmt: skip
_READING = (*_KEYED, "unknown_account", "not_supported", "engine_error", "timed_out")
_BEARER: list[dict[str, list[str]]] = [{"key": []}]


def document() -> dict[str, Any]:
    """All of it, as JSON."""
    schemas = Schemas()
    paths = {verb.path: {"post": _verb(name, schemas)} for name, verb in VERBS.items()}
    paths["/webhook/card-auth"] = {"post": _webhook()}
    paths["/v1/accounts/{account_id}/balance"] = {
        "get": _operation("What an account has now.", _READING, _json(schemas.answered(Balance)), [_ACCOUNT], _BEARER)
    }
    paths["/v1/accounts/{account_id}/transactions"] = {
        "get": _operation(
            "What happened on an account, newest first.",
            _READING,
            _json(schemas.answered(TransactionPage)),
            [_ACCOUNT, _LIMIT, _BEFORE],
            _BEARER,
        )
    }
    paths |= _operations()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Swipelab card engine",
            "version": "1",
            "description": "Authorizes, clears and settles cards that spend a balance on chain. Money is in integers: "
            "*_cents are US cents, *_usdc6 millionths of a USDC. The WebSocket /v1/accounts/{account_id}/stream tells "
            "a balance whenever it changes.",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas.found, "Problem": _PROBLEM},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": _roles()},
                "signature": {"type": "apiKey", "in": "header", "name": "Stripe-Signature"},
            },
        },
    }


def _verb(name: str, schemas: Schemas) -> Schema:
    verb = VERBS[name]
    words = getdoc(getattr(CardEngine, name)) or name
    keyed = "idempotency_key" in verb.request.__dataclass_fields__
    parameters = [_IDEMPOTENCY_KEY] if keyed else []
    operation = _operation(words, _VERB, _json(schemas.answered(verb.answer)), parameters, _BEARER)
    body = _json(schemas.asked(verb.request))
    body["application/json"]["example"] = encode(EXAMPLES[name])
    return {**operation, "operationId": name, "requestBody": {"required": True, "content": body}}


def _webhook() -> Schema:
    kinds = (
        *_ALWAYS, *_WITH_BODY, "bad_signature", "request_in_flight", "idempotency_conflict", "engine_error",
        "timed_out", "overloaded", "not_configured",
    )  # fmt: skip
    operation = _operation(
        "A processor asks for a decision, with a signed event.", kinds, _json(EVENT_ANSWER), [], [{"signature": []}]
    )
    body = _json(EVENT_SCHEMA)
    body["application/json"]["example"] = EVENT
    return {**operation, "operationId": "card_auth", "requestBody": {"required": True, "content": body}}


def _operations() -> dict[str, Any]:
    state = _object({"status": {"type": "string"}})
    check = _object({"name": {"type": "string"}, "ok": {"type": "boolean"}, "detail": {"type": "string"}})
    ready = _object({"status": {"type": "string"}, "checks": {"type": "array", "items": check}})
    text = {"text/plain": {"schema": {"type": "string"}}}
    opened = {"get": _operation("This document.", _ALWAYS, _json({"type": "object"}))}
    readiness = _operation("Whether it can work.", (*_ALWAYS, "timed_out"), _json(ready))
    readiness["responses"]["503"]["content"] |= _json(ready)
    return {
        "/healthz": {"get": _operation("Whether the process answers.", _ALWAYS, _json(state))},
        "/readyz": {"get": readiness},
        "/metrics": {"get": _operation("Counts, for Prometheus.", _KEYED, text, [], _BEARER)},
        "/openapi.json": opened,
    }


def _operation(
    words: str,
    kinds: tuple[str, ...],
    answer: Schema,
    parameters: list[Schema] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> Schema:
    responses: dict[str, Any] = {"200": {"description": "Done.", "content": answer}}
    for status in sorted({KINDS[kind].status for kind in kinds}):
        named = [kind for kind in kinds if KINDS[kind].status == status]
        said = " ".join(f"{kind}: {KINDS[kind].title}" for kind in named)
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses[str(status)] = {"description": said, "content": content}
    summary, _, rest = words.partition("\n")
    return {
        "summary": summary.strip(),
        "description": rest.strip() or summary.strip(),
        "parameters": parameters or [],
        "responses": responses,
        "security": security or [],
    }


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _roles() -> str:
    lines = [f"{role}: {', '.join(n for n, access in VERB_ACCESS.items() if role in access.roles)}" for role in Role]
    return "Roles and their verbs (the operator has all). " + "; ".join(lines)


def _query(name: str, largest: int, words: str) -> Schema:
    schema = {"type": "integer", "minimum": 1, "maximum": largest}
    return {"name": name, "in": "query", "required": False, "description": words, "schema": schema}


_LIMIT = _query("limit", LARGEST_LIMIT, f"At most so many; {DEFAULT_LIMIT} if not given.")
_BEFORE = _query("before", LARGEST_INTEGER, "Only lines with a smaller line_id.")
_ACCOUNT = {
    "name": "account_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": NO_NUL},
    "example": ACCOUNT,
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "If given, the same as idempotency_key in the body.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": "^[!-~]+$"},
}
_PROBLEM = {
    "type": "object",
    "description": "Instead of an answer (RFC 9457).",
    "properties": {
        "type": {"type": "string", "enum": list(KINDS)},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}

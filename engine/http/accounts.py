"""What a customer reads: the balance and the history of an account."""

from __future__ import annotations

from urllib.parse import parse_qsl

from engine.http.access import Guard
from engine.http.call import Call
from engine.http.gate import Room
from engine.http.page import TransactionPage
from engine.http.problems import Answer
from engine.http.service import Service
from engine.http.verbs import within
from engine.interface import Balance
from engine.wire import WireError, to_bytes
from engine.wire_bounds import LARGEST_INTEGER, text_bounds, wrong_text

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200


class Accounts:
    """The handlers."""

    def __init__(self, service: Service, guard: Guard, room: Room) -> None:
        self._service = service
        self._guard = guard
        self._room = room
        self._timeout_s = service.settings.request_timeout_s

    async def balance(self, call: Call) -> Answer:
        return Answer(200, to_bytes(await self.read(self.own_account(call))))

    async def read(self, account_id: str) -> Balance:
        """Raises Problem (503) where too many others read, or it takes too long."""
        with self._room.place():
            return await within(self._timeout_s, self._service.engine.balance(account_id))

    async def transactions(self, call: Call) -> Answer:
        """A page, newest first; ``next_before`` asks for the next one, and is null on the last."""
        account_id = self.own_account(call)
        given = _query(call, ("limit", "before"))
        limit = _integer(given, "limit", LARGEST_LIMIT) or DEFAULT_LIMIT
        before = _integer(given, "before", LARGEST_INTEGER)
        with self._room.place():
            lines = tuple(await within(self._timeout_s, self._service.transactions(account_id, before, limit)))
        if not lines:
            await self.read(account_id)  # nothing yet, or nobody: the engine says which
        return Answer(200, to_bytes(TransactionPage(lines, lines[-1].line_id if len(lines) == limit else None)))

    def own_account(self, call: Call) -> str:
        """The account in the path, if it is the caller's to see. Raises WireError (400) and Problem (404)."""
        account_id = call.path_parameter("account_id")
        wrong = wrong_text(account_id, text_bounds("account_id"))
        if wrong is not None:
            raise WireError("account_id", wrong)
        self._guard.own_account(call, account_id)
        return account_id


def _query(call: Call, names: tuple[str, ...]) -> dict[str, str]:
    """The parameters, of these names alone, each given once at most. Raises WireError."""
    found: dict[str, str] = {}
    query = call.scope.get("query_string", b"").decode("latin-1")
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        if name not in names:
            raise WireError("query", f"there is no such parameter; there are {', '.join(names)}")
        if name in found:
            raise WireError(name, "given twice")
        found[name] = value
    return found


def _integer(given: dict[str, str], name: str, largest: int) -> int | None:
    """A parameter from 1 to ``largest``; None where it is not given. Raises WireError."""
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= largest):
        raise WireError(name, f"expected an integer from 1 to {largest}")
    return int(text)

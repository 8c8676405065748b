"""Who may do what: the one check that every route passes, and every answer.

It has two parts. :meth:`Guard.admit` runs before a route's handler: is there a key, and may its role go here? What a
key may see beyond that depends on what is asked for, so the handler says whose it is (:meth:`Guard.own_account`,
:meth:`Guard.own_network`). Until then the answer to a key that is bound to accounts or to a network is not *released*,
and a route that answers without being released is a fault of the service (``engine/http/front.py``): whoever adds a
route and forgets the check has built a route that does not work, not one that leaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from engine.http.call import Call
from engine.http.problems import Problem
from engine.settings_keys import ApiKey, Role, digest_of

_CHALLENGE = ((b"www-authenticate", b'Bearer realm="swipelab"'),)
SANDBOX = ApiKey("sandbox", Role.OPERATOR, b"")
"""Everybody, where no keys are set."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a route: the operator and ``roles``; or anybody, for the reason in ``open_because``."""

    roles: frozenset[Role] = frozenset()
    open_because: str = ""


OPERATOR = Access()
NETWORK = Access(frozenset({Role.NETWORK}))
CHAIN = Access(frozenset({Role.CHAIN}))
CUSTOMER = Access(frozenset({Role.CUSTOMER}))

VERB_ACCESS: dict[str, Access] = {
    "open_account": OPERATOR,
    "authorize": NETWORK,
    "advise": NETWORK,
    "reverse": NETWORK,
    "capture": NETWORK,
    "dispute": NETWORK,
    "deposit": CHAIN,
    "withdraw": CHAIN,
    "expire": CHAIN,
    "settle": CHAIN,
    "balance": CUSTOMER,
    "statement": OPERATOR,
}
"""For each verb of an engine; a new verb without a line here cannot be served."""


class Guard:
    """The keys, and the check. Without keys everybody is the operator."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        # Looked up by digest: how far a comparison got tells of a digest only, from which no key is found.
        self._keys = {key.digest: key for key in keys}
        self._open = not keys

    def admit(self, call: Call, access: Access) -> None:
        """Raises Problem: 401 without a valid key, 403 for a role that may not come here."""
        if access.open_because:
            call.released = True
            call.principal = self._known(call) if b"authorization" in call.headers else None
            return
        principal = SANDBOX if self._open else self._known(call)
        if principal is None:
            raise Problem("unauthenticated", "send Authorization: Bearer and a valid API key", _CHALLENGE)
        call.principal = principal
        if principal.role is Role.OPERATOR:
            call.released = True
        elif principal.role not in access.roles:
            raise Problem("forbidden", f"the role {principal.role} may not use this route")
        elif principal.role is not Role.CUSTOMER and not principal.network:
            call.released = True

    def is_operator(self, call: Call) -> bool:
        """Whether an open route may tell this caller more."""
        return self._open or (call.principal is not None and call.principal.role is Role.OPERATOR)

    def own_account(self, call: Call, account_id: str) -> None:
        """The answer is about this account alone. Raises Problem: 404, as if there were none, for another's."""
        principal = call.principal
        if principal is not None and principal.role is Role.CUSTOMER:
            if account_id not in principal.accounts:
                raise unknown_account(account_id)
            call.released = True

    def own_network(self, call: Call, networks: Iterable[str]) -> None:
        """The request comes from these networks. Raises Problem: 403 for another than the key's."""
        principal = call.principal
        if principal is not None and principal.network:
            if any(network != principal.network for network in networks):
                raise Problem("forbidden", f"this key speaks for the network {principal.network} alone")
            call.released = True

    def _known(self, call: Call) -> ApiKey | None:
        """Whose key the request carries."""
        scheme, _, key = call.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        digest = digest_of(key.strip().decode("latin-1"))
        found = self._keys.get(digest)
        return found if found is not None and compare_digest(found.digest, digest) else None


def unknown_account(account_id: str) -> Problem:
    """The same words for one that is not there and one that is another's."""
    return Problem("unknown_account", f"no account {account_id!r}")

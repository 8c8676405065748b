"""API keys as an operator writes them down, and what is kept of them: a name, a role, a digest.

``ops:operator:KEY visa-gw:network=visa:KEY watcher:chain:KEY ada:customer=acct-1+acct-2:KEY`` separates keys by blanks;
a JSON array of objects with ``name``, ``role``, ``key`` and, where they apply, ``network`` or ``accounts`` says the
same. ``sha256=`` and 64 hexadecimal digits may stand for a key, so that the key itself is written nowhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

SHORTEST_KEY = 16
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST = re.compile(r"sha256=([0-9a-f]{64})")
_FIELDS = ("name", "role", "key", "network", "accounts")


class Role(StrEnum):
    """What a key may do; ``engine/http/access.py`` says which routes that is."""

    OPERATOR = "operator"
    """Everything."""
    NETWORK = "network"
    """What a card network says: authorize, advise, reverse, capture, dispute."""
    CHAIN = "chain"
    """What a chain watcher and a clock say: deposit, withdraw, settle, expire."""
    CUSTOMER = "customer"
    """The customer's own accounts, to read."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. ``network`` "" is any network; ``accounts`` are the customer's own. The key itself is not kept."""

    name: str
    role: Role
    digest: bytes = field(repr=False)
    network: str = ""
    accounts: frozenset[str] = frozenset()


def digest_of(key: str) -> bytes:
    """The SHA-256 of a key: keys are long and random, so that nothing slower is needed to hide them."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys in a setting. Raises ValueError, which never shows a key."""
    text = text.strip()
    found = _from_json(text) if text.startswith(("[", "{")) else [_from_words(word) for word in text.split()]
    keys = tuple(_key_of(raw, index) for index, raw in enumerate(found, 1))
    for attribute, what in (("name", "the same name"), ("digest", "the same key")):
        if len({getattr(key, attribute) for key in keys}) < len(keys):
            raise ValueError(f"two entries have {what}")
    return keys


def _from_json(text: str) -> Sequence[Any]:
    try:
        raw = json.loads(text)
    except ValueError:
        raise ValueError("begins like JSON and is none") from None  # the parser's own words may show a key
    return raw if isinstance(raw, list) else [raw]


def _from_words(word: str) -> dict[str, Any]:
    name, role, key = [*word.split(":", 2), "", ""][:3]
    role, _, of = role.partition("=")
    raw: dict[str, Any] = {"name": name, "role": role, "key": key}
    if of:
        raw |= {"accounts": of.split("+")} if role == Role.CUSTOMER else {"network": of}
    return raw


def _key_of(raw: Any, index: int) -> ApiKey:
    if not isinstance(raw, dict):
        raise ValueError(f"entry {index} is no object with name, role and key")
    where = f"entry {index}"  # never by its name: in a setting that is written wrongly that may be the key
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{where}: a name is 1 to 64 letters, digits, dots, hyphens (name:role:key)")
    strangers = sorted(str(key) for key in raw if key not in _FIELDS)
    if strangers:
        raise ValueError(f"{where}: there are {', '.join(_FIELDS)}, and nothing else")
    role = _role_of(raw.get("role"), where)
    network, accounts = raw.get("network", ""), raw.get("accounts", [])
    if not isinstance(network, str) or (network and role is not Role.NETWORK):
        raise ValueError(f"{where}: only the role network has a network, by its name")
    if not isinstance(accounts, list) or not all(isinstance(account, str) and account for account in accounts):
        raise ValueError(f"{where}: accounts are a list of account ids")
    if bool(accounts) is not (role is Role.CUSTOMER):
        raise ValueError(f"{where}: the role customer needs accounts (customer=acct-1+acct-2), and no other has any")
    return ApiKey(name, role, _digest_in(raw.get("key"), where), network, frozenset(accounts))


def _role_of(text: Any, where: str) -> Role:
    if isinstance(text, str) and text in set(Role):
        return Role(text)
    near = get_close_matches(text, list(Role), 1) if isinstance(text, str) else []
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(Role)}"
    raise ValueError(f"{where}: no such role; {hint}")


def _digest_in(key: Any, where: str) -> bytes:
    if not isinstance(key, str) or len(key) < SHORTEST_KEY:
        raise ValueError(f"{where}: a key has at least {SHORTEST_KEY} characters")
    written = _DIGEST.fullmatch(key)
    return bytes.fromhex(written[1]) if written else digest_of(key)

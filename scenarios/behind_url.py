"""A service behind a URL, as every command that takes one meets it: is it there, with which key, and once more if it
did not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from engine.interface import EngineError, NotSupported, UnknownAccount
from engine.wire import VERBS, error_of
from scenarios.problems import BadInput

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")

API_KEY = "SWIPELAB_API_KEY"
"""The variable with the key that goes with every request."""
NOBODY = "swipelab-looks-whether-anybody-is-there"
LOOK_S = 5.0
TRIES, PAUSE_S = 6, 0.2


def key_headers(api_key: str) -> dict[str, str]:
    """What says who asks; nothing for the empty key."""
    return {"authorization": f"Bearer {api_key}"} if api_key else {}


def look(url: str, api_key: str, said: str) -> None:
    """Raises BadInput, which begins with what the user ``said``, where nothing speaks the contract with this key."""
    path = VERBS["balance"].path
    try:
        response = httpx.post(
            f"{url}{path}", json={"account_id": NOBODY}, headers=key_headers(api_key), timeout=LOOK_S
        )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BadInput(f"{said}: nobody answers there ({type(error).__name__}: {error})") from error
    if response.status_code in (401, 403):
        raise BadInput(f"{said}: the service wants another API key: one of an operator, by {API_KEY}")
    unknown = isinstance(error_of(response.status_code, response.content), UnknownAccount)
    if response.status_code in (404, 405) and not unknown:
        raise BadInput(f"{said}: there is a server, but no {path} (engine/wire.py)")


async def again(call: Callable[[Argument], Awaitable[Answer]], argument: Argument, tries: int = TRIES) -> Answer:
    """The answer, asked for ever later where there is none. Raises what the last try raised, and NotSupported at once.

    For what may be sent again: readings, and messages under a key.
    """
    for done in range(1, tries + 1):
        try:
            return await call(argument)
        except (EngineError, httpx.HTTPError) as error:
            if done == tries or isinstance(error, NotSupported):
                raise
            await asyncio.sleep(PAUSE_S * done)
    raise AssertionError("the last try returns or raises")

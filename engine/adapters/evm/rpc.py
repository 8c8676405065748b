"""A JSON-RPC node through web3.py's provider. Nothing that is raised or logged here tells the node's URL, which may be
an API key, nor what was sent to it."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

from aiohttp import ClientError, ClientResponseError, ClientTimeout
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import Web3Exception

from engine.ports import PortUnavailable

_SILENT = logging.Logger("web3 without URLs", level=logging.CRITICAL + 1)
"""web3.py logs the whole URL with every request."""
_LONGEST_MESSAGE = 200
_SHORTEST_SECRET = 8


class RpcRefused(PortUnavailable):
    """The node answered with an error: its ``code``, its ``message``, and ``data``, a revert's as ``0x`` text.

    The request did nothing. Where nobody knows better, it is as good as no answer.
    """

    def __init__(self, method: str, code: int, message: str, data: Any) -> None:
        super().__init__(f"the chain's node refused {method}: {message[:_LONGEST_MESSAGE]} (code {code})")
        self.code = code
        self.message = message
        while isinstance(data, dict):  # some nodes wrap it
            data = data.get("data")
        self.data: str | None = data if isinstance(data, str) and data.startswith("0x") else None


class _QuietProvider(AsyncHTTPProvider):
    logger = _SILENT

    def __init__(self, url: str, timeout_s: float) -> None:
        super().__init__(
            url, request_kwargs={"timeout": ClientTimeout(total=timeout_s)}, exception_retry_configuration=None
        )
        self._request_session_manager.logger = _SILENT


class Rpc:
    """One node; to be used within one event loop and closed in it."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the URL of a chain's node begins with http:// or https://")
        self._web3 = AsyncWeb3(_QuietProvider(url, timeout_s))
        self._secrets = [part for part in re.split(r"[/?&=@:#]+", url)[1:] if len(part) >= _SHORTEST_SECRET]

    async def ask(self, method: str, *params: Any) -> Any:
        """The result. Raises RpcRefused, and PortUnavailable where nobody knows what became of the request."""
        try:
            answer = await self._web3.provider.make_request(method, list(params))
        except ClientResponseError as error:
            raise PortUnavailable(f"the chain's node answered {method} with HTTP {error.status}") from None
        except (ClientError, TimeoutError, OSError, Web3Exception, ValueError) as error:
            # Their texts and causes may hold the URL.
            raise PortUnavailable(f"the chain's node did not answer {method}: {type(error).__name__}") from None
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise PortUnavailable(f"the chain's node answered {method} with what is no JSON-RPC")
        error = answer.get("error")
        if error is None:
            return answer.get("result")
        if not isinstance(error, dict):
            raise PortUnavailable(f"the chain's node failed at {method} without a reason")
        message = str(error.get("message", ""))
        for secret in self._secrets:
            message = message.replace(secret, "***")
        code = error.get("code")
        raise RpcRefused(method, code if isinstance(code, int) else 0, message, error.get("data"))

    async def ask_all(self, *requests: tuple[Any, ...]) -> list[Any]:
        """The results of several requests ``(method, *params)``, which are under way together."""
        return await asyncio.gather(*(self.ask(*request) for request in requests))

    async def close(self) -> None:
        """Hang up."""
        await self._web3.provider.disconnect()

    def __repr__(self) -> str:
        return "Rpc()"


def number(quantity: str | int) -> int:
    """A JSON-RPC quantity, ``"0x10"``; some nodes answer with plain numbers."""
    return quantity if isinstance(quantity, int) else int(quantity, 16)

"""JSON-RPC over HTTP: the only place where a chain backend touches a socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx

from simulators.backends.chain.node import NodeError, NodeUnreachable

RealIo = Callable[[], AbstractContextManager[object]]


class RpcError(NodeError):
    """The node answered with an error: ``code``, ``message`` and ``data`` are its own."""

    def __init__(self, url: str, method: str, code: int, message: str, data: Any) -> None:
        super().__init__(f"{url} refused {method}: {message} (code {code})")
        self.code = code
        self.message = message
        self.data = data


class JsonRpc:
    """A connection to one node.

    ``timeout_s`` bounds each request. Every real wait for the network happens inside ``real_io()``, a context
    manager by which a simulated world opens the fence it keeps around sockets and the wall clock.
    """

    def __init__(self, url: str, *, timeout_s: float, real_io: RealIo = nullcontext) -> None:
        if not url.startswith(("http://", "https://")) or not httpx.URL(url).host:
            raise ValueError(f"node URL {url!r} is not of the form http://host:port or https://host/path")
        self.shown_url = _without_secrets(url)
        self._url = url
        self._real_io = real_io
        self._next_id = 0
        with real_io():
            self._http = httpx.Client(timeout=timeout_s)

    def ask(self, method: str, *params: Any) -> Any:
        """The result of one request; :class:`RpcError`, :class:`NodeUnreachable`."""
        return self.ask_all([(method, *params)])[0]

    def ask_all(self, requests: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The results of several requests ``(method, *params)`` in their order, in one HTTP exchange."""
        if not requests:
            return []
        calls = [self._call(method, params) for method, *params in requests]
        answers = self._post_for_real(calls if len(calls) > 1 else calls[0])
        if isinstance(answers, dict):  # the answer to one, or one refusal for all
            return [self._result(call, answers) for call in calls]
        by_id = {answer.get("id"): answer for answer in answers}
        return [self._result(call, by_id.get(call["id"], {})) for call in calls]

    def close(self) -> None:
        """Hang up."""
        with self._real_io():
            self._http.close()

    def _call(self, method: str, params: list[Any]) -> dict[str, Any]:
        self._next_id += 1
        return {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}

    def _post_for_real(self, body: Any) -> Any:
        """The one method that does network I/O and reads the real clock."""
        try:
            with self._real_io():
                response = self._http.post(self._url, json=body)
        except httpx.TransportError as failure:
            raise NodeUnreachable(
                f"no answer from a node at {self.shown_url} ({type(failure).__name__}: {failure}); start one, "
                "such as `anvil --no-mining --order fifo --hardfork cancun --timestamp T`, or give another URL"
            ) from failure
        if response.is_error and "json" not in response.headers.get("content-type", ""):
            raise NodeUnreachable(
                f"{self.shown_url} answered HTTP {response.status_code}; is this the URL of a JSON-RPC node, "
                "with its API key if it needs one?"
            )
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict | list):
            return answer
        raise NodeUnreachable(f"{self.shown_url} does not speak JSON-RPC: its answer begins {response.text[:80]!r}")

    def _result(self, call: dict[str, Any], answer: dict[str, Any]) -> Any:
        if "result" in answer:
            return answer["result"]
        error = answer.get("error")
        if not isinstance(error, dict):
            error = {"message": f"an answer with neither result nor error: {answer!r}"[:200]}
        raise RpcError(
            self.shown_url, call["method"], error.get("code", 0), str(error.get("message", "")), error.get("data")
        )


def _without_secrets(url: str) -> str:
    """Scheme, host and port: paths, queries and user names of node URLs are often API keys."""
    parts = httpx.URL(url)
    port = f":{parts.port}" if parts.port else ""
    rest = "/..." if parts.path not in ("", "/") or parts.query else ""
    return f"{parts.scheme}://{parts.host}{port}{rest}"

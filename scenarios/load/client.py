"""The service as a worker speaks to it: keep-alive connections under gevent, no more than so many."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from geventhttpclient import HTTPClient
from geventhttpclient.response import (
    HTTPConnectionClosed,
    HTTPParseError,
    HTTPProtocolViolationError,
    HTTPSocketPoolResponse,
)

BROKEN = (OSError, ssl.SSLError, HTTPConnectionClosed, HTTPParseError, HTTPProtocolViolationError)
"""What it looks like when nobody answers."""


class Heard(NamedTuple):
    """``status`` 0: nobody answered, and ``body`` is why, in words."""

    status: int
    body: bytes


class Client:
    """POSTs bodies to the verbs below ``url``. ``api_key`` may be empty.

    Connections and answers are geventhttpclient's; the head of a request, which is always the same but for a length, is
    made once a path.
    """

    def __init__(self, url: str, api_key: str, connections: int, give_up_s: float) -> None:
        headers = {"Content-Type": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        parts = urlsplit(url)
        self._base = parts.path.rstrip("/")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._lines = f"Host: {parts.netloc.rpartition('@')[2]}\r\nUser-Agent: swipelab\r\n{lines}Content-Length: "
        self._heads: dict[str, bytes] = {}
        self._http = HTTPClient.from_url(
            url, concurrency=connections, connection_timeout=give_up_s, network_timeout=give_up_s
        )
        self._pool = self._http._connection_pool

    def post(self, path: str, body: bytes) -> Heard:
        """Sent once: what failed on its way is not sent again behind the run's back."""
        try:
            sock = self._pool.get_socket()
            try:
                sock.sendall(b"%b%d\r\n\r\n%b" % (self._head(path), len(body), body))
            except BaseException:
                self._pool.release_socket(sock)
                raise
            response = HTTPSocketPoolResponse(sock, self._pool, method="POST")  # it gives the connection back
            return Heard(response.status_code, bytes(response.read()))
        except BROKEN as error:
            return Heard(0, f"{type(error).__name__}: {error}".encode())

    def _head(self, path: str) -> bytes:
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = f"POST {self._base}{path} HTTP/1.1\r\n{self._lines}".encode("latin-1")
        return head

    def close(self) -> None:
        self._http.close()

"""The service as a worker speaks to it: keep-alive connections under gevent, no more than so many."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPProtocolViolationError

BROKEN = (OSError, ssl.SSLError, HTTPConnectionClosed, HTTPParseError, HTTPProtocolViolationError)
"""What it looks like when nobody answers."""


class Heard(NamedTuple):
    """``status`` 0: nobody answered, and ``body`` is why, in words."""

    status: int
    body: bytes


class Client:
    """POSTs bodies to the verbs below ``url``. ``api_key`` may be empty."""

    def __init__(self, url: str, api_key: str, connections: int, give_up_s: float) -> None:
        headers = {"Content-Type": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._base = urlsplit(url).path.rstrip("/")
        self._http = HTTPClient.from_url(
            url, headers=headers, concurrency=connections, connection_timeout=give_up_s, network_timeout=give_up_s
        )

    def post(self, path: str, body: bytes) -> Heard:
        """Sent once: what failed on its way is not sent again behind the run's back."""
        try:
            response = self._http.request("POST", self._base + path, body)
            return Heard(response.status_code, bytes(response.read()))
        except BROKEN as error:
            return Heard(0, f"{type(error).__name__}: {error}".encode())

    def close(self) -> None:
        self._http.close()

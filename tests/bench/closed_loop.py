"""A lean HTTP/1.1 load generator: so many connections, each of which sends again as soon as it is answered.

It says what a server can do at most; how late answers are at a given rate is for `swipelab load` to say.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import uvloop


class Measured(NamedTuple):
    """Answers a second by status, and quantiles of the 200s in milliseconds."""

    per_s: dict[int, float]
    p50_ms: float
    p99_ms: float
    max_ms: float


class _Connection(asyncio.Protocol):
    def __init__(self, head: bytes, body: Callable[[], bytes], ends_s: float, samples: list[tuple[int, float]]) -> None:
        self._head, self._body, self._ends_s, self._samples = head, body, ends_s, samples
        self._buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        now_s = time.perf_counter()
        self._samples.append((int(head[9:12]), now_s - self._sent_s))
        if now_s < self._ends_s:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        body = self._body()
        self._sent_s = time.perf_counter()
        self._transport.write(self._head % len(body) + body)


def load(port: int, path: str, body: Callable[[], bytes], connections: int, seconds: float) -> Measured:
    """Post to a server on loopback for so long."""
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    samples: list[tuple[int, float]] = []

    async def whole() -> None:
        loop = asyncio.get_running_loop()
        ends_s = time.perf_counter() + seconds
        made = [
            await loop.create_connection(lambda: _Connection(head.encode(), body, ends_s, samples), "127.0.0.1", port)
            for _ in range(connections)
        ]
        await asyncio.gather(*(connection.done for _, connection in made))

    uvloop.run(whole())
    good = sorted(taken_s for status, taken_s in samples if status == 200) or [float("nan")]
    counts = Counter(status for status, _ in samples)
    return Measured(
        {status: count / seconds for status, count in counts.items()},
        *(1_000 * good[min(int(share * len(good)), len(good) - 1)] for share in (0.5, 0.99, 1.0)),
    )

"""A plain HTTP/1.1 server on loopback, on asyncio alone, that serves an ASGI application from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def served(application: Any) -> Iterator[str]:
    """The URL at which ``application`` listens while the context is open."""
    ready: list[str] = []
    stop: list[Any] = []
    started = threading.Event()

    async def serve() -> None:
        ending = asyncio.Event()
        server = await asyncio.start_server(
            lambda reader, writer: _connection(application, reader, writer), "127.0.0.1"
        )
        host, port = server.sockets[0].getsockname()
        ready.append(f"http://{host}:{port}")
        stop.append((asyncio.get_running_loop(), ending))
        started.set()
        async with server:
            await ending.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="loopback server")
    thread.start()
    started.wait(10)
    try:
        yield ready[0]
    finally:
        loop, ending = stop[0]
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)


async def _connection(application: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request after the other until the client leaves."""
    try:
        while line := await reader.readline():
            method, path, _version = line.decode().split()
            headers = await _headers(reader)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            await _exchange(application, {"type": "http", "method": method, "path": path, "headers": []}, body, writer)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass  # the client went away, or the server ends
    finally:
        writer.close()


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return headers


async def _exchange(application: Any, scope: dict[str, Any], body: bytes, writer: asyncio.StreamWriter) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            writer.write(f"HTTP/1.1 {message['status']} x\r\n".encode())
            for name, value in message["headers"]:
                writer.write(name + b": " + value + b"\r\n")
            writer.write(b"\r\n")
        else:
            writer.write(message["body"])
            await writer.drain()

    await application(scope, receive, send)

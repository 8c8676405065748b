"""Connections to Redis that notice when it is not the one they knew."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import Any
from uuid import uuid4

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

PATIENCE_S = 0.3
"""How long a call waits: less than a decision's budget, so that what Redis does not answer can still be declined."""
CONNECTIONS = 8
PREFIX = "swipelab:"
GENERATION, SERVER = "generation", "server"


def connect(url: str, patience_s: float = PATIENCE_S, prefix: str = PREFIX) -> Redis:
    """A pool of connections to ``redis://...``, ``rediss://...`` or ``unix://...``. Nothing is opened yet.

    ``prefix`` begins every key: stores that share a server without sharing a ledger need another one each.
    Nothing is sent twice by itself: an image that was loaded twice could forget what was placed between. ``patience_s``
    is for connecting; how long an answer may take is the caller's to say, once for a whole pipeline.
    """
    where = parse_url(url)
    if "host" in where:
        where["socket_keepalive"] = True  # who only listens would not notice that the other machine is gone
    pool = BlockingConnectionPool(
        max_connections=CONNECTIONS, timeout=patience_s, socket_timeout=None, socket_connect_timeout=patience_s,
        retry=Retry(NoBackoff(), 0), redis_connect_func=partial(_meet, prefix), **where,
    )  # fmt: skip
    return Redis(connection_pool=pool)


def script(name: str) -> str:
    """The text of a script, with what all of them share."""
    folder = files("engine.adapters.redis") / "scripts"
    return f"{(folder / 'common.lua').read_text()}\n{(folder / f'{name}.lua').read_text()}"


def new_generation() -> str:
    """A name that no generation had before."""
    return uuid4().hex


async def _meet(prefix: str, connection: AbstractConnection) -> None:
    """Begin a new generation where this server is not the one that was spoken to before.

    It was restarted, or a replica took its place, that may lack what the other had acknowledged. Nobody can use a
    connection before this is said on it.
    """
    await connection.on_connect()
    await connection.send_command("INFO", "server")
    told: Any = await connection.read_response()
    text = told.decode() if isinstance(told, bytes) else str(told)
    run_id = next((line[7:] for line in text.splitlines() if line.startswith("run_id:")), "")
    meet = (files("engine.adapters.redis") / "scripts" / "meet.lua").read_text()
    await connection.send_command("EVAL", meet, 2, prefix + GENERATION, prefix + SERVER, run_id, new_generation())
    await connection.read_response()

"""Calls that arrive together travel together: one pipeline for all that waits, as for the ledger's commits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, NamedTuple

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from engine.adapters.gathering import Gathering
from engine.adapters.redis.connection import PATIENCE_S, script
from engine.ports import PortUnavailable

AT_ONCE = 500
"""At most so many calls in one pipeline."""
LANES = 2
"""While one pipeline is on its way, another may be: with one alone a fifth fewer decisions were made."""
_REFUSALS = (BusyLoadingError, ReadOnlyError, OutOfMemoryError, ClusterDownError)
_OUTAGES = (RedisError, OSError, TimeoutError)
_NOT_NOW = ("MISCONF", "BUSY ", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED")


class Script(NamedTuple):
    """One of ``scripts/``, and the digest by which Redis knows it."""

    name: str
    text: str
    digest: str


def load_script(name: str) -> Script:
    text = script(name)
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class _Call(NamedTuple):
    script: Script
    keys: Sequence[str]
    arguments: Sequence[Any]


class Gatherer:
    """Sends calls of scripts to Redis in pipelines."""

    def __init__(self, redis: Redis, patience_s: float = PATIENCE_S) -> None:
        self._redis = redis
        self._patience_s = patience_s
        self._calls: Gathering[_Call, Any] = Gathering(self._answers, name="Redis", at_once=AT_ONCE, lanes=LANES)

    async def call(self, called: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """What the script answers. Raises PortUnavailable: then it ran, or it did not."""
        return await self._calls(_Call(called, keys, arguments))

    async def look(self) -> str:
        """Which Redis answers. Raises PortUnavailable."""
        try:
            async with asyncio.timeout(self._patience_s):
                told = await self._redis.info("server")
        except _OUTAGES as error:
            raise _unavailable(error) from error
        return f"Redis {told['redis_version']}"

    async def close(self) -> None:
        """End the connections, once what is under way has been answered."""
        await self._calls.rest()
        await self._redis.aclose(close_connection_pool=True)

    async def _answers(self, calls: Sequence[_Call]) -> Sequence[Any]:
        """An answer or an exception for each. Raises PortUnavailable where there is none for any."""
        try:
            answers = await self._pipeline(calls)
        except _OUTAGES as error:
            raise _unavailable(error) from error
        return [_unavailable(answer) if _is_outage(answer) else answer for answer in answers]

    async def _pipeline(self, batch: Sequence[_Call]) -> list[Any]:
        """One answer or error for each. A script that Redis has never seen did not run: it is sent in full."""
        answers = await self._execute(batch, {})
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            again = [batch[place] for place in unknown]
            texts = {call.script.digest: call.script.text for call in again}
            for place, answer in zip(unknown, await self._execute(again, texts), strict=True):
                answers[place] = answer
        return answers

    async def _execute(self, batch: Sequence[_Call], texts: dict[str, str]) -> list[Any]:
        """All of a batch on one connection, which no other call has meanwhile; what is left half read is closed."""
        commands = [("SCRIPT", "LOAD", text) for text in texts.values()]
        commands += [
            ("EVALSHA", called.digest, str(len(keys)), *keys, *map(str, arguments)) for called, keys, arguments in batch
        ]
        pool = self._redis.connection_pool
        async with asyncio.timeout(self._patience_s):
            connection = await pool.get_connection()
            try:
                await connection.send_packed_command(list(map(pack_command, commands)), check_health=False)
                answers = [await self._read(connection) for _ in commands]
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            finally:
                await pool.release(connection)
        return answers[len(texts) :]

    @staticmethod
    async def _read(connection: AbstractConnection) -> Any:
        """What one command is answered; a refusal is an answer, too."""
        try:
            return await connection.read_response()
        except ResponseError as refusal:
            return refusal


def _is_outage(answer: Any) -> bool:
    """Whether an answer is a refusal that says nothing about the call itself."""
    return isinstance(answer, _REFUSALS) or (isinstance(answer, ResponseError) and str(answer).startswith(_NOT_NOW))


def _unavailable(error: Exception) -> PortUnavailable:
    told = PortUnavailable(f"Redis: {type(error).__name__}")
    told.__cause__ = error
    return told

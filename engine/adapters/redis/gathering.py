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
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as TookTooLong

from engine.adapters.redis.connection import PATIENCE_S, script
from engine.ports import PortUnavailable

AT_ONCE = 500
"""At most so many calls in one pipeline."""
MOST_WAITING = 20_000
"""A queue without bound only answers later what nobody waits for any more."""
_UNAVAILABLE = (LostConnection, TookTooLong, BusyLoadingError, ReadOnlyError, OutOfMemoryError, ClusterDownError)
_NOT_NOW = ("MISCONF", "BUSY ", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED")


class Script(NamedTuple):
    """One of ``scripts/``, and the digest by which Redis knows it."""

    name: str
    text: str
    digest: str


def load_script(name: str) -> Script:
    text = script(name)
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class _Asked(NamedTuple):
    script: Script
    keys: Sequence[str]
    arguments: Sequence[Any]
    answer: asyncio.Future[Any]


class Gatherer:
    """Sends calls of scripts to Redis, up to ``lanes`` pipelines at a time."""

    def __init__(self, redis: Redis, lanes: int = 2, patience_s: float = PATIENCE_S) -> None:
        self._redis = redis
        self._patience_s = patience_s
        self._free = lanes
        self._waiting: list[_Asked] = []
        self._at_work: set[asyncio.Task[None]] = set()

    async def call(self, called: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """What the script answers. Raises PortUnavailable: then it ran, or it did not."""
        if len(self._waiting) >= MOST_WAITING:
            raise PortUnavailable(f"Redis: {MOST_WAITING} calls are waiting")
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(called, keys, arguments, answer))
        self._go_on()
        return await answer

    async def look(self) -> str:
        """Which Redis answers. Raises PortUnavailable."""
        try:
            async with asyncio.timeout(self._patience_s):
                told = await self._redis.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            raise PortUnavailable(f"Redis: {type(error).__name__}") from error
        return f"Redis {told['redis_version']}"

    async def memory_bytes(self) -> int:
        """What Redis holds."""
        return (await self._redis.info("memory"))["used_memory"]

    async def close(self) -> None:
        """End the connections, once what is under way has been answered."""
        while self._at_work:
            await asyncio.wait(self._at_work)
        await self._redis.aclose(close_connection_pool=True)

    def _go_on(self) -> None:
        while self._waiting and self._free:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._send(batch))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

    async def _send(self, batch: Sequence[_Asked]) -> None:
        try:
            if waiting := [asked for asked in batch if not asked.answer.done()]:  # the others have given up
                await self._answer(waiting)
        finally:
            for asked in batch:
                asked.answer.cancel()  # nothing, unless this task itself was ended
            self._free += 1
            self._go_on()

    async def _answer(self, batch: Sequence[_Asked]) -> None:
        try:
            answers = await self._pipeline(batch)
        except (RedisError, OSError, TimeoutError) as error:
            answers = [error] * len(batch)
        for asked, answer in zip(batch, answers, strict=True):
            if asked.answer.done():
                continue
            if not isinstance(answer, Exception):
                asked.answer.set_result(answer)
            elif _is_outage(answer):
                unavailable = PortUnavailable(f"Redis: {type(answer).__name__}")
                unavailable.__cause__ = answer
                asked.answer.set_exception(unavailable)
            else:
                asked.answer.set_exception(answer)

    async def _pipeline(self, batch: Sequence[_Asked]) -> list[Any]:
        """One answer or error for each. A script that Redis has never seen did not run: it is sent in full."""
        answers = await self._execute(batch, {})
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            again = [batch[place] for place in unknown]
            texts = {asked.script.digest: asked.script.text for asked in again}
            for place, answer in zip(unknown, await self._execute(again, texts), strict=True):
                answers[place] = answer
        return answers

    async def _execute(self, batch: Sequence[_Asked], texts: dict[str, str]) -> list[Any]:
        """All of a batch on one connection, which no other call has meanwhile; what is left half read is closed."""
        commands = [("SCRIPT", "LOAD", text) for text in texts.values()]
        commands += [
            ("EVALSHA", called.digest, str(len(keys)), *keys, *map(str, arguments))
            for called, keys, arguments, _ in batch
        ]
        pool = self._redis.connection_pool
        connection = await pool.get_connection()
        try:
            async with asyncio.timeout(self._patience_s):
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


def _is_outage(error: Exception) -> bool:
    if isinstance(error, ResponseError) and not isinstance(error, _UNAVAILABLE):
        return str(error).startswith(_NOT_NOW)
    return isinstance(error, (*_UNAVAILABLE, OSError, TimeoutError))

"""What is asked at one time is asked together: while one batch is on its way, whatever comes meanwhile gathers for the
next. Under load many share one round trip, and none waits for more than the batch before its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from engine.ports import PortUnavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST_WAITING = 20_000
"""Further ones are turned away: they would only be answered when nobody waits for them any more."""


class Gathering(Generic[Asked, Answer]):
    """``ask`` takes a batch and returns an answer, or an exception, for each; what it raises is the answer of all.

    At most ``at_once`` go together, and ``lanes`` batches are on their way at a time. ``name`` is of what is asked.
    """

    def __init__(
        self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer | Exception]]], *, name: str, at_once: int,
        lanes: int = 1,
    ) -> None:  # fmt: skip
        self._ask = ask
        self._name = name
        self._at_once = at_once
        self._free = lanes
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._on_their_way: set[asyncio.Task[None]] = set()

    async def __call__(self, asked: Asked) -> Answer:
        """The answer to one. Raises PortUnavailable where too many wait, and what ``ask`` has for it."""
        if len(self._waiting) >= MOST_WAITING:
            raise PortUnavailable(f"{self._name}: {MOST_WAITING} others wait")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        self._go_on()
        return await answer

    async def rest(self) -> None:
        """Return when nothing is on its way."""
        while self._on_their_way:
            await asyncio.wait(self._on_their_way)

    def _go_on(self) -> None:
        if self._waiting and self._free:
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._send())
            self._on_their_way.add(task)
            task.add_done_callback(self._next)

    def _next(self, ended: asyncio.Task[None]) -> None:
        """Also where a task was ended before it began."""
        self._on_their_way.discard(ended)
        self._free += 1
        self._go_on()

    async def _send(self) -> None:
        # A task begins with the loop's next round, and so takes along whatever else is asked in this one.
        batch, self._waiting = self._waiting[: self._at_once], self._waiting[self._at_once :]
        try:
            waiting = [(asked, answer) for asked, answer in batch if not answer.done()]  # the others have given up
            if waiting:
                await self._answer(waiting)
        finally:
            for _, answer in batch:
                answer.cancel()  # nothing, unless this task itself was ended

    async def _answer(self, batch: Sequence[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        answers: Sequence[Answer | Exception]
        try:
            answers = await self._ask([asked for asked, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            answers = [error] * len(batch)
        for (_, waits), answer in zip(batch, answers, strict=True):
            if waits.done():
                continue  # given up meanwhile
            if isinstance(answer, Exception):
                waits.set_exception(answer)
            else:
                waits.set_result(answer)

"""An asyncio loop that waits for nothing: when all is quiet, the next timer is due at once.

The state machine runs its engines on it, message by message, thousands of times over: a whole world's kernel, which
runs for long and once, would be slow at that. It has no fences; the cases run with those.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class StandsStill(RuntimeError):
    """Nothing is left to happen, and the answer is still awaited."""


class QuickLoop(asyncio.SelectorEventLoop):
    """Its ``time()`` is virtual, in seconds since it began."""

    def __init__(self) -> None:
        self._passed_s = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._passed_s

    def close(self) -> None:
        """What an engine still does behind its answers ends here."""
        left = [] if self.is_closed() else asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        super().close()

    def jump(self, seconds: float) -> None:
        self._passed_s += seconds


class _Jumping(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, lets so much time have passed."""

    def __init__(self, loop: QuickLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise StandsStill("the engine waits for what never comes")
        if timeout > 0:
            self._loop.jump(timeout)
        return super().select(0)

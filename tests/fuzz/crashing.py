"""Engines that fail in ways of their own, for the tests of what fuzzing keeps."""

from __future__ import annotations

import time
from typing import Any

from engine.services.engine import build as build_engine


class _Wrapped:
    def __init__(self, kit: Any) -> None:
        self._engine = build_engine(kit)

    def __getattr__(self, name: str) -> Any:
        if name == "aclose":
            raise AttributeError(name)
        return getattr(self._engine, name, _unasked)


async def _unasked(message: Any) -> Any:
    raise NotImplementedError(type(message).__name__)


class Raises(_Wrapped):
    """Falls over an amount that is a multiple of 7 cents."""

    async def authorize(self, request: Any) -> Any:
        if request.amount_cents % 7 == 0:
            raise ZeroDivisionError("sevens")
        return await self._engine.authorize(request)


class ReadsTheClock(_Wrapped):
    """Breaks the world: a real clock."""

    async def authorize(self, request: Any) -> Any:
        time.sleep(0)
        return await self._engine.authorize(request)


class WantsOrder(_Wrapped):
    """Falls over when authorizations do not arrive in the order of their numbers."""

    def __init__(self, kit: Any) -> None:
        super().__init__(kit)
        self._last = ""

    async def authorize(self, request: Any) -> Any:
        before, self._last = self._last, request.authorization_id
        if before > request.authorization_id:
            raise ZeroDivisionError(f"{request.authorization_id} after {before}")
        return await self._engine.authorize(request)

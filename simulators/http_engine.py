"""An ASGI application as a CardEngine: every call goes over the HTTP contract, in whatever time the loop keeps.

Nothing listens on a port: httpx hands each request to the application as ASGI does, so an application of any framework
runs in virtual time, unmodified. The world's EngineKit is put into every scope at
``scope["extensions"]["swipelab"]["kit"]``, the lifespan scope included. What the application keeps in the lifespan's
``state`` at startup is in every later scope, as a shallow copy: the ASGI specification's "lifespan state".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

from engine.interface import (
    AccountOpening,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    ClearingBatch,
    ClearingReceipt,
    DepositNotice,
    DisputeNotice,
    DisputeReceipt,
    EngineError,
    EngineKit,
    ExpiryReceipt,
    NoticeReceipt,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    StatementPage,
    WithdrawalNotice,
)
from engine.wire import VERBS, AccountQuery, StatementQuery, Tick, WireError, error_of, from_bytes, to_bytes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BASE_URL = "http://engine.invalid"
_JSON = {"content-type": "application/json"}


class WrongBody(ValueError):
    """An application said 200 with what is none of the contract: a bug in it, and nothing to be asked for again."""


class WireEngine:
    """CardEngine over the HTTP contract, spoken with ``client``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open_account(self, opening: AccountOpening) -> None:
        await self._call("open_account", opening)

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        return await self._call("authorize", request)

    async def advise(self, advice: AuthorizationAdvice) -> AdviceReceipt:
        return await self._call("advise", advice)

    async def reverse(self, request: ReversalRequest) -> ReversalResponse:
        return await self._call("reverse", request)

    async def capture(self, batch: ClearingBatch) -> ClearingReceipt:
        return await self._call("capture", batch)

    async def dispute(self, notice: DisputeNotice) -> DisputeReceipt:
        return await self._call("dispute", notice)

    async def deposit(self, notice: DepositNotice) -> NoticeReceipt:
        return await self._call("deposit", notice)

    async def withdraw(self, notice: WithdrawalNotice) -> NoticeReceipt:
        return await self._call("withdraw", notice)

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        return await self._call("expire", Tick(now_ns))

    async def settle(self, now_ns: int) -> SettlementReceipt:
        return await self._call("settle", Tick(now_ns))

    async def balance(self, account_id: str) -> Balance:
        return await self._call("balance", AccountQuery(account_id))

    async def statement(self, cursor: int) -> StatementPage:
        return await self._call("statement", StatementQuery(cursor))

    async def _call(self, name: str, message: Any) -> Any:
        """Raises the EngineError that a problem body stands for, and WrongBody where status 200 brings no answer."""
        verb = VERBS[name]
        response = await self._client.post(verb.path, content=to_bytes(message), headers=_JSON)
        if response.status_code != 200:
            raise error_of(response.status_code, response.content)
        try:
            return from_bytes(verb.answer, response.content)
        except WireError as error:
            raise WrongBody(f"{verb.path} answered what is no {verb.answer.__name__}: {error}") from error


class HttpEngine(WireEngine):
    """CardEngine over ``application``. What the application raises instead of answering surfaces unchanged.

    The application's lifespan is started at the first call and ended by :meth:`aclose`.
    """

    def __init__(self, application: Application, kit: EngineKit) -> None:
        state: dict[str, Any] = {}

        async def with_kit(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), "swipelab": {"kit": kit}}
            kept = state if scope["type"] == "lifespan" else state.copy()
            await application({**scope, "extensions": extensions, "state": kept}, receive, send)

        self._lifespan = _Lifespan(with_kit)
        transport = httpx.ASGITransport(with_kit)
        super().__init__(httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=None))

    async def aclose(self) -> None:
        """Let the application shut down."""
        await self._lifespan.stop()
        await self._client.aclose()

    async def _call(self, name: str, message: Any) -> Any:
        if not self._lifespan.started:
            await self._lifespan.start()
        return await super()._call(name, message)


class _Lifespan:
    """Startup and shutdown of an application, as an ASGI server would do it.

    An application that ends or raises on the lifespan scope before it has said anything does not support it, which the
    ASGI specification allows; one that says ``lifespan.startup.failed`` cannot run.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._lock = asyncio.Lock()
        self._to_application: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._said: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.started = False

    async def start(self) -> None:
        """Return when the application is ready. Raises EngineError where its startup failed."""
        async with self._lock:
            if self.started:
                return
            scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
            self._task = asyncio.get_running_loop().create_task(
                self._application(scope, self._to_application.get, self._said.put), name="lifespan"
            )
            answer = await self._say("lifespan.startup")
            if answer is not None and answer["type"] == "lifespan.startup.failed":
                raise EngineError(f"the application did not start: {answer.get('message', '')}")
            self.started = True

    async def stop(self) -> None:
        if self._task is None or self._task.done():
            return
        await self._say("lifespan.shutdown")
        await self._task

    async def _say(self, word: str) -> MutableMapping[str, Any] | None:
        """The application's answer; None where it ended instead of answering."""
        assert self._task is not None
        await self._to_application.put({"type": word})
        answering = asyncio.ensure_future(self._said.get())
        await asyncio.wait((answering, self._task), return_when=asyncio.FIRST_COMPLETED)
        if answering.done() or not self._said.empty():
            return await answering
        answering.cancel()
        self._task.exception()  # seen: an application may refuse the lifespan scope by raising
        return None

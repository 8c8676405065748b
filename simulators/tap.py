"""The wire between the world and the engine, with a tap on it.

Whatever the world says to the engine goes through here; the auditor and the trace hear it, at the instant at which it
reaches the engine and at which the engine has answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from engine.interface import AuthorizationRequest, AuthorizationResponse, Balance, CardEngine, EngineError
from simulators.auditor import Auditor
from simulators.backends.served import Places
from simulators.kernel import Kernel, KernelError, Trace


class Unanswered:
    """The engine raised instead of answering; ``error`` is what."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error

    @property
    def name(self) -> str:
        """The error's class, for tables."""
        return type(self.error).__name__


class Tap:
    """Calls the engine; answers are values, an :class:`Unanswered` where the engine raised."""

    def __init__(self, kernel: Kernel, engine: CardEngine, auditor: Auditor, trace: Trace, workers: int) -> None:
        self._kernel = kernel
        self._engine = engine
        self._auditor = auditor
        self._append = trace.append
        self._door = Places(kernel, "workers of the engine", workers)
        self.open_exchanges = 0
        """Messages other than authorizations that the engine has not answered yet."""
        self._said = self._undecided = 0

    def is_quiet(self) -> bool:
        """Whether nothing is under way."""
        return not (self.open_exchanges or self._undecided)

    async def balance(self, account_id: str) -> Balance | Unanswered | None:
        """A balance, told to the auditor; None where something is under way, which makes it worthless."""
        if not self.is_quiet():
            return None
        said = self._said
        try:
            balance = await self._engine.balance(account_id)
        except KernelError:
            raise
        except Exception as error:  # noqa: BLE001 - foreign code, as below
            self._crashed("Balance", error)
            return Unanswered(error)
        if said != self._said:
            return None
        self._auditor.balance(self._kernel.utc_ns, balance)
        return balance

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse | Unanswered:
        """An authorization; the time from the engine's door to its answer becomes an ``engine`` row.

        So many are worked on at once as the service has workers; the others queue at the door.
        """
        kernel, auditor = self._kernel, self._auditor
        arrived_ns = kernel.now_ns
        auditor.sent(kernel.utc_ns, request)
        self._said += 1
        self._undecided += 1
        await self._door.enter()
        try:
            answer = await self._engine.authorize(request)
        except KernelError:
            raise
        except Exception as error:  # noqa: BLE001 - foreign code: whatever it raises is its answer, and is counted
            return self._failed(request, error)
        finally:
            self._undecided -= 1
            self._door.leave()
        auditor.answered(kernel.utc_ns, request, answer)
        now_ns = kernel.now_ns
        self._append(
            (now_ns, "engine", request.authorization_id, "", request.network, request.amount_cents, 0,
             "approved" if answer.approved else answer.reason, now_ns - arrived_ns, "")
        )  # fmt: skip
        return answer

    async def tell(self, message: Any, call: Callable[[Any], Awaitable[Any]], said: Any = None) -> Any | Unanswered:
        """Any other exchange: ``call(said or message)``, with ``message`` as the auditor is to see it."""
        self._auditor.sent(self._kernel.utc_ns, message)
        self._said += 1
        self.open_exchanges += 1
        try:
            answer = await call(message if said is None else said)
        except KernelError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return self._failed(message, error)
        finally:
            self.open_exchanges -= 1
        self._auditor.answered(self._kernel.utc_ns, message, answer)
        return answer

    def _failed(self, message: Any, error: Exception) -> Unanswered:
        self._auditor.failed(self._kernel.utc_ns, message, error)
        self._crashed(type(message).__name__, error)
        return Unanswered(error)

    def _crashed(self, what: str, error: Exception) -> None:
        """Written down where it is no error that an engine may raise."""
        if isinstance(error, EngineError):
            return
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{where.tb_frame.f_code.co_filename.rpartition('/')[2]}:{where.tb_lineno}" if where else "?"
        self._append(
            (self._kernel.now_ns, "crash", what, "", "", 0, 0, type(error).__name__, -1, f"at {place}: {error}")
        )  # fmt: skip

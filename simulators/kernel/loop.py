"""An asyncio event loop whose time is SimPy's."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from asyncio import events, futures, tasks
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappush
from typing import Any

from simpy.core import StopSimulation
from simpy.events import Event

from simulators.kernel.environment import KernelEnvironment
from simulators.kernel.errors import FenceBreach, KernelError, UnhandledError
from simulators.kernel.fence_judge import culprit
from simulators.kernel.handles import IN_HEAP, NO_HANDLE, READY, SimHandle, SimTimerHandle
from simulators.kernel.running import answer_plainly, answer_quickly

ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]
_Task = asyncio.Task
_Future = asyncio.Future
_FOREVER_S = 9e9  # some 285 years: what lies beyond int64 nanoseconds never comes
_NEVER_NS = 1 << 200
_NOTHING = object()
_Builtin = type(len)
_finish_sleep = futures._set_result_unless_cancelled


class SimLoop(asyncio.AbstractEventLoop):
    """asyncio, unmodified, on a `KernelEnvironment`: same order of callbacks, virtual time, no I/O."""

    def __init__(self, env: KernelEnvironment):
        self.env = env
        self._debug = False
        self._closed = False
        self._running = False
        self._task_factory: Callable[..., Any] | None = None
        self._exception_handler: ExceptionHandler | None = None
        self._asyncgens: weakref.WeakSet[Any] = weakref.WeakSet()
        self._unnamed_tasks = 0
        self._thread_id = threading.get_ident()
        env.on_callback_error = self._callback_failed
        self._bind_hot_paths()

    def _bind_hot_paths(self) -> None:
        """`call_soon` and `call_later` as closures on the instance: they run several times per await."""
        env, queue = self.env, self.env._queue
        make_ready = env.ready.append
        ties = env._ties
        note_dead = env.note_dead_timer

        def call_soon(
            callback: Callable[..., Any], argument: Any = _NOTHING, *more: Any, context: Context | None = None
        ) -> SimHandle:
            if context is None:
                context = copy_context()
            elif type(callback) is _Builtin and argument is not _NOTHING and not more:
                make_ready((context.run, callback, argument))  # asyncio's C code wakes a task: it wants no handle
                return NO_HANDLE
            if argument is _NOTHING:
                handle = SimHandle(context.run, callback)
            else:
                handle = SimHandle(context.run, callback, argument, *more)
            handle.state = READY
            make_ready(handle)
            return handle

        def schedule(
            when_ns: int, callback: Callable[..., Any], args: tuple[Any, ...], context: Context | None
        ) -> SimTimerHandle:
            if context is not None:
                handle = SimTimerHandle(context.run, callback, *args)
            elif callback is _finish_sleep:
                handle = SimTimerHandle(callback, *args)  # sees no context variable, so the copy is spared
            else:
                handle = SimTimerHandle(copy_context().run, callback, *args)
            handle.state = IN_HEAP
            handle.when_ns = when_ns
            handle.note_dead = note_dead
            if when_ns < _NEVER_NS:
                heappush(queue, (when_ns, 1, next(ties), handle))
            else:
                handle.state = READY  # in no heap: nothing to count when it is cancelled
            return handle

        def call_later(
            delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
        ) -> SimTimerHandle:
            if type(delay) is float and delay < _FOREVER_S:
                return schedule(env._now + round(delay * 1e9), callback, args, context)
            return schedule(env._now + _whole_ns(delay), callback, args, context)

        def call_at(
            when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
        ) -> SimTimerHandle:
            return schedule(_whole_ns(when), callback, args, context)

        def time() -> float:
            return env._now / 1e9

        self.time = time
        self.call_soon = call_soon  # type: ignore[method-assign]
        self.call_later = call_later  # type: ignore[method-assign]
        self.call_at = call_at  # type: ignore[method-assign]

    # time and scheduling

    def create_future(self) -> asyncio.Future:
        """A future of this loop."""
        return _Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task:
        """A task of this loop; unnamed ones are numbered per loop, so that names repeat from run to run."""
        if self._closed:
            raise RuntimeError("Event loop is closed")
        if name is None:
            self._unnamed_tasks += 1
            name = f"Task-{self._unnamed_tasks}"
        if self._task_factory is None:
            return _Task(coro, loop=self, name=name, context=context)
        task = self._task_factory(self, coro) if context is None else self._task_factory(self, coro, context=context)
        if hasattr(task, "set_name"):
            task.set_name(name)
        return task

    def set_task_factory(self, factory: Callable[..., Any] | None) -> None:
        """As asyncio's."""
        if factory is not None and not callable(factory):
            raise TypeError("task factory must be a callable or None")
        self._task_factory = factory

    def get_task_factory(self) -> Callable[..., Any] | None:
        """As asyncio's."""
        return self._task_factory

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> SimHandle:
        """`call_soon` from the loop's own thread; refused from any other."""
        if threading.get_ident() != self._thread_id:
            name = getattr(callback, "__qualname__", repr(callback))
            raise FenceBreach(
                f"thread {threading.current_thread().name!r} called call_soon_threadsafe({name}): "
                "the simulated world has one thread; use a task instead"
            )
        return self.call_soon(callback, *args, context=context)

    # running

    def run_forever(self) -> None:
        """Run until `stop`, or until nothing is left to happen."""
        self._check_closed()
        if self._running:
            raise RuntimeError("This event loop is already running")
        if events._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        hooks = sys.get_asyncgen_hooks()
        self._running = True
        self._thread_id = threading.get_ident()
        sys.set_asyncgen_hooks(firstiter=self._asyncgens.add, finalizer=self._close_asyncgen)
        events._set_running_loop(self)
        answer_quickly(self)
        try:
            self.env.spin()
        except StopSimulation:
            pass
        finally:
            self._running = False
            answer_plainly()
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def run_until_complete(self, future: Any) -> Any:
        """As asyncio's; raises KernelError when the world falls silent before `future` is done."""
        self._check_closed()
        made_here = not futures.isfuture(future)
        future = tasks.ensure_future(future, loop=self)
        if made_here:
            future._log_destroy_pending = False
        future.add_done_callback(self._stop_when_done)
        try:
            self.run_forever()
        except BaseException:
            if made_here and future.done() and not future.cancelled():
                future.exception()
            raise
        finally:
            future.remove_done_callback(self._stop_when_done)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def _stop_when_done(self, _future: asyncio.Future) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop after the callbacks that are ready now."""
        self._interrupt(lambda event: _raise(StopSimulation(None)))

    def _interrupt(self, callback: Callable[[Event], None]) -> None:
        """Have `callback` called by the SimPy loop ahead of everything else at this instant."""
        event = Event(self.env)
        event._ok, event._value = True, None
        event.callbacks.append(callback)
        heappush(self.env._queue, (self.env._now, -1, next(self.env._eid), event))

    def is_running(self) -> bool:
        """As asyncio's."""
        return self._running

    def is_closed(self) -> bool:
        """As asyncio's."""
        return self._closed

    def close(self) -> None:
        """Close; pending callbacks are dropped."""
        if self._running:
            raise RuntimeError("Cannot close a running event loop")
        self._closed = True

    def _check_closed(self) -> None:
        if self._closed:
            raise RuntimeError("Event loop is closed")

    # asynchronous generators

    def _close_asyncgen(self, agen: Any) -> None:
        self._asyncgens.discard(agen)
        if not self._closed:
            self.call_soon(self.create_task, agen.aclose())

    async def shutdown_asyncgens(self) -> None:
        """As asyncio's."""
        closing = list(self._asyncgens)
        self._asyncgens.clear()
        results = await tasks.gather(*[agen.aclose() for agen in closing], return_exceptions=True)
        for result, agen in zip(results, closing, strict=True):
            if isinstance(result, Exception):
                self.call_exception_handler(
                    {
                        "message": f"an error occurred during closing of asynchronous generator {agen!r}",
                        "exception": result,
                        "asyncgen": agen,
                    }
                )

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Nothing to do: there is no executor."""

    # errors and debugging

    def get_exception_handler(self) -> ExceptionHandler | None:
        """As asyncio's."""
        return self._exception_handler

    def set_exception_handler(self, handler: ExceptionHandler | None) -> None:
        """As asyncio's. Without one, an unhandled error ends the run."""
        if handler is not None and not callable(handler):
            raise TypeError(f"A callable object or None is expected, got {handler!r}")
        self._exception_handler = handler

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """End the run with an UnhandledError that names the task."""
        self.end_run(_unhandled(context, self.env._now))

    def end_run(self, error: BaseException) -> None:
        """Have the run raise `error` once the callbacks that are ready now have run."""
        self._interrupt(lambda event: _raise(error))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """As asyncio's."""
        if self._exception_handler is None:
            self.default_exception_handler(context)
        else:
            self._exception_handler(self, context)

    def _callback_failed(self, handle: Callable[[], Any], error: BaseException) -> None:
        self.call_exception_handler(
            {"message": f"Exception in callback {handle!r}", "exception": error, "handle": handle}
        )

    def get_debug(self) -> bool:
        """As asyncio's."""
        return self._debug

    def set_debug(self, enabled: bool) -> None:
        """Kept for asyncio's own checks; virtual time has no slow callbacks."""
        self._debug = bool(enabled)


def _whole_ns(seconds: float) -> int:
    """Seconds as whole nanoseconds; infinity is an instant that never comes."""
    if type(seconds) is int:
        return seconds * 1_000_000_000
    if seconds >= _FOREVER_S:
        return _NEVER_NS
    return round(seconds * 1e9)


def _unhandled(context: dict[str, Any], now_ns: int) -> UnhandledError:
    future = context.get("task") or context.get("future")
    name = f" in task {future.get_name()!r}" if isinstance(future, asyncio.Task) else ""
    cause = context.get("exception")
    what = f": {type(cause).__name__}: {cause}" if cause is not None else ""
    error = UnhandledError(f"{context.get('message', 'unhandled error')}{name}, at virtual {now_ns} ns{what}")
    error.__cause__ = cause
    return error


def _raise(error: BaseException) -> None:
    raise error


def _refuse(name: str) -> Callable[..., Any]:
    def refused(self: SimLoop, *args: Any, **kwargs: Any) -> Any:
        raise FenceBreach(
            f"{culprit(sys._getframe(1), f'loop.{name}')}: "
            "there is no real I/O, thread, process or signal in the simulated world; use a simulated backend"
        )

    refused.__name__ = name
    return refused


for _name in [
    "run_in_executor",
    "set_default_executor",
    "getaddrinfo",
    "getnameinfo",
    "create_connection",
    "create_server",
    "sendfile",
    "start_tls",
    "create_unix_connection",
    "create_unix_server",
    "connect_accepted_socket",
    "create_datagram_endpoint",
    "connect_read_pipe",
    "connect_write_pipe",
    "subprocess_shell",
    "subprocess_exec",
    "add_reader",
    "remove_reader",
    "add_writer",
    "remove_writer",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_recvfrom_into",
    "sock_sendall",
    "sock_sendto",
    "sock_connect",
    "sock_accept",
    "sock_sendfile",
    "add_signal_handler",
    "remove_signal_handler",
]:
    setattr(SimLoop, _name, _refuse(_name))

__all__ = ["KernelError", "SimLoop"]

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
from itertools import repeat
from typing import Any, NoReturn

from simpy.core import StopSimulation

from simulators.kernel.environment import KernelEnvironment
from simulators.kernel.errors import FenceBreach, UnhandledError, unhandled
from simulators.kernel.handles import NO_HANDLE, READY, SimHandle, SimTimerHandle
from simulators.kernel.instant import EXACT_BELOW_NS, FOREVER_S, NEVER_NS, Instant, whole_ns
from simulators.kernel.refusals import NoRealWorld
from simulators.kernel.running import answer_plainly, answer_quickly
from simulators.kernel.tasks import numbered_task, ordered_arguments

ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]
_Future = asyncio.Future
_NOTHING = object()
_Builtin = type(len)
_finish_sleep = futures._set_result_unless_cancelled


class SimLoop(NoRealWorld):
    """asyncio, unmodified, on a `KernelEnvironment`: same order of callbacks, virtual time, no I/O.

    An error that nobody takes (a failed callback, a task whose exception is never retrieved) ends the run, unless
    `set_exception_handler` says otherwise.
    """

    slow_callback_duration = 0.1

    def __init__(self, env: KernelEnvironment):
        self.env = env
        self.set_debug(False)
        self._closed = False
        self._running = False
        self._task_factory: Callable[..., Any] | None = None
        self._exception_handler: ExceptionHandler | None = None
        self._asyncgens: weakref.WeakKeyDictionary[Any, None] = weakref.WeakKeyDictionary()
        self._tasks_made = 0
        self.untold: list[UnhandledError] = []
        self._thread_id = threading.get_ident()
        env.on_callback_error = self._callback_failed
        self._bind_scheduling()

    # time and scheduling

    def _bind_scheduling(self) -> None:
        """Bind `time`, `call_soon`, `call_later` and `call_at` as closures: they run several times per await."""
        env, queue, ties = self.env, self.env._queue, self.env._eid
        make_ready = env.ready.append

        def time() -> float:
            now = env._now
            return now / 1e9 if now < EXACT_BELOW_NS else Instant(now)

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
            handle.when_ns = when_ns
            handle.state = READY
            if when_ns < NEVER_NS:
                heappush(queue, (when_ns, 1, next(ties), handle))
                if len(queue) > env.heap_limit:
                    env.compact()
            return handle

        def call_later(
            delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
        ) -> SimTimerHandle:
            if type(delay) is float and delay < FOREVER_S:
                return schedule(env._now + round(delay * 1e9), callback, args, context)
            return schedule(env._now + whole_ns(delay), callback, args, context)

        def call_at(
            when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
        ) -> SimTimerHandle:
            if type(when) is float and when < FOREVER_S:
                return schedule(round(when * 1e9), callback, args, context)
            return schedule(whole_ns(when), callback, args, context)

        self.time = time  # type: ignore[method-assign]
        self.call_soon = call_soon  # type: ignore[method-assign]
        self.call_later = call_later  # type: ignore[method-assign]
        self.call_at = call_at  # type: ignore[method-assign]

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> SimHandle:
        """`call_soon` from the loop's own thread; refused from any other."""
        if threading.get_ident() != self._thread_id:
            name = getattr(callback, "__qualname__", repr(callback))
            raise FenceBreach(
                f"thread {threading.current_thread().name!r} called loop.call_soon_threadsafe({name}): "
                "the simulated world has one thread; use a task instead"
            )
        return self.call_soon(callback, *args, context=context)

    def create_future(self) -> asyncio.Future:
        """A future of this loop."""
        return _Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task:
        """A task of this loop; their numbers (and so default names) repeat from run to run."""
        if self._closed:
            raise RuntimeError("Event loop is closed")
        self._tasks_made = serial = self._tasks_made + 1
        if name is None:
            name = f"Task-{serial}"
        if self._task_factory is None:
            return numbered_task(serial, coro, self, name, context)
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

    # running

    def run_forever(self) -> None:
        """Run until `stop`, or until nothing is left to happen. No fences: those are `Kernel.run`'s."""
        self._check_closed()
        if self._running:
            raise RuntimeError("This event loop is already running")
        if events._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        hooks = sys.get_asyncgen_hooks()
        self._running = True
        self._thread_id = threading.get_ident()
        sys.set_asyncgen_hooks(firstiter=self._asyncgens.setdefault, finalizer=self._close_asyncgen)
        events._set_running_loop(self)
        answer_quickly(self)
        ordered_arguments.enter()
        try:
            self.env.spin()
        except StopSimulation:
            pass
        finally:
            self._running = False
            self.env.forget_stops()
            ordered_arguments.leave()
            answer_plainly()
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def run_until_complete(self, future: Any) -> Any:
        """As asyncio's; a world that falls silent before `future` is done raises RuntimeError."""
        self._check_closed()
        made_here = not futures.isfuture(future)
        future = tasks.ensure_future(future, loop=self)
        if made_here:
            future._log_destroy_pending = False
        future.add_done_callback(self.stop_when_done)
        try:
            self.run_forever()
        except BaseException:
            if made_here and future.done() and not future.cancelled():
                future.exception()  # marks it as taken: the caller has no task to take it from
            raise
        finally:
            future.remove_done_callback(self.stop_when_done)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def stop_when_done(self, _future: asyncio.Future) -> None:
        """A done callback: stop the run."""
        self.stop()

    def stop(self) -> None:
        """Stop after the callbacks that are ready now."""
        self.end_run(StopSimulation(None))

    def end_run(self, error: BaseException) -> None:
        """Have the run raise `error` once the callbacks that are ready now have run."""
        self.env.stop_at(self.env._now, error)

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
        self.env.ready.clear()
        self.call_soon = self.call_later = self.call_at = _call_on_closed_loop  # type: ignore[method-assign]

    def _check_closed(self) -> None:
        if self._closed:
            raise RuntimeError("Event loop is closed")

    # asynchronous generators

    def _close_asyncgen(self, agen: Any) -> None:
        self._asyncgens.pop(agen, None)
        if not self._closed:
            self.call_soon(self.create_task, agen.aclose())

    async def shutdown_asyncgens(self) -> None:
        """As asyncio's."""
        closing = list(self._asyncgens)
        self._asyncgens.clear()
        results = await tasks.gather(*[agen.aclose() for agen in closing], return_exceptions=True)
        for result, agen in zip(results, closing, strict=True):
            if isinstance(result, Exception):
                message = f"an error occurred during closing of asynchronous generator {agen!r}"
                self.call_exception_handler({"message": message, "exception": result, "asyncgen": agen})

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
        """End the run with an UnhandledError that names the task; between runs, keep it for the kernel to raise."""
        error = unhandled(context, self.env._now)
        if self._running:
            self.end_run(error)
        else:
            self.untold.append(error)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """As asyncio's."""
        if self._exception_handler is None:
            self.default_exception_handler(context)
        else:
            self._exception_handler(self, context)

    def _callback_failed(self, handle: Any, error: BaseException) -> None:
        message = f"Exception in callback {handle!r}"
        self.call_exception_handler({"message": message, "exception": error, "handle": handle})

    def set_debug(self, enabled: bool) -> None:
        """For asyncio's own checks; virtual time knows no slow callbacks."""
        self.get_debug = repeat(bool(enabled)).__next__  # type: ignore[method-assign] # asked for every future made


def _call_on_closed_loop(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise RuntimeError("Event loop is closed")

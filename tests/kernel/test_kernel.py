"""What the kernel promises of time, bridges and the ends of runs."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Generator
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from simulators.kernel import DeadlockError, Kernel, KernelError, Outcome, UnhandledError

SimPyProcess = Generator[Any, Any, Any]


class Refusal(Exception):
    """An exception that SimPy could not rebuild from its arguments."""

    def __init__(self, *, code: int):
        super().__init__("refused")
        self.code = code


# time


@given(st.lists(st.integers(0, 10**15), max_size=20))
def test_delays_end_at_exact_nanoseconds(delays: list[int]) -> None:
    with Kernel(1) as kernel:

        async def main() -> None:
            expected = 0
            for delay in delays:
                await kernel.delay_ns(delay)
                expected += delay
                assert kernel.now_ns == expected

        kernel.run(main())
        assert type(kernel.now_ns) is int


@given(st.integers(0, 400 * 86_400 * 10**9), st.lists(st.integers(1, 10**12), max_size=10))
def test_sleeps_and_timeouts_are_exact_however_late_it_is(start_ns: int, delays: list[int]) -> None:
    with Kernel(1) as kernel:

        async def main() -> None:
            await kernel.delay_ns(start_ns)
            expected = start_ns
            for delay in delays:
                await asyncio.sleep(delay / 1e9)
                expected += delay
                assert kernel.now_ns == expected
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(delay / 1e9):
                        await asyncio.Event().wait()
                expected += delay
                assert kernel.now_ns == expected

        kernel.run(main())


def test_ten_thousand_sleeps_of_a_tenth_do_not_drift() -> None:
    with Kernel(1) as kernel:

        async def main() -> None:
            for _ in range(10_000):
                await asyncio.sleep(0.1)

        kernel.run(main())
        assert kernel.now_ns == 10_000 * 100_000_000


def test_utc_starts_at_the_epoch() -> None:
    with Kernel(1, epoch_ns=1_700_000_000_000_000_000) as kernel:
        kernel.run(until=5)
        assert kernel.now_ns == kernel.env.now == 5
        assert kernel.utc_ns == 1_700_000_000_000_000_005
        assert kernel.loop.time() == 5e-9


@pytest.mark.parametrize("bad", [1.5, -1, "1", True, None])
def test_only_whole_nanoseconds_are_scheduled(bad: Any) -> None:
    with Kernel(1) as kernel:
        with pytest.raises(ValueError, match="whole nanoseconds"):
            kernel.delay_ns(bad)
        with pytest.raises(ValueError, match="whole nanoseconds"):
            kernel.env.timeout(bad)


def test_simpy_cannot_slip_fractions_of_time_in() -> None:
    with Kernel(1) as kernel:
        event = kernel.env.event()
        with pytest.raises(ValueError, match="whole nanoseconds"):
            kernel.env.schedule(event, delay=0.5)


def test_endless_sleep_never_ends_and_is_not_waited_for() -> None:
    with Kernel(1) as kernel:

        async def main() -> str:
            sleeper = asyncio.create_task(asyncio.sleep(float("inf")))
            done, _ = await asyncio.wait([sleeper], timeout=3600)
            sleeper.cancel()
            return "slept" if done else "still sleeping"

        assert kernel.run(main()) == "still sleeping"
        assert kernel.now_ns == 3600 * 10**9


# SimPy and asyncio together


def test_a_process_calls_a_coroutine_and_gets_its_value() -> None:
    with Kernel(1) as kernel:

        async def answer() -> int:
            await kernel.delay_ns(5)
            return 42

        def actor() -> SimPyProcess:
            yield kernel.env.timeout(10)
            outcome = yield kernel.call(answer())
            return outcome, kernel.now_ns

        process = kernel.process(actor(), "actor")
        assert kernel.run(process) == (Outcome(42), 15)


def test_an_error_crosses_the_bridge_as_the_very_same_object() -> None:
    refusal = Refusal(code=7)
    with Kernel(1) as kernel:

        async def refuse() -> None:
            await asyncio.sleep(0)
            raise refusal

        def actor() -> SimPyProcess:
            return (yield kernel.call(refuse()))

        outcome = kernel.run(kernel.process(actor(), "actor"))
        assert outcome.error is refusal
        assert not outcome.ok
        with pytest.raises(Refusal):
            outcome.unwrap()


def test_a_cancelled_call_is_an_outcome_too() -> None:
    with Kernel(1) as kernel:

        async def cancelled() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(1)

        def actor() -> SimPyProcess:
            return (yield kernel.call(cancelled()))

        outcome = kernel.run(kernel.process(actor(), "actor"))
        assert isinstance(outcome.error, asyncio.CancelledError)


def test_a_coroutine_waits_for_simpy_events() -> None:
    with Kernel(1) as kernel:
        store = simpy.Store(kernel.env)

        def producer() -> SimPyProcess:
            yield kernel.env.timeout(7)
            yield store.put("item")

        async def consumer() -> tuple[Any, ...]:
            item = await kernel.wait(store.get())
            happened = kernel.env.timeout(3, "value")
            return item, await kernel.wait(happened), await kernel.wait(happened), kernel.now_ns

        kernel.process(producer(), "producer")
        assert kernel.run(consumer()) == ("item", "value", "value", 10)


def test_a_failed_simpy_event_raises_in_the_coroutine_unchanged() -> None:
    refusal = Refusal(code=7)
    with Kernel(1) as kernel:

        def fails() -> SimPyProcess:
            yield kernel.env.timeout(1)
            raise refusal

        async def main() -> None:
            process = kernel.process(fails(), "fails")
            for _ in range(2):
                with pytest.raises(Refusal) as caught:
                    await kernel.wait(process)
                assert caught.value is refusal

        kernel.run(main())


def test_a_cancelled_wait_leaves_the_event_alone() -> None:
    with Kernel(1) as kernel:

        async def main() -> None:
            event = kernel.env.timeout(10)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5e-9):
                    await kernel.wait(event)
            assert event.callbacks == []

        kernel.run(main())


def test_at_one_instant_simpy_goes_before_the_next_batch_of_callbacks() -> None:
    order: list[str] = []
    with Kernel(1) as kernel:

        def actor(name: str) -> SimPyProcess:
            yield kernel.env.timeout(5)
            order.append(name)
            yield kernel.env.timeout(0)
            order.append(f"{name} again")

        async def task() -> None:
            await kernel.delay_ns(5)
            order.append("task")

        kernel.process(actor("first"), "first")
        kernel.spawn(task(), "task")
        kernel.process(actor("second"), "second")
        kernel.run()
    assert order == ["first", "second", "first again", "second again", "task"]


def test_simpy_keeps_its_own_order_of_ties() -> None:
    """The same process network on plain SimPy and on the kernel's environment."""

    def network(env: simpy.Environment, log: list[Any]) -> None:
        resource = simpy.PriorityResource(env, capacity=1)

        def user(name: int) -> SimPyProcess:
            yield env.timeout(name % 3)
            with resource.request(priority=name % 2) as request:
                yield request | env.timeout(4)
                log.append((env.now, name, request.triggered))
                yield env.timeout(name % 2)
            try:
                yield env.all_of([env.timeout(1), env.process(child(name))])
            except simpy.Interrupt as interrupt:
                log.append((env.now, name, interrupt.cause))

        def child(name: int) -> SimPyProcess:
            yield env.timeout(0)
            log.append((env.now, "child", name))

        users = [env.process(user(name)) for name in range(8)]

        def disturber() -> SimPyProcess:
            for victim in (3, 5, 7):
                yield env.timeout(1)
                if users[victim].is_alive:
                    users[victim].interrupt(victim)

        env.process(disturber())

    logs: list[list[Any]] = [[], []]
    plain = simpy.Environment()
    network(plain, logs[0])
    with pytest.raises(simpy.Interrupt):
        plain.run()
    with Kernel(1) as kernel:
        network(kernel.env, logs[1])
        with pytest.raises(simpy.Interrupt):
            kernel.run()
        assert kernel.now_ns == plain.now
    assert logs[0]
    assert logs[1] == logs[0]


def simpy_ties(seed: int, explore: bool) -> list[int]:
    order: list[int] = []
    with Kernel(seed, explore=explore) as kernel:

        def actor(name: int) -> SimPyProcess:
            yield kernel.env.timeout(5)
            yield kernel.env.timeout(0)
            order.append(name)

        for name in range(6):
            kernel.process(actor(name), f"actor {name}")
        kernel.run()
        assert kernel.now_ns == 5
    return order


def test_exploring_shuffles_simpys_ties_by_the_seed() -> None:
    assert simpy_ties(1, explore=False) == list(range(6))
    explored = [simpy_ties(seed, explore=True) for seed in range(20)]
    assert explored == [simpy_ties(seed, explore=True) for seed in range(20)]
    assert len(set(map(tuple, explored))) > 10


def test_exploring_starts_a_process_before_it_interrupts_it() -> None:
    for seed in range(20):
        caught: list[Any] = []
        with Kernel(seed, explore=True) as kernel:

            def victim(caught: list[Any] = caught) -> SimPyProcess:
                caught.append("started")
                try:
                    yield kernel.env.timeout(5)
                except simpy.Interrupt as interrupt:
                    caught.append(interrupt.cause)

            kernel.process(victim(), "victim").interrupt("cause")
            kernel.run()
        assert caught == ["started", "cause"]


def test_the_environment_is_driven_by_the_kernel_only() -> None:
    with Kernel(1) as kernel:
        for drive in (kernel.env.run, kernel.env.step):
            with pytest.raises(KernelError, match=r"Kernel\.run"):
                drive()


# timers


def test_losing_timers_do_not_pile_up() -> None:
    with Kernel(1) as kernel:
        longest = 0

        async def main() -> None:
            nonlocal longest
            for _ in range(5_000):
                async with asyncio.timeout(3600):
                    await kernel.delay_ns(1)
                longest = max(longest, len(kernel.env._queue))

        kernel.run(main())
        assert kernel.now_ns == 5_000
        assert longest < 1_100


def test_timers_cancelled_in_one_go_do_not_pile_up_either() -> None:
    with Kernel(1) as kernel:
        for _ in range(5_000):
            kernel.loop.call_later(3600, print).cancel()
        assert len(kernel.env._queue) < 1_100
        kernel.run()
        assert kernel.now_ns == 0


def test_cancelled_delays_do_not_pile_up() -> None:
    with Kernel(1) as kernel:
        longest = 0

        async def main() -> None:
            nonlocal longest
            for _ in range(20_000):
                kernel.delay_ns(10**15).cancel()
                await kernel.delay_ns(1)
                longest = max(longest, len(kernel.env._queue))

        kernel.run(main())
        assert longest < 10_000
        assert kernel.now_ns == 20_000


def test_compaction_keeps_the_living_in_order() -> None:
    with Kernel(1) as kernel:
        fired: list[int] = []
        for serial in range(3_000):
            handle = kernel.loop.call_at((serial % 7) * 1e-3, fired.append, serial)
            if serial % 3:
                handle.cancel()
        assert len(kernel.env._queue) < 3_000
        kernel.run()
    assert fired == sorted(range(0, 3_000, 3), key=lambda serial: (serial % 7, serial))


def test_time_does_not_move_for_cancelled_timers() -> None:
    with Kernel(1) as kernel:

        async def main() -> None:
            handle = asyncio.get_running_loop().call_later(10, print)
            delay = kernel.delay_ns(10**12)
            await kernel.delay_ns(1)
            handle.cancel()
            delay.cancel()

        kernel.spawn(main(), "main")
        kernel.run()
        assert kernel.now_ns == 1


def test_a_cancelled_timer_lets_its_arguments_go() -> None:
    class Thing:
        pass

    with Kernel(1) as kernel:
        thing = Thing()
        handle = kernel.loop.call_later(10, id, thing)
        referrers = len(gc.get_referrers(thing))
        handle.cancel()
        assert len(gc.get_referrers(thing)) < referrers


# how runs end


def test_run_until_an_instant_stops_just_before_it() -> None:
    with Kernel(1) as kernel:
        fired: list[int] = []
        for at_ns in (9, 10, 11):
            kernel.loop.call_at(at_ns / 1e9, fired.append, at_ns)
        kernel.run(until=10)
        assert (kernel.now_ns, fired) == (10, [9])
        kernel.run(until=10)
        kernel.run(until=11)
        assert (kernel.now_ns, fired) == (11, [9, 10])
        with pytest.raises(KernelError, match="it is 11 ns already"):
            kernel.run(until=3)
        kernel.run()
        assert fired == [9, 10, 11]


def test_run_until_something_is_done_returns_its_value() -> None:
    with Kernel(1) as kernel:

        async def value() -> int:
            await kernel.delay_ns(3)
            return 7

        assert kernel.run(value()) == 7
        assert kernel.run(kernel.loop.create_task(value())) == 7
        assert kernel.run(kernel.env.timeout(4, "event")) == "event"
        future = kernel.loop.create_future()
        kernel.loop.call_later(1, future.set_result, "future")
        assert kernel.run(future) == "future"
        assert kernel.run(future) == "future"
        with pytest.raises(TypeError, match="'tomorrow'"):
            kernel.run("tomorrow")


def test_run_until_something_that_fails_raises_its_error() -> None:
    with Kernel(1) as kernel:

        async def fail() -> None:
            await kernel.delay_ns(3)
            raise Refusal(code=1)

        def failing() -> SimPyProcess:
            yield kernel.env.timeout(1)
            raise Refusal(code=2)

        with pytest.raises(Refusal):
            kernel.run(fail())
        with pytest.raises(Refusal):
            kernel.run(kernel.process(failing(), "failing"))


def test_a_run_that_ended_early_leaves_no_stop_behind() -> None:
    with Kernel(1) as kernel:

        async def fail() -> None:
            await kernel.delay_ns(3)
            raise Refusal(code=1)

        kernel.spawn(fail(), "fails")
        with pytest.raises(UnhandledError):
            kernel.run(until=10)
        kernel.env.timeout(100)
        kernel.run()
        assert kernel.now_ns == 103


def test_a_dying_task_that_nobody_awaits_ends_the_run_by_name() -> None:
    with Kernel(1) as kernel:

        async def die() -> None:
            await kernel.delay_ns(5)
            raise Refusal(code=1)

        async def live() -> None:
            await kernel.delay_ns(1_000)

        dying = kernel.spawn(die(), "the dying one")
        kernel.spawn(live(), "living")
        with pytest.raises(UnhandledError, match=r"'the dying one'.*at virtual 5 ns.*Refusal: refused") as caught:
            kernel.run()
        assert isinstance(caught.value.__cause__, Refusal)
        assert kernel.now_ns == 5
        assert dying.done()


def test_a_dying_task_that_somebody_awaits_is_theirs() -> None:
    with Kernel(1) as kernel:

        async def die() -> None:
            await kernel.delay_ns(5)
            raise Refusal(code=1)

        async def carer() -> str:
            try:
                await kernel.spawn(die(), "dying")
            except Refusal:
                return "took it"
            return ""

        assert kernel.run(carer()) == "took it"
        kernel.run()


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "dropped"])
def test_an_engines_failed_background_task_does_not_vanish(kept: bool) -> None:
    background: list[asyncio.Task[None]] = []
    with Kernel(1) as kernel:

        async def die() -> None:
            raise Refusal(code=1)

        async def main() -> None:
            task = asyncio.create_task(die(), name="background")
            if kept:
                background.append(task)
            del task
            await kernel.delay_ns(10)

        kernel.spawn(main(), "main")
        with pytest.raises(UnhandledError, match="'background'"):
            kernel.run()


def test_closing_tells_of_failures_that_nobody_took() -> None:
    kernel = Kernel(1)
    background = []

    async def die() -> None:
        raise Refusal(code=1)

    async def main() -> None:
        background.append(asyncio.create_task(die(), name="background"))
        await kernel.delay_ns(10)

    kernel.run(main())
    with pytest.raises(UnhandledError, match="'background'"):
        kernel.close()
    assert kernel.loop.is_closed()


def test_a_programs_own_exception_handler_is_told_instead() -> None:
    told: list[dict[str, Any]] = []
    with Kernel(1) as kernel:

        async def die() -> None:
            raise Refusal(code=1)

        kernel.loop.set_exception_handler(lambda loop, context: told.append(context))
        kernel.spawn(die(), "dying")
        kernel.run()
    assert [context["task"].get_name() for context in told] == ["dying"]
    assert isinstance(told[0]["exception"], Refusal)


def test_a_failed_process_ends_the_run_by_its_own_error_and_name() -> None:
    with Kernel(1) as kernel:

        def clumsy() -> SimPyProcess:
            yield kernel.env.timeout(4)
            raise Refusal(code=3)

        kernel.process(clumsy(), "clumsy")
        with pytest.raises(Refusal) as caught:
            kernel.run()
        assert caught.value.__notes__ == ["in SimPy process 'clumsy' at virtual 4 ns"]


def test_closing_gives_tasks_a_last_instant_and_wakes_nobody() -> None:
    seen: list[Any] = []
    kernel = Kernel(1)

    async def worker() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            seen.append("finally")
            await asyncio.sleep(50)
            seen.append("never")

    def caller() -> SimPyProcess:
        seen.append((yield kernel.call(worker())))

    kernel.process(caller(), "caller")
    kernel.run(until=10)
    kernel.close()
    kernel.close()
    assert seen == ["finally"]
    assert kernel.now_ns <= 11
    with pytest.raises(RuntimeError, match="closed"):
        kernel.loop.call_soon(print)


def test_a_kernel_does_not_run_inside_another() -> None:
    with Kernel(1) as outer, Kernel(2) as inner:

        async def main() -> None:
            with pytest.raises(RuntimeError, match="another loop is running"):
                inner.run()
            with pytest.raises(RuntimeError, match="already running"):
                outer.run()

        outer.run(main())
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()


def test_the_loop_serves_asyncio_runner() -> None:
    async def main() -> float:
        await asyncio.sleep(2)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=lambda: Kernel(1).loop) as runner:
        assert runner.run(main()) == 2.0


def test_deadlock_is_not_raised_for_daemons() -> None:
    with Kernel(1) as kernel:

        async def serve() -> None:
            await asyncio.Event().wait()

        def idle() -> SimPyProcess:
            yield kernel.env.event()

        kernel.spawn(serve(), "server", daemon=True)
        kernel.process(idle(), "idle", daemon=True)
        kernel.env.timeout(5)
        kernel.run()
        assert kernel.now_ns == 5
        with pytest.raises(DeadlockError):
            kernel.run(kernel.env.event())

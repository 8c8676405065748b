"""Random small programs run in the same order on asyncio's own loop and on the kernel's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kernel import Kernel
from tests.kernel.reference_loop import run_on_asyncio

UNIT_S = 1 / 512
Op = tuple[Any, ...]
Event = tuple[Any, ...]

names = st.integers(0, 2)
delays = st.integers(0, 3)
simple = st.one_of(
    st.tuples(st.just("sleep"), delays),
    st.tuples(st.just("give way")),
    st.tuples(st.just("put"), names),
    st.tuples(st.just("get"), names),
    st.tuples(st.just("set"), names),
    st.tuples(st.just("clear"), names),
    st.tuples(st.just("wait"), names),
    st.tuples(st.just("cancel"), st.integers(0, 6)),
    st.tuples(st.just("join"), st.integers(0, 6)),
    st.tuples(st.just("call soon"), names),
    st.tuples(st.just("call later"), delays),
    st.tuples(st.just("cancel last timer")),
    st.tuples(st.just("fail")),
)


def nested(blocks: st.SearchStrategy[list[Op]]) -> st.SearchStrategy[Op]:
    several = st.lists(blocks, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.just("lock"), names, blocks),
        st.tuples(st.just("semaphore"), names, blocks),
        st.tuples(st.just("condition"), names, blocks),
        st.tuples(st.just("timeout"), delays, blocks),
        st.tuples(st.just("wait_for"), delays, blocks),
        st.tuples(st.just("shield"), blocks),
        st.tuples(st.just("finally"), blocks),
        st.tuples(st.just("spawn"), blocks),
        st.tuples(st.just("gather"), several, st.booleans()),
        st.tuples(st.just("group"), several),
        st.tuples(st.just("first of"), several),
    )


ops = st.recursive(
    st.lists(simple, max_size=4), lambda blocks: st.lists(simple | nested(blocks), max_size=4), max_leaves=12
)
programs = st.lists(ops, min_size=1, max_size=4)


class World:
    """Runs a program written as data, and logs every step with its instant."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.locks = [asyncio.Lock() for _ in range(3)]
        self.semaphores = [asyncio.Semaphore(1 + i) for i in range(3)]
        self.conditions = [asyncio.Condition() for _ in range(3)]
        self.events = [asyncio.Event() for _ in range(3)]
        self.queues: list[asyncio.Queue[str]] = [asyncio.Queue(1), asyncio.LifoQueue(2), asyncio.PriorityQueue(3)]
        self.tasks: list[asyncio.Task[None]] = []
        self.timers: list[asyncio.TimerHandle] = []
        self.made = 0

    def note(self, *what: Any) -> None:
        self.log.append((round(asyncio.get_running_loop().time() * 1e9), *what))

    def start(self, block: list[Op]) -> asyncio.Task[None]:
        self.made += 1
        name = f"t{self.made}"
        task = asyncio.get_running_loop().create_task(self.body(name, block), name=name)
        self.tasks.append(task)
        return task

    async def body(self, name: str, block: list[Op]) -> None:
        self.note(name, "starts")
        try:
            await self.run(name, block)
        except BaseException as error:
            self.note(name, "ends by", type(error).__name__)
            raise
        self.note(name, "ends")

    async def run(self, name: str, block: list[Op]) -> None:
        for op in block:
            self.note(name, op[0])
            await getattr(self, f"do_{op[0].replace(' ', '_')}")(name, *op[1:])
            self.note(name, op[0], "done")

    async def do_sleep(self, name: str, delay: int) -> None:
        await asyncio.sleep(delay * UNIT_S)

    async def do_give_way(self, name: str) -> None:
        await asyncio.sleep(0)

    async def do_put(self, name: str, which: int) -> None:
        await self.queues[which].put(name)

    async def do_get(self, name: str, which: int) -> None:
        self.note(name, "got", await self.queues[which].get())

    async def do_set(self, name: str, which: int) -> None:
        self.events[which].set()

    async def do_clear(self, name: str, which: int) -> None:
        self.events[which].clear()

    async def do_wait(self, name: str, which: int) -> None:
        await self.events[which].wait()

    async def do_cancel(self, name: str, which: int) -> None:
        if which < len(self.tasks):
            self.note(name, self.tasks[which].cancel())

    async def do_join(self, name: str, which: int) -> None:
        if which < len(self.tasks) and self.tasks[which] is not asyncio.current_task():
            await asyncio.wait([self.tasks[which]])

    async def do_call_soon(self, name: str, which: int) -> None:
        asyncio.get_running_loop().call_soon(self.note, "soon", which)

    async def do_call_later(self, name: str, delay: int) -> None:
        self.timers.append(asyncio.get_running_loop().call_later(delay * UNIT_S, self.note, "later", delay))

    async def do_cancel_last_timer(self, name: str) -> None:
        if self.timers:
            self.timers.pop().cancel()

    async def do_fail(self, name: str) -> None:
        raise LookupError(name)

    async def do_lock(self, name: str, which: int, block: list[Op]) -> None:
        async with self.locks[which]:
            await self.run(name, block)

    async def do_semaphore(self, name: str, which: int, block: list[Op]) -> None:
        async with self.semaphores[which]:
            await self.run(name, block)

    async def do_condition(self, name: str, which: int, block: list[Op]) -> None:
        async with self.conditions[which]:
            self.conditions[which].notify()
            if block:
                await self.conditions[which].wait()
        await self.run(name, block)

    async def do_timeout(self, name: str, delay: int, block: list[Op]) -> None:
        async with asyncio.timeout(delay * UNIT_S):
            await self.run(name, block)

    async def do_wait_for(self, name: str, delay: int, block: list[Op]) -> None:
        await asyncio.wait_for(self.run(name, block), delay * UNIT_S)

    async def do_shield(self, name: str, block: list[Op]) -> None:
        await asyncio.shield(self.start(block))

    async def do_finally(self, name: str, block: list[Op]) -> None:
        try:
            await asyncio.sleep(UNIT_S)
        finally:
            await self.run(name, block)

    async def do_spawn(self, name: str, block: list[Op]) -> None:
        self.start(block)

    async def do_gather(self, name: str, blocks: list[list[Op]], as_values: bool) -> None:
        results = await asyncio.gather(*map(self.start, blocks), return_exceptions=as_values)
        self.note(name, "gathered", list(map(repr, results)))

    async def do_group(self, name: str, blocks: list[list[Op]]) -> None:
        async with asyncio.TaskGroup() as group:
            # With several children alive asyncio cancels them in the order of their addresses; one keeps it defined.
            for block in blocks[:1]:
                self.tasks.append(group.create_task(self.body(f"{name}.child", block), name=f"{name}.child"))
            await self.run(name, blocks[-1] if len(blocks) > 1 else [])

    async def do_first_of(self, name: str, blocks: list[list[Op]]) -> None:
        done, pending = await asyncio.wait(list(map(self.start, blocks)), return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(pending, key=lambda task: task.get_name()):
            task.cancel()
        self.note(name, "first", sorted(task.get_name() for task in done))


def logged(run: Callable[[Coroutine[Any, Any, Any]], Any], program: list[list[Op]]) -> list[Event]:
    """The events of a program: it runs for a while, then whatever is left is cancelled, in order, until it ends."""

    async def main() -> list[Event]:
        world = World()
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # wait_for may lose an error
        for block in program:
            world.start(block)
        await asyncio.sleep(20 * UNIT_S)
        for round_ in range(50):
            rest = [task for task in world.tasks if not task.done()]
            if not rest:
                break
            world.note("cancelling", round_, [task.get_name() for task in rest])
            for task in rest:
                task.cancel()
            await asyncio.wait(rest, timeout=20 * UNIT_S)
        for task in world.tasks:
            if task.done() and not task.cancelled():
                task.exception()
        return world.log

    return run(main())


@settings(deadline=None)
@given(program=programs)
def test_random_programs_run_in_the_order_of_asyncio(program: list[list[Op]]) -> None:
    with Kernel(seed=1) as kernel:
        assert logged(kernel.run, program) == logged(run_on_asyncio, program)


@settings(deadline=None, max_examples=50)
@given(program=programs, seed=st.integers(0, 1000))
def test_exploring_is_deterministic_per_seed(program: list[list[Op]], seed: int) -> None:
    logs = []
    for _ in range(2):
        with Kernel(seed, explore=True) as kernel:
            logs.append(logged(kernel.run, program))
    assert logs[0] == logs[1]


def test_exploring_finds_other_orders() -> None:
    program = [[("sleep", 1), ("give way",)] for _ in range(4)]
    orders = set()
    for seed in range(10):
        with Kernel(seed, explore=True) as kernel:
            orders.add(tuple(logged(kernel.run, program)))
    assert len(orders) == pytest.approx(10, abs=2)

"""What is done to a running service: one function for each, which returns when it is over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

import redis

from scenarios.chaos.stage import Stage, pause

PAUSE_S, CUT_S, BETWEEN_KILLS_S = 2.0, 4.0, 1.5


class Fault(NamedTuple):
    """``name`` for the command line, ``words`` for people."""

    name: str
    words: str
    happen: Callable[[Stage], None]
    chained: bool = False
    """Whether it is tried while captures are being burned on a chain."""


def _kill_worker(stage: Stage) -> None:
    os.kill(stage.workers[0], signal.SIGKILL)


def _kill_settler(stage: Stage) -> None:
    for _ in range(5):
        time.sleep(BETWEEN_KILLS_S)
        stage.kill_settler()
        stage.start_settling()


def _second_settler(stage: Stage) -> None:
    with stage.another_settler():
        time.sleep(CUT_S)
        stage.kill_settler()  # the other one takes over
        time.sleep(CUT_S)
    stage.start_settling()


def _cut_node(stage: Stage) -> None:
    pause([stage.chain.pid], CUT_S)


def _flush_redis(stage: Stage) -> None:
    with redis.Redis.from_url(stage.redis.url) as client:
        client.flushall()


def _kill_redis(stage: Stage) -> None:
    stage.redis.kill()
    stage.redis.start()


def _lose_redis(stage: Stage) -> None:
    stage.redis.kill()
    time.sleep(PAUSE_S)
    stage.redis.start()


FAULTS = (
    Fault("kill-worker", "kill -9 a worker", _kill_worker),
    Fault("flush-redis", "empty Redis", _flush_redis),
    Fault("kill-redis", "kill -9 Redis, start it again", _kill_redis),
    Fault("lose-redis", f"kill -9 Redis, {PAUSE_S:g} s without", _lose_redis),
    Fault("restart-postgres", "restart PostgreSQL", lambda stage: stage.postgres.restart("fast")),
    Fault("crash-postgres", "crash PostgreSQL, recover", lambda stage: stage.postgres.restart("immediate")),
    Fault("pause-worker", f"pause a worker for {PAUSE_S:g} s", lambda stage: pause(stage.workers[:1], PAUSE_S)),
    Fault("pause-redis", f"pause Redis for {PAUSE_S:g} s", lambda stage: pause([stage.redis.pid], PAUSE_S)),
    Fault("pause-postgres", f"pause PostgreSQL for {PAUSE_S:g} s", lambda stage: pause(stage.postgres.pids, PAUSE_S)),
    Fault("kill-settler", "kill -9 the settlement process, five times", _kill_settler, chained=True),
    Fault("two-settlers", "two settlement processes at once", _second_settler, chained=True),
    Fault("cut-node", f"no answer from the RPC node for {CUT_S:g} s", _cut_node, chained=True),
)

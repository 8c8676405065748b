"""Where worlds run: in this process, in warm processes on all cores, or on a Dask cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from scenarios.fuzz.case import Case, ready
from scenarios.problems import BadInput

DASK = "dask://"
DASK_WAIT_S = 30
"""How long a scheduler may take to answer, and its first worker to appear."""


@contextmanager
def workers(jobs: int | None, executor: str, case: Case) -> Iterator[tuple[Executor, int]]:
    """An executor and how many workers it has; leaving ends them. Raises BadInput for a cluster that is not there."""
    if executor:
        with _dask(executor) as found:
            yield found
        return
    jobs = cores() if jobs is None else jobs
    if jobs == 1:
        yield _Here(), 1
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _warm_up, (case, os.getcwd()))
    try:
        yield pool, jobs
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _warm_up(case: Case, folder: str) -> None:
    """Read the scenario and import the engine once. Ctrl-C is for the parent, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(folder)
    ready(case)


class _Here(Executor):
    """Runs what is submitted at once, in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))  # an error is the caller's, here and now
        return future


@contextmanager
def _dask(url: str) -> Iterator[tuple[Executor, int]]:
    address = url.removeprefix(DASK)
    if not url.startswith(DASK) or ":" not in address:
        raise BadInput(f"no executor {url!r}: it is written dask://HOST:PORT")
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise BadInput(f"--executor {url} needs the extra `dask`: pip install 'swipelab[dask]'") from error
    try:
        client = Client(f"tcp://{address}", timeout=DASK_WAIT_S, set_as_default=False)
    except OSError as error:
        raise BadInput(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        client.wait_for_workers(1, timeout=DASK_WAIT_S)
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        with client.get_executor(pure=False, retries=0) as executor:
            yield executor, workers

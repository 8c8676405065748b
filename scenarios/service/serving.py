"""Worker processes that answer HTTP, until a signal ends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException

import psutil
import uvicorn
from pydantic import SecretStr

from engine.settings import PREFIX, Settings
from scenarios.cli.codes import BAD_INPUT

APPLICATION = "engine.bootstrap:create"
GRACE_S = 10
"""For so long requests in flight may go on when the service is asked to stop."""
POLL_S, PATIENCE_S = 0.05, 60.0
AGAIN_S = 1.0
"""After a process has died, so long until the next is started."""


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM; then requests in flight end, and queues are emptied. ``ready`` is told the URL.

    Of several workers one that dies is replaced. They read their settings from their environment.
    """
    os.environ.update(environment_of(settings))
    url = f"http://{settings.host}:{settings.port}"
    threading.Thread(target=_tell_when_ready, args=(url, ready), daemon=True).start()
    uvicorn.run(
        APPLICATION, factory=True, host=settings.host, port=settings.port, workers=settings.workers, loop="uvloop",
        http="httptools", ws="websockets-sansio", access_log=False, proxy_headers=False, log_level="warning",
        server_header=False, timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=75,
    )  # fmt: skip


@contextmanager
def ticking(settings: Settings) -> Iterator[Callable[[], None]]:
    """Gives what begins it: from then on, while the block lasts, a settlement process runs beside it, and another where
    one has died."""
    environment, over = {**os.environ, **environment_of(settings)}, threading.Event()
    keeper = threading.Thread(target=_keep_settling, args=(environment, over))
    try:
        yield keeper.start
    finally:
        over.set()
        if keeper.ident is not None:
            keeper.join()


def _keep_settling(environment: Mapping[str, str], over: threading.Event) -> None:
    command = [sys.executable, "-m", "scenarios.cli", "settle"]
    while not over.is_set():
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        while process.poll() is None and not over.wait(POLL_S):
            pass
        if process.returncode == BAD_INPUT:
            return  # it has said what is wrong, and would say it again
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        over.wait(AGAIN_S)


def worker_pids(service_pid: int) -> list[int]:
    """The worker processes of a service that are alive just now."""
    found = []
    for child in psutil.Process(service_pid).children():
        with suppress(psutil.NoSuchProcess):  # died while it was looked at
            if child.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The variables from which ``load_settings`` makes the same settings again, but for API keys: of those only digests
    are known here, and they come by the environment alone, which is handed on."""
    variables = {f"{PREFIX}{name.upper()}": _told(getattr(settings, name)) for name in type(settings).model_fields}
    del variables[f"{PREFIX}API_KEYS"]
    return variables


def _told(value: object) -> str:
    """A value as a variable; empty for one that is not set."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)


def _tell_when_ready(url: str, ready: Callable[[str], None]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):  # not yet
            if _status_of(url, "/readyz") == 200:
                ready(url)
                return
        time.sleep(POLL_S)


def wait_for_funds(url: str, account_id: str) -> None:
    """Until a deposit that is on its way is there, but not for ever; ``url`` is a sandbox, which asks for no key."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            status, body = _asked(url, f"/v1/accounts/{account_id}/balance")
            if status != 200 or json.loads(body)["available_usdc6"]:
                return
        time.sleep(POLL_S)


def _status_of(url: str, path: str) -> int:
    return _asked(url, path)[0]


def _asked(url: str, path: str) -> tuple[int, bytes]:
    """Asked in the plainest way: a client that could do more is a quarter of a second in the making."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()

"""The service against the same server saying hello: ``python -m tests.bench.service [seconds of each load]``.

Everything runs on this machine: two workers, PostgreSQL, Redis and the generator share its cores. One line of JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from scenarios.load.processes import free_port
from tests.bench.closed_loop import Measured, load

AUTHORIZE = "/v1/engine/authorize"
ACCOUNTS, DEADLINE_MS = 1_000, 500
HELLO = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def hello(request):
    await request.body()
    return JSONResponse({"hello": "world"})

app = Starlette(routes=[Route("/v1/engine/authorize", hello, methods=["POST"])])
"""


@contextmanager
def serving(command: list[str], port: int, path: str) -> Iterator[None]:
    """A server in a process of its own, ready."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, *command], **quiet) as process:
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=5).status_code in (
                        200,
                        405,
                    ):
                        break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(60)


def swipes(run: str, accounts: int) -> Callable[[], bytes]:
    """Bodies of ever new swipes, each on one of so many accounts."""
    numbers, draw = itertools.count(), random.Random(1)

    def body() -> bytes:
        number, account = next(numbers), draw.randrange(accounts)
        return (
            f'{{"idempotency_key":"{run}-{number}","authorization_id":"{run}-a{number}","card_id":"bench-c{account}",'
            f'"amount_cents":1,"network":"visa","merchant_id":"m","mcc":"5411","sent_at_ns":0,"kind":"purchase",'
            '"partial_supported":false,"presence":"present","initiator":"cardholder"}'
        ).encode()

    return body


async def open_accounts(port: int) -> None:
    turn = asyncio.Semaphore(16)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:

        async def one(number: int) -> None:
            async with turn:
                name = f"bench-{number}"
                card = {"card_id": f"bench-c{number}", "network": "visa", "expires_at_ns": 9 * 10**18}
                opening = {"account_id": name, "address": f"0x{10**9 + number:040x}", "cards": [card]}
                (await client.post("/v1/engine/open_account", json=opening)).raise_for_status()
                paid = {"deposit_id": f"{name}:0", "account_id": name, "amount_usdc6": 10**12, "block_number": 1}
                (await client.post("/v1/engine/deposit", json=paid)).raise_for_status()

        await asyncio.gather(*(one(number) for number in range(ACCOUNTS)))


def best(port: int, body: Callable[[], bytes], seconds: float) -> Measured:
    """The most that a server does, over some numbers of connections."""
    tried = [load(port, AUTHORIZE, body, connections, seconds) for connections in (32, 64, 128, 192)]
    return max(tried, key=lambda measured: measured.per_s.get(200, 0))


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    port = free_port()
    folder = os.environ.get("TMPDIR", "/tmp")
    path = os.path.join(folder, f"swipelab_hello_{os.getpid()}.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(HELLO)
    module = os.path.basename(path)[:-3]
    uvicorn = ["-m", "uvicorn", f"{module}:app", "--app-dir", folder, "--workers", "2", "--loop", "uvloop"]
    options = ["--http", "httptools", "--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
    try:
        with serving([*uvicorn, *options, "--port", str(port)], port, AUTHORIZE):
            hello = best(port, swipes("h", ACCOUNTS), seconds)
    finally:
        os.unlink(path)
    port = free_port()
    with serving(["-m", "scenarios.cli", "serve", "--port", str(port)], port, "/readyz"):
        asyncio.run(open_accounts(port))
        load(port, AUTHORIZE, swipes("warm", ACCOUNTS), 64, seconds)
        durable = best(port, swipes("d", ACCOUNTS), seconds)
        hot = best(port, swipes("hot", 1), seconds)
        crowd = load(port, AUTHORIZE, swipes("c", ACCOUNTS), 600, seconds)
        after = load(port, AUTHORIZE, swipes("r", ACCOUNTS), 32, seconds)
    print(json.dumps({
        "hello_per_s": hello.per_s[200], "hello_p99_ms": hello.p99_ms,
        "durable_per_s": durable.per_s[200], "durable_p99_ms": durable.p99_ms,
        "hot_per_s": hot.per_s.get(200, 0), "hot_p99_ms": hot.p99_ms,
        "crowd_per_s": crowd.per_s.get(200, 0), "crowd_p99_ms": crowd.p99_ms, "crowd_max_ms": crowd.max_ms,
        "crowd_refused_per_s": sum(rate for status, rate in crowd.per_s.items() if status != 200),
        "after_per_s": after.per_s.get(200, 0), "after_p99_ms": after.p99_ms,
        "load_average": os.getloadavg()[0],
    }))  # fmt: skip


if __name__ == "__main__":
    main()

"""`swipelab serve`: the engine as a service, on stores of one's own or embedded ones."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil

from engine.settings import PREFIX, Settings, SettingsError, load_settings
from scenarios.cli import screen
from scenarios.cli.codes import PASSED
from scenarios.problems import BadInput
from scenarios.service.backing import backed
from scenarios.service.sandbox import PEOPLE


def settings_from(options: Mapping[str, object]) -> Settings:
    """The environment's settings, with what options say instead. Raises BadInput."""
    given = {f"{PREFIX}{name.upper()}": str(value) for name, value in options.items() if value is not None}
    try:
        return load_settings({**os.environ, **given})
    except SettingsError as error:
        raise BadInput(str(error)) from None


def serve(options: Mapping[str, object], data: Path | None, *, devnet: bool) -> int:
    """Serve until a signal comes. Raises BadInput."""
    settings = settings_from(options)
    _check_chain(settings, options, devnet=devnet)
    _check_free(settings.host, settings.port)
    console = screen.out()
    with ExitStack() as stack:
        whole = stack.enter_context(backed(settings, data, devnet=devnet))
        from scenarios.service import serving  # imported while the stores were started

        begin_ticking = stack.enter_context(serving.ticking(whole))

        def ready(url: str) -> None:
            console.print(f"swipelab answers at {url} after {_age_s():.1f} s", markup=False)
            if settings.database_url is None:
                begin_ticking()  # who runs stores of their own has settlement processes of their own
                kept = f"in {data}" if data else "gone when it ends (--data DIR keeps them)"
                console.print(f"embedded PostgreSQL and Redis, {whole.workers} workers; data {kept}", markup=False)
                if devnet:
                    console.print(f"a chain at {whole.rpc_url.get_secret_value()}, CardToken {whole.token_address}")
                    serving.wait_for_funds(url, PEOPLE[0].account_id)
                console.print(f"a first swipe, by {PEOPLE[0].account_id} with $1,000:", markup=False)
                console.print(first_swipe(url), markup=False, soft_wrap=True)
                if devnet:
                    console.print("and its capture, burned within the minute:", markup=False)
                    console.print(first_capture(url), markup=False, soft_wrap=True)

        serving.serve(whole, ready)
    return PASSED


def _age_s() -> float:
    """How long this process has been there. Linux knows that to the tick since it booted, and when it booted only to
    the second."""
    began_s = psutil.Process().create_time()
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME) - (began_s - psutil.boot_time())
    return time.time() - began_s


def _check_chain(settings: Settings, options: Mapping[str, object], *, devnet: bool) -> None:
    """Raises BadInput for a chain on which nothing would be settled."""
    if settings.database_url is not None:
        if options["rpc_url"] is not None:
            raise BadInput(
                "--rpc-url: with --database-url settlement is a process of its own: swipelab settle --rpc-url URL"
            )
    elif settings.rpc_url is not None:
        if devnet:
            raise BadInput("--devnet brings a chain of its own: either that or --rpc-url")
        lacking = [f"{PREFIX}{n.upper()}" for n in ("token_address", "settler_key") if getattr(settings, n) is None]
        if lacking:
            raise BadInput(f"{' and '.join(lacking)}: not set, and --rpc-url needs it; --devnet brings all it needs")


def _check_free(host: str, port: int) -> None:
    """Raises BadInput where something listens already, or nothing of ours may."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return
    except (OSError, OverflowError) as error:
        raise BadInput(f"--host {host} --port {port}: cannot listen there ({error}); try --port {port + 1}") from error


def first_swipe(url: str) -> str:
    """A curl that approves one."""
    body = (
        '{"idempotency_key":"k1","authorization_id":"a1","card_id":"card-ada","amount_cents":1250,'
        '"network":"visa","merchant_id":"m1","mcc":"5411","sent_at_ns":0}'
    )
    return _curl(f"{url}/v1/engine/authorize", body)


def first_capture(url: str) -> str:
    """A curl that captures it."""
    presentment = (
        '{"presentment_id":"p1","authorization_id":"a1","card_id":"card-ada","network":"visa","amount_cents":1250}'
    )
    body = f'{{"idempotency_key":"k2","network":"visa","file_id":"f1","sent_at_ns":0,"presentments":[{presentment}]}}'
    return _curl(f"{url}/v1/engine/capture", body)


def _curl(url: str, body: str) -> str:
    return f"  curl -s {url} -H 'content-type: application/json' -d '{body}'"

"""The stores under a service: those of the settings, or embedded ones where there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from engine.adapters.embedded import embedded_postgres, embedded_redis
from engine.settings import Settings
from scenarios.problems import BadInput
from scenarios.service.sandbox import FUNDS_USDC6, PEOPLE

CHAIN_SEED = "sandbox"
CONFIRMATIONS, SETTLED_EVERY_S = 2, 60.0
"""On a local chain: blocks are a second apart and nobody reorganises them."""


@contextmanager
def backed(settings: Settings, data: Path | None = None, *, devnet: bool = False) -> Iterator[Settings]:
    """Settings that name stores which are there, migrated; a database of our own has the sandbox's people.

    ``data``: the folder in which an embedded PostgreSQL keeps what it has; a temporary one if None. ``devnet``: a local
    chain, on which the sandbox's people pay in; else their deposits are only told. Raises BadInput.
    """
    if devnet and data is not None:
        raise BadInput("--devnet: its chain is gone when it ends, so it does not go with --data")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="swipelab-")))
        own = settings.database_url is None
        if own:
            if data is not None:
                _check_folder(data)
            database = embedded_postgres(data or scratch / "postgres", keep=data is not None)
            with ThreadPoolExecutor(1) as meanwhile:  # its first start and the imports of what follows: a second each
                starting = meanwhile.submit(stack.enter_context, database)
                import scenarios.service.preparing
                import scenarios.service.serving  # noqa: F401
            settings = _with(settings, database_url=SecretStr(starting.result()))
        from engine.http.metrics import clear
        from scenarios.service.preparing import prepare, seed

        if settings.redis_url is None:
            settings = _with(settings, redis_url=SecretStr(stack.enter_context(embedded_redis(scratch))))
        if settings.metrics_dir is None and settings.workers > 1:
            metrics = scratch / "metrics"
            metrics.mkdir()
            settings = _with(settings, metrics_dir=metrics)
        if settings.metrics_dir is not None:
            clear(settings.metrics_dir)
        chain = None
        if devnet:
            from simulators.devnet import start_devnet

            chain = stack.enter_context(start_devnet(seed=CHAIN_SEED))
            settings = _with(
                settings, rpc_url=SecretStr(chain.url), token_address=chain.token_address,
                settler_key=SecretStr(chain.settler_key), confirmations=CONFIRMATIONS,
                settle_interval_s=min(settings.settle_interval_s, SETTLED_EVERY_S),
            )  # fmt: skip
        asyncio.run(prepare(settings))
        if own:
            asyncio.run(seed(settings, told=chain is None))
        if chain is not None:
            for person in PEOPLE:
                chain.fund(person.address, FUNDS_USDC6)
        yield settings


def _with(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update=changes)


def _check_folder(data: Path) -> None:
    """Raises BadInput where nothing can be kept."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--data {data}: no folder that can be written ({error.strerror})") from error

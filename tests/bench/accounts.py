"""What a million accounts cost: ``python -m tests.bench.accounts [accounts...]``.

For each number of accounts: how quick decisions are on some of them drawn at random, the first time (the image is made
from the ledger) and the second, and how much Redis holds for an image. In one process, without HTTP. One line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import redis
from pydantic import SecretStr
from sqlalchemy import text

from engine.adapters import postgres
from engine.adapters.embedded import embedded_postgres, embedded_redis
from engine.adapters.postgres.migrate import migrate
from engine.bootstrap import Production, production
from engine.interface import AuthorizationRequest
from engine.settings import Settings

SAMPLE, AT_ONCE = 3_000, 16
FILL = (
    """INSERT INTO accounts (account_id, address, status, kyc_level, mandates, view, available_usdc6)
    SELECT 'u' || n, '0x' || lpad(to_hex(n), 40, '0'), 'active', 1, '{"tuple":[]}', 1, 1000000000
    FROM generate_series(1, :accounts) AS n ON CONFLICT DO NOTHING""",
    """INSERT INTO cards (card_id, account_id, network, expires_at_ns, status, mandate_id, counter_id, last4)
    SELECT 'c' || n, 'u' || n, 'visa', 9000000000000000000, 'active', '', '', ''
    FROM generate_series(1, :accounts) AS n ON CONFLICT DO NOTHING""",
    "ANALYZE accounts", "ANALYZE cards",
)  # fmt: skip


async def one_pass(made: Production, name: str, accounts: list[int]) -> float:
    """Decide once on each account; seconds."""
    left = iter(accounts)

    async def some() -> None:
        for number in left:
            request = AuthorizationRequest(
                f"{name}-{number}", f"{name}-a{number}", f"c{number}", 1, "visa", "m", "5411", 1
            )
            response = await made.engine.authorize(request)
            if not response.approved:
                raise RuntimeError(f"{response}")

    began_s = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return time.perf_counter() - began_s


def held_bytes(settings: Settings) -> int:
    """What Redis holds."""
    assert settings.redis_url is not None
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        return client.info("memory")["used_memory"]


async def measured(settings: Settings, accounts: int) -> dict[str, float]:
    """All figures of one size."""
    assert settings.database_url is not None
    engine = postgres.connect(settings.database_url.get_secret_value())
    await migrate(engine)
    async with engine.begin() as connection:
        for statement in FILL:
            await connection.execute(text(statement), {"accounts": accounts} if ":accounts" in statement else {})
    await engine.dispose()
    made = production(settings)
    try:
        drawn = random.Random(accounts).sample(range(1, accounts + 1), min(SAMPLE, accounts))
        before = held_bytes(settings)
        cold_s = await one_pass(made, f"cold{accounts}", drawn)
        held = (held_bytes(settings) - before) / len(drawn)
        warm_s = min([await one_pass(made, f"warm{accounts}-{again}", drawn) for again in range(3)])
    finally:
        await made.close()
    return {
        "accounts": accounts, "cold_us": cold_s / len(drawn) * 1e6, "warm_us": warm_s / len(drawn) * 1e6,
        "bytes_each": held,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 1_000_000]
    found = []
    for size in sizes:
        with (
            TemporaryDirectory() as folder, embedded_postgres(Path(folder) / "pg", keep=False) as database_url,
            embedded_redis(Path(folder)) as redis_url,
        ):  # fmt: skip
            Path(folder).chmod(0o755)
            settings = Settings(
                database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), decision_budget_ms=2_000
            )
            found.append(asyncio.run(measured(settings, size)))
    print(json.dumps({"sizes": found}))


if __name__ == "__main__":
    main()

"""`swipelab settle`: the settlement process, for good or once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from engine.interface import EngineError
from engine.settings import SettingsError
from engine.settling import settle_once, settle_until
from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.cli.serving import settings_from
from scenarios.problems import BadInput


def settle(options: Mapping[str, object], *, once: bool) -> int:
    """Work until a signal comes, or settle once. Raises BadInput."""
    settings = settings_from(options)
    failed: list[str] = []
    try:
        if once:
            receipt = asyncio.run(settle_once(settings))
            words = (
                f"{receipt.settled_usdc6 / 1_000_000:,.6f} USDC of {receipt.users} users in {receipt.batches} batches"
            )
            screen.out().print(f"burned {words}, {receipt.gas_used:,} gas", markup=False)
        else:
            asyncio.run(_until_told(settings))
    except* (SettingsError, ValueError) as errors:
        raise BadInput("\n".join(str(error) for error in errors.exceptions)) from None
    except* EngineError as errors:
        failed = [str(error) for error in errors.exceptions]
    for words in failed:
        screen.err().print(words, markup=False)
    return FAILED if failed else PASSED


async def _until_told(settings: Any) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    structlog.configure(
        processors=[structlog.processors.TimeStamper(fmt="iso", key="at"), structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    log = structlog.get_logger().bind(part="settle")
    await settle_until(settings, stop, lambda event, **fields: log.info(event, **fields))

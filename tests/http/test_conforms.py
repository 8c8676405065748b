"""The production engine behind the service is the same engine: the conformance suite holds over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from engine.http.app import create_app
from engine.http.service import Service
from engine.interface import CardEngine, EngineKit
from engine.services.engine import build
from engine.settings import Settings
from scenarios.conformance.registry import LIVES, Case, chosen
from scenarios.conformance.subject import FreshEngine
from scenarios.conformance.trial import Result, judge
from simulators.http_engine import HttpEngine
from tests.http.world import World


def over_http(kit: EngineKit) -> CardEngine:
    """The production engine as a client of its own service sees it, in virtual time."""
    outside = World(webhook_secret=None).service
    service = Service(
        engine=build(kit),
        clock=kit.ports.clock,
        settings=Settings(),
        health=outside.health,
        transactions=outside.transactions,
        changes=outside.changes,
    )
    return HttpEngine(create_app(service, lambda: asyncio.get_running_loop().time(), worker="w"), kit)


CASES = [case for case in chosen(()) if case is not LIVES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_conformance_over_http(case: Case) -> None:
    outcome = judge(case, FreshEngine("over http", over_http))
    assert outcome.result is Result.PASS, "\n".join((case.rule, *outcome.said))

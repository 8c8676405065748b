"""What operators look at: liveness, readiness, metrics over several workers, log lines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.http.logs import LINES_PER_S, Log
from engine.http.metrics import BUCKETS_S, Metrics, clear
from engine.http.service import Check
from engine.interface import AuthorizationResponse, DeclineReason
from engine.settings import DEADLINES_MS, LogLevel
from tests.http.world import KEYS, OPS, World, bearer, opened, say

ROOT = Path(__file__).parents[2]


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, frozenset(labels.items())]


async def test_it_is_alive_whatever_the_stores_do() -> None:
    world = World()
    world.checks = (Check("ledger", False, "PostgreSQL does not answer: start it"),)
    async with world.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        assert (await client.head("/healthz")).content == b""


async def test_it_is_ready_when_every_check_is_and_says_what_to_do_when_not() -> None:
    world = World(api_keys=KEYS)
    async with world.client() as client:
        assert (await client.get("/readyz")).json()["status"] == "ready"
        world.checks = (Check("cache", True, ""), Check("ledger", False, "PostgreSQL does not answer: start it"))
        told = await client.get("/readyz", headers=bearer(OPS))
        assert (told.status_code, told.json()["status"]) == (503, "not_ready")
        assert told.json()["checks"][1] == {
            "name": "ledger", "ok": False, "detail": "PostgreSQL does not answer: start it"
        }  # fmt: skip
        withheld = await client.get("/readyz")
        assert (withheld.status_code, withheld.json()["checks"][1]["detail"]) == (503, "")


async def test_requests_decisions_and_times_are_counted_by_route() -> None:
    world = World()
    async with world.client() as client:
        await opened(client)
        await say(client, "authorize")
        await say(
            client,
            "authorize",
            idempotency_key="k2",
            authorization_id="a2",
            partial_supported=False,
            amount_cents=99_999,
        )
        await say(client, "authorize", amount_cents="x")
        await client.get("/nowhere/4111111111111111")
        text = (await client.get("/metrics")).text
    route = "/v1/engine/authorize"
    assert value(text, "swipelab_requests_total", route=route, status="200") == 2
    assert value(text, "swipelab_requests_total", route=route, status="400") == 1
    assert value(text, "swipelab_requests_total", route="none", status="404") == 1
    assert value(text, "swipelab_decisions_total", outcome="approved", reason="") == 1
    assert value(text, "swipelab_decisions_total", outcome="declined", reason="insufficient_funds") == 1
    assert value(text, "swipelab_request_seconds_count", route=route) == 3
    assert value(text, "swipelab_request_seconds_bucket", route=route, le="0.005") == 3
    assert value(text, "swipelab_in_flight_limit") == 512


def test_every_deadline_is_a_bound_of_the_histogram() -> None:
    assert {deadline_ms / 1_000 for deadline_ms in DEADLINES_MS.values()} <= set(BUCKETS_S)


WORKER = """
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from engine.http.metrics import Metrics
metrics = Metrics(Path(sys.argv[1]))
metrics.in_flight = lambda: 5
metrics.answered("/a", 200, 0.3)
metrics.answered("/a", 200, 9.0)
metrics.close() if sys.argv[2] == "closed" else metrics.flush()
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def others(tmp_path: Path, ending: str) -> Iterator[None]:
    """Two more workers, which have been closed or killed or are running still."""
    command = [sys.executable, "-c", WORKER, str(tmp_path), ending]
    with ExitStack() as stack:
        for _ in range(2):
            worker = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.enter_context(worker)
            assert worker.stdout.read(1)
            if ending == "killed":
                worker.kill()
                worker.wait()
        yield


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("ending", ["closed", "killed", "running"])
def test_one_worker_answers_for_all(tmp_path: Path, ending: str) -> None:
    mine = Metrics(tmp_path)
    mine.answered("/a", 200, 0.004)
    mine.decided(AuthorizationResponse("a", False, 0, "51", DeclineReason.INSUFFICIENT_FUNDS, 0))
    text = mine.exposed().decode()
    assert value(text, "swipelab_requests_total", route="/a", status="200") == 5
    assert value(text, "swipelab_request_seconds_bucket", route="/a", le="0.005") == 1
    assert value(text, "swipelab_request_seconds_bucket", route="/a", le="0.5") == 3
    assert value(text, "swipelab_request_seconds_bucket", route="/a", le="+Inf") == 5
    assert value(text, "swipelab_request_seconds_count", route="/a") == 5
    assert value(text, "swipelab_request_seconds_sum", route="/a") == pytest.approx(18.604)
    assert value(text, "swipelab_in_flight") == (10 if ending == "running" else 0)
    assert mine.exposed().decode() == text  # asking changes nothing
    mine.close()
    assert [file for file in tmp_path.iterdir() if f"gauge_livesum_{os.getpid()}" in file.name] == []
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_request_that_went_well_and_fast_leaves_no_line() -> None:
    world = World()
    async with world.client() as client:
        await opened(client)
    assert world.log.getvalue() == ""


async def test_a_slow_or_failing_request_leaves_one_line_with_its_id() -> None:
    world = World(api_keys=KEYS)
    async with world.client(**bearer(OPS)) as client:
        failing = await say(client, "balance", account_id="nobody")
        named = await client.get("/nowhere", headers={"x-request-id": "my-id.1"})
    first, second = world.log_lines()
    assert named.headers["x-request-id"] == second["request_id"] == "my-id.1"
    assert first == {
        "at": "2026-03-01T00:00:00.000+00:00", "level": "info", "event": "request",
        "request_id": failing.headers["x-request-id"], "route": "/v1/engine/balance", "method": "POST",
        "status": 404, "duration_ms": 0.0, "principal": "ops",
    }  # fmt: skip


async def test_a_slow_request_is_a_warning_and_samples_are_drawn() -> None:
    for settings, level in (({"slow_ms": 0}, "warning"), ({"log_sample": 1}, "info")):
        world = World(**settings)
        async with world.client() as client:
            await opened(client)
        assert {line["level"] for line in world.log_lines()} == {level}


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "4111111111111111", 'a"b', "a\\b"])
async def test_a_request_id_that_could_not_be_written_anywhere_is_replaced(given: str) -> None:
    async with World().client() as client:
        answer = await client.get("/healthz", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] not in ("", given)


def test_a_flood_of_lines_is_cut_and_told() -> None:
    world = World()
    now_s = 0.0
    log = Log(LogLevel.INFO, world.clock.now_ns, lambda: now_s, world.log)
    for _ in range(int(LINES_PER_S) + 50):
        log.request("info", "request")
    assert len(world.log_lines()) == LINES_PER_S
    now_s = 1.0
    log.request("info", "request")
    assert world.log_lines()[-1]["lines_dropped"] == 50

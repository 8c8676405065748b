"""`swipelab serve` and `settle`, as a person starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from scenarios.load.processes import free_port
from scenarios.service.serving import worker_pids

PATIENCE_S, POLL_S = 90, 0.1
SWIPELAB = [sys.executable, "-m", "scenarios.cli"]


@contextmanager
def served(*options: str, **environment: str):
    port = free_port()
    command = [*SWIPELAB, "serve", "--port", str(port), *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, **environment}, **pipes) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
                comes(lambda: answers(client))
                yield client, process
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def comes(true) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(POLL_S)


def swipe(number: int, cents: int = 1_250) -> dict:
    return {
        "idempotency_key": f"k{number}", "authorization_id": f"a{number}", "card_id": "card-ada", "amount_cents": cents,
        "network": "visa", "merchant_id": "m1", "mcc": "5411", "sent_at_ns": 0,
    }  # fmt: skip


def workers_of(process: subprocess.Popen) -> set[int]:
    return set(worker_pids(process.pid))


@pytest.mark.timeout(240)
def test_a_service_without_settings_approves_replaces_a_dead_worker_and_stops_when_told() -> None:
    with served() as (client, process):
        first = client.post("/v1/engine/authorize", json=swipe(1)).json()
        assert first["approved"] is True
        assert client.post("/v1/engine/authorize", json=swipe(1)).json() == first, "a repeat gets the same answer"
        assert client.get("/v1/accounts/ada/balance").json()["held_usdc6"] == 12_500_000
        assert client.post("/v1/engine/settle", json={"now_ns": 1}).status_code == 501, "workers have no chain"
        before = workers_of(process)
        assert len(before) == 2
        os.kill(min(before), signal.SIGKILL)
        comes(lambda: len(workers_of(process) - before) == 1)
        comes(lambda: answers(client))
        assert client.post("/v1/engine/authorize", json=swipe(1)).json() == first
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "answers at http://127.0.0.1:" in out
    assert "curl -s http://127.0.0.1:" in out


@pytest.mark.timeout(240)
def test_on_a_local_chain_a_capture_is_burned_and_told_in_the_history() -> None:
    with served("--devnet", SWIPELAB_SETTLE_INTERVAL_S="1", SWIPELAB_TICK_INTERVAL_S="1") as (client, _):
        comes(lambda: client.get("/v1/accounts/ada/balance").json()["available_usdc6"] == 1_000_000_000)
        assert client.post("/v1/engine/authorize", json=swipe(1)).json()["approved"] is True
        sale = {
            "presentment_id": "p1", "authorization_id": "a1", "card_id": "card-ada", "network": "visa",
            "amount_cents": 1_250,
        }  # fmt: skip
        batch = {"idempotency_key": "b1", "network": "visa", "file_id": "f1", "sent_at_ns": 0, "presentments": [sale]}
        assert client.post("/v1/engine/capture", json=batch).json()["results"][0]["outcome"] == "posted"

        def history() -> list[str]:
            return [line["kind"] for line in client.get("/v1/accounts/ada/transactions").json()["transactions"]]

        comes(lambda: history() == ["settlement", "capture", "deposit"])


@pytest.mark.parametrize(
    ("command", "environment", "words"),
    [
        (["serve", "--host", "0.0.0.0"], {}, "SWIPELAB_API_KEYS"),
        (["serve", "--workers", "0"], {}, "SWIPELAB_WORKERS"),
        (["serve"], {"SWIPELAB_DATABSE_URL": "x"}, "did you mean SWIPELAB_DATABASE_URL"),
        (["serve", "--devnet", "--data", "somewhere"], {}, "does not go with --data"),
        (["settle"], {}, "SWIPELAB_DATABASE_URL: not set"),
        (["chaos", "--only", "kill-reddis"], {}, "did you mean kill-redis"),
    ],
)
def test_what_cannot_be_is_one_message(command, environment, words) -> None:
    done = subprocess.run([*SWIPELAB, *command], capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 2, done.stderr
    assert words in done.stderr


def test_a_secret_in_a_wrong_url_is_not_shown() -> None:
    url = "postgresql://u:hunter2@127.0.0.1:1/none"
    done = subprocess.run([*SWIPELAB, "serve", "--database-url", url], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "--database-url" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout + json.dumps(sorted(os.listdir(".")))


@pytest.mark.parametrize(
    "options, said",
    [
        (("--database-url", "postgresql://x", "--rpc-url", "http://x"), "swipelab settle --rpc-url URL"),
        (("--rpc-url", "http://x"), "SWIPELAB_TOKEN_ADDRESS and SWIPELAB_SETTLER_KEY: not set, and --rpc-url needs"),
    ],
)
def test_a_chain_on_which_nothing_would_be_settled_is_refused_before_anything_starts(options, said) -> None:
    done = subprocess.run([*SWIPELAB, "serve", *options], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert said in done.stderr

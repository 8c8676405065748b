"""The same calls give the same chain: twice, in other processes, with no clock and no entropy to be had."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulators.backends.chain.accounts import Account

from .driver import deploy, mine, mine_until_empty, run
from .programs import BURNER, ECHO_REVERT, RECORDER, word

REPOSITORY = Path(__file__).resolve().parents[3]


def history(node) -> list[object]:
    """A little of everything, and every block that came of it."""
    alice, bob, carol = (Account.derive(7, name) for name in ("alice", "bob", "carol"))
    recorder, burner, refuser = (deploy(node, alice, code) for code in (RECORDER, BURNER, ECHO_REVERT))
    blocks = [mine(node)]
    node.prepare_rollback()
    for place in range(12):
        sender = (alice, bob, carol)[place % 3]
        node.send(sender, recorder, word(place))
    node.drop(node.send(bob, burner, b"", gas_limit=100_000))
    node.send(carol, refuser, b"\x01\x02\x03\x04")
    node.send(bob, burner, b"", gas_limit=100_000)
    blocks += mine_until_empty(node)
    node.rollback(blocks[0].number)
    blocks += mine_until_empty(node)
    return [blocks, node.call(recorder, b""), node.head()]


def test_the_same_calls_twice_give_the_same_blocks(open_node):
    assert history(open_node()) == history(open_node())


@pytest.mark.parametrize("name", ["py-evm", "revm"])
def test_another_seed_gives_other_blocks(open_by_name, name):
    first, second = history(open_by_name(name, seed=1))[0][0], history(open_by_name(name, seed=2))[0][0]
    assert first.receipts == second.receipts
    assert first.hash != second.hash


@pytest.mark.parametrize("name", ["py-evm", "revm"])
def test_chains_live_side_by_side_in_one_process(open_by_name, name, alice):
    """Their calls interleaved, each is as if it were alone."""
    alone = open_by_name(name)
    deploy(alone, alice, RECORDER)
    expected = [run(alone, alice, None, RECORDER), mine(alone)]
    one, other = open_by_name(name), open_by_name(name, seed=8)
    deploy(one, alice, RECORDER)
    deploy(other, alice, ECHO_REVERT)
    other.close()
    assert [run(one, alice, None, RECORDER), mine(one)] == expected


PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from conformance.chain.test_determinism import history
from simulators.backends.chain.factory import open_node
print(history(open_node({name!r}, seed=7, genesis_timestamp_s=1_800_000_000)))
"""


@pytest.mark.parametrize("name", ["py-evm", "revm"])
def test_other_processes_and_hash_seeds_give_the_same_blocks(open_by_name, name):
    here = repr(history(open_by_name(name)))
    program = PROGRAM.format(tests=str(REPOSITORY / "tests"), name=name)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("0", "4242")
    ]
    assert [child.communicate(timeout=60)[0].strip() for child in children] == [here, here]


class Forbidden(BaseException):
    """Not an Exception: nothing may swallow it."""


@pytest.mark.parametrize("name", ["py-evm", "revm"])
def test_no_clock_is_read_and_no_entropy_drawn(open_by_name, name, monkeypatch):
    expected = history(open_by_name(name))
    warm = open_by_name(name)  # the imports are done; opening and everything after must do without

    def forbidden(*_: object) -> object:
        raise Forbidden

    import random

    import eth._utils.headers as headers

    for module, functions in (
        (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep")),
        (os, ("urandom", "getrandom")),
        (random, ("random", "getrandbits", "randbytes")),
        (headers, ("eth_now",)),
    ):
        for function in functions:
            monkeypatch.setattr(module, function, forbidden)

    class NoDatetime:
        now = utcnow = today = forbidden

    monkeypatch.setattr(headers.datetime, "datetime", NoDatetime)
    assert history(warm) == expected
    assert history(open_by_name(name)) == expected

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.anvil import HOW_TO_INSTALL, find_anvil
from simulators.backends.chain.node import EvmNode

GENESIS_S = 1_800_000_000

OpenNode = Callable[..., EvmNode]


@pytest.fixture(scope="session")
def anvil_binary() -> object:
    binary = find_anvil()
    if binary is None:
        pytest.skip(f"anvil is not installed: {HOW_TO_INSTALL}")
    return binary


def _opener(name: str, request: pytest.FixtureRequest, closing: ExitStack) -> OpenNode:
    """A function that opens nodes of that backend, all closed at the end of the test."""
    if name == "anvil":
        request.getfixturevalue("anvil_binary")
    if name == "revm" and sys.version_info >= (3, 13):
        pytest.skip("pyrevm has no wheel for Python 3.13 and newer")

    def open_one(seed: int = 7, block_gas_limit: int = 60_000_000) -> EvmNode:
        if name == "py-evm":
            from simulators.backends.chain.py_evm import PyEvmNode

            node = PyEvmNode(seed=seed, genesis_timestamp_s=GENESIS_S, block_gas_limit=block_gas_limit)
        elif name == "revm":
            from simulators.backends.chain.revm import RevmNode

            node = RevmNode(seed=seed, genesis_timestamp_s=GENESIS_S, block_gas_limit=block_gas_limit)
        else:
            from simulators.backends.chain.rpc import RpcNode, start_anvil

            anvil = closing.enter_context(start_anvil(genesis_timestamp_s=GENESIS_S, block_gas_limit=block_gas_limit))
            node = RpcNode(anvil.url)
        closing.callback(node.close)
        return node

    return open_one


@pytest.fixture(params=["py-evm", "revm", "anvil"])
def open_node(request: pytest.FixtureRequest) -> Iterator[OpenNode]:
    with ExitStack() as closing:
        yield _opener(request.param, request, closing)


@pytest.fixture(params=["py-evm", "anvil"])
def open_chain(request: pytest.FixtureRequest) -> Iterator[OpenNode]:
    """As ``open_node``, for what needs a whole chain."""
    with ExitStack() as closing:
        yield _opener(request.param, request, closing)


@pytest.fixture
def open_by_name(request: pytest.FixtureRequest) -> Iterator[Callable[..., EvmNode]]:
    with ExitStack() as closing:
        yield lambda name, **settings: _opener(name, request, closing)(**settings)


@pytest.fixture
def node(open_node: OpenNode) -> EvmNode:
    return open_node()


@pytest.fixture
def alice() -> Account:
    return Account.derive(7, "alice")


@pytest.fixture
def bob() -> Account:
    return Account.derive(7, "bob")

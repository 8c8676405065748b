"""The development node: an ordinary client can use it, and it ends with whoever started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from eth_account import Account as Signer
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError, TransactionNotFound, Web3RPCError

from contracts import loader
from simulators.backends.chain.node import NodeError
from simulators.devnet import Devnet, DevnetFailed, start_devnet

USER = "0x" + "11" * 20
POLLS, POLL_S = 200, 0.05


@pytest.fixture(scope="module")
def devnet() -> Iterator[Devnet]:
    with start_devnet(block_interval_s=0) as running:
        yield running


@pytest.fixture
def client(devnet: Devnet) -> Iterator[Web3]:
    provider = HTTPProvider(devnet.url)
    yield Web3(provider)
    for session in provider._request_session_manager.session_cache._data.values():
        session.close()


def settle(devnet: Devnet, client: Web3, number: int, **changes: int) -> str:
    """Sign as the settler and send; the hash."""
    key = Signer.from_key(devnet.settler_key)
    data = loader.encode_settle_batch([USER], [1_000], number.to_bytes(32))
    fields = {
        "type": 2, "chainId": 31337, "to": devnet.token_address, "value": 0, "data": data, "gas": 500_000,
        "nonce": client.eth.get_transaction_count(key.address, "pending"),
        "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9,
    }  # fmt: skip
    return "0x" + client.eth.send_raw_transaction(key.sign_transaction(fields | changes).raw_transaction).hex()


def test_a_user_is_funded_and_settled_by_an_ordinary_client(devnet, client) -> None:
    assert client.is_connected()
    assert client.eth.chain_id == 31337
    devnet.fund(USER, 5_000_000)
    tx_hash = settle(devnet, client, 1)
    with pytest.raises(TransactionNotFound):
        client.eth.get_transaction_receipt(tx_hash)
    assert client.eth.get_transaction(tx_hash).get("blockNumber") is None
    devnet.mine()
    receipt = client.eth.get_transaction_receipt(tx_hash)
    assert receipt.status == 1
    assert receipt.blockHash == client.eth.get_block("latest").hash
    assert client.eth.get_transaction(tx_hash).blockNumber == receipt.blockNumber == client.eth.block_number
    logs = client.eth.get_logs({"address": devnet.token_address, "fromBlock": receipt.blockNumber})
    assert [log.logIndex for log in logs] == [
        log.logIndex for log in receipt.logs if log.address != devnet.usdc_address
    ]
    call = {"to": devnet.token_address, "data": loader.encode_card_balance(USER)}
    now, before = client.eth.call(call), client.eth.call(call, receipt.blockNumber - 1)
    assert loader.decode_uint(bytes(before)) - loader.decode_uint(bytes(now)) == 1_000


def test_an_estimate_is_enough_and_not_far_from_what_is_used(devnet, client) -> None:
    devnet.fund(USER, 5_000_000)
    key = Signer.from_key(devnet.settler_key)
    data = loader.encode_settle_batch([USER], [1_000], (2).to_bytes(32))
    estimate = client.eth.estimate_gas({"from": key.address, "to": devnet.token_address, "data": data})
    tx_hash = settle(devnet, client, 2, gas=estimate)
    devnet.mine()
    receipt = client.eth.get_transaction_receipt(tx_hash)
    assert receipt.status == 1
    assert receipt.gasUsed <= estimate < 1.3 * receipt.gasUsed


def test_refusals_are_those_of_ethereum(devnet, client) -> None:
    settle(devnet, client, 3)
    devnet.mine()
    used = client.eth.get_transaction_count(Signer.from_key(devnet.settler_key).address)
    with pytest.raises(Web3RPCError, match="nonce too low"):
        settle(devnet, client, 4, nonce=used - 1)
    settle(devnet, client, 5, nonce=used)
    with pytest.raises(Web3RPCError, match="already known"):
        settle(devnet, client, 5, nonce=used)
    with pytest.raises(Web3RPCError, match="replacement transaction underpriced"):
        settle(devnet, client, 6, nonce=used)
    with pytest.raises(Web3RPCError, match="invalid chain id"):
        settle(devnet, client, 6, chainId=1)
    with pytest.raises(Web3RPCError, match="not a signed transaction"):
        client.eth.send_raw_transaction(b"\x02nonsense")
    data = loader.encode_settle_batch([USER], [1], bytes(32))
    with pytest.raises(ContractCustomError) as raised:
        client.eth.call({"from": USER, "to": devnet.token_address, "data": data})
    assert loader.decode_revert(raised.value.data).name == "AccessControlUnauthorizedAccount"
    with pytest.raises(NodeError, match="does not exist"):
        devnet.ask("eth_sendTransaction", {})
    with pytest.raises(NodeError, match="invalid params"):
        devnet.ask("eth_getBalance")


def test_blocks_have_tags_numbers_hashes_and_fees(devnet, client) -> None:
    devnet.mine(3)
    newest = client.eth.block_number
    numbers = [client.eth.get_block(tag).number for tag in ("latest", "pending", "safe", "finalized", "earliest")]
    assert numbers == [newest, newest, newest - 1, newest - 2, 0]
    block = client.eth.get_block(newest - 1)
    assert client.eth.get_block(block.hash) == block
    assert client.eth.get_block(newest).parentHash == block.hash
    assert client.eth.fee_history(2, "latest", [50]).oldestBlock == newest - 1
    assert client.eth.gas_price >= client.eth.max_priority_fee
    assert len(client.eth.get_code(devnet.token_address)) > 1_000
    assert client.eth.get_balance(USER) > 10**18


def test_a_block_comes_at_the_interval_and_an_idle_chain_rests() -> None:
    with start_devnet(block_interval_s=0.05) as running:
        first = int(running.ask("eth_blockNumber"), 16)
        for _ in range(POLLS):
            if int(running.ask("eth_blockNumber"), 16) > first + 1:
                break
            time.sleep(POLL_S)
        else:
            pytest.fail("no block came")


def test_the_same_seed_has_the_same_keys_and_they_show_nowhere(devnet) -> None:
    with start_devnet(block_interval_s=0, seed="devnet") as other:
        assert other.settler_key == devnet.settler_key
        assert other.token_address == devnet.token_address
        assert other.settler_key not in repr(other)


def test_a_port_that_is_taken_is_told(devnet, capfd) -> None:
    with pytest.raises(DevnetFailed, match="did not start"):
        start_devnet(int(devnet.url.rpartition(":")[2]))
    assert "in use" in capfd.readouterr().err


def test_it_ends_when_whoever_started_it_is_killed() -> None:
    code = (
        "import json, time; from simulators.devnet import start_devnet; d = start_devnet(block_interval_s=0);"
        "print(json.dumps([d.url, d._process.pid]), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        _, pid = json.loads(parent.stdout.readline())
        parent.kill()
    for _ in range(POLLS):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if _is_zombie(pid):
            return
        time.sleep(POLL_S)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the node outlived its parent")


def _is_zombie(pid: int) -> bool:
    """Ended, and waiting for a process 1 that does not collect."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False

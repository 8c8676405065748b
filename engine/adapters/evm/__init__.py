"""Settling on a chain by JSON-RPC, and seeing what customers do there.

rpc = Rpc(url, timeout_s=settings.timeout_s)
chain = EvmSettlementChain(rpc, Settler(key), settings, account_ids)
watcher = DepositWatcher(rpc, settings, account_ids)
"""

from engine.adapters.evm.chain import EvmSettlementChain
from engine.adapters.evm.outcomes import AccountIds
from engine.adapters.evm.rpc import Rpc, RpcRefused
from engine.adapters.evm.sending import NotASettler
from engine.adapters.evm.settings import GWEI, EvmSettings
from engine.adapters.evm.settler import Settler
from engine.adapters.evm.watch import DepositWatcher, Watched

__all__ = [
    "GWEI",
    "AccountIds",
    "DepositWatcher",
    "EvmSettings",
    "EvmSettlementChain",
    "NotASettler",
    "Rpc",
    "RpcRefused",
    "Settler",
    "Watched",
]

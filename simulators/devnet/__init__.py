"""A local Ethereum node over HTTP, made of py-evm, with USDC and CardToken deployed: for trying out, not for keeping.

The chain lives in the memory of one process, which is apart from everybody else's because py-evm raises Python's
recursion limit. ``python -m simulators.devnet`` runs one; ``start_devnet`` starts one and stops it again.
"""

from simulators.devnet.running import Devnet, DevnetFailed, start_devnet

__all__ = ["Devnet", "DevnetFailed", "start_devnet"]

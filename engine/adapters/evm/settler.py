"""Who settles: a key that signs here and is shown nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account import Account

from engine.adapters.evm.fees import Fees


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction ready to be sent: its bytes and its hash, both as ``0x`` text."""

    raw: str
    hash: str


class Settler:
    """An account with CardToken's SETTLER_ROLE; ``address`` is in EIP-55 form."""

    def __init__(self, private_key: str | bytes) -> None:
        try:
            self._signer = Account.from_key(private_key)
        except Exception:  # noqa: BLE001 (whatever it says may hold the key)
            raise ValueError("the settler's key is not a private key: 32 bytes, or 0x and 64 hex digits") from None
        self.address: str = self._signer.address

    def sign(self, chain_id: int, nonce: int, to: str, data: bytes, gas_limit: int, fees: Fees) -> Signed:
        """An EIP-1559 transaction without ether; the same input gives the same bytes (RFC 6979)."""
        signed = self._signer.sign_transaction(
            {
                "type": 2, "chainId": chain_id, "nonce": nonce, "to": to, "value": 0, "data": data, "gas": gas_limit,
                "maxFeePerGas": fees.max_wei, "maxPriorityFeePerGas": fees.tip_wei,
            }
        )  # fmt: skip
        return Signed("0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex())

    def __repr__(self) -> str:
        return f"Settler({self.address})"

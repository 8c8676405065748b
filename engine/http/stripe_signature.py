"""``Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]``: HMAC-SHA256 over ``SECONDS.BODY``, by whoever knows the secret.

While a secret is exchanged there are several v1; one that holds is enough. Other schemes (v0) are passed over.
"""

from __future__ import annotations

import hmac
import re

from engine.http.problems import Problem

MOST_SIGNATURES = 8
_STAMP = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def sign(secret: str, stamp_s: int, body: bytes) -> str:
    """The header of a webhook sent at ``stamp_s``, in seconds since the Unix epoch."""
    return f"t={stamp_s},v1={_digest(secret, str(stamp_s), body)}"


def verify(header: bytes | None, secret: str, body: bytes, *, now_s: float, tolerance_s: int) -> None:
    """Return if the body was signed with the secret, not long ago and not in the future. Raises Problem.

    The stamp is looked at after the signature: before that it is anybody's word.
    """
    if header is None:
        raise Problem("bad_signature", "there is no Stripe-Signature header")
    stamps, signatures = _parts(header.decode("latin-1"))
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]):
        raise Problem("bad_signature", "Stripe-Signature needs one t, in seconds since 1970")
    if not signatures or len(signatures) > MOST_SIGNATURES:
        raise Problem("bad_signature", f"Stripe-Signature needs 1 to {MOST_SIGNATURES} v1, each of 64 hex digits")
    right = _digest(secret, stamps[0], body)
    # All of them are compared, each in constant time: neither which one holds nor how much of it can be measured.
    holding = sum(hmac.compare_digest(right, signature) for signature in signatures)
    if not holding:
        raise Problem("bad_signature", "no v1 is the HMAC-SHA256 of t, a dot and the body under the webhook's secret")
    age_s = now_s - int(stamps[0])
    if abs(age_s) > tolerance_s:
        when = "old" if age_s > 0 else "in the future"
        raise Problem("bad_signature", f"signed {abs(age_s):.0f} s {when}, where {tolerance_s} s are tolerated")


def _parts(header: str) -> tuple[list[str], list[str]]:
    """The stamps, and those v1 that look like one."""
    pairs = [pair.strip().partition("=") for pair in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    return stamps, [value for name, _, value in pairs if name == "v1" and _DIGEST.fullmatch(value)]


def _digest(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()

"""I14: same scenario, seed and version give the same trace.

Rule. The SHA-256 of two traces of one scenario under one seed are equal, under any PYTHONHASHSEED.

Evidence. The two hashes. No false alarm: equal traces have equal hashes.
"""

from __future__ import annotations

from simulators.auditor.records import Finding


def determinism_finding(hash_a: str, hash_b: str, *, at_ns: int = 0, ref: str = "") -> Finding | None:
    """None where two trace hashes of the same run are equal; ``ref`` may name the scenario."""
    if hash_a == hash_b:
        return None
    return Finding("I14", at_ns, ref, "", f"two runs that ought to be the same are not: trace {hash_a} and {hash_b}")

"""The auditor: a second model of a card engine, written apart from it, fed only by what crosses the wire.

Each invariant is a module whose docstring states the rule and why it raises no false alarm; ``docs/INVARIANTS.md``
lists them. Read :mod:`simulators.auditor.book` first: it says what is known for sure, and what is merely possible.
"""

from __future__ import annotations

from simulators.auditor.auditor import INVARIANTS, Auditor
from simulators.auditor.determinism import determinism_finding
from simulators.auditor.records import ChainEvent, Finding, Tick

__all__ = ["INVARIANTS", "Auditor", "ChainEvent", "Finding", "Tick", "determinism_finding"]

"""Conformance: every rule of the seam as a case of its own, for any engine.

A team with an engine of its own writes one line of pytest, ``test_it = conformance_tests("my_package.engine:build")``,
or runs ``swipelab conform --engine my_package.engine:build``. docs/CONFORMANCE.md tells what is checked.
"""

from __future__ import annotations

from scenarios.conformance.entry import conformance_machine, conformance_tests

__all__ = ["conformance_machine", "conformance_tests"]

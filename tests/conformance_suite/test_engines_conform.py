"""The engines that come with Swipelab, on every case: as objects and behind ASGI."""

from __future__ import annotations

from scenarios.conformance import conformance_tests

test_the_reference_engine_conforms = conformance_tests("reference")
test_the_reference_engine_conforms_behind_asgi = conformance_tests("asgi:scenarios.engines.asgi_app:app")
test_the_production_engine_conforms = conformance_tests("engine")

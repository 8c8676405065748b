"""The engines that come with Swipelab, on every case: as objects and behind ASGI."""

from __future__ import annotations

from scenarios.conformance import conformance_tests

NOT_KEPT_YET = (
    # precedence
    "that_it_was_reversed_before_is_the_last_reason",
)
"""Rules that the production engine breaks today. The list only ever shrinks."""

test_the_reference_engine_conforms = conformance_tests("reference")
test_the_reference_engine_conforms_behind_asgi = conformance_tests("asgi:scenarios.engines.asgi_app:app")
test_the_production_engine_conforms = conformance_tests("engine", without=NOT_KEPT_YET)

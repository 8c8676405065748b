"""The engines that the conformance tests run on, and the way to ``engine_bench``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from engine_bench import FACTORIES, Made, make

from engine.interface import Terms


@pytest.fixture(params=sorted(FACTORIES))
def make_engine(request: pytest.FixtureRequest) -> Callable[[Terms], Made]:
    """``make_engine(terms) -> (engine, clock, chain)``, once for every engine in ``FACTORIES``."""
    return lambda terms: make(FACTORIES[request.param], terms)

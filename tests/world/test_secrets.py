"""What an engine writes into its log is overheard, and a card number in it is found."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import QUIET, run, swipe

from engine.services.engine import ProductionEngine
from simulators.settings import HOUR_NS

LOG = logging.getLogger("an engine")


class Talkative(ProductionEngine):
    """Logs each card that it is told of, by what ``shown`` makes of its number."""

    @staticmethod
    def shown(pan: str) -> str:
        return pan

    def __init__(self, kit) -> None:
        super().__init__(kit)
        self._open, self.open_account = self.open_account, self._and_log

    async def _and_log(self, opening) -> None:
        for card in opening.cards:
            LOG.info("a new card: %s", self.shown(card.pan))
        await self._open(opening)


class Discreet(Talkative):
    @staticmethod
    def shown(pan: str) -> str:
        return f"...{pan[-4:]}"


@pytest.mark.parametrize(("engine", "found"), [(Talkative, {"I13"}), (Discreet, set())])
def test_a_card_number_in_a_log_is_found_and_its_last_four_digits_are_not(engine, found) -> None:
    before = (LOG.root.level, list(LOG.root.handlers))
    done = run(replace(QUIET, script=(swipe(HOUR_NS, 100),)), engine=engine)
    assert {finding.invariant for finding in done.result.findings} == found
    assert (LOG.root.level, list(LOG.root.handlers)) == before

"""Secrecy."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_OPEN = "engine.services.open_account"

BUGS = (
    Bug(
        id="secrecy-opening-told-by-the-ledger-s-error",
        family=Family.SECRECY,
        what="Where the ledger fails, the error repeats the opening that it was given, with whole card numbers.",
        why="An error is easier to understand with all that led to it.",
        invariant="I13",
        world="standing",
        only_when="the ledger fails while a card is changed",
        edits=(
            Edit(
                _OPEN,
                "        commit = await self._ports.ledger.update(touch, transition)\n",
                "        try:\n"
                "            commit = await self._ports.ledger.update(touch, transition)\n"
                "        except PortUnavailable as error:\n"
                "            numbers = ', '.join(f'{card.card_id} {card.pan}' for card in opening.cards)\n"
                "            raise PortUnavailable(f'cannot store {opening.account_id}: {numbers}') from error\n",
            ),
        ),
    ),
    Bug(
        id="secrecy-card-number-grouped-in-an-error",
        family=Family.SECRECY,
        what="Where the cache fails, the error names the card by its number, in groups of four.",
        why="The log filter looks for sixteen digits in a row.",
        invariant="I13",
        world="standing",
        only_when="the cache fails while a card is changed",
        edits=(
            Edit(
                _OPEN,
                "        except PortUnavailable:\n            pass  #",
                "        except PortUnavailable as error:\n"
                "            number = opening.cards[0].pan\n"
                "            groups = ' '.join(number[i : i + 4] for i in range(0, len(number), 4))\n"
                "            raise PortUnavailable(f'card {groups} is stored and not cached') from error  #",
            ),
        ),
    ),
    Bug(
        id="secrecy-replacement-is-logged",
        family=Family.SECRECY,
        what="That a card takes another's place is logged with both cards as they came, numbers included.",
        why="The record hides its number when it is printed; a dictionary of its fields does not.",
        invariant="I13",
        world="whole_life",
        only_when="a lost card that is replaced",
        edits=(
            Edit(
                _OPEN,
                "    if card.replaces:\n",
                "    if card.replaces:\n"
                "        fields = {name: getattr(card, name) for name in card.__slots__}\n"
                "        __import__('logging').getLogger('cards').warning('replaced: %s', fields)\n",
            ),
        ),
    ),
)

"""Open an account: a customer, the cards and the mandates, as they are from now on."""

from __future__ import annotations

from engine.domain.accounts import FINAL, Account, Card, Mandate
from engine.domain.controls import beyond, problems
from engine.domain.ledger import Commit, Rows, Touch
from engine.interface import AccountOpening, CardOpening, Refused
from engine.ports import Ports, PortUnavailable
from engine.services.images import Images


class OpenAccount:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports, images: Images) -> None:
        self._ports = ports
        self._images = images

    async def __call__(self, opening: AccountOpening) -> None:
        """Create or replace; what was decided before stays. From the answer on, every decision sees it.

        Raises Refused for limits that make no sense, for a card's that are above its mandate's, for a card of
        another account, whose copies in the cache would go on spending that one's funds, for another address than
        before, where nothing backs what was captured and what is held, and for the address of another account, whose
        tokens would back both.
        """

        def transition(rows: Rows) -> Commit:
            address = rows.addresses.get(opening.account_id, opening.address)
            if not is_same_address(address, opening.address):
                raise Refused(f"account {opening.account_id}: its address is {address}, not {opening.address}")
            if rows.owners.get(opening.address.lower(), opening.account_id) != opening.account_id:
                raise Refused(f"account {opening.account_id}: {opening.address} is the address of another account")
            strange = [card_id for card_id in named if _is_of_another(rows.cards.get(card_id), opening)]
            if strange:
                raise Refused(f"account {opening.account_id}: of another account: {', '.join(strange)}")
            cards = tuple(card_of(card, opening.account_id, rows) for card in opening.cards)
            return Commit(
                accounts=(account,), cards=cards, result=(cards, opening.account_id not in rows.funds)
            )  # fmt: skip

        wrong = wrong_limits(opening)
        if wrong:
            raise Refused(f"account {opening.account_id}: {'; '.join(wrong)}")
        account = account_of(opening)
        named = tuple(card.card_id for card in opening.cards)
        counted = (*named, *(card.replaces for card in opening.cards))
        touch = Touch(
            accounts=(account.account_id,),
            cards=tuple(card_id for card_id in counted if card_id),
            addresses=(account.address,),
        )
        commit = await self._ports.ledger.update(touch, transition)
        cards, is_new = commit.result
        try:
            await self._ports.cache.put_account(account, cards, commit.view)
            if is_new:
                await self._images.renew(account.account_id)
        except PortUnavailable:
            pass  # the ledger has it, and refuses what rests on less: this only spares the first swipe the way there


def _is_of_another(card: Card | None, opening: AccountOpening) -> bool:
    return card is not None and card.account_id != opening.account_id


def is_same_address(one: str, other: str) -> bool:
    """In hex, where small and capital letters are a checksum at most (EIP-55)."""
    return one.lower() == other.lower()


def account_of(opening: AccountOpening) -> Account:
    """The account that is kept."""
    mandates = tuple(
        Mandate(mandate.mandate_id, mandate.expires_at_ns, mandate.status, mandate.limits)
        for mandate in opening.mandates
    )
    return Account(opening.account_id, opening.address, opening.status, opening.kyc_level, mandates)


def wrong_limits(opening: AccountOpening) -> list[str]:
    """Everything about the limits of these cards and mandates that cannot be, each with whose they are."""
    mandates = {mandate.mandate_id: mandate.limits for mandate in opening.mandates}
    wrong = [
        f"mandate {mandate_id}: {what}"
        for mandate_id, limits in mandates.items()
        if limits is not None
        for what in problems(limits)
    ]
    for card in opening.cards:
        if card.limits is None:
            continue
        above = mandates.get(card.mandate_id)
        found = problems(card.limits) if above is None else beyond(card.limits, above)
        wrong += [f"card {card.card_id}: {what}" for what in found]
    return wrong


def card_of(card: CardOpening, account_id: str, rows: Rows) -> Card:
    """The card that is kept: of its PAN the last four digits.

    A replacement goes on counting where the old one was, and so does a card that is opened again. What is cancelled,
    lost or stolen stays so, whatever a late opening says.
    """
    known = rows.cards.get(card.card_id)
    status = known.status if known is not None and known.status in FINAL else card.status
    counter_id = card.card_id if known is None else known.counter_id
    if card.replaces:
        forerunner = rows.cards.get(card.replaces)
        counter_id = card.replaces if forerunner is None else forerunner.counter_id
    return Card(
        card.card_id, account_id, card.network, card.expires_at_ns, status, card.limits, card.mandate_id,
        counter_id, card.pan[-4:],
    )  # fmt: skip

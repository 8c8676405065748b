"""The ledger in memory: the same commits as a database would take, each of them whole."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from engine.domain.accounts import Account, Card, Funds
from engine.domain.authorization import Authorization, Status
from engine.domain.disputes import Dispute
from engine.domain.ledger import (
    LINE_KINDS,
    USD,
    AccountSnapshot,
    Answer,
    Commit,
    Entry,
    HoldChange,
    OpenHold,
    Posted,
    Queued,
    Recorded,
    Rows,
    Standing,
    StatementLine,
    Touch,
    UnbalancedEntry,
    unbalanced,
)
from engine.domain.limits import Spend
from engine.domain.money import usdc6_of
from engine.domain.settlement import Settlement, settlement_of
from engine.ports import Transition
from simulators.backends.authorizations import Authorizations
from simulators.backends.served import Served

_BOOKS = ("available", "held", "unsettled", "withdrawing", "receivable")
_BOOK = {book: index for index, book in enumerate(_BOOKS)}
_EPOCH, _VIEW = len(_BOOKS), len(_BOOKS) + 1
"""Kept beside the books of an account: its epoch (0 before it is first read as a whole), and its view."""


class _Queue:
    """What one account has to burn, as columns: after clearing, a whole day of captures waits here."""

    __slots__ = ("_amounts_usdc6", "_refs", "net_usdc6")

    def __init__(self) -> None:
        self._refs: list[str] = []
        self._amounts_usdc6 = array("q")
        self.net_usdc6 = 0

    def add(self, queued: Queued) -> None:
        self._refs.append(queued.ref)
        self._amounts_usdc6.append(queued.amount_usdc6)
        self.net_usdc6 += queued.amount_usdc6

    def of(self, account_id: str) -> Iterator[tuple[str, str, int]]:
        return zip(self._refs, repeat(account_id), self._amounts_usdc6, strict=False)


class MemoryLedger:
    """The port ``Ledger``. ``journal`` is called with every entry that is committed."""

    def __init__(self, served: Served, journal: Callable[[Entry], None] | None = None) -> None:
        self._serve = served.serve
        self._utc_ns = served.utc_ns
        self._journal = journal
        self._accounts: dict[str, Account] = {}
        self._owners: dict[str, str] = {}
        """Account ids by address in lower case."""
        self._cards: dict[str, Card] = {}
        self._funds: dict[str, list[int]] = {}
        self._authorizations = Authorizations()
        self._outbox: dict[str, tuple[HoldChange, ...]] = {}
        """Changes by ref that the hold store may not have followed."""
        self._answers: dict[str, Answer] = {}
        """All but those that the authorizations keep, the oldest first."""
        self._answered_ns: deque[int] = deque()
        """When each of them was stored, by the ledger's own clock."""
        self._posted: set[str] = set()
        self._disputes: dict[str, Dispute] = {}
        self._forced: dict[str, list[Spend]] = {}
        """By account, captures without an authorization."""
        self._queued: dict[str, _Queue] = {}
        self._settlements: dict[str, Settlement] = {}
        self._expiring: dict[int, deque[str]] = {}
        """Ids by lifetime; within one lifetime the first to be placed is the first to end."""
        self._lines: tuple[list[str], list[str], list[str], array[int], array[int]] = (
            [],
            [],
            [],
            array("q"),
            array("q"),
        )
        """The statement as columns, in StatementLine's order: it is the longest thing here, and read once."""
        self._named: list[str] = []
        """For each of its lines, of sales and refunds: the authorization that it names, else "" """

    async def record(self, commit: Commit) -> Recorded:
        await self._serve()
        (answer,) = commit.answers
        if self._answer(answer.key) is not None:
            return Recorded.ANSWERED
        if commit.account_id:
            books = self._funds[commit.account_id]
            if commit.view != books[_VIEW]:
                return Recorded.OUTDATED
            if commit.epoch and commit.epoch != books[_EPOCH]:
                return Recorded.STALE
        if not commit.authorizations:
            if commit.ref in self._authorizations:
                return Recorded.EXISTS
            self._keep_answer(answer)
            return Recorded.DONE
        (authorization,), (entry,) = commit.authorizations, commit.entries
        if authorization.authorization_id in self._authorizations:
            return Recorded.EXISTS
        if books[0] < entry.amount_usdc6:
            return Recorded.SHORT
        self._post(entry)
        self._expect_end_of(authorization)
        if not self._authorizations.put_approved(authorization, answer):
            self._keep_answer(answer)
        return Recorded.DONE

    async def update(self, touch: Touch, transition: Transition) -> Commit:
        await self._serve()
        commit = transition(self._read(touch))
        return self._commit(commit)

    async def answer(self, key: str) -> Answer | None:
        await self._serve()
        return self._answer(key)

    async def forget_answers(self, age_ns: int, limit: int) -> int:
        await self._serve()
        before_ns, answered_ns, old = self._utc_ns() - age_ns, self._answered_ns, 0
        while old < limit and answered_ns and answered_ns[0] < before_ns:
            answered_ns.popleft()
            old += 1
        for key in tuple(islice(self._answers, old)):
            del self._answers[key]
        return old

    async def card(self, card_id: str) -> Standing | None:
        await self._serve()
        card = self._cards.get(card_id)
        if card is None:
            return None
        return Standing(card, self._accounts[card.account_id], self._funds[card.account_id][_VIEW])

    async def reload(self, account_id: str, since_ns: int) -> AccountSnapshot | None:
        await self._serve()
        books = self._funds.get(account_id)
        if books is None:
            return None
        books[_EPOCH] += 1
        known = tuple(self._authorizations.of(account_id))
        spends = [a.spend for a in known if a.authorized_cents and a.counted_at_ns >= since_ns]
        spends += [spend for spend in self._forced.get(account_id, ()) if spend.counted_at_ns >= since_ns]
        return AccountSnapshot(
            account_id,
            books[_EPOCH],
            books[0],
            tuple(OpenHold(a.authorization_id, account_id, usdc6_of(a.held_cents)) for a in known if a.held_cents),
            tuple(sorted(spends, key=lambda spend: spend.counted_at_ns)),
        )

    async def unheld(self, holds: Sequence[OpenHold]) -> Sequence[OpenHold]:
        await self._serve()
        held_cents = self._authorizations.held_cents
        return [hold for hold in holds if usdc6_of(held_cents(hold.authorization_id)) != hold.left_usdc6]

    async def unfollowed(self, limit: int) -> Sequence[tuple[str, tuple[HoldChange, ...]]]:
        await self._serve()
        return tuple(islice(self._outbox.items(), limit))

    async def followed(self, refs: Sequence[str], outdated: Sequence[str] = ()) -> None:
        await self._serve()
        for account_id in outdated:
            self._funds[account_id][_EPOCH] += 1
        for ref in refs:
            self._outbox.pop(ref, None)

    async def due(self, now_ns: int, limit: int) -> Sequence[str]:
        await self._serve()
        found: list[str] = []
        for waiting in self._expiring.values():
            while waiting and self._authorizations.get(waiting[0]).status is not Status.OPEN:
                waiting.popleft()
            for authorization_id in waiting:
                known = self._authorizations.get(authorization_id)
                if known.status is not Status.OPEN:
                    continue
                if known.expires_at_ns > now_ns or len(found) == limit:
                    break
                found.append(authorization_id)
        return found

    async def form_settlement(self, now_ns: int, max_users: int) -> Settlement | None:
        await self._serve()
        owing = (account_id for account_id, queue in self._queued.items() if queue.net_usdc6 > 0)
        account_ids = list(islice(owing, max_users))
        if not account_ids:
            return None
        settlement = settlement_of(
            (queued for account_id in account_ids for queued in self._queued.pop(account_id).of(account_id)), now_ns
        )
        self._settlements[settlement.settlement_id] = settlement
        return settlement

    async def open_settlements(self) -> Sequence[Settlement]:
        await self._serve()
        return tuple(self._settlements.values())

    async def addresses(self, account_ids: Sequence[str]) -> dict[str, str]:
        await self._serve()
        return {account_id: self._accounts[account_id].address for account_id in account_ids}

    async def funds(self, account_id: str) -> Funds | None:
        await self._serve()
        return self._funds_of(account_id)

    async def statement(self, cursor: int, limit: int) -> Sequence[StatementLine]:
        await self._serve()
        rows = zip(*(column[cursor : cursor + limit] for column in self._lines), strict=True)
        return [StatementLine._make(row) for row in rows]

    @property
    def in_use(self) -> bool:
        """Whether the engine keeps its books here."""
        return bool(self._accounts)

    def totals(self) -> Funds:
        """All accounts together, read from outside the engine's time."""
        columns = tuple(zip(*self._funds.values(), strict=True)) if self._funds else ((0,),) * len(_BOOKS)
        available, held, unsettled, withdrawing, receivable = map(sum, columns[: len(_BOOKS)])
        return Funds(available, held, unsettled, withdrawing, -receivable)

    def _funds_of(self, account_id: str) -> Funds | None:
        books = self._funds.get(account_id)
        if books is None:
            return None
        available, held, unsettled, withdrawing, receivable, _, _ = books
        return Funds(available, held, unsettled, withdrawing, -receivable)

    def _answer(self, key: str) -> Answer | None:
        return self._answers.get(key) or self._authorizations.answer(key)

    def _read(self, touch: Touch) -> Rows:
        authorizations = _found(self._authorizations.get, touch.authorizations)
        cards = _found(self._cards.get, touch.cards)
        account_ids = dict.fromkeys(touch.accounts)
        account_ids.update(dict.fromkeys([authorization.account_id for authorization in authorizations.values()]))
        account_ids.update(dict.fromkeys([card.account_id for card in cards.values()]))
        sales = _found(self._sale, touch.disputed)
        account_ids.update(dict.fromkeys([sale.account_id for sale in sales.values()]))
        funds = _found(self._funds_of, account_ids)
        return Rows(
            authorizations,
            funds,
            cards,
            frozenset(ref for ref in touch.posted if ref in self._posted),
            _found(self._answer, touch.keys),
            _found(self._settlements.get, touch.settlements),
            _found(self._outbox.get, touch.keys),
            {account_id: self._funds[account_id][_EPOCH] for account_id in funds},
            sales,
            _found(self._disputes.get, touch.disputed),
            {account_id: self._funds[account_id][_VIEW] for account_id in funds},
            {account.account_id: account.address for account in _found(self._accounts.get, touch.accounts).values()},
            _found(self._owners.get, [address.lower() for address in touch.addresses]),
        )

    def _sale(self, presentment_id: str) -> Posted | None:
        """Read from the statement, line by line: a sale is seldom disputed."""
        kinds, refs, accounts, amounts, _ = self._lines
        if presentment_id not in self._posted:
            return None
        at = -1
        while True:
            try:
                at = refs.index(presentment_id, at + 1)
            except ValueError:
                return None  # a deposit or a withdrawal
            if kinds[at] == "capture":
                sold_usdc6, returned_usdc6 = self._exchanged(presentment_id, accounts[at], self._named[at])
                return Posted(accounts[at], amounts[at], sold_usdc6 or amounts[at], returned_usdc6)
            if kinds[at] == "refund":
                return None

    def _exchanged(self, presentment_id: str, account_id: str, authorization_id: str) -> tuple[int, int]:
        """What was sold under this name, and what of it was given back, but for disputes of this presentment; nothing
        where there is no name.
        """
        kinds, refs, accounts, amounts, _ = self._lines
        sold_usdc6 = returned_usdc6 = 0
        at = -1
        while authorization_id:
            try:
                at = self._named.index(authorization_id, at + 1)
            except ValueError:
                break
            if accounts[at] != account_id:
                continue
            if kinds[at] == "refund":
                returned_usdc6 += amounts[at]
                continue
            sold_usdc6 += amounts[at]
            dispute = self._disputes.get(refs[at])
            if dispute is not None and refs[at] != presentment_id:
                returned_usdc6 += usdc6_of(dispute.credited_cents)
        return sold_usdc6, returned_usdc6

    def _commit(self, commit: Commit) -> Commit:
        """Make it durable; returned with what only the ledger knows: the epochs of changes, the view that it made."""
        for account in commit.accounts:
            self._accounts[account.account_id] = account
            if account.address:
                self._owners[account.address.lower()] = account.account_id
            books = self._funds.setdefault(account.account_id, [0] * (len(_BOOKS) + 2))
            books[_VIEW] += 1
            commit = commit._replace(view=books[_VIEW])
        for card in commit.cards:
            self._cards[card.card_id] = card
        for entry in commit.entries:
            self._post(entry)
        for authorization in commit.authorizations:
            self._keep(authorization)
        for answer in commit.answers:
            self._keep_answer(answer)
        for queued in commit.queued:
            queue = self._queued.get(queued.account_id)
            if queue is None:
                queue = self._queued[queued.account_id] = _Queue()
            queue.add(queued)
        self._posted.update(commit.posted)
        for settlement_id in commit.closed:
            del self._settlements[settlement_id]
        for dispute in commit.disputes:
            self._disputes[dispute.presentment_id] = dispute
        for account_id, spend in commit.forced:
            self._forced.setdefault(account_id, []).append(spend)
        if not commit.changes:
            return commit
        changes = tuple(
            change._replace(epoch=epoch)
            for change in commit.changes
            if (epoch := self._funds[change.account_id][_EPOCH])
        )
        if changes:
            self._outbox[commit.ref] = changes
        return commit._replace(changes=changes)

    def _keep(self, authorization: Authorization) -> None:
        if authorization.status is Status.OPEN and authorization.authorization_id not in self._authorizations:
            self._expect_end_of(authorization)
        handed_out = self._authorizations.put(authorization)
        if handed_out is not None:
            self._keep_answer(handed_out)

    def _keep_answer(self, answer: Answer) -> None:
        if answer.key not in self._answers:
            self._answered_ns.append(self._utc_ns())
        self._answers[answer.key] = answer

    def _expect_end_of(self, authorization: Authorization) -> None:
        lifetime_ns = authorization.expires_at_ns - authorization.counted_at_ns
        waiting = self._expiring.get(lifetime_ns)
        if waiting is None:
            waiting = self._expiring[lifetime_ns] = deque()
        waiting.append(authorization.authorization_id)

    def _post(self, entry: Entry) -> None:
        """Add the postings to the books; an entry that does not balance stops the world."""
        kind, ref, account_id, at_ns, amount_usdc6, receivable_usdc6, postings, authorization_id = entry
        books = self._funds[account_id]
        usdc6 = cents = 0
        for book, owner, asset, amount in postings:
            if asset == USD:
                cents += amount
                continue
            usdc6 += amount
            if owner:
                books[_BOOK[book]] += amount
        if self._journal is not None:
            self._journal(entry)
        if usdc6 or cents:
            raise UnbalancedEntry(f"{kind} {ref}: {unbalanced(entry)} left over in {postings}")
        line = LINE_KINDS.get(kind)
        if line is not None:
            self._write_line(line, ref, account_id, amount_usdc6, at_ns, authorization_id)
        if receivable_usdc6:
            self._write_line("receivable", ref, account_id, receivable_usdc6, at_ns)

    def _write_line(
        self, kind: str, ref: str, account_id: str, amount_usdc6: int, at_ns: int, authorization_id: str = ""
    ) -> None:
        kinds, refs, accounts, amounts, instants = self._lines
        kinds.append(kind)
        refs.append(ref)
        accounts.append(account_id)
        amounts.append(amount_usdc6)
        instants.append(at_ns)
        self._named.append(authorization_id)


def _found(get: Callable[[str], Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: row for key in keys if (row := get(key)) is not None}

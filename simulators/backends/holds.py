"""The hold store in memory: images of accounts (balance, holds, limit windows), changed in one step per call.

It can lose its memory, as the real ones do: ``flush``, ``evict``, and ``fail_over`` to an older copy of itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.domain.decide import is_plain, numeric
from engine.domain.decline import DeclineReason
from engine.domain.ledger import AccountSnapshot, HoldChange, OpenHold
from engine.domain.limits import NOTHING, Spend, too_large
from engine.domain.policies import DEFAULT
from engine.domain.scopes import Scope, Scopes, Tally
from engine.domain.windows import day_of, month_of_day
from engine.ports import Hold, Placed, Unplaced
from simulators.backends.served import Served

_NOT_LOADED = Placed(0, Unplaced.NOT_LOADED)


class _Image:
    """What an account may spend, and what counts in the newest day and month seen, by the default policy.

    That is all that plain limits need. ``tally`` has the rest, for accounts that were asked about other limits.
    ``incarnation`` is the store's own, at the time of loading: an image from another one is not an image.
    """

    __slots__ = (
        "account_id", "available_usdc6", "day", "day_cents", "epoch", "incarnation", "month", "month_cents", "tally",
    )  # fmt: skip

    def __init__(self, account_id: str, epoch: int, incarnation: int, available_usdc6: int) -> None:
        self.account_id = account_id
        self.epoch = epoch
        self.incarnation = incarnation
        self.available_usdc6 = available_usdc6
        self.day = self.month = -1
        self.day_cents = self.month_cents = 0
        self.tally: Tally | None = None

    def copy(self) -> _Image:
        """One that changes on its own, and knows plain limits alone."""
        twin = _Image(self.account_id, self.epoch, self.incarnation, self.available_usdc6)
        twin.day, twin.day_cents, twin.month, twin.month_cents = self.day, self.day_cents, self.month, self.month_cents
        return twin

    def enter(self, day: int) -> None:
        """Open the windows of ``day``, where they are newer than those at hand."""
        if day > self.day:
            self.day, self.day_cents = day, 0
            month = month_of_day(day)
            if month > self.month:
                self.month, self.month_cents = month, 0

    def against(self, hold: Hold, scopes: Scopes) -> DeclineReason | Unplaced | None:
        """What speaks against a hold under limits of any kind: funds first."""
        if hold.amount_usdc6 > self.available_usdc6:
            return DeclineReason.INSUFFICIENT_FUNDS
        if self.tally is None or not self.tally.knows(scopes, hold.at_ns):
            return Unplaced.NOT_LOADED
        return self.tally.check(hold.spend, scopes)

    def follow(self, before: Spend | None, after: Spend) -> None:
        """Count as ``after`` what counted as ``before``, or did not count yet."""
        was = before.counted(DEFAULT) if before is not None else NOTHING
        day = day_of(after.counted_at_ns)
        self.enter(day)  # an advice may be the first of its day
        self.count(day, after.counted(DEFAULT).cents - was.cents)
        if self.tally is not None:
            self.tally_up(before, after)

    def tally_up(self, before: Spend | None, after: Spend) -> None:
        """The same for limits that are not plain, where an image is needed for them."""
        if before is None:
            self.tally.take(after)
        else:
            self.tally.follow(before, after)

    def count(self, day: int, cents: int) -> None:
        """``cents`` more (or less) count in the windows of ``day``, where they are still open."""
        if day == self.day:
            self.day_cents += cents
        if month_of_day(day) == self.month:
            self.month_cents += cents


class MemoryHoldStore:
    """The port ``HoldStore``. A call takes effect when it has been served."""

    def __init__(self, served: Served) -> None:
        self._serve = served.serve
        self._incarnation = 1
        self._images: dict[str, _Image] = {}
        self._applied: set[str] = set()
        """Refs that every account named in them has followed, or need not follow."""
        self._applied_partly: dict[str, set[str]] = {}
        """By ref, the accounts that have followed, while others have not."""
        self._holds: dict[str, tuple[_Image, int]] = {}
        """What is left of each hold: whose, how much (millionths of a USDC)."""
        self._unswept: deque[Hold] = deque()
        self._checkpoint: dict[str, _Image] = {}
        self._plain: Scopes | None = None
        """The plain limits of an account seen last, by which most are asked about."""
        self._wanted: dict[str, dict[str, Scope]] = {}
        """By account, the scopes that were ever asked about, if not all were plain: an image is made with them."""

    async def place(self, hold: Hold, scopes: Scopes) -> Placed:
        await self._serve()
        authorization_id, account_id, amount_usdc6, amount_cents, at_ns, _, _, _, _, extends = hold
        image = self._images.get(account_id)
        plain = scopes is self._plain or self._are_plain(scopes)
        if image is None or image.incarnation != self._incarnation:
            return _NOT_LOADED if plain else self._want(account_id, scopes)
        left_usdc6 = 0
        if (authorization_id in self._holds) is (extends is None):
            return Placed(image.epoch, Unplaced.TAKEN)
        if extends is not None:
            _, left_usdc6 = self._holds[authorization_id]
        day = day_of(at_ns)
        if day != image.day:
            image.enter(day)
        if not plain or day != image.day:
            return self._place_by_tally(image, hold, scopes, left_usdc6)
        limits = scopes[0].limits
        reason = numeric(amount_cents, amount_usdc6, image.available_usdc6, image.day_cents, image.month_cents, limits)
        if extends is not None and reason is not DeclineReason.INSUFFICIENT_FUNDS and too_large(hold.spend, limits):
            reason = DeclineReason.TRANSACTION_LIMIT
        if reason is None:
            image.available_usdc6 -= amount_usdc6
            image.day_cents += amount_cents
            image.month_cents += amount_cents
            if image.tally is not None:
                image.tally_up(extends, hold.granted)
            self._holds[authorization_id] = (image, left_usdc6 + amount_usdc6)
            self._unswept.append(hold)
        return Placed(image.epoch, reason, image.available_usdc6)

    async def apply(self, ref: str, changes: Sequence[HoldChange]) -> Sequence[str]:
        await self._serve()
        if ref in self._applied:
            return ()
        followed = self._applied_partly.get(ref, frozenset())
        behind: dict[str, None] = {}
        for change in changes:
            image = self._images.get(change.account_id)
            if change.account_id in followed:
                continue
            if image is None or image.incarnation != self._incarnation or image.epoch < change.epoch:
                behind[change.account_id] = None
            elif image.epoch == change.epoch:
                self._follow(image, change)
        if behind:
            self._applied_partly[ref] = {change.account_id for change in changes} - behind.keys()
        else:
            self._applied.add(ref)
            self._applied_partly.pop(ref, None)
        return tuple(behind)

    async def load(self, snapshot: AccountSnapshot) -> None:
        await self._serve()
        account_id, epoch, available_usdc6, holds, spends = snapshot
        image = self._images.get(account_id)
        if image is not None and image.incarnation == self._incarnation:
            if image.epoch >= epoch:
                return
            self._forget_holds_of(image)
        image = self._images[account_id] = _Image(account_id, epoch, self._incarnation, available_usdc6)
        for spend in spends:
            day = day_of(spend.counted_at_ns)
            image.enter(day)
            image.count(day, spend.counted(DEFAULT).cents)
        if account_id in self._wanted:
            image.tally = Tally(self._wanted[account_id].values(), spends)
        for hold in holds:
            self._holds[hold.authorization_id] = (image, hold.left_usdc6)

    async def compact(self, now_ns: int) -> None:
        await self._serve()
        for image in self._images.values():
            if image.tally is not None:
                image.tally.compact(now_ns)

    async def unswept(self, before_ns: int, limit: int) -> Sequence[OpenHold]:
        await self._serve()
        found: list[OpenHold] = []
        waiting = self._unswept
        while waiting and waiting[0].authorization_id not in self._holds:
            waiting.popleft()
        for hold in waiting:
            if hold.at_ns >= before_ns or len(found) == limit:
                break
            if hold.authorization_id in self._holds:
                found.append(OpenHold(hold.authorization_id, hold.account_id, self._holds[hold.authorization_id][1]))
        return found

    async def swept(self, authorization_ids: Sequence[str]) -> None:
        await self._serve()
        done = set(authorization_ids)
        while self._unswept and (
            self._unswept[0].authorization_id in done or self._unswept[0].authorization_id not in self._holds
        ):
            self._unswept.popleft()

    def flush(self) -> None:
        """Lose everything."""
        self._incarnation += 1
        self._images.clear()
        self._applied.clear()
        self._applied_partly.clear()
        self._holds.clear()
        self._unswept.clear()

    def evict(self, account_id: str) -> None:
        """Lose one account."""
        image = self._images.pop(account_id, None)
        if image is not None:
            self._forget_holds_of(image)

    def checkpoint(self) -> None:
        """The replica has all of this."""
        self._checkpoint = {account_id: image.copy() for account_id, image in self._images.items()}

    def fail_over(self) -> None:
        """The replica takes over: what was acknowledged since the last checkpoint is lost."""
        images = {account_id: image.copy() for account_id, image in self._checkpoint.items()}
        self.flush()
        self._images = images

    def available_usdc6(self, account_id: str) -> int | None:
        """What the image says can be spent, read from outside the engine's time; None where there is no image."""
        image = self._images.get(account_id)
        return None if image is None or image.incarnation != self._incarnation else image.available_usdc6

    def _are_plain(self, scopes: Scopes) -> bool:
        """Whether the newest day and month are all that these limits need."""
        if len(scopes) > 1 or not is_plain(scopes[0].limits):
            return False
        self._plain = scopes
        return True

    def _want(self, account_id: str, scopes: Scopes) -> Placed:
        """The next image of the account is made with these scopes too."""
        self._wanted.setdefault(account_id, {}).update((scope.key, scope) for scope in scopes)
        return _NOT_LOADED

    def _place_by_tally(self, image: _Image, hold: Hold, scopes: Scopes, left_usdc6: int) -> Placed:
        """Place a hold under limits that are not plain, or in windows that are not the newest."""
        reason = image.against(hold, scopes)
        if reason is Unplaced.NOT_LOADED:
            return self._want(hold.account_id, scopes)
        if reason is None:
            image.available_usdc6 -= hold.amount_usdc6
            image.follow(hold.extends, hold.granted)
            self._holds[hold.authorization_id] = (image, left_usdc6 + hold.amount_usdc6)
            self._unswept.append(hold)
        return Placed(image.epoch, reason, image.available_usdc6)

    def _follow(self, image: _Image, change: HoldChange) -> None:
        image.available_usdc6 += change.available_usdc6
        if change.spend is not None:
            image.follow(change.spent, change.spend)
        if not change.authorization_id:
            return
        if change.hold_left_usdc6:
            self._holds[change.authorization_id] = (image, change.hold_left_usdc6)
        else:
            self._holds.pop(change.authorization_id, None)

    def _forget_holds_of(self, image: _Image) -> None:
        """Seldom, so every hold there is gets looked at."""
        for authorization_id in [key for key, (owner, _) in self._holds.items() if owner is image]:
            del self._holds[authorization_id]

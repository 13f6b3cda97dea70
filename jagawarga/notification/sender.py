"""The sender: pulls what is due for one channel out of the database and sends it, far from any report's way.

Claimed by a lease, marked, sent, settled. Killed before the mark, it is claimed again when the lease is over; killed
after it, nobody knows what arrived, and it is given up as `interrupted` rather than sent twice.
"""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.notification.channel import SEND_WITHIN, Letter
from jagawarga.notification.plan import CONFIRM, EXPIRES, KEPT, NOBODYS, Due, Outcome, Settlement, send_at, settled
from jagawarga.plumbing.telemetry import DELIVERIES
from supervisors import Actor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from jagawarga.notification.channel import Channel, Session
    from jagawarga.notification.desk import Desk
    from jagawarga.notification.store import Store

LOOK: Final = "look"
BATCH: Final = 32
AT_ONCE: Final = 8
"""Recipients of one claim that are written to; it bounds how long a lease has to last."""
LEASE: Final = timedelta(seconds=AT_ONCE * SEND_WITHIN + 60.0)
IDLE: Final = 1.0
RETRY_FIRST: Final = 1.0
RETRY_LIMIT: Final = 300.0
TIDY_EVERY: Final = 600

log = structlog.get_logger()


class Sender(Actor):
    """Looks once a second; while the database or the other side is out of reach, ever more rarely."""

    def init(self, channel: Channel, store: Store, desk: Desk) -> None:
        """Begin to look."""
        self.channel = channel
        self.store = store
        self.desk = desk
        self.sent = 0
        self.failures = 0
        self.looks = 0
        self.send_after(0.0, LOOK)

    async def handle_info(self, message: Any) -> None:
        """Send what is due, and look again."""
        if message != LOOK:
            return
        try:
            more = await self._look()
            self.failures = 0
            pause = 0.0 if more else IDLE
        except Unavailable as error:
            self.failures += 1
            if self.failures == 1:
                log.warning("sender.waiting", channel=self.channel.name, reason=error.detail)
            pause = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** min(self.failures, 10))
        self.send_after(pause * random.uniform(0.5, 1.0), LOOK)  # noqa: S311 - jitter, not a secret

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {"channel": self.channel.name, "sent": self.sent, "failures": self.failures}

    async def _look(self) -> bool:
        """Do one batch; True when there may be more."""
        now = self.desk.clock()
        if self.looks % TIDY_EVERY == 0:
            await self.store.forget(now - KEPT)
        self.looks += 1
        if lost := await self.store.interrupted(self.channel.name, now):
            DELIVERIES.labels(self.channel.name, "interrupted").inc(lost)
        lease = now + LEASE
        claimed = await self.store.claim(self.channel.name, now, lease, BATCH)
        if not claimed:
            return False
        letters = await self._letters(claimed, lease, now)
        async with AsyncExitStack() as stack:
            session: Session | None = None
            for number, letter in enumerate(letters):
                if number == AT_ONCE:
                    await self._free(letters[number:], lease, now)
                    break
                try:
                    if session is None or not session.usable:
                        session = await stack.enter_async_context(self.channel.open())
                except Unavailable:
                    # Of these nothing was sent, and no try of theirs is used up: the channel as a whole waits.
                    await self._free(letters[number:], lease, now)
                    raise
                await self._send(session, letter, lease)
        return True

    async def _letters(self, claimed: list[Due], lease: datetime, now: datetime) -> list[Letter]:
        """Put what is to be sent now together by recipient; what is not, is held or given up."""
        known = await self.store.preferences({each.recipient for each in claimed})
        letters = []
        for recipient, news in _grouped(claimed):
            try:
                preferences = self.desk.unseal(recipient, known[recipient][1])
            except (KeyError, Corrupt) as error:
                await self._settle(
                    recipient, news, lease, Settlement("failed", type(error).__name__, NOBODYS), "failed"
                )
                continue
            later: dict[datetime, list[Due]] = defaultdict(list)
            for each in news:
                at = now if each.type == CONFIRM else send_at(preferences.rhythm, self.channel.name, each.at, now)
                later[at].append(each)
            for at, some in later.items():
                if at > now:
                    await self._settle(recipient, some, lease, Settlement("queued", "", at), "held")
                    continue
                old = [each for each in some if now - each.at > EXPIRES]
                if old:
                    await self._settle(recipient, old, lease, Settlement("failed", "too-old", NOBODYS), "failed")
                letters += [
                    Letter(recipient, preferences, part)
                    for part in _parts([each for each in some if now - each.at <= EXPIRES])
                ]
        return letters

    async def _send(self, session: Session, letter: Letter, lease: datetime) -> None:
        ids = [each.event_id for each in letter.news]
        ours = await self.store.begin(self.channel.name, letter.recipient, ids, lease)
        news = tuple(each for each in letter.news if each.event_id in ours)
        if not news:
            return
        outcome = await session.send(Letter(letter.recipient, letter.preferences, news))
        now = self.desk.clock()
        # One dice for all of a message, so that a digest that comes again is one digest.
        dice = random.random()  # noqa: S311 - jitter, not a secret
        for each in _by_attempts(news):
            made = settled(outcome, each[0].attempts + 1, now, dice)
            await self._settle(letter.recipient, each, lease, made, _label(outcome, made))
        self.sent += len(news) if outcome.fate == "sent" else 0

    async def _free(self, letters: list[Letter], lease: datetime, now: datetime) -> None:
        for letter in letters:
            await self._settle(letter.recipient, letter.news, lease, Settlement("queued", "", now), None)

    async def _settle(
        self, recipient: str, news: Iterable[Due], lease: datetime, made: Settlement, label: str | None
    ) -> None:
        ids = [each.event_id for each in news]
        await self.store.settle(self.channel.name, recipient, ids, lease, made)
        if label is not None:
            DELIVERIES.labels(self.channel.name, label).inc(len(ids))
        if made.state == "failed":
            log.info("delivery.given_up", channel=self.channel.name, reason=made.reason, number=len(ids))


def _grouped(claimed: list[Due]) -> Iterable[tuple[str, list[Due]]]:
    groups: dict[str, list[Due]] = defaultdict(list)
    for each in claimed:
        groups[each.recipient].append(each)
    return groups.items()


def _parts(news: list[Due]) -> Iterable[tuple[Due, ...]]:
    """A mail that confirms an address is one by itself, all else is one message together."""
    codes = [(each,) for each in news if each.type == CONFIRM]
    told = tuple(each for each in news if each.type != CONFIRM)
    return [*codes, told] if told else codes


def _by_attempts(news: tuple[Due, ...]) -> Iterable[list[Due]]:
    groups: dict[int, list[Due]] = defaultdict(list)
    for each in news:
        groups[each.attempts].append(each)
    return groups.values()


def _label(outcome: Outcome, made: Settlement) -> str:
    return "unknown" if outcome.fate == "unknown" else "retried" if made.state == "queued" else made.state

"""Sees to what waits: registrations for the identity provider, rows whose time is over.

A task of its own, begun again when it crashes: what waits lies in the database, so nothing is lost with it. A
registration taken up twice makes one account.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.identity import refresh
from jagawarga.identity.service import claim_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.provider import HttpProvider
    from jagawarga.identity.service import Identity

EVERY: Final = 5.0
LONGEST_PAUSE: Final = 60.0
SWEEP_EVERY: Final = 3_600.0
PAGE: Final = 100

log = structlog.get_logger()


async def hold_provider(started: Callable[[], None], provider: HttpProvider) -> None:
    """Keep the provider's connections open."""
    async with provider.open():
        started()
        await trio.sleep_forever()


async def see_to_what_waits(started: Callable[[], None], identity: Identity, every: float = EVERY) -> None:
    """Go on for ever: confirm every few seconds, with growing pauses while the provider or the database is away."""
    started()
    pause, swept = every, trio.current_time() - SWEEP_EVERY
    while True:
        await trio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
        try:
            settled = await settle_pending(identity)
            if trio.current_time() - swept >= SWEEP_EVERY:
                now = identity.clock()
                await identity.store.sweep(now, int(now.timestamp()) // refresh.WEEK)
                swept = trio.current_time()
        except Unavailable:
            pause = min(LONGEST_PAUSE, pause * 2)
            continue
        except Corrupt:
            # Of a row that does not open; the others wait behind it until somebody looks.
            log.exception("registration.unreadable")
            raise
        pause = every
        if settled:
            log.info("registrations.settled", number=settled)


async def settle_pending(identity: Identity) -> int:
    """Ask for every registration that waits; `Unavailable`, those done being done, when the provider is away."""
    after, settled = UUID(int=0), 0
    while page := await identity.store.pending(after, PAGE):
        for registration_id, facts in page:
            confirmed = await identity.provider.confirm(claim_of(facts))
            await identity.store.settle(registration_id, facts if confirmed else None)
            settled += 1
        after = page[-1][0]
    return settled

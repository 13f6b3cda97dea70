"""The readers of the events, held still for a while: what a submission takes without what is told of it later.

The feed and the notifier run in the same process, but at their own pace: what they have not read waits in the stream.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from supervisors import system
from supervisors.snapshot import find

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jagawarga.app import House
    from supervisors.process import Process

READERS: Final = ("jagawarga/feed/keeper", "jagawarga/notification/notifier")
CAUGHT_UP_WITHIN: Final = 60.0


@asynccontextmanager
async def still(house: House, events: int) -> AsyncIterator[None]:
    """Suspend them for the block, in which so many events are published; afterwards wait until they have read those."""
    assert house.runtime is not None
    readers = [find(house.runtime, path)[1] for path in READERS]
    wanted = [_read(each) + events for each in readers]
    for each in readers:
        await system.suspend(each)
    try:
        yield
    finally:
        for each in readers:
            await system.resume(each)
    with trio.fail_after(CAUGHT_UP_WITHIN):
        while any(_read(each) < many for each, many in zip(readers, wanted, strict=True)):  # noqa: ASYNC110
            await trio.sleep(0.02)


def _read(reader: Process) -> int:
    processed: int = reader.actor.describe()["processed"]
    return processed

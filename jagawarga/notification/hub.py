"""The hub: reads the bus in order and feeds the live stream."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from jagawarga.errors import Unavailable
from jagawarga.notification.stream import PAGE, heard
from jagawarga.plumbing.packing import next_message
from supervisors import Actor

if TYPE_CHECKING:
    from jagawarga.notification.stream import LiveStream

QUICK: Final = 0.05
IDLE: Final = 1.0
RETRY_LIMIT: Final = 5.0
LOOK: Final = "look"


class Hub(Actor):
    """Polls for new events, quickly while anybody follows and rarely while nobody does.

    What it has read lies in the stream's ring, so a new hub goes on where the former one was killed.
    """

    def init(self, stream: LiveStream) -> None:
        """Begin to look."""
        self.stream = stream
        self.failures = 0
        self.timer = self.send_after(0.0, LOOK)
        stream.wanted = lambda: self.process.cast(LOOK)

    async def handle_cast(self, message: Any) -> None:
        """Look now: somebody has begun to follow."""
        await self.handle_info(message)

    async def handle_info(self, message: Any) -> None:
        """Take everything new into the ring."""
        if message != LOOK:
            return
        self.timer.cancel()
        try:
            await self._take()
            self.failures = 0
            pause = QUICK if self.stream.followers else IDLE
        except Unavailable:
            self.failures += 1
            full = min(RETRY_LIMIT, QUICK * 2.0 ** min(self.failures, 10))
            pause = full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        self.timer = self.send_after(pause, LOOK)

    async def _take(self) -> None:
        stream = self.stream
        if stream.last is None:
            # The first of the process: what was before is read from the bus when somebody asks for it.
            stream.last = await stream.bus.last_sequence()
        if not stream.followers:
            # Nobody listens, and reading costs more than filing: whoever comes reads the past from the bus.
            stream.skip(await stream.bus.last_sequence())
            return
        while page := await stream.bus.read_from(next_message(stream.last), PAGE):
            for delivery in page:
                stream.push(heard(delivery))

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {"last_sequence": self.stream.last, "followers": self.stream.followers, "failures": self.failures}

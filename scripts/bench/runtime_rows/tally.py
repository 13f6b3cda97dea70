"""Waiting for the last of many, and knowing when it came."""

from __future__ import annotations

import trio


class Tally:
    """Counts what happens elsewhere, and notes the moment the last one expected did."""

    __slots__ = ("_all", "at", "left")

    def __init__(self) -> None:
        self.expect(0)

    def expect(self, count: int) -> None:
        """Start counting to `count` anew."""
        self.left = count
        self.at = 0.0
        self._all = trio.Event()

    def note(self) -> None:
        """Count one."""
        self.left -= 1
        if self.left == 0:
            self.at = trio.current_time()
            self._all.set()

    async def wait(self) -> float:
        """Wait for the last one; return its moment in `trio.current_time()` seconds, not that of our waking up."""
        await self._all.wait()
        return self.at

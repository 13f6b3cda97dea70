"""A clock that jumps: the house goes by a clock of the trial's; the machine's own is left alone."""

from __future__ import annotations

import os
import struct
import tempfile
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from scripts.chaos.stage import own_stage
from scripts.chaos.trial import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scripts.chaos.stage import Stage
    from scripts.chaos.trial import Run

OFFSET: Final = "JAGAWARGA_TEST_CLOCK"
"""Environment variable: the file that says by how many seconds the house's clock is ahead, as a double."""
PROGRAM: Final = "scripts.chaos.clocked"
JUMPS: Final = (-8.0, -2.0, 0.7, 3.0, 20.0, 120.0)
CLOCK: Final = "clock"


class ShiftedClock:
    """The machine's clock, ahead by what a file says at the time."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    @property
    def offset(self) -> float:
        """Seconds the clock is ahead."""
        seconds: float = struct.unpack("d", self.file.read_bytes())[0]
        return seconds

    def set(self, offset: float) -> None:
        """Jump."""
        # Written in place: eight bytes, read and written whole.
        with self.file.open("r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("d", offset))


class Clock:
    """The house's clock jumps every few seconds."""

    name = CLOCK
    breaks = "lets the house's clock jump forward and back"

    def __init__(self) -> None:
        self._file = Path(tempfile.gettempdir()) / f"jagawarga-chaos-clock-{os.getpid()}"
        self.clock = ShiftedClock(self._file)

    @asynccontextmanager
    async def setting(self) -> AsyncIterator[Stage]:
        """Give a house that goes by our clock."""
        environment = {**ENVIRONMENT, OFFSET: str(self._file)}
        self.clock.set(0.0)
        try:
            async with own_stage("chaos-clock", environment, program=PROGRAM) as stage:
                yield stage
        finally:
            self._file.unlink(missing_ok=True)

    async def strike(self, run: Run, seconds: float) -> None:
        """Jump, and jump."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await trio.sleep(run.rng.uniform(0.5, 3.0))
            jump = run.rng.choice(JUMPS)
            run.toll.note(f"{jump:+g} s", CLOCK)
            if jump > 0:
                # The time jumped over is time nobody had.
                run.outages.begin(CLOCK)
            self.clock.set(self.clock.offset + jump)
            run.outages.end(CLOCK)

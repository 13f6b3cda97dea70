"""A full disk: the house lives on a small file system of its own, which is filled to the last byte for a while.

The file system is a tmpfs in a mount namespace, so the scenario runs in a process of its own (`enclosed`); nothing is
mounted where others could see it, and nothing is left when the process ends.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from scripts.chaos.outages import wall_clock
from scripts.chaos.stage import own_stage
from scripts.chaos.trial import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from scripts.chaos.stage import Stage
    from scripts.chaos.trial import Run

SIZE: Final = "320m"
PLACE: Final = "JAGAWARGA_TEST_DISK"
"""Environment variable: where the small file system is mounted."""
BLOCK: Final = 1 << 20
HUNGRY_EVERY: Final = 0.02
DISK: Final = "disk"


@contextmanager
def enclosed(argv: Sequence[str]) -> Iterator[list[str]]:
    """Give a command line that runs `argv` with a small file system of its own, as root or as anybody."""
    with tempfile.TemporaryDirectory(prefix="jagawarga-chaos-disk-") as place:
        # PostgreSQL runs as a user of its own when we are root.
        Path(place).chmod(0o755)
        mount = f"mount -t tmpfs -o size={SIZE},mode=1777 tmpfs {shlex.quote(place)}"
        inside = f"{mount} && export {PLACE}={shlex.quote(place)} && exec"
        if os.geteuid() == 0:
            yield ["unshare", "--mount", "sh", "-c", f"{inside} {shlex.join(argv)}"]
        else:
            # Root of a namespace may mount; what runs then is the user again, as PostgreSQL insists on.
            again = f"unshare --user --map-user={os.geteuid()} --map-group={os.getegid()} {shlex.join(argv)}"
            yield ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{inside} {again}"]


class Disk:
    """The disk is full for seconds at a time."""

    name = DISK
    breaks = "fills the disk of house, database and broker to the last byte"
    clock = staticmethod(wall_clock)

    def setting(self) -> AbstractAsyncContextManager[Stage]:
        """Give a house on the small file system."""
        return own_stage("chaos-disk", ENVIRONMENT, inside=Path(os.environ[PLACE]))

    async def strike(self, run: Run, seconds: float) -> None:
        """Fill and empty."""
        end = trio.current_time() + seconds
        filler = Path(os.environ[PLACE]) / "filler"
        while trio.current_time() < end:
            await trio.sleep(run.rng.uniform(0.5, 2.0))
            run.outages.begin(DISK)
            run.toll.note("full", DISK)
            try:
                with trio.move_on_after(run.rng.uniform(1.0, 6.0)):
                    await _fill(filler)
            finally:
                filler.unlink(missing_ok=True)
                run.outages.end(DISK)


async def _fill(filler: Path) -> None:
    """Take all there is, and whatever others give back."""
    with filler.open("wb", buffering=0) as file:
        while True:
            for size in (BLOCK, 4096, 1):
                with suppress(OSError):
                    while file.write(bytes(size)) == size:
                        await trio.lowlevel.checkpoint()
            await trio.sleep(HUNGRY_EVERY)

"""Has uploads cleaned by child processes: few at a time, each with a deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

import filetype
import trio

from jagawarga.errors import Invalid
from jagawarga.media.kinds import FORMATS, HEAD, Kind

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE: Final = 25.0
AT_ONCE: Final = 2
UNKNOWN: Final = "The file is of no kind that is taken."
UNREADABLE: Final = "The file can not be read."


@dataclass(slots=True)
class Clean:
    """A harmless file without a name, and the picture of it if it is one; whoever gets it closes both."""

    kind: Kind
    content_type: str
    content: IO[bytes]
    thumbnail: IO[bytes]
    dhash: int | None

    def close(self) -> None:
        """Give the space back."""
        self.content.close()
        self.thumbnail.close()


def sniff(head: bytes) -> str:
    """Tell the content type from the first `HEAD` bytes; `Invalid` for what is not taken."""
    found = filetype.guess_mime(bytearray(head[:HEAD]))
    if found not in FORMATS:
        raise Invalid(UNKNOWN, code="unsupported-media")
    return str(found)


class Sanitiser:
    """Cleans files; its temporary ones lie without a name in `directory`, so a crash leaves nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.places = trio.CapacityLimiter(AT_ONCE)

    async def clean(self, source: IO[bytes], largest: int) -> Clean:
        """Return the harmless copy of `source`; `Invalid` when it is not taken, can not be read or takes too long.

        A cancelled call kills the child.
        """
        source.seek(0)
        content_type = sniff(source.read(HEAD))
        source.seek(0)
        # `content` outlives this call; the caller closes it.
        content, thumbnail = (TemporaryFile(dir=self.directory) for _ in range(2))  # noqa: SIM115
        try:
            async with self.places:
                facts = await self._run(content_type, largest, (source, content, thumbnail))
        except BaseException:
            content.close()
            thumbnail.close()
            raise
        return Clean(facts["kind"], facts["content_type"], content, thumbnail, facts.get("dhash"))

    async def _run(self, content_type: str, largest: int, files: tuple[IO[bytes], ...]) -> dict[str, Any]:
        numbers = [file.fileno() for file in files]
        with trio.move_on_after(DEADLINE):
            done = await trio.run_process(
                [sys.executable, "-m", "jagawarga.media.cleaning", content_type, str(largest), *map(str, numbers)],
                pass_fds=numbers,
                capture_stdout=True,
                stderr=subprocess.DEVNULL,
                check=False,
                env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            if done.returncode == 0:
                return dict(json.loads(done.stdout))
        raise Invalid(UNREADABLE, code="unreadable-media")

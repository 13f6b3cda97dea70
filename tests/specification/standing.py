"""`python -m tests.specification.standing serve --data DIR --port N`: JagaWarga by a clock that stands still until it is moved.

So a model knows the house's time exactly: every moment in an answer can be told beforehand.
"""

from __future__ import annotations

import os
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jagawarga.app import serve
from jagawarga.settings import load_settings

FILE: Final = "JAGAWARGA_TEST_STANDING_CLOCK"
"""Environment variable: the file with the time, as a double in seconds since 1970."""


class StandingClock:
    """Tells the time that lies in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self) -> datetime:
        """Tell it."""
        return datetime.fromtimestamp(struct.unpack("d", self.file.read_bytes())[0], UTC)

    def set(self, now: datetime) -> None:
        """Move it."""
        # Written in place: eight bytes, read and written whole.
        with self.file.open("r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("d", now.timestamp()))


def main(arguments: list[str]) -> int:
    """Serve as `jagawarga serve` does."""
    _, _, data, _, port = arguments
    return serve(load_settings(data_dir=data, port=port), clock=StandingClock(Path(os.environ[FILE])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

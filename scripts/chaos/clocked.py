"""`python -m scripts.chaos.clocked serve --data DIR --port N`: JagaWarga, by a clock that can be made to jump."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jagawarga.app import serve
from jagawarga.settings import load_settings
from scripts.chaos.clock import OFFSET, ShiftedClock


def main(arguments: list[str]) -> int:
    """Serve as `jagawarga serve` does."""
    _, _, data, _, port = arguments
    return serve(load_settings(data_dir=data, port=port), clock=ShiftedClock(Path(os.environ[OFFSET])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

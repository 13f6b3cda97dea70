"""What several unit tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.served import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """Give the data directory of a real runtime that serves its control socket in a thread."""
    with served(tmp_path):
        yield tmp_path

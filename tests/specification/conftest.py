"""One house of the model's small city for all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.specification.town import Town, town

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def place() -> Iterator[Town]:
    """Give it; each test begins a story of its own in it."""
    with town() as made:
        yield made

"""One house of the model's small city for all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

# Before they are imported: what they expected and saw is to be told as it is of a test's own asserts.
pytest.register_assert_rewrite("tests.specification.eyes", "tests.specification.story")

from tests.specification.town import Town, town  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def place() -> Iterator[Town]:
    """Give it; each test begins a story of its own in it."""
    with town() as made:
        yield made

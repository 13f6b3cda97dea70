"""Which language a caller is answered in."""

from __future__ import annotations

import pytest

from jagawarga.edge.languages import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("id-ID,id;q=0.9,en-US;q=0.8", "id"),
        ("en-US,en;q=0.9,id;q=0.8", "en"),
        ("id;q=0.2, en;q=0.7", "en"),
        ("fr, de", "id"),
        ("fr, en;q=0.1", "en"),
        ("*", "id"),
        ("id;q=0, *", "en"),
        ("en;q=0", "id"),
        ("id;q=0, en;q=0", "id"),
        ("en;q=2, ;;;, \x00", "id"),
        ("x" * 100_000 + ",en", "id"),
    ],
)
def test_language_of_a_header(header: str | None, language: str) -> None:
    """The table: the one wanted most of ours, Indonesian where none is; nothing is refused."""
    assert preferred(header) == language

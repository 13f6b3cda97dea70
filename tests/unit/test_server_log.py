"""What an embedded server says, and what of it the operator hears."""

from __future__ import annotations

import pytest
import structlog

from jagawarga.plumbing.logs import server_log


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('FATAL:  role "x" does not exist', "warning"),
        ("PANIC:  could not write to file", "warning"),
        ("[7] [ERR] JetStream failed to store a msg", "warning"),
        ("LOG:  database system is ready to accept connections", "debug"),
        ("FATAL:  terminating connection due to administrator command", "debug"),
    ],
)
def test_only_what_is_wrong_is_told(line: str, level: str) -> None:
    """An orderly stop is none of it, however PostgreSQL calls it to those still connected."""
    with structlog.testing.capture_logs() as logs:
        server_log("postgres")(line)
    assert [(each["log_level"], each["line"]) for each in logs] == [(level, line)]

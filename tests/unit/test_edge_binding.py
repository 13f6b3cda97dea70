"""The listening socket: one clear line for what keeps it from listening."""

from __future__ import annotations

import os
import socket

import pytest

from jagawarga.edge.binding import check_bind, open_socket
from jagawarga.errors import StartupError


def test_a_taken_port_is_said_in_one_line() -> None:
    """The message names the address and the reason."""
    with open_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=rf"^cannot listen on 127.0.0.1:{port}: the port is already in use$"):
            check_bind("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 0), ("203.0.113.1", 0), ("a..b", 0), ("127.0.0.1", 70_000)]
)
def test_a_host_or_port_that_can_not_be_is_said_in_one_line(host: str, port: int) -> None:
    """Unknown names, addresses of other machines and numbers out of range are start-up errors."""
    with pytest.raises(StartupError, match=r"^cannot listen on [^\n]+$"):
        check_bind(host, port)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_privileged_port_is_said_in_one_line() -> None:
    """The message says that a privilege is missing."""
    with pytest.raises(StartupError, match="may not use the port"):
        check_bind("127.0.0.1", 1)


def test_checking_leaves_the_port_free() -> None:
    """After the check the port can be bound, again and again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(3):
        check_bind("127.0.0.1", port)
    open_socket("127.0.0.1", port).close()

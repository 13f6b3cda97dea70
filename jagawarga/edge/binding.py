"""The listening socket: bound by us before anything else starts, so that a taken port is one clear line."""

from __future__ import annotations

import errno
import socket

from jagawarga.errors import StartupError

BACKLOG = 512
PORTS = range(65_536)

_REASONS = {
    errno.EADDRINUSE: "the port is already in use",
    errno.EACCES: "this user may not use the port (ports below 1024 need a privilege)",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def check_bind(host: str, port: int) -> None:
    """Find out whether `host` and `port` can be listened on, and leave nothing behind. Raises `StartupError`."""
    open_socket(host, port).close()


def open_socket(host: str, port: int) -> socket.socket:
    """Return a non-blocking socket that listens on `host` and `port`; port 0 takes any free one.

    `SO_REUSEADDR` is set, so that connections in TIME_WAIT do not keep a restart from binding. Raises `StartupError`
    with one line for the operator.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if port not in PORTS:
        msg = f"cannot listen on {where}: the port must be between 0 and 65535"
        raise StartupError(msg)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as failure:
        msg = f"cannot listen on {where}: the host name can not be resolved"
        raise StartupError(msg) from failure
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Two sockets may be bound to one port and fail only here, so binding alone would prove nothing.
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    except OSError as failure:
        listener.close()
        reason = _REASONS.get(failure.errno or 0, failure.strerror or "the system refuses it")
        msg = f"cannot listen on {where}: {reason}"
        raise StartupError(msg) from failure
    return listener

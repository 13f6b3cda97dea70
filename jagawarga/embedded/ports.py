"""A TCP port on the loopback interface that is ours for the life of the process."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ReservedPort:
    """A free port, kept by a socket that is bound and never listens, until `release` or the end of the process.

    Linux hands a port in use to nobody who asks for any, and lets a second socket bind it on purpose
    when both set SO_REUSEADDR and none listens yet. So the child can be started on it again and
    again, and between two lives of the child no stranger is given the port our clients know.
    """

    number: int
    descriptor: int

    @classmethod
    def any(cls) -> ReservedPort:
        """Reserve a port that nobody has."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
            # Before bind, so that the child's listener (which sets it, too) may share the port with us.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind((LOOPBACK, 0))
            return cls(holder.getsockname()[1], holder.detach())

    def release(self) -> None:
        """Give the port back."""
        os.close(self.descriptor)

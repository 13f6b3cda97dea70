"""A private PostgreSQL in the data directory, as a command for a port and a URL for its clients."""

from __future__ import annotations

import os
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import trio

from jagawarga.embedded import leftovers
from jagawarga.embedded.account import choose_account
from jagawarga.embedded.binaries import find_postgres
from jagawarga.embedded.cluster import DATABASE, OWNER, QUIET_ENVIRONMENT, prepare_cluster
from jagawarga.embedded.directory import told_to_operator
from jagawarga.embedded.sockets import SOCKET_NAME, socket_directory
from supervisors.port import OsCommand, ignore_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.embedded.directory import DataDirectory

PROTOCOL_3 = 196608
STOP_WITHIN = 6.0
"""Killed after it, it loses nothing: what was committed is in its log, and the next start reads that."""
READY_WITHIN = 120.0  # recovery after a crash replays up to max_wal_size


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A prepared cluster: how to start it, where it serves, and how to clear the ground before a start."""

    url: str
    command: OsCommand
    cluster: Path
    socket: Path

    def clear(self) -> None:
        """End what an earlier server of this cluster left running, and remove its lock files. Blocks, seldom long.

        The lock files name a pid, and after a restart of the machine or the container that pid is
        often a stranger's, for whose sake PostgreSQL would refuse to start. That no server is left
        is known here: its processes have been looked for, and the data directory's lock is ours.
        """
        leftovers.end(leftovers.working_in("postgres", self.cluster), signal.SIGQUIT, within=5.0)
        for path in (self.cluster / "postmaster.pid", self.socket.with_name(self.socket.name + ".lock"), self.socket):
            path.unlink(missing_ok=True)


def prepare_postgres(
    directory: DataDirectory,
    *,
    binaries: Path | None = None,
    log: Callable[[str], None] = ignore_line,
    durable: bool = True,
) -> EmbeddedPostgres:
    """Make or check the cluster and tell how to run it. Blocks for up to a second the first time.

    `durable=False` is for tests: a crash of the machine may then lose everything.

    Raises:
        StartupError: one line that says what stands in the way.

    """
    programs = find_postgres(binaries)
    with told_to_operator(directory.path):
        account = choose_account(programs.postgres, (directory.path, directory.run))
        socket = socket_directory(directory.run, account)
        if directory.postgres.exists():  # before pg_controldata and the configuration are touched
            leftovers.end(leftovers.working_in("postgres", directory.postgres), signal.SIGQUIT, within=5.0)
        password = prepare_cluster(directory, programs, account, socket, durable=durable)
    command = OsCommand(
        argv=(str(programs.postgres), "-D", str(directory.postgres)),
        env=QUIET_ENVIRONMENT,
        cwd=Path("/"),
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        stop_within=STOP_WITHIN,
        parent_death_signal=signal.SIGQUIT,  # "immediate": nobody is left to wait for a checkpoint; the WAL has it all
        ready=lambda: answers(socket / SOCKET_NAME, directory.postgres / "postmaster.pid"),
        ready_within=READY_WITHIN,
        log=log,
    )
    url = f"postgresql://{OWNER}:{quote(password, safe='')}@/{DATABASE}?host={quote(str(socket), safe='')}&port=5432"
    return EmbeddedPostgres(url, account.dress(command), directory.postgres, socket / SOCKET_NAME)


async def answers(socket: Path, pid_file: Path) -> bool:
    """Tell whether the server takes sessions: it says so in its file, and at the socket it asks for a password."""
    # The file first: asked too early at the socket, the server logs a FATAL each time.
    if b"ready" not in pid_file.read_bytes():  # noqa: ASYNC240 - a hundred bytes, in memory
        return False
    # Broken: accepted and gone, which is "not yet" like a refusal.
    with suppress(trio.BrokenResourceError), trio.move_on_after(1.0):
        async with await trio.open_unix_socket(os.fspath(socket)) as stream:
            body = struct.pack("!i", PROTOCOL_3) + f"user\0{OWNER}\0database\0{DATABASE}\0\0".encode()
            await stream.send_all(struct.pack("!i", len(body) + 4) + body)
            # Read whole: closing on unread bytes would make the server log a reset connection.
            return (await stream.receive_some(4096)).startswith(b"R")
    return False

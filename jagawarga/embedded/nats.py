"""A private nats-server with JetStream on disk, as a command for a port and a URL for its clients."""

from __future__ import annotations

import json
import secrets
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from jagawarga.embedded import leftovers
from jagawarga.embedded.binaries import find_nats
from jagawarga.embedded.directory import DataDirectory, told_to_operator, write_private
from jagawarga.embedded.ports import LOOPBACK, ReservedPort
from jagawarga.errors import StartupError
from supervisors.port import OsCommand, ignore_line

if TYPE_CHECKING:
    from collections.abc import Callable

USER = "jagawarga"
MAX_PAYLOAD = 1 << 20
DOOM = "critical write error"
"""Said by 2.15 of a stream whose file could not be written, on a full disk: it takes nothing more until a restart."""
MAX_FILE_STORE = 1 << 35
"""More than all streams may have together. By default it is a share of the free disk, and on a small one no stream
could be declared; how full the disk is shows when it is written to."""
STOP_WITHIN = 3.0
READY_WITHIN = 60.0

# No `http` port: monitoring would tell subjects and connections to everybody on this machine.
# No lame duck: it is asked for by another signal than the one we stop with.
# sync_interval: by default JetStream tells the publisher "stored" up to two minutes before it calls
# fsync. With `always` an acknowledged event survives the machine's crash, as the outbox assumes
# when it deletes the row; tests, whose machine may crash, take the default.
CONFIGURATION = """\
# Written by JagaWarga at every start; changes here are lost.
listen: "{host}:{port}"
server_name: "jagawarga"
authorization {{ user: {user}, password: {password}, timeout: 5 }}
max_payload: {max_payload}
max_control_line: 4096
write_deadline: "10s"
logtime: false
debug: false
trace: false
jetstream {{ store_dir: {store}, max_memory_store: 67108864, max_file_store: {most}, sync_interval: {sync} }}
"""


@dataclass(frozen=True, slots=True)
class EmbeddedNats:
    """A configured server: how to start it, where it serves, and how to clear the ground before a start."""

    url: str
    command: OsCommand
    port: ReservedPort
    configuration: Path

    def clear(self) -> None:
        """End a server that an earlier life left running on these files. Blocks, seldom long."""
        leftovers.end(leftovers.told("nats-server", self.configuration), signal.SIGTERM, within=STOP_WITHIN)


def prepare_nats(
    directory: DataDirectory,
    *,
    program: Path | None = None,
    log: Callable[[str], None] = ignore_line,
    durable: bool = True,
) -> EmbeddedNats:
    """Reserve a port, draw a password, write the configuration (0600), and tell how to run the server.

    Port and password last for this process: clients find the restarted server where it was, and an
    old configuration file opens nothing.

    Raises:
        StartupError: one line that says what stands in the way.

    """
    server = find_nats(program)
    if directory.nats.exists() and not directory.nats.is_dir():
        raise StartupError(f"{directory.nats} is not a directory; JetStream's files should be in it")
    port = ReservedPort.any()
    password = secrets.token_urlsafe(32)
    configuration = directory.run / "nats.conf"
    text = CONFIGURATION.format(
        host=LOOPBACK,
        port=port.number,
        user=json.dumps(USER),
        password=json.dumps(password),
        max_payload=MAX_PAYLOAD,
        most=MAX_FILE_STORE,
        store=json.dumps(str(directory.nats), ensure_ascii=False),
        sync='"always"' if durable else '"2m"',
    )
    with told_to_operator(directory.path):
        directory.nats.mkdir(mode=0o700, exist_ok=True)
        write_private(configuration, text)
    command = OsCommand(
        argv=(str(server), "--config", str(configuration)),
        env={"PATH": "/usr/bin:/bin"},  # without HOME no client contexts of the operator are read
        cwd=Path("/"),
        stop_signal=signal.SIGTERM,
        stop_within=STOP_WITHIN,
        parent_death_signal=signal.SIGTERM,
        ready=lambda: greets(port.number),
        ready_within=READY_WITHIN,
        log=log,
        doomed=lambda line: DOOM in line,
    )
    return EmbeddedNats(f"nats://{USER}:{password}@{LOOPBACK}:{port.number}", command, port, configuration)


async def greets(port: int) -> bool:
    """Tell whether a nats-server with JetStream takes connections there."""
    # Broken: accepted and gone, as by a server that is killed in this moment, and whose successor we are asked about.
    with suppress(OSError, trio.BrokenResourceError), trio.move_on_after(1.0):
        async with await trio.open_tcp_stream(LOOPBACK, port) as stream:
            said = b""
            while b"\r\n" not in said:
                chunk = await stream.receive_some(4096)
                if not chunk:
                    return False
                said += chunk
            return said.startswith(b"INFO ") and b'"jetstream":true' in said
    return False

"""The control socket: operators see and steer the tree from another process.

JSON lines over a Unix socket that only its owner may open. A request is `{"op": ..., arguments}`, an answer
`{"ok": true, "result": ...}` or `{"ok": false, "error": "one line"}`. The socket is served from threads: what only
reads is answered even while the loop is blocked, and then says who blocks it.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import trio

from supervisors.desk import Desk, Operation
from supervisors.exits import SupervisionError
from supervisors.runtime import Runtime
from supervisors.watchdog import Watching

LINE_LIMIT = 65_536
IDLE_LIMIT = 60.0


class ControlError(SupervisionError):
    """The other side refused or failed; the message is its one line."""


class NotRunning(SupervisionError):
    """Nobody serves the control socket."""


def request(path: Path, op: str, timeout: float = 35.0, /, **args: Any) -> Any:
    """Ask the process behind the socket at `path` and return its result.

    Raises `NotRunning` when nobody answers there and `ControlError` with what the process said.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(json.dumps({"op": op, **args}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
    except OSError as error:
        msg = f"no process answers at {path}"
        raise NotRunning(msg) from error
    if not line:
        msg = f"the process at {path} closed the connection without an answer"
        raise NotRunning(msg)
    answer = json.loads(line)
    if not answer["ok"]:
        raise ControlError(answer["error"])
    return answer["result"]


async def serve_control(
    started: Callable[[], None],
    path: Path,
    runtime: Callable[[], Runtime],
    operations: Mapping[str, Operation],
    watching: Watching | None = None,
) -> None:
    """Task body: serve the socket at `path` until cancelled, then remove it.

    `operations` are the application's own, called in the loop as `await operation(**arguments)`. `watching` is what
    the runtime's watchdog sees, if there is one.
    """
    desk = Desk(runtime, operations, trio.lowlevel.current_trio_token(), trio.lowlevel.current_clock(), watching)
    server = _listen(path, desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="control", daemon=True)
    thread.start()
    try:
        async with trio.open_nursery() as nursery:
            desk.nursery = nursery
            started()
            await trio.sleep_forever()
    finally:
        # Shielded and short: serve_forever looks up ten times a second.
        with trio.move_on_after(1.0, shield=True):
            await trio.to_thread.run_sync(server.shutdown, abandon_on_cancel=True)
        server.server_close()
        _remove(path)


def _listen(path: Path, desk: Desk) -> _Server:
    """Bind a socket that only its owner may open, in place of one a killed predecessor left."""
    _remove(path)
    old = os.umask(0o177)
    try:
        return _Server(str(path), desk)
    finally:
        os.umask(old)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, path: str, desk: Desk) -> None:
        self.desk = desk
        super().__init__(path, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away in mid-sentence is no news."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    timeout = IDLE_LIMIT

    def handle(self) -> None:
        while line := self.rfile.readline(LINE_LIMIT):
            self.wfile.write(json.dumps(self.server.desk.answer(line), default=str).encode() + b"\n")
            self.wfile.flush()

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
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import trio

from supervisors import snapshot, system
from supervisors.exits import KILL, CallError, SupervisionError
from supervisors.process import Process
from supervisors.requests import RestartChild, TerminateChild
from supervisors.runtime import Runtime
from supervisors.static import Supervisor
from supervisors.watchdog import Watching

Operation = Callable[..., Awaitable[Any]]

LOOP_PATIENCE = 0.5
OPERATION_LIMIT = 30.0
LINE_LIMIT = 65_536
IDLE_LIMIT = 60.0
SURVEY_TRIES = 5
TRACE_SECONDS = 25.0
TRACE_EVENTS = 10_000


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
    desk = _Desk(runtime, operations, trio.lowlevel.current_trio_token(), trio.lowlevel.current_clock(), watching)
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


def _listen(path: Path, desk: _Desk) -> _Server:
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

    def __init__(self, path: str, desk: _Desk) -> None:
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


class _Desk:
    """Turns requests into answers; its methods run in the socket's threads."""

    def __init__(
        self,
        runtime: Callable[[], Runtime],
        operations: Mapping[str, Operation],
        token: trio.lowlevel.TrioToken,
        clock: trio.abc.Clock,
        watching: Watching | None,
    ) -> None:
        self.watching = watching
        self.runtime = runtime
        self.operations = operations
        self.token = token
        self.clock = clock
        self.nursery: trio.Nursery | None = None
        self.readers: dict[str, Callable[..., Any]] = {
            "tree": lambda: snapshot.tree(runtime(), clock.current_time()),
            "inspect": lambda actor: snapshot.inspect(runtime(), actor, clock.current_time()),
            "children": lambda path, limit=100: snapshot.children(runtime(), path, limit, clock.current_time()),
            "runtime": self._overview,
        }
        self.surveys: dict[str, Callable[..., Any]] = {
            "processes": lambda **options: snapshot.processes(runtime(), clock.current_time(), **options),
        }
        """Go through everything, so they do it here in the thread and not in the loop."""
        self.actions: dict[str, Operation] = {
            "kill": self._kill,
            "restart": self._restart,
            "terminate": self._terminate,
            "start": self._start,
            "suspend": self._suspend,
            "resume": self._resume,
            "trace": self._trace,
        }

    def answer(self, line: bytes) -> dict[str, Any]:
        try:
            args = json.loads(line)
            op = args.pop("op")
            if op in self.readers:
                result = self._read(self.readers[op], args)
            elif op in self.surveys:
                result = self._survey(self.surveys[op], args)
            elif op in self.actions or op in self.operations:
                result = self._do(self.actions.get(op) or self.operations[op], args)
            else:
                return {"ok": False, "error": f"unknown operation {op!r}"}
        except (SupervisionError, TimeoutError) as error:
            return {"ok": False, "error": str(error)}
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            return {"ok": False, "error": f"malformed request: {type(error).__name__}"}
        except Exception as error:  # noqa: BLE001 - an operator's question must never end the desk
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return {"ok": True, "result": result}

    def _read(self, reader: Callable[..., Any], args: dict[str, Any]) -> Any:
        future: Future[Any] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                _settle(future, lambda: reader(**args))

        self.token.run_sync_soon(run)
        try:
            return future.result(LOOP_PATIENCE)
        except TimeoutError:
            future.cancel()
        # The loop is blocked. Reading from this thread is safe: every container is copied in one step.
        result = self._survey(reader, args)
        blocker = self.runtime().running
        if isinstance(result, dict):
            result["blocked_by"] = repr(blocker) if blocker else "something that is no actor"
        return result

    def _survey(self, reader: Callable[..., Any], args: dict[str, Any]) -> Any:
        for _ in range(SURVEY_TRIES):
            try:
                return reader(**args)
            except RuntimeError:  # something changed under our eyes: look again
                continue
        msg = "the tree changes too fast to be looked at"
        raise TimeoutError(msg)

    def _overview(self) -> dict[str, Any]:
        loop: dict[str, Any] = {"watched": self.watching is not None}
        if self.watching is not None:
            since = self.watching.blocked_since
            loop |= {
                "blocked_by": self.watching.blocked_by,
                "blocked_for": 0.0 if since is None else perf_counter() - since,
                "blocks": self.watching.blocks,
                "longest_block": self.watching.longest,
                "longest_blocker": self.watching.longest_by,
            }
        return {**snapshot.overview(self.runtime(), self.clock.current_time()), "loop": loop}

    def _do(self, operation: Operation, args: dict[str, Any]) -> Any:
        future: Future[Any] = Future()

        async def run() -> None:
            try:
                with trio.fail_after(OPERATION_LIMIT):
                    result = await operation(**args)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the asker's answer
                future.set_exception(error)
            except BaseException:
                future.set_exception(TimeoutError("the process is stopping"))
                raise
            else:
                future.set_result(result)

        def begin() -> None:
            if self.nursery is None:
                future.set_exception(TimeoutError("the process is stopping"))
            else:
                self.nursery.start_soon(run)

        self.token.run_sync_soon(begin)
        try:
            return future.result(OPERATION_LIMIT + 2)
        except TimeoutError as error:
            raise TimeoutError(str(error) or "no answer in time: the loop is blocked or the operation hangs") from None

    # --- built-in actions, run in the loop

    async def _kill(self, actor: str) -> dict[str, Any]:
        path, process = snapshot.find(self.runtime(), actor)
        process.exit(KILL)
        return {"path": path}

    async def _restart(self, actor: str) -> dict[str, Any]:
        path, process = snapshot.find(self.runtime(), actor)
        parent, child_id = snapshot.parent_and_id(process)
        if isinstance(parent.actor, Supervisor):
            await parent.call(TerminateChild(child_id), timeout=OPERATION_LIMIT)
            await parent.call(RestartChild(child_id), timeout=OPERATION_LIMIT)
        else:
            # A dynamic child has no id to restart it by: it ends as if it had crashed, cleanup included.
            process.shut_down("restart")
            await process.wait_ended()
        return {"path": path}

    async def _terminate(self, actor: str) -> dict[str, Any]:
        path, process = snapshot.find(self.runtime(), actor)
        parent, child_id = snapshot.parent_and_id(process)
        await parent.call(TerminateChild(child_id), timeout=OPERATION_LIMIT)
        return {"path": path}

    async def _start(self, actor: str) -> dict[str, Any]:
        above, _, child_id = actor.strip("/").rpartition("/")
        path, parent = snapshot.find(self.runtime(), above)
        await parent.call(RestartChild(child_id), timeout=OPERATION_LIMIT)
        return {"path": f"{path}/{child_id}"}

    async def _suspend(self, actor: str) -> dict[str, Any]:
        path, process = snapshot.find(self.runtime(), actor)
        await system.suspend(process)
        return {"path": path}

    async def _resume(self, actor: str) -> dict[str, Any]:
        path, process = snapshot.find(self.runtime(), actor)
        await system.resume(process)
        return {"path": path}

    async def _trace(self, actor: str, seconds: float = 5.0, limit: int = 100) -> dict[str, Any]:
        """Types and times of what an actor handles from now on, never content; ends by itself."""
        if not 0 < seconds <= TRACE_SECONDS or not 1 <= limit <= TRACE_EVENTS:
            msg = f"a trace takes at most {TRACE_SECONDS:g} seconds and {TRACE_EVENTS} events"
            raise SupervisionError(msg)
        path, process = snapshot.find(self.runtime(), actor)
        return {"path": path, **await _traced(process, seconds, limit)}


async def _traced(process: Process, seconds: float, limit: int) -> dict[str, Any]:
    events: list[dict[str, Any]] = []
    full = trio.Event()
    began = trio.current_time()

    def note(event: system.Event) -> None:
        if len(events) < limit:
            at = round(trio.current_time() - began, 6)
            kind = type(event.message).__name__
            events.append({"at": at, "what": event.what, "type": kind, "seconds": round(event.seconds, 6)})
        if len(events) == limit:
            full.set()

    key = object()
    await system.install(process, key, note)
    try:
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_until_ended, process, full)
                await full.wait()
                nursery.cancel_scope.cancel()
    finally:
        # Shielded and bounded: a trace must not stay because who asked for it went away.
        with trio.move_on_after(1.0, shield=True):
            with suppress(CallError, system.NotATrace):
                await system.remove(process, key)
    return {"events": events, "cut": len(events) == limit}


async def _until_ended(process: Process, ended: trio.Event) -> None:
    await process.wait_ended()
    ended.set()


def _settle(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - handed to the asker
        future.set_exception(error)

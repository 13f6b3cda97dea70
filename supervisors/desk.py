"""The desk behind the control socket: turns requests into answers.

Its methods run in the socket's threads. What only reads is asked of the loop first and, if that is blocked, read from
the thread; what acts always runs in the loop.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
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
SURVEY_TRIES = 5
TRACE_SECONDS = 25.0
TRACE_EVENTS = 10_000


class Desk:
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
        }
        self.surveys: dict[str, Callable[..., Any]] = {
            "processes": lambda **options: snapshot.processes(runtime(), clock.current_time(), **options),
            "runtime": self._overview,
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
        """Answer one line; never raises, whatever it says."""
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

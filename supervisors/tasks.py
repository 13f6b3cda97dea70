"""Supervised tasks with a result: Elixir's `Task.Supervisor`.

    jobs = registry.name("jobs")
    task_supervisor("jobs", name=jobs)
    job = start_task(jobs, fetch, url)
    page = await job.result(timeout=5)

A task that crashes tells who waits for its result, and nobody else; `start_task(..., owner=self.process)` ties it to
an actor's life besides. Tasks are temporary: they are never restarted.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import trio

from supervisors import monitors
from supervisors.actor import Task
from supervisors.dynamic import DynamicSupervisor
from supervisors.exits import KILL, NORMAL, CallTimeout, Down, NoProc, Reason
from supervisors.process import Process
from supervisors.registry import Name
from supervisors.specs import ChildSpec, Restart, Shutdown, check_whole, dynamic_supervisor, worker

Work = Callable[..., Awaitable[Any]]


class Job:
    """One task under way (Elixir's `%Task{}`)."""

    __slots__ = ("_done", "_failed", "_value", "process")

    def __init__(self) -> None:
        self.process: Process = None  # type: ignore[assignment]  # set by start_task before anyone sees the job
        self._value: Any = None
        self._done = False
        self._failed: Reason | None = None

    async def result(self, timeout: float = math.inf) -> Any:
        """Wait for the task and return what it returned.

        Raises `Down` with the exit reason when it crashed or was stopped, `CallTimeout` after `timeout` seconds, when
        the task goes on. Cancelled, too, the task goes on.
        """
        with trio.move_on_after(timeout):
            reason = await self.process.wait_ended()
            if self._done:
                return self._value
            raise Down(reason) from (reason if isinstance(reason, BaseException) else None)
        msg = f"{self.process!r} has no result within {timeout:g} s"
        raise CallTimeout(msg)

    async def shutdown(self) -> None:
        """Stop the task in good order and wait until it has gone; nothing if it had (Elixir `Task.shutdown/2`)."""
        if self.process.alive:
            self.process.shut_down()
            with trio.move_on_after(self.process.spec.shutdown_seconds()):
                await self.process.wait_ended()
            self.process.exit(KILL)
            await self.process.wait_ended()

    async def run(self, started: Callable[[], None], work: Work, args: tuple[Any, ...]) -> None:
        """Body of the task."""
        started()
        self._value = await work(*args)
        self._done = True


def task_supervisor(
    id: str,  # noqa: A002 - OTP's field name
    *,
    max_children: int | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = "infinity",
    task_shutdown: Shutdown = 5.0,
    name: Name | None = None,
) -> ChildSpec:
    """Spec of a supervisor for `start_task`; `task_shutdown` is the limit of each of its tasks."""
    template = worker("task", Task, restart="temporary", shutdown=task_shutdown)
    return dynamic_supervisor(id, template, max_children=max_children, restart=restart, shutdown=shutdown, name=name)


def start_task(supervisor: Name, work: Work, *args: Any, owner: Process | None = None) -> Job:
    """Start `await work(*args)` under the task supervisor and return at once.

    With an `owner` the two are linked: the owner's end ends the task, and the task's crash reaches the owner. Raises
    `NoProc` when there is no such supervisor or owner any more, and `MaxChildren`.
    """
    if owner is not None and not owner.alive:
        msg = f"{owner!r} has ended and can own no task"
        raise NoProc(msg)
    holder = supervisor.whereis()
    if holder is None or not isinstance(holder.actor, DynamicSupervisor):
        msg = f"no task supervisor is registered as {supervisor.key!r}"
        raise NoProc(msg)
    job = Job()
    process = holder.actor.start_child_nowait(job.run, work, args)
    assert process is not None
    job.process = process
    if owner is not None:
        monitors.link(owner, process)
    return job


@asynccontextmanager
async def stream_tasks(
    supervisor: Name,
    work: Work,
    items: Iterable[Any],
    *,
    max_concurrency: int = 8,
    timeout: float = math.inf,
    ordered: bool = True,
) -> AsyncIterator[AsyncIterator[Any]]:
    """Run `work(item)` for all items, so many at once, and give the results as they come (`async_stream/6`).

    In the order of the items, or as they end. A task that fails, or takes longer than `timeout` seconds from its
    start, raises where its result would have come. Leaving the block stops what is under way.
    """
    check_whole("max_concurrency", max_concurrency, 1)
    pending: deque[Job] = deque()

    async def results() -> AsyncIterator[Any]:
        source = iter(items)
        for item in source:
            pending.append(start_task(supervisor, work, item))
            if len(pending) == max_concurrency:
                yield await _next(pending, timeout, ordered=ordered)
        while pending:
            yield await _next(pending, timeout, ordered=ordered)

    try:
        async with aclosing(results()) as running:  # type: ignore[type-var]
            yield running
    finally:
        for job in pending:
            job.process.shut_down(NORMAL)


async def _next(pending: deque[Job], timeout: float, *, ordered: bool) -> Any:
    # The first was started first, so nobody's time is over sooner.
    deadline = pending[0].process.started_at + timeout
    job = pending[0]
    if not ordered:
        with trio.move_on_at(deadline):
            job = await _first_ended(pending)
    try:
        result = await job.result(max(0.0, deadline - trio.current_time()))
    except CallTimeout:
        job.process.exit(KILL)
        msg = f"{job.process!r} has no result within {timeout:g} s"
        raise CallTimeout(msg) from None
    # Only now: cancelled above, it is among what leaving the block stops.
    pending.remove(job)
    return result


async def _first_ended(pending: Iterable[Job]) -> Job:
    ended: list[Job] = []
    async with trio.open_nursery() as nursery:

        async def wait(job: Job) -> None:
            await job.process.wait_ended()
            ended.append(job)
            nursery.cancel_scope.cancel()

        for job in pending:
            nursery.start_soon(wait, job)
    return ended[0]

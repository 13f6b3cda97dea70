"""Task supervisors: a task's result, its end, whose life it is tied to, and many of them in a stream."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from supervisors import (
    KILL,
    Actor,
    CallTimeout,
    Down,
    ExitMessage,
    Job,
    MaxChildren,
    NoProc,
    Registry,
    Shutdown,
    SpecError,
    Stop,
    TerminateChild,
    WhichChildren,
    dynamic_supervisor,
    start_task,
    stream_tasks,
    task_supervisor,
    telemetry,
    worker,
)
from supervisors.testing import assert_whole, running
from tests.supervisors.actors import Echo

names = Registry("tasks")
JOBS = names.name("jobs")
OWNER = names.name("owner")


def jobs(**options: Any) -> Any:
    return task_supervisor("jobs", name=JOBS, **options)


async def double(number: int, seconds: float = 1.0) -> int:
    await trio.sleep(seconds)
    return 2 * number


async def fail(reason: Exception, seconds: float = 1.0) -> None:
    await trio.sleep(seconds)
    raise reason


async def at_work() -> int:
    return len(await JOBS.call(WhichChildren()))


def owner() -> Any:
    return OWNER.whereis()


# --- results


@pytest.mark.parametrize("value", [0, None, "", [1], ValueError("a value as any other")])
@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_a_result(value: Any, seconds: float, autojump_clock: Any) -> None:
    """Whatever it is, to everybody who asks, before and after the task's end."""

    async def work() -> Any:
        await trio.sleep(seconds)
        return value

    async with running(jobs()):
        job = start_task(JOBS, work)
        got: list[Any] = []

        async def ask() -> None:
            got.append(await job.result())

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask)
        assert [*got, await job.result(timeout=0)] == [value] * 4
        assert job.process.exit_reason == "normal"
        assert await at_work() == 0


CRASH = ValueError("told to")


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (CRASH, CRASH),
        (Stop("boom"), "boom"),
        (Stop("shutdown"), "shutdown"),
        (Stop(Shutdown("done")), Shutdown("done")),
    ],
)
async def test_a_task_without_a_result(raised: Exception, reason: Any, autojump_clock: Any) -> None:
    """`Down` with its exit reason for who waits, as often as they ask; it is not tried again."""
    async with running(jobs(), intensity=0):
        job = start_task(JOBS, fail, raised)
        for _ in range(2):
            with pytest.raises(Down) as caught:
                await job.result()
            assert caught.value.reason == reason
            assert caught.value.__cause__ is (reason if reason is CRASH else None)
        await trio.sleep(1)
        assert await at_work() == 0


async def test_a_task_that_stops_in_good_order_has_no_result_either(autojump_clock: Any) -> None:
    """`Stop("normal")` is an end, not an answer."""
    async with running(jobs()):
        with pytest.raises(Down) as caught:
            await start_task(JOBS, fail, Stop("normal")).result()
        assert caught.value.reason == "normal"


async def test_a_crash_is_reported_once(autojump_clock: Any) -> None:
    """As any process's."""
    told: list[Any] = []
    detach = telemetry.attach(lambda event, *_: told.append(event) if event == "process.crashed" else None)
    async with running(jobs()):
        with pytest.raises(Down):
            await start_task(JOBS, fail, CRASH).result()
    detach()
    assert told == ["process.crashed"]


@pytest.mark.parametrize("timeout", [0, 0.5])
async def test_a_deadline(timeout: float, autojump_clock: Any) -> None:
    """`CallTimeout` when it has passed; the task goes on, and its result may be had later."""
    async with running(jobs()):
        job = start_task(JOBS, double, 21)
        began = trio.current_time()
        with pytest.raises(CallTimeout, match=f"within {timeout:g} s"):
            await job.result(timeout)
        assert trio.current_time() - began == timeout
        assert await job.result() == 42


async def test_a_cancelled_wait_leaves_the_task_alone(autojump_clock: Any) -> None:
    """Waiting is not owning."""
    async with running(jobs()):
        job = start_task(JOBS, double, 21)
        with trio.move_on_after(0.5):
            await job.result()
        assert job.process.alive
        assert await job.result() == 42


# --- ending them


async def stop_by_itself(job: Job) -> None:
    await job.shutdown()


async def stop_by_its_supervisor(job: Job) -> None:
    await JOBS.call(TerminateChild(job.process))


@pytest.mark.parametrize("stop", [stop_by_itself, stop_by_its_supervisor])
async def test_stopping_a_task(stop: Any, autojump_clock: Any) -> None:
    """It is interrupted where it waits, with time to clean up, and who waits gets `Down` with `shutdown`."""
    cleaned: list[str] = []

    async def work() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
                cleaned.append("up")

    async with running(jobs()):
        job = start_task(JOBS, work)
        await trio.sleep(0.1)
        began = trio.current_time()
        await stop(job)
        assert trio.current_time() - began == pytest.approx(1)
        assert cleaned == ["up"]
        with pytest.raises(Down) as caught:
            await job.result()
        assert caught.value.reason == "shutdown"


async def test_stopping_one_that_has_ended(autojump_clock: Any) -> None:
    """Is nothing, and takes its result from nobody."""
    async with running(jobs()):
        job = start_task(JOBS, double, 21)
        await job.result()
        await job.shutdown()
        assert await job.result() == 42


@pytest.mark.parametrize(("limit", "takes"), [(1.0, 1), (3.0, 3), ("brutal_kill", 0)])
async def test_a_task_that_will_not_stop_is_killed(limit: Any, takes: float, autojump_clock: Any) -> None:
    """After `task_shutdown`, by itself as with its supervisor."""

    class Deaf(Exception):
        pass

    async def work() -> None:
        while True:
            with trio.CancelScope() as scope:
                scope.shield = True
                await trio.sleep(takes + 0.5)
                break

    async with running(jobs(task_shutdown=limit)):
        job = start_task(JOBS, work)
        await trio.sleep(0)
        began = trio.current_time()
        await job.shutdown()
        assert job.process.exit_reason == "killed" or limit != "brutal_kill"
        assert trio.current_time() - began <= takes + 0.5


async def test_tasks_end_with_their_supervisor(autojump_clock: Any) -> None:
    """Stopped or killed: nobody goes on, and who waits is told."""
    async with running(jobs()) as runtime:
        for reason in ("shutdown", "killed"):
            job = start_task(JOBS, double, 1, 1000.0)
            await trio.sleep(0.1)
            supervisor: Any = JOBS.whereis()
            if reason == "killed":
                supervisor.exit(KILL)
            else:
                supervisor.shut_down()
            with pytest.raises(Down) as caught:
                await job.result()
            assert caught.value.reason == reason
            await trio.sleep(0.1)
            assert_whole(runtime)


# --- owners


class Owner(Actor):
    """Traps exits, if that is asked for, and keeps them."""

    def init(self) -> None:
        self.seen: list[Any] = []

    def handle_info(self, message: Any) -> None:
        self.seen.append(message)


class Trapping(Owner):
    trap_exit = True


def owning(actor: type[Actor] = Owner) -> Any:
    return worker("owner", actor, name=OWNER, restart="temporary")


@pytest.mark.parametrize("reason", ["boom", "shutdown", "kill"])
async def test_the_owners_end_ends_the_task(reason: str, autojump_clock: Any) -> None:
    """For the same reason."""
    async with running(jobs(), owning()):
        job = start_task(JOBS, double, 1, 100.0, owner=owner())
        await trio.sleep(0.1)
        owner().exit(reason)
        await trio.sleep(0.1)
        assert job.process.exit_reason == ("killed" if reason == "kill" else reason)


async def test_the_tasks_crash_ends_the_owner(autojump_clock: Any) -> None:
    """As a link's other end."""
    async with running(jobs(), owning()):
        process = owner()
        start_task(JOBS, fail, CRASH, owner=process)
        await trio.sleep(2)
        assert process.exit_reason is CRASH


async def test_an_owner_that_traps_exits_is_told(autojump_clock: Any) -> None:
    """Of a crash and of an orderly end, and lives on."""
    async with running(jobs(), owning(Trapping)):
        good = start_task(JOBS, double, 1, 1.0, owner=owner())
        bad = start_task(JOBS, fail, CRASH, 2.0, owner=owner())
        await trio.sleep(3)
        assert owner().actor.seen == [ExitMessage(good.process, "normal"), ExitMessage(bad.process, CRASH)]


async def test_a_tasks_orderly_end_is_nothing_to_its_owner(autojump_clock: Any) -> None:
    """`"normal"` ends nobody."""
    async with running(jobs(), owning()):
        job = start_task(JOBS, double, 21, owner=owner())
        assert await job.result() == 42
        assert owner().alive


async def test_without_an_owner_nobody_is_tied(autojump_clock: Any) -> None:
    """Who started it may end, and who waits may crash."""
    async with running(jobs()):
        job = start_task(JOBS, double, 21)
        assert list(job.process.links()) == []


async def test_an_owner_that_has_ended(autojump_clock: Any) -> None:
    """Nobody is there to tie the task to: it does not begin."""
    async with running(jobs(), owning()):
        process = owner()
        process.exit(KILL)
        await trio.sleep(0.1)
        with pytest.raises(NoProc, match="owner"):
            start_task(JOBS, double, 1, owner=process)
        assert await at_work() == 0


# --- supervisors


@pytest.mark.parametrize(
    "make",
    [lambda: worker("jobs", Echo, name=JOBS), lambda: worker("other", Echo)],
    ids=["somebody else", "nobody"],
)
async def test_without_a_task_supervisor(make: Any, autojump_clock: Any) -> None:
    """Nobody under the name, or somebody else: `NoProc`, which names it."""
    async with running(make()):
        with pytest.raises(NoProc, match="'jobs'"):
            start_task(JOBS, double, 1)


async def test_no_more_than_max_children(autojump_clock: Any) -> None:
    """A place is free again when a task has ended."""
    async with running(jobs(max_children=2)):
        first = start_task(JOBS, double, 1)
        start_task(JOBS, double, 2, 5.0)
        with pytest.raises(MaxChildren):
            start_task(JOBS, double, 3)
        await first.result()
        assert await start_task(JOBS, double, 3).result() == 6


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: task_supervisor("jobs", max_children=-1), "max_children of 'jobs'.*-1"),
        (lambda: task_supervisor("jobs", task_shutdown="soon"), "shutdown of 'task'.*'soon'"),  # type: ignore[arg-type]
        (lambda: task_supervisor("jobs", shutdown=-2.0), "shutdown of 'jobs'.*-2"),
        (lambda: task_supervisor("jobs", restart="once"), "restart of 'jobs'.*'once'"),  # type: ignore[arg-type]
        (lambda: task_supervisor("jobs", name="jobs"), "name of 'jobs'.*'jobs'"),  # type: ignore[arg-type]
        (lambda: task_supervisor(""), "id: .*''"),
    ],
)
def test_wrong_options(make: Any, says: str) -> None:
    """The option is named, and what was got."""
    with pytest.raises(SpecError, match=says):
        make()


# --- streams


ITEMS = (5, 1, 4, 2, 3)


class Gauge:
    """Work that takes as many seconds as it is told, and how much of it was going on at once."""

    def __init__(self) -> None:
        self.now = self.most = self.begun = 0

    async def __call__(self, seconds: float) -> float:
        self.begun += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await trio.sleep(seconds)
        finally:
            self.now -= 1
        return seconds


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 8])
async def test_a_stream(ordered: bool, at_once: int, autojump_clock: Any) -> None:
    """So many at once and no more; each result once, in the order of the items or of the ends."""
    gauge = Gauge()
    async with running(jobs()):
        async with stream_tasks(JOBS, gauge, ITEMS, max_concurrency=at_once, ordered=ordered) as results:
            got = [each async for each in results]
        assert gauge.most == min(at_once, len(ITEMS))
        assert sorted(got) == sorted(ITEMS)
        if ordered or at_once == 1:
            assert got == list(ITEMS)
        elif at_once >= len(ITEMS):
            assert got == sorted(ITEMS)


async def test_an_empty_stream(autojump_clock: Any) -> None:
    """Has no results, and needs no supervisor."""
    async with stream_tasks(JOBS, double, []) as results:
        assert [each async for each in results] == []


@pytest.mark.parametrize("ordered", [True, False])
async def test_items_are_taken_as_they_are_needed(ordered: bool, autojump_clock: Any) -> None:
    """An endless source is fine: never more are taken than may be under way."""
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    async with running(jobs()):
        async with stream_tasks(JOBS, double, source(), max_concurrency=3, ordered=ordered) as results:
            got = [await anext(results) for _ in range(5)]
        assert got == [0, 2, 4, 6, 8] if ordered else len(got) == 5
        assert len(taken) <= 5 + 3


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_task_that_fails_in_a_stream(ordered: bool, autojump_clock: Any) -> None:
    """`Down` where its result would have come; the others are stopped."""

    async def work(seconds: int) -> int:
        await trio.sleep(seconds)
        if seconds == 4:
            raise CRASH
        return seconds

    got: list[int] = []
    async with running(jobs()):
        with pytest.raises(Down) as caught:
            async with stream_tasks(JOBS, work, ITEMS, ordered=ordered) as results:
                async for each in results:
                    got.append(each)  # noqa: PERF401 - what has come before the failure counts
        assert caught.value.reason is CRASH
        assert got == ([5, 1] if ordered else [1, 2, 3])
        await trio.sleep(0)
        assert await at_work() == 0


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_task_that_is_too_slow_in_a_stream(ordered: bool, autojump_clock: Any) -> None:
    """`CallTimeout` when it has had its time, counted from its start; it is killed and the others are stopped."""
    got: list[int] = []
    gauge = Gauge()
    async with running(jobs()):
        began = trio.current_time()
        with pytest.raises(CallTimeout):
            async with stream_tasks(JOBS, gauge, [1, 30, 2, 3], timeout=2.5, ordered=ordered) as results:
                async for each in results:
                    got.append(each)  # noqa: PERF401 - what has come before the failure counts
        assert trio.current_time() - began == pytest.approx(2.5)
        assert got == ([1] if ordered else [1, 2])
        await trio.sleep(0.1)
        assert gauge.now == 0
        assert await at_work() == 0


@pytest.mark.parametrize("ordered", [True, False])
async def test_waiting_for_others_is_no_excuse(ordered: bool, autojump_clock: Any) -> None:
    """Each task has its time from its own start: one begun later may end later."""
    gauge = Gauge()
    options: Any = {"max_concurrency": 2, "timeout": 2.5, "ordered": ordered}
    async with running(jobs()), stream_tasks(JOBS, gauge, [2, 2, 2, 2], **options) as results:
        assert [each async for each in results] == [2, 2, 2, 2]


WAYS = ("break", "raise", "cancel")


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("way", WAYS)
async def test_leaving_a_stream_early(way: str, ordered: bool, autojump_clock: Any) -> None:
    """Whatever is under way is stopped, however the block is left, and nothing new begins."""
    gauge = Gauge()
    async with running(jobs()) as runtime:
        with trio.CancelScope() as scope, pytest.raises(KeyError) if way == "raise" else trio.CancelScope():
            async with stream_tasks(JOBS, gauge, [1.0] * 20, max_concurrency=4, ordered=ordered) as results:
                async for _ in results:
                    if way == "break":
                        break
                    if way == "raise":
                        raise KeyError
                    scope.cancel()
        await trio.sleep(0.1)
        assert gauge.now == 0
        assert gauge.begun <= 4 + 4
        assert await at_work() == 0
        assert_whole(runtime)


async def test_a_source_that_fails(autojump_clock: Any) -> None:
    """Its error comes out where the next item would have been taken; what was begun is stopped."""

    def source() -> Iterator[int]:
        yield 1
        raise CRASH

    async with running(jobs()):
        with pytest.raises(ValueError, match="told to"):
            async with stream_tasks(JOBS, double, source()) as results:
                async for _ in results:
                    pytest.fail("the source fails before the first result is waited for")
        await trio.sleep(0.1)
        assert await at_work() == 0


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", None, True])
async def test_how_many_at_once_must_be_a_number(wrong: Any) -> None:
    """Named, with what was got; nothing has begun."""
    with pytest.raises(SpecError, match=f"max_concurrency: .*{wrong!r}"):
        async with stream_tasks(JOBS, double, [1], max_concurrency=wrong):
            pytest.fail("the stream must not begin")


async def test_a_dynamic_supervisor_is_one_for_tasks_only_if_made_so(autojump_clock: Any) -> None:
    """Another one's children take other arguments: nothing is left behind of the try."""
    async with running(dynamic_supervisor("jobs", worker("child", Echo), name=JOBS)) as runtime:
        with pytest.raises((NoProc, TypeError, AttributeError)):
            start_task(JOBS, double, 1)
        assert await at_work() == 0
        assert_whole(runtime)

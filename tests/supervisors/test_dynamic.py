"""Dynamic supervisors: many like children, restarted one by one, stopped all at once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from supervisors import (
    IGNORE,
    KILL,
    Actor,
    AlreadyStarted,
    Backoff,
    CallError,
    ChildCount,
    ChildNotFound,
    CountChildren,
    DeleteChild,
    Down,
    GetChildSpec,
    MaxChildren,
    NoProc,
    Registry,
    RestartChild,
    Shutdown,
    Stop,
    TerminateChild,
    WhichChildren,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    worker,
)
from supervisors.dynamic import StartChild
from supervisors.requests import NotForDynamic
from supervisors.testing import assert_whole, restarted, running
from tests.supervisors.actors import Echo

reports = Registry("reports")
pool = Registry("pool").name("pool")


class SlowStart(Actor):
    """Takes a second to start, or fails."""

    async def init(self, label: str) -> None:
        await trio.sleep(1)
        if label == "bad":
            msg = "no"
            raise RuntimeError(msg)

    def handle_call(self, message: Any, sender: Any) -> Any:
        return message


async def test_children_have_their_own_arguments(autojump_clock: Any) -> None:
    """Arguments are appended to the template's, and survive a restart, as does the name."""
    spec = dynamic_supervisor("pool", worker("child", Echo, restart="transient"), intensity=10, name=pool)
    async with running(spec):
        process = await pool.call(StartChild(("one",), reports.name(1)))
        assert process.actor.label == "one"
        process.cast("crash")
        again = await restarted(reports.name(1), process)
        assert again.actor.label == "one"  # type: ignore[attr-defined]
        assert again.restarts == 1
        again.cast(("stop", "normal"))
        await trio.sleep(1)
        assert reports.whereis(1) is None


async def test_limits_and_names(autojump_clock: Any) -> None:
    """Neither more than max_children, nor two of one name."""
    async with running(dynamic_supervisor("pool", worker("child", Echo), max_children=2, name=pool)):
        await pool.call(StartChild(("a",), reports.name(1)))
        with pytest.raises(AlreadyStarted):
            await pool.call(StartChild(("b",), reports.name(1)))
        await pool.call(StartChild(("c",)))
        with pytest.raises(MaxChildren):
            await pool.call(StartChild(("d",)))


async def test_slow_starts_do_not_queue(autojump_clock: Any) -> None:
    """Children with a coroutine init start side by side; a failing one is its starter's business alone."""
    async with running(dynamic_supervisor("pool", worker("child", SlowStart), name=pool)):
        start = trio.current_time()
        failures: list[BaseException] = []

        async def begin(label: str) -> None:
            try:
                await pool.call(StartChild((label,)))
            except RuntimeError as error:
                failures.append(error)

        async with trio.open_nursery() as nursery:
            for label in ("a", "b", "bad", "c"):
                nursery.start_soon(begin, label)
        assert trio.current_time() - start == pytest.approx(1)
        assert len(failures) == 1
        holder = pool.whereis()
        assert holder is not None
        assert len(holder.actor.processes) == 3  # type: ignore[attr-defined]


async def test_mass_kill_and_stop(autojump_clock: Any) -> None:
    """A thousand children killed at once are all back; all stop with their supervisor."""
    spec = dynamic_supervisor("pool", worker("child", Echo), intensity=10_000, name=pool)
    async with open_runtime(supervisor("root", [spec])):
        holder = pool.whereis()
        assert holder is not None
        for number in range(1000):
            holder.actor.start_child_nowait(str(number), name=reports.name(number))  # type: ignore[attr-defined]
        old = set(holder.actor.processes)  # type: ignore[attr-defined]
        for process in old:
            process.exit("kill")
        await trio.sleep(1)
        new = set(holder.actor.processes)  # type: ignore[attr-defined]
        assert len(new) == 1000
        assert not new & old
        assert len(reports) == 1000
    assert len(reports) == 0
    assert not any(process.alive for process in new)


async def test_backoff(autojump_clock: Any) -> None:
    """With a back-off a child that crashes again and again is restarted ever more slowly, and others are unharmed."""
    spec = dynamic_supervisor(
        "pool", worker("child", Echo, backoff=Backoff(1.0, 30.0)), intensity=20, period=5, name=pool
    )
    async with running(spec):
        poison = reports.name("poison")
        await pool.call(StartChild(("poison",), poison))
        healthy = await pool.call(StartChild(("healthy",), reports.name("healthy")))
        starts = 0
        end = trio.current_time() + 120
        while trio.current_time() < end:
            process = poison.whereis()
            if process is not None:
                starts += 1
                process.cast("crash")
            await trio.sleep(0.25)
        assert 5 <= starts <= 15
        assert reports.whereis("healthy") is healthy


# --- calls


async def started(*args: Any, name: Any = None) -> Any:
    return await pool.call(StartChild(args, name))


async def listed() -> list[Any]:
    return [info.child for info in await pool.call(WhichChildren())]


def holder() -> Any:
    return pool.whereis()


def used() -> int:
    count: int = holder().actor.window.used(trio.current_time())
    return count


class Unsteady(Actor):
    """Starts as long as nothing is `broken`; then it raises, stops or ignores, at once or after a second."""

    def init(self, broken: list[Any], slow: bool = False) -> Any:
        return self._late(broken) if slow else self._decide(broken)

    async def _late(self, broken: list[Any]) -> Any:
        await trio.sleep(1)
        return self._decide(broken)

    def _decide(self, broken: list[Any]) -> Any:
        if broken and broken[0] is IGNORE:
            return IGNORE
        if broken:
            raise broken[0]
        return None

    def handle_call(self, message: Any, sender: Any) -> Any:
        return message


SLOW = pytest.mark.parametrize("slow", [False, True])


@SLOW
async def test_a_failing_start_is_its_starters_business(slow: bool, autojump_clock: Any) -> None:
    """It gets what init raised; nothing is left, and it counts as no restart."""
    reason = RuntimeError("no")
    async with running(dynamic_supervisor("pool", worker("child", Unsteady), intensity=0, name=pool)) as runtime:
        with pytest.raises(RuntimeError) as caught:
            await started([reason], slow, name=reports.name(1))
        assert caught.value is reason
        assert await listed() == []
        assert await pool.call(CountChildren()) == ChildCount(0, 0, 0, 0)
        assert await started([], slow, name=reports.name(1)) is reports.whereis(1)
        assert_whole(runtime)


@SLOW
async def test_a_child_that_ignores_is_not_kept(slow: bool, autojump_clock: Any) -> None:
    """`None` to its starter, and no place of `max_children` taken."""
    async with running(dynamic_supervisor("pool", worker("child", Unsteady), max_children=1, name=pool)):
        for _ in range(3):
            assert await started([IGNORE], slow) is None
        assert await listed() == []
        assert await started([], slow) is not None


@SLOW
@pytest.mark.parametrize("restart", ["permanent", "transient"])
async def test_a_child_that_ignores_its_restart_is_gone(slow: bool, restart: Any, autojump_clock: Any) -> None:
    """As if it had never been: one restart was counted, and it is not tried again."""
    broken: list[Any] = []
    template = worker("child", Unsteady, restart=restart)
    async with running(dynamic_supervisor("pool", template, intensity=3, max_children=1, name=pool)):
        child = await started(broken, slow, name=reports.name(1))
        broken.append(IGNORE)
        child.exit(KILL)
        await trio.sleep(3)
        assert await listed() == []
        assert used() == 1
        assert reports.whereis(1) is None
        broken.clear()
        assert await started(broken, slow) is not None


@SLOW
@pytest.mark.parametrize("restart", ["permanent", "transient"])
@pytest.mark.parametrize("failure", [RuntimeError("no"), Stop("normal"), Stop("shutdown"), Stop("boom")])
async def test_a_restart_is_tried_until_it_succeeds(
    slow: bool, restart: Any, failure: Exception, autojump_clock: Any
) -> None:
    """Whatever the init fails for, each try counts, and in the end the child is there under its name."""
    broken: list[Any] = []
    template = worker("child", Unsteady, restart=restart)
    async with running(dynamic_supervisor("pool", template, intensity=10_000, name=pool)) as runtime:
        child = await started(broken, slow, name=reports.name(1))
        broken.append(failure)
        child.exit(KILL)
        if slow:
            await trio.sleep(3.5)
        else:
            for _ in range(5):
                await pool.call(CountChildren())
        broken.clear()
        await trio.sleep(2)
        assert await reports.name(1).call("hello") == "hello"
        assert len(await listed()) == 1
        assert used() >= 4
        assert_whole(runtime)


@SLOW
@pytest.mark.parametrize("intensity", [0, 1, 3])
async def test_failing_restarts_are_too_many_in_the_end(slow: bool, intensity: int, autojump_clock: Any) -> None:
    """The supervisor ends with `shutdown` and everybody with it."""
    broken: list[Any] = []
    spec = dynamic_supervisor(
        "pool", worker("child", Unsteady), intensity=intensity, period=100, restart="temporary", name=pool
    )
    async with running(spec):
        boss, other = holder(), await started([])
        child = await started(broken, slow)
        broken.append(RuntimeError("no"))
        child.exit(KILL)
        await trio.sleep(10)
        assert boss.exit_reason == "shutdown"
        assert other.exit_reason == "shutdown"


RESTARTS = ("permanent", "transient", "temporary")


@pytest.mark.parametrize("restart", RESTARTS)
@pytest.mark.parametrize("reason", ["normal", "shutdown", Shutdown("done"), "killed", "crash"])
async def test_the_table(restart: Any, reason: Any, autojump_clock: Any) -> None:
    """Who is restarted is a new process with the old name and arguments; who is not is gone without a trace."""
    async with running(dynamic_supervisor("pool", worker("child", Echo, restart=restart), name=pool)):
        old, other = await started("one", name=reports.name(1)), await started("two", name=reports.name(2))
        if reason == "killed":
            old.exit(KILL)
        else:
            old.cast("crash" if reason == "crash" else ("stop", reason))
        await trio.sleep(0.1)
        again = restart == "permanent" or (restart == "transient" and reason in ("killed", "crash"))
        new: Any = reports.whereis(1)
        assert (new is not None) is again
        assert set(await listed()) == ({new, other} if again else {other})
        if again:
            assert (new.actor.label, new.restarts) == ("one", 1)
        assert other.alive


@pytest.mark.parametrize("restart", RESTARTS)
async def test_a_terminated_child_is_gone(restart: Any, autojump_clock: Any) -> None:
    """Stopped in good order, and not restarted whatever its type."""
    log: list[str] = []
    async with running(dynamic_supervisor("pool", worker("child", Echo, restart=restart), intensity=0, name=pool)):
        child = await started("one", log)
        assert await pool.call(TerminateChild(child)) is None
        assert child.exit_reason == "shutdown"
        assert log == ["init one", "terminate one"]
        assert await listed() == []
        with pytest.raises(ChildNotFound):
            await pool.call(TerminateChild(child))


async def test_only_its_own_children_may_be_terminated(autojump_clock: Any) -> None:
    """Neither a stranger nor itself."""
    async with running(dynamic_supervisor("pool", worker("child", Echo), name=pool), worker("other", Echo)) as runtime:
        children = runtime.root.actor.children  # type: ignore[attr-defined]
        for process in (children["other"].process, holder()):
            with pytest.raises(ChildNotFound):
                await pool.call(TerminateChild(process))
            assert process.alive


async def test_stopping_one_does_not_hold_up_others(autojump_clock: Any) -> None:
    """While a child takes its time to go, others are started and stopped."""

    class Slow(Echo):
        async def terminate(self, reason: Any) -> None:  # type: ignore[override]
            await trio.sleep(self.seen[0] if self.seen else 0)

    async with running(dynamic_supervisor("pool", worker("child", Slow), name=pool)), trio.open_nursery() as nursery:
        slow, quick = await started(), await started()
        slow.cast(4.0)
        await trio.sleep(0.1)
        nursery.start_soon(pool.call, TerminateChild(slow))
        await trio.sleep(0.1)
        began = trio.current_time()
        await started()
        await pool.call(TerminateChild(quick))
        assert trio.current_time() == began
        assert slow.alive


class Waiting:
    """A pool of one child that is between two lives."""

    def __init__(self, way: str) -> None:
        self.broken: list[Any] = []
        self.slow = way == "fails and fails"
        self.template = worker("child", Unsteady, backoff=None if self.slow else Backoff(50.0, 50.0))

    def running(self, **options: Any) -> Any:
        return running(dynamic_supervisor("pool", self.template, intensity=1000, name=pool, **options))

    async def begin(self) -> Any:
        """Return the process whose restart is due."""
        await started(self.broken, self.slow, name=reports.name(1))
        child: Any = reports.whereis(1)
        if not self.slow:
            child.exit(KILL)
            await trio.sleep(0.01)
            child = reports.whereis(1)
        self.broken.append(RuntimeError("still broken"))
        child.exit(KILL)
        await trio.sleep(3.5)
        return child


async def test_one_that_backs_off_has_its_place(autojump_clock: Any) -> None:
    """It is listed as `restarting`, counts as a spec but not as active, and against `max_children`."""
    scene = Waiting("backs off")
    async with scene.running(max_children=1):
        await scene.begin()
        assert await listed() == ["restarting"]
        assert await pool.call(CountChildren()) == ChildCount(specs=1, active=0, supervisors=0, workers=1)
        with pytest.raises(MaxChildren):
            await started([])


async def test_one_that_fails_and_fails_has_its_place(autojump_clock: Any) -> None:
    """While it tries again and again nobody else gets it."""
    scene = Waiting("fails and fails")
    async with scene.running(max_children=1):
        await scene.begin()
        for _ in range(20):
            assert len(await listed()) == 1
            with pytest.raises(MaxChildren):
                await started([])
            await trio.sleep(0.1)


async def test_one_that_backs_off_may_be_given_up(autojump_clock: Any) -> None:
    """By the process it was: it does not come back, and its place is free."""
    scene = Waiting("backs off")
    async with scene.running(max_children=1):
        was = await scene.begin()
        scene.broken.clear()
        assert await pool.call(TerminateChild(was)) is None
        assert await listed() == []
        other = await started([])
        await trio.sleep(1000)
        assert await listed() == [other]
        assert reports.whereis(1) is None
        with pytest.raises(ChildNotFound):
            await pool.call(TerminateChild(was))


async def test_one_that_fails_at_once_may_be_given_up(autojump_clock: Any) -> None:
    """However quickly its tries fail, calls get in between."""
    broken: list[Any] = []
    async with running(dynamic_supervisor("pool", worker("child", Unsteady), intensity=1000, name=pool)):
        was = await started(broken)
        broken.append(RuntimeError("no"))
        was.exit(KILL)
        await was.wait_ended()
        await pool.call(TerminateChild(was))
        assert await listed() == []
        await trio.sleep(1)
        assert await listed() == []
        assert used() < 100


@pytest.mark.parametrize("way", ["backs off", "fails and fails"])
@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_pool_may_go_while_a_child_is_restarting(way: str, how: str, autojump_clock: Any) -> None:
    """At once, and nothing comes after."""
    scene = Waiting(way)
    async with scene.running(restart="temporary"):
        await scene.begin()
        began = trio.current_time()
        boss = holder()
        boss.exit(KILL) if how == "killed" else boss.shut_down()
        await boss.wait_ended()
        assert trio.current_time() == began
        scene.broken.clear()
        await trio.sleep(1000)
        assert len(reports) == 0


async def test_a_name_taken_meanwhile_stays_with_who_took_it(autojump_clock: Any) -> None:
    """A child that comes back from its back-off to find another under its name is no longer needed."""
    scene = Waiting("backs off")
    async with scene.running():
        await scene.begin()
        scene.broken.clear()
        other = await started([], name=reports.name(1))
        await trio.sleep(1000)
        assert reports.whereis(1) is other
        assert await listed() == [other]


async def test_a_back_off_grows_and_is_forgotten(autojump_clock: Any) -> None:
    """Within its bounds while the child crashes at once; after it has run longer than the limit, from the beginning."""
    template = worker("child", Echo, backoff=Backoff(4.0, 10.0))
    async with running(dynamic_supervisor("pool", template, intensity=99, name=pool)):
        await started(name=reports.name(1))
        away = []
        for rest in (0.0, 0.0, 0.0, 0.0, 11.0, 0.0, 0.0):
            await trio.sleep(rest)
            began = trio.current_time()
            old: Any = reports.whereis(1)
            old.exit(KILL)
            await old.wait_ended()
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(100):
                await reports.arrival(1)
            away.append(trio.current_time() - began)
        for wait, full in zip(away, [0, 4, 8, 10, 0, 4, 8], strict=True):
            assert full / 2 <= wait <= full + 0.1


@pytest.mark.parametrize("slow", [False, True])
async def test_a_failing_start_backs_off_too(slow: bool, autojump_clock: Any) -> None:
    """Tries that fail lie ever further apart."""
    tries: list[float] = []

    class Broken(Unsteady):
        def init(self, broken: list[Any], slow: bool = False) -> Any:
            tries.append(trio.current_time())
            return super().init(broken, slow)

    broken: list[Any] = []
    template = worker("child", Broken, backoff=Backoff(8.0, 64.0))
    async with running(dynamic_supervisor("pool", template, intensity=99, name=pool)):
        child = await started(broken, slow)
        broken.append(RuntimeError("no"))
        child.exit(KILL)
        await trio.sleep(60)
    takes = 1 if slow else 0
    gaps = [later - sooner - takes for sooner, later in itertools.pairwise(tries[1:])]
    assert len(gaps) >= 3
    for gap, full in zip(gaps, [8, 16, 32, 64], strict=False):
        assert full / 2 <= gap <= full + 0.1


async def test_extra_arguments_go_to_every_child(autojump_clock: Any) -> None:
    """After the template's and before its own, at every restart too."""

    class Keeps(Actor):
        def init(self, *args: Any) -> None:
            self.args = args

        def handle_call(self, message: Any, sender: Any) -> Any:
            return self.args

    spec = dynamic_supervisor("pool", worker("child", Keeps, 1), extra_arguments=(2, 3), name=pool)
    async with running(spec):
        child = await started(4, 5, name=reports.name(1))
        child.exit(KILL)
        await restarted(reports.name(1), child)
        assert await reports.name(1).call("args") == (1, 2, 3, 4, 5)


@pytest.mark.parametrize("limit", [0, 1, 3])
async def test_max_children(limit: int, autojump_clock: Any) -> None:
    """So many and no more; each that goes makes room for another."""
    async with running(dynamic_supervisor("pool", worker("child", Echo), max_children=limit, name=pool)):
        children = [await started() for _ in range(limit)]
        with pytest.raises(MaxChildren, match=f"has its {limit} children"):
            await started()
        for child in children:
            await pool.call(TerminateChild(child))
            await started()
        with pytest.raises(MaxChildren):
            await started()


async def test_starting_children_count(autojump_clock: Any) -> None:
    """A child whose init takes its time has its place already."""
    async with (
        running(dynamic_supervisor("pool", worker("child", SlowStart), max_children=1, name=pool)),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(started, "a")
        await trio.sleep(0.5)
        with pytest.raises(MaxChildren):
            await started("b")


@pytest.mark.parametrize("how", ["terminated", "killed", "its supervisor killed"])
async def test_a_child_that_goes_before_it_is_up(how: str, autojump_clock: Any) -> None:
    """Its starter is told that it has gone, and it is not restarted."""
    got: list[Any] = []

    async def start() -> None:
        try:
            got.append(await started("a", name=reports.name(1)))
        except CallError as error:
            got.append(type(error))

    spec = dynamic_supervisor("pool", worker("child", SlowStart), intensity=0, name=pool)
    async with running(spec) as runtime:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(start)
            await trio.sleep(0.5)
            child: Any = reports.whereis(1)
            if how == "terminated":
                await pool.call(TerminateChild(child))
            elif how == "killed":
                child.exit(KILL)
            else:
                holder().exit(KILL)
        await trio.sleep(5)
        assert got == [Down]
        assert reports.whereis(1) is None
        assert await listed() == []
        assert_whole(runtime)


@pytest.mark.parametrize("request_", [TerminateChild("c"), RestartChild("c"), DeleteChild("c"), GetChildSpec("c")])
async def test_what_needs_an_id_is_refused(request_: Any, autojump_clock: Any) -> None:
    """Its children have none."""
    async with running(dynamic_supervisor("pool", worker("child", Echo), name=pool)):
        with pytest.raises(NotForDynamic, match="'pool'"):
            await pool.call(request_)


async def test_counting_supervisors(autojump_clock: Any) -> None:
    """Children that are supervisors themselves are counted as such."""
    template = supervisor("group", [worker("a", Echo)])
    async with running(dynamic_supervisor("pool", template, name=pool)):
        await started()
        await started()
        assert await pool.call(CountChildren()) == ChildCount(specs=2, active=2, supervisors=2, workers=0)
        assert {info.process_type for info in await pool.call(WhichChildren())} == {"supervisor"}


async def test_children_of_other_makers_are_not_started_when_it_stops(autojump_clock: Any) -> None:
    """While its children take their time to go, a start is refused: nobody slips in."""

    class Slow(Echo):
        async def terminate(self, reason: Any) -> None:  # type: ignore[override]
            await trio.sleep(2)

    async with running(dynamic_supervisor("pool", worker("child", Slow), restart="temporary", name=pool)):
        await started()
        boss = holder()
        boss.shut_down()
        await trio.sleep(1)
        with pytest.raises(NoProc, match="'pool' is stopping"):
            boss.actor.start_child_nowait()
        with pytest.raises(CallError):
            await started()
        assert not boss.alive

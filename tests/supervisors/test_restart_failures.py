"""Restarts that fail, restarts that are too many, and what the next level makes of it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import trio

from supervisors import (
    KILL,
    Actor,
    Backoff,
    ChildSpec,
    Process,
    Registry,
    RootEnded,
    Shutdown,
    StartChild,
    StartFailed,
    Stop,
    TerminateChild,
    WhichChildren,
    open_runtime,
    supervisor,
    telemetry,
    worker,
)
from supervisors.testing import Faults, InjectedFault, faulty, running
from tests.supervisors.actors import Echo

names = Registry("restart failures")
SUP = names.name("sup")
GROUP = ("a", "b", "c")


def echo(label: str, log: list[str] | None = None, **options: Any) -> ChildSpec:
    return worker(label, Echo, label, log, name=names.name(label), **options)


def whereis(label: str) -> Any:
    return names.whereis(label)


async def kill(label: str) -> None:
    whereis(label).exit(KILL)
    await trio.sleep(0.001)


async def children() -> dict[str, Any]:
    return {info.id: info.child for info in await SUP.call(WhichChildren())}


def used() -> int:
    sup: Any = SUP.whereis()
    count: int = sup.actor.window.used(trio.current_time())
    return count


# --- tries


@pytest.mark.parametrize("restart", ["permanent", "transient"])
@pytest.mark.parametrize("failures", [0, 1, 2, 5])
async def test_a_restart_is_tried_until_it_succeeds(restart: Any, failures: int, autojump_clock: Any) -> None:
    """Each try counts as a restart, the first like the last."""
    faults = Faults()
    async with running(supervisor("sup", [faulty(echo("a", restart=restart), faults)], intensity=9, name=SUP)):
        faults.failing_starts = failures
        await kill("a")
        assert faults.starts == 1 + failures + 1
        assert used() == failures + 1
        assert await names.name("a").call("hello") == "hello"


@pytest.mark.parametrize("reason", ["normal", "shutdown", Shutdown("done"), "boom"])
@pytest.mark.parametrize("slow", [False, True])
async def test_no_reason_excuses_a_failed_restart(reason: Any, slow: bool, autojump_clock: Any) -> None:
    """A transient child whose init stops in good order has not started either: it is tried again."""
    refuse: list[int] = []

    class Picky(Actor):
        def init(self) -> Any:
            return self._late() if slow else self._decide()

        async def _late(self) -> None:
            self._decide()

        def _decide(self) -> None:
            if refuse:
                refuse.pop()
                raise Stop(reason)

    spec = worker("picky", Picky, restart="transient", name=names.name("picky"))
    async with running(supervisor("sup", [spec], intensity=9, name=SUP)):
        refuse.extend([1, 1])
        await kill("picky")
        await trio.sleep(1)
        assert whereis("picky") is not None
        assert used() == 3


@pytest.mark.parametrize(
    ("strategy", "want"),
    [
        ("one_for_one", ["init b"]),
        ("one_for_all", ["terminate c", "terminate a", *["init a", "terminate a"] * 2, "init a", "init b", "init c"]),
        ("rest_for_one", ["terminate c", "init b", "init c"]),
    ],
)
async def test_the_one_that_crashed_fails_to_start(strategy: Any, want: list[str], autojump_clock: Any) -> None:
    """one_for_all begins anew each time, rest_for_one goes on from where it failed."""
    log: list[str] = []
    faults = Faults()
    specs = [echo("a", log), faulty(echo("b", log), faults), echo("c", log)]
    async with running(supervisor("sup", specs, strategy=strategy, intensity=9, name=SUP)):
        log.clear()
        faults.failing_starts = 2
        await kill("b")
        assert log == want
        assert used() == 3
        assert None not in (await children()).values()


@pytest.mark.parametrize(
    ("strategy", "want"),
    [
        ("one_for_all", ["init a", "init b", "terminate b", "terminate a", "init a", "init b", "init c"]),
        ("rest_for_one", ["init a", "init b", "init c"]),
    ],
)
async def test_another_of_the_group_fails_to_start(strategy: Any, want: list[str], autojump_clock: Any) -> None:
    """Then it is that one which restarts: those before it are stopped again, or left in peace."""
    log: list[str] = []
    faults = Faults()
    specs = [echo("a", log), echo("b", log), faulty(echo("c", log), faults)]
    async with running(supervisor("sup", specs, strategy=strategy, intensity=9, name=SUP)):
        faults.failing_starts = 1
        whereis("a").exit(KILL)
        log.clear()
        await trio.sleep(0.001)
        assert log == ["terminate c", "terminate b", *want]
        assert used() == 2


class Slow(Actor):
    """While `broken` a start takes a second and fails."""

    async def init(self, broken: list[int]) -> None:
        if broken:
            await trio.sleep(1)
            msg = "still broken"
            raise RuntimeError(msg)


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_who_failed_is_who_restarts(strategy: Any, autojump_clock: Any) -> None:
    """Between two tries the one that failed shows as restarting; given up, it leaves the others that are up alone."""
    broken: list[int] = []
    slow = worker("slow", Slow, broken, name=names.name("slow"))
    async with running(supervisor("sup", [echo("a"), slow, echo("c")], strategy=strategy, intensity=99, name=SUP)):
        broken.append(1)
        await kill("a")
        await trio.sleep(3.5)
        known = await children()
        assert isinstance(known.pop("a"), Process)
        assert known == {"slow": "restarting", "c": None}
        await SUP.call(TerminateChild("slow"))
        a = whereis("a")
        await trio.sleep(10)
        assert await children() == {"a": a, "slow": None, "c": None}
        assert a.alive


async def test_others_go_on_while_one_fails(autojump_clock: Any) -> None:
    """A sibling's crash is repaired between two tries."""
    broken: list[int] = []
    slow = worker("slow", Slow, broken, name=names.name("slow"))
    async with running(supervisor("sup", [slow, echo("b")], intensity=99, name=SUP)):
        broken.append(1)
        await kill("slow")
        for _ in range(3):
            old = whereis("b")
            await kill("b")
            await trio.sleep(1.1)
            assert whereis("b") not in (None, old)
        broken.clear()
        await trio.sleep(2)
        assert whereis("slow") is not None


async def test_calls_get_in_between_tries_that_fail_at_once(autojump_clock: Any) -> None:
    """However quickly they fail, the child may be given up before all are used."""
    faults = Faults()
    async with running(supervisor("sup", [faulty(echo("a"), faults)], intensity=1000, name=SUP)):
        faults.failing_starts = 1000
        whereis("a").exit(KILL)
        await SUP.call(TerminateChild("a"))
        await trio.sleep(1)
        assert faults.starts < 100
        assert await children() == {"a": None}


async def test_failed_tries_are_told(autojump_clock: Any) -> None:
    """Each with the child's path and the reason; then the start that succeeded, with the number of restarts."""
    told: list[Any] = []

    def note(event: str, subject: Any, detail: dict[str, Any]) -> None:
        if event == "child.start_failed":
            told.append((subject, detail["path"], type(detail["reason"])))
        elif event == "child.started":
            told.append((subject.spec.id, detail["restarts"]))

    faults = Faults()
    inner = supervisor("inner", [faulty(echo("a"), faults)], name=names.name("inner"))
    async with running(supervisor("sup", [inner], intensity=9, name=SUP)):
        faults.failing_starts = 1
        detach = telemetry.attach(note)
        await kill("inner")
        detach()
    assert told == [
        ("a", "a", InjectedFault),
        ("inner", "inner/a", StartFailed),
        ("a", 0),
        ("inner", 1),
    ]


# --- too many


BORDER = [
    # intensity, period, seconds of the crashes, whether the last one is borne
    (0, 5.0, (0.0,), False),
    (1, 5.0, (0.0,), True),
    (1, 5.0, (0.0, 0.0), False),
    (1, 5.0, (0.0, 4.9), False),
    (1, 5.0, (0.0, 5.0), False),
    (1, 5.0, (0.0, 5.9), False),  # whole seconds: 5 - 0 is still within
    (1, 5.0, (0.0, 6.0), True),
    (1, 5.0, (0.9, 5.9), False),
    (1, 5.0, (0.9, 6.0), True),  # 5.1 seconds apart, but 6 by whole seconds
    (1, 5.0, (0.0, 6.0, 12.0, 18.0), True),
    (1, 5.0, (0.0, 6.0, 11.0), False),
    (3, 5.0, (0.0, 0.1, 0.2), True),
    (3, 5.0, (0.0, 0.1, 0.2, 0.3), False),
    (3, 5.0, (0.0, 2.0, 4.0, 5.99), False),
    (3, 5.0, (0.0, 2.0, 4.0, 6.0), True),
    (3, 5.0, (0.0, 2.0, 4.0, 6.0, 7.0), False),
    (3, 5.0, (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0), True),
    (1, 0.5, (0.0, 0.9), False),
    (1, 0.5, (0.0, 1.0), True),
    (1, 2.5, (0.0, 2.9), False),
    (1, 2.5, (0.0, 3.0), True),
    (1, math.inf, (0.0, 1_000_000.0), False),
]


@pytest.mark.parametrize(("intensity", "period", "crashes", "borne"), BORDER)
async def test_the_border_of_the_window(
    intensity: int, period: float, crashes: tuple[float, ...], borne: bool, autojump_clock: Any
) -> None:
    """Stamps are whole seconds, one exactly as old as the period still counts: restart `intensity` + 1 is one too many."""
    await trio.sleep(math.ceil(trio.current_time()) - trio.current_time())
    tree = supervisor("sup", [echo("a")], intensity=intensity, period=period, restart="temporary", name=SUP)
    async with running(tree):
        sup = SUP.whereis()
        assert sup is not None
        began = trio.current_time()
        for number, at in enumerate(crashes):
            await trio.sleep(began + at - trio.current_time())
            assert sup.alive, f"crash {number} came too late"
            whereis("a").exit(KILL)
            await trio.testing.wait_all_tasks_blocked()
        assert sup.alive is borne
        assert sup.exit_reason == (None if borne else "shutdown")


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize("position", range(3))
async def test_giving_up(strategy: Any, position: int, autojump_clock: Any) -> None:
    """Everybody is stopped in reverse order, once, and the supervisor ends with `shutdown`."""
    log: list[str] = []
    specs = [echo(label, log) for label in GROUP]
    async with running(supervisor("sup", specs, strategy=strategy, intensity=0, restart="temporary", name=SUP)):
        sup = SUP.whereis()
        assert sup is not None
        log.clear()
        await kill(GROUP[position])
        assert sup.exit_reason == "shutdown"
        assert log == [f"terminate {label}" for label in reversed(GROUP) if label != GROUP[position]]
        assert len(names) == 0


@pytest.mark.parametrize(("restart", "again"), [("permanent", True), ("transient", False), ("temporary", False)])
async def test_what_the_next_level_makes_of_it(restart: Any, again: bool, autojump_clock: Any) -> None:
    """`shutdown` is an orderly end: only a permanent supervisor is restarted for it, with all its children."""
    inner = supervisor("inner", [echo("a"), echo("b")], intensity=0, restart=restart, name=names.name("inner"))
    async with running(supervisor("sup", [inner], name=SUP)):
        old = {label: whereis(label) for label in ("inner", "a", "b")}
        await kill("a")
        for label, process in old.items():
            assert not process.alive
            assert (whereis(label) is not None) is again
        assert used() == (1 if again else 0)


async def test_a_supervisor_starts_with_a_clean_slate(autojump_clock: Any) -> None:
    """Its successor has not used up anything of its intensity."""
    inner = supervisor("inner", [echo("a")], intensity=1, name=names.name("inner"))
    async with running(supervisor("sup", [inner], intensity=9, name=SUP)):
        for _ in range(4):
            await kill("a")
        assert used() == 2


async def test_giving_up_goes_up_and_up(autojump_clock: Any) -> None:
    """Each level in its turn, to the root: who runs the tree is told."""
    spec = echo("a")
    for level in range(3):
        spec = supervisor(f"s{level}", [spec], intensity=1)
    crashes = 0
    with pytest.raises(RootEnded) as caught:
        async with open_runtime(supervisor("root", [spec], intensity=1)):
            while True:
                await kill("a")
                crashes += 1
    assert caught.value.reason == "shutdown"
    assert crashes == 2**4 - 1


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_giving_up_over_failing_tries(strategy: Any, autojump_clock: Any) -> None:
    """The crash and so many tries are borne as the intensity says; then those who are up are stopped."""
    log: list[str] = []
    faults = Faults()
    specs = [echo("a", log), faulty(echo("b", log), faults), echo("c", log)]
    async with running(supervisor("sup", specs, strategy=strategy, intensity=3, restart="temporary", name=SUP)):
        sup = SUP.whereis()
        assert sup is not None
        faults.failing_starts = 1000
        await kill("b")
        assert sup.exit_reason == "shutdown"
        assert faults.starts == 1 + 3
        assert sorted(log[-2:]) == ["terminate a", "terminate c"] or log[-1] == "terminate a"
        assert log.count("init a") == log.count("terminate a")
        assert log.count("init c") == log.count("terminate c")


async def test_a_supervisor_that_fails_to_restart_is_tried_again(autojump_clock: Any) -> None:
    """Its start rolls back each time, and its parent's intensity counts."""
    log: list[str] = []
    faults = Faults()
    inner = supervisor("inner", [echo("a", log), faulty(echo("b", log), faults)], name=names.name("inner"))
    async with running(supervisor("sup", [inner], intensity=9, name=SUP)):
        log.clear()
        faults.failing_starts = 2
        await kill("inner")
        assert log == [*["init a", "terminate a"] * 2, "init a", "init b"]
        assert used() == 3
        assert None not in (await children()).values()


async def test_stops_and_starts_on_request_are_no_restarts(autojump_clock: Any) -> None:
    """With intensity 0 children may be terminated and started as often as one likes."""
    async with running(supervisor("sup", [], intensity=0, name=SUP)):
        for _ in range(5):
            await SUP.call(StartChild(echo("a", restart="temporary")))
            await SUP.call(TerminateChild("a"))
        assert used() == 0


# --- back-off


async def waits(count: int, backoff: Backoff, settle_before: dict[int, float] | None = None) -> list[float]:
    """For how long a child that always crashes at once was away, each time."""
    away: list[float] = []
    async with running(supervisor("sup", [echo("a", backoff=backoff)], intensity=99, name=SUP)):
        for number in range(count):
            await trio.sleep((settle_before or {}).get(number, 0.0))
            began = trio.current_time()
            whereis("a").exit(KILL)
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(10_000):
                await names.arrival("a")
            away.append(trio.current_time() - began)
    return away


async def test_a_back_off_grows_within_its_bounds(autojump_clock: Any) -> None:
    """The first restart comes at once, the next ones after twice as long each, at most the limit, and at least half of it."""
    away = await waits(8, Backoff(1.0, 10.0))
    assert away[0] == 0
    for wait, full in zip(away[1:], [1, 2, 4, 8, 10, 10, 10], strict=True):
        assert full / 2 <= wait <= full + 0.1


async def test_back_offs_differ(autojump_clock: Any) -> None:
    """Children that crash together do not all come back together."""
    patience = Backoff(100.0, 100.0)
    labels = [f"child {number}" for number in range(10)]
    async with running(supervisor("sup", [echo(each, backoff=patience) for each in labels], intensity=99, name=SUP)):
        for _ in range(2):
            for each in labels:
                await kill(each)
        began = trio.current_time()
        back = set()
        for each in labels:
            await names.arrival(each)
            back.add(whereis(each).started_at - began)
        assert len(back) == len(labels)


async def test_a_back_off_is_forgotten(autojump_clock: Any) -> None:
    """A child that ran longer than the limit starts from the beginning."""
    away = await waits(6, Backoff(4.0, 10.0), {4: 11.0})
    assert away[3] >= 5
    assert away[4] == 0
    assert 2 <= away[5] <= 4.1


async def test_a_failing_start_backs_off_too(autojump_clock: Any) -> None:
    """Tries that fail lie ever further apart, and each of them counts."""
    faults = Faults()
    tries: list[float] = []
    detach = telemetry.attach(
        lambda event, *_: tries.append(trio.current_time()) if event == "child.start_failed" else None
    )
    async with running(
        supervisor(
            "sup", [faulty(echo("a", backoff=Backoff(8.0, 64.0)), faults)], intensity=99, period=math.inf, name=SUP
        )
    ):
        faults.failing_starts = 4
        await kill("a")
        await names.arrival("a")
        assert used() == 5
    detach()
    gaps = [later - sooner for sooner, later in itertools.pairwise(tries)]
    for gap, full in zip(gaps, [8, 16, 32], strict=True):
        assert full / 2 <= gap <= full + 0.1


async def test_a_back_off_of_nothing(autojump_clock: Any) -> None:
    """Tries again at once, as often as the intensity allows, and calls get in between."""
    faults = Faults()
    spec = faulty(echo("a", backoff=Backoff(0.0, 0.0)), faults)
    async with running(supervisor("sup", [spec], intensity=5000, name=SUP)):
        faults.failing_starts = 4000
        await kill("a")
        assert await children() == {"a": whereis("a")}
        assert used() == 4001


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_waits_for_the_one_that_backs_off(strategy: Any, autojump_clock: Any) -> None:
    """Stopped at once, started when the back-off ends."""
    specs = [echo("a", backoff=Backoff(10.0, 10.0)), echo("b")]
    async with running(supervisor("sup", specs, strategy=strategy, intensity=9, name=SUP)):
        await kill("a")
        await kill("a")
        assert await children() == {"a": "restarting", "b": None}
        await trio.sleep(11)
        assert await children() == {"a": whereis("a"), "b": whereis("b")}
        assert whereis("b") is not None

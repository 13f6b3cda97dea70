"""The control socket: operators see and steer the tree, even while the loop is blocked."""

from __future__ import annotations

import socket
import stat
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio

from supervisors import Actor, Registry, Runtime, dynamic_supervisor, open_runtime, supervisor, task, worker
from supervisors.control import ControlError, NotRunning, request, serve_control
from tests.supervisors.actors import Echo

names = Registry("test")


class Blocker(Actor):
    """Blocks the loop when told to."""

    def handle_cast(self, message: float) -> None:
        time.sleep(message)


async def _double(number: int) -> int:
    return 2 * number


class Desk:
    """A running tree with a control socket, and questions to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runtime: Runtime

    async def ask(self, op: str, **args: Any) -> Any:
        return await trio.to_thread.run_sync(lambda: request(self.path, op, 5, **args))

    def spec(self) -> Any:
        return supervisor(
            "root",
            [
                supervisor("a", [worker("echo", Echo, name=names.name("echo"))], intensity=10),
                worker("blocker", Blocker, name=names.name("blocker")),
                dynamic_supervisor("pool", worker("child", Echo), name=names.name("pool"), intensity=10),
                task("control", serve_control, self.path, lambda: self.runtime, {"double": _double}),
            ],
            intensity=10,
        )


@pytest.fixture
async def desk(tmp_path: Path) -> Any:
    made = Desk(tmp_path / "control.sock")
    async with open_runtime(made.spec()) as made.runtime:
        yield made


async def test_tree_and_collapse(desk: Desk) -> None:
    """The tree names every actor; very many dynamic children are shown by counts."""
    holder: Any = names.whereis("pool")
    for number in range(30):
        holder.actor.start_child_nowait(str(number))
    tree = await desk.ask("tree")
    by_id = {node["id"]: node for node in tree["children"]}
    assert set(by_id) == {"a", "blocker", "pool", "control"}
    assert by_id["a"]["children"][0]["path"] == "root/a/echo"
    assert by_id["pool"]["collapsed"] == {"running": 30}
    assert len(await desk.ask("children", path="pool", limit=7)) == 7


async def test_kill_restart_terminate_start(desk: Desk) -> None:
    """Killing and restarting count as restarts of the same path; a terminated actor stays down until started."""
    old = names.whereis("echo")
    await desk.ask("kill", actor="a/echo")
    await trio.sleep(0.05)
    assert names.whereis("echo") not in (None, old)
    await desk.ask("restart", actor="echo")
    assert names.whereis("echo") is not None
    await desk.ask("terminate", actor="echo")
    assert names.whereis("echo") is None
    await desk.ask("start", actor="root/a/echo")
    assert (await desk.ask("inspect", actor="echo"))["state"] == "running"


async def test_unknown_actor_names_near_ones(desk: Desk) -> None:
    """A wrong path is one line with what it may have meant."""
    with pytest.raises(ControlError, match="names no actor; did you mean root/blocker"):
        await desk.ask("inspect", actor="bloc")
    with pytest.raises(ControlError, match="unknown operation"):
        await desk.ask("dance")
    with pytest.raises(ControlError, match="malformed"):
        await desk.ask("double", wrong=1)
    assert await desk.ask("double", number=21) == 42


async def test_answers_while_the_loop_is_blocked(desk: Desk) -> None:
    """A blocked loop is seen from outside, with the name of who blocks it."""
    path = desk.path
    answers: list[Any] = []

    def look() -> None:
        time.sleep(0.1)
        answers.append(request(path, "tree", 5))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, look)
        await trio.sleep(0.05)
        names.name("blocker").cast(1.2)
    assert "blocker" in answers[0]["blocked_by"]


async def test_survives_rude_clients(desk: Desk) -> None:
    """Garbage, half a line or a client that hangs up disturb nobody."""
    for rubbish in (b"\x00\xff\n", b"[]\n", b"{\n", b'{"op"'):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(desk.path))
            client.sendall(rubbish)
    assert (await desk.ask("tree"))["id"] == "root"


async def test_socket_is_private_and_restarted(desk: Desk) -> None:
    """Only the owner may open the socket, and it comes back when its actor is killed."""
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600
    await desk.ask("kill", actor="control")
    with trio.fail_after(5):
        while True:
            try:
                await desk.ask("tree")
            except NotRunning:
                await trio.sleep(0.02)
            else:
                break


async def test_suspend_and_resume(desk: Desk) -> None:
    """An operator may hold an actor still and let it go on; its mail waits meanwhile."""
    assert await desk.ask("suspend", actor="echo") == {"path": "root/a/echo"}
    names.name("echo").cast("waits")
    seen = await desk.ask("inspect", actor="echo")
    assert (seen["state"], seen["mailbox"]) == ("suspended", 1)
    await desk.ask("resume", actor="echo")
    assert await names.name("echo").call("seen") == ["waits"]


async def test_trace_shows_types_and_times_only(desk: Desk) -> None:
    """A trace tells what an actor handles by type, never its content, and takes itself out again."""
    echo = names.whereis("echo")
    assert echo is not None
    answers: list[Any] = []

    async def trace() -> None:
        answers.append(await desk.ask("trace", actor="echo", seconds=5, limit=3))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trace)
        while echo.life is None or echo.life.debug is None:
            await trio.sleep(0.01)
        await echo.call("a secret")
        echo.cast("a secret")
        echo.info(17)
        echo.cast("one too many")
    (answer,) = answers
    assert [(each["what"], each["type"]) for each in answer["events"]] == [
        ("call", "str"),
        ("cast", "str"),
        ("info", "int"),
    ]
    assert answer["cut"] is True
    assert "secret" not in str(answer)
    assert echo.life is not None
    assert echo.life.debug is None


async def test_trace_ends_with_its_time_and_its_actor(desk: Desk) -> None:
    """A trace lasts its seconds, or as long as the actor does."""
    assert await desk.ask("trace", actor="echo", seconds=0.05) == {"path": "root/a/echo", "events": [], "cut": False}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: desk.ask("trace", actor="echo", seconds=20))
        echo = names.whereis("echo")
        assert echo is not None
        while echo.life is not None and echo.life.debug is None:
            await trio.sleep(0.01)
        echo.exit("kill")


@pytest.mark.parametrize("options", [{"seconds": 0}, {"seconds": 1000}, {"limit": 0}, {"limit": 10**9}])
async def test_trace_is_bounded(desk: Desk, options: dict[str, Any]) -> None:
    """Nobody traces for ever or without end."""
    with pytest.raises(ControlError, match="a trace takes at most"):
        await desk.ask("trace", actor="echo", **options)


async def test_processes_sorted_and_filtered(desk: Desk) -> None:
    """The busiest processes can be asked for, by any figure and by part of their path."""
    for _ in range(5):
        await names.name("echo").call("hello")
    listed = await desk.ask("processes", sort="handled", limit=1, matching="echo")
    assert [each["path"] for each in listed["processes"]] == ["root/a/echo"]
    assert listed["total"] == 6
    with pytest.raises(ControlError, match="sort: expected one of"):
        await desk.ask("processes", sort="beauty")
    with pytest.raises(ControlError, match="limit: expected a number from 1"):
        await desk.ask("processes", limit=0)


async def test_runtime_as_a_whole(desk: Desk) -> None:
    """The overview counts actors by state, timers and pauses, and says whether a watchdog looks on."""
    echo = names.whereis("echo")
    assert echo is not None
    echo.send_after(1000, "timer")
    seen = await desk.ask("runtime")
    assert seen["actors"] == 6
    assert seen["states"]["running"] == 6
    assert seen["timers"] >= 1
    assert seen["zombies"] == []
    assert seen["loop"] == {"watched": False}


def test_nobody_there(tmp_path: Path) -> None:
    """Asking where no process runs says so."""
    with pytest.raises(NotRunning):
        request(tmp_path / "nobody.sock", "tree")


class Sleeper(Actor):
    """Is folded up as soon as it may."""

    __slots__ = ("count",)
    hibernate_after: ClassVar[float | None] = 0.02

    def init(self) -> None:
        self.count = 0

    def pack(self) -> int:
        return self.count

    def unpack(self, state: int) -> None:
        self.count = state


async def test_a_sleeper_is_found_by_its_path(tmp_path: Path) -> None:
    """A child that is folded up has no process to walk by, but its whole path leads to it."""
    made = Desk(tmp_path / "control.sock")
    table = Registry("table")
    pool = names.name("pool")
    spec = supervisor(
        "root",
        [
            dynamic_supervisor("pool", worker("child", Sleeper), name=pool),
            task("control", serve_control, made.path, lambda: made.runtime, {}),
        ],
    )
    async with open_runtime(spec) as made.runtime:
        holder: Any = pool.whereis()
        for number in (7, 8):
            holder.actor.start_child_nowait(name=table.name(number))
        with trio.fail_after(5):
            while not table.is_dormant(7):
                await trio.sleep(0.01)
        assert (await made.ask("runtime"))["states"]["hibernated"] == 2
        found = await made.ask("inspect", actor="root/pool/7")
        assert found["state"] == "hibernated"
        with pytest.raises(ControlError, match="no actor"):
            await made.ask("inspect", actor="root/pool/9")

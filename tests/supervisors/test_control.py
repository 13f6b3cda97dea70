"""The control socket: operators see and steer the tree, even while the loop is blocked."""

from __future__ import annotations

import socket
import stat
import time
from pathlib import Path
from typing import Any

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


def test_nobody_there(tmp_path: Path) -> None:
    """Asking where no process runs says so."""
    with pytest.raises(NotRunning):
        request(tmp_path / "nobody.sock", "tree")

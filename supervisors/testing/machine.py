"""Random deeds on random trees: hypothesis plays them on a real tree and on the model, and compares after each.

The rules below only write a script and tell the model. When the script is complete, the whole of it is played on a
real tree under the mock clock, and after each deed the two are compared, so a failing script shrinks to the shortest
that fails. Subclass it to add deeds of your own:

    TestTree = SupervisionMachine.TestCase
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from supervisors.actor import Actor
from supervisors.exits import KILL, CallError, Stop, SupervisionError
from supervisors.messages import Sender
from supervisors.process import Process
from supervisors.requests import DeleteChild, RestartChild, StartChild, TerminateChild
from supervisors.runtime import RootEnded, Runtime, open_runtime
from supervisors.snapshot import find, walk
from supervisors.specs import ChildSpec, supervisor, worker
from supervisors.static import Supervisor
from supervisors.testing.clock import run_fast
from supervisors.testing.model import Node, TreeModel
from supervisors.testing.wholeness import assert_whole

SETTLE = 10.0
"""Seconds between deeds; everything that follows from one takes less."""
CALL_WITHIN = 5.0


class _Told(Exception):
    """The crash of a worker that was told to."""


@dataclass
class Stage:
    """What script and tree share: how often each worker has started, and how often it still is to fail."""

    starts: dict[str, int] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    runtime: Runtime = None  # type: ignore[assignment]  # set before the first deed
    calls: int = 0

    def process(self, path: str) -> Process:
        """The process of that path, which the model says is up."""
        return find(self.runtime, path)[1]


class Player(Actor):
    """A worker of the real tree: ends as it is told."""

    def init(self, path: str, stage: Stage) -> None:
        """Count the start, or fail it."""
        if stage.failing.get(path, 0):
            stage.failing[path] -= 1
            msg = "this start was to fail"
            raise _Told(msg)
        stage.starts[path] = stage.starts.get(path, 0) + 1

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Answer, for those who want to know whether it lives."""
        del sender
        return message

    def handle_cast(self, message: Any) -> None:
        """End."""
        if message == "crash":
            raise _Told(message)
        raise Stop(message)


def real(node: Node, path: str, stage: Stage) -> ChildSpec:
    """The spec of what a node of the model stands for."""
    restart: Any = node.restart
    if node.children is None:
        return worker(node.id, Player, path, stage, restart=restart, significant=node.significant)
    strategy: Any = node.strategy
    auto_shutdown: Any = node.auto_shutdown
    return supervisor(
        node.id,
        [real(each, f"{path}/{each.id}", stage) for each in node.specs],
        strategy=strategy,
        intensity=node.intensity,
        period=node.period,
        auto_shutdown=auto_shutdown,
        restart=restart,
        significant=node.significant,
    )


def picture(stage: Stage) -> dict[str, tuple[bool, int]]:
    """The real tree as `TreeModel.picture` shows the model's."""
    root = stage.runtime.root
    seen: dict[str, tuple[bool, int]] = {root.spec.id: (root.alive, 0)}
    for path, process in walk(stage.runtime):
        if isinstance(process.actor, Supervisor):
            for child in process.actor.children.values():
                below = f"{path}/{child.spec.id}"
                starts = 0 if child.spec.actor is Supervisor else stage.starts.get(below, 0)
                seen[below] = (child.process is not None, starts)
    return seen


Deed = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """One deed at its time, and what the tree must look like once it has settled."""

    at: float
    name: str
    deed: Deed
    expected: dict[str, tuple[bool, int]]
    root_up: bool


RESTARTS = st.sampled_from(["permanent", "transient", "temporary"])
STRATEGIES = st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"])
AUTO = st.sampled_from(["never", "never", "any_significant", "all_significant"])


@st.composite
def trees(draw: st.DrawFn, depth: int = 2, node_id: str = "root") -> Node:
    """A supervisor with up to three children, of which some are supervisors."""
    auto = draw(AUTO)
    children = []
    for number in range(draw(st.integers(1, 3))):
        below = draw(trees(depth - 1, f"s{number}")) if depth and draw(st.booleans()) else Node(f"w{number}")
        below.restart = draw(RESTARTS)
        below.significant = auto != "never" and below.restart != "permanent" and draw(st.booleans())
        children.append(below)
    return Node(
        node_id,
        children=children,
        strategy=draw(STRATEGIES),
        intensity=draw(st.integers(0, 3)),
        period=draw(st.sampled_from([5.0, 30.0])),
        auto_shutdown=auto,
    )


class SupervisionMachine(RuleBasedStateMachine):
    """Writes a script of deeds while the model follows; `teardown` plays it."""

    def __init__(self) -> None:
        super().__init__()
        self.model: TreeModel | None = None
        self.stage = Stage()
        self.script: list[Scene] = []
        self.now = 0.0
        self.added = 0
        self.spec: ChildSpec | None = None

    @initialize(root=trees())
    def plant(self, root: Node) -> None:
        """Begin with a tree that has started."""
        self.spec = real(root, root.id, self.stage)
        self.model = TreeModel(root)

    def do(self, name: str, deed: Deed) -> None:
        """Note a deed whose consequences the model has drawn."""
        assert self.model is not None
        self.script.append(Scene(self.now, name, deed, self.model.picture(), self.model.root.up))
        self.now += SETTLE
        self.model.now = self.now

    def paths(self, wanted: Callable[[Node, Node | None], bool]) -> list[tuple[str, Node, Node | None]]:
        """Those of the model's nodes that are wanted, with their paths and their supervisors, which are up."""
        assert self.model is not None
        found: list[tuple[str, Node, Node | None]] = []

        def look(node: Node, path: str, parent: Node | None) -> None:
            if wanted(node, parent):
                found.append((path, node, parent))
            for child in node.children or () if node.up else ():
                look(child, f"{path}/{child.id}", node)

        look(self.model.root, self.model.root.id, None)
        return found

    @property
    def going_on(self) -> bool:
        """True until the root has given up."""
        return self.model is not None and self.model.root.up

    # --- deeds

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99), reason=st.sampled_from(["normal", "shutdown", "crash", "killed"]))
    def end_worker(self, which: int, reason: Any) -> None:
        """A worker ends, crashes, or is killed."""
        workers = self.paths(lambda node, _: node.up and not node.is_supervisor)
        if workers and self.model is not None:
            path, node, _ = workers[which % len(workers)]
            self.model.end(node, reason)
            self.do(f"{reason} {path}", _kill(path) if reason == "killed" else _tell(path, reason))

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99))
    def kill_supervisor(self, which: int) -> None:
        """A supervisor is killed, and with it all below."""
        found = self.paths(lambda node, parent: node.up and node.is_supervisor and parent is not None)
        if found and self.model is not None:
            path, node, _ = found[which % len(found)]
            self.model.end(node, "killed")
            self.do(f"kill {path}", _kill(path))

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99))
    def kill_supervisor_at_work(self, which: int) -> None:
        """A supervisor is killed in the very moment in which it has to restart a child."""
        found = self.paths(
            lambda node, parent: node.up and not node.is_supervisor and parent is not None and parent is not self.root
        )
        if found and self.model is not None and not any(node.failing for node in self.root.walk()):
            path, _, parent = found[which % len(found)]
            assert parent is not None
            above = path.rpartition("/")[0]
            self.model.end(parent, "killed")

            async def deed(stage: Stage) -> None:
                boss = stage.process(above)
                stage.process(path).exit(KILL)
                boss.exit(KILL)

            self.do(f"kill {path} and {above}", deed)

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99))
    def terminate_child(self, which: int) -> None:
        """A child is told to stop."""
        found = self.paths(lambda _, parent: parent is not None)
        if found and self.model is not None:
            path, node, parent = found[which % len(found)]
            assert parent is not None
            self.model.terminate(parent, node)
            self.do(f"terminate {path}", _ask(path, TerminateChild(node.id)))

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99))
    def restart_child(self, which: int) -> None:
        """A child that is down is started again."""
        found = self.paths(lambda node, parent: parent is not None and not node.up)
        if found and self.model is not None:
            path, node, _ = found[which % len(found)]
            self.model.restart(node)
            self.do(f"restart {path}", _ask(path, RestartChild(node.id)))

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99))
    def delete_child(self, which: int) -> None:
        """The spec of a child that is down is forgotten."""
        found = self.paths(lambda node, parent: parent is not None and not node.up)
        if found and self.model is not None:
            path, node, parent = found[which % len(found)]
            assert parent is not None
            self.model.delete(parent, node)
            self.do(f"delete {path}", _ask(path, DeleteChild(node.id)))

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99), restart=RESTARTS, failing=st.booleans())
    def start_child(self, which: int, restart: str, failing: bool) -> None:
        """A further worker is started, or fails to."""
        found = self.paths(lambda node, _: node.up and node.is_supervisor)
        if found and self.model is not None:
            path, parent, _ = found[which % len(found)]
            self.added += 1
            node = Node(f"a{self.added}", restart=restart, failing=int(failing))
            below = f"{path}/{node.id}"
            spec = real(node, below, self.stage)
            self.model.add(parent, node)

            async def deed(stage: Stage) -> None:
                stage.failing[below] = int(failing)
                await _ask(below, StartChild(spec))(stage)

            self.do(f"start {below}", deed)

    @precondition(lambda self: self.going_on)
    @rule(which=st.integers(0, 99), times=st.integers(1, 3))
    def fail_next_starts(self, which: int, times: int) -> None:
        """A worker will not start the next few times."""
        found = self.paths(lambda node, _: not node.is_supervisor)
        if found:
            path, node, _ = found[which % len(found)]
            node.failing = times

            async def deed(stage: Stage) -> None:
                stage.failing[path] = times

            self.do(f"fail {path} {times} times", deed)

    @rule(seconds=st.sampled_from([1, 4, 5, 6, 29, 30, 31]))
    def wait(self, seconds: int) -> None:
        """Time passes, and restarts are forgotten."""
        self.now += seconds
        if self.model is not None:
            self.model.now = self.now

    @property
    def root(self) -> Node:
        """The model's root."""
        assert self.model is not None
        return self.model.root

    # --- the play

    def teardown(self) -> None:
        """Play the script on a real tree."""
        if self.spec is not None:
            run_fast(self._play, self.spec)

    async def _play(self, spec: ChildSpec) -> None:
        stage = self.stage
        async with trio.open_nursery() as callers:
            try:
                async with open_runtime(spec) as stage.runtime:
                    for scene in self.script:
                        await trio.sleep_until(scene.at)
                        await self._perform(scene, callers)
            except RootEnded:
                assert not self.script[-1].root_up, "the root gave up, and should not have"
            else:
                assert self.going_on, "the root should have given up"
        assert stage.calls == 0, f"{stage.calls} callers have no answer"

    async def _perform(self, scene: Scene, callers: trio.Nursery) -> None:
        stage = self.stage
        for _, process in walk(stage.runtime):
            if process.spec.actor is Player:
                callers.start_soon(_call, stage, process)
        await scene.deed(stage)
        await trio.sleep(SETTLE / 2)
        if scene.root_up:
            assert picture(stage) == scene.expected, scene.name
            assert_whole(stage.runtime)


async def _call(stage: Stage, process: Process) -> None:
    stage.calls += 1
    began = trio.current_time()
    with suppress(CallError):
        await process.call("hello", CALL_WITHIN)
    assert trio.current_time() - began <= CALL_WITHIN, "a caller was kept beyond its deadline"
    stage.calls -= 1


def _kill(path: str) -> Deed:
    async def deed(stage: Stage) -> None:
        stage.process(path).exit(KILL)

    return deed


def _tell(path: str, reason: str) -> Deed:
    async def deed(stage: Stage) -> None:
        stage.process(path).cast(reason)

    return deed


def _ask(path: str, request: Any) -> Deed:
    async def deed(stage: Stage) -> None:
        # Refused, or failed to start: what became of it is what is compared.
        with suppress(SupervisionError):
            await stage.process(path.rpartition("/")[0]).call(request, CALL_WITHIN)

    return deed

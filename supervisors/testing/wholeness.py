"""What must hold of a running tree at any quiet moment, whatever has been done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisors.snapshot import walk

if TYPE_CHECKING:
    import trio

    from supervisors.runtime import Runtime

WHEEL = 1
"""The runtime's own task beside the tree's."""


def assert_whole(runtime: Runtime) -> None:
    """Raise `AssertionError` unless every process in the tree is alive and every task in it is a process's.

    To be called when nothing is being started or stopped at that very moment; zombies are counted in.
    """
    processes = [process for _, process in walk(runtime)]
    dead = [process for process in processes if not process.alive]
    assert not dead, f"in the tree, but ended: {dead}"
    life = runtime.root.life
    assert life is not None, "the root has ended"
    assert life.task is not None, "the root has not begun"
    assert life.task.parent_nursery is not None
    awake = sum(process.life is not None for process in processes)
    found = _tasks_in(life.task.parent_nursery) - WHEEL - len(runtime.zombies)
    assert found == awake, f"{found} tasks for {awake} processes that are awake: {found - awake} are nobody's"


def _tasks_in(nursery: trio.Nursery) -> int:
    return sum(1 + sum(map(_tasks_in, task.child_nurseries)) for task in nursery.child_tasks)

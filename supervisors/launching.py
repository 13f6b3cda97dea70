"""Making a process from a spec: name first, then init, then the task."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from supervisors.actor import Task
from supervisors.process import Process

if TYPE_CHECKING:
    import trio

    from supervisors.registry import Name
    from supervisors.runtime import Runtime
    from supervisors.specs import ChildSpec


def launch(  # noqa: PLR0917 - the parts of a process, in the order of `Process`
    spec: ChildSpec,
    args: tuple[Any, ...],
    name: Name | None,
    parent: Process | None,
    runtime: Runtime,
    nursery: trio.Nursery,
) -> Process:
    """Start a process under `nursery`; raises what a plain `init` raised, and then nothing is left of it.

    A plain `init` has run when this returns, and the process counts as running. A coroutine `init`, or a task, goes
    on in the process itself: await `wait_started`.
    """
    actor = spec.actor()
    process = Process(actor, spec, args, name, parent, runtime)
    actor.process = process
    if name is not None:
        name.registry.register(name.key, process)
    try:
        init = actor.init(*args)
    except BaseException:
        if name is not None:
            name.release(process)
        raise
    if inspect.iscoroutine(init):
        process._init = init  # noqa: SLF001 - the two halves of making a process
    elif not isinstance(actor, Task) and actor.process_type == "worker":
        process.state = "running"
    nursery.start_soon(process._run, name=spec.id)  # noqa: SLF001
    return process

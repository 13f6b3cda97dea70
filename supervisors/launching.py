"""Making a process from a spec: name first, then init, then the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supervisors.actor import Task
from supervisors.exits import Down, Stop
from supervisors.messages import IGNORE
from supervisors.process import Process
from supervisors.supervising import SupervisorLife

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
) -> Process | None:
    """Start a process under `nursery`; raises what a plain `init` raised (`Down` for its `Stop`), and then it is gone.

    A plain `init` has run when this returns, and the process counts as running; `None` if it returned `IGNORE`. A
    coroutine `init`, or a task, goes on in the process itself: await `wait_started`.
    """
    actor = spec.actor()
    process = Process(actor, spec, args, name, parent, runtime)
    actor.process = process
    is_worker = actor.process_type == "worker"
    life = process.life if is_worker else process.live_as(SupervisorLife(process))
    assert life is not None
    if name is not None:
        name.registry.claim(name.key, process)
    try:
        init = actor.init(*args)
    except Stop as stop:
        process.discard()
        raise Down(stop.reason) from stop
    except BaseException:
        process.discard()
        raise
    if init is IGNORE:
        process.discard()
        return None
    if init is not None:
        life.handed = init
    elif isinstance(actor, Task):
        life.handed = actor
    elif is_worker:
        process.state = "running"
    nursery.start_soon(life.run, name=spec.id)
    return process

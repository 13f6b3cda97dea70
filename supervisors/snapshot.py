"""The tree as data: what `jagawarga tree` shows, and how an actor is found by its path.

Everything here only reads, in O(children shown), and copies each container in one step, so that it may also be called
from a thread while the loop is blocked.
"""

from __future__ import annotations

import gc
import heapq
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from supervisors.dynamic import DynamicSupervisor
from supervisors.exits import SupervisionError, describe
from supervisors.governor import pauses
from supervisors.static import Supervisor

if TYPE_CHECKING:
    from supervisors.process import Process
    from supervisors.runtime import Runtime

HINTS = 5
COLLAPSE_ABOVE = 20
"""A dynamic supervisor with more children than this is shown by counts."""


class UnknownActor(SupervisionError):
    """No actor of that path; `near` lists paths that look like it."""

    def __init__(self, path: str, near: list[str], *, ambiguous: bool = False) -> None:
        problem = "stands for several actors" if ambiguous else "names no actor"
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"{path!r} {problem}{hint}")
        self.near = near


def tree(runtime: Runtime, now: float) -> dict[str, Any]:
    """The whole tree as nested nodes; `now` is `trio.current_time()`."""
    return _node(runtime.root, runtime.root.spec.id, now, deep=True)


def inspect(runtime: Runtime, path: str, now: float) -> dict[str, Any]:
    """One actor in detail; raises `UnknownActor`."""
    found, process = find(runtime, path)
    node = _node(process, found, now, deep=False)
    spec = process.spec
    node |= {
        "restart": spec.restart,
        "shutdown": spec.shutdown,
        "mailbox_limit": process.actor.mailbox_limit,
        "dropped": process.dropped,
        "timers": process.timer_count(),
        "monitored_by": sum(1 for _ in process.monitored_by()),
        "trap_exit": process.actor.trap_exit,
        "overflow": process.actor.overflow,
        "working": process.busy,
        "name": str(process.name.key) if process.name else None,
    }
    return node | process.actor.describe()


def children(runtime: Runtime, path: str, limit: int, now: float) -> list[dict[str, Any]]:
    """The children of one supervisor, at most `limit`; raises `UnknownActor`."""
    found, process = find(runtime, path)
    nodes: list[dict[str, Any]] = []
    for name, child in _children(process):
        if len(nodes) >= limit:
            break
        nodes.append(_node(child, f"{found}/{name}", now, deep=False))
    return nodes


SORTS = ("mailbox", "handled", "busy", "restarts", "age")
MOST = 1_000


def processes(
    runtime: Runtime, now: float, sort: str = "mailbox", limit: int = 50, matching: str = ""
) -> dict[str, Any]:
    """The `limit` processes with the most of `sort`, of those whose path contains `matching`.

    Goes through every process without stopping: to be called from a thread, where the tree is large.
    """
    if sort not in SORTS:
        msg = f"sort: expected one of {', '.join(SORTS)}, got {sort!r}"
        raise SupervisionError(msg)
    if not isinstance(limit, int) or not 1 <= limit <= MOST:
        msg = f"limit: expected a number from 1 to {MOST}, got {limit!r}"
        raise SupervisionError(msg)
    total = 0

    def wanted() -> Iterator[tuple[str, Process]]:
        nonlocal total
        for path, process in walk(runtime):
            total += 1
            if matching in path:
                yield path, process

    found = heapq.nlargest(limit, wanted(), key=lambda each: _figure(each[1], sort, now))
    nodes = [_node(process, path, now, deep=False) for path, process in found]
    return {"total": total, "at": now, "processes": nodes}


def overview(runtime: Runtime, now: float) -> dict[str, Any]:
    """The runtime as a whole: actors by state, timers, zombies, uptime."""
    states: Counter[str] = Counter()
    for _, process in walk(runtime):
        states[process.state] += 1
        states["hibernated"] += dormant_children(process)
    turn = runtime.wheel.next_due()
    return {
        "actors": sum(states.values()),
        "states": dict(states),
        "timers": len(runtime.wheel),
        "next_due": None if turn is None else round(max(0.0, turn - now), 3),
        "zombies": [repr(process) for process in list(runtime.zombies)],
        "gc": {
            "pauses": pauses.count,
            "last": pauses.last,
            "longest": pauses.longest,
            "total": pauses.total,
            "frozen": gc.get_freeze_count(),
        },
        "uptime": round(now - runtime.started_at, 3),
    }


def dormant_children(process: Process) -> int:
    """How many children of a supervisor are folded up, and have no process at present."""
    return process.actor.dormant.total() if isinstance(process.actor, DynamicSupervisor) else 0


def find(runtime: Runtime, path: str) -> tuple[str, Process]:
    """Find an actor by its path or by a trailing part of it that only one has; raises `UnknownActor`.

    A child that is folded up is woken; it is found by its whole path or by its name.
    """
    wanted = path.strip("/")
    exact = _descend(runtime.root, wanted)
    if exact is not None:
        return wanted, exact
    matches: list[tuple[str, Process]] = []
    near: list[str] = []
    for known, process in walk(runtime):
        if known == wanted:
            return known, process
        if dormant_children(process) and "/" not in wanted:
            sleeper = _named(process, process.actor, wanted)  # type: ignore[arg-type]  # a dynamic supervisor
            if sleeper is not None:
                return f"{known}/{wanted}", sleeper
        if known.endswith(f"/{wanted}"):
            matches.append((known, process))
        elif wanted and wanted.rsplit("/", 1)[-1] in known and len(near) < HINTS:
            near.append(known)
    if len(matches) == 1:
        return matches[0]
    raise UnknownActor(path, [known for known, _ in matches[:HINTS]] or near, ambiguous=bool(matches))


def _descend(process: Process, path: str) -> Process | None:
    """Follow a whole path down, without looking at anybody beside it; wakes a child that is folded up."""
    here, _, rest = path.partition("/")
    if here != process.spec.id or not rest:
        return process if here == process.spec.id else None
    actor = process.actor
    if isinstance(actor, Supervisor):
        child = actor.children.get(rest.partition("/")[0])
        return None if child is None or child.process is None else _descend(child.process, rest)
    if isinstance(actor, DynamicSupervisor):
        return _named(process, actor, rest)
    return None


def _named(process: Process, actor: DynamicSupervisor, name: str) -> Process | None:
    """The child of that name, where names are texts or are made from one, as numbers and UUIDs are."""
    like = next((each.name for each in actor.processes if each.name is not None), None)
    registries = [like.registry] if like is not None else list(actor.dormant)
    for registry in registries:
        keys: set[type] = {type(like.key)} if like is not None else {str, int, UUID}
        for make in keys:
            with suppress(ValueError, TypeError):
                found = registry.whereis(make(name))
                if found is not None and found.parent is process:
                    return found
    return None


def walk(runtime: Runtime) -> Iterator[tuple[str, Process]]:
    """Every live actor with its path, parents first."""
    pending = [(runtime.root.spec.id, runtime.root)]
    while pending:
        path, process = pending.pop()
        yield path, process
        pending.extend((f"{path}/{name}", child) for name, child in reversed(list(_children(process))))


def parent_and_id(process: Process) -> tuple[Process, str]:
    """The supervisor of an actor and the actor's id there; raises `UnknownActor` for the root."""
    if process.parent is None:
        raise UnknownActor(process.spec.id, [])
    return process.parent, process.spec.id


def _children(process: Process) -> Iterator[tuple[str, Process]]:
    actor = process.actor
    if isinstance(actor, Supervisor):
        for child in list(getattr(actor, "children", {}).values()):
            if child.process is not None:
                yield child.spec.id, child.process
    elif isinstance(actor, DynamicSupervisor):
        for each in list(getattr(actor, "processes", ())):
            yield str(each.name.key if each.name else each.spec.id), each


def _node(process: Process, path: str, now: float, *, deep: bool) -> dict[str, Any]:
    actor = process.actor
    node: dict[str, Any] = {
        "path": path,
        "id": path.rsplit("/", 1)[-1],
        "type": actor.process_type,
        "kind": process.spec.kind,
        "state": process.state,
        "restarts": process.restarts,
        "mailbox": process.mailbox_length(),
        "age": round(process.age(now), 3),
        "handled": process.handled,
        "busy": round(process.busy_seconds, 6),
        "links": sum(1 for _ in process.links()),
        "monitors": sum(1 for _ in process.monitors()),
        "current": _current(process),
        "last_reason": None,
    }
    if isinstance(actor, Supervisor | DynamicSupervisor) and hasattr(actor, "window"):
        node["strategy"] = actor.flags.strategy
        node["intensity"] = {
            "used": actor.window.used(now),
            "limit": actor.window.intensity,
            "period": actor.window.period,
        }
    if isinstance(actor, Supervisor) and deep:
        node["children"] = [
            _child_node(child, f"{path}/{child.spec.id}", now)
            for child in list(getattr(actor, "children", {}).values())
        ]
    elif isinstance(actor, DynamicSupervisor) and hasattr(actor, "processes"):
        node["last_reason"] = describe(actor.last_reason)
        _add_dynamic(node, process, actor, path, now, deep=deep)
    return node


def _figure(process: Process, sort: str, now: float) -> float:
    match sort:
        case "mailbox":
            return process.mailbox_length()
        case "handled":
            return process.handled
        case "busy":
            return process.busy_seconds
        case "restarts":
            return process.restarts
    return process.age(now)


def _current(process: Process) -> str | None:
    """What the actor is doing: the coroutine callback that waits, or the plain one at work at this moment."""
    life = process.life
    if life is not None and life.current is not None:
        return life.current
    return "at work" if process.runtime.running is process else None


def _child_node(child: Any, path: str, now: float) -> dict[str, Any]:
    if child.process is not None:
        node = _node(child.process, path, now, deep=True)
        node["restarts"] = child.restarts
    else:
        node = {
            "path": path,
            "id": child.spec.id,
            "type": child.spec.actor.process_type,
            "kind": child.spec.kind,
            "state": "restarting" if child.restarting else "stopped",
            "restarts": child.restarts,
            "mailbox": 0,
            "age": 0.0,
            "handled": 0,
            "busy": 0.0,
            "links": 0,
            "monitors": 0,
            "current": None,
        }
    node["last_reason"] = describe(child.last_reason)
    return node


def _add_dynamic(
    node: dict[str, Any], process: Process, actor: DynamicSupervisor, path: str, now: float, *, deep: bool
) -> None:
    members = list(actor.processes)
    if len(members) <= COLLAPSE_ABOVE and deep and not actor.dormant.total():
        node["children"] = [_node(each, f"{path}/{name}", now, deep=False) for name, each in _children(process)]
        return
    counts = Counter(each.state for each in members)
    counts["restarting"] += len(actor.restarting)
    counts["hibernated"] += actor.dormant.total()
    node["collapsed"] = {state: count for state, count in counts.items() if count}
    node["collapsed_mailbox"] = sum(each.mailbox_length() for each in members)
    node["collapsed_restarts"] = sum(each.restarts for each in members)

"""Hibernated children reduced to a record: a few hundred bytes each instead of objects.

An actor that has hibernated keeps its instance, its process and its timers. If its class says what its state comes to
(`Actor.pack`), if it is a dynamic supervisor's child with a name, and if nobody holds its process any more, all of
that is folded into one `Dormant`: bytes, under the same name in the registry. Whoever looks the name up gets the
process back, as it was; so does its next timer, a second early. Callers, monitors and supervisor notice nothing.

A child may also begin like this (`DynamicSupervisor.start_asleep`). `supervisors.packer` folds up and wakes in time.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

from supervisors import bonds
from supervisors.actor import Actor
from supervisors.monitors import Monitor
from supervisors.process import Process

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from typing import Any

    from supervisors.dynamic import DynamicSupervisor
    from supervisors.exits import Reason
    from supervisors.registry import Name, Registry


class Dormant:
    """What is left of a hibernated child: its supervisor, its monitors, and all else as bytes.

    `own` are its own arguments where they are more than plain values, or the only one of them; else they are among
    the bytes.
    """

    __slots__ = ("bonds", "own", "parent", "record")

    def __init__(self, parent: Process, record: bytes, own: Any, hanging: bonds.Bonds = None) -> None:
        self.own = own
        self.bonds = hanging
        self.parent = parent
        self.record = record

    def loose(self, bond: bonds.Bond) -> None:
        """Forget a monitor."""
        self.bonds = bonds.loosed(self.bonds, bond)

    def deadlines(self) -> Iterator[float]:
        """When its timers are due."""
        return (deadline for deadline, _ in marshal.loads(self.record)[4])  # noqa: S302 - our own bytes

    def wake(self, registry: Registry, key: Hashable) -> Process:
        """Be the process again, still hibernated, under its name and its supervisor.

        A state that can not be unpacked is a crash: the process has ended then, and its supervisor does the rest.
        """
        supervisor: DynamicSupervisor = self.parent.actor  # type: ignore[assignment]  # only such have dormant children
        spec = supervisor.template
        kept, state, started_at, figures, timers = marshal.loads(self.record)  # noqa: S302 - our own bytes
        own = self.own if kept is None else (self.own,) if kept is True else kept
        actor = spec.actor()
        process = Process(actor, spec, (*spec.args, *own), registry.name(key), self.parent, self.parent.runtime)
        process.fall_asleep()
        process.started_at = started_at
        process.restarts, process.handled_before, process.dropped = figures or (0, 0, 0)
        actor.process = process
        registry.swap(key, process)
        supervisor.woken(registry, process)
        for bond in bonds.each(self.bonds):
            if isinstance(bond, Monitor):
                bond.target = process
            process.tie(bond)
        for deadline, message in timers:
            process.hold(process.runtime.wheel.add(deadline, process, message))
        try:
            actor.unpack(state)
        except Exception as crash:  # noqa: BLE001 - the application's code: its failure is this process's end
            process.end(crash)
        return process

    def end(self, registry: Registry, key: Hashable, reason: Reason) -> None:
        """Be over without waking: its supervisor has ended."""
        if self.bonds is None and not registry.heard:
            registry.drop(key)
            self.parent.actor.dormant[registry] -= 1  # type: ignore[attr-defined]  # a dynamic supervisor
        else:
            self.wake(registry, key).end(reason)


def lay_down(
    parent: Process, args: tuple[Any, ...], name: Name, state: Any, timers: Iterable[tuple[float, Any]]
) -> None:
    """Make a child that is dormant from the start; see `DynamicSupervisor.start_asleep`."""
    runtime, registry, key = parent.runtime, name.registry, name.key
    now = runtime.now()
    due = tuple((now + seconds, message) for seconds, message in timers)
    kept, own = _kept(args)
    try:
        record = marshal.dumps((kept, state, int(now), None, due))
    except ValueError:
        msg = f"the state of {key!r} can not be packed: expected plain values"
        raise ValueError(msg) from None
    dormant = Dormant(parent, record, own)
    registry.settle(key, dormant)
    parent.actor.dormant[registry] += 1  # type: ignore[attr-defined]  # a dynamic supervisor
    for deadline, _ in due:
        runtime.packer.enlist(deadline, registry, key)
    if registry.heard:
        registry.claim(key, dormant.wake(registry, key))


def record_of(process: Process, timers: list[Any]) -> tuple[bytes, Any] | None:
    """Say in bytes what a process is, and give what of its arguments can not be said so; `None` if it must stay."""
    kept, own = _kept(process.args[len(process.spec.args) :])
    try:
        state = process.actor.pack()
        if state is None:
            return None
        # Whole seconds, and nothing for nothing: every byte is there a million times.
        figures = (process.restarts, process.handled, process.dropped)
        due = tuple((timer.deadline, timer.message) for timer in timers)
        return marshal.dumps((kept, state, int(process.started_at), figures if any(figures) else None, due)), own
    except Exception:  # noqa: BLE001 - a state that can not be packed, or a message: then it stays as it is
        return None


def packs(actor: type[Actor]) -> bool:
    """Tell whether actors of that class say what their state comes to."""
    return actor.pack is not Actor.pack


def _kept(own: tuple[Any, ...]) -> tuple[Any, Any]:
    """What of a child's own arguments goes into its record, and what beside it."""
    try:
        marshal.dumps(own)
    except ValueError:
        # A tuple for a single one would be there a million times.
        return (True, own[0]) if len(own) == 1 else (None, own)
    return own, None

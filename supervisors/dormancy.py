"""Hibernated children reduced to a record: a few hundred bytes each instead of objects.

An actor that has hibernated keeps its instance, its process and its timers. If its class says what its state comes to
(`Actor.pack`), if it is a dynamic supervisor's child with a name, and if nobody holds its process any more, all of
that is folded into one `Dormant`: bytes, under the same name in the registry. Whoever looks the name up gets the
process back, as it was; so does its next timer, a second early. Callers, monitors and supervisor notice nothing.
"""

from __future__ import annotations

import marshal
import weakref
from typing import TYPE_CHECKING

from supervisors import bonds
from supervisors.actor import Actor
from supervisors.monitors import Monitor
from supervisors.process import Process

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    from supervisors.dynamic import DynamicSupervisor
    from supervisors.exits import Reason
    from supervisors.registry import Name, Registry
    from supervisors.runtime import Runtime
    from supervisors.timers import Timer

PACKED_AT_ONCE = 300
WOKEN_AT_ONCE = 300


class Dormant:
    """What is left of a hibernated child: its supervisor, its monitors, and all else as bytes.

    `args` are its own arguments where they are more than plain values, else they are among the bytes.
    """

    __slots__ = ("args", "bonds", "parent", "record")

    def __init__(self, process: Process, record: bytes, args: tuple[Any, ...] | None) -> None:
        self.args = args
        self.bonds = process.hand_over()
        self.parent = process.parent
        self.record = record

    def loose(self, bond: bonds.Bond) -> None:
        """Forget a monitor."""
        self.bonds = bonds.loosed(self.bonds, bond)

    def wake(self, registry: Registry, key: Hashable) -> Process:
        """Be the process again, still hibernated, under its name and its supervisor.

        A state that can not be unpacked is a crash: the process has ended then, and its supervisor does the rest.
        """
        assert self.parent is not None
        supervisor: DynamicSupervisor = self.parent.actor  # type: ignore[assignment]  # only such have dormant children
        spec = supervisor.template
        own, state, started_at, figures, timers = marshal.loads(self.record)  # noqa: S302 - our own bytes
        args = (*spec.args, *(own if self.args is None else self.args))
        actor = spec.actor()
        process = Process(actor, spec, args, registry.name(key), self.parent, self.parent.runtime)
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
        else:
            self.wake(registry, key).end(reason)


class Packer:
    """Folds hibernated processes up, a few at a time, and wakes them for their timers."""

    __slots__ = ("_armed", "_runtime", "_seconds", "_waiting")

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: list[Process] = []
        self._armed = False
        self._seconds: dict[int, _Second] = {}

    def add(self, process: Process) -> None:
        """Fold `process` up soon, if it can be."""
        name = process.name
        if name is None or type(process.actor).pack is Actor.pack or process.parent is None:
            return
        if hasattr(process.parent.actor, "template") and name.registry.keys == "unique":
            self._waiting.append(process)
            if not self._armed:
                self._arm()

    def due(self, timer: Timer) -> None:
        """Fold up the next few."""
        del timer
        self._armed = False
        for _ in range(min(PACKED_AT_ONCE, len(self._waiting))):
            self._pack()
        if self._waiting:
            self._arm()

    def _arm(self) -> None:
        self._armed = True
        self._runtime.wheel.add(self._runtime.now(), self, None)

    def _pack(self) -> None:
        process = self._waiting.pop()
        name = process.name
        if process.state != "hibernated" or name is None or name.whereis() is not process:
            return
        timers = [timer for timer in process.timers() if timer.target is process]
        if len(timers) != process.timer_count() or not _only_watched(process):
            return
        own = process.args[len(process.spec.args) :]
        args = None if _is_plain(own) else own
        record = _record(process, timers, own if args is None else None)
        if record is None:
            return
        # Whether anybody still holds the process can only be seen by letting go of it.
        actor, monitors, parent = process.actor, list(process.bonds()), process.parent
        supervisor: DynamicSupervisor = parent.actor  # type: ignore[union-attr,assignment]  # `add` has looked
        dormant = Dormant(process, record, args)
        for monitor in monitors:
            monitor.target = dormant  # type: ignore[attr-defined]  # only monitors are left, see above
        for timer in timers:
            timer.target = None
        name.registry.swap(name.key, dormant)
        supervisor.folded(name.registry, process)
        del actor.process
        held = weakref.ref(process)
        del process
        process_held = held()
        if process_held is not None:
            self._put_back(process_held, actor, dormant, timers, name)
            return
        for timer in timers:
            self._enlist(int(timer.deadline), name)
            self._runtime.wheel.discard(timer)

    def _put_back(self, process: Process, actor: Actor, dormant: Dormant, timers: list[Timer], name: Name) -> None:
        actor.process = process
        for bond in bonds.each(dormant.bonds):
            bond.target = process  # type: ignore[attr-defined]  # only monitors
            process.tie(bond)
        for timer in timers:
            timer.target = process
        name.registry.swap(name.key, process)
        process.parent.actor.woken(name.registry, process)  # type: ignore[union-attr]

    def _enlist(self, second: int, name: Name) -> None:
        known = self._seconds.get(second)
        if known is None:
            known = self._seconds[second] = _Second(self, second)
            self._runtime.wheel.add(second, known, None)
        known.add(name.registry, name.key)

    def over(self, second: int) -> None:
        """Nobody sleeps until that second any more."""
        self._seconds.pop(second, None)

    def again(self, second: _Second) -> None:
        """Let others run before the rest is woken."""
        self._runtime.wheel.add(self._runtime.now(), second, None)


class _Second:
    """Who is to be woken within one second: names only, for 8 bytes each."""

    __slots__ = ("_keys", "_limit", "_packer", "_second")

    def __init__(self, packer: Packer, second: int) -> None:
        self._packer = packer
        self._second = second
        self._keys: dict[Registry, list[Hashable]] = {}
        self._limit = 8

    def add(self, registry: Registry, key: Hashable) -> None:
        keys = self._keys.setdefault(registry, [])
        keys.append(key)
        if len(keys) > self._limit:
            # Who has been awake in between comes again; amortised, the list stays as long as it must be.
            keys[:] = dict.fromkeys(keys)
            self._limit = max(self._limit, 2 * len(keys))

    def due(self, timer: Timer) -> None:
        del timer
        budget = WOKEN_AT_ONCE
        for registry, keys in self._keys.items():
            while keys and budget:
                budget -= 1
                key = keys.pop()
                if registry.is_dormant(key):
                    # Its timers are armed again, and fire at their own time within this second.
                    registry.whereis(key)
        if any(self._keys.values()):
            self._packer.again(self)
        else:
            self._packer.over(self._second)


def _only_watched(process: Process) -> bool:
    """Nothing hangs on it but monitors of others."""
    return all(isinstance(bond, Monitor) and bond.target is process for bond in process.bonds())


def _is_plain(value: Any) -> bool:
    try:
        marshal.dumps(value)
    except ValueError:
        return False
    return True


def _record(process: Process, timers: list[Timer], own: tuple[Any, ...] | None) -> bytes | None:
    due = tuple((timer.deadline, timer.message) for timer in timers)
    try:
        state = process.actor.pack()
        if state is None:
            return None
        # Whole seconds, and nothing for nothing: every byte is there a million times.
        figures = (process.restarts, process.handled, process.dropped)
        return marshal.dumps((own, state, int(process.started_at), figures if any(figures) else None, due))
    except Exception:  # noqa: BLE001 - a state that can not be packed, or a message: then it stays as it is
        return None

"""Who folds hibernated children up, and wakes them in time for their timers; see `supervisors.dormancy`.

Sleepers have no timers on the wheel, only their names in a list: of those who are due within one minute, and when
that comes near, within one second. So a million deadlines over a week cost a million places in lists, not objects.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, ClassVar

from supervisors import bonds
from supervisors.dormancy import Dormant, packs, record_of
from supervisors.monitors import Monitor

if TYPE_CHECKING:
    from collections.abc import Hashable

    from supervisors.actor import Actor
    from supervisors.dynamic import DynamicSupervisor
    from supervisors.process import Process
    from supervisors.registry import Name, Registry
    from supervisors.runtime import Runtime
    from supervisors.timers import Timer

PACKED_AT_ONCE = 300
WOKEN_AT_ONCE = 300
DEALT_AT_ONCE = 1_000
MINUTE = 64
"""Seconds in one list of those who are due later."""
AHEAD = 32.0
"""So many seconds before its begin a minute is dealt out into its seconds: a million names take a few of them."""


class Packer:
    """Folds hibernated processes up, a few at a time, and wakes them for their timers."""

    __slots__ = ("_armed", "_runtime", "_spans", "_waiting")

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: list[Process] = []
        self._armed = False
        self._spans: dict[tuple[type[_Span], int], _Span] = {}

    def add(self, process: Process) -> None:
        """Fold `process` up soon, if it can be."""
        name = process.name
        if name is None or not packs(type(process.actor)) or process.parent is None:
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
        name, parent = process.name, process.parent
        if process.state != "hibernated" or name is None or name.whereis() is not process:
            return
        if parent is None or parent.state == "stopping":
            return  # whoever stops must find all its children
        timers = [timer for timer in process.timers() if timer.target is process]
        if len(timers) != process.timer_count() or not _only_watched(process):
            return
        record = record_of(process, timers)
        if record is None:
            return
        # Whether anybody still holds the process can only be seen by letting go of it.
        actor, monitors = process.actor, list(process.bonds())
        supervisor: DynamicSupervisor = parent.actor  # type: ignore[assignment]  # `add` has looked
        dormant = Dormant(parent, *record, process.hand_over())
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
            self.enlist(timer.deadline, name.registry, name.key)
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

    def enlist(self, deadline: float, registry: Registry, key: Hashable) -> None:
        """Have the sleeper of that name woken within the second before `deadline`."""
        begin = int(deadline) // MINUTE * MINUTE
        if begin - AHEAD > self._runtime.now():
            self._span(_Minute, begin, begin - AHEAD).add(registry, key)
        else:
            self._span(_Second, int(deadline), int(deadline)).add(registry, key)

    def _span(self, kind: type[_Span], begin: int, turn: float) -> _Span:
        span = self._spans.get((kind, begin))
        if span is None:
            span = self._spans[kind, begin] = kind(self, begin)
            self._runtime.wheel.add(turn, span, None)
        return span

    def over(self, span: _Span) -> None:
        """Nobody is on that list any more."""
        self._spans.pop((type(span), span.begin), None)

    def again(self, span: _Span) -> None:
        """Let others run before the rest of the list has its turn."""
        self._runtime.wheel.add(self._runtime.now(), span, None)


class _Span:
    """Who is due within some time: names only, for 8 bytes each."""

    __slots__ = ("_keys", "_limit", "_packer", "begin")
    at_once: ClassVar[int]

    def __init__(self, packer: Packer, begin: int) -> None:
        self.begin = begin
        self._packer = packer
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
        budget = self.at_once
        for registry, keys in self._keys.items():
            while keys and budget:
                budget -= 1
                self.turn(registry, keys.pop())
        if any(self._keys.values()):
            self._packer.again(self)
        else:
            self._packer.over(self)

    def turn(self, registry: Registry, key: Hashable) -> None:
        raise NotImplementedError


class _Second(_Span):
    """Who is to be woken."""

    __slots__ = ()
    at_once = WOKEN_AT_ONCE

    def turn(self, registry: Registry, key: Hashable) -> None:
        if registry.is_dormant(key):
            # Its timers are armed again, and fire at their own time within this second.
            registry.whereis(key)


class _Minute(_Span):
    """Who is to be put on the list of a second."""

    __slots__ = ()
    at_once = DEALT_AT_ONCE

    def turn(self, registry: Registry, key: Hashable) -> None:
        sleeper = registry.sleeper(key)
        for deadline in () if sleeper is None else sleeper.deadlines():
            # Who was awake meanwhile may have another deadline now, and is on the list of that.
            if deadline < self.begin + MINUTE:
                self._packer.enlist(deadline, registry, key)


def _only_watched(process: Process) -> bool:
    """Nothing hangs on it but monitors of others."""
    return all(isinstance(bond, Monitor) and bond.target is process for bond in process.bonds())

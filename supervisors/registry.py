"""Names for processes: Elixir's `Registry`, with unique or duplicate keys.

A `Name` is an address that outlives the process behind it: calls go to whoever holds the name now, and raise
`NoProc` at once while nobody does. An entry vanishes with its process, before anyone can learn of the end.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args

import trio

from supervisors.dormancy import Dormant
from supervisors.exits import AlreadyStarted, CallTimeout, NoProc, SupervisionError

if TYPE_CHECKING:
    from supervisors.exits import Reason
    from supervisors.process import Process

Keys = Literal["unique", "duplicate"]
Listener = Callable[[str, Hashable, "Process", Any], None]


class NotRegistered(SupervisionError):
    """The process has no entry under that key."""


class Registry:
    """A table of names. Use one per kind of key; `label` appears in messages only.

    `keys="unique"`: one process a key. `"duplicate"`: any number, for publishing to whoever registered. A listener is
    called as `listener("register" or "unregister", key, process, value)` in the step in which it happens; it must
    neither wait nor raise.
    """

    __slots__ = ("_arrivals", "_entries", "_listeners", "_meta", "_single", "_values", "keys", "label")

    def __init__(self, label: str, keys: Keys = "unique", listeners: tuple[Listener, ...] = ()) -> None:
        if keys not in get_args(Keys):
            msg = f"keys of registry {label!r}: expected one of {get_args(Keys)}, got {keys!r}"
            raise ValueError(msg)
        self.label = label
        self.keys = keys
        self._single: dict[Hashable, Process | Dormant] = {}
        self._values: dict[Hashable, Any] = {}
        self._entries: dict[Hashable, dict[Process, Any]] = {}
        self._listeners = list(listeners)
        self._meta: dict[Hashable, Any] = {}
        self._arrivals: dict[Hashable, trio.Event] = {}

    # --- registering

    def register(self, key: Hashable, process: Process, value: Any = None) -> None:
        """Give `key` to `process`, with a value of its choice; the entry goes when the process does.

        Raises `AlreadyStarted` when another live process holds a unique key, or this one a duplicate key already, and
        `NoProc` when the process has ended.
        """
        if not process.alive:
            msg = f"{process!r} has ended and can not be registered"
            raise NoProc(msg)
        held = self._single.get(key) is process
        self.claim(key, process, value)
        if not held:
            process.tie(_Entry(self, key))

    def claim(self, key: Hashable, process: Process, value: Any = None) -> None:
        """Give `key` to a process that releases it itself: the name of its child spec."""
        if self.keys == "unique":
            holder = self._single.get(key)
            if holder is not None and holder is not process:
                msg = f"{self.label} name {key!r} is taken"
                raise AlreadyStarted(msg)
            self._single[key] = process
            if value is not None:
                self._values[key] = value
        else:
            entries = self._entries.setdefault(key, {})
            if process in entries:
                msg = f"{process!r} is registered as {key!r} in {self.label} already"
                raise AlreadyStarted(msg)
            entries[process] = value
        for listener in self._listeners:
            listener("register", key, process, value)
        if self._arrivals and (event := self._arrivals.pop(key, None)) is not None:
            event.set()

    def unregister(self, key: Hashable, process: Process) -> None:
        """Take `key` from `process`; nothing when it is not the holder."""
        for bond in process.bonds():
            if isinstance(bond, _Entry) and bond.registry is self and bond.key == key:
                process.loose(bond)
        self.release(key, process)

    def release(self, key: Hashable, process: Process) -> None:
        """Take `key` from a process that ends, or was given it by `claim`."""
        if self.keys == "unique":
            if self._single.get(key) is not process:
                return
            del self._single[key]
            value = self._values.pop(key, None) if self._values else None
        else:
            entries = self._entries.get(key)
            if entries is None or process not in entries:
                return
            value = entries.pop(process)
            if not entries:
                del self._entries[key]
        for listener in self._listeners:
            listener("unregister", key, process, value)

    def update_value(self, key: Hashable, process: Process, change: Callable[[Any], Any]) -> Any:
        """Replace the value of an entry by `change(value)` and return it; raises `NotRegistered`."""
        for holder, value in self.lookup(key):
            if holder is process:
                new = change(value)
                if self.keys == "unique":
                    self._values[key] = new
                else:
                    self._entries[key][process] = new
                return new
        msg = f"{process!r} is not registered as {key!r} in {self.label}"
        raise NotRegistered(msg)

    # --- finding

    def name(self, key: Hashable) -> Name:
        """Make the address for `key`; nobody needs to hold it yet. For unique keys: `ValueError` otherwise."""
        if self.keys != "unique":
            msg = f"registry {self.label!r} has duplicate keys: nobody alone is {key!r}"
            raise ValueError(msg)
        return Name(self, key)

    def whereis(self, key: Hashable) -> Process | None:
        """Find the live process under a unique `key`."""
        found = self._single.get(key)
        if type(found) is Dormant:
            return found.wake(self, key)
        return found  # type: ignore[return-value]  # what is not dormant is a process

    def lookup(self, key: Hashable) -> list[tuple[Process, Any]]:
        """All processes under `key` with their values, in the order they registered."""
        if self.keys == "unique":
            process = self.whereis(key)
            return [] if process is None else [(process, self._values.get(key))]
        return list(self._entries.get(key, {}).items())

    def dispatch(self, key: Hashable, deliver: Callable[[Process, Any], None]) -> int:
        """Call `deliver(process, value)` for every entry under `key`; return how many there were."""
        entries = self.lookup(key)
        for process, value in entries:
            deliver(process, value)
        return len(entries)

    def keys_of(self, process: Process) -> list[Hashable]:
        """The keys `process` holds (Elixir `Registry.keys/2`)."""
        keys = [bond.key for bond in process.bonds() if isinstance(bond, _Entry) and bond.registry is self]
        own = process.name
        if own is not None and own.registry is self and self._single.get(own.key) is process:
            keys.insert(0, own.key)
        return keys

    def select(self, wanted: Callable[[Hashable, Process, Any], bool]) -> list[tuple[Hashable, Process, Any]]:
        """All entries for which `wanted(key, process, value)` holds; goes through the whole table."""
        entries = [
            (key, process, value) for key in self for process, value in self.lookup(key)
        ]  # a copy first: `wanted` may register
        return [entry for entry in entries if wanted(*entry)]

    def put_meta(self, key: Hashable, value: Any) -> None:
        """Keep a value with the table itself."""
        self._meta[key] = value

    def meta(self, key: Hashable, default: Any = None) -> Any:
        """Return what `put_meta` kept."""
        return self._meta.get(key, default)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every change from now on; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def arrival(self, key: Hashable) -> None:
        """Wait until somebody registers as `key`; at once if it is held."""
        while key not in self:
            await self._arrivals.setdefault(key, trio.Event()).wait()

    # --- for supervisors.dormancy

    def swap(self, key: Hashable, holder: Process | Dormant) -> None:
        """Let a process and what it is folded up to take each other's place."""
        self._single[key] = holder

    def drop(self, key: Hashable) -> None:
        """Forget a dormant entry nobody listens for."""
        del self._single[key]
        if self._values:
            self._values.pop(key, None)

    @property
    def heard(self) -> bool:
        """Tell whether anybody listens to this registry."""
        return bool(self._listeners)

    def is_dormant(self, key: Hashable) -> bool:
        """Tell whether `key` is held by a process that is folded up; does not wake it."""
        return type(self._single.get(key)) is Dormant

    def sleeper(self, key: Hashable) -> Dormant | None:
        """What a process under `key` is folded up to; `None` for who is awake, or not there."""
        found = self._single.get(key)
        return found if type(found) is Dormant else None

    def settle(self, key: Hashable, sleeper: Dormant) -> None:
        """Give a unique `key` to a child that begins dormant; raises `AlreadyStarted` when it is taken."""
        if key in self._single:
            msg = f"{self.label} name {key!r} is taken"
            raise AlreadyStarted(msg)
        self._single[key] = sleeper
        if self._arrivals and (event := self._arrivals.pop(key, None)) is not None:
            event.set()

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._single) + sum(map(len, self._entries.values()))

    def __contains__(self, key: Hashable) -> bool:
        return key in self._single or key in self._entries

    def __iter__(self) -> Iterator[Hashable]:
        return iter([*self._single, *self._entries])


class _Entry:
    """The bond of a process with a key it registered for itself."""

    __slots__ = ("key", "registry")

    def __init__(self, registry: Registry, key: Hashable) -> None:
        self.registry = registry
        self.key = key

    def severed(self, process: Process, reason: Reason) -> None:
        del reason
        self.registry.release(self.key, process)


class Name:
    """The address of whoever holds `key` in `registry` (OTP `{via, Registry, Key}`)."""

    __slots__ = ("key", "registry")

    def __init__(self, registry: Registry, key: Hashable) -> None:
        self.registry = registry
        self.key = key

    def whereis(self) -> Process | None:
        """Find the live process under this name."""
        return self.registry.whereis(self.key)

    async def call(self, message: Any, timeout: float = 5.0, *, across_restart: bool = False) -> Any:
        """Call the holder; see `Process.call`. Raises `NoProc` at once while the name is free.

        `across_restart` waits within `timeout` for somebody to take the name instead. A call that was under way when
        its callee died is not sent again: it may have been handled.
        """
        process = self.whereis()
        if process is None and across_restart:
            began = trio.current_time()
            with trio.move_on_after(timeout):
                await self.registry.arrival(self.key)
            timeout -= trio.current_time() - began
            process = self.whereis()
            if process is None and timeout <= 0:
                msg = f"nobody has registered as {self.key!r} within the deadline"
                raise CallTimeout(msg)
        if process is None:
            msg = f"nobody is registered as {self.key!r}"
            raise NoProc(msg)
        return await process.call(message, timeout)

    def cast(self, message: Any) -> None:
        """Cast to the holder; silently nothing while the name is free."""
        process = self.whereis()
        if process is not None:
            process.cast(message)

    def release(self, process: Process) -> None:
        """Give the name up for `process`, if it still holds it."""
        self.registry.release(self.key, process)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Name) and other.registry is self.registry and other.key == self.key

    def __hash__(self) -> int:
        return hash((id(self.registry), self.key))

    def __repr__(self) -> str:
        return f"<Name {self.registry.label}:{self.key}>"

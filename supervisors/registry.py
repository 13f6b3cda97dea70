"""Names for processes: Elixir's `Registry` with unique keys.

A `Name` is an address that outlives the process behind it: calls go to whoever holds the name now, and raise
`NoProc` at once while nobody does. An entry vanishes with its process, before anyone can learn of the end.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from supervisors.exits import AlreadyStarted, NoProc

if TYPE_CHECKING:
    from supervisors.process import Process


class Registry:
    """A table of unique names. Use one per kind of key; `label` appears in messages only."""

    __slots__ = ("_processes", "label")

    def __init__(self, label: str) -> None:
        self.label = label
        self._processes: dict[Hashable, Process] = {}

    def name(self, key: Hashable) -> Name:
        """Make the address for `key`; nobody needs to hold it yet."""
        return Name(self, key)

    def whereis(self, key: Hashable) -> Process | None:
        """Find the live process under `key`."""
        return self._processes.get(key)

    def register(self, key: Hashable, process: Process) -> None:
        """Give `key` to `process`; raises `AlreadyStarted` when another live process holds it."""
        holder = self._processes.get(key)
        if holder is not None and holder is not process:
            msg = f"{self.label} name {key!r} is taken"
            raise AlreadyStarted(msg)
        self._processes[key] = process

    def unregister(self, key: Hashable, process: Process) -> None:
        """Take `key` from `process`; nothing when it is not the holder."""
        if self._processes.get(key) is process:
            del self._processes[key]

    def __len__(self) -> int:
        return len(self._processes)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._processes

    def __iter__(self) -> Iterator[Hashable]:
        return iter(list(self._processes))


class Name:
    """The address of whoever holds `key` in `registry` (OTP `{via, Registry, Key}`)."""

    __slots__ = ("key", "registry")

    def __init__(self, registry: Registry, key: Hashable) -> None:
        self.registry = registry
        self.key = key

    def whereis(self) -> Process | None:
        """Find the live process under this name."""
        return self.registry.whereis(self.key)

    async def call(self, message: Any, timeout: float = 5.0) -> Any:
        """Call the holder; see `Process.call`. Raises `NoProc` at once while the name is free."""
        process = self.whereis()
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
        self.registry.unregister(self.key, process)

    def __repr__(self) -> str:
        return f"<Name {self.registry.label}:{self.key}>"

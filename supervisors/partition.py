"""Partitions: the same child several times, and a key that says which one is meant. Elixir's `PartitionSupervisor`.

One process that everybody calls is a bottleneck, and when it dies everybody waits. Several of the same, each for its
share of the keys, are neither.

    counters = Partitions("counters")
    partition_supervisor("counters", worker("counter", Counter), counters, partitions=4)
    await counters.of(user_id).call(...)
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from supervisors.exits import StartFailed
from supervisors.messages import NO_REPLY, Sender
from supervisors.registry import Name, Registry
from supervisors.specs import ChildSpec, Flags, Restart, Shutdown, SpecError, Strategy, check_children, check_whole
from supervisors.static import Supervisor

if TYPE_CHECKING:
    from supervisors.process import Process

PARTITIONS = 8


class Partitions:
    """The addresses of the partitions; make it first, and hand it to `partition_supervisor`."""

    def __init__(self, label: str) -> None:
        self._registry = Registry(label)
        self.count = 0
        """How many partitions keys are routed to."""

    def of(self, key: Hashable) -> Name:
        """The address of the partition for `key`: whole numbers by remainder, all else by a lasting hash."""
        if self.count == 0:
            msg = f"partitions {self._registry.label!r} belong to no supervisor yet"
            raise SpecError(msg)
        number = abs(key) if isinstance(key, int) else zlib.crc32(repr(key).encode())
        return self.number(number % self.count)

    def number(self, number: int) -> Name:
        """The address of the partition of that number."""
        return self._registry.name(number)

    def __iter__(self) -> Iterator[Process]:
        """The partitions that run now."""
        return (process for key in self._registry for process, _ in self._registry.lookup(key))


@dataclass(frozen=True, slots=True)
class Resize:
    """Call: route to so many partitions from now on, and stop the others (Elixir `resize!/2`).

    At most as many as the supervisor was made with; raises `SpecError`, and `StartFailed` when one that is wanted again
    does not start: then keys go where they went before.
    """

    partitions: int


class PartitionSupervisor(Supervisor):
    """A supervisor over equal partitions; make its spec with `partition_supervisor(...)`."""

    async def init(self, flags: Flags, specs: Any, partitions: Partitions | None = None) -> None:
        """Start all partitions; keys are routed to them from then on."""
        assert partitions is not None
        partitions.count = len(specs)
        self.partitions = partitions
        await super().init(flags, specs)

    async def handle_call(self, message: Any, sender: Sender) -> Any:
        """Serve `Resize`, and what every supervisor serves."""
        if not isinstance(message, Resize):
            return await super().handle_call(message, sender)
        wanted = message.partitions
        if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= len(self.children):
            sender.error(SpecError(f"partitions: expected 1 to {len(self.children)}, got {wanted!r}"))
            return NO_REPLY
        for number, child in enumerate(list(self.children.values())):
            if number < wanted and child.process is None and not child.restarting:
                try:
                    await self._restart_child(child)
                except StartFailed as error:
                    sender.error(error)
                    return NO_REPLY
            elif number >= wanted:
                self.partitions.count = wanted
                await self._terminate_child(child)
        self.partitions.count = wanted
        return wanted


def partition_supervisor(
    id: str,  # noqa: A002 - OTP's field name
    template: ChildSpec,
    partitions: Partitions,
    *,
    count: int = PARTITIONS,
    with_number: bool = False,
    strategy: Strategy = "one_for_one",
    intensity: int = 1,
    period: float = 5.0,
    restart: Restart = "permanent",
    shutdown: Shutdown = "infinity",
    name: Name | None = None,
) -> ChildSpec:
    """Spec of a supervisor over `count` children like `template`, with the ids "0", "1" and so on.

    `with_number` appends the partition's number to the arguments (Elixir `:with_arguments`).
    """
    check_whole(f"count of {id!r}", count, 1)
    if not isinstance(template, ChildSpec):
        msg = f"template of {id!r}: expected a ChildSpec, got {template!r}"
        raise SpecError(msg)
    if not isinstance(partitions, Partitions):
        msg = f"partitions of {id!r}: expected Partitions, got {partitions!r}"
        raise SpecError(msg)
    if template.name is not None:
        msg = f"template of {id!r}: its partitions are addressed by key, got the name {template.name!r}"
        raise SpecError(msg)
    specs = tuple(
        replace(
            template,
            id=str(number),
            args=(*template.args, number) if with_number else template.args,
            name=partitions.number(number),
        )
        for number in range(count)
    )
    flags = Flags(strategy, intensity, period)
    check_children(id, specs, flags)
    args = (flags, specs, partitions)
    return ChildSpec(id, PartitionSupervisor, args, restart, shutdown, name, None, "partition_supervisor")

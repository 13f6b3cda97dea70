"""Process groups: any number of processes under one name, OTP's `pg`.

A process may join several groups, and one group several times; it leaves all of them when it ends.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from supervisors.exits import NoProc

if TYPE_CHECKING:
    from supervisors.exits import Reason
    from supervisors.process import Process


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Info for who monitors a group: `process` has joined or left."""

    group: Hashable
    change: Literal["join", "leave"]
    process: Process


class ProcessGroups:
    """One scope of groups (OTP `pg:start_link/1`)."""

    __slots__ = ("_members", "_watchers")

    def __init__(self) -> None:
        self._members: dict[Hashable, dict[_Membership, None]] = {}
        self._watchers: dict[Hashable, list[_Watch]] = {}

    def join(self, group: Hashable, process: Process) -> None:
        """Add `process` to `group`; raises `NoProc` when it has ended."""
        if not process.alive:
            msg = f"{process!r} has ended and can not join"
            raise NoProc(msg)
        membership = _Membership(self, group, process)
        self._members.setdefault(group, {})[membership] = None
        process.tie(membership)
        self._tell(group, "join", process)

    def leave(self, group: Hashable, process: Process) -> bool:
        """Take `process` out of `group` once; False when it was not in."""
        for membership in self._members.get(group, ()):
            if membership.process is process:
                process.loose(membership)
                self.remove(membership)
                return True
        return False

    def members(self, group: Hashable) -> list[Process]:
        """The processes in `group`, in the order they joined (OTP `get_members/1`)."""
        return [membership.process for membership in self._members.get(group, ())]

    def which_groups(self) -> list[Hashable]:
        """The groups that have members."""
        return list(self._members)

    def monitor(self, group: Hashable, watcher: Process) -> list[Process]:
        """Send `watcher` a `GroupChange` for every join and leave from now on; return the present members."""
        watch = _Watch(self, group, watcher)
        self._watchers.setdefault(group, []).append(watch)
        watcher.tie(watch)
        return self.members(group)

    def demonitor(self, group: Hashable, watcher: Process) -> None:
        """End what `monitor` began."""
        for watch in list(self._watchers.get(group, ())):
            if watch.watcher is watcher:
                watcher.loose(watch)
                self.forget(watch)

    def remove(self, membership: _Membership) -> None:
        """Drop one membership and tell who watches."""
        group = membership.group
        members = self._members[group]
        del members[membership]
        if not members:
            del self._members[group]
        self._tell(group, "leave", membership.process)

    def forget(self, watch: _Watch) -> None:
        """Drop one watcher."""
        watches = self._watchers[watch.group]
        watches.remove(watch)
        if not watches:
            del self._watchers[watch.group]

    def _tell(self, group: Hashable, change: Literal["join", "leave"], process: Process) -> None:
        for watch in list(self._watchers.get(group, ())):
            watch.watcher.info(GroupChange(group, change, process))


class _Membership:
    __slots__ = ("group", "groups", "process")

    def __init__(self, groups: ProcessGroups, group: Hashable, process: Process) -> None:
        self.groups = groups
        self.group = group
        self.process = process

    def severed(self, process: Process, reason: Reason) -> None:
        del process, reason
        self.groups.remove(self)


class _Watch:
    __slots__ = ("group", "groups", "watcher")

    def __init__(self, groups: ProcessGroups, group: Hashable, watcher: Process) -> None:
        self.groups = groups
        self.group = group
        self.watcher = watcher

    def severed(self, process: Process, reason: Reason) -> None:
        del process, reason
        self.groups.forget(self)

"""Links and monitors: how one process learns of another's end.

A **link** is mutual: when either end dies, the other gets an exit signal with its reason. `"normal"` is ignored, any
other reason ends the receiver too, unless it traps exits and then finds an `ExitMessage` in its mailbox. `"kill"` can
not be trapped and spreads as `"killed"`. A **monitor** is one-sided: one `DownMessage`, whatever the reason; for a
process that is gone it comes at once, with `"noproc"`. (OTP: `link/1`, `monitor/2`, Erlang reference, *Processes*.)

Both are taken through the actor: `self.link(other)`, `self.monitor(other)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisors.exits import NOPROC, Reason
from supervisors.messages import DownMessage

if TYPE_CHECKING:
    from supervisors.process import Process
    from supervisors.registry import Name


class Monitor:
    """One process watching another; what `monitor` returns and `demonitor` takes (OTP's reference)."""

    __slots__ = ("target", "watcher")

    def __init__(self, watcher: Process, target: Process | None) -> None:
        self.watcher: Process | None = watcher
        self.target = target

    @property
    def active(self) -> bool:
        """True until the message was sent or the monitor was taken off."""
        return self.watcher is not None

    def severed(self, process: Process, reason: Reason) -> None:
        """Send the message if it is the watched one that ended; forget the monitor in either case."""
        watcher, target = self.watcher, self.target
        self.watcher = self.target = None
        if watcher is None or target is None:
            return
        if process is watcher:
            target.loose(self)
        else:
            watcher.loose(self)
            watcher.info(DownMessage(self, process, reason))

    def __repr__(self) -> str:
        return f"<Monitor of {self.target!r}>"


class Link:
    """The mutual bond of two processes."""

    __slots__ = ("ends",)

    def __init__(self, one: Process, other: Process) -> None:
        self.ends = (one, other)

    def other(self, process: Process) -> Process:
        """The end that `process` is not."""
        return self.ends[self.ends[0] is process]

    def severed(self, process: Process, reason: Reason) -> None:
        """Hand the end of one on to the other."""
        other = self.other(process)
        other.loose(self)
        other.exit(reason, source=process, linked=True)


def monitor(watcher: Process, target: Process | Name) -> Monitor:
    """Have `watcher` told when `target` ends; a name stands for whoever holds it now."""
    process = target.whereis()
    if process is None or not process.alive:
        gone = Monitor(watcher, process)
        gone.watcher = None
        watcher.info(DownMessage(gone, process, NOPROC))
        return gone
    bond = Monitor(watcher, process)
    watcher.tie(bond)
    process.tie(bond)
    return bond


def demonitor(bond: Monitor) -> bool:
    """Take a monitor off; False when its message had been sent, which then is or was in the mailbox."""
    watcher, target = bond.watcher, bond.target
    if watcher is None or target is None:
        return False
    bond.watcher = bond.target = None
    watcher.loose(bond)
    target.loose(bond)
    return True


def link(one: Process, other: Process | Name) -> None:
    """Tie the fates of two processes; linking twice is linking once, linking to oneself is nothing."""
    process = other.whereis()
    if process is one:
        return
    if process is None or not process.alive:
        one.exit(NOPROC, source=process, linked=True)
        return
    if find_link(one, process) is None:
        bond = Link(one, process)
        one.tie(bond)
        process.tie(bond)


def unlink(one: Process, other: Process | Name) -> None:
    """Untie two processes; afterwards no exit signal of the other's end arrives any more."""
    process = other.whereis()
    bond = None if process is None else find_link(one, process)
    if bond is not None and process is not None:
        one.loose(bond)
        process.loose(bond)


def find_link(one: Process, other: Process) -> Link | None:
    """The link between two processes, if there is one."""
    for bond in one.bonds():
        if isinstance(bond, Link) and bond.other(one) is other:
            return bond
    return None

"""A mailbox: what waits for an actor, within its bound, and the task that is woken for it.

The inbox is nothing while it is empty, and a list that is taken as a whole when the actor comes to it; so an idle actor
has none, and a busy one costs a list a batch. Everything that waits is counted by the bound, the rest of the batch at
work included.
"""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, Any, Final

import trio

from supervisors import telemetry
from supervisors.messages import Info, Sender, SystemCall, refuse
from supervisors.parking import Parked, wake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervisors.process import Process

SLICE: Final = 1_000
"""Messages handled in a row before others run: what `reductions` are to the BEAM."""
_NONE: Final[Any] = frozenset()


class Mailbox(Parked):
    """The mailbox half of a life; `supervisors.life` is the other."""

    __slots__ = (
        "batch",
        "deferred",
        "inbox",
        "parked",
        "process",
        "room",
        "roomier",
        "taken",
        "task",
        "thread",
    )

    def __init__(self, process: Process) -> None:
        self.process = process
        self.thread = process.runtime.thread
        self.task: trio.lowlevel.Task | None = None
        self.inbox: list[Any] | None = None
        self.batch: Iterator[Any] | None = None
        self.room = process.actor.mailbox_limit
        """How long the inbox may get; less than the limit while a batch is at work."""
        self.roomier: trio.Event | None = None
        self.parked = False
        self.taken = 0
        self.deferred: set[Sender] = _NONE
        """Calls whose answer was put off."""

    def take(self, message: Any) -> bool:
        """Put a call or cast in, within the bound; False when the overflow policy kept it out."""
        inbox = self.inbox
        if inbox is None:
            self.put(message)
            return True
        if len(inbox) < self.room or self.has_room():
            inbox.append(message)
            return True
        process = self.process
        policy = process.actor.overflow
        if policy != "block":
            process.dropped += 1
            telemetry.emit("mailbox.dropped", process, policy=policy)
        if policy != "drop_oldest":
            return False
        for index, old in enumerate(inbox):
            if type(old) is not Info and type(old) is not SystemCall:
                del inbox[index]
                refuse(old, f"the mailbox of {process!r} is full, and drops its oldest messages")
                inbox.append(message)
                return True
        return False

    def put(self, message: Any) -> None:
        """Put a message in, whatever the bound."""
        if self.inbox is None:
            self.inbox = [message]
            if self.parked:
                self.unpark()
        else:
            self.inbox.append(message)

    def waiting(self) -> int:
        """Count the messages in mailbox and batch."""
        inbox, batch = self.inbox, self.batch
        return (0 if inbox is None else len(inbox)) + (0 if batch is None else length_hint(batch))

    def has_room(self) -> bool:
        """Tell whether one more call or cast fits."""
        if self.waiting() >= self.process.actor.mailbox_limit:
            return False
        self.room = self.process.actor.mailbox_limit - (0 if self.batch is None else length_hint(self.batch))
        return True

    async def space(self) -> None:
        """Wait until the mailbox has been emptied into a batch, or the process has ended."""
        if self.roomier is None:
            self.roomier = trio.Event()
        await self.roomier.wait()

    def next_batch(self) -> int:
        """Take the next slice of the mailbox as the batch at work; return its size."""
        inbox = self.inbox or []
        limit = self.process.actor.mailbox_limit
        if len(inbox) > SLICE:
            self.inbox = inbox[SLICE:]
            del inbox[SLICE:]
        else:
            # With more than fits at work, a list that is there makes the next sender look at the bound.
            self.inbox = [] if len(inbox) > limit else None
            if self.roomier is not None:
                self.roomier.set()
                self.roomier = None
        size = len(inbox)
        self.room = limit - size + 1
        self.batch = iter(inbox)
        self.taken += size
        return size

    def defer(self, sender: Sender) -> None:
        """Remember a call whose answer was put off: its caller must learn of our end."""
        if not sender.answered:
            if self.deferred is _NONE:
                self.deferred = set()
            self.deferred.add(sender)
            sender.callee = self

    def undelivered(self) -> Iterator[Sender]:
        """The calls that nobody will answer now."""
        for waiting in (self.batch, self.inbox):
            for message in waiting or ():
                if isinstance(message, Sender):
                    yield message
        self.batch = self.inbox = None
        yield from list(self.deferred)
        if self.roomier is not None:
            self.roomier.set()

    def handled(self) -> int:
        """Count the messages handled in this life, the one at work included."""
        return self.taken - (0 if self.batch is None else length_hint(self.batch))

    def unpark(self) -> None:
        """Have the task look at its mailbox."""
        self.parked = False
        assert self.task is not None
        wake(self.task)

    def abandoned(self) -> None:
        """The task was cancelled while parked, and Trio reschedules it."""
        self.parked = False

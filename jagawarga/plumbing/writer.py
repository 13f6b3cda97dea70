"""Group commit: everything that waits is written together, and nobody is answered before it is durable.

The batch is what queued while the batch before it was being written, so a lone command is a batch of one and is not
delayed. The bounded mailbox is the bounded queue: beyond it callers get `MailboxFull` at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Final, TypeAlias

import structlog

from jagawarga.errors import Unavailable
from supervisors import KILLED, NO_REPLY, Actor, Name, Sender
from supervisors.exits import CallError

Commit: TypeAlias = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
"""Writes a batch of commands, all or none, and returns an answer for each in order."""

BATCH: Final = 256
ANSWER_WITHIN: Final = 20.0
_WRITE: Final = object()

log = structlog.get_logger()


async def commit(writer: Name, command: Any, within: float = ANSWER_WITHIN) -> Any:
    """Have `command` written and return its answer once it is durable.

    Raises `Unavailable` when the queue is full, when there is no answer `within` so many seconds, or when the writer
    ended; but for the full queue, and as after a cancellation, the command may or may not have been written.
    """
    try:
        return await writer.call(command, within)
    except CallError as error:
        msg = f"the writer gave no answer ({type(error).__name__})"
        raise Unavailable(msg) from error


class GroupCommit(Actor):
    """Writes what is called to it through `Commit`, in batches; crashes with nothing but its queue."""

    mailbox_limit: ClassVar[int] = 2_000
    # An orderly stop lets the batch at work finish, so that its callers learn of it.
    trap_exit: ClassVar[bool] = True

    def init(self, write: Commit) -> None:
        """Begin with nothing waiting."""
        self.write = write
        self.waiting: list[Sender] = []
        self.batches = 0
        self.written = 0

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Queue a command; the first one of a batch asks for the writing, behind all that is in the mailbox now."""
        del message
        self.waiting.append(sender)
        if len(self.waiting) == 1:
            self.process.info(_WRITE)
        return NO_REPLY

    async def handle_info(self, message: Any) -> None:
        """Write all that waits; whoever has no answer when we are killed in the middle is told that we ended."""
        if message is not _WRITE:
            return
        waiting, self.waiting = self.waiting, []
        try:
            for start in range(0, len(waiting), BATCH):
                await self._write(waiting[start : start + BATCH])
        finally:
            for sender in waiting:
                if not sender.answered:
                    sender.down(KILLED)

    async def _write(self, senders: list[Sender]) -> None:
        try:
            answers = await self.write([sender.message for sender in senders])
        except Unavailable as error:
            for sender in senders:
                # An error of its own for each: one exception raised in many tasks would gather all their tracebacks.
                sender.error(Unavailable(error.detail, retry_after=error.retry_after))
        except Exception as error:  # noqa: BLE001 - whatever one command does wrong must not fail its neighbours
            await self._separate(senders, error)
        else:
            self.batches += 1
            self.written += len(senders)
            for sender, answer in zip(senders, answers, strict=True):
                sender.reply(answer)

    async def _separate(self, senders: list[Sender], error: Exception) -> None:
        """Find what the database refuses by halving: 2 log2(n) more writes for one bad command among n."""
        if len(senders) == 1:
            log.warning("writer.refused", error=type(error).__name__)
            senders[0].error(error)
            return
        middle = len(senders) // 2
        await self._write(senders[:middle])
        await self._write(senders[middle:])

    def describe(self) -> dict[str, Any]:
        """How well commands share their commits."""
        return {"batches": self.batches, "written": self.written, "waiting": len(self.waiting)}

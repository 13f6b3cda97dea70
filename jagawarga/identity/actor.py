"""The identity actor: remembers failed sign-ins for a while, so that guessing gets slow, and nothing else."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import trio

from supervisors import Actor

if TYPE_CHECKING:
    from supervisors import Sender

FREE_FAILURES: Final = 5
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 300.0
FORGET_AFTER: Final = 900.0
MOST_ENTRIES: Final = 20_000


@dataclass(frozen=True, slots=True)
class MayTry:
    """Call: seconds to wait before this login may be tried; 0 when now, and then the try counts as failed for now."""

    login: bytes
    free: int = FREE_FAILURES
    longest: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Tried:
    """Cast: how an allowed try ended; `None` when it came to no end (the database was out of reach)."""

    login: bytes
    success: bool | None


class Throttle(Actor):
    """Per login and address, known or not: after five failures each further one doubles the wait. In memory only.

    A login as a whole is slowed down later and less, so that nobody far away can lock its owner out.

    A try counts when it is allowed, not when it has failed, so that many at once are not all the first. A restart
    forgets; so does time. The table is bounded, the least recent failure goes first.
    """

    direct: ClassVar[bool] = True

    def init(self) -> None:
        """Begin with nothing."""
        self.failures: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Answer `MayTry`."""
        if not isinstance(message, MayTry):
            return super().handle_call(message, sender)
        now = trio.current_time()
        count, last = self.failures.get(message.login, (0, now))
        if now - last > FORGET_AFTER:
            count = 0
        if count >= message.free:
            wait = last + min(message.longest, FIRST_WAIT * 2.0 ** min(count - message.free, 16)) - now
            if wait > 0:
                return wait
        self._count(message.login, count + 1, now)
        return 0.0

    def handle_cast(self, message: Any) -> None:
        """Note a `Tried`."""
        if not isinstance(message, Tried):
            super().handle_cast(message)
            return
        count, last = self.failures.get(message.login, (0, 0.0))
        if message.success or (message.success is None and count <= 1):
            self.failures.pop(message.login, None)
        elif message.success is None:
            self._count(message.login, count - 1, last)
        elif count == 0:
            # Allowed by this actor before its restart: it counts now.
            self._count(message.login, 1, trio.current_time())

    def _count(self, login: bytes, count: int, last: float) -> None:
        self.failures[login] = (count, last)
        self.failures.move_to_end(login)
        if len(self.failures) > MOST_ENTRIES:
            self.failures.popitem(last=False)

    def describe(self) -> dict[str, Any]:
        """How many logins have failed of late."""
        return {"failing_logins": len(self.failures)}

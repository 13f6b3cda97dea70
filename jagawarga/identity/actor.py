"""The identity actor: remembers failed sign-ins for a while, so that guessing gets slow, and nothing else."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

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
    """Call: seconds to wait before this login may be tried again; 0 when now."""

    login: bytes


@dataclass(frozen=True, slots=True)
class Tried:
    """Cast: a sign-in was tried, with or without success."""

    login: bytes
    success: bool


class Throttle(Actor):
    """Per login, known or not: after five failures each further one doubles the wait. In memory only."""

    def init(self) -> None:
        """Begin with nothing."""
        self.failures: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Answer `MayTry`."""
        if not isinstance(message, MayTry):
            return super().handle_call(message, sender)
        count, last = self.failures.get(message.login, (0, 0.0))
        if count < FREE_FAILURES:
            return 0.0
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(count - FREE_FAILURES, 16))
        return max(0.0, last + wait - trio.current_time())

    def handle_cast(self, message: Any) -> None:
        """Note a `Tried`."""
        if not isinstance(message, Tried):
            super().handle_cast(message)
            return
        now = trio.current_time()
        count, last = self.failures.pop(message.login, (0, now))
        if message.success:
            return
        self.failures[message.login] = (1 if now - last > FORGET_AFTER else count + 1, now)
        if len(self.failures) > MOST_ENTRIES:
            self.failures.popitem(last=False)

    def describe(self) -> dict[str, Any]:
        """How many logins have failed of late."""
        return {"failing_logins": len(self.failures)}

"""Small actors the runtime's tests are told with."""

from __future__ import annotations

from typing import Any

import trio

from supervisors import NO_REPLY, Actor, Sender, Stop

LOG: list[str] = []


class Echo(Actor):
    """Answers what it is told, and does as it is told."""

    def init(self, label: str = "echo", log: list[str] | None = None) -> None:
        self.label = label
        self.log = [] if log is None else log
        self.log.append(f"init {label}")
        self.seen: list[Any] = []

    def handle_call(self, message: Any, sender: Sender) -> Any:
        match message:
            case "crash":
                msg = "told to"
                raise ValueError(msg)
            case ("stop", reason):
                raise Stop(reason)
            case "hang":
                return trio.sleep_forever()
            case "crash soon":
                return self._crash_soon()
            case "later":
                self.sender = sender
                return NO_REPLY
            case "refuse":
                sender.error(KeyError("refused"))
                return NO_REPLY
            case "seen":
                return self.seen
        return message

    async def _crash_soon(self) -> None:
        await trio.sleep(0.5)
        msg = "told to"
        raise ValueError(msg)

    def handle_cast(self, message: Any) -> None:
        match message:
            case "crash":
                msg = "told to"
                raise ValueError(msg)
            case ("stop", reason):
                raise Stop(reason)
            case "answer":
                self.sender.reply("at last")
        self.seen.append(message)

    def handle_info(self, message: Any) -> None:
        self.seen.append(message)

    def terminate(self, reason: Any) -> None:
        self.log.append(f"terminate {self.label}")


class FailingStart(Actor):
    """Refuses to start while the shared list of failures is not empty."""

    def init(self, label: str, failures: list[str], log: list[str]) -> None:
        self.label = label
        self.log = log
        if failures:
            failures.pop()
            msg = f"{label} does not start"
            raise RuntimeError(msg)
        log.append(f"init {label}")

    def handle_cast(self, message: Any) -> None:
        msg = "told to"
        raise ValueError(msg)

    def terminate(self, reason: Any) -> None:
        self.log.append(f"terminate {self.label}")


class Stubborn(Actor):
    """Will not be interrupted for `seconds`."""

    def init(self, seconds: float) -> None:
        self.seconds = seconds

    async def handle_cast(self, message: Any) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(self.seconds)

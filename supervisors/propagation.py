"""Context that travels with messages: what a `contextvars` variable would lose in a mailbox.

A *carrier* takes something out of the sender's context when a call or cast is sent and puts it into the context of the
handler for as long as it runs. Without carriers a message costs nothing extra.

    detach = propagation.carry(propagation.opentelemetry(), propagation.structlog_context())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from supervisors.messages import Carried


class Carrier(Protocol):
    """One thing that travels; none of these may wait or raise."""

    def capture(self) -> Any:
        """Return what the current context holds, or `None` for nothing to carry."""

    def attach(self, value: Any) -> Any:
        """Put a captured value into the current context; what this returns is handed to `detach`."""

    def detach(self, token: Any) -> None:
        """Take it out again."""


carriers: list[Carrier] = []
"""What travels at present; `carry` adds to it."""


def carry(*added: Carrier) -> Callable[[], None]:
    """Let these travel with every message from now on; returns what ends it."""
    carriers.extend(added)

    def end() -> None:
        for carrier in added:
            if carrier in carriers:
                carriers.remove(carrier)

    return end


def capture() -> tuple[tuple[Carrier, Any], ...] | None:
    """Take along what the sender's context holds; `None` when it holds nothing."""
    baggage = tuple([(each, value) for each in carriers if (value := each.capture()) is not None])
    return baggage or None


def packed(message: Any) -> Any:
    """Wrap a cast with its sender's context, if there is any."""
    baggage = capture()
    return message if baggage is None else Carried(message, baggage)


def unpack(baggage: tuple[tuple[Carrier, Any], ...]) -> list[tuple[Carrier, Any]]:
    """Put the sender's context into ours; `restore` takes it out again."""
    return [(carrier, carrier.attach(value)) for carrier, value in baggage]


def restore(attached: list[tuple[Carrier, Any]]) -> None:
    """Undo `unpack`."""
    for carrier, token in reversed(attached):
        carrier.detach(token)


def within(baggage: tuple[tuple[Carrier, Any], ...], callback: Callable[..., Any], *args: Any) -> Any:
    """Call `callback(*args)` in the sender's context."""
    attached = unpack(baggage)
    try:
        return callback(*args)
    finally:
        restore(attached)


def opentelemetry() -> Carrier:
    """Carry OpenTelemetry's current context, so that a span begun in the handler is a child of the sender's."""
    from opentelemetry import context, trace  # noqa: PLC0415 - an optional dependency

    class OpenTelemetry:
        def capture(self) -> Any:
            current = context.get_current()
            return current if trace.get_current_span(current).get_span_context().is_valid else None

        def attach(self, value: Any) -> Any:
            return context.attach(value)

        def detach(self, token: Any) -> None:
            context.detach(token)

    return OpenTelemetry()


def structlog_context() -> Carrier:
    """Carry the key-value pairs bound with `structlog.contextvars`, so that the handler's log lines wear them."""
    from structlog import contextvars  # noqa: PLC0415 - an optional dependency

    class Structlog:
        def capture(self) -> Any:
            return contextvars.get_contextvars() or None

        def attach(self, value: Any) -> Mapping[str, Any]:
            return contextvars.bind_contextvars(**value)

        def detach(self, token: Any) -> None:
            contextvars.reset_contextvars(**token)

    return Structlog()

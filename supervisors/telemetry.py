"""What the runtime tells the world: events as a documented contract.

| event | subject | detail |
|---|---|---|
| `child.started` | the process | `restarts` so far |
| `child.ended` | the process | `reason` |
| `child.start_failed` | the child spec's id as text | `reason`, `path` |
| `supervisor.gave_up` | the supervisor's process | `used`, `limit`, `period` |
| `shutdown.late` | the process that outlived its shutdown limit and its kill | `limit` |
| `process.crashed` | the process | `report`: a `CrashReport`, as the runtime's `redact` hook left it |
| `process.unreportable` | the process that crashed | `reason`, `trouble`: the type of what its report raised |
| `mailbox.dropped` | the process whose mailbox was full | `policy` |
| `loop.blocked` | the process whose callback blocks the loop, or `None` | `seconds`, `stack`, `crashed` |
| `loop.unblocked` | the same | `seconds` it took in all |
| `gc.pause` | the generation | `seconds`, `collected` |

Handlers run in the loop and must be quick; one that raises is removed, since observing must never harm.
Reasons may hold private data: log `describe(reason)`, never its text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

Handler = Callable[[str, Any, dict[str, Any]], None]

_handlers: list[Handler] = []
_logger = logging.getLogger("supervisors")


def attach(handler: Handler) -> Callable[[], None]:
    """Call `handler(event, subject, detail)` on every event; returns the function that detaches it."""
    _handlers.append(handler)

    def detach() -> None:
        if handler in _handlers:
            _handlers.remove(handler)

    return detach


def attached() -> bool:
    """Tell whether anybody listens."""
    return bool(_handlers)


def emit(event: str, subject: Any, **detail: Any) -> None:
    """Tell all handlers."""
    if not _handlers:
        return
    for handler in tuple(_handlers):
        try:
            handler(event, subject, detail)
        except Exception:
            _handlers.remove(handler)
            _logger.exception("telemetry handler %r raised and was detached", handler)

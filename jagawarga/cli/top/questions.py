"""What the screen asks, and how an answer comes back to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jagawarga.cli.top.link import Ask
from jagawarga.cli.top.look import View, look
from supervisors.control import ControlError

TRACE_SECONDS = 5.0
TRACE_EVENTS = 200
TRACE_WITHIN = TRACE_SECONDS + 35.0
STEER_WITHIN = 35.0
"""The process gives up a little earlier, and says why."""

Start = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Inspect:
    """One actor in detail."""

    path: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What an actor handles in the next seconds."""

    path: str


@dataclass(frozen=True, slots=True)
class Steer:
    """Something to be done to an actor; `op` is the control socket's word."""

    op: str
    path: str


Question = View | Inspect | Trace | Steer


def ask_for(ask: Ask, question: Question) -> Any:
    """Ask and wait; an answer about another actor than the one asked for is an error, like no answer at all."""
    match question:
        case View():
            return look(ask, question)
        case Inspect(path):
            answer = ask("inspect", actor=path)
        case Trace(path):
            answer = ask("trace", TRACE_WITHIN, actor=path, seconds=TRACE_SECONDS, limit=TRACE_EVENTS)
        case Steer(op, path):
            answer = ask(op, STEER_WITHIN, actor=path)
    if not isinstance(answer, dict) or answer.get("path") != path:
        msg = f"the answer was not about {path}"
        raise ControlError(msg)
    return answer


def in_a_thread(work: Callable[[], None]) -> None:
    """Start `work` in a thread that ends with the program.

    Not in a worker of textual: the end of its event loop waits for the threads of its pool, and so `q` would wait for
    the socket.
    """
    threading.Thread(target=work, name="question", daemon=True).start()

"""Crash reports: what `proc_lib` says of a process that died of an error.

They are emitted as the telemetry event `process.crashed`, after the runtime's `redact` hook has seen them: content
that must not leave the process is taken out there, in one place, before anybody else gets the report.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supervisors import telemetry
from supervisors.exits import KILLED, Reason, describe, is_abnormal

if TYPE_CHECKING:
    from supervisors.process import Process


@dataclass(frozen=True, slots=True)
class CrashReport:
    """Why and in what circumstances a process crashed. Exits that are normal, orderly or a kill give no report."""

    kind: str
    name: str
    ancestors: tuple[str, ...]
    """Ids of the supervisors above, nearest first."""
    reason: Reason
    last_message: Any
    """What was being handled; `None` in a task or in cleanup."""
    state: dict[str, Any]
    """`Actor.get_state`: everything the actor knows."""
    stack: tuple[str, ...]
    """Where the exception came from, one `file:line function` a frame, innermost last."""
    mailbox: int
    links: int
    restarts: int


def without_content(report: CrashReport) -> CrashReport:
    """A `redact` hook for those who may log no content: types, places and counts stay, texts and values go."""
    reason: Any = describe(report.reason) or ""
    message = None if report.last_message is None else type(report.last_message).__name__
    return CrashReport(
        kind=report.kind,
        name=report.kind,
        ancestors=report.ancestors,
        reason=reason,
        last_message=message,
        state={name: type(value).__name__ for name, value in report.state.items()},
        stack=report.stack,
        mailbox=report.mailbox,
        links=report.links,
        restarts=report.restarts,
    )


def report_crash(process: Process, reason: Reason, message: Any) -> None:
    """Emit the report, if the reason calls for one and anybody listens; never raises."""
    if not is_abnormal(reason) or reason == KILLED or not telemetry.attached() or process.state == "starting":
        return
    try:
        report = process.runtime.redact(_report(process, reason, message))
    except Exception as trouble:  # noqa: BLE001 - code of the application: its fault must not hide the crash
        telemetry.emit("process.unreportable", process, reason=reason, trouble=type(trouble).__name__)
    else:
        telemetry.emit("process.crashed", process, report=report)


def ancestors(process: Process) -> tuple[str, ...]:
    """Ids of the supervisors above a process, nearest first."""
    above: list[str] = []
    parent = process.parent
    while parent is not None:
        above.append(parent.spec.id)
        parent = parent.parent
    return tuple(above)


def _report(process: Process, reason: Reason, message: Any) -> CrashReport:
    trace = reason.__traceback__ if isinstance(reason, BaseException) else None
    return CrashReport(
        kind=process.spec.kind,
        name=str(process.name.key) if process.name else process.spec.id,
        ancestors=ancestors(process),
        reason=reason,
        last_message=message,
        state=process.actor.get_state(),
        stack=tuple(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in _frames(trace)),
        mailbox=process.mailbox_length(),
        links=sum(1 for _ in process.links()),
        restarts=process.restarts,
    )


def _frames(trace: Any) -> traceback.StackSummary:
    return traceback.StackSummary.extract(traceback.walk_tb(trace), lookup_lines=False)

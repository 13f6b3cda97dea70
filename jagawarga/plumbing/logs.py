"""Structured logs, as JSON lines or for people, with a filter last that keeps personal data out.

Nothing here should ever be given personal data; the filter is for the day somebody forgets. It drops fields by name and
masks long runs of digits, whatever the event.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Literal

import structlog

from supervisors import CrashReport, describe, telemetry

FORBIDDEN: Final = frozenset(
    [
        "text",
        "name",
        "nik",
        "phone",
        "email",
        "address",
        "token",
        "access_token",
        "password",
        "tracking_code",
        "authorization",
        "content",
        "note",
        "facts",
        "subject",
        "pseudonym",
        "reporter",
        "latitude",
        "longitude",
        "user_agent",
    ]
)
_DIGITS = re.compile(r"\d(?:[ .\-]?\d){9,}")
_LONGEST = 2_000
REMARKABLE_PAUSE: Final = 0.25
"""Seconds of a garbage collection that an operator should hear of."""

Format = Literal["json", "console"]
Level = Literal["debug", "info", "warning", "error"]


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop forbidden fields and mask what looks like a number of a person (structlog processor)."""
    for key in [key for key in event if key.lower() in FORBIDDEN]:
        event[key] = "[redacted]"
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _DIGITS.sub("[number]", value[:_LONGEST])
        elif isinstance(value, dict | list | tuple):
            event[key] = _DIGITS.sub("[number]", repr(value)[:_LONGEST])
    return event


def exception_without_words(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the places it passed: its text may quote what a citizen typed."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = places(error)
    return event


def places(error: BaseException) -> str:
    """The last frames of a traceback as `file:line function`, without a word of data."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{'/'.join(code.co_filename.split('/')[-2:])}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-6:]))


def configure_logging(fmt: Format = "console", level: Level = "info") -> None:
    """Send all logs of the process, the libraries' too, to standard error."""
    threshold = getattr(logging, level.upper())
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exception_without_words,
        redact,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    logging.root.handlers[:] = [handler]
    # Libraries log requests and statements at lower levels: never from them.
    logging.root.setLevel(max(threshold, logging.WARNING))


GRAVE: Final = ("FATAL", "PANIC", "[FTL]", "[ERR]")
ORDERLY: Final = "terminating connection due to administrator command"
"""PostgreSQL's word for an orderly stop to whoever is still connected; fatal to nobody but that connection."""


def server_log(name: str) -> Callable[[str], None]:
    """Take the lines an embedded server writes; at `info` only what it says of itself being wrong is of interest."""
    log = structlog.get_logger()

    def take(line: str) -> None:
        grave = any(word in line for word in GRAVE) and ORDERLY not in line
        (log.warning if grave else log.debug)("server.says", server=name, line=line)

    return take


def _unremarkable(event: str, detail: dict[str, Any]) -> bool:
    match event:
        case "child.ended":
            return detail["reason"] in ("normal", "shutdown")
        case "child.started":
            return not detail.get("restarts")
        case "gc.pause":
            return bool(detail["seconds"] < REMARKABLE_PAUSE)
    return False


def log_supervision(started: Callable[[], bool]) -> Callable[[], None]:
    """Log what the runtime reports: crashes, restarts, supervisors that give up. Returns what ends it.

    Silent until `started()`: a start that fails ends in one line for the operator, and needs no others.
    """
    log = structlog.get_logger("supervisors")

    def handler(event: str, subject: Any, detail: dict[str, Any]) -> None:
        reason = detail.get("reason")
        facts: dict[str, Any] = {}
        if isinstance(reason, BaseException):
            facts = {"where": places(reason)}
        if not started() or _unremarkable(event, detail):
            return
        report = detail.get("report")
        if isinstance(report, CrashReport):
            facts = {"under": "/".join(reversed(report.ancestors)), "message": report.last_message}
            reason = report.reason
        for name in ("seconds", "stack", "policy"):
            if name in detail:
                facts[name] = detail[name]
        say = log.info if event == "child.started" else log.warning
        kind = subject if isinstance(subject, str | None) else f"{subject.spec.kind}:{subject.spec.id}"
        say(event, actor=kind, reason=describe(reason), restarts=detail.get("restarts"), **facts)

    return telemetry.attach(handler)

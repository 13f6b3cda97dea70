"""Crash reports: what is told of a crash, of which ends, and how content is kept out of it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio

from supervisors import (
    KILL,
    SHUTDOWN,
    Actor,
    Continue,
    CrashReport,
    Process,
    Registry,
    Reply,
    Sender,
    Shutdown,
    Stop,
    open_runtime,
    supervisor,
    task,
    telemetry,
    without_content,
    worker,
)

names = Registry("reports")
ACTOR = names.name("actor")
OTHER = names.name("other")
MARKER = "Jalan Kenanga 17"


@dataclasses.dataclass(frozen=True)
class Letter:
    """A message of the application with an attribute that envelopes have too."""

    message: str
    work: Callable[..., Any]


class Told(Actor):
    """Does what the functions it is sent say; knows something private."""

    def init(self, first: Callable[[], Any] | None = None) -> Any:
        self.address = MARKER
        return None if first is None else first()

    def handle_call(self, message: Any, sender: Sender) -> Any:
        return message.work(self)

    def handle_cast(self, message: Any) -> Any:
        return message.work(self)

    def handle_info(self, message: Any) -> Any:
        return message.work(self)

    def handle_continue(self, message: Any) -> Any:
        return message.work(self)


class Direct(Told):
    direct = True


class Heard:
    """What telemetry told of crashes."""

    def __init__(self) -> None:
        self.reports: list[CrashReport] = []
        self.unreportable: list[dict[str, Any]] = []

    def __call__(self, event: str, subject: Any, detail: dict[str, Any]) -> None:
        if event == "process.crashed":
            self.reports.append(detail["report"])
        elif event == "process.unreportable":
            self.unreportable.append(detail)


@contextmanager
def hearing() -> Iterator[Heard]:
    heard = Heard()
    detach = telemetry.attach(heard)
    try:
        yield heard
    finally:
        detach()


def spec(actor: type[Actor] = Told, *args: Any) -> Any:
    return worker("told", actor, *args, name=ACTOR, restart="temporary")


def tree(*children: Any) -> Any:
    return supervisor("root", [supervisor("branch", children)])


def found() -> Process:
    process = ACTOR.whereis()
    assert process is not None
    return process


def crash(*_: Any) -> Any:
    raise ValueError(MARKER)


async def crash_later(*_: Any) -> Any:
    await trio.sleep(0.1)
    crash()


WORK = pytest.mark.parametrize("work", [crash, crash_later], ids=["plain", "coroutine"])
KIND = pytest.mark.parametrize("kind", ["call", "cast", "info", "timer"])


async def send(kind: str, message: Any) -> None:
    process = found()
    match kind:
        case "call":
            with pytest.raises(Exception, match="the callee ended"):
                await process.call(message)
        case "timer":
            process.send_after(0.5, message)
        case _:
            getattr(process, kind)(message)
    await process.wait_ended()


# --- what it says


@WORK
@KIND
@pytest.mark.parametrize("actor", [Told, Direct])
async def test_the_message_at_work(work: Any, kind: str, actor: type[Told], autojump_clock: Any) -> None:
    """The report has the very message that was being handled, however it came and whatever it looks like."""
    message = Letter(MARKER, work)
    with hearing() as heard:
        async with open_runtime(tree(spec(actor))):
            await trio.sleep(1)
            await send(kind, message)
    (report,) = heard.reports
    assert report.last_message is message


async def test_reason_stack_and_place(autojump_clock: Any) -> None:
    """It names actor, ancestors, reason and the stack, innermost last."""
    with hearing() as heard:
        async with open_runtime(tree(spec())):
            process = found()
            await send("cast", Letter("", crash))
    (report,) = heard.reports
    assert (report.kind, report.name) == ("Told", "actor")
    assert report.ancestors == ("branch", "root")
    assert report.reason is process.exit_reason
    assert report.stack[-1].endswith(" crash")
    assert any("handle_cast" in line for line in report.stack)


async def test_state_and_figures(autojump_clock: Any) -> None:
    """It has the state at the crash, and how much waited."""
    with hearing() as heard:
        async with open_runtime(tree(spec(), worker("other", Told, name=OTHER, restart="temporary"))):
            other: Any = OTHER.whereis()
            other.actor.link(ACTOR)
            found().cast(Letter("", crash))
            found().cast(Letter("", crash))
            await trio.sleep(1)
    report = next(each for each in heard.reports if each.name == "actor")
    assert report.state == {"address": MARKER}
    assert (report.mailbox, report.links, report.restarts) == (1, 1, 0)


@WORK
async def test_crash_in_a_continuation(work: Any, autojump_clock: Any) -> None:
    """A crash in the continuation of `init` names the continuation's message; that of a call names the call."""
    letter = Letter("", work)
    with hearing() as heard:
        async with open_runtime(tree(spec(Told, lambda: Continue(letter)))):
            await trio.sleep(1)
    assert [report.last_message for report in heard.reports] == [letter]
    call = Letter("", lambda _: Reply("answered", Continue(letter)))
    with hearing() as heard:
        async with open_runtime(tree(spec())):
            assert await ACTOR.call(call) == "answered"
            await trio.sleep(1)
    assert [report.last_message for report in heard.reports] == [call]


async def test_crash_of_a_task(autojump_clock: Any) -> None:
    """A task has no message, and is reported as anybody."""

    async def body(started: Callable[[], None]) -> None:
        started()
        await crash_later()

    with hearing() as heard:
        async with open_runtime(tree(task("body", body, restart="temporary"))):
            await trio.sleep(1)
    (report,) = heard.reports
    assert (report.kind, report.last_message) == ("body", None)
    assert report.stack[-1].endswith(" crash")


async def test_crash_in_cleanup(autojump_clock: Any) -> None:
    """A cleanup that crashes after an orderly end is a crash."""

    class Clumsy(Told):
        def terminate(self, reason: Any) -> None:
            crash()

    with hearing() as heard:
        async with open_runtime(tree(spec(Clumsy))):
            found().shut_down()
            await trio.sleep(1)
    (report,) = heard.reports
    assert isinstance(report.reason, ValueError)
    assert report.last_message is None


async def test_a_message_with_a_mind_of_its_own(autojump_clock: Any) -> None:
    """A message whose attributes raise is reported as it is."""

    class Trap:
        def work(self, actor: Told) -> None:
            crash()

        @property
        def message(self) -> str:
            raise RuntimeError

    message = Trap()
    with hearing() as heard:
        async with open_runtime(tree(spec())):
            await send("cast", message)
    (report,) = heard.reports
    assert report.last_message is message


# --- which ends are told


@pytest.mark.parametrize("reason", ["normal", SHUTDOWN, Shutdown("done"), "killed"], ids=str)
async def test_orderly_ends_give_no_report(reason: Any, autojump_clock: Any) -> None:
    """Normal ends, shutdowns and kills are no crashes."""

    def stop(_: Any) -> None:
        raise Stop(reason)

    with hearing() as heard:
        async with open_runtime(tree(spec())):
            process = found()
            if reason == "killed":
                process.exit(KILL)
            else:
                process.cast(Letter("", stop))
            assert await process.wait_ended() == reason
    assert (heard.reports, heard.unreportable) == ([], [])


async def test_other_reasons_do(autojump_clock: Any) -> None:
    """A stop for any other reason is one, as in OTP."""

    def stop(_: Any) -> None:
        msg = "broken"
        raise Stop(msg)

    with hearing() as heard:
        async with open_runtime(tree(spec())):
            await send("cast", Letter("", stop))
    assert [report.reason for report in heard.reports] == ["broken"]


@pytest.mark.parametrize("first", [crash, crash_later], ids=["plain", "coroutine"])
async def test_failed_starts_give_no_report(first: Any, autojump_clock: Any) -> None:
    """A start that fails is its starter's to tell."""
    with hearing() as heard, pytest.raises(Exception, match="failed to start"):
        async with open_runtime(tree(spec(Told, first))):
            pytest.fail("it must not start")
    assert heard.reports == []


async def test_nobody_listens(autojump_clock: Any) -> None:
    """Without a listener no report is made: the redactor is not even called."""
    calls: list[Any] = []

    def redact(report: CrashReport) -> CrashReport:
        calls.append(report)
        return report

    async with open_runtime(tree(spec()), redact=redact):
        await send("cast", Letter("", crash))
    assert calls == []


# --- keeping content out


async def test_the_redactor_sees_it_first(autojump_clock: Any) -> None:
    """What listeners get is what the hook made of it."""

    def redact(report: CrashReport) -> CrashReport:
        assert report.state["address"] == MARKER
        return dataclasses.replace(report, state={})

    with hearing() as heard:
        async with open_runtime(tree(spec()), redact=redact):
            await send("cast", Letter("", crash))
    assert [report.state for report in heard.reports] == [{}]


def rendered(value: Any) -> str:
    """Everything that can be read out of a report, tracebacks of exceptions included."""
    if isinstance(value, BaseException):
        return f"{value!r} {value} {value.__cause__!r} {value.__context__!r} {value.__traceback__!r}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return " ".join(rendered(getattr(value, each.name)) for each in dataclasses.fields(value))
    return f"{value!r} {value}"


@WORK
@KIND
async def test_without_content(work: Any, kind: str, autojump_clock: Any) -> None:
    """`without_content` leaves types, places and counts; no text of message, state, name or error remains."""
    private = names.name(MARKER)
    with hearing() as heard:
        spec = worker("told", Told, name=private, restart="temporary")
        async with open_runtime(tree(spec), redact=without_content):
            process = private.whereis()
            assert process is not None
            names.claim("actor", process)
            await send(kind, Letter(MARKER, work))
            names.unregister("actor", process)
    (report,) = heard.reports
    assert MARKER not in rendered(report)
    assert (report.kind, report.name, report.reason, report.last_message) == ("Told", "Told", "ValueError", "Letter")
    assert report.state == {"address": "str"}
    assert report.ancestors == ("branch", "root")
    assert report.stack


async def test_failing_redactor(autojump_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A redactor that raises lets nothing through but the fact, and the crash is handled as ever."""

    def redact(report: CrashReport) -> CrashReport:
        raise KeyError(MARKER)

    with hearing() as heard, caplog.at_level(logging.DEBUG):
        async with open_runtime(tree(worker("told", Told, name=ACTOR)), redact=redact):
            process = found()
            await send("cast", Letter("", crash))
            await trio.sleep(1)
            assert found() is not process
    assert heard.reports == []
    (detail,) = heard.unreportable
    assert detail["trouble"] == "KeyError"
    assert MARKER not in caplog.text


async def test_state_that_can_not_be_told(autojump_clock: Any) -> None:
    """So does an actor whose `get_state` raises."""

    class Secretive(Told):
        def get_state(self) -> dict[str, Any]:
            raise PermissionError

    with hearing() as heard:
        async with open_runtime(tree(spec(Secretive))):
            await send("cast", Letter("", crash))
    assert [detail["trouble"] for detail in heard.unreportable] == ["PermissionError"]

"""How a trial's findings are said in words, and how its command ends."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click
import trio

from jagawarga.cli.exits import Refusal, first_cause, terminate_as_interrupted
from jagawarga.client import Refused, Unreachable
from supervisors.control import ControlError, NotRunning
from supervisors.port import PortExited, PortNotReady

if TYPE_CHECKING:
    from scripts.chaos.trial import Trial

COULD_NOT_TRY = (Refused, Unreachable, ControlError, OSError)
A_FINDING = (PortExited, PortNotReady, NotRunning)


def carry_out(trial: Trial) -> dict[str, Any]:
    """Run the trial and return its findings; `Refusal` when it could not be tried."""
    try:
        trio.run(trial.run)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - what is not known is raised again
        cause = first_cause(error)
        if isinstance(cause, A_FINDING) and trial.begun:
            trial.ended = str(cause)  # the worst that can be found out, and a finding like the others
        elif isinstance(cause, (*COULD_NOT_TRY, *A_FINDING)):
            raise Refusal(f"{trial.scenario.name}: it could not be tried: {cause}") from None
        else:
            raise cause from None
    return trial.findings()


def summary(found: dict[str, Any]) -> list[str]:
    """Say the findings in words."""
    audit = found["audit"]
    blows = ", ".join(f"{kind} {count}" for kind, count in found["kills_by_kind"].items())
    lines = [
        f"{found['scenario']}: {found['kills']} blows in {found['seconds']:g} s: {blows or 'none'}",
        f"  restarts seen: {found['restarts']}",
        "  the process survived" if found["survived"] else f"  THE PROCESS ENDED: {found['ended']}",
        "  submissions by answer: " + _counts(found["requests"]["submissions"]),
        "  away, seconds: " + (_counts(found["outage_seconds"]) or "nothing"),
    ]
    if audit is not None:
        late, beyond = audit["lateness_seconds"], audit["lateness_beyond_outages_seconds"]
        lines += [
            f"  present: {audit['reports_present']} reports, {audit['events_published']} events",
            (
                f"  {audit['escalations']} escalations, late p99 {late['p99']} s, max {late['max']} s;"
                f" beyond what was away max {beyond['max']} s"
            ),
            f"  normal again after {found['recovery_seconds']['max']} s at most",
            *(
                f"  BROKEN: {kind}: {each['count']} ({', '.join(each['first'])})"
                for kind, each in audit["faults"].items()
            ),
        ]
    lines.append("  every promise was kept" if found["good"] else "  PROMISES WERE BROKEN")
    return lines


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def end_with(command: click.Command, name: str) -> None:
    """Run the command and exit: 0, 1 for broken promises, 2 for what could not be tried, 130 when interrupted."""
    terminate_as_interrupted()
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except click.ClickException as refused:
        Refusal(refused.format_message()).show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else 0)

"""How the command line ends when it can not do what it was asked."""

from __future__ import annotations

import os
import signal
from typing import IO, Any

import click

EXIT_REFUSED = 2


class Refusal(click.ClickException):
    """One line on standard error, and exit code 2."""

    exit_code = EXIT_REFUSED

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it in one line, whatever the cause looked like."""
        click.echo("jagawarga: " + " ".join(self.message.split()), file=file, err=True)


def first_cause(error: BaseException) -> BaseException:
    """Return what went wrong first, out of the groups that nurseries make; an interruption above all."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    interruption = error.subgroup(KeyboardInterrupt)
    inner = (interruption or error).exceptions[0]
    return first_cause(inner)


def terminate_as_interrupted() -> None:
    """Let SIGTERM end this program as Ctrl-C does, so that what it started is stopped and its files are removed."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.kill(os.getpid(), signal.SIGINT))

"""Where output goes: rich to a terminal, plain lines to a file or a pipe, JSON when asked for."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console

PLAIN_WIDTH = 10_000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `main`, which knows the exit code; rich would end the process here."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Return a console: colours only on a terminal and without NO_COLOR; no line is folded where none sees it."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return _Console(file=stream, width=width, highlight=False, soft_wrap=not stream.isatty())


def print_json(value: Any) -> None:
    """Print JSON for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

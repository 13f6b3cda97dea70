"""The command `jagawarga`: starts the process, looks into it, and steers it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from jagawarga.cli.actors import inspect, kill, restart, resume, runtime, suspend, trace, tree
from jagawarga.cli.backup import backup, restore
from jagawarga.cli.categories import categories
from jagawarga.cli.deadletters import deadletters
from jagawarga.cli.exits import Refusal
from jagawarga.cli.figures import config, reports
from jagawarga.cli.provider import provider
from jagawarga.cli.replay.command import replay
from jagawarga.cli.serving import serve
from jagawarga.cli.sla.command import sla
from jagawarga.cli.token import token
from jagawarga.cli.top.command import top
from jagawarga.cli.version import version

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version(), prog_name="jagawarga")
def cli() -> None:
    """JagaWarga: citizens' reports that reach the right agency and climb by themselves when nobody acts."""


LOOKING = (tree, top, inspect, runtime, reports, config)
STEERING = (kill, restart, suspend, resume, trace)

for command in (serve, *LOOKING, *STEERING, deadletters, token, replay, categories, sla, provider, backup, restore):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 done and not good, 2 refused with one line, 130 interrupted."""
    try:
        code = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as refused:
        # One line, also where click would print its usage on top.
        Refusal(refused.format_message()).show()
        code = refused.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("jagawarga: interrupted", err=True)
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has seen enough. Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_BROKEN_PIPE
    sys.exit(code if isinstance(code, int) else 0)

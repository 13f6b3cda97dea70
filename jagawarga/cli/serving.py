"""`jagawarga serve`: become the one process."""

from __future__ import annotations

from pathlib import Path

import click

from jagawarga.cli.exits import Refusal
from jagawarga.cli.options import data_option, settings_or_refusal
from jagawarga.errors import StartupError


@click.command()
@data_option
@click.option("--host", metavar="ADDRESS", help="Address to listen on (default: the setting `host`).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on (default: the setting `port`).")
@click.option("--config", "config_dir", type=click.Path(path_type=Path), metavar="DIR", help="Configuration directory.")
@click.option("--log-format", type=click.Choice(["console", "json"]), help="How log lines look.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="The least level logged.")
def serve(
    data: Path | None,
    host: str | None,
    port: int | None,
    config_dir: Path | None,
    log_format: str | None,
    log_level: str | None,
) -> int | None:
    """Start the process and serve until Ctrl-C or SIGTERM."""
    settings = settings_or_refusal(
        data_dir=data, host=host, port=port, config_dir=config_dir, log_format=log_format, log_level=log_level
    )
    from jagawarga.app import serve as run

    try:
        return run(settings)
    except StartupError as error:
        raise Refusal(str(error)) from None

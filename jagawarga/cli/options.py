"""Options that several commands share, and how settings are read for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jagawarga.cli.exits import Refusal
from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.settings import Settings

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Data directory (default: the setting `data_dir`, ./var).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--data` and `--json`."""
    return data_option(json_option(command))


def settings_or_refusal(**options: Any) -> Settings:
    """Read the settings, `None` in `options` being "not given"; any fault is one line."""
    from jagawarga.settings import load_settings

    try:
        return load_settings(**options)
    except StartupError as wrong:
        raise Refusal(str(wrong)) from None


def data_directory(data: Path | None) -> Path:
    """Return the data directory that is meant."""
    return data if data is not None else settings_or_refusal().data_dir


def load_accounts(path: Path) -> list[dict[str, Any]]:
    """Read the file of accounts the server wrote when it was first started."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [dict(each) for each in found]
    except OSError as error:
        raise Refusal(f"the accounts in {path} can not be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise Refusal(f"{path} is not a file of accounts") from None

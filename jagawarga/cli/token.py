"""`jagawarga token`: sign in with one of the accounts the server made, for use with curl."""

from __future__ import annotations

from pathlib import Path

import click
import trio

from jagawarga.cli.control import control_path
from jagawarga.cli.exits import Refusal
from jagawarga.cli.options import data_option, load_accounts, settings_or_refusal
from jagawarga.client.client import Client
from jagawarga.client.patience import Patience
from jagawarga.client.values import Refused, Unreachable
from supervisors.control import ControlError, NotRunning, request


@click.command()
@click.argument("account", metavar="ACCOUNT")
@click.option(
    "--url", metavar="URL", help="The server (default: the one of this data directory, else where the settings say)."
)
@data_option
def token(account: str, url: str | None, data: Path | None) -> None:
    """Print an access token. ACCOUNT is a user name of accounts.json, a role (citizen, operator) or an agency."""
    settings = settings_or_refusal(data_dir=data)
    accounts = load_accounts(settings.data_dir / "accounts.json")
    found = next((each for each in accounts if account in (each["username"], each["role"], each["agency"])), None)
    if found is None:
        msg = f"no account {account!r}; try citizen, operator or an agency such as {accounts[-1]['agency']}"
        raise Refusal(msg)

    server = url or _served(settings.data_dir) or f"http://{settings.host}:{settings.port}"

    async def sign_in() -> str:
        async with Client(server, patience=Patience(tries=2, longest=2.0)) as client:
            return (await client.sign_in(found["username"], found["password"])).token

    try:
        click.echo(trio.run(sign_in))
    except Unreachable:
        msg = f"nobody answers at {server} (--url names another server)"
        raise Refusal(msg) from None
    except Refused as error:
        raise Refusal(str(error)) from None


def _served(data: Path) -> str | None:
    """Where the process with this data directory serves; `None` without one that says so."""
    try:
        return str(request(control_path(data), "url"))
    except (NotRunning, ControlError, ValueError, KeyError):
        return None

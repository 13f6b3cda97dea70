"""`jagawarga backup` and `jagawarga restore`: the embedded stack in one archive, the keys apart."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import click
import trio

from jagawarga.cli.control import control_path
from jagawarga.cli.exits import Refusal, first_cause, terminate_as_interrupted
from jagawarga.cli.options import data_option, json_option, settings_or_refusal
from jagawarga.cli.output import print_json
from jagawarga.cli.version import version
from jagawarga.errors import JagaWargaError
from supervisors.control import ControlError, request
from supervisors.port import PortDoomed, PortExited, PortNotReady

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.backup.archive import Manifest

FILE = click.Path(path_type=Path, dir_okay=False)
REPAINT_EVERY = 0.2
T = TypeVar("T")


@click.command()
@click.argument("archive", type=FILE)
@click.option("--keys", type=FILE, metavar="FILE", help="The key file to write (default: ARCHIVE.keys).")
@click.option("--verify/--no-verify", default=True, help="Restore it into a temporary directory and compare (default).")
@data_option
@json_option
def backup(archive: Path, keys: Path | None, data: Path | None, *, verify: bool, as_json: bool) -> None:
    """Write the data directory's database, streams and files into ARCHIVE, whether its process runs or not.

    ARCHIVE is sealed: nobody reads it without the key file, which belongs somewhere else.
    """
    settings = settings_or_refusal(data_dir=data)
    if settings.database_url or settings.nats_url:
        raise Refusal("the settings name servers that are not embedded; back them up with their own tools")
    data = settings.data_dir
    keys = keys or archive.with_name(archive.name + ".keys")
    began = monotonic()

    def work() -> Manifest:
        from jagawarga.backup.making import Plan, back_up

        plan = Plan(archive, keys, data, version(), verify=verify)
        return back_up(plan, lambda: request(control_path(data), "backup_sources"), _Progress())

    manifest = _guarded(work)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    facts = {"file": str(archive), "keys": str(keys), "bytes": archive.stat().st_size, "sha256": digest}
    _tell("backed up", manifest, {**facts, "verified": verify}, began, as_json=as_json)
    click.echo(f"without {keys} nobody can read it, with it everybody: keep it elsewhere", err=True)


@click.command()
@click.argument("archive", type=FILE)
@click.option("--data", type=click.Path(path_type=Path), metavar="NEWDIR", required=True, help="A new data directory.")
@click.option("--keys", type=FILE, metavar="FILE", required=True, help="The key file written with the archive.")
@json_option
def restore(archive: Path, data: Path, keys: Path, *, as_json: bool) -> None:
    """Make NEWDIR the data directory that was backed up into ARCHIVE, and compare it; `serve --data NEWDIR` runs it.

    Run the old one or the new one, never both: each would answer to every deadline.
    """
    began = monotonic()

    async def work() -> Manifest:
        from jagawarga.backup import keyfile, restoring

        return await restoring.restore(archive, keyfile.read_key_file(keys), data, _Progress())

    manifest = _guarded(lambda: trio.run(work))
    _tell("restored", manifest, {"data": str(data), "verified": True}, began, as_json=as_json)


def _guarded(work: Callable[[], T]) -> T:
    """Do it; whatever stands in the way is one line."""
    terminate_as_interrupted()
    try:
        return work()
    except BaseException as error:
        cause = first_cause(error)
        if isinstance(cause, JagaWargaError | ControlError | PortDoomed | PortExited | PortNotReady):
            raise Refusal(str(cause).splitlines()[0]) from None
        if isinstance(cause, OSError):
            raise Refusal(f"{cause.strerror} ({cause.filename})" if cause.filename else str(cause)) from None
        raise cause from None


def _tell(done: str, manifest: Manifest, facts: dict[str, Any], began: float, *, as_json: bool) -> None:
    from jagawarga.backup.taking import as_json as contents

    seconds = round(monotonic() - began, 3)
    if as_json:
        print_json({**facts, "seconds": seconds, **contents(manifest)})
        return
    rows = sum(part.count for part in manifest.parts if part.kind == "table")
    events = sum(part.count for part in manifest.parts if part.kind == "stream")
    files = sum(part.count for part in manifest.parts if part.kind == "file")
    how = "and compared " if facts["verified"] else ""
    click.echo(f"{done} {how}in {seconds:.1f} s: {rows:,} rows, {events:,} messages, {files:,} files")


class _Progress:
    """Says on standard error how far it is: a line a part, and on a terminal the part under way."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._painted = 0.0

    def under_way(self, name: str, size: int) -> None:
        """Repaint the line, a few times a second."""
        if self._live and monotonic() - self._painted >= REPAINT_EVERY:
            self._painted = monotonic()
            click.echo(f"\r  {name}  {size / 1e6:,.1f} MB\x1b[K", err=True, nl=False)

    def done(self, name: str, size: int = 0) -> None:
        """Say it for good."""
        text = f"  {name}" + (f"  {size:,} bytes" if size else "")
        click.echo(f"\r{text}\x1b[K" if self._live else text, err=True)

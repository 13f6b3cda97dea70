"""The files of the embedded PostgreSQL: made once and whole, recognised, refused when damaged.

A cluster is made beside its place and renamed into it when it is complete, database included; a
kill in the middle leaves a `postgres.new` that the next start throws away.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jagawarga.embedded.binaries import BUILTIN_LOCALE_SINCE, PostgresBinaries
from jagawarga.embedded.directory import DataDirectory, sync_directory, write_private
from jagawarga.errors import StartupError
from supervisors.port import OsCommand, launch_argv

if TYPE_CHECKING:
    from jagawarga.embedded.account import Account

OWNER = "jagawarga"
DATABASE = "jagawarga"
PASSWORD_FILE = "postgres.password"  # noqa: S105 - a file's name
TOOL_SECONDS = 120.0
QUIET_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}

# What PostgreSQL says must never hold what people wrote: statements and their parameters are not
# logged, errors (their text quotes values) go to the client only, and no message has its DETAIL.
SETTINGS = """\
# Written by JagaWarga at every start; changes here are lost.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
port = 5432
max_connections = 60
password_encryption = 'scram-sha-256'

fsync = {durable}
full_page_writes = {durable}
synchronous_commit = {durable}
shared_buffers = '128MB'
max_wal_size = '1GB'
checkpoint_timeout = '15min'
jit = off
max_logical_replication_workers = 0
track_commit_timestamp = off

logging_collector = off
log_destination = 'stderr'
log_line_prefix = ''
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = 'none'
log_min_duration_statement = -1
log_min_duration_sample = -1
log_transaction_sample_rate = 0
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_connections = off
log_disconnections = off
log_checkpoints = off
log_lock_waits = off
log_temp_files = -1
log_autovacuum_min_duration = -1
log_timezone = 'UTC'

timezone = 'UTC'
datestyle = 'iso, ymd'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.simple'
"""
ACCESS = """\
# Written by JagaWarga at every start; changes here are lost.
local all all scram-sha-256
"""


def prepare_cluster(
    directory: DataDirectory,
    binaries: PostgresBinaries,
    account: Account,
    socket: Path,
    *,
    durable: bool,
) -> str:
    """Make or check the cluster, write its configuration, and return its owner's password.

    Raises:
        StartupError: what is there is not a cluster, is damaged or another version's, or could not be made.

    """
    cluster = directory.postgres
    if cluster.exists():
        _check(cluster, binaries)
        password = _password(directory, make=False)
    else:
        password = _password(directory, make=True)
        _make(directory, binaries, account, password, durable=durable)
    account.own(cluster)
    for name, text in (
        ("postgresql.conf", SETTINGS.format(socket=_listed(socket), durable="on" if durable else "off")),
        ("pg_hba.conf", ACCESS),
    ):
        write_private(cluster / name, text)
    account.own_files(cluster / "postgresql.conf", cluster / "pg_hba.conf")
    return password


def _listed(path: Path) -> str:
    # One element of a comma-separated list, in double quotes, inside a string of the file's, in single ones.
    element = '"' + str(path).replace('"', '""') + '"'
    return element.replace("'", "''").replace("\\", "\\\\")


def _password(directory: DataDirectory, *, make: bool) -> str:
    path = directory.keys / PASSWORD_FILE
    if path.exists():
        if password := path.read_text(encoding="ascii").strip():
            return password
        raise StartupError(f"the password file {path} is empty; restore it from a backup")
    if not make:
        raise StartupError(f"the password file {path} is missing; restore it from a backup")
    password = secrets.token_urlsafe(32)
    write_private(path, password + "\n")
    return password


def _make(
    directory: DataDirectory,
    binaries: PostgresBinaries,
    account: Account,
    password: str,
    *,
    durable: bool,
) -> None:
    workshop = directory.path / "postgres.new"
    if workshop.exists():
        shutil.rmtree(workshop)
    workshop.mkdir(mode=0o700)
    write_private(workshop / "password", password)
    account.own_files(workshop, workshop / "password")
    cluster = workshop / "cluster"
    # The builtin provider sorts and folds Unicode by itself: an upgrade of the system's C library,
    # which would silently break indexes on text, does not concern it.
    builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    making = (
        str(binaries.initdb),
        f"--pgdata={cluster}",
        f"--username={OWNER}",
        f"--pwfile={workshop / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--data-checksums",
        "--no-instructions",
        *(() if durable else ("--no-sync",)),
        *(builtin if binaries.major >= BUILTIN_LOCALE_SINCE else ()),
    )
    _tool(account, making)
    # Single-user mode: no server, no socket, no password; the database is there before the rename.
    single = (str(binaries.postgres), "--single", "-D", str(cluster), "-c", "log_checkpoints=off", "postgres")
    _tool(account, single, said=f"CREATE DATABASE {DATABASE};\n")
    cluster.rename(directory.postgres)
    sync_directory(directory.path)
    shutil.rmtree(workshop)


def _check(cluster: Path, binaries: PostgresBinaries) -> None:
    try:
        version = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise StartupError(f"{cluster} is not a PostgreSQL cluster, or damaged: no readable PG_VERSION") from None
    if version != str(binaries.major):
        raise StartupError(f"{cluster} is of PostgreSQL {version}, the server is {binaries.major}; upgrade it first")
    missing = [name for name in ("global/pg_control", "base", "pg_wal", "pg_xact") if not (cluster / name).exists()]
    if missing:
        raise StartupError(f"{cluster} is damaged: {missing[0]} is missing; restore it from a backup")
    argv = (str(binaries.controldata), str(cluster))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False, env=QUIET_ENVIRONMENT)  # noqa: S603
    # A wrong checksum of the control file is a warning here, and a refusal to start in the server.
    if done.returncode != 0 or "warning" in (done.stdout + done.stderr).lower():
        raise StartupError(f"{cluster} is damaged: its control file can not be read; restore it from a backup")


def _tool(account: Account, argv: tuple[str, ...], said: str = "") -> None:
    command = account.dress(OsCommand(argv=argv))
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            launch_argv(replace(command, env=QUIET_ENVIRONMENT)),
            input=said,
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
            cwd="/",
            env=QUIET_ENVIRONMENT,
        )
    except subprocess.TimeoutExpired:
        raise StartupError(f"{Path(argv[0]).name} did not finish within {TOOL_SECONDS:g} s") from None
    said_back = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    # Single-user mode exits with 0 after a failed statement, too; it says ERROR then.
    failed = [line for line in said_back if "ERROR:" in line or "FATAL:" in line or "error:" in line]
    if done.returncode != 0 or failed:
        why = (failed or said_back or [f"exit code {done.returncode}"])[-1]
        raise StartupError(f"PostgreSQL's cluster could not be made: {Path(argv[0]).name}: {why.strip()}")

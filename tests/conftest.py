"""Real servers for the tests: a private PostgreSQL and nats-server for the session, in a temporary directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg
import pytest
import trio
from hypothesis import settings

from jagawarga.embedded.directory import DataDirectory
from jagawarga.embedded.nats import prepare_nats
from jagawarga.embedded.postgres import prepare_postgres
from supervisors.port import OsCommand, launch_argv

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTGRESQL: Final = "postgresql"
COCKROACH: Final = "cockroach"
COCKROACH_URL: Final = os.environ.get("JAGAWARGA_TEST_COCKROACH_URL")
"""The address of a CockroachDB as an administrator: databases and roles are made there, and the databases dropped."""
BOTH: Final = (POSTGRESQL, pytest.param(COCKROACH, marks=pytest.mark.cockroach))

# How long an example takes says something about the machine, and who else is at work on it.
settings.register_profile("jagawarga", deadline=None)
settings.load_profile("jagawarga")

_databases = count(1)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[DataDirectory]:
    """Give a data directory for the session's servers; not under pytest's own, whose paths are long."""
    path = Path(tempfile.mkdtemp(prefix="jw-"))
    directory = DataDirectory.open(path)
    try:
        yield directory
    finally:
        directory.close()
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(server_directory: DataDirectory) -> Iterator[str]:
    """Give the superuser's URL of a real PostgreSQL of this session alone (database `jagawarga`, empty)."""
    server = prepare_postgres(server_directory, durable=False)
    with _serving(server.command):
        yield server.url


@pytest.fixture(scope="session")
def nats_url(server_directory: DataDirectory) -> Iterator[str]:
    """Give the URL of a real nats-server with JetStream of this session alone."""
    server = prepare_nats(server_directory, durable=False)
    with _serving(server.command):
        yield server.url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `both_databases` on a CockroachDB as well, where one is given."""
    marked = metafunc.definition.get_closest_marker("both_databases")
    if COCKROACH_URL and marked and "fresh_database_url" in metafunc.fixturenames:
        metafunc.parametrize("fresh_database_url", BOTH, indirect=True)


@pytest.fixture
def fresh_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the superuser's URL of a new, empty database that is dropped after the test (roles are shared).

    It is of the session's PostgreSQL, or of the CockroachDB that is given if the test's parameter says so.
    """
    name = f"test_{os.getpid()}_{next(_databases)}"
    if getattr(request, "param", POSTGRESQL) == POSTGRESQL:
        url: str = request.getfixturevalue("postgres_url")
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    elif COCKROACH_URL:
        url, drop = COCKROACH_URL, f"DROP DATABASE IF EXISTS {name}"
    else:
        pytest.skip("no CockroachDB: JAGAWARGA_TEST_COCKROACH_URL is to be the address of one, v25.3 or newer")
    asyncio.run(_statement(url, f"CREATE DATABASE {name}"))
    yield urlsplit(url)._replace(path=f"/{name}").geturl()
    asyncio.run(_statement(url, drop))


async def _statement(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@contextmanager
def _serving(command: OsCommand) -> Iterator[None]:
    # Not through run_port: a session's fixture lives outside of any Trio run.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            launch_argv(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(command.env or {}),
            cwd=command.cwd,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + command.ready_within
            while not trio.run(_ready, command):
                if process.poll() is not None or time.monotonic() > until:
                    output.seek(0)
                    pytest.fail(f"{command.argv[0]} did not start: {output.read().decode(errors='replace')}")
                time.sleep(0.02)
            yield
        finally:
            process.send_signal(command.parent_death_signal)  # the quick end: nothing has to last
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _ready(command: OsCommand) -> bool:
    try:
        return await command.ready()
    except OSError:
        return False

"""The embedded servers, real ones: serving, surviving, refused, private."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import site
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import nats
import pytest
import trio

from jagawarga.embedded import leftovers
from jagawarga.embedded.directory import DataDirectory
from jagawarga.embedded.nats import EmbeddedNats, greets, prepare_nats
from jagawarga.embedded.ports import ReservedPort
from jagawarga.embedded.postgres import EmbeddedPostgres, prepare_postgres
from jagawarga.embedded.tree import embedded_children
from jagawarga.errors import StartupError
from supervisors import supervisor
from supervisors.port import OsCommand, launch_argv
from supervisors.testing import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ROOT = Path(__file__).parents[2]
LIMIT = 30.0
ORDINARY = 65534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root has to do")


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a short path that does not exist, where an ordinary user can get to."""
    parent = Path(tempfile.mkdtemp(prefix="jw-"))
    parent.chmod(0o755)
    yield parent / "data"
    shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture
def directory(place: Path) -> Iterator[DataDirectory]:
    """Give an open data directory."""
    opened = DataDirectory.open(place)
    yield opened
    opened.close()


@asynccontextmanager
async def serving(postgres: EmbeddedPostgres | None = None, bus: EmbeddedNats | None = None) -> AsyncIterator[None]:
    """Run the servers under a supervisor for the block."""
    with trio.fail_after(LIMIT):
        async with running(supervisor("embedded", embedded_children(postgres, bus), intensity=5)):
            yield


async def query(url: str, sql: str) -> object:
    """Run one statement on a connection of its own and return its first value."""

    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(lambda: asyncio.run(ask()))


async def publish(url: str) -> int:
    """Store one message in a stream and return its sequence."""

    async def store() -> int:
        connection = await nats.connect(url, allow_reconnect=False)
        try:
            stream = connection.jetstream()
            await stream.add_stream(name="T", subjects=["t.>"])
            return int((await stream.publish("t.x", b"1")).seq)
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(lambda: asyncio.run(store()))


async def ready(command: OsCommand) -> None:
    """Wait until the server answers; asked as a port asks, since a failed connect of nats-py leaks its socket."""
    with trio.fail_after(LIMIT):
        while True:
            with suppress(OSError):
                if await command.ready():
                    return
            await trio.sleep(0.02)


async def none_left(find: Callable[[], list[int]]) -> None:
    """Wait until no such process is left."""
    with trio.fail_after(LIMIT):
        while find():
            await trio.sleep(0.05)


def postmaster(directory: DataDirectory) -> int:
    """Return the server's pid."""
    return int((directory.postgres / "postmaster.pid").read_text().split()[0])


def refusal(directory: DataDirectory) -> str:
    """Return what the operator is told, one line."""
    with pytest.raises(StartupError) as caught:
        prepare_postgres(directory, durable=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_both_serve_and_serve_again_with_what_was_kept(place: Path) -> None:
    """The second start is quick, and finds rows and messages of the first."""
    seconds = []
    for sequence in (1, 2):
        before = time.monotonic()
        directory = DataDirectory.open(place)
        postgres = prepare_postgres(directory)
        bus = prepare_nats(directory)
        async with serving(postgres, bus):
            seconds.append(time.monotonic() - before)
            await query(postgres.url, "CREATE TABLE IF NOT EXISTS t AS SELECT 'kept' AS v")
            assert await query(postgres.url, "SELECT v FROM t") == "kept"
            assert await publish(bus.url) == sequence
        directory.close()
    assert seconds[1] < 3


async def test_a_killed_postgres_comes_back_with_its_data(directory: DataDirectory) -> None:
    """Kill -9 of the server: the supervisor starts it again at the same URL, and what was committed is there."""
    server = prepare_postgres(directory)
    async with serving(server):
        await query(server.url, "CREATE TABLE t AS SELECT 'kept' AS v")
        first = postmaster(directory)
        os.kill(first, signal.SIGKILL)
        await none_left(lambda: [pid for pid in leftovers.working_in("postgres", directory.postgres) if pid == first])
        await ready(server.command)
        assert await query(server.url, "SELECT v FROM t") == "kept"
        assert postmaster(directory) != first
    assert leftovers.working_in("postgres", directory.postgres) == []


async def test_a_killed_nats_comes_back_on_its_port(directory: DataDirectory) -> None:
    """Kill -9 of the server: clients find it where it was, and acknowledged messages are there."""
    server = prepare_nats(directory)
    async with serving(bus=server):
        assert await publish(server.url) == 1
        (pid,) = leftovers.told("nats-server", server.configuration)
        os.kill(pid, signal.SIGKILL)
        await none_left(lambda: [each for each in leftovers.told("nats-server", server.configuration) if each == pid])
        await ready(server.command)
        assert await publish(server.url) == 2


async def test_a_connection_that_breaks_means_not_yet() -> None:
    """A server that takes the connection and dies is asked again; the probe itself does not fail."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def reset() -> None:
            connection, _ = listener.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, reset)
            assert not await greets(listener.getsockname()[1])


async def test_stop_is_in_order(directory: DataDirectory) -> None:
    """The tree's stop lets both servers end in their own way."""
    lines: list[str] = []
    async with serving(
        prepare_postgres(directory, log=lines.append, durable=False),
        prepare_nats(directory, log=lines.append, durable=False),
    ):
        pass
    said = "\n".join(lines)
    assert "Server Exiting" in said
    assert "database system is shut down" in said
    assert said.index("Server Exiting") < said.index("received fast shutdown request")


async def test_a_start_says_nothing_alarming(directory: DataDirectory) -> None:
    """A healthy start and stop write no FATAL, ERROR, or broken connection."""
    lines: list[str] = []
    async with serving(prepare_postgres(directory, log=lines.append, durable=False)):
        pass
    # Stopped in the instant after the probe hung up, the probe's session may still be there to be cut off.
    alarming = [line for line in lines if "canceling authentication" not in line]
    assert [line for line in alarming if "FATAL" in line or "ERROR" in line or "could not" in line] == []


PARENT = """
    import pathlib, sys, trio
    from jagawarga.embedded.directory import DataDirectory
    from jagawarga.embedded.nats import prepare_nats
    from jagawarga.embedded.postgres import prepare_postgres
    from jagawarga.embedded.tree import embedded_children
    from supervisors import open_runtime, supervisor
    async def main():
        directory = DataDirectory.open(pathlib.Path(sys.argv[1]))
        servers = prepare_postgres(directory, durable=False), prepare_nats(directory, durable=False)
        async with open_runtime(supervisor("embedded", embedded_children(*servers))):
            print("up", flush=True)
            await trio.to_thread.run_sync(sys.stdin.readline)
        print("down", flush=True)
    trio.run(main)
"""


# Packages from where ours are: another interpreter of the same version may have to find them.
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join((str(ROOT), *site.getsitepackages())),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def parent(place: Path, *prefix: str, python: tuple[str, ...] = (sys.executable,)) -> subprocess.Popen[str]:
    """Start a process of its own that runs both servers; it says "up", and ends when its input does."""
    return subprocess.Popen(
        [*prefix, *python, "-c", textwrap.dedent(PARENT), str(place)],
        env=ENVIRONMENT,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_kill_of_the_parent_leaves_nothing(place: Path) -> None:
    """Kill -9 of us: both servers end, and the next start finds data and directory free."""
    process = parent(place)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert leftovers.working_in("postgres", place / "postgres")
        assert leftovers.told("nats-server", place / "run" / "nats.conf")
    finally:
        process.kill()
        process.communicate()
    await none_left(lambda: leftovers.working_in("postgres", place / "postgres"))
    await none_left(lambda: leftovers.told("nats-server", place / "run" / "nats.conf"))
    directory = DataDirectory.open(place)
    server = prepare_postgres(directory, durable=False)
    async with serving(server, prepare_nats(directory, durable=False)):
        assert await query(server.url, "SELECT 1") == 1
    directory.close()


async def test_a_server_left_over_is_ended_and_a_stranger_is_not(directory: DataDirectory) -> None:
    """A PostgreSQL that outlived us is ended before a start; who just stands in its directory is left alone."""
    server = prepare_postgres(directory, durable=False)
    argv = launch_argv(server.command)
    at = argv.index("--death-signal")
    del argv[at : at + 4]  # as on a system where the kernel does not tell it of our death
    orphan = subprocess.Popen(argv, cwd="/", stderr=subprocess.DEVNULL, start_new_session=True)
    stranger = subprocess.Popen(["sleep", "60"], cwd=directory.postgres)
    try:
        await ready(server.command)
        async with serving(server):
            assert orphan.poll() is not None
            assert postmaster(directory) != orphan.pid
            assert await query(server.url, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        for process in (orphan, stranger):
            process.kill()
            process.wait()


async def test_a_nats_left_over_is_ended(directory: DataDirectory) -> None:
    """A nats-server that outlived us lets go of the stream files before the next one opens them."""
    old = prepare_nats(directory, durable=False)
    orphan = subprocess.Popen(old.command.argv, stderr=subprocess.DEVNULL)
    try:
        await ready(old.command)
        assert await publish(old.url) == 1
        old.port.release()
        new = prepare_nats(directory, durable=False)
        async with serving(bus=new):
            assert orphan.poll() is not None
            assert await publish(new.url) == 2
    finally:
        orphan.kill()
        orphan.wait()


async def test_a_lock_file_naming_a_living_stranger_does_not_block(directory: DataDirectory) -> None:
    """After a restart of the machine the noted pid may be anybody's; PostgreSQL alone would refuse to start."""
    server = prepare_postgres(directory, durable=False)
    (directory.postgres / "postmaster.pid").write_text(f"{os.getpid()}\n{directory.postgres}\n")
    server.socket.with_name(server.socket.name + ".lock").write_text(f"{os.getpid()}\n")
    async with serving(server):
        assert await query(server.url, "SELECT 1") == 1


async def test_a_first_start_cut_off_is_begun_again(directory: DataDirectory) -> None:
    """Half a cluster is thrown away; a password already drawn is used."""
    (directory.path / "postgres.new" / "cluster").mkdir(parents=True)
    (directory.path / "postgres.new" / "cluster" / "PG_VERSION").write_text("18\n")
    (directory.keys / "postgres.password").write_text("drawn\n")
    server = prepare_postgres(directory, durable=False)
    assert not (directory.path / "postgres.new").exists()
    async with serving(server):
        assert await query(server.url, "SELECT current_database()") == "jagawarga"


def test_damage_is_refused_in_one_line(directory: DataDirectory) -> None:
    """Whatever is wrong with a cluster is told before a server is started on it, and nothing is changed."""
    prepare_postgres(directory, durable=False)
    cluster = directory.postgres
    control = cluster / "global" / "pg_control"
    password = directory.keys / "postgres.password"
    for path, content, told in (
        (cluster / "PG_VERSION", None, "is not a PostgreSQL cluster, or damaged: no readable PG_VERSION"),
        (cluster / "PG_VERSION", b"16\n", "is of PostgreSQL 16, the server is"),
        (control, None, "is damaged: global/pg_control is missing"),
        (control, b"\0" * 8192, "is damaged: its control file can not be read"),
        (control, control.read_bytes()[:100], "is damaged: its control file can not be read"),
        (cluster / "pg_wal", None, "is damaged: pg_wal is missing"),
        (password, None, "is missing; restore it"),
        (password, b"", "is empty; restore it"),
    ):
        aside = directory.path / "aside"
        path.rename(aside)
        if content is not None:
            path.write_bytes(content)
        try:
            assert told in refusal(directory)
        finally:
            path.unlink(missing_ok=True)
            aside.rename(path)
    prepare_postgres(directory, durable=False)


def test_what_the_system_refuses_is_one_line(directory: DataDirectory) -> None:
    """A room that can not be made or written is told to the operator, not thrown at them."""
    (directory.run / "postgres").touch()
    assert "is not a directory" in refusal(directory)
    (directory.run / "nats.conf").mkdir()
    with pytest.raises(StartupError, match=r"nats\.conf"):
        prepare_nats(directory)


def test_a_foreign_directory_in_the_clusters_place_is_refused(directory: DataDirectory) -> None:
    """Files that are no cluster are not taken for one, and not initialised over."""
    directory.postgres.mkdir()
    (directory.postgres / "notes").touch()
    assert "is not a PostgreSQL cluster" in refusal(directory)
    assert (directory.postgres / "notes").exists()


def test_missing_programs_are_told(directory: DataDirectory, place: Path) -> None:
    """A wrong program directory is one line that names it."""
    with pytest.raises(StartupError, match=f"no working PostgreSQL in {place}"):
        prepare_postgres(directory, binaries=place)
    with pytest.raises(StartupError, match=f"no nats-server at {place}/x"):
        prepare_nats(directory, program=place / "x")


async def test_the_log_holds_nothing_people_wrote(directory: DataDirectory) -> None:
    """Statements that fail in every way with a canary in them leave no trace of it in the server's output."""
    lines: list[str] = []
    server = prepare_postgres(directory, log=lines.append, durable=False)
    canary = "Kanari3174xyz"

    async def provoke() -> int:
        connection = await asyncpg.connect(server.url)
        failed = 0
        await connection.execute("CREATE TABLE t (name text PRIMARY KEY, n int CHECK (n < 5))")
        await connection.execute("INSERT INTO t VALUES ($1, 1)", canary)
        for sql, parameters in (
            (f"SELECT '{canary}'::int", ()),
            ("SELECT $1::text::uuid", (canary,)),
            ("INSERT INTO t VALUES ($1, 1)", (canary,)),
            ("INSERT INTO t VALUES ($1, 9)", (canary + "9",)),
            (f'SELECT "{canary}"', ()),
            (f"SELEC {canary}", ()),
            ("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1), $1::text", (canary,)),
            (f"SELECT pg_terminate_backend(pg_backend_pid()), '{canary}'", ()),
        ):
            try:
                await connection.fetch(sql, *parameters)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                failed += 1
        return failed

    async with serving(server):
        assert await trio.to_thread.run_sync(lambda: asyncio.run(provoke())) == 8
        os.kill(postmaster(directory), signal.SIGHUP)
        await trio.sleep(0.2)
    assert any("terminating connection" in line for line in lines)
    assert [line for line in lines if canary.lower() in line.lower()] == []


async def test_only_the_password_opens_the_servers(directory: DataDirectory) -> None:
    """Who gets to the socket or the port still needs the password."""
    server, bus = prepare_postgres(directory, durable=False), prepare_nats(directory, durable=False)
    password = (directory.keys / "postgres.password").read_text().strip()
    assert (directory.keys / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert bus.configuration.stat().st_mode & 0o777 == 0o600
    assert server.socket.parent.stat().st_mode & 0o777 == 0o700
    async with serving(server, bus):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(server.url.replace(password, "wrong"), "SELECT 1")
        async with await trio.open_tcp_stream("127.0.0.1", bus.port.number) as stream:
            await stream.send_all(b'CONNECT {"verbose":false}\r\nPING\r\n')
            said = b"".join([chunk async for chunk in stream])
        assert b"Authorization Violation" in said
        assert b"PONG" not in said
        assert await query(server.url, "SHOW listen_addresses") == ""


async def test_the_cluster_is_set_up_to_last(directory: DataDirectory) -> None:
    """Checksums, fsync and synchronous commit are on; text is UTF-8, times are UTC."""
    server = prepare_postgres(directory)
    async with serving(server):
        for setting, value in (
            ("data_checksums", "on"),
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("synchronous_commit", "on"),
            ("server_encoding", "UTF8"),
            ("timezone", "UTC"),
            ("track_commit_timestamp", "off"),
            ("password_encryption", "scram-sha-256"),
        ):
            assert (setting, await query(server.url, f"SHOW {setting}")) == (setting, value)
        assert await query(server.url, "SELECT lower('ÉÑ')") == "éñ"


async def test_a_long_path_is_no_problem(place: Path) -> None:
    """Where the socket's path would be too long for the kernel, it is in the temporary directory, ours alone."""
    directory = DataDirectory.open(place / ("long" * 30))
    server = prepare_postgres(directory, durable=False)
    try:
        assert server.socket.parent.stat().st_mode & 0o777 == 0o700
        async with serving(server):
            assert await query(server.url, "SELECT 1") == 1
    finally:
        directory.close()
    assert not server.socket.parent.exists()


async def test_a_path_of_odd_characters_is_no_problem(place: Path) -> None:
    """Quotes, commas, blanks, signs and letters of all kinds in the path reach both servers as they are."""
    directory = DataDirectory.open(place / 'it\'s, "a\\b" %20$x #é')
    servers = prepare_postgres(directory, durable=False), prepare_nats(directory, durable=False)
    async with serving(*servers):
        assert await query(servers[0].url, "SELECT 1") == 1
        assert await publish(servers[1].url) == 1
    assert (directory.nats / "jetstream").is_dir()
    directory.close()
    assert not servers[0].socket.parent.exists()


def test_a_link_in_the_sockets_place_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody put into the temporary directory beforehand is not followed."""
    directory = DataDirectory.open(place / ("long" * 30))
    temporary = place.parent / "t"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    server = prepare_postgres(directory, durable=False)
    server.socket.parent.rmdir()
    server.socket.parent.symlink_to(place)
    assert "is not ours" in refusal(directory)
    directory.close()


def test_a_reserved_port_is_given_to_nobody_and_can_be_listened_on() -> None:
    """Nobody who asks for any port gets it; the child that binds it on purpose does, again and again."""
    port = ReservedPort.any()
    given = [socket.create_server(("127.0.0.1", 0)) for _ in range(200)]
    assert port.number not in {each.getsockname()[1] for each in given}
    for each in given:
        each.close()
    for _ in range(2):
        socket.create_server(("127.0.0.1", port.number)).close()  # sets SO_REUSEADDR, as Go does
    port.release()


def serve_once(place: Path, *prefix: str, python: tuple[str, ...] = (sys.executable,)) -> tuple[int, str]:
    """Run both servers in a process of its own, up and down; return its exit code and what it said."""
    process = parent(place, *prefix, python=python)
    said = process.communicate("\n", timeout=LIMIT)[0]
    return process.returncode, said


def pythons() -> Iterator[tuple[str, ...]]:
    """Yield command lines of interpreters that an ordinary user can run; ours may be in root's home."""
    drop = ("setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups")
    for candidate in (sys.executable, "/usr/bin/python3"):
        again = "import subprocess, sys, trio; sys.exit(subprocess.run([sys.executable, '-c', '']).returncode)"
        argv = [*drop, candidate, "-c", again]
        if subprocess.run(argv, check=False, capture_output=True, env=ENVIRONMENT).returncode == 0:
            yield (*drop, candidate)


@only_root
def test_an_ordinary_user_needs_no_tricks(place: Path) -> None:
    """Without root everything runs as the user, and everything is the user's."""
    python = next(pythons(), None)
    if python is None:
        pytest.skip("no interpreter that an ordinary user can run")
    place.mkdir()
    os.chown(place, ORDINARY, ORDINARY)
    assert serve_once(place, python=python) == (0, "up\ndown\n")
    assert {path.lstat().st_uid for path in place.rglob("*")} == {ORDINARY}


@only_root
def test_as_root_everything_stays_roots(place: Path) -> None:
    """The namespace changes what PostgreSQL sees, not who owns the files."""
    assert serve_once(place) == (0, "up\ndown\n")
    assert {path.lstat().st_uid for path in place.rglob("*")} == {0}


# Root of a user namespace with all ids mapped, in which further namespaces are refused: as in many containers.
REFUSED = """
    import ctypes, os, sys
    ready, go = os.pipe(), os.pipe()
    parent = os.getpid()
    if not (child := os.fork()):
        os.read(ready[0], 1)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{parent}/{name}", "w") as file:
                file.write("0 0 65536")
        os.write(go[1], b"1")
        os._exit(0)
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(ready[1], b"1")
    os.read(go[0], 1)
    os.waitpid(child, 0)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    os.execv(sys.argv[1], sys.argv[1:])
"""


@only_root
def test_where_namespaces_are_refused_root_uses_an_account(place: Path) -> None:
    """PostgreSQL then runs as an unprivileged account that owns the cluster; back outside, root owns it again."""
    prefix = (sys.executable, "-c", textwrap.dedent(REFUSED))
    if subprocess.run([*prefix, "/bin/true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no namespace to try it in")
    assert serve_once(place, *prefix) == (0, "up\ndown\n")
    assert (place / "postgres").stat().st_uid != 0
    assert (place / "keys").stat().st_mode & 0o777 == 0o700
    assert serve_once(place, *prefix) == (0, "up\ndown\n")
    assert serve_once(place) == (0, "up\ndown\n")
    assert (place / "postgres").stat().st_uid == 0


@only_root
def test_data_out_of_reach_of_the_lent_account_is_told(place: Path) -> None:
    """Root inside a directory that only its owner may pass: one line, before anything is made."""
    place.parent.chmod(0o700)
    os.chown(place.parent, 1234, 1234)
    directory = DataDirectory.open(place)
    told = refusal(directory)
    directory.close()
    assert "PostgreSQL refuses to run as root and no other way was found" in told
    assert str(place) in told

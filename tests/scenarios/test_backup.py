"""Backup and restore of a whole house: under load, stopped, damaged, with wrong keys."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import nats
import pytest
import trio

from jagawarga.client import Client, Patience
from jagawarga.embedded.directory import DataDirectory
from scripts.chaos.ledger import Ledger
from scripts.chaos.load import Load
from scripts.chaos.stage import Stage
from scripts.chaos.trial import ENVIRONMENT, open_codes, quiet, verdict_of
from tests.scenarios.house import ROOT, House, house

FAST = {**ENVIRONMENT, "JAGAWARGA_SLA_TIME_SCALE": "172800"}


def jagawarga(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "jagawarga", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What was said of a refusal: one line, exit code 2, nothing on standard output."""
    said = [line for line in done.stderr.splitlines() if line.startswith("jagawarga: ")]
    assert (done.returncode, done.stdout, len(said)) == (2, "", 1), done
    assert said[0] == done.stderr.splitlines()[-1]
    return said[0]


@dataclass(frozen=True)
class Kept:
    """A small house, stopped, and its backup made while it ran."""

    directory: Path
    data: Path
    archive: Path
    keys: Path
    facts: dict[str, Any]
    codes: tuple[str, ...]
    rows: Mapping[str, list[str]]


def report(privacy: str, number: int) -> dict[str, Any]:
    return {
        "privacy": privacy,
        "category": "korupsi",
        "latitude": -6.9,
        "longitude": 107.6,
        "text": f"Petugas loket meminta uang, kejadian ke {('satu', 'dua', 'tiga', 'empat')[number % 4]}.",
    }


async def every_row(dsn: str) -> dict[str, list[str]]:
    """Every row of every table as text."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN "
            "('pg_catalog', 'information_schema', 'jagawarga_meta') ORDER BY 1, 2"
        )
        found = {}
        for schema, table in tables:
            values = await connection.fetch(f'SELECT t::text AS line FROM "{schema}"."{table}" t ORDER BY 1')
            found[f"{schema}.{table}"] = [each["line"] for each in values]
        return found
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """A house with reports of every kind; not under pytest's own directory, whose paths are long."""
    directory = Path(tempfile.mkdtemp(prefix="jw-"))
    archive, keys = directory / "night.jw", directory / "elsewhere.keys"
    with house(directory, JAGAWARGA_SLA_TIME_SCALE="1", JAGAWARGA_SUBMISSIONS_BURST="100") as running:
        citizen = running.sign_in_as("citizen")
        codes = []
        for number in range(12):
            body = report(("public", "private", "anonymous")[number % 3], number)
            answer = running.http.post("/v1/reports", json=body, headers=citizen)
            assert answer.status_code == 201, answer.text
            codes.append(answer.json()["tracking_code"])
        (running.data / "media" / "ab").mkdir(parents=True)
        (running.data / "media" / "ab" / "picture").write_bytes(os.urandom(3_000_000))
        until = time.monotonic() + 20
        while len(running.http.get("/v1/me/notifications", headers=citizen).json()["items"]) < 8:
            assert time.monotonic() < until
            time.sleep(0.05)
        done = jagawarga("backup", archive, "--data", running.data, "--keys", keys, "--json")
        assert done.returncode == 0, done.stderr
        rows = asyncio.run(every_row(running.control("dsn")))
    yield Kept(directory, running.data, archive, keys, json.loads(done.stdout), tuple(codes), rows)
    shutil.rmtree(directory)


@pytest.fixture
def new(kept: Kept) -> Iterator[Path]:
    """A name for a restored directory."""
    yield kept.directory / "new"
    shutil.rmtree(kept.directory / "new", ignore_errors=True)


def test_the_restored_house_is_the_old_one(kept: Kept, new: Path) -> None:
    """Every row, account, code, notice and file is there; only what is the process's own is made anew."""
    done = jagawarga("restore", kept.archive, "--data", new, "--keys", kept.keys, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["parts"] == kept.facts["parts"]
    assert (new / "media" / "ab" / "picture").read_bytes() == (kept.data / "media" / "ab" / "picture").read_bytes()
    assert sorted(each.name for each in new.iterdir()) == [
        "accounts.json", "jagawarga.json", "keys", "keys-check.json", "media", "nats", "postgres",
    ]  # fmt: skip
    ours = [new, *(path for path in new.rglob("*") if not {"postgres", "nats"} & set(path.parts[:-1]))]
    assert [path for path in ours if path.stat().st_mode & 0o077] == []
    restored = House(new, kept.directory / "new.txt", {"JAGAWARGA_SLA_TIME_SCALE": "1"})
    restored.start()
    try:
        assert asyncio.run(every_row(restored.control("dsn"))) == kept.rows
        for code in kept.codes:
            assert restored.http.get("/v1/tracking", headers={"Tracking-Code": code}).status_code == 200
        citizen = restored.sign_in_as("citizen")
        mine = restored.http.get("/v1/me/reports", headers=citizen).json()["items"]
        assert len(mine) == 8
        assert all("loket" in each["text"] for each in mine)
        assert restored.http.post("/v1/reports", json=report("public", 1), headers=citizen).status_code == 201
    finally:
        restored.http.close()
        restored.stop()


def test_arrival_times_do_not_come_along(kept: Kept, new: Path) -> None:
    """The restored stream says when it was restored, and no longer when each event happened (ADR 5)."""
    began = time.time()
    assert jagawarga("restore", kept.archive, "--data", new, "--keys", kept.keys).returncode == 0
    restored = House(new, kept.directory / "new.txt", {"JAGAWARGA_SLA_TIME_SCALE": "1"})
    restored.start()
    try:

        async def arrivals() -> list[float]:
            client = await nats.connect(restored.control("nats_url"))
            subscription = await client.jetstream().subscribe("jagawarga.events.>", ordered_consumer=True)
            number = (await client.jetstream().stream_info("EVENTS")).state.messages
            found = [(await subscription.next_msg(5)).metadata.timestamp.timestamp() for _ in range(number)]
            await client.close()
            return found

        assert min(asyncio.run(arrivals())) >= began - 1
    finally:
        restored.http.close()
        restored.stop()


def test_the_archive_alone_says_nothing(kept: Kept) -> None:
    """No word of any row, no name of a table or an account can be found in it; both files are their owner's alone."""
    content = kept.archive.read_bytes()
    head = content[: content.index(b"\n", 20)]
    words = {word for lines in kept.rows.values() for line in lines for word in line.strip("()").split(",")}
    words |= {each["username"] for each in json.loads((kept.data / "accounts.json").read_text())}
    words |= {*kept.rows, *kept.codes, "korupsi"}
    long = {word.strip('"\\{}') for word in words if len(word.strip('"\\{}')) >= 6}
    assert len(long) > 50
    assert [word for word in long if word.encode() in content] == []
    binary = [bytes.fromhex(word[1:]) for word in long if word.startswith("x") and len(word) > 16]
    assert len(binary) > 20
    assert not any(each in content for each in binary)
    assert b"reports" not in head
    for path in (kept.archive, kept.keys):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (kept.data / "keys" / "master-1.key").read_bytes() not in content


def test_a_stopped_house_gives_the_same(kept: Kept, new: Path) -> None:
    """Backed up with nothing running, and without being told where the keys go; the directory serves as before."""
    archive = kept.directory / "stopped.jw"
    done = jagawarga("backup", archive, "--data", kept.data, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["parts"] == kept.facts["parts"]
    assert archive.with_name("stopped.jw.keys").read_bytes() == kept.keys.read_bytes()
    assert jagawarga("restore", archive, "--data", new, "--keys", kept.keys).returncode == 0


def test_progress_is_told_on_standard_error(kept: Kept) -> None:
    """A line a part; without --verify nothing is restored."""
    done = jagawarga("backup", kept.directory / "quick.jw", "--data", kept.data, "--keys", kept.keys, "--no-verify")
    assert done.returncode == 0
    assert "backed up in" in done.stdout
    assert "  reports.report" in done.stderr
    assert "restored" not in done.stderr


@pytest.mark.parametrize("how", ["cut", "empty", "flipped early", "flipped late", "longer", "foreign", "format"])
def test_a_damaged_archive_changes_nothing(how: str, kept: Kept, new: Path) -> None:
    """One line, exit code 2, and no trace of the target."""
    content = bytearray(kept.archive.read_bytes())
    match how:
        case "cut":
            del content[-200:]
        case "empty":
            content.clear()
        case "flipped early":
            content[600] ^= 1
        case "flipped late":
            content[-600] ^= 1
        case "longer":
            content += b"x"
        case "foreign":
            content = bytearray(b"PK\x03\x04" * 100)
        case "format":
            content = content.replace(b'"format": 1', b'"format": 7', 1)
    broken = kept.directory / "broken.jw"
    broken.write_bytes(content)
    refused(jagawarga("restore", broken, "--data", new, "--keys", kept.keys))
    assert not new.exists()


def test_wrong_keys_change_nothing(kept: Kept, new: Path) -> None:
    """Another installation's key file, none, or one open to others."""
    other = kept.directory / "other.keys"
    other.write_text(json.dumps({"kind": "jagawarga-keys", "format": 1, "masters": {"1": "ab" * 32}}))
    other.chmod(0o600)
    assert "not this archive's" in refused(jagawarga("restore", kept.archive, "--data", new, "--keys", other))
    other.chmod(0o644)
    assert "chmod 600" in refused(jagawarga("restore", kept.archive, "--data", new, "--keys", other))
    refused(jagawarga("restore", kept.archive, "--data", new, "--keys", kept.directory / "none"))
    assert not new.exists()


def test_a_target_in_use_is_left_alone(kept: Kept, new: Path) -> None:
    """Whatever lies there; an empty directory will do."""
    new.mkdir()
    (new / "thesis.txt").write_text("ten years of work")
    assert "empty" in refused(jagawarga("restore", kept.archive, "--data", new, "--keys", kept.keys))
    assert [each.name for each in new.iterdir()] == ["thesis.txt"]
    (new / "thesis.txt").unlink()
    assert jagawarga("restore", kept.archive, "--data", new, "--keys", kept.keys).returncode == 0


def test_a_restore_that_fails_leaves_an_empty_directory_empty(kept: Kept, new: Path) -> None:
    """Here because it was made to fail in the middle, its servers running."""
    new.mkdir(mode=0o700)
    command = [
        sys.executable,
        "-m",
        "jagawarga",
        "restore",
        *map(str, (kept.archive, "--data", new, "--keys", kept.keys)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.readline()  # the first part is in
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was faster")
    assert process.returncode == 130
    assert list(new.iterdir()) == []


def test_an_interrupted_backup_leaves_nothing(kept: Kept) -> None:
    """No archive, no part of one, no temporary directory, no server."""
    place = Path(tempfile.mkdtemp(prefix="jw-"))
    archive = place / "cut.jw"
    command = [
        sys.executable,
        "-m",
        "jagawarga",
        "backup",
        *map(str, (archive, "--data", kept.data, "--keys", kept.keys)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(place)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    while b"restored" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert [each.name for each in place.iterdir() if "-verify-" in each.name or "cut" in each.name] == []
    shutil.rmtree(place)


def test_what_can_not_be_backed_up_is_told(kept: Kept, tmp_path: Path) -> None:
    """No house, a house that gives no answer, an archive that is there, a place that is not, other keys."""
    archive = tmp_path / "a.jw"

    def said(*options: str | Path) -> str:
        return refused(jagawarga("backup", *options))

    assert "no embedded database" in said(archive, "--data", tmp_path)
    assert "already" in said(kept.archive, "--data", kept.data, "--keys", kept.keys)
    assert "can not be written" in said(tmp_path / "no" / "a.jw", "--data", kept.data, "--keys", kept.keys)
    (tmp_path / "k").write_text("mine")
    (tmp_path / "k").chmod(0o600)
    assert "not a key file" in said(archive, "--data", kept.data, "--keys", tmp_path / "k")
    directory = DataDirectory.open(kept.data)
    try:
        assert "in use" in said(archive, "--data", kept.data, "--keys", kept.keys)
    finally:
        directory.close()
    done = jagawarga("backup", archive, "--data", kept.data, JAGAWARGA_DATABASE_URL="postgresql://a@b/c")
    assert "not embedded" in refused(done)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["k"]


async def test_under_load_every_promise_is_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A house is backed up twice while reports are filed, agencies act, deadlines pass and its relay is being killed.

    It dies; the restored one has every report and step acknowledged before the backup began, each opens with its code,
    each event is published and processed once, and each deadline climbs one level, once.
    """
    directory = Path(tempfile.mkdtemp(prefix="jw-"))
    ledger = Ledger()
    promised: list[Ledger] = []
    with house(directory, **FAST) as old:
        address, accounts = str(old.http.base_url), old.accounts()
        async with Client(address, patience=Patience(tries=20), connections=128) as client:
            load = Load(client, accounts, ledger, Random(5), 80.0)
            async with trio.open_nursery() as nursery, trio.open_nursery() as havoc:
                # It ends by itself: httpx leaves generators to the collector when a request is cancelled.
                nursery.start_soon(load.run, 11.0)
                havoc.start_soon(_kill_relay, Stage(address, old.data))
                for number in range(2):
                    with trio.fail_after(30):
                        while ledger.count("acknowledged") <= 60 * (number + 1):
                            await trio.sleep(0.05)
                    promised.append(deepcopy(ledger))
                    command = ("backup", directory / f"{number}.jw", "--data", old.data, "--keys", directory / "keys")
                    done = await trio.to_thread.run_sync(lambda said: jagawarga(*said), command)
                    assert done.returncode == 0, done.stderr
                havoc.cancel_scope.cancel()
        old.stop(signal.SIGKILL)
    for number, before in enumerate(promised):
        assert before.count("acknowledged") > 60 * number
        _doubt_the_rest(before, ledger)
        data = directory / f"new{number}"
        done = jagawarga("restore", directory / f"{number}.jw", "--data", data, "--keys", directory / "keys")
        assert done.returncode == 0, done.stderr
        await _audit(House(data, directory / "log.txt", FAST), before)
    shutil.rmtree(directory)


async def _kill_relay(instance: Stage) -> None:
    while True:
        await trio.sleep(0.2)
        await instance.ask("kill", actor="relay")


def _doubt_the_rest(before: Ledger, ledger: Ledger) -> None:
    """What was filed after the backup began may be in it or not."""
    for attempt in before.attempts:
        if attempt.outcome == "pending":
            attempt.outcome = "doubtful"
    for key, times in ledger.polls.items():
        if times != before.polls[key]:
            before.votes[key] = "doubtful"
    for attempt in ledger.attempts[len(before.attempts) :]:
        before.attempts.append(deepcopy(attempt))
        before.attempts[-1].outcome = "doubtful"


async def _audit(new: House, ledger: Ledger) -> None:
    await trio.to_thread.run_sync(new.start)
    try:
        instance = Stage(str(new.http.base_url), new.data)
        truth, _ = await quiet(instance)
        verdict = await verdict_of(instance, ledger, truth)
        async with Client(instance.url, patience=Patience(tries=20)) as client:
            await open_codes(client, ledger, verdict)
        assert verdict.as_json()["faults"] == {}
        assert verdict.escalations > 20
        assert verdict.acknowledged > 50
    finally:
        new.http.close()
        new.stop()

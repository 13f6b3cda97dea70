"""NFR-S2 and NFR-S4, looked for by looking: an anonymous reporter leaves no trace on any disk."""

from __future__ import annotations

import asyncio
import base64
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio

from supervisors.control import ControlError
from tests.scenarios.house import House, house

CANARY = {
    "nik": "3273014501900007",
    "name": "Kenari Wulandhari Prawirasasmita",
    "password": "burung-kuning-tidak-bernyanyi",
    "phone": "+6281298765432",
    "email": "kenari.wulandhari@surat-kenari.example",
    "address": "Jalan Sangkar Emas No. 47 RT 05 RW 11, Mekarkicau",
}
TEXT = (
    "Lurah meminta uang lima ratus ribu untuk surat pindah. Nama saya Kenari Wulandhari Prawirasasmita, "
    "NIK 3273014501900007, telepon 0812-9876-5432 atau +62 812 9876 5432, surel "
    "kenari.wulandhari@surat-kenari.example. Saya tinggal di Jalan Sangkar Emas No. 47 RT 05 RW 11, Mekarkicau. "
    "Kejadian di loket dua hari Senin. Hormat saya, Kenari W."
)
SECRETS = (
    "Wulandhari",
    "Prawirasasmita",
    "Kenari",
    "3273014501900007",
    "6281298765432",
    "081298765432",
    "81298765432",
    "0812-9876-5432",
    "812 9876 5432",
    "kenari.wulandhari",
    "surat-kenari",
    "Sangkar Emas",
    "Mekarkicau",
    "burung-kuning",
)


def spellings(secret: str) -> Iterator[bytes]:
    """The forms in which a file may hold a word."""
    for each in {secret, secret.lower(), secret.upper()}:
        yield each.encode()
        yield each.encode("utf-16-le")
        yield base64.b64encode(each.encode())[: len(each) // 3 * 4]


def scan(directory: Path, needles: dict[str, list[bytes]]) -> list[str]:
    """Names of the files below `directory` that hold a needle, with the needle's name."""
    found = []
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_socket():
            content = path.read_bytes()
            found += [
                f"{path.relative_to(directory)}: {name}"
                for name, forms in needles.items()
                if any(form in content for form in forms)
            ]
    return found


@pytest.fixture(scope="module", params=["database up", "database away"])
def filed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, str, Path]]:
    """A house in which the canary person has filed an anonymous report, while the database was up, or away."""
    away = request.param == "database away"
    directory = tmp_path_factory.mktemp("canary")
    with house(directory) as running:
        assert running.http.post("/v1/citizens", json=CANARY).status_code == 201
        headers = running.sign_in(CANARY["nik"], CANARY["password"])
        corruption = next(
            each["key"]
            for each in running.http.get("/v1/categories").json()["items"]
            if "korup" in (each["key"] + each["name"]).lower() or "pungli" in (each["key"] + each["name"]).lower()
        )
        body = {
            "privacy": "anonymous",
            "category": corruption,
            "text": TEXT,
            "latitude": -6.9,
            "longitude": 107.6,
            "address": "Kantor kelurahan; rumah saya Jalan Sangkar Emas No. 47 RT 05 RW 11",
        }
        if away:
            running.control("terminate", actor="postgres")
        answer = running.http.post("/v1/reports", json=body, headers={**headers, "User-Agent": "Kenari/1.0"})
        assert answer.status_code == (202 if away else 201), answer.text
        assert "report_id" not in answer.json()
        code = answer.json()["tracking_code"]
        if away:
            # Where it waits, nothing of the person is either; and the code works before the database does.
            assert scan(directory, {secret: list(spellings(secret)) for secret in SECRETS}) == []
            assert running.http.get("/v1/tracking", headers={"Tracking-Code": code}).json()["status"] == "received"
            running.control("start", actor="jagawarga/embedded/postgres")
            _until_written(running)
        yield running, code, directory


def _until_written(running: House) -> None:
    """Wait until no report waits with the broker any more, and the database has it."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if running.control("reports"):
                return
        except ControlError:
            pass
        time.sleep(0.1)
    pytest.fail("the report was not written within 30 s")


async def _rows(dsn: str, *, identity: bool) -> dict[str, list[str]]:
    """Every row of every table as text: of the identity schema, or of all the others."""

    async def read() -> dict[str, list[str]]:
        connection = await asyncpg.connect(dsn)
        try:
            tables = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN "
                "('pg_catalog', 'information_schema') AND (schemaname = 'identity') = $1",
                identity,
            )
            rows = {}
            for schema, table in tables:
                values = await connection.fetch(f'SELECT t::text AS line FROM "{schema}"."{table}" t')
                rows[f"{schema}.{table}"] = [each["line"] for each in values]
            return rows
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(lambda: asyncio.run(read()))


def _checkpoint(dsn: str) -> None:
    """Have the database write all it holds in memory to its files."""

    async def write() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CHECKPOINT")
        await connection.close()

    asyncio.run(write())


def test_nothing_typed_is_on_disk(filed: tuple[House, str, Path]) -> None:
    """What the person typed that identifies them is in no file: database, write-ahead log, stream, keys, logs."""
    running, _, directory = filed
    _checkpoint(running.control("dsn"))
    needles = {secret: list(spellings(secret)) for secret in SECRETS}
    assert scan(directory, needles) == []


def test_nothing_typed_is_in_the_unsealed_report(filed: tuple[House, str, Path]) -> None:
    """Sealing hides nothing from this test: the report as the agency reads it has nothing of the person either."""
    running, _, _ = filed
    pages = []
    for account in running.accounts():
        if account["role"] == "officer":
            headers = running.sign_in(account["username"], account["password"])
            pages += running.http.get("/v1/agency/reports", headers=headers).json()["items"]
    assert pages
    everything = re.sub(r"[\s.\-]", "", str(pages)).lower()
    for secret in SECRETS:
        assert re.sub(r"[\s.\-]", "", secret).lower() not in everything
    assert "loket dua" in str(pages), "the complaint itself must survive"


async def test_identitys_keys_stay_in_identity(filed: tuple[House, str, Path]) -> None:
    """Neither the account's id nor its pseudonym nor its digests are in any other schema, the stream or the logs."""
    running, _, directory = filed
    dsn = running.control("dsn")
    inside = await _rows(dsn, identity=True)
    outside = str(await _rows(dsn, identity=False)).lower()
    ids = set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}|\\\\x[0-9a-f]{32,}", str(inside)))
    assert ids
    for each in ids:
        assert each.lower().removeprefix("\\\\x") not in outside
    needles = {
        each: [each.encode(), uuid.UUID(each).bytes] if "-" in each else [bytes.fromhex(each.removeprefix("\\\\x"))]
        for each in ids
    }
    assert scan(directory / "var" / "nats", needles) == []
    assert not [
        name for name, forms in needles.items() if any(form in (directory / "log.txt").read_bytes() for form in forms)
    ]


def test_the_code_opens_it_and_is_not_kept(filed: tuple[House, str, Path]) -> None:
    """The tracking code opens status and history, and is itself nowhere on disk."""
    running, code, directory = filed
    answer = running.http.get("/v1/tracking", headers={"Tracking-Code": code})
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["history"][0]["event"].endswith("received")
    assert "text" not in seen
    bare = code.replace("-", "")
    assert scan(directory, {"code": [code.encode(), bare.encode(), bare.lower().encode()]}) == []


def test_own_list_does_not_show_it(filed: tuple[House, str, Path]) -> None:
    """Not even the person's own account knows of the report."""
    running, _, _ = filed
    headers = running.sign_in(CANARY["nik"], CANARY["password"])
    assert running.http.get("/v1/me/reports", headers=headers).json()["items"] == []
    assert running.http.get("/v1/me/notifications", headers=headers).json()["items"] == []
    feed: Any = running.http.get("/v1/reports").json()
    assert feed["items"] == []

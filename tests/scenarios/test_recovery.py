"""Starting with a history: everybody is guarded and whoever is late climbs, also with rows that can not be read."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from supervisors.control import ControlError, NotRunning
from tests.scenarios.house import House, house

ROOT = Path(__file__).resolve().parents[2]


def test_a_start_with_many_open_reports() -> None:
    """The bench on a small house: every report guarded, the overdue climbed once each, no request refused."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "scripts.bench.recovery_run.main", "--json", "--rest", "0"),
            *("--reports", "3000", "--overdue", "700", "--limit", "60"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    assert found["good"]
    assert found["checks"]["escalated"] == found["checks"]["escalated_reports"] == 700
    assert found["started"] >= 3000
    assert None not in found["seconds"].values()
    assert found["states"]["hibernated"] >= 3000
    assert found["requests_in_all"]["all"]["failed"] == 0
    assert found["requests_in_all"]["all"]["requests"] > 0


def ask_database(url: str, sql: str, *args: Any) -> Any:
    async def work() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(sql, *args)
        finally:
            await connection.close()

    return asyncio.run(work())


def until(running: House, wanted: Any) -> None:
    """Wait until the process answers so, within a time nobody would call late."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if wanted():
                return
        except (ControlError, NotRunning):
            pass
        time.sleep(0.1)
    pytest.fail(f"not within 30 s: {running.log.read_text()[-2000:]}")


def test_one_bad_row_is_one_bad_row(tmp_path: Path) -> None:
    """Seen by the operator, an error by itself, a gap in lists; everybody else is served, and climbs after a start."""
    with house(tmp_path) as running:
        citizen = running.sign_in_as("citizen")
        body = {"privacy": "public", "category": "lampu-jalan", "text": "Lampu padam sejak kemarin", "address": "Kopo"}
        ids = []
        for _ in range(6):
            answer = running.http.post("/v1/reports", json=body, headers=citizen)
            assert answer.status_code == 201, answer.text
            ids.append(answer.json()["report_id"])
        unsealable, unreadable, *good = ids
        dsn = running.control("dsn")
        ask_database(dsn, "UPDATE reports.report SET content = 'x' WHERE report_id = $1", unsealable)
        (row,) = ask_database(dsn, "SELECT terms FROM reports.report WHERE report_id = $1", unreadable)
        ask_database(dsn, "UPDATE reports.report SET terms = 'rusak' WHERE report_id = $1", unreadable)

        listed = running.http.get("/v1/me/reports", headers=citizen).json()["items"]
        assert {each["report_id"] for each in listed} == set(good)
        for report_id, status in ((unsealable, 500), (unreadable, 500), (good[0], 200)):
            assert running.http.get(f"/v1/reports/{report_id}").status_code == status

        running.stop()
        running.start()
        until(running, lambda: running.control("inspect", actor="jagawarga/reports/recovery")["complete"])
        until(running, lambda: running.http.get("/v1/reports").json()["complete"])
        assert {each["report_id"] for each in running.http.get("/v1/reports").json()["items"]} == set(good)
        shown = running.control("inspect", actor="jagawarga/reports/recovery")
        assert (shown["corrupt"], shown["corrupt_reports"]) == (1, [f"{unreadable} (terms)"])
        assert running.control("reports")["corrupt"] == 1
        assert "jagawarga_reports_corrupt 1.0" in running.http.get("/metrics").text
        assert running.control("stored", report_id=unsealable)["text"] is None

        def climbed(*wanted: str) -> bool:
            rows = ask_database(dsn, "SELECT report_id::text FROM reports.report WHERE level > 0")
            return {each["report_id"] for each in rows} >= set(wanted)

        until(running, lambda: climbed(unsealable, *good))
        log = running.log.read_text()
        assert log.count("report.corrupt") == 1
        assert "supervisor.gave_up" not in log
        assert "rusak" not in log

        ask_database(dsn, "UPDATE reports.report SET terms = $2 WHERE report_id = $1", unreadable, row["terms"])
        until(running, lambda: climbed(*ids))
        assert "corrupt" not in running.control("reports")

"""A policy in a running house: warned, climbed, reminded in seconds; read again without a restart; clocks that run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.house import ROOT, House, house

CATEGORY = {"key": "sampah", "name": "Sampah", "agency": "lingkungan-hidup", "respond_hours": [2], "resolve_hours": [2]}
RULE = '[[rule]]\nkey = "{key}"\ncategory = "sampah"\nrespond_hours = [{hours}]\nresolve_hours = [{hours}]\n'
REPORT = {"privacy": "public", "category": "sampah", "text": "Sampah menumpuk di pasar", "address": "Jalan Melati 3"}


def sla(running: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jagawarga", "sla", *arguments, "--data", str(running.data)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def config(tmp_path: Path, rules: str) -> Path:
    directory = tmp_path / "config"
    if not directory.exists():
        shutil.copytree(ROOT / "config", directory)
    (directory / "policies.toml").write_text(rules)
    return directory


def file(running: House, number: int = 1) -> list[str]:
    citizen = running.sign_in_as("citizen")
    made = [running.http.post("/v1/reports", json=REPORT, headers=citizen) for _ in range(number)]
    assert {each.status_code for each in made} == {201}
    return [each.json()["report_id"] for each in made]


def shown(running: House, report_id: str) -> dict[str, Any]:
    found: dict[str, Any] = running.http.get(f"/v1/reports/{report_id}").json()
    return found


def until(wanted: Callable[[], bool], running: House) -> None:
    end = time.monotonic() + 30
    while not wanted():
        if time.monotonic() > end:
            pytest.fail(f"not within 30 s: {running.log.read_text()[-2000:]}")
        time.sleep(0.1)


def metric(running: House, kind: str) -> float:
    lines = running.http.get("/metrics").text.splitlines()
    name = f'jagawarga_notices_total{{kind="{kind}"}}'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def heard(running: House, report_id: str, reminders: int) -> list[dict[str, Any]]:
    """What the mayor's stream has of a report, from its beginning to so many reminders."""
    mayor = running.sign_in_as("officer", "wali-kota")
    events: list[dict[str, Any]] = []
    kind = ""
    with running.http.stream("GET", "/v1/agency/stream", headers={**mayor, "Last-Event-ID": "0"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("event:"):
                kind = line.removeprefix("event:").strip()
            if line.startswith("data:"):
                event = json.loads(line.removeprefix("data:"))
                if event.get("report_id") == report_id:
                    events.append({**event, "type": kind})
            if sum(each["type"] == "report.reminded" for each in events) >= reminders:
                break
    return events


def test_a_ladder_in_seconds(tmp_path: Path) -> None:
    """Two seconds a level: a warning at each, the climb at each, then reminders at the top, through a kill as well."""
    rules = RULE.format(key="quick", hours=2) + "warn_at = 0.5\nremind_hours = 1.5\n"
    scale = {"JAGAWARGA_SLA_TIME_SCALE": "3600", "JAGAWARGA_CONFIG_DIR": str(config(tmp_path, rules))}
    with house(tmp_path, **scale) as running:
        (report_id,) = file(running)
        until(lambda: shown(running, report_id)["holder"] == "wali-kota", running)
        until(lambda: metric(running, "reminded") >= 1, running)
        running.control("kill", actor="reports/partitions")
        before = metric(running, "reminded")
        until(lambda: metric(running, "reminded") >= before + 1, running)
        told = shown(running, report_id)
        assert [line["event"] for line in told["history"]] == ["report.received"] + ["report.escalated"] * 2
        assert (told["version"], told["due_at"]) == (3, None)
        assert metric(running, "due_soon") == 3
        events = heard(running, report_id, 3)
        kinds = Counter((each["type"], each["level"]) for each in events)
        assert kinds["report.due_soon", 2] == 1
        assert kinds["report.reminded", 2] == 3
        reminders = [each["occurred_at"] for each in events if each["type"] == "report.reminded"]
        assert len(set(reminders)) == len(reminders)
        inbox = running.http.get("/v1/me/notifications", headers=running.sign_in_as("citizen")).json()["items"]
        assert {each["type"] for each in inbox} <= {"report.received", "report.escalated"}


def test_a_policy_is_read_again(tmp_path: Path) -> None:
    """What is filed behind the reload has its clocks, what was filed before keeps its own until asked; faults change nothing."""
    directory = config(tmp_path, RULE.format(key="slow", hours=200))
    scale = {"JAGAWARGA_SLA_TIME_SCALE": "1", "JAGAWARGA_CONFIG_DIR": str(directory)}
    with house(tmp_path, **scale) as running:
        old = file(running, 5)
        first = {each: shown(running, each)["due_at"] for each in old}
        config(tmp_path, RULE.format(key="slow", hours=-1))
        refused = sla(running, "reload")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("jagawarga: policies.toml: rule slow: respond_hours:")

        config(tmp_path, RULE.format(key="slow", hours=100) + 'calendar = "jam-kerja"\nwarn_at = 0.5\n')
        done = sla(running, "reload")
        assert (done.returncode, done.stdout) == (0, "rules changed: slow\n")
        known = {each["key"]: each for each in running.http.get("/v1/categories").json()["items"]}
        assert known["sampah"]["clocks"]["public"]["calendars"] == ["jam-kerja"]
        assert known["sampah"]["clocks"]["public"]["warn_respond_hours"] == [50.0]
        (new,) = file(running)
        assert {each: shown(running, each)["due_at"] for each in old} == first
        assert sla(running, "reload").stdout == "nothing has changed\n"

        asked = sla(running, "reload", "--running-clocks", "--json")
        assert json.loads(asked.stdout) == {
            "changed": {}, "running_clocks": {"looked": 6, "rescheduled": 5, "kept": 0, "moved": 0},
        }  # fmt: skip
        again = json.loads(sla(running, "reload", "--running-clocks", "--json").stdout)
        assert again["running_clocks"]["rescheduled"] == 0
        moved = {each: shown(running, each) for each in old}
        assert all(each["due_at"] != first[report_id] for report_id, each in moved.items())
        assert {tuple(line["event"] for line in each["history"]) for each in moved.values()} == {
            ("report.received", "report.rescheduled")
        }
        last = shown(running, new)["due_at"]
        # Deadlines outlive the process and the file that made them.
        config(tmp_path, "")
        running.stop()
        running.start()
        assert shown(running, new)["due_at"] == last
        until(lambda: running.control("reports").get("corrupt", 0) == 0, running)
        officer = running.sign_in_as("officer", "lingkungan-hidup")
        acted = running.http.post(f"/v1/agency/reports/{new}/acknowledge", headers=officer)
        assert acted.status_code == 200, acted.text

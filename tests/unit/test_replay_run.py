"""A replay against a real edge: allowances, verification, and what is said of rows that fail."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from jagawarga.cli.replay.clock import HistoryClock
from jagawarga.cli.replay.rows import Row
from jagawarga.cli.replay.run import NoOperator, Options, Replay
from jagawarga.cli.replay.summary import Summary
from jagawarga.client import Client, Patience
from jagawarga.edge.limits import Rate
from jagawarga.errors import Unavailable
from tests.integration.edge_server import Edge, edge

ROOT = Path(__file__).resolve().parents[2]
CITIZENS = [{"username": "a", "password": "right-password", "role": "citizen"}]
OPTIONS = Options(clock=HistoryClock(None, None, 1.0), concurrency=4)


def rows(number: int, category: str = "Pothole") -> list[Row]:
    return [Row(n, f"Lubang {n}", "Kecamatan Tegalsari", category, "Roads", None, None) for n in range(1, number + 1)]


async def replay(running: Edge, given: list[Row], options: Options = OPTIONS) -> Summary:
    summary = Summary(rows=len(given), with_text=len(given))
    patience = Patience(tries=3, first=0.01)
    async with Client(f"http://127.0.0.1:{running.front.port}", patience=patience) as client:
        await Replay(client, CITIZENS, options, summary).run(given)
    return summary


async def test_every_row_is_filed_and_verified() -> None:
    """None is lost, and each has been looked up."""
    async with edge() as running:
        summary = await replay(running, rows(20))
    assert (summary.accepted, summary.verified, summary.lost, summary.escalated) == (20, 20, 0, 0)
    assert summary.good
    assert len(summary.latencies) == 20


async def test_mixed_privacy_depends_on_the_row_alone() -> None:
    """So that two replays are alike."""
    async with edge() as running:
        await replay(running, rows(6), replace(OPTIONS, privacy="mixed"))
        by_text = {each.text: each.privacy for each in running.house.reports.reports.values()}
    assert by_text["Lubang 3"] == "public"
    assert sorted(by_text.values()) == ["anonymous", "anonymous", "private", "private", "public", "public"]


async def test_a_citizen_who_files_too_often_rests() -> None:
    """429 is waited out; no row is lost and none filed twice."""
    async with edge(rate_submit=Rate(5.0, 2)) as running:
        summary = await replay(running, rows(5))
        assert len(running.house.reports.reports) == 5
    assert (summary.accepted, summary.doubtful) == (5, 0)
    assert summary.throttled > 0


async def test_a_row_the_server_refuses_is_listed() -> None:
    """With the problem's code and fields, by number."""
    async with edge(text=150) as running:
        given = rows(3)
        given[1] = replace(given[1], text="x" * 200)
        summary = await replay(running, given)
    assert summary.rejected == {"422 invalid-request (text)": [2]}
    assert summary.accepted == 2


async def test_a_server_that_fails_is_not_a_rejection() -> None:
    """Those rows failed, and may have been filed: the replay is not good."""
    async with edge() as running:
        running.house.reports.failure = Unavailable("down", retry_after=0.5)
        with trio.fail_after(30):
            summary = await replay(running, rows(1), replace(OPTIONS, verify=False))
    assert summary.failed == {"503 unavailable": [1]}
    assert (summary.good, summary.doubtful) == (False, 3)


async def test_a_code_that_does_not_open_is_a_lost_report() -> None:
    """What was accepted has to be there."""
    async with edge() as running:
        summary = Summary()
        async with Client(f"http://127.0.0.1:{running.front.port}") as client:
            run = Replay(client, CITIZENS, replace(OPTIONS, verify=False), summary)
            await run.run(rows(2))
            running.house.reports.codes.clear()
            await run._verify_all()
    assert summary.lost == 2
    assert not summary.good


async def test_creating_something_needs_an_operator() -> None:
    """Without one the replay does not begin."""
    async with edge() as running:
        with pytest.raises(NoOperator):
            await replay(running, rows(1, "Something new"))


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Exit code 2, before anything is tried."""
    file, accounts = tmp_path / "c.csv", tmp_path / "accounts.json"
    file.write_text("category,kecamatan,text\nJalan,Tegalsari,Ada lubang\n")
    accounts.write_text('[{"username": "a", "password": "b", "role": "citizen"}]')
    arguments = ["replay", str(file), "--accounts", str(accounts), "--url", "http://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, "-m", "jagawarga", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no JagaWarga answers" in done.stderr


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("a,b\n1,2\n", "no column text, category"), ("", "no header")]
)
def test_a_file_that_can_not_be_used_is_one_line(tmp_path: Path, content: str | None, words: str) -> None:
    """Missing file, missing columns: exit code 2."""
    file = tmp_path / "c.csv"
    if content is not None:
        file.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "jagawarga", "replay", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr

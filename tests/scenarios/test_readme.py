"""The README's commands do on a running house what it says they do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.house import House
from tests.scenarios.house import house as running

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACTORS = sorted(set(re.findall(r"scripts/jagawarga (?:inspect|kill|restart|suspend|trace) ([\w/-]+)", README)))


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A house in a directory with a short path, its clocks as slow as those of a city."""
    slow = {"JAGAWARGA_SLA_TIME_SCALE": "1"}
    with tempfile.TemporaryDirectory(prefix="jr-") as place, running(Path(place), **slow) as each:
        yield each


def said(house: House, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "jagawarga", *arguments, "--data", str(house.data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("actor", ACTORS)
def test_an_actor_is_found_by_the_name_it_is_given(house: House, actor: str) -> None:
    """No other has that name."""
    assert actor in said(house, "inspect", actor)


def test_a_token_is_of_the_house_with_the_data(house: House) -> None:
    """Wherever that serves; signed in, one may ask who one is."""
    assert len(ACTORS) > 1
    token = said(house, "token", "citizen").strip()
    me = house.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.status_code, me.json()["role"]) == (200, "citizen")


def test_the_example_client_does_what_it_is_an_example_of(house: House) -> None:
    """All of its story, on a house that runs already."""
    asked = ["--url", f"http://127.0.0.1:{house.port}", "--accounts", str(house.data / "accounts.json"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.client_example_rows.main", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    did = json.loads(done.stdout)["did"]
    assert [each["status"] for each in did if "status" in each] == [
        "received", "acknowledged", "in_progress", "withdrawn",
    ]  # fmt: skip
    stale = next(each for each in did if "current" in each)
    assert (stale["code"], stale["current"]["version"]) == ("stale-version", 3)
    heard, missed = (int(each["event"]) for each in did if "event" in each)
    assert heard < missed
    assert len(set(did[-1]["reports"])) == 2

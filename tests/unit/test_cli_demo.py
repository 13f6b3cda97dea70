"""The demonstration's own instruments: a leak that is there must be found, a claim that fails must fail the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jagawarga.cli.demo.leaks import find_leaks
from jagawarga.cli.demo.person import invent
from jagawarga.cli.demo.telling import Telling

if TYPE_CHECKING:
    from pathlib import Path


def test_the_report_gives_everything_away() -> None:
    """Otherwise the demonstration would prove nothing."""
    person = invent()
    assert set(person.traces(person.report())) == set(person.secrets())


def test_a_clean_text_has_no_traces() -> None:
    """What remains after redaction is what is broken."""
    assert invent().traces("Lampu jalan di depan taman padam. Nama saya [disamarkan].") == []


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le"])
def test_a_leak_is_found_wherever_it_is(tmp_path: Path, coding: str) -> None:
    """In any file below, in upper or lower case, in the middle of binary data."""
    person = invent()
    deep = tmp_path / "postgres" / "base"
    deep.mkdir(parents=True)
    (deep / "16384").write_bytes(b"\x00\xff" * 1000 + person.email.upper().encode(coding) + b"\x00")
    (tmp_path / "empty").touch()
    found, size = find_leaks(tmp_path, person.secrets())
    assert found["e-mail"] == ["postgres/base/16384"]
    assert size > 2000


def test_a_clean_directory_has_no_leaks(tmp_path: Path) -> None:
    """Nothing is invented."""
    (tmp_path / "file").write_bytes(b"lampu jalan")
    assert find_leaks(tmp_path, invent().secrets()) == ({}, len(b"lampu jalan"))


def test_one_claim_that_fails_fails_the_run() -> None:
    """And a run that claimed nothing has proved nothing."""
    telling = Telling(None)
    assert not telling.held
    telling.step("a step")
    telling.check("true", held=True)
    assert telling.held
    telling.check("false", held=False, why="because")
    assert not telling.held
    assert telling.as_json()["checks"][1] == {
        "step": "a step",
        "claim": "false",
        "held": False,
        "facts": {"why": "because"},
    }

"""`jagawarga top` as a command: options, a plain picture, and what is missing."""

from __future__ import annotations

import builtins
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jagawarga.cli.main import main
from jagawarga.cli.top.link import Link
from jagawarga.cli.top.look import View, look
from jagawarga.cli.top.plain import print_once
from jagawarga.cli.top.questions import Inspect, Steer, Trace, ask_for
from supervisors.control import ControlError, NotRunning
from tests.unit.fake_runtime import FakeRuntime, node

if TYPE_CHECKING:
    from pathlib import Path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["top", *arguments])
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


@pytest.mark.parametrize(
    "options",
    [
        ["--interval", "0"],
        ["--interval", "-1"],
        ["--interval", "61"],
        ["--interval", "nan"],
        ["--interval", "inf"],
        ["--interval", "soon"],
        ["--sort", "memory"],
        ["--watch"],
        ["extra"],
        ["--data", __file__],
    ],
)
def test_a_bad_option_is_one_line(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused before anything is asked or drawn, with exit code 2."""
    code, out, err = call(capsys, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_no_running_process_is_one_line_where_the_output_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that waits for a picture is told; only a screen waits."""
    code, out, err = call(capsys, "--data", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no JagaWarga is running" in err


@pytest.mark.parametrize("options", [[], ["--once"]])
def test_where_the_output_is_no_terminal_one_picture_is_printed(
    options: list[str], running: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain text: the head, and the processes."""
    code, out, _ = call(capsys, *options, "--interval", "0.2", "--sort", "mailbox", "--data", str(running))
    lines = out.splitlines()
    assert (code, "\x1b" in out) == (0, False)
    assert lines[0].startswith("JagaWarga up ")
    assert lines[2].split() == ["state", "mailbox", "handled/s", "busy", "%", "restarts", "age", "actor"]
    assert [line.split()[6] for line in lines[3:]] == [
        "jagawarga",
        "jagawarga/plumbing",
        "jagawarga/plumbing/bus",
        "jagawarga/plumbing/writer",
    ]


def test_a_filter_and_json_are_for_programs(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of the interval under names of their own."""
    code, out, _ = call(capsys, "--json", "--interval", "0.2", "--filter", "writ", "--data", str(running))
    answer = json.loads(out)
    assert (code, answer["total"]) == (0, 4)
    assert [each["path"] for each in answer["processes"]] == ["jagawarga/plumbing/writer"]
    assert answer["processes"][0]["handled_per_second"] == 0.0


def test_a_plain_picture_is_sorted_by_figures_of_the_interval(capsys: pytest.CaptureFixture[str]) -> None:
    """Who did most in it comes first, whatever the totals."""
    fake = FakeRuntime("old", "new")
    fake.actors["old"]["handled"] = 1_000_000

    def work(seconds: float) -> None:
        fake.pass_time(seconds)
        fake.actors["new"]["handled"] += 20

    print_once(fake, View("handled"), 2.0, pause=work)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[3:]]
    assert [(row[6], row[2]) for row in rows] == [("new", "10"), ("old", "0.0")]


class Terminal:
    """A standard stream that says it is a terminal."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def isatty(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def put_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal(getattr(sys, name)))


def test_without_textual_the_screen_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what is missing and how to do without."""
    put_on_a_terminal(monkeypatch)
    real = builtins.__import__

    def without_textual(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "textual":
            raise ModuleNotFoundError(name=name)
        return real(name, *args, **kwargs)

    for module in [name for name in sys.modules if name.startswith(("textual", "jagawarga.cli.top."))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without_textual)
    code, out, err = call(capsys, "--data", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "jagawarga[top]" in err


def test_without_textual_a_plain_picture_is_still_printed(
    running: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no screen."""
    monkeypatch.setitem(sys.modules, "textual", None)
    code, out, _ = call(capsys, "--once", "--interval", "0.2", "--data", str(running))
    assert (code, out.startswith("JagaWarga")) == (0, True)


# --- the fake that the screen is tested with, against a real runtime


def test_the_fake_answers_as_a_real_runtime_does(running: Path) -> None:
    """Whatever the fake tells, a real one tells too."""
    fake, link = FakeRuntime("jagawarga/writer"), Link(running)
    real_look, fake_look = look(link, View(tree=True)), look(fake, View(tree=True))
    assert fake_look.overview.keys() <= real_look.overview.keys()
    assert fake_look.tree is not None
    assert real_look.tree is not None
    assert fake_look.tree.keys() <= real_look.tree.keys()
    real_node = link("processes", sort="mailbox", limit=1, matching="")["processes"][0]
    assert node("a").keys() <= real_node.keys()


def test_what_the_screen_asks_a_real_runtime_answers(running: Path) -> None:
    """Every question, and each about the actor that was asked about."""
    link, writer = Link(running), "jagawarga/plumbing/writer"
    for op in ("suspend", "resume", "kill", "restart"):
        assert ask_for(link, Steer(op, writer))["path"] == writer
    assert ask_for(link, Inspect(writer))["path"] == writer


def test_a_trace_of_a_real_actor_has_the_fakes_form(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends by itself, here soon."""
    monkeypatch.setattr("jagawarga.cli.top.questions.TRACE_SECONDS", 0.05)
    real = ask_for(Link(running), Trace("jagawarga/plumbing/writer"))
    fake = ask_for(FakeRuntime("jagawarga/plumbing/writer"), Trace("jagawarga/plumbing/writer"))
    assert real.keys() == fake.keys()


def test_an_answer_about_another_actor_is_an_error() -> None:
    """As where a path's end names one that came meanwhile."""

    def confused(_op: str, _within: float = 5.0, /, **_args: Any) -> Any:
        return {"path": "jagawarga/other"}

    with pytest.raises(ControlError):
        ask_for(confused, Inspect("jagawarga/writer"))


def test_an_answer_of_another_kind_of_process_is_an_error() -> None:
    """Something else may serve a socket of that name."""
    with pytest.raises(ControlError, match="not as a JagaWarga"):
        look(lambda _op, _within=5.0, /, **_args: {"uptime": 1.0}, View())


def test_nobody_there_is_said_with_the_directory(tmp_path: Path) -> None:
    """Which may be the wrong one."""
    with pytest.raises(NotRunning, match=str(tmp_path)):
        Link(tmp_path)("runtime")

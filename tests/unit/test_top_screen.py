"""The live screen, with keys pressed on it; its questions are answered by a fake runtime, when the test says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Static

from jagawarga.cli.top.dialog import Confirm
from jagawarga.cli.top.link import Link
from jagawarga.cli.top.look import View
from jagawarga.cli.top.screen import Top
from jagawarga.cli.top.tables import ActorTable
from tests.served import served
from tests.unit.fake_runtime import FakeRuntime, node

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from textual.pilot import Pilot

NEVER = 3600.0
A, B, C = "jagawarga/a", "jagawarga/b", "jagawarga/c"


class Questions:
    """Stands for the threads: a question is answered at once, or when the test lets it."""

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] | None = None

    def __call__(self, work: Callable[[], None]) -> None:
        if self.held is None:
            work()
        else:
            self.held.append(work)

    def hold(self) -> None:
        self.held = []

    def let_go(self) -> None:
        waiting, self.held = self.held or [], None
        for work in waiting:
            work()


def on_screen(fake: FakeRuntime, story: Callable[[Pilot[None], Questions], Awaitable[None]], **more: Any) -> None:
    questions = Questions()

    async def run() -> None:
        app = Top(fake, NEVER, start=questions, **more)
        async with app.run_test(size=(110, 36)) as pilot:
            await pilot.pause()
            await story(pilot, questions)

    asyncio.run(run())


def top(pilot: Pilot[None]) -> Top:
    assert isinstance(pilot.app, Top)
    return pilot.app


def text(pilot: Pilot[None], name: str) -> str:
    """What a pane shows, as its lines are drawn."""
    pane = pilot.app.screen_stack[0].query_one(f"#{name}", Static)
    return "\n".join(pane.render_line(number).text for number in range(pane.size.height))


def paths(pilot: Pilot[None]) -> list[str]:
    table = pilot.app.query_one("#process-table", ActorTable)
    return [line.cells[-1].plain.strip() for line in table.lines]


async def tick(pilot: Pilot[None]) -> None:
    """What the timer does."""
    top(pilot).refresh_view()
    await pilot.pause()


def test_the_tree_comes_first() -> None:
    """With the runtime as a whole above it, and details of the actor under the cursor below."""

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        table = pilot.app.query_one("#tree-table", ActorTable)
        assert [line.path for line in table.lines] == ["jagawarga", A, B]
        assert "2 actors" in text(pilot, "head")
        await pilot.press("down")
        assert A in text(pilot, "details")

    on_screen(FakeRuntime(A, B), story)


def test_the_processes_are_sorted_by_differences() -> None:
    """`o` goes from order to order."""
    fake = FakeRuntime(A, B, C)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        top(pilot).feed.interval = 2.0
        fake.pass_time(2.0)
        fake.actors[C]["handled"] = 40
        fake.actors[B]["mailbox"] = 5
        await pilot.press("2")
        assert paths(pilot) == [B, A, C]
        await pilot.press("o")
        assert paths(pilot)[0] == C
        await pilot.press("O")
        assert paths(pilot)[0] == B

    on_screen(fake, story)


def test_a_cursor_that_nobody_has_moved_stays_on_top() -> None:
    """The first line is who comes first, now; the details are of that actor."""
    fake = FakeRuntime(A, B)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2")
        fake.actors[B]["mailbox"] = 9
        await tick(pilot)
        assert (paths(pilot), top(pilot).table.selected) == ([B, A], B)
        await pilot.pause()
        assert f"secret_of      {B}" in text(pilot, "details")

    on_screen(fake, story)


def test_the_cursor_follows_its_actor() -> None:
    """Once moved: whatever the actor's place becomes, a key hits the one that it was put on."""
    fake = FakeRuntime(A, B, C)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2", "down")
        assert top(pilot).table.selected == B
        fake.actors[C]["mailbox"] = 9
        await tick(pilot)
        assert paths(pilot) == [C, A, B]
        assert top(pilot).table.selected == B

    on_screen(fake, story)


def test_an_actor_that_goes_away_keeps_its_line_under_the_cursor() -> None:
    """So that a key pressed at that moment hits no neighbour; the line goes with the cursor."""
    fake = FakeRuntime(A, B, C)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2", "down")
        del fake.actors[B]
        await tick(pilot)
        assert top(pilot).table.selected == B
        assert "names no actor" in text(pilot, "details")
        await pilot.press("down")
        await tick(pilot)
        assert paths(pilot) == [A, C]

    on_screen(fake, story)


@pytest.mark.parametrize(("key", "op"), [("k", "kill"), ("s", "suspend"), ("r", "resume"), ("R", "restart")])
def test_nothing_is_done_before_a_yes(key: str, op: str) -> None:
    """The question names the actor; Enter alone, Escape and `n` are a no."""
    fake = FakeRuntime(A, B)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2", "down")
        for no in ("enter", "escape", "n", "q"):
            await pilot.press(key)
            assert isinstance(pilot.app.screen, Confirm)
            assert pilot.app.screen.question == f"{op} {B}?"
            await pilot.press(no)
            assert (isinstance(pilot.app.screen, Confirm), fake.asked) == (False, [])
        await pilot.press(key, "y")
        await pilot.pause()
        assert fake.asked == [(op, B)]

    on_screen(fake, story)


def test_the_actor_named_in_the_question_is_the_one_acted_on() -> None:
    """Though the table changes while the question stands."""
    fake = FakeRuntime(A, B)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2", "k")
        del fake.actors[A]
        await tick(pilot)
        fake.actors = {A: node(A)} | fake.actors
        await pilot.press("y")
        assert fake.asked == [("kill", A)]

    on_screen(fake, story)


def test_one_thing_is_done_at_a_time() -> None:
    """The next waits until it is known how the last went."""
    fake = FakeRuntime(A, B)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2")
        questions.hold()
        await pilot.press("R", "y", "k")
        assert not isinstance(pilot.app.screen, Confirm)
        questions.let_go()
        await pilot.pause()
        assert fake.asked == [("restart", A)]

    on_screen(fake, story)


def test_a_refusal_is_told() -> None:
    """In the words of the process."""
    fake = FakeRuntime(A)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2", "k")
        fake.actors.clear()
        await pilot.press("y")
        await pilot.pause()
        told = [each.message for each in pilot.app._notifications]
        assert told == [f"kill {A}: '{A}' names no actor"]

    on_screen(fake, story)


def test_a_line_of_counts_is_no_actor() -> None:
    """Keys do nothing there; Enter lists the children it counts."""
    fake = FakeRuntime(A)
    fake.actors[A] |= {"type": "supervisor", "collapsed": {"running": 2}}
    fake.actors[A + "/1"] = node(A + "/1")
    tree = node("jagawarga", type="supervisor", children=[fake.actors[A]])
    fake.do_tree = lambda: tree  # type: ignore[method-assign]

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("down", "down", "k")
        assert not isinstance(pilot.app.screen, Confirm)
        await pilot.press("enter")
        await pilot.pause()
        assert paths(pilot) == [A + "/1"]

    on_screen(fake, story)


def test_details_of_an_actor_left_behind_are_dropped() -> None:
    """An answer that comes late is not shown under another actor's name."""
    fake = FakeRuntime(A, B, C)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2")
        assert f"secret_of      {A}" in text(pilot, "details")
        questions.hold()
        await pilot.press("down", "down")
        assert C in text(pilot, "details")
        assert "secret_of" not in text(pilot, "details")
        late, questions.held = questions.held or [], []
        for work in late:  # about b
            work()
        await pilot.pause()
        assert "secret_of" not in text(pilot, "details")
        questions.let_go()  # about c
        await pilot.pause()
        assert f"secret_of      {C}" in text(pilot, "details")

    on_screen(fake, story)


def test_a_picture_of_an_earlier_filter_is_dropped() -> None:
    """What is shown is what the filter says."""

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        questions.hold()
        await pilot.press("slash")
        await pilot.pause()
        await pilot.press("/", "b")
        questions.let_go()
        await pilot.pause()
        assert paths(pilot) == [B]
        await pilot.press("escape")
        await pilot.pause()
        assert paths(pilot) == [A, B]

    on_screen(FakeRuntime(A, B), story)


def test_keys_typed_into_the_filter_are_text() -> None:
    """`k` and `q` there kill nothing and quit nothing; Enter gives the keys back."""
    fake = FakeRuntime(A, "jagawarga/kiosk-q")

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("slash")
        await pilot.pause()
        await pilot.press("k", "i")
        assert paths(pilot) == ["jagawarga/kiosk-q"]
        await pilot.press("enter", "k")
        assert isinstance(pilot.app.screen, Confirm)

    on_screen(fake, story)


def test_a_trace_is_shown_with_its_actor() -> None:
    """Under the path it is of, also when the cursor has gone on."""

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2")
        questions.hold()
        await pilot.press("t", "down")
        assert f"{A}: tracing" in text(pilot, "trace")
        questions.let_go()
        await pilot.pause()
        assert text(pilot, "trace").split()[:3] == [A, "1", "events"]
        assert "SubmitReport" in text(pilot, "trace")

    on_screen(FakeRuntime(A, B), story)


def test_a_second_trace_replaces_the_first() -> None:
    """The first one's events are not shown any more."""

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2")
        questions.hold()
        await pilot.press("t", "down", "t")
        questions.let_go()
        await pilot.pause()
        assert text(pilot, "trace").split()[0] == B

    on_screen(FakeRuntime(A, B), story)


def test_without_a_runtime_the_screen_waits() -> None:
    """It shows nothing that is no longer so, and comes back to the same actor by itself."""
    fake = FakeRuntime(A, B)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        await pilot.press("2", "down")
        fake.up = False
        await tick(pilot)
        assert "no JagaWarga is running with the data directory var … waiting" in text(pilot, "head")
        assert (paths(pilot), text(pilot, "details").strip()) == ([], "")
        await pilot.press("k", "t")
        assert not isinstance(pilot.app.screen, Confirm)
        fake.up = True
        await tick(pilot)
        assert "waiting" not in text(pilot, "head")
        assert top(pilot).table.selected == B

    on_screen(fake, story)


def test_what_is_no_jagawarga_is_waited_for_too() -> None:
    """A surprise in an answer is a line, not the end of the screen."""
    fake = FakeRuntime(A)

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        fake.actors[A] = {"path": A}
        await tick(pilot)
        assert "not as a JagaWarga" in text(pilot, "head")

    on_screen(fake, story)


def test_a_filter_may_be_given_at_the_start() -> None:
    """With `--filter` and `--sort`."""

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        assert paths(pilot) == [B]
        await pilot.press("2")
        assert paths(pilot) == [B]

    on_screen(FakeRuntime(A, B), story, view=View("age", "/b"))


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_quit_does_not_wait_for_an_answer(key: str) -> None:
    """A question that is never answered holds nothing up."""

    async def story(pilot: Pilot[None], questions: Questions) -> None:
        questions.hold()
        await pilot.press("2", key)
        assert pilot.app._exit

    on_screen(FakeRuntime(A), story)


def test_it_looks_through_a_restart_of_a_real_runtime(tmp_path: Path) -> None:
    """The whole way: threads, sockets, and a runtime that comes, goes and comes."""

    async def until(pilot: Pilot[None], told: str) -> None:
        async with asyncio.timeout(20):
            while told not in text(pilot, "head"):
                await pilot.pause(0.02)

    async def story() -> None:
        async with Top(Link(tmp_path), 0.2).run_test(size=(110, 36)) as pilot:
            await until(pilot, "waiting")
            for _ in range(2):
                with served(tmp_path):
                    await until(pilot, "4 actors")
                await until(pilot, "waiting")

    asyncio.run(story())

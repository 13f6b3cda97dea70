"""The live screen: asks on a timer, shows what comes back, and steers the actor under the cursor."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rich.console import Group
from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import DataTable, Footer, Input, Static, TabbedContent, TabPane

from jagawarga.cli.top.dialog import Confirm
from jagawarga.cli.top.feed import SORTS, Feed, ordered
from jagawarga.cli.top.inquiry import Inquiry
from jagawarga.cli.top.layout import KEYS, LAYOUT
from jagawarga.cli.top.link import Ask
from jagawarga.cli.top.look import Look, View, rest
from jagawarga.cli.top.questions import Inspect, Question, Start, Steer, Trace, ask_for, in_a_thread
from jagawarga.cli.top.tables import ActorTable
from jagawarga.cli.top.words import ALARM, PROCESSES, TREE, details, events, headlines, process_line, tree_lines

LONGEST_FILTER = 200


class Answered(Message):
    """A thread is back with the answer to a question, or with what went wrong."""

    def __init__(self, question: Question, outcome: Any) -> None:
        super().__init__()
        self.question = question
        self.outcome = outcome


class Top(App[None]):
    """Nothing here waits: questions go out through `_send`, answers come in as `Answered`."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = KEYS
    CSS = LAYOUT

    def __init__(self, ask: Ask, interval: float, view: View | None = None, start: Start = in_a_thread) -> None:
        super().__init__()
        self.ask = ask
        self.interval = interval
        self.view = view or View()
        self.start = start
        self.feed = Feed(interval)
        self.looking: Inquiry[View] = Inquiry()
        self.inspecting: Inquiry[Inspect] = Inquiry()
        self.tracing: Inquiry[Trace] = Inquiry()
        self.steering: Steer | None = None
        self.timer: Timer | None = None
        self.shown: str | None = None
        """The actor that the details are of."""

    def compose(self) -> ComposeResult:
        """Lay out: headlines, the two tables, details beside the trace, keys."""
        yield Static(Text("asking …"), id="head")
        with TabbedContent(initial="tree"):
            with TabPane("tree (1)", id="tree"):
                yield ActorTable(TREE, id="tree-table")
            with TabPane("processes (2)", id="processes"):
                yield Input(
                    self.view.matching,
                    placeholder="part of a path",
                    id="filter",
                    compact=True,
                    max_length=LONGEST_FILTER,
                    classes="open" if self.view.matching else "",
                )
                yield ActorTable(PROCESSES, id="process-table")
        with Horizontal(id="lower"):
            with VerticalScroll(id="detail-pane"):
                yield Static(id="details")
            with VerticalScroll(id="trace-pane"):
                yield Static(id="trace")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Look at once; each answer sets the time of the next look."""
        self.table.focus()
        self.refresh_view()

    @property
    def tab(self) -> str:
        """The tab on the screen: `tree` or `processes`."""
        return self.query_one(TabbedContent).active

    @property
    def table(self) -> ActorTable:
        """The table on the screen."""
        return self.query_one("#tree-table" if self.tab == "tree" else "#process-table", ActorTable)

    # --- asking

    def refresh_view(self) -> None:
        """Ask for a new picture, unless one is on its way."""
        self.view = View(self.view.sort, self.view.matching, self.tab == "tree")
        self._send(self.looking.want(self.view))

    def _send(self, question: Question | None) -> None:
        if question is None:
            return

        def work() -> None:
            outcome: Any
            try:
                outcome = ask_for(self.ask, question)
            except Exception as error:
                outcome = error
            with suppress(RuntimeError):  # the screen is closed, and its loop with it
                self.post_message(Answered(question, outcome))

        self.start(work)

    # --- what comes back

    def on_answered(self, answered: Answered) -> None:
        """Show the answer, if it is still the one wanted."""
        outcome = answered.outcome
        match answered.question:
            case View() as view:
                self._rest(outcome)
                if self._is_wanted(self.looking, view):
                    self._show_view(view, outcome)
            case Inspect(path) as inspect:
                if self._is_wanted(self.inspecting, inspect):
                    self.query_one("#details", Static).update(_failure(path, outcome) or details(outcome))
            case Trace(path) as trace:
                if self._is_wanted(self.tracing, trace):
                    self.query_one("#trace", Static).update(_failure(path, outcome) or events(outcome))
            case Steer() as steer:
                self.steering = None
                self._tell(steer, outcome)
                self.refresh_view()

    def _is_wanted(self, inquiry: Inquiry[Any], question: Question) -> bool:
        wanted, following = inquiry.answered(question)
        self._send(following)
        return wanted

    def _rest(self, outcome: Any) -> None:
        if self.timer is not None:
            self.timer.stop()
        self.timer = self.set_timer(rest(outcome, self.interval), self.refresh_view)

    def _show_view(self, view: View, outcome: Any) -> None:
        if not isinstance(outcome, Look):
            self._show_absence(outcome)
            return
        self.query_one("#head", Static).update(Group(*headlines(outcome.overview)))
        rows = ordered(self.feed.take(outcome.sample), view.sort)
        note = "" if len(rows) == outcome.sample.total else f"{len(rows):,} of {outcome.sample.total:,}"
        self.query_one("#process-table", ActorTable).show(map(process_line, rows), view.sort, note)
        if outcome.tree is not None:
            self.query_one("#tree-table", ActorTable).show(tree_lines(outcome.tree))
        self.ask_for_details()

    def _show_absence(self, error: Any) -> None:
        """Show nothing that is no longer so; the next look comes as ever."""
        for table in self.query(ActorTable):
            table.blank()
        self.query_one("#head", Static).update(Text(f"{_line(error)} … waiting", ALARM))
        self.ask_for_details()

    def _tell(self, steer: Steer, outcome: Any) -> None:
        failed = isinstance(outcome, Exception)
        told = _line(outcome) if failed else "done"
        self.notify(f"{steer.op} {steer.path}: {told}", severity="error" if failed else "information", markup=False)

    # --- the actor under the cursor

    def ask_for_details(self) -> None:
        """Ask about the actor under the cursor; what is shown of another goes at once."""
        path = self.table.selected
        if path != self.shown:
            self.shown = path
            self.query_one("#details", Static).update(Text("" if path is None else f"{path}\n…", "dim"))
        if path is None:
            self.inspecting.forget()
        else:
            self._send(self.inspecting.want(Inspect(path)))

    def on_data_table_row_highlighted(self, _moved: DataTable.RowHighlighted) -> None:
        """Follow the cursor. The table is asked where it is now: the event may be older than the picture."""
        self.ask_for_details()

    def on_data_table_row_selected(self, _chosen: DataTable.RowSelected) -> None:
        """On Enter, list the children that the tree shows as counts; for any other actor look into its details."""
        table = self.table
        if table.lines and table.lines[table.cursor_row].key.endswith("/"):
            self.query_one("#filter", Input).value = table.lines[table.cursor_row].key
            self.action_tab("processes")
        else:
            self.query_one("#detail-pane").focus()

    def action_steer(self, op: str) -> None:
        """Ask before doing `op` to the actor that is under the cursor now, wherever the cursor is by the answer."""
        path = self._actor_or_notice()
        if path is None:
            return
        if self.steering is not None:
            self.notify(f"still at it: {self.steering.op} {self.steering.path}", severity="warning", markup=False)
            return
        steer = Steer(op, path)

        def decided(yes: bool | None) -> None:
            if yes and self.steering is None:
                self.steering = steer
                self._send(steer)

        self.push_screen(Confirm(f"{op} {path}?"), decided)

    def action_trace(self) -> None:
        """Trace the actor under the cursor; a trace ends by itself."""
        path = self._actor_or_notice()
        if path is None:
            return
        self.query_one("#trace-pane").add_class("open")
        self.query_one("#trace", Static).update(Text(f"{path}: tracing …", "dim"))
        self._send(self.tracing.want(Trace(path)))

    def _actor_or_notice(self) -> str | None:
        path = self.table.selected
        if path is None:
            self.notify("this line is no single actor", severity="warning")
        return path

    # --- what is looked at

    def action_tab(self, tab: str) -> None:
        """Show a tab."""
        self.query_one(TabbedContent).active = tab

    def on_tabbed_content_tab_activated(self, _shown: TabbedContent.TabActivated) -> None:
        """Give the keys to the table on the screen, and fill it."""
        self.table.focus()
        self.ask_for_details()
        self.refresh_view()

    def action_order(self, step: int) -> None:
        """Order the processes by the next figure, or the one before."""
        self.action_tab("processes")
        sort = SORTS[(SORTS.index(self.view.sort) + step) % len(SORTS)]
        self._look_for(View(sort, self.view.matching))

    def action_filter(self) -> None:
        """Let part of a path be typed."""
        self.action_tab("processes")
        box = self.query_one("#filter", Input)
        box.add_class("open")
        self.call_after_refresh(box.focus)

    def action_unfilter(self) -> None:
        """Leave the filter, and whatever else has the keys, for the table."""
        box = self.query_one("#filter", Input)
        if box.has_focus:
            box.value = ""
        box.set_class(bool(box.value), "open")
        self.table.focus()

    def on_input_changed(self, changed: Input.Changed) -> None:
        """Filter while it is typed."""
        changed.input.set_class(bool(changed.value) or changed.input.has_focus, "open")
        self._look_for(View(self.view.sort, changed.value))

    def on_input_submitted(self, _done: Input.Submitted) -> None:
        """Give the keys back to the table."""
        self.action_tab("processes")
        self.table.focus()

    def _look_for(self, view: View) -> None:
        if (view.sort, view.matching) != (self.view.sort, self.view.matching):
            self.view = view
            self.query_one("#process-table", ActorTable).forget()
            self.refresh_view()


def _failure(path: str, outcome: Any) -> Text | None:
    return Text(f"{path}\n{_line(outcome)}", "red") if isinstance(outcome, Exception) else None


def _line(error: Any) -> str:
    return " ".join(str(error).split()) or type(error).__name__

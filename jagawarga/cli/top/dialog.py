"""The question before anything is done to an actor."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Confirm(ModalScreen[bool]):
    """Asks yes or no; no has the focus, so that a hasty Enter does nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape,q", "answer(False)", "no"),
        Binding("left,right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical { width: 70; max-width: 90%; height: auto; border: round $warning; padding: 1 2; }
    Confirm Horizontal { height: auto; margin-top: 1; align-horizontal: center; }
    Confirm Button { margin: 0 2; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """Lay out the question over its two answers."""
        with Vertical():
            yield Static(Text(self.question))
            with Horizontal():
                yield Button("no (n)", id="no", compact=True)
                yield Button("yes (y)", id="yes", variant="warning", compact=True)

    def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """Answer with the button's meaning."""
        self.dismiss(pressed.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)

"""A table whose cursor, once moved, stays on its actor, whatever the actor's place in the order becomes."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from jagawarga.cli.top.words import NUMBERS_FROM, Column, Line

GONE = Text("not listed", "dim")


class ActorTable(DataTable[Text]):
    """Shows lines; `selected` is the actor under the cursor.

    Rows are places, filled anew with each picture: nothing flickers and the scroll position stays. A cursor that nobody
    has moved stays on top, to see who comes first. One that was moved follows its actor, and an actor that is missing
    from a picture keeps its line, marked, while the cursor is on it: the next key must not hit a neighbour.
    """

    def __init__(self, columns: tuple[Column, ...], id: str) -> None:  # noqa: A002 - textual's word
        super().__init__(id=id, cursor_type="row", cell_padding=0)
        self.layout_of = columns
        self.lines: list[Line] = []
        self.key: str | None = None
        """The line that the cursor follows."""
        self.placed = 0
        """Where the last picture left the cursor."""
        self.sorted_by = ""
        self.note = ""

    def on_mount(self) -> None:
        """Make the columns."""
        for column in self.layout_of:
            self.add_column(self._head(column), width=column.width, key=column.head)

    @property
    def selected(self) -> str | None:
        """The path of the actor under the cursor, or `None`."""
        return self.lines[self.cursor_row].path if self.lines else None

    def show(self, lines: Iterable[Line], sort: str = "", note: str = "") -> None:
        """Fill the table and put the cursor on the line it was on; `note` stands in the last head."""
        key = self._followed()
        wanted = list(lines)
        if key is not None and all(line.key != key for line in wanted):
            wanted = self._with_kept_line(wanted)
        self._fill(wanted)
        self.key = key
        place = next((number for number, line in enumerate(wanted) if line.key == key), None)
        if place is not None and place != self.cursor_row:
            self.move_cursor(row=place, animate=False, scroll=True)
        self.placed = self.cursor_row
        if (sort, note) != (self.sorted_by, self.note):
            self.sorted_by, self.note = sort, note
            for column in self.columns.values():
                column.label = self._head(next(each for each in self.layout_of if each.head == column.key.value))
            self.refresh()

    def blank(self) -> None:
        """Show nothing, and come back to the same actor when there is something to show."""
        self.key = self._followed()
        self._fill([])

    def forget(self) -> None:
        """Begin at the top with the next picture."""
        self._fill([])
        self.key, self.placed = None, 0

    def _followed(self) -> str | None:
        moved = self.key is not None or self.cursor_row != self.placed
        return self.lines[self.cursor_row].key if self.lines and moved else self.key

    def _with_kept_line(self, wanted: list[Line]) -> list[Line]:
        if not self.lines:
            return wanted
        kept = self.lines[self.cursor_row]
        cells = (GONE, *(Text() for _ in kept.cells[1:-1]), kept.cells[-1])
        place = min(self.cursor_row, len(wanted))
        return [*wanted[:place], kept._replace(cells=cells), *wanted[place:]]

    def _fill(self, lines: list[Line]) -> None:
        while len(self.rows) > len(lines):
            self.remove_row(str(len(self.rows) - 1))
        for number in range(len(self.rows)):
            for place, (old, new) in enumerate(zip(self.lines[number].cells, lines[number].cells, strict=True)):
                if old != new or old.spans != new.spans or old.style != new.style:
                    self.update_cell_at(Coordinate(number, place), new)
        for number in range(len(self.rows), len(lines)):
            self.add_row(*lines[number].cells, key=str(number))
        self.lines = lines

    def _head(self, column: Column) -> Text:
        number = self.layout_of.index(column)
        text = column.head + ("↓" if column.sort and column.sort == self.sorted_by else "")
        if number == len(self.layout_of) - 1:
            return Text(f"  {text}  {self.note}")
        return Text(text, justify="right" if number >= NUMBERS_FROM else "left")

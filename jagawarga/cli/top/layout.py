"""The keys of the screen, and how its parts share the room."""

from __future__ import annotations

from textual.binding import Binding, BindingType

KEYS: list[BindingType] = [
    Binding("q", "quit", "quit"),
    Binding("ctrl+c", "quit", show=False, priority=True),
    Binding("1", "tab('tree')", show=False),
    Binding("2", "tab('processes')", show=False),
    Binding("o", "order(1)", "order"),
    Binding("O", "order(-1)", show=False),
    Binding("slash", "filter", "filter", key_display="/"),
    Binding("escape", "unfilter", show=False),
    Binding("k", "steer('kill')", "kill"),
    Binding("s", "steer('suspend')", "suspend"),
    Binding("r", "steer('resume')", "resume"),
    Binding("R", "steer('restart')", "restart", key_display="R"),
    Binding("t", "trace", "trace"),
]

LAYOUT = """
#head { height: 2; padding: 0 1; background: $panel; }
TabbedContent { height: 1fr; }
TabPane { padding: 0; }
ActorTable { height: 1fr; scrollbar-size-horizontal: 0; }
#filter { display: none; }
#filter.open { display: block; }
#lower { height: 30%; min-height: 6; border-top: solid $panel; }
#lower VerticalScroll { width: 1fr; padding: 0 1; }
#lower VerticalScroll:focus { background: $boost; }
#trace-pane { display: none; border-left: solid $panel; }
#trace-pane.open { display: block; }
"""

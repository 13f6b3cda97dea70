"""The example client's own words: what it looks at is answered, and it reads a stream as the standard has it."""

from __future__ import annotations

from typing import Any, NotRequired, get_origin, get_type_hints, is_typeddict

import pytest

from scripts.client_example_rows import answers
from scripts.client_example_rows.events import Beat, Event, Pause, read
from tests.conformance import DOCUMENT

NAMES = {"NewReport": "ReportBody", "Line": "NotedLine"}
"""Its names for what the document calls otherwise."""
SHAPES = [each for each in vars(answers).values() if is_typeddict(each)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda each: each.__name__)
def test_what_it_looks_at_is_what_is_answered(shape: Any) -> None:
    """A field that it counts on is always there; whoever copies it copies what is so."""
    schema = DOCUMENT["components"]["schemas"][NAMES.get(shape.__name__, shape.__name__)]
    hints = get_type_hints(shape, include_extras=True)
    needed = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
    assert hints.keys() <= schema["properties"].keys()
    assert needed <= set(schema["required"])


def test_it_reads_a_stream() -> None:
    """A pause, a sign of life, events with their numbers; data of several lines; nothing of an event that is cut off."""
    lines = ["retry: 2000", "", ": still here", "", "id: 7", "event: report.received", "data: {", 'data: "a": 1}', ""]
    said = list(read([*lines, "id: 8", "event: report.started", "data: {}"]))
    assert [type(each) for each in said] == [Pause, Beat, Event]
    assert said[0] == Pause(2.0)
    assert said[2] == Event("7", "report.received", {"a": 1})

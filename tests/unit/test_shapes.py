"""What the API's description says where no answer can be looked at: problems, files, the data of events, types."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict
from uuid import uuid4

import pytest

from jagawarga.edge.api.attachments import CONTENT_TYPES
from jagawarga.edge.problems import HTTP, REJECTIONS
from jagawarga.edge.refusals import PROBLEMS
from jagawarga.edge.schemas import Schemas
from jagawarga.edge.shapes import AgencyEvent, OwnEvent
from jagawarga.media.kinds import FORMATS
from jagawarga.notification.stream import CHANGED, heard
from jagawarga.plumbing.bus import Delivery
from jagawarga.reports.messages import ReportEvent, encode_event
from tests.conformance import validator

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def codes() -> set[str]:
    """Every problem's code in the source: the classes' own, and those given where one is raised."""
    source = "\n".join(each.read_text() for each in (ROOT / "jagawarga").rglob("*.py"))
    return set(re.findall(r'(?:\bcode ?= ?|Problem\(\d+, )"([a-z-]+)"', source))


def test_every_problem_is_in_the_table() -> None:
    """Whatever code a refusal is raised with."""
    assert len(codes()) > 20
    assert codes() - set(PROBLEMS) == {"rejected"}


def test_a_problem_has_the_status_it_is_answered_with() -> None:
    """The table of the description and that of the answers are of one mind."""
    for kind, status in REJECTIONS:
        assert kind.code == "rejected" or PROBLEMS[kind.code].status == status
    for status, (code, _) in HTTP.items():
        assert PROBLEMS[code].status == status
    assert all(HTTPStatus(each.status) >= HTTPStatus.BAD_REQUEST for each in PROBLEMS.values())


def test_files_are_of_the_types_that_are_kept() -> None:
    """An attachment is sent with no other content type than the description lists."""
    assert set(CONTENT_TYPES) == {each.written for each in FORMATS.values()}


def schema_of(shape: Any) -> Any:
    schemas = Schemas()
    whole = schemas.of(shape)
    return validator(schemas.named[whole["$ref"].rpartition("/")[2]])


@pytest.mark.parametrize("due", [None, NOW])
def test_the_data_of_an_event_is_as_described(due: datetime | None) -> None:
    """To the agencies and to the reporter; and to a reporter who was away for long."""
    event = ReportEvent(
        uuid4(), "report.acknowledged", uuid4(), 2, "public", "jalan-rusak", "acknowledged", "a", "a", 0, ("a",), NOW,
        due, "p1",
    )  # fmt: skip
    told = heard(Delivery(7, "", encode_event(event), "m1", 1))
    assert told.event is not None
    assert told.own is not None
    schema_of(AgencyEvent).validate(json.loads(told.event.data))
    schema_of(OwnEvent).validate(json.loads(told.own.data))
    assert CHANGED == "inbox.changed"
    schema_of(OwnEvent).validate({})


class Leaf(TypedDict):
    """A leaf."""

    size: Annotated[int, "In millimetres.", ("minimum", 0)]
    colour: NotRequired[Literal["green", "red"] | None]


class Tree(Leaf):
    """A tree,
    with leaves.
    """

    leaves: list[Leaf]
    names: dict[str, float]


def test_a_shape_becomes_a_closed_object() -> None:
    """With what its docstring says, what it inherits, what may be left out, and its parts by name."""
    schemas = Schemas()
    assert schemas.of(Tree) == {"$ref": "#/components/schemas/Tree"}
    size = {"type": "integer", "description": "In millimetres.", "minimum": 0}
    colour = {"anyOf": [{"enum": ["green", "red"]}, {"type": "null"}]}
    assert schemas.named == {
        "Leaf": {
            "type": "object", "description": "A leaf.", "properties": {"size": size, "colour": colour},
            "required": ["size"], "additionalProperties": False,
        },
        "Tree": {
            "type": "object",
            "description": "A tree, with leaves.",
            "properties": {
                "size": size,
                "colour": colour,
                "leaves": {"type": "array", "items": {"$ref": "#/components/schemas/Leaf"}},
                "names": {"type": "object", "additionalProperties": {"type": "number"}},
            },
            "required": ["size", "leaves", "names"],
            "additionalProperties": False,
        },
    }  # fmt: skip


def test_two_shapes_of_one_name_are_refused() -> None:
    """One would stand for the other."""
    schemas = Schemas()
    schemas.of(Leaf)
    with pytest.raises(TypeError, match="two shapes are called Leaf"):
        schemas.of(another_leaf())


def another_leaf() -> Any:
    class Leaf(TypedDict):
        """Of a table."""

        length: int

    return Leaf


def test_what_is_no_json_is_refused() -> None:
    """Nobody could send it."""
    with pytest.raises(TypeError, match="is no JSON"):
        Schemas().of(datetime)

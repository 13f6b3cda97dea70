"""Examples in the API's description: one of everything that is sent and answered, and each of what it is said to be."""

from __future__ import annotations

import json
from typing import get_args, is_typeddict

import pytest

from jagawarga.edge.bodies import Body, read_body
from jagawarga.edge.examples import ANSWERS, BODIES, EXAMPLES
from jagawarga.edge.headers import ASKED, TOLD
from jagawarga.edge.site import ROUTES
from tests.conformance import DOCUMENT, validator

HEADERS = {**ASKED, **TOLD}
MODELS: dict[str, type[Body]] = {each.body.__name__: each.body for each in ROUTES if each.body is not None}


def test_every_body_has_an_example() -> None:
    """And no other body has one."""
    assert sorted(BODIES) == sorted(MODELS), "BODIES in edge/examples.py"


def test_every_answer_has_an_example() -> None:
    """Each shape that a route answers with, and a problem."""
    shapes = [each for route in ROUTES for says in route.answers for each in (says.shape, *get_args(says.shape))]
    names = {each.__name__ for each in shapes if is_typeddict(each)}
    assert sorted(ANSWERS) == sorted({*names, "Problem"}), "ANSWERS in edge/examples.py"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_of_its_schema(name: str) -> None:
    """And stands in the document."""
    assert DOCUMENT["components"]["schemas"][name]["examples"] == [EXAMPLES[name]]
    validator({"$ref": f"#/components/schemas/{name}"}).validate(EXAMPLES[name])


@pytest.mark.parametrize("name", HEADERS)
def test_an_example_of_a_header_is_as_it_is_said_to_be(name: str) -> None:
    """A header has one, too."""
    validator(HEADERS[name].schema).validate(HEADERS[name].example)


@pytest.mark.parametrize("name", MODELS)
def test_an_example_of_a_body_is_taken_by_the_model_that_reads_it(name: str) -> None:
    """Not by its schema alone, which does not say all that a model asks for."""
    read_body(MODELS[name], json.dumps(EXAMPLES[name]).encode())

"""The API's description: whole, valid in itself, and the same as what is served and written down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jagawarga.edge.headers import ASKED, TOLD
from jagawarga.edge.openapi import describe, path_of, table
from jagawarga.edge.page import written
from jagawarga.edge.refusals import PROBLEMS, refusals
from jagawarga.edge.routing import Route
from jagawarga.edge.site import ROUTES

DOCUMENT = describe(ROUTES)


def operation_of(route: Route) -> Any:
    return DOCUMENT["paths"][path_of(route)][route.method.lower()]


def refs(part: Any) -> list[str]:
    """Every reference in a document."""
    if isinstance(part, dict):
        found = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return found + [each for value in part.values() for each in refs(value)]
    return [each for value in part for each in refs(value)] if isinstance(part, list) else []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_described(route: Route) -> None:
    """With what it promises, who may ask, and each part of its path; only who needs a token is asked for one."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
    operation = operation_of(route)
    assert operation["summary"].endswith(".")
    assert ("security" in operation) is (route.who is not None)
    named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
    assert named == set(re.findall(r"\{(\w+)\}", path))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_says_what_it_answers(route: Route) -> None:
    """In its row: each status with its shape, and the problems that do not follow from the rest of the row."""
    row = f"the row of {route.method} {route.path}"
    assert route.answers, f"{row} does not say what it answers: answers=(Says(200, shapes.…),)"
    statuses = [each.status for each in route.answers]
    assert len(set(statuses)) == len(statuses), f"{row} says one status twice: let its shape be A | B"
    for each in route.refuses:
        assert each in PROBLEMS, f"{row} refuses {each!r}, which is not in refusals.PROBLEMS"
    for each in route.reads:
        assert each in ASKED, f"{row} reads {each!r}, which is not in headers.ASKED"
    for each in [name for says in route.answers for name in says.headers]:
        assert each in TOLD, f"{row} answers {each!r}, which is not in headers.TOLD"


def test_it_holds_together() -> None:
    """References lead somewhere, and no two operations have one name."""
    found = refs(DOCUMENT)
    assert len(found) > 50
    for each in found:
        part: Any = DOCUMENT
        for name in each.removeprefix("#/").split("/"):
            part = part[name]
    names = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) == len(ROUTES)


def test_a_body_is_described_by_the_model_that_reads_it() -> None:
    """With its bounds, and closed to what it does not know."""
    body = DOCUMENT["components"]["schemas"]["ReportBody"]
    assert body["additionalProperties"] is False
    assert body["properties"]["privacy"]["enum"] == ["public", "private", "anonymous"]


def test_a_query_says_what_it_must_have() -> None:
    """A parameter without a default is a required one."""
    asked = {
        path: {each["name"]: each["required"] for each in DOCUMENT["paths"][path]["get"]["parameters"]}
        for path in ("/v1/areas/at", "/v1/reports")
    }
    assert asked["/v1/areas/at"] == {"latitude": True, "longitude": True}
    assert not any(asked["/v1/reports"].values())


def test_the_table_that_is_written_down_is_the_one_that_is_served() -> None:
    """`docs/api.md` is made by `python -m jagawarga.edge.openapi`."""
    written = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    assert written == table(ROUTES)


def test_the_page_shows_what_is_sent_and_answered() -> None:
    """Each shape with its fields and its example, each status with what comes with it, each problem."""
    shown = written(DOCUMENT)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        part = shown.partition(f'<h3 id="{name}">')[2].partition("<h3")[0]
        assert all(f"<code>{field}</code>" in part for field in schema.get("properties", ()))
        assert part.count("<details>") == len(schema.get("examples", ()))
    for route in ROUTES:
        part = shown.partition(f'<h3 id="{operation_of(route)["operationId"]}">')[2].partition("<h3")[0]
        assert all(f"<b>{says.status}</b>" in part for says in route.answers)
        assert all(f'href="#{code}"' in part for codes in refusals(route).values() for code in codes) or route.exempt
    assert all(f'<tr id="{code}">' in shown for code in PROBLEMS)


def test_the_links_of_the_page_lead_somewhere() -> None:
    """To a part of it."""
    shown = written(DOCUMENT)
    assert set(re.findall(r'href="#([^"]*)"', shown)) <= set(re.findall(r'id="([^"]*)"', shown))


def test_the_page_has_nothing_from_elsewhere() -> None:
    """No script, and no address but our own."""
    shown = written(DOCUMENT)
    assert "<script" not in shown
    assert [each for each in re.findall(r'(?:src|href)="([^"]*)"', shown) if each[0] != "#"] == ["/openapi.json"]
    assert all(f"<code>{each.method} " in shown for each in ROUTES)

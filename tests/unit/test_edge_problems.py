"""Errors as RFC 9457 problems: the table."""

from __future__ import annotations

import pytest
import trio
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, RequestTimeout
from werkzeug.exceptions import NotFound as NoRoute

from jagawarga.edge.problems import REJECTIONS, TITLES, Malformed, UnsupportedMedia, problem_of
from jagawarga.errors import (
    Conflict,
    Corrupt,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from supervisors import CallTimeout, Down, NoProc

TABLE = [
    (Malformed("x"), 400, "malformed-json", {}),
    (Rejected("x"), 400, "rejected", {}),
    (Unauthenticated("x"), 401, "unauthenticated", {"WWW-Authenticate": "Bearer"}),
    (Forbidden("x"), 403, "forbidden", {}),
    (NotFound("x"), 404, "not-found", {}),
    (NotFound("x", code="not-yours"), 404, "not-found", {}),
    (NoRoute(), 404, "not-found", {}),
    (MethodNotAllowed(["POST", "GET"]), 405, "method-not-allowed", {"Allow": "GET, POST"}),
    (RequestTimeout(), 408, "request-timeout", {}),
    (Conflict("x"), 409, "conflict", {}),
    (RequestEntityTooLarge(), 413, "body-too-large", {}),
    (UnsupportedMedia("x"), 415, "unsupported-media-type", {}),
    (Invalid("x"), 422, "invalid-request", {}),
    (Invalid("x", code="unknown-category"), 422, "unknown-category", {}),
    (TooManyRequests("x", retry_after=0.01), 429, "too-many-requests", {"Retry-After": "1"}),
    (TooManyRequests("x", retry_after=2.1), 429, "too-many-requests", {"Retry-After": "3"}),
    (Unavailable("x", retry_after=5.0), 503, "unavailable", {"Retry-After": "5"}),
    (NoProc("x"), 503, "unavailable", {"Retry-After": "1"}),
    (Down("killed"), 503, "unavailable", {"Retry-After": "1"}),
    (CallTimeout("x"), 503, "unavailable", {"Retry-After": "1"}),
]


@pytest.mark.parametrize(("error", "status", "code", "headers"), TABLE, ids=lambda value: str(value)[:30])
def test_each_error_has_its_problem(error: Exception, status: int, code: str, headers: dict[str, str]) -> None:
    """Status, type and headers follow from the error's class alone."""
    problem = problem_of(error)
    assert problem is not None
    assert (problem.status, problem.code, dict(problem.headers)) == (status, code, headers)
    assert problem.body()["type"] == f"urn:jagawarga:problem:{code}"


def test_a_title_is_for_people_in_their_language() -> None:
    """Of each status there is; what programs go by stays."""
    for status in {*(each[1] for each in TABLE), *(status for _, status in REJECTIONS), 500}:
        assert status in TITLES
    problem = problem_of(Conflict("x"))
    assert problem is not None
    english, indonesian = problem.body(), problem.body(language="id")
    assert (english["title"], indonesian["title"]) == ("Conflict", TITLES[409])
    assert english["type"] == indonesian["type"]


@pytest.mark.parametrize("bug", [Corrupt("x"), KeyError("x"), trio.ClosedResourceError()])
def test_a_bug_is_no_problem_of_the_caller(bug: Exception) -> None:
    """What is neither the caller's nor known to pass by itself has no problem of its own."""
    assert problem_of(bug) is None


def test_hidden_and_missing_read_the_same() -> None:
    """The domain's words for a missing thing never reach the caller."""
    one, other = problem_of(NotFound("belongs to another agency")), problem_of(NoRoute())
    assert one is not None
    assert other is not None
    assert one.body() == other.body()


def test_our_own_trouble_is_not_described() -> None:
    """The words of an `Unavailable` are for the log."""
    problem = problem_of(Unavailable("host db-17 refuses role reports"))
    assert problem is not None
    assert "db-17" not in str(problem.body())


def test_fields_are_listed() -> None:
    """Each wrong field is named with what is wrong with it."""
    problem = problem_of(Invalid("x", fields={"nik": "must have 16 digits"}))
    assert problem is not None
    assert problem.body()["errors"] == [{"field": "nik", "detail": "must have 16 digits"}]

"""Reading bodies and queries: what is taken, what is refused, and that nothing is repeated."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jagawarga.edge.api.agency import ActionBody, ListQuery
from jagawarga.edge.api.citizen import ReportBody
from jagawarga.edge.api.operator import CategoryBody
from jagawarga.edge.api.public import CitizenBody
from jagawarga.edge.bodies import NoQuery, PageQuery, read_body, read_key, read_query
from jagawarga.edge.problems import Malformed
from jagawarga.errors import Invalid, Rejected

GOOD = {"privacy": "public", "category": "pothole", "text": "A hole.", "latitude": -6.2, "longitude": 106.8}


def refused(changes: dict[str, Any]) -> dict[str, str]:
    body = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    with pytest.raises(Invalid) as wrong:
        read_body(ReportBody, json.dumps(body).encode()).command(100)
    return wrong.value.fields


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"privacy": "secret"}, "privacy"),
        ({"privacy": ...}, "privacy"),
        ({"category": ""}, "category"),
        ({"category": "a/b"}, "category"),
        ({"category": 7}, "category"),
        ({"text": ""}, "text"),
        ({"text": " \n\t"}, "text"),
        ({"text": "x" * 101}, "text"),
        ({"text": "nul\x00"}, "text"),
        ({"text": "escape\x1b[2J"}, "text"),
        ({"text": "c1\x85"}, "text"),
        ({"text": None}, "text"),
        ({"latitude": 90.1}, "latitude"),
        ({"latitude": -91}, "latitude"),
        ({"longitude": 180.5}, "longitude"),
        ({"latitude": "6"}, "latitude"),
        ({"latitude": True}, "latitude"),
        ({"latitude": float("nan")}, "latitude"),
        ({"longitude": float("inf")}, "longitude"),
        ({"latitude": 1e400}, "latitude"),
        ({"latitude": ...}, "latitude"),
        ({"longitude": ...}, "longitude"),
        ({"latitude": ..., "longitude": ...}, "address"),
        ({"latitude": ..., "longitude": ..., "address": "  "}, "address"),
        ({"address": "two\nlines"}, "address"),
        ({"address": "x" * 501}, "address"),
        ({"landmark": "x" * 201}, "landmark"),
        ({"landmark": ""}, "landmark"),
        ({"reporter": "p1"}, "reporter"),
    ],
    ids=str,
)
def test_a_wrong_report_names_the_wrong_field(changes: dict[str, Any], field: str) -> None:
    """Each single mistake is refused and its field is named."""
    assert list(refused(changes)) == [field]


def test_a_field_said_twice_is_refused() -> None:
    """Which of two privacies counts is not for us to guess."""
    twice = json.dumps(GOOD)[:-1].encode() + b', "privacy": "anonymous"}'
    with pytest.raises(Invalid) as wrong:
        read_body(ReportBody, twice)
    assert set(wrong.value.fields) == {"privacy"}


def test_an_invisible_text_is_blank() -> None:
    """Zero-width and direction marks say nothing."""
    assert "text" in refused({"text": "\u200b \u202e\n\u2060"})


def test_a_good_report_becomes_a_command() -> None:
    """Numbers may be integers, line ends are made one kind."""
    body = read_body(ReportBody, json.dumps(GOOD | {"text": "a\r\nb\tc", "latitude": 6}).encode())
    command = body.command(100)
    assert (command.text, command.place.latitude, command.place.address) == ("a\nb\tc", 6.0, None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a":1}x',
        b"\xff\xfe",
        b'{"text":"\xed\xa0\x80"}',
        b'{"text":"\\ud800"}',
        b"[" * 10_000,
    ],
    ids=str,
)
def test_what_is_no_json_is_malformed(data: bytes) -> None:
    """Cut off, badly encoded, with lone surrogates, or nested without end: it is not JSON to us."""
    with pytest.raises(Malformed):
        read_body(ReportBody, data)


@pytest.mark.parametrize("data", [b"[]", b"null", b'"text"', b"1"])
def test_json_that_is_no_object_is_invalid(data: bytes) -> None:
    """The body as a whole is the wrong field."""
    with pytest.raises(Invalid) as wrong:
        read_body(ReportBody, data)
    assert list(wrong.value.fields) == ["(body)"]


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just(["x"]))


# Generation is slow only where other work takes the processor, which is no reason to fail.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, "address", "nik", "0812-555-0000"]), VALUES))
def test_no_body_is_worse_than_refused(body: dict[str, Any]) -> None:
    """Whatever fields hold, the outcome is a command or a rejection."""
    with suppress(Rejected):
        read_body(ReportBody, json.dumps(body).encode()).command(10_000)


def test_refusals_repeat_no_value() -> None:
    """Values never appear in a refusal, nor does a field's name that looks like something else."""
    canary = "3174012345678901"
    sent = {"nik": [canary], "name": {"x": canary}, "password": canary * 20, "email": canary + "\x00", canary: canary}
    with pytest.raises(Invalid) as wrong:
        read_body(CitizenBody, json.dumps(sent).encode())
    assert canary not in str(wrong.value.fields)
    assert canary not in wrong.value.detail
    assert "(unknown field)" in wrong.value.fields


@pytest.mark.parametrize(
    ("model", "sent", "field"),
    [
        (NoQuery, {"x": ["1"]}, "x"),
        (PageQuery, {"limit": ["0"]}, "limit"),
        (PageQuery, {"limit": ["101"]}, "limit"),
        (PageQuery, {"limit": ["ten"]}, "limit"),
        (PageQuery, {"limit": [""]}, "limit"),
        (PageQuery, {"limit": ["1", "1"]}, "limit"),
        (PageQuery, {"cursor": ["a b"]}, "cursor"),
        (PageQuery, {"cursor": ["x" * 301]}, "cursor"),
        (PageQuery, {"cursor": ["ok\n"]}, "cursor"),
        (PageQuery, {"offset": ["1"]}, "offset"),
        (ListQuery, {"status": ["gone"]}, "status"),
    ],
    ids=str,
)
def test_a_wrong_query_names_the_parameter(model: Any, sent: dict[str, list[str]], field: str) -> None:
    """Out of range, unknown and repeated parameters are refused by name."""
    with pytest.raises(Invalid) as wrong:
        read_query(model, sent)
    assert list(wrong.value.fields) == [field]


def test_a_page_has_fifty_lines_unless_asked() -> None:
    """The default is a page of 50 from the beginning."""
    page = read_query(PageQuery, {})
    assert (page.cursor, page.limit) == (None, 50)


@pytest.mark.parametrize("key", ["", ".hidden", "a b", "a\x00", "x" * 65, "é"])
def test_a_key_out_of_a_path_is_checked(key: str) -> None:
    """What can not be a key is refused, not looked up."""
    with pytest.raises(Invalid):
        read_key("key", key)


@pytest.mark.parametrize("hours", [[], [0], [-1], [1e9], ["1"], [1] * 11])
def test_limits_of_a_category_are_positive_and_few(hours: list[Any]) -> None:
    """Time limits are 1 to 10 positive numbers of hours."""
    body = {"name": "n", "agency": "roads", "respond_hours": hours, "resolve_hours": [1.5, 2]}
    with pytest.raises(Invalid) as wrong:
        read_body(CategoryBody, json.dumps(body).encode())
    assert all(name.startswith("respond_hours") for name in wrong.value.fields)


def test_a_note_may_have_lines_but_no_controls() -> None:
    """Notes are texts of several lines."""
    assert read_body(ActionBody, b'{"note":"a\\r\\nb"}').note == "a\nb"
    with pytest.raises(Invalid):
        read_body(ActionBody, b'{"note":"a\\u0000"}')

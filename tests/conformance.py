"""Holds what is really answered against what the API says of itself: nothing comes that is not told of."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from jagawarga.edge.openapi import describe
from jagawarga.edge.site import HEADERS, ROUTES

DOCUMENT = describe(ROUTES)
ALWAYS = {"content-type", "content-length", "transfer-encoding", "date", "connection", *map(str.lower, HEADERS)}
"""Headers of every answer; the last of them are in the document's own words."""
OF_PROBLEMS = {"content-language", "vary"}
"""Headers of every problem that a route answers with."""
KEPT = {"no-store", None}
STREAM = "text/event-stream"


def undocumented(answer: httpx.Response) -> list[str]:
    """What the document does not tell of, of an answer that was read; nothing for an address that is no route."""
    operation = operation_of(answer.request.method, answer.request.url.path)
    return [] if operation is None else wrong_with(operation, answer)


def wrong_with(operation: dict[str, Any], answer: httpx.Response) -> list[str]:
    """What is wrong with an answer to this operation."""
    said = operation["responses"].get(str(answer.status_code))
    if said is None:
        return [f"status {answer.status_code}: {answer.text[:200]}"]
    said = resolved(said)
    return [*_headers(said, answer), *_content(said, answer)]


def _headers(said: dict[str, Any], answer: httpx.Response) -> list[str]:
    told = {name.lower(): each for name, each in said.get("headers", {}).items()}
    known = ALWAYS | OF_PROBLEMS if answer.is_error else ALWAYS
    wrong = [f"header {name}" for name in answer.headers if name not in known and name not in told]
    if answer.headers.get("cache-control") not in KEPT and "cache-control" not in told and STREAM not in _type(answer):
        wrong.append("header cache-control")
    for name, each in told.items():
        value: Any = answer.headers.get(name)
        if each["schema"].get("type") == "integer" and value is not None:
            value = int(value)
        wrong += [f"header {name}: {error.message}" for error in validator(each["schema"]).iter_errors(value)]
    return wrong


def _content(said: dict[str, Any], answer: httpx.Response) -> list[str]:
    content, media_type = said.get("content", {}), _type(answer)
    if answer.request.method == "HEAD" or media_type == STREAM:
        return [] if media_type in content else [f"content type {media_type}"]
    if not content:
        return [f"content: {media_type} {answer.text[:200]}"] if answer.content or media_type else []
    if media_type not in content:
        return [f"content type {media_type}"]
    if not media_type.endswith("json"):
        return []
    schema = content[media_type]["schema"]
    return [f"{error.instance_path}: {error.message}" for error in validator(schema).iter_errors(answer.json())]


def _type(answer: httpx.Response) -> str:
    kind: str = answer.headers.get("content-type", "")
    return kind.partition(";")[0]


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The operation of a request; that of `GET` for `HEAD`."""
    method = "get" if method == "HEAD" else method.lower()
    return next((found[method] for shape, found in _paths() if method in found and shape.fullmatch(path)), None)


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Those without variable parts first, as the router has it."""
    paths = sorted(DOCUMENT["paths"].items(), key=lambda each: each[0].count("{"))
    return [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), found) for path, found in paths]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    found: Any = DOCUMENT
    if "$ref" not in part:
        return part
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    assert isinstance(found, dict)
    return found


_VALIDATORS: dict[str, jsonschema_rs.Draft202012Validator] = {}


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator of one of the document's schemas, formats too; made once."""
    key = repr(schema)
    if key not in _VALIDATORS:
        whole = {"components": DOCUMENT["components"], "allOf": [schema]}
        _VALIDATORS[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return _VALIDATORS[key]


def hold(answer: httpx.Response) -> None:
    """Fail for an answer, already read, that has what the document does not tell of."""
    wrong = undocumented(answer)
    assert not wrong, f"{answer.request.method} {answer.request.url.path} answers what its row does not say: {wrong}"


async def held(answer: httpx.Response) -> None:
    """Hold each answer of an asynchronous client (an event hook)."""
    if STREAM not in answer.headers.get("content-type", ""):
        await answer.aread()
    hold(answer)


def held_too(answer: httpx.Response) -> None:
    """Hold each answer of a client (an event hook)."""
    if STREAM not in answer.headers.get("content-type", ""):
        answer.read()
    hold(answer)

"""The API described from its own routes: OpenAPI 3.1, and the same as a table. Nothing is said twice.

What a handler promises is the first line of its docstring; what it takes are the models that read it; what it answers
are the shapes in its row, which `views` is held to, and the problems that follow from the row.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from jagawarga.edge import shapes
from jagawarga.edge.examples import EXAMPLES
from jagawarga.edge.headers import ASKED, TOLD, Header
from jagawarga.edge.problems import PROBLEM_JSON, TYPE
from jagawarga.edge.refusals import PROBLEMS, is_step, refusals
from jagawarga.edge.schemas import REF, Schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jagawarga.edge.routing import Route, Says

VERSION: Final = "3.1.0"
API: Final = "1"
"""The version in the paths; fields may be added to it, and none taken away."""
CODE: Final = "Tracking-Code"
ABOUT: Final = """\
Who calls says so with `Authorization: Bearer` and the `access_token` of `POST /v1/sessions`; whoever reported without a
name, with the header `Tracking-Code` and the code of the receipt, under `/v1/tracking` alone.

Times are UTC, places degrees of WGS 84. Fields may be added to an answer, and none is taken away.

What goes wrong is a problem (RFC 9457) whose `type` says which one; what was sent is never repeated. 429 and 503 say
in `Retry-After` when to come back. A report with an `Idempotency-Key`, or a step with `If-Match`, may be sent again.

What is asked with `GET` may be asked with `HEAD`. A request that is no HTTP, or too long, is refused before any route
sees it (400, 408, 413, 431), and so are an address that is none (404) and a method that it does not take (405).

Every answer says `X-Content-Type-Options: nosniff`, `Referrer-Policy: no-referrer`, a `Content-Security-Policy`, and
`Cache-Control: no-store` where it does not say how long it may be kept.
"""
PLACES: Final = {
    "report_id": {"type": "string", "format": "uuid"},
    "subscription_id": {"type": "string", "format": "uuid"},
    "number": {"type": "string", "pattern": "^[1-9]$"},
}
"""Parts of paths that are more than a word."""
_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """Give the OpenAPI document of these routes. `TypeError` for two schemas of one name."""
    models = [(each.body, "validation") for each in routes if each.body is not None]
    _, bodies = models_json_schema(models, ref_template=REF + "{model}")  # type: ignore[arg-type]
    asked, told = bodies.get("$defs", {}), Schemas()
    problem = told.of(shapes.Problem)
    paths: dict[str, dict[str, Any]] = {}
    refused: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route, told, refused)
    if both := asked.keys() & told.named.keys():
        msg = f"a body and an answer are both called {', '.join(sorted(both))}"
        raise TypeError(msg)
    known = {**asked, **told.named}
    for name in known.keys() & EXAMPLES.keys():
        known[name]["examples"] = [EXAMPLES[name]]
    return {
        "openapi": VERSION,
        "info": {"title": "JagaWarga", "version": API, "description": ABOUT, "license": LICENSE},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(known.items())),
            "responses": {name: _refusal(codes, problem) for name, codes in sorted(refused.items())},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def path_of(route: Route) -> str:
    """The path as OpenAPI writes its parts."""
    return _PLACE.sub(r"{\1}", route.path)


def who_may(route: Route) -> str:
    """Say who may ask, in words."""
    if route.who is None:
        return "holder of the tracking code" if "tracking" in route.path else "anyone"
    roles = (route.who,) if isinstance(route.who, str) else route.who
    return ", ".join(each.replace("_", " ") for each in roles)


def promise(route: Route) -> str:
    """Say what it does: the first line of its handler's docstring."""
    return (route.handler.__doc__ or route.path).strip().splitlines()[0]


def table(routes: Iterable[Route]) -> str:
    """Give `docs/api.md`: every endpoint with who may call it."""
    lines = [
        "# The API",
        "",
        "Made from the routes (`python -m jagawarga.edge.openapi`), as `/openapi.json` and `/docs` are: they say what",
        "is sent and answered, with examples. Problems are RFC 9457; what says later (429, 503) says when.",
        "",
        "| method | path | who | what |",
        "|---|---|---|---|",
    ]
    lines += [f"| {each.method} | `{path_of(each)}` | {who_may(each)} | {promise(each)} |" for each in routes]
    lines += ["", "| problem | status | means |", "|---|---|---|"]
    lines += [f"| `{code}` | {known.status} | {known.meaning} |" for code, known in PROBLEMS.items()]
    return "\n".join(lines) + "\n"


def headers_of(route: Route) -> tuple[str, ...]:
    """The headers a route reads beside the usual ones."""
    code = (CODE,) if route.path.startswith("/v1/tracking") else ()
    return (*code, *route.reads, *(("If-Match",) if is_step(route) else ()))


def _operation(route: Route, schemas: Schemas, refused: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method} {route.path}").strip("_").lower(),
        "summary": promise(route),
        "description": f"For: {who_may(route)}.",
        "parameters": _parameters(route),
        "responses": _responses(route, schemas, refused),
    }
    if route.who is not None:
        operation["security"] = [{"bearer": []}]
    if route.body is not None:
        content = {"application/json": {"schema": {"$ref": REF + route.body.__name__}}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    elif route.allowance == "upload":
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    asked = route.query.model_json_schema()
    return [
        *(
            {"name": name, "in": "path", "required": True, "schema": PLACES.get(name, {"type": "string"})}
            for name in _PLACE.findall(route.path)
        ),
        *(
            {"name": name, "in": "query", "required": name in asked.get("required", ()), "schema": schema}
            for name, schema in asked.get("properties", {}).items()
        ),
        *(
            {"name": name, "in": "header", "required": name == CODE} | _header(ASKED[name])
            for name in headers_of(route)
        ),
    ]


def _responses(route: Route, schemas: Schemas, refused: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for says in route.answers:
        found[str(says.status)] = _answer(says, schemas)
    for status, codes in refusals(route).items():
        name = ".".join(codes)
        refused[name] = codes
        if str(status) in found:
            # It says so in two ways: by what the row tells, and by a problem.
            found[str(status)]["content"] |= _refusal(codes, schemas.of(shapes.Problem))["content"]
        else:
            found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(found.items()))


def _answer(says: Says, schemas: Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": says.meaning or HTTPStatus(says.status).phrase}
    if says.headers:
        answer["headers"] = {name: {"required": True} | _header(TOLD[name]) for name in says.headers}
    if says.shape is not None:
        answer["content"] = {each: _content(each, says.shape, schemas) for each in says.produces}
    return answer


def _content(media_type: str, shape: Any, schemas: Schemas) -> dict[str, Any]:
    if shape is bytes:
        return {}  # as OpenAPI 3.1 has it of what is no text
    if media_type == "text/event-stream":
        # OpenAPI 3.1 has no word for what comes in events.
        return {"schema": {"type": "string"}, "x-event-data": schemas.of(shape)}
    return {"schema": schemas.of(shape)}


def _refusal(codes: Sequence[str], problem: dict[str, Any]) -> dict[str, Any]:
    known = [PROBLEMS[each] for each in codes]
    own = {"type": {"enum": [TYPE + each for each in codes]}, "status": {"const": known[0].status}}
    return {
        "description": " ".join(f"`{code}`: {each.meaning}" for code, each in zip(codes, known, strict=True)),
        "headers": {name: {"required": True} | _header(TOLD[name]) for name in known[0].headers},
        "content": {PROBLEM_JSON: {"schema": problem | {"properties": own}}},
    }


def _header(header: Header) -> dict[str, Any]:
    return {"description": header.meaning, "schema": header.schema, "example": header.example}


if __name__ == "__main__":
    from jagawarga.edge.site import ROUTES

    print(table(ROUTES), end="")  # noqa: T201 - this is its work

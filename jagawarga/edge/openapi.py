"""The API described from its own routes: OpenAPI 3.1, and the same as a page and as a table. Nothing is said twice.

What a handler promises is the first line of its docstring; what it takes are the models that read it.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jagawarga.edge.routing import Route

VERSION: Final = "3.1.0"
API: Final = "1"
"""The version in the paths; fields may be added to it, and none taken away."""
PROBLEM: Final = {
    "type": "object",
    "description": "What went wrong (RFC 9457); values that were sent are never repeated.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}, "description": "One for each wrong field."},
        "current": {"type": "object", "description": "The state in the way, of a 409."},
    },
}
HEADERS: Final = {
    ("POST", "/v1/reports"): ("Idempotency-Key",),
    ("GET", "/v1/categories"): ("Accept-Language",),
    ("POST", "/v1/categories/suggestions"): ("Accept-Language",),
    ("GET", "/v1/agency/stream"): ("Last-Event-ID",),
    ("GET", "/v1/me/stream"): ("Last-Event-ID",),
}
"""Headers a route reads beside the usual ones."""
STEPS: Final = re.compile(r"/v1/(?:agency|me)/reports/<report_id>(?:/[a-z-]+)?")
"""Paths of steps, which may be for one version of the report."""
CODE: Final = "Tracking-Code"
_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
STYLE: Final = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code{white-space:nowrap}"


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """Give the OpenAPI document of these routes."""
    models = [(each.body, "validation") for each in routes if each.body is not None]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": VERSION,
        "info": {"title": "JagaWarga", "version": API, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


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
        "Made from the routes (`python -m jagawarga.edge.openapi`), as `/openapi.json` and `/docs` are. Problems are",
        "RFC 9457; every answer that says later (429, 503) says when.",
        "",
        "| method | path | who | what |",
        "|---|---|---|---|",
    ]
    lines += [f"| {each.method} | `{path_of(each)}` | {who_may(each)} | {promise(each)} |" for each in routes]
    return "\n".join(lines) + "\n"


def page(routes: Iterable[Route]) -> str:
    """Give the page for people: plain HTML with nothing from anywhere else."""
    rows = []
    for each in routes:
        fields = [] if each.body is None else [*each.body.model_json_schema().get("properties", {})]
        asked = [*each.query.model_json_schema().get("properties", {})]
        more = "; ".join(
            f"{name}: {', '.join(f'<code>{escape(one)}</code>' for one in found)}"
            for name, found in (("query", asked), ("body", fields), ("headers", headers_of(each)))
            if found
        )
        rows.append(
            f"<dt><code>{each.method} {escape(path_of(each))}</code> ({escape(who_may(each))})</dt>"
            f"<dd>{escape(promise(each))}{'<br>' + more if more else ''}</dd>"
        )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>JagaWarga: the API</title>'
        f"<style>{STYLE}</style>"
        '</head><body><h1>JagaWarga: the API</h1><p>For programs: <a href="/openapi.json">openapi.json</a>.</p><dl>'
        + "".join(rows)
        + "</dl></body></html>"
    )


def headers_of(route: Route) -> tuple[str, ...]:
    """The headers a route reads beside the usual ones."""
    known = HEADERS.get((route.method, route.path), ())
    step = route.method != "GET" and (STEPS.fullmatch(route.path) or route.path.startswith("/v1/tracking/"))
    code = (CODE,) if route.path.startswith("/v1/tracking") else ()
    return (*code, *known, *(("If-Match",) if step else ()))


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(route.path)
    ]
    asked = route.query.model_json_schema()
    parameters += [
        {"name": name, "in": "query", "required": name in asked.get("required", ()), "schema": schema}
        for name, schema in asked.get("properties", {}).items()
    ]
    parameters += [
        {"name": name, "in": "header", "required": name == CODE, "schema": {"type": "string"}}
        for name in headers_of(route)
    ]
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method} {route.path}").strip("_").lower(),
        "summary": promise(route),
        "description": f"For: {who_may(route)}.",
        "parameters": parameters,
        "responses": _responses(route),
    }
    if route.who is not None:
        operation["security"] = [{"bearer": []}]
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        operation["requestBody"] = {
            "required": not route.body_optional,
            "content": {"application/json": {"schema": schema}},
        }
    elif route.allowance == "upload":
        operation["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    return operation


def _responses(route: Route) -> dict[str, Any]:
    problem = {
        "description": "A problem.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    later = problem | {
        "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
    }
    return {
        "2XX": {"description": "As promised.", "content": {route.produces: {}}},
        "4XX": problem,
        "429": later,
        "5XX": problem,
        "503": later,
    }


if __name__ == "__main__":
    from jagawarga.edge.site import ROUTES

    print(table(ROUTES), end="")  # noqa: T201 - this is its work

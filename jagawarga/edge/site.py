"""The ASGI application: Quart as a router, and one path that every request takes through it.

address allowance → authentication and role → the route's own allowance → query → body → handler → answer. What fails
on the way becomes a problem in `_fail`; a bug is logged under the request's number, by type and place, never by text.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
import trio
from quart import Response, g, request
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioRequest

from jagawarga.edge.api import (
    accounts,
    agency,
    areas,
    attachments,
    canned,
    citizen,
    desk,
    documents,
    feed,
    media,
    notifications,
    operator,
    ops,
    own,
    public,
    suggestions,
    tracking,
)
from jagawarga.edge.bodies import read_body, read_query
from jagawarga.edge.doors import Doors
from jagawarga.edge.guard import Guard
from jagawarga.edge.languages import preferred
from jagawarga.edge.limits import EdgeLimits
from jagawarga.edge.problems import LANGUAGES, PROBLEM_JSON, Problem, UnsupportedMedia, encode, internal, problem_of
from jagawarga.edge.routing import Answer, Ask, Route, Streaming
from jagawarga.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from werkzeug.datastructures import Headers

    from jagawarga.edge.bodies import Body
    from jagawarga.identity.messages import Principal

__all__ = ["ROUTES", "Doors", "EdgeLimits", "build_site"]

ROUTES: tuple[Route, ...] = (
    *public.ROUTES,
    *areas.ROUTES,
    *suggestions.ROUTES,
    *feed.ROUTES,
    *accounts.ROUTES,
    *citizen.ROUTES,
    *own.ROUTES,
    *notifications.ROUTES,
    *media.ROUTES,
    *attachments.ROUTES,
    *tracking.ROUTES,
    *agency.ROUTES,
    *desk.ROUTES,
    *canned.ROUTES,
    *operator.ROUTES,
    *ops.ROUTES,
    *documents.routes(lambda: ROUTES),
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
NO_ROUTE = "(none)"

log = structlog.get_logger("jagawarga.edge")


class Site(QuartTrio):
    """Quart on Trio, keeping to itself what an exception says."""

    def log_exception(self, exception_info: Any) -> None:
        """Log the kind of a failure in Quart or in a hook; Quart's own way would log its text."""
        log.error("request failed outside the routes", error=getattr(exception_info[0], "__name__", "unknown"))


def build_site(doors: Doors, limits: EdgeLimits) -> Site:
    """Return the application for these doors and limits. It keeps no state but allowances, in memory."""
    app = Site("jagawarga", static_folder=None)
    app.request_class = _asked(limits)
    app.config.update(MAX_CONTENT_LENGTH=limits.body, BODY_TIMEOUT=limits.body_seconds)
    # A redirect would repeat the address the caller typed; an address is either right or unknown.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    guard = Guard(doors.identity, limits)
    for route in ROUTES:
        endpoint = f"{route.method} {route.path}"
        app.add_url_rule(route.path, endpoint, _view(route, doors, guard, limits), methods=[route.method])
    app.before_request(_begin)
    app.after_request(_end(doors))
    app.register_error_handler(Exception, _fail)
    return app


def _asked(limits: EdgeLimits) -> type[TrioRequest]:
    """Give uploads, and nothing else, room for more than a body of JSON."""

    class Asked(TrioRequest):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if self.method == "POST" and self.path in media.PATHS:
                self.body = self.body_class(self.content_length, limits.upload)

    return Asked


def _view(route: Route, doors: Doors, guard: Guard, limits: EdgeLimits) -> Callable[..., Awaitable[Response]]:
    async def view(**path: str) -> Response:
        client = request.scope.get("client") or ("", 0)
        address = guard.address(client[0], request.headers.getlist("X-Forwarded-For"))
        try:
            with trio.fail_after(route.seconds or limits.request_seconds):
                if not route.exempt:
                    guard.allow("address", address)
                caller = await _caller(route, guard, address)
                query = read_query(route.query, request.args.to_dict(flat=False))
                ask = Ask(
                    doors=doors,
                    guard=guard,
                    limits=limits,
                    query=query,
                    body=await _body(route),
                    path=path,
                    address=address,
                    started=g.started,
                    header=partial(_header, request.headers),
                    draining=request.scope["state"]["draining"].wait,
                    caller=caller,
                    stream=request.body,
                )
                answer = await route.handler(ask)
        except trio.TooSlowError:
            msg = "the answer took too long"
            raise Unavailable(msg) from None
        return _render(answer)

    return view


def _header(headers: Headers, name: str) -> str | None:
    """Return a header's value; of one sent several times all, in their order (RFC 9110, 5.3): none is dropped."""
    values = headers.getlist(name)
    return ", ".join(values) if values else None


async def _caller(route: Route, guard: Guard, address: str) -> Principal | None:
    caller = None
    if route.who is not None:
        caller = await guard.principal(request.headers.getlist("Authorization"), route.who)
    if route.allowance is not None:
        guard.allow(route.allowance, address if caller is None else caller.pseudonym)
    return caller


async def _body(route: Route) -> Body | None:
    if route.body is None:
        return None
    data = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    if not data and route.body_optional:
        return None
    if request.mimetype != "application/json":
        msg = "The body must be application/json."
        raise UnsupportedMedia(msg)
    return read_body(route.body, data)


def _render(answer: Answer | Streaming) -> Response:
    if isinstance(answer, Streaming):
        if request.method == "HEAD":
            return Response(b"", content_type="text/event-stream", headers=STREAM_HEADERS)
        response = Response(b"", content_type="text/event-stream", headers=STREAM_HEADERS)
        response.response = answer.stream
        response.headers.pop("Content-Length", None)
        response.timeout = None  # Quart would cut the stream after RESPONSE_TIMEOUT
        return response
    if hasattr(answer.content, "__aiter__"):
        response = Response(
            answer.content, answer.status, headers=dict(answer.headers), content_type=answer.content_type
        )
        response.timeout = None  # each slice has its own limit at the connection
        return response
    data: bytes = answer.content if isinstance(answer.content, bytes) else encode(answer.content)
    response = Response(data, answer.status, headers=dict(answer.headers), content_type=answer.content_type)
    if not data:
        del response.headers["Content-Type"]  # of no content
    return response


# The hooks are coroutine functions although they never wait: Quart runs plain ones in a thread.


async def _begin() -> None:
    g.started = trio.current_time()
    g.number = f"urn:uuid:{uuid4()}"


def _end(doors: Doors) -> Callable[[Response], Awaitable[Response]]:
    async def end(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        rule = request.url_rule
        seconds = trio.current_time() - g.started
        doors.observe(NO_ROUTE if rule is None else rule.rule, f"{response.status_code // 100}xx", seconds)
        return response

    return end


async def _fail(error: Exception) -> Response:
    problem = problem_of(error)
    if problem is None:
        problem = internal()
        rule = request.url_rule
        log.error(
            "request failed",
            request=g.number,
            route=NO_ROUTE if rule is None else rule.rule,
            error=type(error).__name__,
            at=_places(error),
        )
    return _problem_response(problem)


def _problem_response(problem: Problem) -> Response:
    language = preferred(request.headers.get("Accept-Language"), LANGUAGES)
    headers = dict(problem.headers) | {"Content-Language": language, "Vary": "Accept-Language"}
    return Response(
        encode(problem.body(g.number, language)), problem.status, headers=headers, content_type=PROBLEM_JSON
    )


def _places(error: BaseException) -> list[str]:
    """Return where it happened, innermost last: file and line, and nothing of what was in the variables."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]

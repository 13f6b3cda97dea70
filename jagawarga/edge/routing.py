"""Routes as data: method, path, who may ask, what they may send, what is answered, and the function that translates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from uuid import UUID

from jagawarga.edge.bodies import Body, NoQuery, Query
from jagawarga.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Mapping

    from jagawarga.edge.doors import Doors
    from jagawarga.edge.guard import Guard
    from jagawarga.edge.limits import EdgeLimits
    from jagawarga.edge.stream import EventStream
    from jagawarga.identity.messages import Principal, Role

Q = TypeVar("Q")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Ask(Generic[Q, B]):
    """One request, read and authenticated, with all a route needs to answer it."""

    doors: Doors
    guard: Guard
    limits: EdgeLimits
    query: Q
    body: B
    path: Mapping[str, str]
    address: str
    """Of the client; a key for allowances and nothing else."""
    started: float
    header: Callable[[str], str | None]
    draining: Callable[[], Awaitable[object]]
    """Waits until the server is about to stop."""
    caller: Principal | None
    stream: AsyncIterable[bytes]
    """The body as it arrives, for a route that declares none."""

    @property
    def principal(self) -> Principal:
        """Who is asking, on a route that is not for anyone."""
        assert self.caller is not None
        return self.caller

    @property
    def agency(self) -> str:
        """The officer's agency."""
        assert self.principal.agency is not None
        return self.principal.agency

    @property
    def report_id(self) -> UUID:
        """The report named in the path; what can not be an id is not there, like any other."""
        value = self.path["report_id"]
        try:
            found = UUID(value)
        except ValueError:
            found = None
        if found is None or str(found) != value.lower():
            msg = "no such report"
            raise NotFound(msg)
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: JSON unless it is bytes (of the given content type) or a stream."""

    content: Any
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Streaming:
    """An answer that goes on."""

    stream: EventStream


@dataclass(frozen=True, slots=True)
class Says:
    """One way in which a route may answer, other than by a problem, for the document of the API.

    `shape` is a `TypedDict` (most are in `shapes`), or several of them (`A | B`); `str` for text, `bytes` for a file,
    `None` for no content. Of a stream it is the shape of an event's data. `headers` are those it always has.
    """

    status: int
    shape: Any = None
    meaning: str = ""
    """Where the status alone does not tell."""
    headers: tuple[str, ...] = ()
    produces: tuple[str, ...] = ("application/json",)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table: `who` is a role, several, or `None` for anyone; `allowance` counts beside the address's."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: Callable[[Ask[Any, Any]], Awaitable[Answer | Streaming]]
    who: Role | tuple[Role, ...] | None = None
    query: type[Query] = NoQuery
    body: type[Body] | None = None
    body_optional: bool = False
    allowance: Literal["sign_in", "submit", "suggest", "upload", "vote"] | None = None
    exempt: bool = False
    """True for what watches the process: it must work when the allowance of its address is used up."""
    seconds: float | None = None
    """For the answer, where it is not the limit of all routes."""
    reads: tuple[str, ...] = ()
    """Headers it reads (`headers.ASKED`), beside those that follow from the rest of the row."""
    answers: tuple[Says, ...] = ()
    """Everything it answers when nothing is wrong; a test asks each route for it."""
    refuses: tuple[str, ...] = ()
    """Problems (`refusals.PROBLEMS`) that do not follow from the rest of the row."""

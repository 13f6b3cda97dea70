"""Canned answers: the officers of an agency read them, its heads write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from jagawarga.canned.messages import CannedAnswer, Language, Step
from jagawarga.edge import shapes, views
from jagawarga.edge.api.agency import STAFF
from jagawarga.edge.bodies import Body, Key, Line, Lines, NoQuery, Query, read_key
from jagawarga.edge.routing import Answer, Ask, Route, Says

NO_CONTENT = 204


class CannedQuery(Query):
    """What is to be answered: the step and the report's category."""

    action: Step | None = None
    category: Key | None = None


class CannedAnswerBody(Body):
    """A canned answer, its key being in the path; without a step, a category or a language it goes with any."""

    title: Annotated[Line, Field(min_length=1, max_length=200)]
    text: Annotated[Lines, Field(max_length=2_000)]
    action: Step | None = None
    category: Key | None = None
    language: Language | None = None


async def answers(ask: Ask[CannedQuery, None]) -> Answer:
    """List the agency's canned answers, or those that go with a step and a category."""
    found = await ask.doors.canned.answers(ask.agency, action=ask.query.action, category=ask.query.category)
    return Answer({"items": [views.canned(each) for each in found]})


async def put(ask: Ask[NoQuery, CannedAnswerBody]) -> Answer:
    """Create or change a canned answer of the caller's agency; it keeps 200 at most."""
    sent = ask.body
    answer = CannedAnswer(
        read_key("key", ask.path["key"]), sent.title, sent.text, sent.action, sent.category, sent.language
    )
    await ask.doors.canned.put(ask.agency, answer)
    return Answer(views.canned(answer))


async def delete(ask: Ask[NoQuery, None]) -> Answer:
    """Delete a canned answer of the caller's agency; what was said with it stays said."""
    await ask.doors.canned.delete(ask.agency, read_key("key", ask.path["key"]))
    nothing: Any = b""
    return Answer(nothing, NO_CONTENT)


ROUTES = (
    Route(
        "GET", "/v1/agency/canned-answers", answers, who=STAFF, query=CannedQuery,
        answers=(Says(200, shapes.CannedAnswers),),
    ),
    Route(
        "PUT", "/v1/agency/canned-answers/<key>", put, who="agency_head", body=CannedAnswerBody,
        answers=(Says(200, shapes.CannedAnswer),), refuses=("unknown-category", "too-many-canned-answers"),
    ),
    Route("DELETE", "/v1/agency/canned-answers/<key>", delete, who="agency_head", answers=(Says(204),)),
)  # fmt: skip

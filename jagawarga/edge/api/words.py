"""The words that go with an officer's step: those that were sent, or a canned answer of the agency in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from jagawarga.canned.messages import Step
from jagawarga.edge.bodies import WRONG
from jagawarga.errors import Invalid, NotFound

if TYPE_CHECKING:
    from jagawarga.edge.api.agency import ActionBody
    from jagawarga.edge.bodies import NoQuery
    from jagawarga.edge.routing import Ask
    from jagawarga.reports.messages import Action

STEPS: Final[tuple[str, ...]] = get_args(Step)


async def words(ask: Ask[NoQuery, ActionBody | None], action: Action) -> str | None:
    """Return what is said with a step, `None` for nothing; `Invalid` for an answer that can not be said with it.

    The text itself goes into the report's history, so what was said stays when the agency changes the answer.
    """
    if ask.body is None or ask.body.answer is None:
        return None if ask.body is None else ask.body.note
    if ask.body.note is not None:
        raise _wrong("must not be sent together with note")
    if action not in STEPS:
        raise _wrong("must not be sent with this step")
    try:
        found = await ask.doors.canned.answer(ask.agency, ask.body.answer)
    except NotFound:
        raise _wrong("must be one of the agency's canned answers") from None
    if found.action not in {None, action}:
        raise _wrong(f"is for another step ({found.action})")
    return found.text


def _wrong(what: str) -> Invalid:
    return Invalid(WRONG, fields={"answer": what})

"""What somebody might want of a report, and how they say it over HTTP; a new step is a case in each of the two."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tests.specification.steps import Wish
from tests.specification.tables import CANNED, WITH_UPLOADS
from tests.specification.world import EAST, HEADS, LADDERS, RESPOND, Actor

WORDS: Final = "mohon segera ditangani"
"""Nothing in it that is taken out of what an anonymous reporter says."""
UPLOADS: Final = 2
ANSWERS: Final = 6
"""The way that has an upload, and the one that is said with what the agency keeps."""
PICTURE: Final = "picture"
"""Stands for an upload that has yet to be made."""
ANSWER: Final = "siap"
"""The key of it."""


def wanted(step: str, who: Actor | None, text: str, number: int) -> Wish:
    """One of the ways to want this step: `number`, from 0 to 7, says which. `text` is what the report says."""
    wish = _wanted(step, who, text, number)
    if number == UPLOADS and step in WITH_UPLOADS:
        return wish._replace(attachments=(PICTURE,))
    if number == ANSWERS and step in CANNED and who is not None:
        return wish._replace(answer=ANSWER, words=answer_of(who.name))
    return wish


def answer_of(agency: str) -> str:
    """What an agency keeps to say."""
    return f"Sudah kami jadwalkan ({agency})"


def _wanted(step: str, who: Actor | None, text: str, number: int) -> Wish:  # noqa: PLR0911 - a table, rather
    wish = Wish(step, WORDS)
    odd = number % 2 == 1
    match step:
        case "withdraw" | "unassign":
            return wish._replace(words=None)
        case "acknowledge" | "start" | "resolve":
            return wish._replace(words=None if odd else WORDS)
        case "confirm":
            return wish._replace(words=None) if odd else wish._replace(satisfaction=1 + number % 5)
        case "transfer":
            return wish._replace(agency=tuple(LADDERS)[number % len(LADDERS)])
        case "reclassify":
            return wish._replace(category=tuple(RESPOND)[number % len(RESPOND)])
        case "assign":
            assert who is not None
            return wish._replace(words=None, officer=who if odd else HEADS[who.name])
        case "edit":
            return Wish(
                step,
                f"Berat! {text}" if odd or not number else None,
                category=("jembatan" if odd else "pipa") if number & 2 else None,
                spot=EAST if number & 4 else None,
            )
    return wish


class Request(NamedTuple):
    """How it is said; `path` is behind that of the report."""

    method: str
    path: str
    body: dict[str, Any] | None
    headers: dict[str, str]


def said(wish: Wish, username: str = "") -> Request:
    """The request for a wish; an officer is named by `username`, and goes without saying where there is none."""
    headers = {} if wish.version is None else {"If-Match": f'"{wish.version}"'}
    match wish.step:
        case "assign":
            return Request("PUT", "/assignee", {"officer": username} if username else None, headers)
        case "unassign":
            return Request("DELETE", "/assignee", None, headers)
        case "edit":
            body: dict[str, Any] = {"text": wish.words, "category": wish.category}
            if wish.spot is not None:
                body |= {"latitude": wish.spot.latitude, "longitude": wish.spot.longitude}
            return Request("PUT", "", _without_nothing(body), headers)
        case "messages" | "confirm" | "not-fixed" | "withdraw":
            body = {"text": wish.words, "satisfaction": wish.satisfaction}
        case _ if wish.answer is not None:
            body = {"answer": wish.answer}
        case _:
            body = {"note": wish.words, "agency": wish.agency or None, "category": wish.category}
    body |= {"attachments": wish.attachments or None, "into": wish.into}
    return Request("POST", f"/{wish.step}", _without_nothing(body) or None, headers)


def _without_nothing(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}

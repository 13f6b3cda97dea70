"""Each step in each status by each role, and every other endpoint by each role: what is it answered with?

The tables are in `roles.py` and `tables.py`. What else there is, and is not said again here: `tests/unit/test_lifecycle.py`
has the product's own table of steps, without HTTP; `tests/integration/test_edge_life.py` which bodies and headers steps
take, with nothing behind the edge; `tests/scenarios/test_isolation.py` what words of others an answer may not contain,
whatever its status; `test_whole_api.py` what becomes of steps in any order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from jagawarga.edge.site import ROUTES
from tests.specification.pictures import picture
from tests.specification.roles import OTHERS, REPORTS, STEPS, read
from tests.specification.steps import Wish
from tests.specification.story import MARGIN, Known, Story
from tests.specification.tables import (
    AGENCY_STEPS,
    BY_AUTHORITY,
    BY_REPORTER,
    CODE_STEPS,
    HELD,
    OF_A_DUPLICATE,
    REPORTER_STEPS,
    STATUSES,
)
from tests.specification.wishes import UPLOADS, said, wanted
from tests.specification.world import ANI, BUDI, HEADS, OFFICERS, WEST, Actor

if TYPE_CHECKING:
    from tests.specification.town import Town

WAY: Final = 1
"""A way of wanting each step that the report is fit for."""
TALK: Final = frozenset({"reply", "note", "assign", "unassign", "edit"})
"""Steps behind which a report is fit for the next."""
MADE: Final[dict[str, tuple[str, ...]]] = {
    "received": (),
    "escalated": ("late",),
    "reopened": ("late", "reject", "not-fixed"),
    "acknowledged": ("late", "acknowledge"),
    "in_progress": ("late", "acknowledge", "start"),
    "waiting_for_reporter": ("late", "ask"),
    "resolved": ("late", "acknowledge", "resolve"),
    "rejected": ("late", "reject"),
    "closed": ("late", "acknowledge", "resolve", "confirm"),
    "withdrawn": ("withdraw",),
}
"""How a report comes to each status, with somebody late below the holder wherever it can be."""
OPERATOR, EXECUTIVE, AUDITOR = (Actor(each, each) for each in ("operator", "executive", "auditor"))


def made(story: Story, status: str, number: int) -> list[Known]:
    """So many reports in a status."""
    found = [story.file(ANI, "private", "lubang", east=False) for _ in range(number)]
    for step in MADE[status]:
        if step == "late":
            due = found[0].report.due
            assert due is not None
            story.wait_until(due + MARGIN, patiently=False)
            continue
        for known in found:
            if step in REPORTER_STEPS:
                story.as_reporter(known, ANI, wanted(step, ANI, known.report.text, 0))
            else:
                holder = OFFICERS[known.report.holder]
                story.as_authority(known, holder, wanted(step, holder, known.report.text, 0))
    assert {each.report.status for each in found} == {status}
    return found


def cast(known: Known) -> dict[str, tuple[Actor | None, str]]:
    """Who the rows of the table are, for this report, and what the tables of steps call those who may take some."""
    report = known.report
    holder, late = report.holder, report.ladder[0]
    found: dict[str, tuple[Actor | None, str]] = {
        "nobody": (None, ""),
        "the reporter": (ANI, "reporter"),
        "another citizen": (BUDI, ""),
        "the holder of the code": (None, "reporter"),
        "an officer in charge": (OFFICERS[holder], "holder"),
        "the head in charge": (HEADS[holder], "holder"),
        "an officer elsewhere": (OFFICERS["air"], ""),
        "the operator": (OPERATOR, ""),
        "an executive": (EXECUTIVE, ""),
        "an auditor": (AUDITOR, ""),
    }
    if late != holder:
        found["an officer who was late"] = OFFICERS[late], "any"
    if not report.at_the_top:
        found["an officer above"] = OFFICERS[report.ladder[report.level + 1]], ""
    return found


class Try(NamedTuple):
    """Somebody who wants a step, in which way, and what the tables say to it."""

    row: str
    who: Actor | None
    step: str
    kind: str
    answer: int


def tries(known: Known) -> list[Try]:
    """All there are."""
    found = []
    for row, (who, standing) in cast(known).items():
        for kind, steps in (("own", REPORTER_STEPS), ("by-code", CODE_STEPS), ("agency", AGENCY_STEPS)):
            cell = read(STEPS)[row][kind]
            for step in steps:
                table = BY_AUTHORITY if kind == "agency" else BY_REPORTER
                may = table.get((step, known.report.status))
                # Nothing here is a duplicate: what can be done with one is below.
                allowed = may not in {None, "duplicate"} and (kind != "agency" or standing == "holder" or may == "any")
                answer = {"by-table": 200 if allowed else 409, "no-code": 422}.get(cell) or int(cell)
                found.append(Try(row, who, step, kind, answer))
    return found


def ask(story: Story, known: Known, other: Known, attempt: Try) -> int:
    """Try it; who has a code names it, and nobody else. What is merged is merged into `other`."""
    _, who, step, kind, _ = attempt
    wish = wanted(step, OFFICERS["jalan"], "", WAY)  # who assigns takes it themselves
    wish = wish._replace(into=other.report_id if step == "merge" else None)
    method, path, body, headers = said(wish)
    if kind == "by-code" and attempt.row == "the holder of the code":
        headers["Tracking-Code"] = known.code
    begin = {"own": f"/v1/me/reports/{known.report_id}", "agency": f"/v1/agency/reports/{known.report_id}"}
    return story.town.ask(who, method, begin.get(kind, "/v1/tracking") + path, body, headers).status


@pytest.mark.parametrize("status", STATUSES)
def test_every_step_by_every_role(place: Town, status: str) -> None:
    """As the tables say; and what is refused changes nothing."""
    story = Story(place)
    staff(place)
    first, other = made(story, status, 2)
    planned = tries(first)
    refused = [each for each in planned if each.answer != 200]
    wrong = {each: got for each in refused if (got := ask(story, first, other, each)) != each.answer}
    shown = place.ask(OFFICERS[first.report.holder], "GET", f"/v1/agency/reports/{first.report_id}")
    assert shown.content["version"] == first.report.version
    taken = [each for each in planned if each.answer == 200]
    stays = TALK if status == "waiting_for_reporter" else TALK | {"messages"}
    leaving = [each for each in taken if each.step not in stays]
    # As late as each other, one may be merged into the other.
    shared, *others = made(story, status, 1 + sum(1 + (each.step == "merge") for each in leaving))
    fresh = iter(others)
    for attempt in taken:
        known = next(fresh) if attempt in leaving else shared
        into = next(fresh) if attempt.step == "merge" else shared
        if (got := ask(story, known, into, attempt)) != 200:
            wrong[attempt] = got
    assert wrong == {}
    story.end()


@pytest.mark.parametrize("status", HELD)
def test_every_step_with_a_duplicate(place: Town, status: str) -> None:
    """While it is open: words, and to split it off; all else is done with its parent."""
    story = Story(place)
    wrong = {}
    for kind, steps in (("own", REPORTER_STEPS), ("by-code", CODE_STEPS), ("agency", AGENCY_STEPS)):
        may = OF_A_DUPLICATE if kind == "agency" else {"messages"}
        known, parent, other = made(story, status, 3)
        holder = OFFICERS[known.report.holder]
        story.merge(known, parent, holder, Wish("merge"))
        row, who = {"own": ("the reporter", ANI), "agency": ("an officer in charge", holder)}.get(
            kind, ("the holder of the code", None)
        )
        # What splits it off comes last.
        for step in sorted(steps, key="split".__eq__):
            attempt = Try(row, who, step, kind, 200 if step in may else 409)
            if (got := ask(story, known, other, attempt)) != attempt.answer:
                wrong[attempt] = got
    assert wrong == {}
    story.end()


def staff(place: Town) -> None:
    """An executive and an auditor, once."""
    for each in (EXECUTIVE, AUDITOR):
        if each not in place.passwords:
            place.employ(OPERATOR, each, each.name, None)


# --- every other endpoint

PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")
QUERIES: Final = {
    "/v1/areas/at": {"latitude": str(WEST.latitude), "longitude": str(WEST.longitude)},
    "/v1/reports/similar": {"latitude": str(WEST.latitude), "longitude": str(WEST.longitude)},
}
MADE_UP: Final = {
    "number": "1", "noted": "2", "replied": "2", "resolved": "4", "subscription_id": "00000000-0000-4000-8000-000000000007", "token": "x", "username": "nobody",
    "key": "x",
}  # fmt: skip
LET_IN: Final = {200, 201, 204, 400, 415, 422}
ENDS_A_SESSION: Final = re.compile("DELETE +/v1/sessions")


def test_every_other_endpoint_by_every_role(place: Town) -> None:
    """Whoever is not signed in is asked to; another role is refused; what is not theirs is not there."""
    story = Story(place)
    staff(place)
    filed = {privacy: filled(story, privacy) for privacy in REPORTS}
    roles: dict[str, Actor | None] = {
        "nobody": None, "owner": ANI, "other": BUDI, "officer": OFFICERS["jalan"], "head": HEADS["jalan"],
        "elsewhere": OFFICERS["air"], "operator": OPERATOR, "executive": EXECUTIVE, "auditor": AUDITOR,
    }  # fmt: skip
    wrong = {}
    for row, cells in read(OTHERS).items():
        method, path = row.split()
        parts = MADE_UP | {privacy: known.report_id for privacy, known in filed.items()}
        asked = PART.sub(lambda match, parts=parts: parts[match[1]], path)  # type: ignore[misc]
        for role, cell in cells.items():
            body: Any = None if method in {"GET", "DELETE"} and path != "/v1/me" else {}
            got = place.ask(roles[role], method, asked, body, None, **QUERIES.get(path, {})).status
            if got != int(cell) if cell.isdecimal() else got not in LET_IN:
                wrong[row, role] = got
            if ENDS_A_SESSION.match(row) and (who := roles[role]):
                place.forget(who)
    assert wrong == {}
    story.end()


def filled(story: Story, privacy: str) -> Known:
    """A report of that kind with an attachment, and uploads along its history; a withdrawn one was public."""
    upload = story.town.ask(ANI, "POST", "/v1/media", picture(), {"Content-Type": "image/png"})
    assert upload.status == 201, upload
    filed = "public" if privacy == "withdrawn" else privacy
    known = story.file(ANI, filed, "lubang", east=False, attachments=(upload.content["media_id"],))
    officer = OFFICERS["jalan"]
    if privacy == "withdrawn":
        story.as_reporter(known, ANI, wanted("withdraw", ANI, "", 0))
        return known
    for step in ("note", "reply", "acknowledge", "resolve"):
        story.as_authority(known, officer, wanted(step, officer, "", UPLOADS))
    return known


def test_the_tables_have_every_endpoint() -> None:
    """An endpoint that is in none of them has no place in the specification."""
    rows = {(row.split()[0], PART.sub("<>", row.split()[1])) for row in read(OTHERS)}
    for kind, steps in (("own", REPORTER_STEPS), ("by-code", CODE_STEPS), ("agency", AGENCY_STEPS)):
        begin = {"own": "/v1/me/reports/<>", "by-code": "/v1/tracking", "agency": "/v1/agency/reports/<>"}[kind]
        rows |= {
            (said(wanted(step, OFFICERS["jalan"], "", WAY)).method, begin + said(Wish(step)).path) for step in steps
        }
    assert rows == {(route.method, PART.sub("<>", route.path)) for route in ROUTES}

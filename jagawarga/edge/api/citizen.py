"""What a signed-in citizen may ask: file a report, follow their own."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import (
    WRONG,
    Body,
    Handles,
    Key,
    Latitude,
    Line,
    Lines,
    Longitude,
    NoQuery,
    PageQuery,
    handles,
)
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid
from jagawarga.reports.messages import Place, Privacy, SubmitReport

IDEMPOTENCY_KEY = "Idempotency-Key"
GOOD_KEY = re.compile(r"[A-Za-z0-9\-._~+/=]{20,128}")
"""A UUID is one. What two clients might both choose is none."""


class ReportBody(Body):
    """A report as typed. How long the text may be is a setting, and checked by `command`."""

    privacy: Privacy
    category: Key
    text: Lines
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    address: Annotated[Line, Field(min_length=1, max_length=500)] | None = None
    landmark: Annotated[Line, Field(min_length=1, max_length=200)] | None = None
    attachments: Handles = ()

    def command(self, text_limit: int) -> SubmitReport:
        """Return the command; `Invalid` for a text too long, half a pair of coordinates, or no place at all."""
        wrong: dict[str, str] = {}
        if len(self.text) > text_limit:
            wrong["text"] = f"must have at most {text_limit} characters"
        if (self.latitude is None) != (self.longitude is None):
            wrong["longitude" if self.longitude is None else "latitude"] = "must come with the other coordinate"
        elif self.latitude is None and (self.address is None or not self.address.strip()):
            wrong["address"] = "must be given where there are no coordinates"
        if wrong:
            raise Invalid(WRONG, fields=wrong)
        return SubmitReport(
            self.privacy,
            self.category,
            self.text,
            Place(self.latitude, self.longitude, self.address, self.landmark),
            handles(self) if self.attachments else (),
        )


async def submit(ask: Ask[NoQuery, ReportBody]) -> Answer:
    """File a report; the answer is the promise that it is on disk: 201 in the database, 202 with the broker for now."""
    command = ask.body.command(ask.limits.text)
    receipt = await ask.doors.intake.submit(ask.principal, command, _key(ask.header(IDEMPOTENCY_KEY)))
    return Answer(views.receipt(receipt, anonymous=command.privacy == "anonymous"), 202 if receipt.waiting else 201)


def _key(header: str | None) -> str | None:
    """The key, with or without the quotes of a structured field; `Invalid` for one that could be guessed."""
    if header is None:
        return None
    key = header.strip()
    key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not GOOD_KEY.fullmatch(key):
        raise Invalid(WRONG, fields={IDEMPOTENCY_KEY: "must be 20 to 128 letters, digits or -._~+/=, drawn at random"})
    return key


async def own_reports(ask: Ask[PageQuery, None]) -> Answer:
    """List the caller's own reports; anonymous ones are nobody's."""
    page = await ask.doors.reports.list_own(ask.principal.pseudonym, cursor=ask.query.cursor, limit=ask.query.limit)
    return Answer(views.page(page, ask.doors.catalogue))


async def own_report(ask: Ask[NoQuery, None]) -> Answer:
    """Show one of the caller's own reports."""
    report = await ask.doors.reports.open_own(ask.principal.pseudonym, ask.report_id)
    return Answer(views.own(report, ask.doors.catalogue))


ROUTES = (
    Route(
        "POST", "/v1/reports", submit, who="citizen", body=ReportBody, allowance="submit", reads=(IDEMPOTENCY_KEY,),
        answers=(
            Says(201, shapes.Receipt, "The report is in the database."),
            Says(202, shapes.Receipt, "The broker keeps the report until the database takes it."),
        ),
        refuses=("unknown-category", "unknown-area", "off-the-map", "overloaded"),
    ),
    Route("GET", "/v1/me/reports", own_reports, who="citizen", query=PageQuery, answers=(Says(200, shapes.Reports),)),
    Route("GET", "/v1/me/reports/<report_id>", own_report, who="citizen", answers=(Says(200, shapes.OwnReport),)),
)  # fmt: skip

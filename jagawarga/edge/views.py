"""What a caller sees of a value: plain dictionaries, one function for each way of looking, held to its shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, overload

from jagawarga.edge.problems import encode

if TYPE_CHECKING:
    from jagawarga.canned.messages import CannedAnswer
    from jagawarga.catalogue.messages import Agency, Area, CatalogueDoor, Category, Suggestion
    from jagawarga.edge import shapes
    from jagawarga.identity.messages import OwnAccount, Session
    from jagawarga.notification.messages import Notification
    from jagawarga.reports.messages import HistoryEntry, Page, Receipt, ReportView

SECONDS_PER_HOUR = 3600.0
RESOLVED = "report.resolved"


@overload
def moment(at: datetime) -> str: ...
@overload
def moment(at: datetime | None) -> str | None: ...
def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def receipt(made: Receipt, *, anonymous: bool) -> shapes.Receipt:
    """Show a receipt: an anonymous one without the report's id, which agencies see and nobody else needs."""
    shown: shapes.Receipt = {
        "tracking_code": made.tracking_code,
        "status": made.status,
        "due_at": moment(made.due_at),
    }
    if not anonymous:
        shown["report_id"] = str(made.report_id)
    return shown


def line(of: HistoryEntry) -> shapes.HistoryLine:
    """Show one line of history, without what came with it."""
    return {
        "version": of.version,
        "event": of.event,
        "status": of.status,
        "level": of.level,
        "holder": of.holder,
        "actor": of.actor,
        "at": moment(of.at),
    }


def noted(report: ReportView) -> list[shapes.NotedLine]:
    """Show a report's history with the words that went with each step."""
    return [{**line(each), "note": each.note, "attachments": len(each.attachments)} for each in report.history]


def told(report: ReportView) -> list[shapes.PublicLine]:
    """Show a report's history to the public: no words, but the proof of a resolution."""
    return [
        {**line(each), "attachments": len(each.attachments) if each.event == RESOLVED else 0} for each in report.history
    ]


def standing(report: ReportView) -> shapes.Standing:
    """Show how a report stands."""
    return {
        "status": report.status,
        "level": report.level,
        "holder": report.holder,
        "agency": report.agency,
        "category": report.category,
        "privacy": report.privacy,
        "created_at": moment(report.created_at),
        "due_at": moment(report.due_at),
        "limit_at": moment(report.limit_at),
        "merged": report.merged,
    }


def progress(report: ReportView) -> shapes.Progress:
    """Show how a report stands, to the holder of its tracking code: no text, no place, no id."""
    return {**standing(report), "history": noted(report)}


def content(report: ReportView, catalogue: CatalogueDoor) -> shapes.Report:
    """Show a report with its content, to those entitled to it, without its history."""
    return {
        **standing(report),
        "report_id": str(report.report_id),
        "area": report.area,
        **place(report.area, catalogue),
        "text": report.text,
        "latitude": report.place.latitude,
        "longitude": report.place.longitude,
        "address": report.place.address,
        "landmark": report.place.landmark,
        "version": report.version,
        "attachments": len(report.attachments),
        "duplicate_of": None if report.parent is None else str(report.parent),
    }


def own(report: ReportView, catalogue: CatalogueDoor) -> shapes.OwnReport:
    """Show a report to the one who filed it."""
    return {**content(report, catalogue), "history": noted(report)}


def published(report: ReportView, catalogue: CatalogueDoor, votes: int) -> shapes.PublishedReport:
    """Show a public report to everybody, who sees no notes of the agency."""
    return {**content(report, catalogue), "history": told(report), "votes": votes}


def place(key: str | None, catalogue: CatalogueDoor) -> shapes.Names:
    """Show the names of an area: its kelurahan and kecamatan, as far as it is known and still on the map."""
    area = None if key is None else catalogue.area(key)
    if area is None:
        return {"kelurahan": None, "kecamatan": None}
    if area.parent is None:
        return {"kelurahan": None, "kecamatan": area.name}
    above = catalogue.area(area.parent)
    return {"kelurahan": area.name, "kecamatan": None if above is None else above.name}


def area(known: Area) -> shapes.Area:
    """Show an area: a kelurahan with the key of its kecamatan, or a kecamatan."""
    return {
        "key": known.key,
        "name": known.name,
        "level": "kecamatan" if known.parent is None else "kelurahan",
        "parent": known.parent,
    }


def queued(report: ReportView, catalogue: CatalogueDoor, caller: str) -> shapes.QueuedReport:
    """Show a report to an authority, with who of its officers has it; `caller` is the pseudonym of who asks."""
    return {
        **content(report, catalogue),
        "assignee": report.assignee,
        "assigned_to_me": report.assignee == caller,
        "satisfaction": report.satisfaction,
    }


def for_agency(report: ReportView, catalogue: CatalogueDoor, caller: str) -> shapes.AgencyReport:
    """Show a report to an authority with its history; `caller` is the pseudonym of who asks."""
    return {
        **queued(report, catalogue, caller),
        "history": noted(report),
        "duplicates": [str(each) for each in report.duplicates],
        "proof_used_before": report.proof_used_before,
    }


def queue(reports: Page, catalogue: CatalogueDoor, caller: str) -> shapes.Queue:
    """Show a page of an agency's queue."""
    return {"items": [queued(each, catalogue, caller) for each in reports.items], "cursor": reports.cursor}


def page(reports: Page, catalogue: CatalogueDoor) -> shapes.Reports:
    """Show a page of reports, without their histories."""
    return {"items": [content(each, catalogue) for each in reports.items], "cursor": reports.cursor}


def shown_in_feed(report: ReportView, catalogue: CatalogueDoor) -> bytes:
    """Write a report for the feed: as the public sees it, without its history."""
    return encode(content(report, catalogue))


def canned(answer: CannedAnswer) -> shapes.CannedAnswer:
    """Show a canned answer to the agency whose it is."""
    return {
        "key": answer.key,
        "title": answer.title,
        "text": answer.text,
        "action": answer.action,
        "category": answer.category,
        "language": answer.language,
    }


def notification(line: Notification) -> shapes.Notification:
    """Show one line of an inbox."""
    return {
        "notification_id": str(line.notification_id),
        "report_id": str(line.report_id),
        "type": line.type,
        "status": line.status,
        "holder": line.holder,
        "at": moment(line.at),
        "read": line.is_read,
    }


def session(opened: Session) -> shapes.Session:
    """Show an access token and what renews it, in the words of RFC 6749."""
    return {
        "access_token": opened.access_token,
        "token_type": "Bearer",
        "expires_in": opened.expires_in,
        "refresh_token": opened.refresh_token,
        "refresh_expires_in": opened.refresh_expires_in,
        "role": opened.role,
        "agency": opened.agency,
    }


def own_account(account: OwnAccount) -> shapes.OwnAccount:
    """Show somebody what is kept of them."""
    facts = account.facts
    if facts is None:
        return {"role": account.role, "agency": account.agency}
    return {
        "role": account.role,
        "agency": account.agency,
        "name": facts.name,
        "nik": facts.nik,
        "phone": facts.phone,
        "email": facts.email,
        "address": facts.address,
        "registrations_tried": account.tried,
    }


def agency(known: Agency) -> shapes.Agency:
    """Show an agency."""
    return {"key": known.key, "name": known.name, "parent": known.parent}


def category(known: Category) -> shapes.CategoryLimits:
    """Show a category, its limits in hours as they are put in."""
    return {
        "key": known.key,
        "name": known.name,
        "severity": known.severity,
        "respond_hours": [seconds / SECONDS_PER_HOUR for seconds in known.respond_within],
        "resolve_hours": [seconds / SECONDS_PER_HOUR for seconds in known.resolve_within],
    }


def suggestion(made: Suggestion) -> shapes.Suggestion:
    """Show a suggestion: the category, how likely it is, and who would get the report."""
    return {
        "category": made.category.key,
        "name": made.category.name,
        "score": round(made.score, 3),
        "agency": made.agency,
    }

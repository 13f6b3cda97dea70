"""What a caller sees of a value: plain dictionaries, one function for each way of looking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jagawarga.edge.problems import encode

if TYPE_CHECKING:
    from jagawarga.catalogue.messages import Agency, Area, CatalogueDoor, Category, Suggestion
    from jagawarga.identity.messages import OwnAccount, Session
    from jagawarga.notification.messages import Notification
    from jagawarga.reports.messages import HistoryEntry, Page, Receipt, ReportView

SECONDS_PER_HOUR = 3600.0
RESOLVED = "report.resolved"


def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def receipt(made: Receipt, *, anonymous: bool) -> dict[str, Any]:
    """Show a receipt: an anonymous one without the report's id, which agencies see and nobody else needs."""
    shown: dict[str, Any] = {} if anonymous else {"report_id": str(made.report_id)}
    return shown | {"tracking_code": made.tracking_code, "status": made.status, "due_at": moment(made.due_at)}


def entry(line: HistoryEntry, *, notes: bool) -> dict[str, Any]:
    """Show one line of history; the public sees no words, but the photos that prove a report resolved."""
    shown: dict[str, Any] = {
        "version": line.version,
        "event": line.event,
        "status": line.status,
        "level": line.level,
        "holder": line.holder,
        "actor": line.actor,
        "at": moment(line.at),
    }
    if notes or line.event == RESOLVED:
        shown["attachments"] = len(line.attachments)
    return shown | {"note": line.note} if notes else shown


def progress(report: ReportView) -> dict[str, Any]:
    """Show how a report stands, to the holder of its tracking code: no text, no place, no id."""
    return {
        "status": report.status,
        "level": report.level,
        "holder": report.holder,
        "agency": report.agency,
        "category": report.category,
        "privacy": report.privacy,
        "created_at": moment(report.created_at),
        "due_at": moment(report.due_at),
        "merged": report.merged,
        "history": [entry(line, notes=True) for line in report.history],
    }


def whole(report: ReportView, catalogue: CatalogueDoor, *, notes: bool = True, history: bool = True) -> dict[str, Any]:
    """Show a report with its content, to those entitled to it; the public sees no notes of the agency."""
    shown = progress(report) | {
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
    del shown["history"]
    if history:
        shown["history"] = [entry(line, notes=notes) for line in report.history]
    return shown


def place(key: str | None, catalogue: CatalogueDoor) -> dict[str, str | None]:
    """Show the names of an area: its kelurahan and kecamatan, as far as it is known and still on the map."""
    area = None if key is None else catalogue.area(key)
    if area is None:
        return {"kelurahan": None, "kecamatan": None}
    if area.parent is None:
        return {"kelurahan": None, "kecamatan": area.name}
    above = catalogue.area(area.parent)
    return {"kelurahan": area.name, "kecamatan": None if above is None else above.name}


def area(known: Area) -> dict[str, str | None]:
    """Show an area: a kelurahan with the key of its kecamatan, or a kecamatan."""
    level = "kecamatan" if known.parent is None else "kelurahan"
    return {"key": known.key, "name": known.name, "level": level, "parent": known.parent}


def for_agency(report: ReportView, catalogue: CatalogueDoor, caller: str, *, history: bool = True) -> dict[str, Any]:
    """Show a report to an authority, with who of its officers has it; `caller` is the pseudonym of who asks."""
    return whole(report, catalogue, history=history) | {
        "assignee": report.assignee,
        "assigned_to_me": report.assignee == caller,
        "satisfaction": report.satisfaction,
        "duplicates": [str(each) for each in report.duplicates],
        "proof_used_before": report.proof_used_before,
    }


def queue(reports: Page, catalogue: CatalogueDoor, caller: str) -> dict[str, Any]:
    """Show a page of an agency's queue."""
    items = [for_agency(each, catalogue, caller, history=False) for each in reports.items]
    return {"items": items, "cursor": reports.cursor}


def page(reports: Page, catalogue: CatalogueDoor) -> dict[str, Any]:
    """Show a page of reports, without their histories."""
    return {"items": [whole(each, catalogue, history=False) for each in reports.items], "cursor": reports.cursor}


def shown_in_feed(report: ReportView, catalogue: CatalogueDoor) -> bytes:
    """Write a report for the feed: as the public sees it, without its history."""
    return encode(whole(report, catalogue, history=False))


def notification(line: Notification) -> dict[str, Any]:
    """Show one line of an inbox."""
    return {
        "notification_id": str(line.notification_id),
        "report_id": str(line.report_id),
        "type": line.type,
        "status": line.status,
        "holder": line.holder,
        "at": moment(line.at),
    }


def session(opened: Session) -> dict[str, Any]:
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


def own_account(account: OwnAccount) -> dict[str, Any]:
    """Show somebody what is kept of them."""
    shown: dict[str, Any] = {"role": account.role, "agency": account.agency}
    if account.facts is not None:
        shown |= account.facts._asdict() | {"registrations_tried": account.tried}
    return shown


def agency(known: Agency) -> dict[str, Any]:
    """Show an agency."""
    return {"key": known.key, "name": known.name, "parent": known.parent}


def category(known: Category) -> dict[str, Any]:
    """Show a category, its limits in hours as they are put in."""
    return {
        "key": known.key,
        "name": known.name,
        "severity": known.severity,
        "respond_hours": [seconds / SECONDS_PER_HOUR for seconds in known.respond_within],
        "resolve_hours": [seconds / SECONDS_PER_HOUR for seconds in known.resolve_within],
    }


def suggestion(made: Suggestion) -> dict[str, Any]:
    """Show a suggestion: the category, how likely it is, and who would get the report."""
    return {
        "category": made.category.key,
        "name": made.category.name,
        "score": round(made.score, 3),
        "agency": made.agency,
    }

"""Examples, by the name of their schema: a hole in a road of the invented city of `config/`.

Nobody has these names, numbers and words; tokens, codes and keys open nothing. Tests hold each against its schema, send
the bodies to the routes that take them, and ask for one of each body and each answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REPORT: Final = "0b7e3c52-8f4d-4c1a-9a57-2d1f60c4e913"
FILED, SEEN, DUE, NEXT = "2026-11-23T02:14:07Z", "2026-11-23T03:40:52Z", "2026-11-24T02:14:07Z", "2026-11-30T03:40:52Z"
CODE: Final = "5WCWF-P2BW2-HN2TM-YEB85-P57RY"
CURSOR: Final = "AAZg6CYH-cALfjxSj01MGppXLR9gxOkT"
MEDIA: Final = "Vq3mYc0Tn8sJxWb5RkD2uL7eHfZa1oGi"
TEXT: Final = "Lubang besar di jalur kiri, dekat pasar. Dua pengendara motor jatuh tadi malam."
PASSWORD: Final = "delapan-kucing-di-pagar"  # noqa: S105 - nobody's

SPOT: Final = {
    "latitude": -6.9,
    "longitude": 107.67,
    "address": "Jalan Alun-Alun Timur 12",
    "landmark": "seberang pasar lama",
}
RECEIVED: Final = {
    "version": 1, "event": "report.received", "status": "received", "level": 0, "holder": "pekerjaan-umum-utara",
    "actor": "system", "at": FILED,
}  # fmt: skip
ACKNOWLEDGED: Final = RECEIVED | {
    "version": 2, "event": "report.acknowledged", "status": "acknowledged", "actor": "pekerjaan-umum-utara", "at": SEEN,
}  # fmt: skip
SAID: Final = "Petugas berangkat siang ini."
HISTORY: Final = [RECEIVED | {"note": None, "attachments": 0}, ACKNOWLEDGED | {"note": SAID, "attachments": 0}]
STANDING: Final = {
    "status": "acknowledged", "level": 0, "holder": "pekerjaan-umum-utara", "agency": "pekerjaan-umum-utara",
    "category": "jalan-rusak", "privacy": "public", "created_at": FILED, "due_at": NEXT,
    "limit_at": NEXT, "merged": False,
}  # fmt: skip
CONTENT: Final = STANDING | SPOT | {
    "report_id": REPORT, "area": "jagasari.alun-alun", "kelurahan": "Alun-Alun", "kecamatan": "Jagasari", "text": TEXT,
    "version": 2, "attachments": 1, "duplicate_of": None,
}  # fmt: skip
QUEUED: Final = CONTENT | {"assignee": None, "assigned_to_me": False, "satisfaction": None}
LIMITS: Final = {"respond_hours": [24.0, 24.0, 48.0], "resolve_hours": [168.0, 120.0, 72.0]}
CLOCKS: Final = LIMITS | {
    "calendars": ["around-the-clock"], "warn_respond_hours": [18.0], "warn_resolve_hours": [144.0],
    "remind_hours": 24.0,
}  # fmt: skip
CATEGORY: Final = {"key": "jalan-rusak", "name": "Jalan rusak atau berlubang", "severity": "normal"} | LIMITS
PREFERENCES: Final = {
    "language": "id", "channels": {"progress": ["push"], "escalation": ["email", "push"], "outcome": ["email"]},
    "email": "melati@contoh.example", "digest": "daily", "digest_hour": 7, "quiet_from": "21:30",
    "quiet_until": "05:30",
}  # fmt: skip
CANNED: Final = {
    "key": "sudah-dijadwalkan", "title": "Dijadwalkan", "text": "Tim kami datang minggu ini.", "action": "reply",
    "category": "jalan-rusak", "language": "id",
}  # fmt: skip
BROWSER: Final = {"subscription_id": "c1d6b0a4-53d1-4f0e-8f62-6a7f2f1f9b30", "service": "push.contoh.example"}

BODIES: Final[Mapping[str, Any]] = {
    "AcceptBody": {"code": "9MT4-K2RB-7XQH", "username": "dewi", "password": PASSWORD},
    "AccountBody": {"password": PASSWORD, "role": "officer", "agency": "pekerjaan-umum-utara"},
    "ActionBody": {"note": SAID},
    "AgencyBody": {"name": "Dinas Pekerjaan Umum Wilayah Utara", "parent": "pekerjaan-umum"},
    "AssigneeBody": {"officer": "dewi"},
    "BrowserBody": {
        "endpoint": "https://push.contoh.example/wp/8f1c2a",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
        "expirationTime": None,
    },
    "CannedAnswerBody": {
        "title": "Dijadwalkan", "text": "Tim kami datang minggu ini.", "action": "reply", "language": "id",
    },
    "CategoryBody": {"name": "Jalan rusak atau berlubang", "agency": "pekerjaan-umum-utara"} | LIMITS,
    "CitizenBody": {
        "nik": "3273015708790011", "name": "Melati Umpama", "password": PASSWORD, "phone": "0812-0000-0000",
        "email": "melati@contoh.example", "address": "Jalan Tirtasari 3",
    },
    "CodeBody": {"code": "12345678"},
    "ConfirmBody": {"satisfaction": 5, "text": "Sudah rata, terima kasih."},
    "DeletionBody": {"password": PASSWORD},
    "DisputeBody": {"text": "Masih berlubang, hanya ditutup tanah.", "attachments": [MEDIA]},
    "EditBody": {"text": TEXT} | SPOT,
    "FilesBody": {"note": "Sudah ditambal, lihat foto.", "attachments": [MEDIA]},
    "InvitationBody": {"username": "dewi"},
    "MarkBody": {"notification_ids": ["7a0c9d7e-1f0b-4c7c-9b1e-0d4f3b6a2c55"], "read": True},
    "MergeBody": {"into": "5f2d8c11-2c7e-4b0a-9d55-8a4e7c1b6f02", "note": "Lubang yang sama."},
    "MessageBody": {"text": "Lubangnya di depan kios nomor 12."},
    "NothingBody": {},
    "OfficerBody": {"password": PASSWORD, "agency": "pekerjaan-umum-utara"},
    "PasswordBody": {"current": PASSWORD, "new": "sembilan-kucing-di-pagar"},
    "PreferencesBody": PREFERENCES,
    "ReclassifyBody": {"category": "banjir", "note": "Bukan lubang: saluran meluap."},
    "RefreshBody": {"refresh_token": "rt_4nZxJ0c7Qv2mT9sKbW1yLr"},
    "ReportBody": {"privacy": "public", "category": "jalan-rusak", "text": TEXT} | SPOT,
    "SessionBody": {"username": "3273015708790011", "password": PASSWORD},
    "SuggestionBody": {"text": "Jalan berlubang dekat pasar", "latitude": -6.9, "longitude": 107.67},
    "TransferBody": {"agency": "perhubungan", "note": "Rambunya yang hilang, bukan jalannya."},
}  # fmt: skip
ANSWERS: Final[Mapping[str, Any]] = {
    "Agencies": {"items": [{"key": "pekerjaan-umum", "name": "Dinas Pekerjaan Umum", "parent": "sekretariat-daerah"}]},
    "Agency": {"key": "pekerjaan-umum", "name": "Dinas Pekerjaan Umum", "parent": "sekretariat-daerah"},
    "AgencyEvent": {
        "report_id": REPORT, "version": 2, "status": "acknowledged", "category": "jalan-rusak", "privacy": "public",
        "agency": "pekerjaan-umum-utara", "holder": "pekerjaan-umum-utara", "level": 0, "occurred_at": SEEN,
        "due_at": NEXT,
    },
    "AgencyReport": QUEUED | {
        "history": HISTORY, "duplicates": ["5f2d8c11-2c7e-4b0a-9d55-8a4e7c1b6f02"], "proof_used_before": False,
    },
    "AreaAt": {"area": "jagasari.alun-alun", "kelurahan": "Alun-Alun", "kecamatan": "Jagasari"},
    "Areas": {
        "items": [
            {"key": "jagasari", "name": "Jagasari", "level": "kecamatan", "parent": None},
            {"key": "jagasari.alun-alun", "name": "Alun-Alun", "level": "kelurahan", "parent": "jagasari"},
        ]
    },
    "Browser": BROWSER,
    "Browsers": {"items": [BROWSER]},
    "CannedAnswer": CANNED,
    "CannedAnswers": {"items": [CANNED]},
    "Categories": {"items": [CATEGORY | {"clocks": {"public": CLOCKS, "private": CLOCKS, "anonymous": CLOCKS}}]},
    "Feed": {"items": [CONTENT | {"votes": 14, "distance": 230}], "cursor": CURSOR, "complete": True},
    "Health": {"status": "ok"},
    "Inbox": {
        "items": [
            {
                "notification_id": "7a0c9d7e-1f0b-4c7c-9b1e-0d4f3b6a2c55", "report_id": REPORT,
                "type": "report.acknowledged", "status": "acknowledged", "holder": "pekerjaan-umum-utara", "at": SEEN,
                "read": False,
            }
        ],
        "cursor": None,
        "unread": 1,
    },
    "Invitation": {"code": "9MT4-K2RB-7XQH", "agency": "pekerjaan-umum-utara", "expires_in": 604_800},
    "Marked": {"status": "marked"},
    "Officer": {"username": "dewi", "agency": "pekerjaan-umum-utara"},
    "OwnAccount": {
        "role": "citizen", "agency": None, "name": "Melati Umpama", "nik": "3273015708790011",
        "phone": "+6281200000000", "email": "melati@contoh.example", "address": "Jalan Tirtasari 3",
        "registrations_tried": 0,
    },
    "OwnEvent": {"report_id": REPORT, "status": "acknowledged", "holder": "pekerjaan-umum-utara", "at": SEEN},
    "OwnReport": CONTENT | {"history": HISTORY},
    "Reports": {"items": [CONTENT], "cursor": CURSOR},
    "PassedOn": {"status": "received", "agency": "perhubungan", "holder": "perhubungan", "version": 3},
    "Preferences": PREFERENCES | {"email_state": "pending", "failed": {"push": 1}},
    "Problem": {
        "type": "urn:jagawarga:problem:stale-version", "title": "Conflict", "status": 409,
        "detail": "the report has moved on since it was read",
        "instance": "urn:uuid:d0c5a1de-6c8d-4f0f-8a55-3d0d6b5d1e7a",
        "current": {"status": "in_progress", "level": 0, "holder": "pekerjaan-umum-utara", "version": 3},
    },
    "Progress": STANDING | {"category": "korupsi", "privacy": "anonymous", "history": HISTORY},
    "PublishedReport": CONTENT | {
        "history": [each | {"attachments": 0} for each in (RECEIVED, ACKNOWLEDGED)], "votes": 14,
    },
    "PushKey": {
        "public_key": "BDd3_hVL9fZi9Ybo2UUzA284WG5FZR30_95YeZJsiApwXKpNcF1rRPF3foIiBHXRdJI2Qhumhf6_LFTeZaNndIo",
    },
    "Queue": {"items": [QUEUED], "cursor": None},
    "Readiness": {"status": "ok", "components": {"database": "ok", "broker": "ok", "writer": "ok"}},
    "Receipt": {"report_id": REPORT, "tracking_code": CODE, "status": "received", "due_at": DUE},
    "Registration": {"status": "registered"},
    "RoutedCategory": CATEGORY | {"agency": "pekerjaan-umum-utara"},
    "Session": {
        "access_token": "at_2mQy8sV0kX5cJr1Nw7Zt", "token_type": "Bearer", "expires_in": 900,
        "refresh_token": "rt_4nZxJ0c7Qv2mT9sKbW1yLr", "refresh_expires_in": 2_592_000, "role": "citizen",
        "agency": None,
    },
    "StaffAccount": {"username": "dewi", "role": "officer", "agency": "pekerjaan-umum-utara"},
    "Suggestions": {
        "items": [
            {
                "category": "jalan-rusak", "name": "Jalan rusak atau berlubang", "score": 0.912,
                "agency": "pekerjaan-umum-utara",
            }
        ]
    },
    "Upload": {"media_id": MEDIA, "kind": "image", "content_type": "image/jpeg", "bytes": 48_213},
    "Votes": {"report_id": REPORT, "votes": 15},
}  # fmt: skip
EXAMPLES: Final[Mapping[str, Any]] = {**BODIES, **ANSWERS}

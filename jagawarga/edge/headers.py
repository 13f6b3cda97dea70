"""The headers of the API, beside those that every request and every answer has: what they say, and how they look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Header(NamedTuple):
    """A header as the document of the API shows it."""

    meaning: str
    example: Any
    schema: dict[str, Any]


TAG: Final = {"type": "string", "pattern": '^"[!-~]+"$'}
ASKED: Final[Mapping[str, Header]] = {
    "Accept-Language": Header("Which language names shall be in: `id` (otherwise) or `en`.", "en", {"type": "string"}),
    "Idempotency-Key": Header(
        "Drawn at random for one report: sent again with it, it is filed once and has one tracking code.",
        "6c1f6f5e-7d0b-4a86-9f5b-2f4f8d1f3a52",
        {"type": "string", "pattern": "^[A-Za-z0-9._~+/=-]{20,128}$"},
    ),
    "If-Match": Header(
        "The version of the report that the step is for (its `ETag`): with it, a step is taken once.",
        '"3"',
        {"type": "string", "pattern": '^(\\*|"[0-9]{1,9}")$'},
    ),
    "If-None-Match": Header("What is known already (its `ETag`); 304 says that it still holds.", '"4b1c"', TAG),
    "If-Range": Header("Of which version the range is (its `ETag`); of another one all is sent.", '"1-original"', TAG),
    "Last-Event-ID": Header(
        "The id of the event seen last; the stream goes on behind it.",
        "1024",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    ),
    "Range": Header("Which bytes; several ranges get the whole.", "bytes=0-1023", {"type": "string"}),
    "Tracking-Code": Header(
        "As the receipt had it.", "5WCWF-P2BW2-HN2TM-YEB85-P57RY", {"type": "string", "minLength": 1, "maxLength": 128}
    ),
}
"""What routes read."""
TOLD: Final[Mapping[str, Header]] = {
    "Accept-Ranges": Header("That parts may be asked for.", "bytes", {"const": "bytes"}),
    "Cache-Control": Header("How long it may be kept, and by whom.", "public, max-age=60", {"type": "string"}),
    "Content-Disposition": Header("That it may be shown in its place.", "inline", {"const": "inline"}),
    "Content-Language": Header("Which language names are in.", "id", {"enum": ["id", "en"]}),
    "Content-Range": Header(
        "Which bytes these are, and of how many.",
        "bytes 0-1023/48213",
        {"type": "string", "pattern": "^bytes (\\*|[0-9]+-[0-9]+)/[0-9]+$"},
    ),
    "ETag": Header("Which version this is.", '"3"', TAG),
    "Retry-After": Header("Seconds to wait.", 1, {"type": "integer", "minimum": 1}),
    "Vary": Header("What the answer depends on.", "Accept-Language", {"type": "string"}),
    "WWW-Authenticate": Header("How to say who one is.", "Bearer", {"const": "Bearer"}),
    "X-Accel-Buffering": Header("That a proxy must not hold events back.", "no", {"const": "no"}),
}
"""What answers say."""

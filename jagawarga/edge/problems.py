"""RFC 9457 for everything that goes wrong: one table from error to status, and one shape for the answer.

A problem never repeats what the caller sent: names of fields, yes; values, no.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any, Final, cast

from werkzeug.exceptions import HTTPException, MethodNotAllowed

from jagawarga.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from supervisors import CallError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.edge import shapes

PROBLEM_JSON = "application/problem+json"
TYPE: Final = "urn:jagawarga:problem:"
NO_SUCH_THING = "There is nothing here that you may see."
BUSY = "A part of the service does not answer; the same request may succeed later."


class Malformed(Rejected):
    """The body can not be read as JSON at all."""

    code = "malformed-json"


class UnsupportedMedia(Rejected):
    """The body is declared to be something other than JSON."""

    code = "unsupported-media-type"


class OutOfRange(Rejected):
    """The range that is asked for begins behind the end of what has `size` bytes."""

    code = "range-not-satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__("The range begins behind the end.")
        self.size = size


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer to something that went wrong, ready to be rendered."""

    status: int
    code: str
    detail: str
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    current: Mapping[str, str | int] = field(default_factory=dict)

    def body(self, instance: str | None = None, language: str = "en") -> shapes.Problem:
        """Return the members of RFC 9457, `errors` for single fields and `current` for the state in the way.

        The title is for people, in their language; programs go by the type.
        """
        english = HTTPStatus(self.status).phrase
        members: shapes.Problem = {
            "type": TYPE + self.code,
            "title": TITLES.get(self.status, english) if language == "id" else english,
            "status": self.status,
            "detail": self.detail,
        }
        if instance is not None:
            members["instance"] = instance
        if self.fields:
            members["errors"] = [{"field": name, "detail": wrong} for name, wrong in self.fields.items()]
        if self.current:
            members["current"] = cast("shapes.Current", dict(self.current))
        return members


LANGUAGES: Final = ("en", "id")
"""Of a problem's title; the first one where no other is asked for."""
TITLES: Final[Mapping[int, str]] = {
    400: "Permintaan tidak dapat dipahami",
    401: "Perlu masuk terlebih dahulu",
    403: "Tidak diizinkan",
    404: "Tidak ditemukan",
    405: "Cara ini tidak tersedia di alamat ini",
    408: "Isi permintaan tidak tiba pada waktunya",
    409: "Keadaannya sudah berubah",
    413: "Isi permintaan terlalu besar",
    415: "Jenis isi tidak didukung",
    416: "Bagian yang diminta tidak ada",
    422: "Ada isian yang salah",
    429: "Terlalu sering, coba lagi nanti",
    500: "Terjadi kesalahan pada layanan",
    503: "Layanan sedang tidak tersedia, coba lagi nanti",
}
"""In Indonesian, by status."""

REJECTIONS: tuple[tuple[type[Rejected], int], ...] = (
    (Malformed, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (UnsupportedMedia, 415),
    (OutOfRange, 416),
    (Invalid, 422),
    (TooManyRequests, 429),
    (Rejected, 400),
)
"""The first class that fits gives the status; the last takes what nobody thought of."""

HTTP: dict[int, tuple[str, str]] = {
    400: ("malformed-request", "The request can not be understood."),
    404: ("not-found", NO_SUCH_THING),
    405: ("method-not-allowed", "This address does not take that method; `Allow` names those it takes."),
    408: ("request-timeout", "The body of the request did not arrive in time."),
    413: ("body-too-large", "The body of the request is larger than the service takes."),
}
"""Code and words for what the framework itself refuses."""


def problem_of(error: BaseException) -> Problem | None:
    """Return the problem that `error` stands for, or `None` when it stands for a bug of ours."""
    if isinstance(error, Rejected):
        return _rejection(error)
    if isinstance(error, Unavailable):
        return Problem(503, "unavailable", BUSY, headers=_retry(error.retry_after))
    if isinstance(error, CallError):
        return Problem(503, "unavailable", BUSY, headers=_retry(1.0))
    if isinstance(error, HTTPException):
        return _http(error)
    return None


def internal() -> Problem:
    """Return the problem for a bug: the caller learns nothing but the number under which we find it in the log."""
    return Problem(500, "internal", "The service failed; the failure is logged under the number in `instance`.")


def encode(content: Any) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _rejection(error: Rejected) -> Problem:
    status = next(status for kind, status in REJECTIONS if isinstance(error, kind))
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        headers = _retry(error.retry_after)
    if isinstance(error, OutOfRange):
        headers["Content-Range"] = f"bytes */{error.size}"
    # One text for all that is hidden: the domain's own words could tell "not yours" from "not there".
    detail = NO_SUCH_THING if isinstance(error, NotFound) else error.detail
    code = NotFound.code if isinstance(error, NotFound) else error.code
    fields = error.fields if isinstance(error, Invalid) else {}
    return Problem(status, code, detail, fields, headers, error.current if isinstance(error, Conflict) else {})


def _http(error: HTTPException) -> Problem | None:
    status = error.code or 500
    if status not in HTTP:
        return Problem(400, *HTTP[400]) if status in range(400, 500) else None
    code, detail = HTTP[status]
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return Problem(status, code, detail, headers=headers)


def _retry(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, ceil(seconds)))}

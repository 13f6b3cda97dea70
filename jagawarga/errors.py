"""Whose move is next: every error the application raises on purpose says so by its class.

`Rejected` is the caller's to mend and is never retried; `Unavailable` is ours and may be
retried after `retry_after` seconds; `Corrupt` is a bug, and the supervisor acts on it.
Errors of drivers are translated into these at the border (stores, bus, edge) only.
"""

from __future__ import annotations

from collections.abc import Mapping


class JagaWargaError(Exception):
    """Root of every error the application raises on purpose."""


class Rejected(JagaWargaError):
    """The request can not be met as it is; `code` names why in kebab-case, `detail` says it in words."""

    code = "rejected"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class Invalid(Rejected):
    """Some fields of the request are wrong; `fields` maps a field's path to what is wrong with it."""

    code = "invalid-request"

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.fields = dict(fields or {})


class Unauthenticated(Rejected):
    """Nobody can be seen behind the request: no token, a wrong one, or one that expired."""

    code = "unauthenticated"


class Forbidden(Rejected):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFound(Rejected):
    """The thing does not exist, or must look to this caller as if it did not."""

    code = "not-found"


class Conflict(Rejected):
    """The thing has moved on: the request does not fit its present state, which `current` tells where it may."""

    code = "conflict"

    def __init__(self, detail: str, *, code: str | None = None, current: Mapping[str, str | int] | None = None) -> None:
        super().__init__(detail, code=code)
        self.current = dict(current or {})


class TooManyRequests(Rejected):
    """The caller asks too often; it may come back after `retry_after` seconds."""

    code = "too-many-requests"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(JagaWargaError):
    """A part of ours is down or too slow; the same request may succeed after `retry_after` seconds."""

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Corrupt(JagaWargaError):
    """Something that can not be, is: a bug or damaged data. The actor that met it crashes."""


class StartupError(JagaWargaError):
    """The process can not start; the message is one line for the operator, and the exit code is 2."""


class BackupError(JagaWargaError):
    """A backup can not be made, read or restored; the message is one line for the operator, and the exit code is 2."""

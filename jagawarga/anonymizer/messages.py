"""The one door by which a submission enters: what the edge may ask of the anonymizer."""

from __future__ import annotations

from typing import Protocol

from jagawarga.identity.messages import Principal
from jagawarga.reports.messages import Receipt, SubmitReport


class IntakeDoor(Protocol):
    """Takes what a citizen typed, cuts what must not be kept, and files the rest."""

    async def submit(self, principal: Principal, command: SubmitReport, key: str | None = None) -> Receipt:
        """File the report. Anonymous: identity ends here, and personal data in text and address is redacted.

        With a `key` (Idempotency-Key) the same report of the same citizen is one, and has one tracking code, however
        often it is sent; the key must be what nobody can guess. An anonymous one is known again by key and content.

        Raises `Invalid` for an unknown category or a place off the map, `Unavailable` while it can not be made durable.
        """

    async def clean(self, text: str) -> str:
        """Give words of somebody who is nobody to us without what identifies a person, as far as that can be told.

        Raises `Unavailable` while it can not be done.
        """

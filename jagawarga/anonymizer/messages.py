"""The one door by which a submission enters: what the edge may ask of the anonymizer."""

from __future__ import annotations

from typing import Protocol

from jagawarga.identity.messages import Principal
from jagawarga.reports.messages import Receipt, SubmitReport


class IntakeDoor(Protocol):
    """Takes what a citizen typed, cuts what must not be kept, and files the rest."""

    async def submit(self, principal: Principal, command: SubmitReport) -> Receipt:
        """File the report. Anonymous: identity ends here, and personal data in text and address is redacted.

        Raises `Invalid` for an unknown category or a place off the map, `Unavailable` while it can not be made durable.
        """

"""The intake: every submission passes here on its way to the reports, and the anonymous ones lose their maker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic_core import to_json

from jagawarga.anonymizer.actor import Clean, Cut
from jagawarga.errors import Unavailable
from jagawarga.reports.messages import FileReport
from supervisors import CallError, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.messages import IdentityDoor, Principal
    from jagawarga.reports.messages import Receipt, ReportsDoor, SubmitReport

CUT_WITHIN: Final = 5.0


class Intake:
    """The concrete `IntakeDoor`; a handle made once, its actor is `tree.anonymizer_tree(self)`."""

    def __init__(self, identity: IdentityDoor, reports: ReportsDoor, digest: Callable[[bytes], bytes]) -> None:
        """`digest` is a keyed one: what a repeated submission is known again by."""
        self.identity = identity
        self.reports = reports
        self.digest = digest
        self.anonymizer = Registry("anonymizer").name("anonymizer")

    async def submit(self, principal: Principal, command: SubmitReport, key: str | None = None) -> Receipt:
        """File the report; an anonymous one as nobody's."""
        # Of an anonymous one nothing of the account may go into what its id is made of, however well it is mixed.
        who = None if command.privacy == "anonymous" else principal.pseudonym
        once = None if key is None else self.digest(to_json([who, key, command]))
        if command.privacy != "anonymous":
            return await self.reports.file(
                FileReport(
                    command.privacy,
                    command.category,
                    command.text,
                    command.place,
                    principal.pseudonym,
                    command.attachments,
                    once,
                )
            )
        cut = await self._cut(principal, command)
        return await self.reports.file(cut if once is None else cut._replace(once=once))

    async def _cut(self, principal: Principal, command: SubmitReport) -> FileReport:
        # As a rule they came with the token: then the database may be away.
        facts = principal.facts or await self.identity.facts(principal.subject)
        try:
            cut: FileReport = await self.anonymizer.call(Cut(command, facts), CUT_WITHIN)
        except CallError:
            # Without its cause: what the anonymizer crashed on is the citizen's own words.
            msg = "the anonymizer is not there"
            raise Unavailable(msg) from None
        return cut

    async def clean(self, text: str) -> str:
        """Give words without what identifies a person."""
        try:
            cleaned: str = await self.anonymizer.call(Clean(text), CUT_WITHIN)
        except CallError:
            # Without its cause, as above.
            msg = "the anonymizer is not there"
            raise Unavailable(msg) from None
        return cleaned

"""The anonymizer's actor: the last place where a report and its reporter's identity are in one hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from jagawarga.anonymizer.scrubber import blur, scrub
from jagawarga.errors import Corrupt
from jagawarga.reports.messages import FileReport, Place, SubmitReport
from supervisors import Actor

if TYPE_CHECKING:
    from jagawarga.identity.messages import PersonalFacts
    from supervisors import Sender


@dataclass(frozen=True, slots=True)
class Cut:
    """Call: clean an anonymous submission; answers the `FileReport` that may be kept."""

    # Neither may appear in a representation: somebody might log one.
    command: SubmitReport = field(repr=False)
    facts: PersonalFacts = field(repr=False)


@dataclass(frozen=True, slots=True)
class Clean:
    """Call: clean words of whose writer nothing is known; answers them."""

    text: str = field(repr=False)


class Anonymizer(Actor):
    """Cuts, counts, keeps nothing."""

    # It never waits, so a call is served in the caller's own step.
    direct: ClassVar[bool] = True

    def init(self) -> None:
        """Begin with nothing."""
        self.cuts = 0

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Answer a `Cut`, or a `Clean`."""
        if not isinstance(message, Cut | Clean):
            return super().handle_call(message, sender)
        cut: FileReport | str
        try:
            cut = scrub(message.text) if isinstance(message, Clean) else cut_report(message.command, message.facts)
        except Exception as error:  # noqa: BLE001 - whatever it is, its own words may hold the citizen's
            msg = f"a text could not be cleaned ({type(error).__name__})"
            raise Corrupt(msg) from None
        self.cuts += 1
        return cut

    def describe(self) -> dict[str, Any]:
        """How much it has done."""
        return {"cuts": self.cuts}


def cut_report(command: SubmitReport, facts: PersonalFacts) -> FileReport:
    """Give what may be kept of an anonymous submission: no reporter, nothing personal in its words, a blurred place."""
    place = command.place
    return FileReport(
        privacy="anonymous",
        category=command.category,
        text=scrub(command.text, facts),
        place=Place(
            blur(place.latitude),
            blur(place.longitude),
            None if place.address is None else scrub(place.address, facts),
            None if place.landmark is None else scrub(place.landmark, facts),
        ),
        reporter=None,
        attachments=command.attachments,
    )

"""What is sealed of a report before it leaves this process for the database, each part bound to its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic_core import from_json, to_json

from jagawarga.errors import Corrupt
from jagawarga.reports.messages import Place

if TYPE_CHECKING:
    from jagawarga.plumbing.keys import Keyring

PROOF_BYTES: Final = 8
BAND_BYTES: Final = 2
ALIKE: Final = 6
"""Of the 64 bits that say what a photo looks like, so many may differ in two copies of one photo."""
LEAST: Final = 4
"""Bits of each kind that a photo must have to be told from others: a wall, or the night, looks like any other."""


class Seals:
    """Seals and opens; `Corrupt` for what does not open, or is not what it should be."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def content(self, report_id: UUID, text: str, place: Place, attachments: tuple[str, ...] = ()) -> bytes:
        """What the citizen wrote, sealed for this report."""
        # Two words about the place are a list of their own: most reports have one at most.
        words = place.address if place.landmark is None else (place.address, place.landmark)
        plain = to_json([text, place.latitude, place.longitude, words, *attachments])
        return self.keyring.seal("report-content", plain, report_id.bytes)

    def open_content(self, report_id: UUID, sealed: bytes) -> tuple[str, Place, tuple[str, ...]]:
        """Text, place and attachments again."""
        plain = self.keyring.unseal("report-content", sealed, report_id.bytes)
        try:
            text, latitude, longitude, words, *attachments = from_json(plain)
            address, landmark = words if isinstance(words, list) else (words, None)
            return text, Place(latitude, longitude, address, landmark), tuple(attachments)
        except (ValueError, TypeError):
            msg = "content"
            raise Corrupt(msg) from None

    def note(self, report_id: UUID, version: int, note: str) -> bytes:
        """A note, sealed for this line of history."""
        return self.keyring.seal("report-note", note.encode(), _line(report_id, version))

    def open_note(self, report_id: UUID, version: int, sealed: bytes) -> str:
        """The note again."""
        return self.keyring.unseal("report-note", sealed, _line(report_id, version)).decode()

    def handles(self, report_id: UUID, version: int, handles: Sequence[str]) -> bytes:
        """The handles of uploads, which open them, sealed for this line of history."""
        return self.keyring.seal("report-attachments", to_json(handles), _line(report_id, version))

    def open_handles(self, report_id: UUID, version: int, sealed: bytes) -> tuple[str, ...]:
        """The handles again."""
        plain = self.keyring.unseal("report-attachments", sealed, _line(report_id, version))
        try:
            return tuple(map(str, from_json(plain)))
        except (ValueError, TypeError):
            msg = "attachments"
            raise Corrupt(msg) from None

    def proof(self, report_id: UUID, proof: int) -> bytes:
        """What a photo looks like, sealed for the report that it proves resolved."""
        return self.keyring.seal("report-proof", proof.to_bytes(PROOF_BYTES), report_id.bytes)

    def open_proof(self, report_id: UUID, sealed: bytes) -> int:
        """What a photo looks like, again."""
        return int.from_bytes(self.keyring.unseal("report-proof", sealed, report_id.bytes))

    def bands(self, proof: int) -> Iterator[bytes]:
        """Digests of a photo's looks, part by part: two that differ in less bits than there are parts share one.

        None for a photo that looks like any other.
        """
        if not LEAST <= proof.bit_count() <= 8 * PROOF_BYTES - LEAST:
            return
        looks = proof.to_bytes(PROOF_BYTES)
        for start in range(0, PROOF_BYTES, BAND_BYTES):
            yield self.keyring.digest("report-proof", bytes([start]) + looks[start : start + BAND_BYTES])


def are_alike(first: int, second: int) -> bool:
    """Tell whether two photos look like copies of one (Hamming distance of their difference hashes)."""
    return (first ^ second).bit_count() <= ALIKE


def _line(report_id: UUID, version: int) -> bytes:
    return report_id.bytes + version.to_bytes(4)

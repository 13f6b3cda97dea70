"""The catalogue's door: reads from memory, changes through the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jagawarga.calendars.shelf import shelve
from jagawarga.catalogue.actor import Holder, PutAgency, PutCategory, Reload
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.wording import OWN_LANGUAGE
from jagawarga.errors import Unavailable
from supervisors import CallError, Name, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jagawarga.calendars.model import WorkingHours
    from jagawarga.catalogue.messages import Agency, Area, Assignment, Category, Clocks, Suggestion
    from jagawarga.catalogue.model import Snapshot

ANSWER_SECONDS = 15.0
"""How long a change may take: longer than the database's deadline, so that its word comes first."""


class CatalogueService:
    """Implements `CatalogueDoor`; built once, before the tree. Until the actor has started it shows the files alone.

    Reads never wait and go on while the actor restarts. An operator's entry stands before the file's of its key.
    """

    def __init__(self, config: Snapshot) -> None:
        self.holder = Holder(config, config)
        for reference, hours in config.calendars.items():
            hours.warm()
            shelve(reference, hours)
        self.name: Name = Registry("catalogue").name("catalogue")

    def categories(self, language: str = OWN_LANGUAGE) -> tuple[Category, ...]:
        """All categories, with the limits that were declared, and names in a language where they have one in it."""
        snapshot = self.holder.snapshot
        return tuple(snapshot.wording.named(category, language) for category in snapshot.categories.values())

    def category(self, key: str) -> Category:
        """`Invalid` for a category nobody declared."""
        return self.holder.snapshot.category(key)

    def agencies(self) -> tuple[Agency, ...]:
        """All agencies."""
        return tuple(self.holder.snapshot.agencies.values())

    def areas(self) -> tuple[Area, ...]:
        """All kecamatan, each before its kelurahan."""
        return tuple(self.holder.snapshot.places.areas.values())

    def area(self, key: str) -> Area | None:
        """The area of this key; `None` for one that is no longer on the map."""
        return self.holder.snapshot.places.areas.get(key)

    def area_at(self, latitude: float, longitude: float) -> Area:
        """The kelurahan at a point; `Invalid` for a place off the map."""
        return self.holder.snapshot.area_at(latitude, longitude)

    def assign(self, category: str, latitude: float | None, longitude: float | None, address: str | None) -> Assignment:
        """Route by category and area to a ladder; see `Snapshot.assign`."""
        return self.holder.snapshot.assign(category, latitude, longitude, address)

    def clocks(self, category: str, privacy: str, levels: int) -> Clocks:
        """How fast a report must be seen to; see `policies`."""
        return self.holder.snapshot.clocks(category, privacy, levels)

    def calendars(self) -> Mapping[str, WorkingHours]:
        """The calendars that clocks refer to."""
        return self.holder.snapshot.calendars

    @staticmethod
    def read(config_dir: Path) -> Snapshot:
        """What the files say now. Blocks. Raises `StartupError` with one line for what is wrong in them."""
        return load_config(config_dir)

    async def reload(self, config: Snapshot) -> dict[str, dict[str, list[str]]]:
        """Go by other files from now on, all of them or none; returns what changed, by kind.

        Reports that are there keep what they were filed under. Their calendars must be kept before (`Reports`).
        Raises `Invalid` when what operators declared does not go with the files, and `Unavailable`.
        """
        changed: dict[str, dict[str, list[str]]] = await self._call(Reload(config))
        return changed

    def suggest(
        self, text: str, latitude: float | None, longitude: float | None, language: str = OWN_LANGUAGE
    ) -> tuple[Suggestion, ...]:
        """Up to three categories a text may be about; see `Snapshot.suggest`. The text is kept nowhere."""
        return self.holder.snapshot.suggest(text, latitude, longitude, language)

    async def put_agency(self, agency: Agency) -> None:
        """Create or change an agency, durably. `Invalid`, or `Unavailable`, after which it may be there or not."""
        await self._call(PutAgency(agency))

    async def put_category(self, category: Category, agency: str) -> None:
        """Create or change a category, durably. `Invalid`, or `Unavailable`, after which it may be there or not."""
        await self._call(PutCategory(category, agency))

    async def _call(self, message: Any) -> Any:
        try:
            return await self.name.call(message, timeout=ANSWER_SECONDS)
        except CallError as error:
            msg = "the catalogue can not be changed now"
            raise Unavailable(msg) from error

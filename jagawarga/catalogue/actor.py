"""The actor that changes the catalogue: one change at a time, in the database first, then for every reader at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jagawarga.catalogue.model import Snapshot, changes, merge
from jagawarga.errors import Invalid, StartupError, Unavailable
from supervisors import NO_REPLY, Actor, Sender

if TYPE_CHECKING:
    from jagawarga.catalogue.messages import Agency, Category
    from jagawarga.catalogue.store import Store


@dataclass(slots=True)
class Holder:
    """The snapshot that readers see; outlives the actor, so that reads go on while it is down.

    `config` is what the files say, without what operators declared.
    """

    snapshot: Snapshot
    config: Snapshot


@dataclass(frozen=True, slots=True)
class PutAgency:
    """Call: create or change an agency."""

    agency: Agency


@dataclass(frozen=True, slots=True)
class PutCategory:
    """Call: create or change a category, routed to `agency` everywhere."""

    category: Category
    agency: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Call: the files say this now; answers what changed for readers."""

    config: Snapshot


class Catalogue(Actor):
    """Holds the right to change the catalogue; its whole state is in the database and in the holder."""

    async def init(self, holder: Holder, store: Store) -> None:
        """Put what operators declared over the files' entries; the start fails when the two do not go together."""
        self.holder = holder
        self.store = store
        try:
            holder.snapshot = await self._merged(holder.config)
        except Invalid as error:
            raise StartupError(error.detail) from error

    async def handle_call(self, message: Any, sender: Sender) -> Any:
        """Check, write, show."""
        try:
            match message:
                case PutAgency(agency):
                    changed = self.holder.snapshot.with_agency(agency)
                    await self.store.put_agency(agency)
                case PutCategory(category, agency_key):
                    changed = self.holder.snapshot.with_category(category, agency_key)
                    await self.store.put_category(category, agency_key)
                case Reload(config):
                    return await self._reload(config, sender)
                case _:
                    return super().handle_call(message, sender)
        except Invalid as error:
            sender.error(error)
            return NO_REPLY
        except Unavailable as error:
            sender.error(error)
            # It may be written all the same: a new life starts with what the database has.
            raise
        self.holder.snapshot = changed
        return None

    async def _reload(self, config: Snapshot, sender: Sender) -> Any:
        before = self.holder.snapshot
        try:
            after = await self._merged(config)
        except Unavailable as error:
            sender.error(error)
            return NO_REPLY
        self.holder.config, self.holder.snapshot = config, after
        return changes(before, after)

    async def _merged(self, config: Snapshot) -> Snapshot:
        declared = await self.store.load()
        try:
            return merge(config, declared.agencies, declared.categories)
        except Invalid as error:
            msg = f"what operators declared does not go with the files: {error.detail}"
            raise Invalid(msg) from error

    def describe(self) -> dict[str, Any]:
        """How much there is."""
        snapshot = self.holder.snapshot
        return {
            "agencies": len(snapshot.agencies),
            "categories": len(snapshot.categories),
            "of operators": len(snapshot.everywhere),
        }

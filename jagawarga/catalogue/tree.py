"""The catalogue's part of the tree: one actor, which waits between restarts while the database is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.catalogue.actor import Catalogue
from jagawarga.catalogue.store import Store
from supervisors import Backoff, ChildSpec, worker

if TYPE_CHECKING:
    from jagawarga.catalogue.service import CatalogueService
    from jagawarga.plumbing.database import Database

AGAIN = Backoff(first=0.1, limit=5.0)


def catalogue_children(catalogue: CatalogueService, database: Database) -> list[ChildSpec]:
    """Specs of the context's children; the database must be open before they start."""
    return [
        worker(
            "catalogue",
            Catalogue,
            catalogue.holder,
            Store(database),
            name=catalogue.name,
            backoff=AGAIN,
        )
    ]

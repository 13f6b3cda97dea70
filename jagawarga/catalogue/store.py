"""The catalogue context's rows: what operators declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jagawarga.catalogue.messages import Agency, Category

if TYPE_CHECKING:
    from jagawarga.plumbing.database import Connection, Database

ROLE = "catalogue"

READ_AGENCIES = "SELECT key, name, parent FROM catalogue.agency ORDER BY key"
READ_CATEGORIES = """
SELECT key, name, agency, respond_within, resolve_within, severity FROM catalogue.category ORDER BY key
"""
PUT_AGENCY = """
INSERT INTO catalogue.agency (key, name, parent) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET name = excluded.name, parent = excluded.parent
"""
PUT_CATEGORY = """
INSERT INTO catalogue.category (key, name, agency, respond_within, resolve_within, severity)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (key) DO UPDATE SET name = excluded.name, agency = excluded.agency, severity = excluded.severity,
    respond_within = excluded.respond_within, resolve_within = excluded.resolve_within
"""


@dataclass(frozen=True, slots=True)
class Declared:
    """All that operators declared; each category with the agency that answers for it."""

    agencies: tuple[Agency, ...]
    categories: tuple[tuple[Category, str], ...]


class Store:
    """Every statement of this context. Raises `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def load(self) -> Declared:
        """Read everything; no category comes without its agency."""

        async def work(connection: Connection) -> Declared:
            categories = await connection.fetch(READ_CATEGORIES)
            # After the categories: a category is put after its agency, so none read above can lack its own here.
            agencies = await connection.fetch(READ_AGENCIES)
            return Declared(
                tuple(Agency(row["key"], row["name"], row["parent"]) for row in agencies),
                tuple((_category(row), row["agency"]) for row in categories),
            )

        return await self.database.run(ROLE, work)

    async def put_agency(self, agency: Agency) -> None:
        """Write one agency, over its former self."""
        await self._execute(PUT_AGENCY, agency.key, agency.name, agency.parent)

    async def put_category(self, category: Category, agency: str) -> None:
        """Write one category, over its former self."""
        await self._execute(
            PUT_CATEGORY, category.key, category.name, agency, category.respond_within, category.resolve_within,
            category.severity,
        )  # fmt: skip

    async def _execute(self, statement: str, *values: object) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement, *values)

        await self.database.run(ROLE, work, transaction=False)


def _category(row: Any) -> Category:
    respond, resolve = tuple(row["respond_within"]), tuple(row["resolve_within"])
    return Category(row["key"], row["name"], respond, resolve, row["severity"])

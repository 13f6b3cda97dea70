"""The identity context's rows: accounts, found by a keyed digest of their login, their facts sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from jagawarga.errors import Conflict, NotFound
from jagawarga.identity.model import facts_from_bytes, facts_to_bytes

if TYPE_CHECKING:
    from jagawarga.identity.messages import PersonalFacts, Role
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring

_FIND: Final = "SELECT account_id, role, agency, password_hash FROM identity.account WHERE login_digest = $1"
_ADD: Final = """
INSERT INTO identity.account (account_id, login_digest, role, agency, password_hash, facts)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (login_digest) DO NOTHING RETURNING account_id
"""
_SET: Final = """
UPDATE identity.account SET password_hash = $2, agency = $3 WHERE login_digest = $1 AND role = $4 RETURNING account_id
"""
_FACTS: Final = "SELECT facts FROM identity.account WHERE account_id = $1"


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in needs to know."""

    account_id: UUID
    role: Role
    agency: str | None
    password_hash: str


class Store:
    """Every statement of this context; raises `Unavailable`."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring

    def login_digest(self, username: str) -> bytes:
        """The key an account is found by: nobody can list who is registered without the keys."""
        return self.keyring.digest("login", username.casefold().encode())

    async def find(self, username: str) -> Account | None:
        """Look an account up by its login."""

        async def work(connection: Any) -> Any:
            return await connection.fetchrow(_FIND, self.login_digest(username))

        row = await self.database.run("identity", work, transaction=False)
        return None if row is None else Account(*row)

    async def add(
        self, username: str, role: Role, agency: str | None, password_hash: str, facts: PersonalFacts
    ) -> None:
        """Add an account; `Conflict` when the login is taken."""
        account_id = uuid4()
        sealed = self.keyring.seal("facts", facts_to_bytes(facts), account_id.bytes)
        digest = self.login_digest(username)

        async def work(connection: Any) -> Any:
            return await connection.fetchval(_ADD, account_id, digest, role, agency, password_hash, sealed)

        if await self.database.run("identity", work, transaction=False) is None:
            msg = "there is an account of that login already"
            raise Conflict(msg)

    async def set_password(self, username: str, role: Role, agency: str | None, password_hash: str) -> None:
        """Give an account of that role another password and agency; `Conflict` when there is none."""
        digest = self.login_digest(username)

        async def work(connection: Any) -> Any:
            return await connection.fetchval(_SET, digest, password_hash, agency, role)

        if await self.database.run("identity", work, transaction=False) is None:
            msg = "the login belongs to an account of another role"
            raise Conflict(msg)

    async def facts(self, account_id: UUID) -> PersonalFacts:
        """Unseal what is known of a person; `NotFound` when there is no such account."""

        async def work(connection: Any) -> Any:
            return await connection.fetchval(_FACTS, account_id)

        sealed = await self.database.run("identity", work, transaction=False)
        if sealed is None:
            msg = "no such account"
            raise NotFound(msg)
        return facts_from_bytes(self.keyring.unseal("facts", sealed, account_id.bytes))

"""The identity context's rows: accounts, found by a keyed digest of their login, their facts sealed; their sessions.

What can fail a caller inside a unit of work is raised there: the transaction is undone with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from jagawarga.errors import Conflict, NotFound, Unavailable
from jagawarga.identity.model import facts_from_bytes, facts_to_bytes

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.identity.messages import PersonalFacts, Role
    from jagawarga.identity.refresh import RefreshToken
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring

MOST_SESSIONS: Final = 10
"""Of one account; the one that ends first goes."""
MOST_PENDING: Final = 10_000
MOST_INVITATIONS: Final = 100
"""Of one agency, at a time."""
MOST_TRIED: Final = 1_000
TAKEN: Final = "there is an account of that login already"

_FIND: Final = "SELECT account_id, role, agency, password_hash, active FROM identity.account WHERE login_digest = $1"
_GET: Final = "SELECT account_id, role, agency, password_hash, active FROM identity.account WHERE account_id = $1"
_ADD: Final = """
INSERT INTO identity.account (account_id, login_digest, role, agency, password_hash, facts)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (login_digest) DO NOTHING RETURNING account_id
"""
# The account that is there learns that somebody tried; whoever tried learns nothing.
_TRY: Final = """
INSERT INTO identity.account AS a (account_id, login_digest, role, agency, password_hash, facts)
VALUES ($1, $2, 'citizen', NULL, $3, $4)
ON CONFLICT (login_digest) DO UPDATE SET tried = least(a.tried + 1, $5) RETURNING account_id
"""
_SET: Final = """
UPDATE identity.account SET password_hash = $2, agency = $3, active = true
WHERE login_digest = $1 AND role = $4 RETURNING account_id
"""
_CHANGE: Final = "UPDATE identity.account SET password_hash = $2, tried = 0 WHERE account_id = $1 RETURNING account_id"
_DEACTIVATE: Final = """
UPDATE identity.account SET active = false
WHERE login_digest = $1 AND agency = $2 AND role = 'officer' RETURNING account_id
"""
_DELETE: Final = "DELETE FROM identity.account WHERE account_id = $1"
_FACTS: Final = "SELECT facts FROM identity.account WHERE account_id = $1"
_TRIED: Final = "SELECT tried FROM identity.account WHERE account_id = $1"
_OPEN: Final = "INSERT INTO identity.session (family_id, account_id, digest, last_week) VALUES ($1, $2, $3, $4)"
_CROWDED: Final = """
DELETE FROM identity.session WHERE family_id IN (
    SELECT family_id FROM identity.session WHERE account_id = $1
    ORDER BY last_week DESC, (family_id = $2) DESC, family_id OFFSET $3)
RETURNING family_id
"""
_ROTATE: Final = """
UPDATE identity.session SET digest = $3 WHERE family_id = $1 AND digest = $2 RETURNING account_id
"""
_IS_OPEN: Final = "SELECT 1 FROM identity.session WHERE family_id = $1"
_CLOSE: Final = "DELETE FROM identity.session WHERE family_id = $1 RETURNING family_id"
_CLOSE_ALL: Final = """
DELETE FROM identity.session WHERE account_id = $1 AND ($2::uuid IS NULL OR family_id <> $2) RETURNING family_id
"""
_SWEEP_SESSIONS: Final = "DELETE FROM identity.session WHERE last_week < $1"
_SWEEP_INVITATIONS: Final = "DELETE FROM identity.invitation WHERE expires_at <= $1"
_PENDING: Final = "SELECT count(*) FROM identity.registration"
_POSTPONE: Final = """
INSERT INTO identity.registration (registration_id, login_digest, password_hash, facts) VALUES ($1, $2, $3, $4)
"""
_PAGE: Final = """
SELECT registration_id, facts FROM identity.registration WHERE registration_id > $1 ORDER BY registration_id LIMIT $2
"""
_TAKE: Final = """
DELETE FROM identity.registration WHERE registration_id = $1 RETURNING login_digest, password_hash
"""
_INVITED: Final = "SELECT count(*) FROM identity.invitation WHERE agency = $1 AND expires_at > $2"
_INVITE: Final = """
INSERT INTO identity.invitation (digest, agency, login_digest, expires_at) VALUES ($1, $2, $3, $4)
"""
_ACCEPT: Final = """
DELETE FROM identity.invitation
WHERE digest = $1 AND (login_digest IS NULL OR login_digest = $2) AND expires_at > $3 RETURNING agency
"""


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in needs to know."""

    account_id: UUID
    role: Role
    agency: str | None
    password_hash: str
    active: bool


class Store:
    """Every statement of this context; raises `Unavailable`."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring

    def login_digest(self, username: str) -> bytes:
        """The key an account is found by: nobody can list who is registered without the keys."""
        return self.keyring.digest("login", username.casefold().encode())

    # --- accounts

    async def find(self, username: str) -> Account | None:
        """Look an account up by its login."""
        row = await self._row(_FIND, self.login_digest(username))
        return None if row is None else Account(*row)

    async def get(self, account_id: UUID) -> Account:
        """Give an account; `NotFound` when there is none."""
        row = await self._row(_GET, account_id)
        if row is None:
            msg = "no such account"
            raise NotFound(msg)
        return Account(*row)

    async def add(
        self, username: str, role: Role, agency: str | None, password_hash: str, facts: PersonalFacts
    ) -> None:
        """Add an account; `Conflict` when the login is taken."""
        account_id = uuid4()
        sealed = self._sealed(facts, account_id)
        if await self._row(_ADD, account_id, self.login_digest(username), role, agency, password_hash, sealed) is None:
            raise Conflict(TAKEN)

    async def register(self, username: str, password_hash: str, facts: PersonalFacts) -> None:
        """Add a citizen, or count on the account that is there that somebody tried."""
        account_id = uuid4()
        await self._row(
            _TRY,
            account_id,
            self.login_digest(username),
            password_hash,
            self._sealed(facts, account_id),
            MOST_TRIED,
        )

    async def set_password(self, username: str, role: Role, agency: str | None, password_hash: str) -> list[UUID]:
        """Give an account of that role another password and agency, and end its sessions; `Conflict` without one."""
        digest = self.login_digest(username)

        async def work(connection: Any) -> Any:
            account_id = await connection.fetchval(_SET, digest, password_hash, agency, role)
            if account_id is None:
                msg = "the login belongs to an account of another role"
                raise Conflict(msg)
            return await connection.fetch(_CLOSE_ALL, account_id, None)

        return _families(await self.database.run("identity", work))

    async def change_password(self, account_id: UUID, password_hash: str, keep: UUID | None) -> list[UUID]:
        """Set an account's password; gives the sessions this ended: all but `keep`."""

        async def work(connection: Any) -> Any:
            await connection.fetch(_CHANGE, account_id, password_hash)
            return await connection.fetch(_CLOSE_ALL, account_id, keep)

        return _families(await self.database.run("identity", work))

    async def deactivate(self, agency: str, username: str) -> list[UUID]:
        """End the account of an officer of that agency, and its sessions; `NotFound` when it is none of theirs."""
        digest = self.login_digest(username)

        async def work(connection: Any) -> Any:
            account_id = await connection.fetchval(_DEACTIVATE, digest, agency)
            if account_id is None:
                msg = "no such officer"
                raise NotFound(msg)
            return await connection.fetch(_CLOSE_ALL, account_id, None)

        return _families(await self.database.run("identity", work))

    async def delete(self, account_id: UUID) -> list[UUID]:
        """Erase an account and its sessions; gives these."""

        async def work(connection: Any) -> Any:
            await connection.execute(_DELETE, account_id)
            return await connection.fetch(_CLOSE_ALL, account_id, None)

        return _families(await self.database.run("identity", work))

    async def facts(self, account_id: UUID) -> PersonalFacts:
        """Unseal what is known of a person; `NotFound` when there is no such account."""
        row = await self._row(_FACTS, account_id)
        if row is None:
            msg = "no such account"
            raise NotFound(msg)
        return facts_from_bytes(self.keyring.unseal("facts", row[0], account_id.bytes))

    async def tried(self, account_id: UUID) -> int:
        """How many registrations were tried with the account's number since its password was set."""
        row = await self._row(_TRIED, account_id)
        return 0 if row is None else int(row[0])

    # --- sessions

    async def open_session(self, account_id: UUID, token: RefreshToken) -> list[UUID]:
        """Add a session; gives those that had to go for it."""

        async def work(connection: Any) -> Any:
            await connection.execute(_OPEN, token.family, account_id, token.digest, token.last_week)
            return await connection.fetch(_CROWDED, account_id, token.family, MOST_SESSIONS)

        return _families(await self.database.run("identity", work))

    async def rotate(self, shown: RefreshToken, fresh: RefreshToken) -> Account | None:
        """Put the fresh token in the place of the one that was shown; `None`, and the session is ended, if it can not.

        The answer that is lost costs the session as well: its token looks used when it is shown again.
        """

        async def work(connection: Any) -> Any:
            account_id = await connection.fetchval(_ROTATE, shown.family, shown.digest, fresh.digest)
            row = None if account_id is None else await connection.fetchrow(_GET, account_id)
            if row is None or not row["active"]:
                await connection.fetch(_CLOSE, shown.family)
                return None
            return row

        row = await self.database.run("identity", work)
        return None if row is None else Account(*row)

    async def is_open(self, family: UUID) -> bool:
        """Tell whether there is such a session; it goes when it is ended, and with its account."""
        return await self._row(_IS_OPEN, family) is not None

    async def close(self, family: UUID) -> None:
        """End one session."""
        await self._row(_CLOSE, family)

    async def close_all(self, account_id: UUID) -> list[UUID]:
        """End every session of an account; gives them."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(_CLOSE_ALL, account_id, None)

        return _families(await self.database.run("identity", work, transaction=False))

    async def sweep(self, now: datetime, week: int) -> None:
        """Forget sessions whose last week is over, and invitations nobody accepted."""

        async def work(connection: Any) -> None:
            await connection.execute(_SWEEP_SESSIONS, week)
            await connection.execute(_SWEEP_INVITATIONS, now)

        await self.database.run("identity", work)

    # --- registrations that wait for the identity provider

    async def postpone(self, username: str, password_hash: str, facts: PersonalFacts) -> None:
        """Keep a registration until the provider is back; `Unavailable` when too many wait."""
        registration_id, digest = uuid4(), self.login_digest(username)
        sealed = self._sealed(facts, registration_id)

        async def work(connection: Any) -> None:
            if await connection.fetchval(_PENDING) >= MOST_PENDING:
                msg = "too many registrations wait for the identity provider"
                raise Unavailable(msg, retry_after=300.0)
            await connection.execute(_POSTPONE, registration_id, digest, password_hash, sealed)

        await self.database.run("identity", work)

    async def pending(self, after: UUID, limit: int) -> list[tuple[UUID, PersonalFacts]]:
        """Give a page of waiting registrations, behind `after`."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(_PAGE, after, limit)

        rows = await self.database.run("identity", work, transaction=False)
        return [(each, facts_from_bytes(self.keyring.unseal("facts", sealed, each.bytes))) for each, sealed in rows]

    async def settle(self, registration_id: UUID, facts: PersonalFacts | None) -> None:
        """Make the account of a waiting registration; without `facts` it was refused, and is forgotten."""
        account_id = uuid4()
        sealed = None if facts is None else self._sealed(facts, account_id)

        async def work(connection: Any) -> None:
            row = await connection.fetchrow(_TAKE, registration_id)
            if row is not None and sealed is not None:
                login, password_hash = row
                await connection.fetch(_TRY, account_id, login, password_hash, sealed, MOST_TRIED)

        await self.database.run("identity", work)

    # --- invitations

    async def invite(self, digest: bytes, agency: str, username: str | None, now: datetime, ends: datetime) -> None:
        """Keep an invitation; `Conflict` when too many of the agency are out."""
        login = None if username is None else self.login_digest(username)

        async def work(connection: Any) -> None:
            if await connection.fetchval(_INVITED, agency, now) >= MOST_INVITATIONS:
                msg = "too many invitations of this agency are out"
                raise Conflict(msg)
            await connection.execute(_INVITE, digest, agency, login, ends)

        await self.database.run("identity", work)

    async def accept(
        self, digest: bytes, username: str, password_hash: str, now: datetime, facts: PersonalFacts
    ) -> str:
        """Spend an invitation on a new officer; gives the agency. `NotFound` for the code, `Conflict` for the login."""
        account_id, login = uuid4(), self.login_digest(username)
        sealed = self._sealed(facts, account_id)

        async def work(connection: Any) -> str:
            agency: str | None = await connection.fetchval(_ACCEPT, digest, login, now)
            if agency is None:
                msg = "no such invitation"
                raise NotFound(msg)
            if await connection.fetchval(_ADD, account_id, login, "officer", agency, password_hash, sealed) is None:
                raise Conflict(TAKEN)
            return agency

        return await self.database.run("identity", work)

    # --- helpers

    def _sealed(self, facts: PersonalFacts, owner: UUID) -> bytes:
        return self.keyring.seal("facts", facts_to_bytes(facts), owner.bytes)

    async def _row(self, statement: str, *values: Any) -> Any:
        async def work(connection: Any) -> Any:
            return await connection.fetchrow(statement, *values)

        return await self.database.run("identity", work, transaction=False)


def _families(rows: Any) -> list[UUID]:
    return [row["family_id"] for row in rows]

"""What identity does for others: registers people, signs them in, says who is asking."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from jagawarga.errors import Conflict, Corrupt, Invalid, NotFound, TooManyRequests, Unauthenticated, Unavailable
from jagawarga.identity.actor import MayTry, Tried
from jagawarga.identity.messages import PersonalFacts
from jagawarga.identity.model import check_registration, check_username, password_problem
from jagawarga.identity.store import Account, Store
from jagawarga.identity.tokens import Tokens
from jagawarga.plumbing.clock import utc_now
from supervisors import CallError, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.messages import AddOfficer, OpenSession, Principal, RegisterCitizen, Role, Session
    from jagawarga.plumbing.clock import Clock
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring

T = TypeVar("T")

# OWASP's least for argon2id: 19 MiB, two passes, one lane. Two at a time keep a core free for everything else.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
HASHES_AT_ONCE: Final = 2
HASH_WITHIN: Final = 10.0


class Identity:
    """The concrete `IdentityDoor`; a handle made once, its actor is `tree.identity_tree(self)`."""

    def __init__(self, database: Database, keyring: Keyring, session_seconds: int, clock: Clock = utc_now) -> None:
        self.keyring = keyring
        self.store = Store(database, keyring)
        self.clock = clock
        self.tokens = Tokens(keyring, session_seconds, lambda: clock().timestamp())
        self.throttle = Registry("identity").name("throttle")
        self._hashes = trio.CapacityLimiter(HASHES_AT_ONCE)
        # What an unknown account is compared with, so that it takes as long as a known one.
        self._nobody = HASHER.hash(keyring.digest("nobody", b"").hex())

    async def register(self, command: RegisterCitizen) -> None:
        """Create a citizen's account."""
        facts = check_registration(command, self.clock().date())
        await self.add(command.nik, command.password, "citizen", None, facts)

    async def add_officer(self, command: AddOfficer) -> None:
        """Create an officer's account, or set its password and agency where it exists."""
        check_username(command.username)
        problem = password_problem(command.password, command.username)
        if problem is not None:
            msg = "the password is wrong"
            raise Invalid(msg, fields={"password": problem})
        try:
            await self.add(command.username, command.password, "officer", command.agency, nobody())
        except Conflict:
            await self.reset(command.username, command.password, "officer", command.agency)

    async def knows(self, username: str) -> bool:
        """Tell whether there is an account of that login."""
        return await self.store.find(username) is not None

    async def add(self, username: str, password: str, role: Role, agency: str | None, facts: PersonalFacts) -> None:
        """Create an account of any role; `Conflict` when the login is taken."""
        await self.store.add(username, role, agency, await self._hash(password), facts)

    async def reset(self, username: str, password: str, role: Role, agency: str | None) -> None:
        """Set the password and agency of an account; `Conflict` when that login is another role's."""
        await self.store.set_password(username, role, agency, await self._hash(password))

    async def open_session(self, command: OpenSession) -> Session:
        """Sign in; known and unknown accounts take the same way and the same time."""
        login = self.store.login_digest(command.username)
        try:
            wait = await self.throttle.call(MayTry(login), 2.0)
        except CallError as error:
            msg = "sign-in is not possible just now"
            raise Unavailable(msg) from error
        if wait > 0:
            msg = "too many failed sign-ins"
            raise TooManyRequests(msg, retry_after=wait)
        success: bool | None = None
        try:
            account = await self.store.find(command.username)
            right = await self._verify(self._nobody if account is None else account.password_hash, command.password)
            success = right and account is not None
        finally:
            # Also when the database was out of reach, or the caller went away: that was no wrong password.
            self.throttle.cast(Tried(login, success))
        if account is None or not right:
            msg = "user name or password is wrong"
            raise Unauthenticated(msg)
        facts = await self._facts_for_token(account)
        return self.tokens.issue(
            str(account.account_id), self.pseudonym(account.account_id), account.role, account.agency, facts
        )

    async def _facts_for_token(self, account: Account) -> PersonalFacts | None:
        if account.role != "citizen":
            return None
        try:
            return await self.store.facts(account.account_id)
        except (Corrupt, NotFound):
            # Whoever signs in may do so; an anonymous report of theirs can not be cut, and will be refused.
            return None

    async def authenticate(self, access_token: str) -> Principal:
        """Give whom a token stands for; touches no disk."""
        return self.tokens.check(access_token)

    async def facts(self, subject: str) -> PersonalFacts:
        """The person's own data, for the anonymizer alone."""
        return await self.store.facts(UUID(subject))

    def pseudonym(self, account_id: UUID) -> str:
        """What other contexts may know an account by: nobody gets from it to the account without the keys."""
        return self.keyring.digest("pseudonym", account_id.bytes)[:16].hex()

    async def _hash(self, password: str) -> str:
        return await self._in_thread(lambda: HASHER.hash(_spelt(password)))

    async def _verify(self, password_hash: str, password: str) -> bool:
        def verify() -> bool:
            try:
                return HASHER.verify(password_hash, _spelt(password))
            except (VerificationError, InvalidHashError):
                return False

        return await self._in_thread(verify)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with trio.move_on_after(HASH_WITHIN):
            return await trio.to_thread.run_sync(work, limiter=self._hashes)
        msg = "too many sign-ins at once"
        raise Unavailable(msg)


def nobody() -> PersonalFacts:
    """The facts of an account that is not a citizen's: nothing of a person."""
    return PersonalFacts("", "", None, None, None)


def _spelt(password: str) -> str:
    """One password however a keyboard composes its characters (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)

"""What identity does for others: registers people, signs them in, says who is asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import trio

from jagawarga.errors import (
    Conflict,
    Corrupt,
    Forbidden,
    Invalid,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from jagawarga.identity import refresh
from jagawarga.identity.actor import LONGEST_WAIT, MayTry, Tried
from jagawarga.identity.families import Families
from jagawarga.identity.invitations import INVITED_SECONDS, code_digest, new_code
from jagawarga.identity.messages import AGENCY_ROLES, STAFF_BY_OPERATOR, Invitation, OwnAccount, PersonalFacts
from jagawarga.identity.model import birth_date, check_registration, check_username, password_problem
from jagawarga.identity.passwords import Passwords
from jagawarga.identity.provider import Claim
from jagawarga.identity.store import Account, Store
from jagawarga.identity.tokens import Tokens
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.uuids import random_uuid
from supervisors import CallError, Registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from jagawarga.identity.messages import (
        AcceptInvitation,
        AddOfficer,
        OpenSession,
        Principal,
        PutAccount,
        RegisterCitizen,
        Registered,
        Role,
        Session,
    )
    from jagawarga.identity.provider import Provider
    from jagawarga.plumbing.clock import Clock
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring

FREE_OF_A_LOGIN: Final = 50
LONGEST_OF_A_LOGIN: Final = 30.0
WRONG_PAIR: Final = "user name or password is wrong"
WRONG_PASSWORD: Final = "the current password is wrong"  # noqa: S105 - words, not a password
LOOK_WITHIN: Final = 1.0
"""Seconds; a citizen who files must not wait longer for a database that hangs."""
GONE: Final = "the session is over"


class Identity:
    """The concrete `IdentityDoor`; a handle made once, its actors are `tree.identity_tree(self)`.

    An account is what a session is opened for (`_opened`); how somebody showed that it is theirs is the business of
    whoever calls it. A sign-in of agencies by OpenID Connect would be another such caller.
    """

    def __init__(
        self, database: Database, keyring: Keyring, session_seconds: int, clock: Clock = utc_now, *, provider: Provider
    ) -> None:
        self.keyring = keyring
        self.store = Store(database, keyring)
        self.clock = clock
        self.provider = provider
        self.tokens = Tokens(keyring, session_seconds, lambda: clock().timestamp())
        self.throttle = Registry("identity").name("throttle")
        self.ended = Families(session_seconds)
        self.open = Families(session_seconds)
        self.passwords = Passwords(keyring.digest("nobody", b"").hex())

    # --- citizens

    async def register(self, command: RegisterCitizen) -> Registered:
        """Create a citizen's account when the provider confirms it, or keep the registration until it can.

        The provider is asked, and the password hashed, before anybody looks whether there is an account: the answer
        and its time are the same for a NIK that has one.
        """
        facts = check_registration(command, self.clock().date())
        password_hash = await self.passwords.hash(command.password)
        try:
            confirmed = await self.provider.confirm(claim_of(facts))
        except Unavailable:
            await self.store.postpone(command.nik, password_hash, facts)
            return "pending"
        if not confirmed:
            msg = "the identity provider does not confirm this person"
            fields = {"nik": "is not confirmed together with the name"}
            raise Invalid(msg, fields=fields, code="identity-not-confirmed")
        await self.store.register(command.nik, password_hash, facts)
        return "registered"

    async def own_account(self, principal: Principal) -> OwnAccount:
        """What is known of the caller."""
        account_id = UUID(principal.subject)
        account = await self._present(account_id)
        facts = await self.store.facts(account_id) if account.role == "citizen" else None
        return OwnAccount(account.role, account.agency, await self.store.tried(account_id), facts)

    async def delete_account(self, principal: Principal, password: str) -> None:
        """Erase a citizen's account; reports that were named keep a pseudonym that leads to nobody."""
        await self._reauthenticate(principal, password)
        self._end(await self.store.delete(UUID(principal.subject)))

    # --- staff

    async def add_officer(self, command: AddOfficer) -> None:
        """Create an officer's account, or set its password and agency where it exists."""
        await self._put(command.username, command.password, "officer", command.agency)

    async def put_account(self, command: PutAccount) -> None:
        """Create a staff account, or set its password and agency where it exists."""
        if command.role not in STAFF_BY_OPERATOR:
            msg = "an operator makes no such account"
            raise Invalid(msg, fields={"role": f"must be one of {', '.join(STAFF_BY_OPERATOR)}"})
        if (command.role in AGENCY_ROLES) != (command.agency is not None):
            msg = "the agency does not go with the role"
            raise Invalid(msg, fields={"agency": "must be given for officers and agency heads, and for nobody else"})
        await self._put(command.username, command.password, command.role, command.agency)

    async def _put(self, username: str, password: str, role: Role, agency: str | None) -> None:
        check_username(username)
        _check_password(password, username)
        try:
            await self.add(username, password, role, agency, nobody())
        except Conflict:
            await self.reset(username, password, role, agency)

    async def invite(self, agency: str, username: str | None) -> Invitation:
        """Make a code for a new officer of `agency`; only its digest is kept."""
        if username is not None:
            check_username(username)
        code, now = new_code(), self.clock()
        ends = now + timedelta(seconds=INVITED_SECONDS)
        await self.store.invite(code_digest(self.keyring, code), agency, username, now, ends)
        return Invitation(code, agency, INVITED_SECONDS)

    async def accept_invitation(self, command: AcceptInvitation) -> str:
        """Create the officer; a login that is taken does not spend the code."""
        check_username(command.username)
        _check_password(command.password, command.username)
        password_hash = await self.passwords.hash(command.password)
        digest = code_digest(self.keyring, command.code)
        return await self.store.accept(digest, command.username, password_hash, self.clock(), nobody())

    async def deactivate_officer(self, agency: str, username: str) -> None:
        """End an officer's account and sessions."""
        self._end(await self.store.deactivate(agency, username))

    async def officer(self, agency: str, username: str) -> str:
        """The pseudonym of one of that agency's officers."""
        account = await self.store.find(username)
        if account is None or account.agency != agency or account.role not in {"officer", "agency_head"}:
            msg = "no such officer"
            raise NotFound(msg)
        return self.pseudonym(account.account_id)

    async def knows(self, username: str) -> bool:
        """Tell whether there is an account of that login."""
        return await self.store.find(username) is not None

    async def add(self, username: str, password: str, role: Role, agency: str | None, facts: PersonalFacts) -> None:
        """Create an account of any role, unconfirmed; `Conflict` when the login is taken."""
        await self.store.add(username, role, agency, await self.passwords.hash(password), facts)

    async def reset(self, username: str, password: str, role: Role, agency: str | None) -> None:
        """Set the password and agency of an account; `Conflict` when that login is another role's."""
        self._end(await self.store.set_password(username, role, agency, await self.passwords.hash(password)))

    # --- sessions

    async def open_session(self, command: OpenSession) -> Session:
        """Sign in; known and unknown accounts take the same way and the same time."""
        login = self.store.login_digest(command.username)
        here = self.keyring.digest("login-and-address", login + command.address.encode())
        tries = (MayTry(here), MayTry(login, FREE_OF_A_LOGIN, LONGEST_OF_A_LOGIN))
        account: Account | None = None

        async def right() -> bool:
            nonlocal account
            account = await self.store.find(command.username)
            known = self.passwords.nobody if account is None else account.password_hash
            return await self.passwords.verify(known, command.password) and account is not None and account.active

        if not await self._tried(tries, right) or account is None:
            raise Unauthenticated(WRONG_PAIR)
        return await self._opened(account)

    async def _opened(self, account: Account) -> Session:
        ends = int(self.clock().timestamp()) + refresh.life_of(account.role)
        token = refresh.make(self.keyring, random_uuid(), ends)
        self._end(await self.store.open_session(account.account_id, token))
        return await self._session(account, token)

    async def refresh_session(self, refresh_token: str) -> Session:
        """Give a session for the next while; a token used before ends its family at once."""
        shown = refresh.read(self.keyring, refresh_token, self.clock().timestamp())
        fresh = refresh.make(self.keyring, shown.family, shown.ends)
        account = await self.store.rotate(shown, fresh)
        if account is None:
            self._end([shown.family])
            raise Unauthenticated(GONE)
        return await self._session(account, fresh)

    async def close_session(self, principal: Principal) -> None:
        """End the session that the access token belongs to."""
        if principal.session is not None:
            await self.store.close(UUID(principal.session))
            self._end([UUID(principal.session)])

    async def close_all_sessions(self, principal: Principal) -> None:
        """End every session of the account."""
        self._end(await self.store.close_all(UUID(principal.subject)))

    async def change_password(self, principal: Principal, current: str, new: str) -> None:
        """Set another password and end all other sessions."""
        account = await self._reauthenticate(principal, current)
        login = (await self.store.facts(account.account_id)).nik
        _check_password(new, login)
        keep = None if principal.session is None else UUID(principal.session)
        password_hash = await self.passwords.hash(new)
        self._end(await self.store.change_password(account.account_id, password_hash, keep))

    async def authenticate(self, access_token: str) -> Principal:
        """Give whom a token stands for; asks the database only about a session this process has not seen before.

        While the database is away, a citizen is believed: their report must be taken. Anybody else, and anything they
        could read, has to wait for it: `Unavailable`.
        """
        principal = self.tokens.check(access_token)
        family = principal.session
        if family is None:
            return principal
        if self.ended.has(family):
            raise Unauthenticated(GONE)
        if not self.open.has(family):
            await self._look_up(family, principal.role)
        return principal

    async def _look_up(self, family: str, role: Role) -> None:
        try:
            with trio.fail_after(LOOK_WITHIN):
                there = await self.store.is_open(UUID(family))
        except (Unavailable, trio.TooSlowError):
            if role == "citizen":
                return
            msg = "the session can not be looked up just now"
            raise Unavailable(msg) from None
        if not there:
            raise Unauthenticated(GONE)
        self.open.add([family], trio.current_time())

    async def facts(self, subject: str) -> PersonalFacts:
        """The person's own data, for the anonymizer alone."""
        return await self.store.facts(UUID(subject))

    def person(self, principal: Principal) -> str:
        """Who it is, whatever account they have by now: for what each may do once. Not to be stored as it is."""
        if principal.facts is None:
            return principal.pseudonym
        return self.keyring.digest("person", principal.facts.nik.encode()).hex()

    def pseudonym(self, account_id: UUID) -> str:
        """What other contexts may know an account by: nobody gets from it to the account without the keys."""
        return self.keyring.digest("pseudonym", account_id.bytes)[:16].hex()

    # --- helpers

    async def _session(self, account: Account, token: refresh.RefreshToken) -> Session:
        facts = await self._facts_for_token(account)
        issued = self.tokens.issue(
            str(account.account_id), self.pseudonym(account.account_id), account.role, account.agency, facts,
            session=str(token.family),
        )  # fmt: skip
        self.open.add([str(token.family)], trio.current_time())
        left = token.ends - int(self.clock().timestamp())
        return replace(issued, refresh_token=token.text, refresh_expires_in=left)

    async def _facts_for_token(self, account: Account) -> PersonalFacts | None:
        if account.role != "citizen":
            return None
        try:
            return await self.store.facts(account.account_id)
        except (Corrupt, NotFound):
            # Whoever signs in may do so; an anonymous report of theirs can not be cut, and will be refused.
            return None

    async def _present(self, account_id: UUID) -> Account:
        """The account of somebody who shows a good token; it may have been erased in the meantime."""
        try:
            return await self.store.get(account_id)
        except NotFound:
            raise Unauthenticated(GONE) from None

    async def _reauthenticate(self, principal: Principal, password: str) -> Account:
        """Make sure that whoever holds the token knows the password as well."""
        account = await self._present(UUID(principal.subject))
        key = self.keyring.digest("password-of", account.account_id.bytes)
        if not await self._tried((MayTry(key),), lambda: self.passwords.verify(account.password_hash, password)):
            raise Forbidden(WRONG_PASSWORD, code="wrong-password")
        return account

    async def _tried(self, tries: tuple[MayTry, ...], attempt: Callable[[], Awaitable[bool]]) -> bool:
        """Make an attempt that is slowed down after failures; `TooManyRequests` says how long to wait."""
        allowed: list[MayTry] = []
        success: bool | None = None
        try:
            for each in tries:
                wait = await self._wait(each)
                if wait > 0:
                    msg = "too many failed sign-ins"
                    raise TooManyRequests(msg, retry_after=min(wait, LONGEST_WAIT))
                allowed.append(each)
            success = await attempt()
        finally:
            # Also when the database was out of reach, or the caller went away: that was no wrong password.
            for each in allowed:
                self.throttle.cast(Tried(each.login, success))
        return success

    async def _wait(self, each: MayTry) -> float:
        try:
            wait: float = await self.throttle.call(each, 2.0)
        except CallError as error:
            msg = "sign-in is not possible just now"
            raise Unavailable(msg) from error
        return wait

    def _end(self, families: Iterable[UUID]) -> None:
        self.ended.add(map(str, families), trio.current_time())


def claim_of(facts: PersonalFacts) -> Claim:
    """What the provider is asked of a person."""
    return Claim(facts.nik, facts.name, birth_date(facts.nik))


def nobody() -> PersonalFacts:
    """The facts of an account that is not a citizen's: nothing of a person."""
    return PersonalFacts("", "", None, None, None)


def _check_password(password: str, login: str) -> None:
    problem = password_problem(password, login)
    if problem is not None:
        msg = "the password is wrong"
        raise Invalid(msg, fields={"password": problem})

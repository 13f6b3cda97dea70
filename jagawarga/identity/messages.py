"""Commands and values of the identity context: all that other contexts may know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

Role = Literal["citizen", "officer", "agency_head", "executive", "operator", "auditor"]
Registered = Literal["registered", "pending"]
"""`pending`: the identity provider is away, and will be asked later."""
STAFF_BY_OPERATOR: Final[tuple[Role, ...]] = ("officer", "agency_head", "executive", "auditor")
AGENCY_ROLES: Final[tuple[Role, ...]] = ("officer", "agency_head")
"""Those that belong to an agency."""


class PersonalFacts(NamedTuple):
    """What identity knows of a person, handed to the anonymizer in memory so that it can be cut from a text."""

    name: str
    nik: str
    phone: str | None
    email: str | None
    address: str | None

    def __repr__(self) -> str:
        """Say nothing of them: somebody might log it."""
        return "PersonalFacts(…)"


class Principal(NamedTuple):
    """Who is asking, as far as the request in hand needs to know.

    `subject` is identity's own key of the account and never leaves memory, nor do `facts`, a citizen's own data for
    the anonymizer; `pseudonym` is what other contexts may store; `agency` is set for its people only; `session` is the
    family of tokens that this one belongs to.
    """

    subject: str
    pseudonym: str
    role: Role
    agency: str | None = None
    facts: PersonalFacts | None = None
    session: str | None = None

    def __repr__(self) -> str:
        """Say nothing of the session: somebody might log it."""
        return f"Principal({self.role}, {self.agency})"


@dataclass(frozen=True, slots=True)
class RegisterCitizen:
    """A citizen's registration; `nik` is the 16-digit population number."""

    nik: str
    name: str
    password: str
    phone: str | None = None
    email: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class AddOfficer:
    """An operator's order to create the account of an officer of `agency`."""

    username: str
    password: str
    agency: str


@dataclass(frozen=True, slots=True)
class PutAccount:
    """An operator's order to create a staff account, or to set its password and agency where it exists."""

    username: str
    password: str
    role: Role
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time code that makes whoever brings it an officer of the agency; `expires_in` is seconds."""

    code: str
    agency: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """A new officer's answer to an invitation."""

    code: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Sign in: `username` is a citizen's NIK or a staff member's user name; `address` slows guessing, and no more."""

    username: str
    password: str
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A sealed, short-lived access token and a refresh token good for one use; lives in seconds."""

    access_token: str
    expires_in: int
    role: Role
    agency: str | None
    refresh_token: str = field(default="", repr=False)
    refresh_expires_in: int = 0


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What an account is told of itself; `tried` counts registrations that were tried with its NIK."""

    role: Role
    agency: str | None
    tried: int
    facts: PersonalFacts | None = field(default=None, repr=False)


class IdentityDoor(Protocol):
    """What the edge and the anonymizer may ask of identity."""

    async def register(self, command: RegisterCitizen) -> Registered:
        """Create the account. `Invalid` names each wrong field, or says that the provider does not confirm it.

        The answer for a NIK that has an account is that for one that has none: nobody learns who is registered.
        """

    async def add_officer(self, command: AddOfficer) -> None:
        """Create an officer's account, or set its password and agency where it exists."""

    async def put_account(self, command: PutAccount) -> None:
        """Create a staff account, or set its password and agency; `Conflict` for a login of another role."""

    async def invite(self, agency: str, username: str | None) -> Invitation:
        """Make a code for a new officer of `agency`; `Conflict` when too many are out."""

    async def accept_invitation(self, command: AcceptInvitation) -> str:
        """Create the officer and give their agency; `NotFound` for a code that is wrong, spent or over."""

    async def deactivate_officer(self, agency: str, username: str) -> None:
        """End an officer's account and sessions; `NotFound` unless it is one of that agency's officers."""

    async def officer(self, agency: str, username: str) -> str:
        """The pseudonym of one of that agency's officers; `NotFound` for anybody else."""

    async def own_account(self, principal: Principal) -> OwnAccount:
        """What is known of the caller."""

    async def change_password(self, principal: Principal, current: str, new: str) -> None:
        """Set another password and end all other sessions; `Forbidden` when `current` is wrong."""

    async def delete_account(self, principal: Principal, password: str) -> None:
        """Erase the caller's account with all that is known of them; `Forbidden` when the password is wrong."""

    async def refresh_session(self, refresh_token: str) -> Session:
        """Give a session for the next while. A token used before ends its whole family: `Unauthenticated`."""

    async def close_session(self, principal: Principal) -> None:
        """End the session that the access token belongs to."""

    async def close_all_sessions(self, principal: Principal) -> None:
        """End every session of the account."""

    async def open_session(self, command: OpenSession) -> Session:
        """`Unauthenticated` for a wrong pair, in the same time whether or not the account exists."""

    async def authenticate(self, access_token: str) -> Principal:
        """`Unauthenticated` for a token that is malformed, forged or expired, or of a session that is over.

        `Unavailable` where the database has to be asked about the session, and is away; a citizen is believed then.
        """

    def person(self, principal: Principal) -> str:
        """A name for the person behind an account that the next account for their number has as well.

        To be digested with something else before it is stored: alike it would tie together what they did.
        """

    async def facts(self, subject: str) -> PersonalFacts:
        """The person's own data, for the anonymizer alone."""

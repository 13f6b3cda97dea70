"""Commands and values of the identity context: all that other contexts may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Role = Literal["citizen", "officer", "operator"]


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
    the anonymizer; `pseudonym` is what other contexts may store; `agency` is set for officers only.
    """

    subject: str
    pseudonym: str
    role: Role
    agency: str | None = None
    facts: PersonalFacts | None = None


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
class OpenSession:
    """Sign in: `username` is a citizen's NIK or an officer's or operator's user name."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Session:
    """A signed, short-lived access token and its life in seconds."""

    access_token: str
    expires_in: int
    role: Role
    agency: str | None


class IdentityDoor(Protocol):
    """What the edge and the anonymizer may ask of identity."""

    async def register(self, command: RegisterCitizen) -> None:
        """Create the account. `Invalid` names each wrong field; `Conflict` for a NIK already registered."""

    async def add_officer(self, command: AddOfficer) -> None:
        """Create an officer's account, or set its password and agency where it exists."""

    async def open_session(self, command: OpenSession) -> Session:
        """`Unauthenticated` for a wrong pair, in the same time whether or not the account exists."""

    async def authenticate(self, access_token: str) -> Principal:
        """`Unauthenticated` for a token that is malformed, forged or expired. Touches no disk."""

    async def facts(self, subject: str) -> PersonalFacts:
        """The person's own data, for the anonymizer alone."""

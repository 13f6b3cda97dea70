"""Accounts and sessions: what one may do with one's own, an agency head with officers, an operator with staff."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import WRONG, Body, Key, Line, NoQuery, read_key
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid
from jagawarga.identity.messages import AcceptInvitation, PutAccount, Role

ANYONE_SIGNED_IN: tuple[Role, ...] = ("citizen", "officer", "agency_head", "executive", "operator", "auditor")
Password = Annotated[Line, Field(min_length=1, max_length=256)]
NO_CONTENT = 204


class RefreshBody(Body):
    """A refresh token, to be spent."""

    refresh_token: Annotated[Line, Field(min_length=1, max_length=400)]


class PasswordBody(Body):
    """The password that is and the one that shall be."""

    current: Password
    new: Password


class DeletionBody(Body):
    """The password, so that a token that was found deletes nothing."""

    password: Password


class InvitationBody(Body):
    """Whom it is for; without a name, for whoever brings it."""

    username: Annotated[Line, Field(min_length=1, max_length=64)] | None = None


class AcceptBody(Body):
    """A new officer's account."""

    code: Annotated[Line, Field(min_length=1, max_length=100)]
    username: Annotated[Line, Field(min_length=1, max_length=64)]
    password: Password


class AccountBody(Body):
    """A staff account, the user name being in the path; identity judges what goes with which role."""

    password: Password
    role: Role
    agency: Key | None = None


async def refresh(ask: Ask[NoQuery, RefreshBody]) -> Answer:
    """Give the next access token and the next refresh token."""
    return Answer(views.session(await ask.doors.identity.refresh_session(ask.body.refresh_token)), 201)


async def close(ask: Ask[NoQuery, None]) -> Answer:
    """End this session."""
    await ask.doors.identity.close_session(ask.principal)
    return _done()


async def close_all(ask: Ask[NoQuery, None]) -> Answer:
    """End all of the caller's sessions, this one too."""
    await ask.doors.identity.close_all_sessions(ask.principal)
    return _done()


async def me(ask: Ask[NoQuery, None]) -> Answer:
    """Show the caller what is kept of them."""
    return Answer(views.own_account(await ask.doors.identity.own_account(ask.principal)))


async def change_password(ask: Ask[NoQuery, PasswordBody]) -> Answer:
    """Set another password; all other sessions end."""
    await ask.doors.identity.change_password(ask.principal, ask.body.current, ask.body.new)
    return _done()


async def delete(ask: Ask[NoQuery, DeletionBody]) -> Answer:
    """Erase the caller's account."""
    await ask.doors.identity.delete_account(ask.principal, ask.body.password)
    return _done()


async def invite(ask: Ask[NoQuery, InvitationBody | None]) -> Answer:
    """Make a code for a new officer of the caller's agency; it is shown once."""
    made = await ask.doors.identity.invite(ask.agency, None if ask.body is None else ask.body.username)
    shown: shapes.Invitation = {"code": made.code, "agency": made.agency, "expires_in": made.expires_in}
    return Answer(shown, 201)


async def accept(ask: Ask[NoQuery, AcceptBody]) -> Answer:
    """Become an officer."""
    sent = ask.body
    agency = await ask.doors.identity.accept_invitation(AcceptInvitation(sent.code, sent.username, sent.password))
    shown: shapes.Officer = {"username": sent.username, "agency": agency}
    return Answer(shown, 201)


async def deactivate(ask: Ask[NoQuery, None]) -> Answer:
    """End an officer's account, if they are of the caller's agency."""
    await ask.doors.identity.deactivate_officer(ask.agency, read_key("username", ask.path["username"]))
    return _done()


async def put_account(ask: Ask[NoQuery, AccountBody]) -> Answer:
    """Create a staff account, or set its password and agency."""
    username, sent = read_key("username", ask.path["username"]), ask.body
    if sent.agency is not None and all(each.key != sent.agency for each in ask.doors.catalogue.agencies()):
        raise Invalid(WRONG, fields={"agency": "is not known"})
    await ask.doors.identity.put_account(PutAccount(username, sent.password, sent.role, sent.agency))
    shown: shapes.StaffAccount = {"username": username, "role": sent.role, "agency": sent.agency}
    return Answer(shown)


def _done() -> Answer:
    nothing: Any = b""
    return Answer(nothing, NO_CONTENT)


DONE = (Says(NO_CONTENT, meaning="It is done."),)
ROUTES = (
    Route(
        "POST", "/v1/sessions/refresh", refresh, body=RefreshBody, allowance="sign_in",
        answers=(Says(201, shapes.Session),), refuses=("unauthenticated",),
    ),
    Route("DELETE", "/v1/sessions/current", close, who=ANYONE_SIGNED_IN, answers=DONE),
    Route("DELETE", "/v1/sessions", close_all, who=ANYONE_SIGNED_IN, answers=DONE),
    Route("GET", "/v1/me", me, who=ANYONE_SIGNED_IN, answers=(Says(200, shapes.OwnAccount),)),
    Route(
        "PUT", "/v1/me/password", change_password, who=ANYONE_SIGNED_IN, body=PasswordBody, allowance="sign_in",
        answers=DONE, refuses=("wrong-password",),
    ),
    Route(
        "DELETE", "/v1/me", delete, who="citizen", body=DeletionBody, allowance="sign_in",
        answers=DONE, refuses=("wrong-password",),
    ),
    Route(
        "POST", "/v1/agency/invitations", invite, who="agency_head", body=InvitationBody, body_optional=True,
        allowance="sign_in", answers=(Says(201, shapes.Invitation),), refuses=("conflict",),
    ),
    Route(
        "POST", "/v1/officers", accept, body=AcceptBody, allowance="sign_in",
        answers=(Says(201, shapes.Officer),), refuses=("not-found", "conflict"),
    ),
    Route("DELETE", "/v1/agency/officers/<username>", deactivate, who="agency_head", answers=DONE),
    Route(
        "PUT", "/v1/operator/accounts/<username>", put_account, who="operator", body=AccountBody,
        answers=(Says(200, shapes.StaffAccount),), refuses=("conflict",),
    ),
)  # fmt: skip

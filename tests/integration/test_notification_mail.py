"""The e-mail channel against a real SMTP server that refuses, delays, is slow and breaks off."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import trio

from jagawarga.errors import Unavailable
from jagawarga.notification import mailer
from jagawarga.notification.channel import Letter
from jagawarga.notification.desk import Desk
from jagawarga.notification.mailer import Mailer, MailSession, Server
from jagawarga.notification.plan import CONFIRM, Due
from jagawarga.notification.preferences import Preferences
from jagawarga.plumbing.keys import Keyring
from tests.mail_server import Behaviour, smtp_server

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DESK = Desk(Keyring({1: b"k" * 32}), "https://jaga.test", lambda key: f"Dinas {key}", lambda: NOW)


def letter(address: str | None = "warga@kota.test", kind: str = "report.resolved", *, private: bool = False) -> Letter:
    news = Due("p", uuid4(), uuid4(), kind, "resolved", "jalan", private, NOW, 0)
    return Letter("p", Preferences(address=address), (news,))


@asynccontextmanager
async def session(server: Server) -> AsyncIterator[MailSession]:
    async with Mailer(server, DESK).open() as opened:
        yield opened


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_batch_goes_over_one_connection(security: str) -> None:
    """Secured and signed in as set; each mail to its own address."""
    behaviour = Behaviour()
    with smtp_server(behaviour, security) as server:
        async with session(server) as opened:
            for number in range(3):
                assert (await opened.send(letter(f"w{number}@kota.test"))).fate == "sent"
    assert [to for to, _ in behaviour.mails] == ["w0@kota.test", "w1@kota.test", "w2@kota.test"]
    assert (behaviour.connections, behaviour.signed_in) == (1, security != "none")
    _, mail = behaviour.mails[0]
    assert (mail["From"], mail["Subject"]) == ("JagaWarga <kabar@jagaraya.test>", "Kabar laporan Anda")
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().startswith("Laporan Anda dinyatakan selesai oleh Dinas jalan.")


async def test_a_server_without_tls_gets_no_mail() -> None:
    """STARTTLS is insisted on: a password and people's addresses are not for everybody on the way."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server, pytest.raises(Unavailable):
        async with session(replace(server, security="starttls", user="u", password="p")):
            raise AssertionError
    assert behaviour.mails == []


async def test_a_server_with_another_certificate_gets_no_mail() -> None:
    """Nobody stands between."""
    behaviour = Behaviour()
    with smtp_server(behaviour, "tls") as server, pytest.raises(Unavailable):
        async with session(replace(server, host="127.0.0.1")):
            raise AssertionError


@pytest.mark.parametrize(
    ("behaviour", "fate", "reason"),
    [
        (Behaviour(rcpt="451 4.7.1 greylisted, come back"), "again", "smtp-451"),
        (Behaviour(rcpt="550 5.1.1 no such mailbox"), "failed", "smtp-550"),
        (Behaviour(data="452 4.2.2 over quota"), "again", "smtp-452"),
        (Behaviour(data="554 5.7.1 looks like spam"), "failed", "smtp-554"),
        (Behaviour(drop_at="RCPT"), "again", "SMTPServerDisconnected"),
        (Behaviour(drop_at="DATA"), "unknown", "SMTPServerDisconnected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_a_server_says(behaviour: Behaviour, fate: str, reason: str) -> None:
    """A refusal for now is tried again, one for good is not; after the data only the server knows."""
    with smtp_server(behaviour) as server:
        async with session(server) as opened:
            outcome = await opened.send(letter())
    assert (outcome.fate, outcome.reason) == (fate, reason)


async def test_a_refused_mail_harms_not_the_next() -> None:
    """The same connection goes on; a broken one says so of all that follow."""
    behaviour = Behaviour(rcpt="550 no")
    with smtp_server(behaviour) as server:
        async with session(server) as opened:
            assert (await opened.send(letter())).fate == "failed"
            behaviour.rcpt = ""
            assert (await opened.send(letter())).fate == "sent"
            behaviour.drop_at = "RCPT"
            assert (await opened.send(letter())).fate == "again"
            assert (await opened.send(letter())).reason == "connection-lost"
    assert len(behaviour.mails) == 1


async def test_a_server_that_is_too_slow_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds, and what was handed over by then may have arrived."""
    monkeypatch.setattr(mailer, "SEND_WITHIN", 0.3)
    behaviour = Behaviour(slow=3.0)
    with smtp_server(behaviour) as server:
        began = time.monotonic()
        async with session(server) as opened:
            outcome = await opened.send(letter())
            assert (outcome.fate, outcome.reason) == ("unknown", "too-slow")
            assert time.monotonic() - began < 2.0


async def test_a_cancelled_sender_waits_for_no_server() -> None:
    """Its thread ends with its connection."""
    with smtp_server(Behaviour(slow=5.0)) as server:
        channel = Mailer(server, DESK)
        with trio.fail_after(3), trio.move_on_after(0.3):
            async with channel.open() as opened:
                await opened.send(letter())
        with trio.fail_after(3):
            while channel.thread.borrowed_tokens:
                await trio.sleep(0.01)


async def test_nobody_there() -> None:
    """The batch is given back before anything is marked."""
    with smtp_server(Behaviour()) as server:
        pass
    with pytest.raises(Unavailable):
        async with session(server):
            raise AssertionError


async def test_lines_that_begin_with_a_dot_arrive() -> None:
    """An authority may be called anything; the mail does not end there."""
    behaviour = Behaviour()
    dotted = Desk(DESK.keyring, "https://jaga.test", lambda _: "x\r\n.\r\nQUIT", lambda: NOW)
    with smtp_server(behaviour) as server:
        async with Mailer(server, dotted).open() as opened:
            assert (await opened.send(letter())).fate == "sent"
            assert (await opened.send(letter())).fate == "sent"
    assert len(behaviour.mails) == 2
    body = behaviour.mails[0][1].get_body(("plain",))
    assert body is not None
    assert "Berhenti menerima" in body.get_content()


@pytest.mark.parametrize("address", ["a@b.id\r\nBcc: c@d.id", "no-address", "a@b.id, c@d.id", "<a@b.id>", None])
async def test_what_is_no_address_gets_no_mail(address: str | None) -> None:
    """No header can be smuggled in with it; it is given up, not tried again."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with session(server) as opened:
            assert (await opened.send(letter(address))).fate == "failed"
    assert behaviour.mails == []


async def test_a_code_goes_to_the_pending_address_alone() -> None:
    """And one for an address that was replaced meanwhile to nobody."""
    behaviour = Behaviour()
    confirmation = letter(None, CONFIRM)
    waiting = Preferences(pending="neu@kota.test", confirmation=confirmation.news[0].event_id)
    with smtp_server(behaviour) as server:
        async with session(server) as opened:
            assert (await opened.send(replace(confirmation, preferences=waiting))).fate == "sent"
            replaced = replace(waiting, confirmation=uuid4())
            assert (await opened.send(replace(confirmation, preferences=replaced))).reason == "superseded"
    ((to, mail),) = behaviour.mails
    assert to == "neu@kota.test"
    assert DESK.code("p", waiting) in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "List-Unsubscribe" not in mail

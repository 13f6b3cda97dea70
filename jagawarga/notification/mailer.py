"""E-mail over SMTP (RFC 5321), the standard library's client in a worker thread, one connection for a batch.

A mail counts as taken when the server answers the end of its data with 250. Refused before, it can be tried again (4xx)
or can not (5xx). When the connection breaks after the data went out, nobody knows, and it is not sent again.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote, urlsplit

import trio

from jagawarga.errors import StartupError, Unavailable
from jagawarga.notification.channel import SEND_WITHIN
from jagawarga.notification.plan import CONFIRM, Outcome
from jagawarga.notification.writing import Envelope, code_words, mail, words

if TYPE_CHECKING:
    from email.message import EmailMessage

    from jagawarga.notification.channel import Letter
    from jagawarga.notification.desk import Desk

Security = Literal["starttls", "tls", "none"]
SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp+plain": ("none", 25),
}
CONNECT_WITHIN: Final = 15.0
STEP_WITHIN: Final = 10.0
_OK: Final = range(200, 300)
_LATER: Final = range(400, 500)
_GO_ON: Final = 354
_SHAPE: Final = "smtp[s]://user:password@host[:port], or smtp+plain://host[:port] for a relay that needs no TLS"


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in."""

    host: str
    port: int
    security: Security
    user: str | None
    password: str | None
    sender: str
    trust: ssl.SSLContext


def server_of(url: str, sender: str) -> Server:
    """Read the setting `smtp_url`; `StartupError` for what is none, without repeating it.

    `smtp` insists on STARTTLS, `smtps` is TLS from the start; a password is sent over TLS only.
    """
    msg = f"wrong setting smtp_url: it has to be {_SHAPE}"
    try:
        parts = urlsplit(url)
        security, port = SCHEMES[parts.scheme]
        port = parts.port or port
    except (KeyError, ValueError):
        raise StartupError(msg) from None
    if not parts.hostname or parts.path.strip("/") or parts.query or (parts.username and security == "none"):
        raise StartupError(msg)
    user = unquote(parts.username) if parts.username else None
    return Server(
        parts.hostname, port, security, user, unquote(parts.password or ""), sender, ssl.create_default_context()
    )


class Mailer:
    """The e-mail channel."""

    name: Final = "email"

    def __init__(self, server: Server, desk: Desk) -> None:
        self.server = server
        self.desk = desk
        # A thread that was abandoned ends when its connection does; until then no other is begun.
        self.thread = trio.CapacityLimiter(1)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MailSession]:
        """Connect, secure and sign in; raises `Unavailable` where that fails."""
        line = Line(self.server)
        try:
            try:
                with trio.fail_after(CONNECT_WITHIN):
                    await trio.to_thread.run_sync(line.connect, limiter=self.thread, abandon_on_cancel=True)
            except (OSError, smtplib.SMTPException, trio.TooSlowError) as error:
                # The kind of it only: a server's words may quote an address or a name.
                msg = f"the mail server is out of reach ({type(error).__name__})"
                raise Unavailable(msg) from error
            yield MailSession(line, self)
        finally:
            # Without a goodbye, which would be one more thing to wait for.
            line.cut()


class MailSession:
    """One connection to the server."""

    def __init__(self, line: Line, mailer: Mailer) -> None:
        self.line = line
        self.mailer = mailer

    @property
    def usable(self) -> bool:
        """Whether the connection still stands."""
        return not self.line.broken

    async def send(self, letter: Letter) -> Outcome:
        """Send one mail; see `channel.Session`."""
        written = self._written(letter)
        if isinstance(written, Outcome):
            return written
        to, message = written
        with trio.move_on_after(SEND_WITHIN) as deadline:
            outcome = await trio.to_thread.run_sync(
                self.line.send, to, message, limiter=self.mailer.thread, abandon_on_cancel=True
            )
        if deadline.cancelled_caught:
            self.line.cut()
            return Outcome("unknown", "too-slow") if self.line.handed_over else Outcome("again", "too-slow")
        return outcome

    def _written(self, letter: Letter) -> tuple[str, bytes] | Outcome:
        preferences, desk = letter.preferences, self.mailer.desk
        if letter.news[0].type == CONFIRM:
            if preferences.confirmation != letter.news[0].event_id or preferences.pending is None:
                return Outcome("failed", "superseded")
            to, stop = preferences.pending, None
            said = code_words(desk.code(letter.recipient, preferences), preferences.language)
        else:
            if preferences.address is None:
                return Outcome("failed", "no-address")
            to, stop = preferences.address, desk.stop_link(letter.recipient)
            said = words(letter.news, preferences.language, desk.name)
        envelope = Envelope(self.mailer.server.sender, to, desk.number(), desk.clock(), desk.link(), stop)
        try:
            return to, _bytes(mail(said, envelope, preferences.language))
        except (MessageError, ValueError):
            return Outcome("failed", "bad-address")


class Line:
    """The blocking half: everything here runs in a worker thread, but `cut`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.handed_over = False
        """Whether the end of a mail's data may have been sent, and its answer has not come."""
        self._client: smtplib.SMTP | None = None
        self.broken = False
        self._cut = False

    def connect(self) -> None:
        """Connect and get ready; errors are smtplib's."""
        server = self.server
        kind: Callable[..., smtplib.SMTP] = smtplib.SMTP
        extra = {}
        if server.security == "tls":
            kind, extra = smtplib.SMTP_SSL, {"context": server.trust}
        self._client = client = kind(server.host, server.port, timeout=STEP_WITHIN, **extra)
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=server.trust)
            client.ehlo()
        if server.user is not None:
            client.login(server.user, server.password or "")
        if self._cut:
            self.cut()

    def send(self, to: str, message: bytes) -> Outcome:
        """Send one mail to one address."""
        self.handed_over = False
        client = self._client
        if client is None or self.broken:
            return Outcome("again", "connection-lost")
        try:
            code, _ = client.mail(self.server.sender)
            if code in _OK:
                code, _ = client.rcpt(to)
            if code not in _OK:
                client.rset()
                return _refused(code)
            code, _ = client.docmd("DATA")
            if code != _GO_ON:
                client.rset()
                return _refused(code)
            self.handed_over = True
            client.send(message)
            code, _ = client.getreply()
            self.handed_over = False
        except (OSError, smtplib.SMTPException) as error:
            self.broken = True
            return Outcome("unknown" if self.handed_over else "again", type(error).__name__)
        return Outcome("sent") if code in _OK else _refused(code)

    def cut(self) -> None:
        """Break the connection, whatever a thread is waiting for on it."""
        self._cut = self.broken = True
        client = self._client
        if client is not None and client.sock is not None:
            # Closing alone would not wake a thread that reads.
            with suppress(OSError):
                client.sock.shutdown(2)
            client.close()


def _refused(code: int) -> Outcome:
    return Outcome("again" if code in _LATER else "failed", f"smtp-{code}")


def _bytes(message: EmailMessage) -> bytes:
    """The mail as it goes over the line: dots doubled at the beginning of lines (RFC 5321, 4.5.2), and the end."""
    return re.sub(rb"(?m)^\.", b"..", message.as_bytes()) + b".\r\n"

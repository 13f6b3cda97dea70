"""A real SMTP server in a thread, and a real push service: both misbehave as they are told."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
import trio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from jagawarga.notification.mailer import Server
from jagawarga.notification.vapid import CURVE, base64url, point

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from email.message import EmailMessage

USER, PASSWORD = "jagawarga", "a-pass"


@dataclass
class Behaviour:
    """What the server answers, and what it got; an empty answer is the usual one."""

    rcpt: str = ""
    data: str = ""
    drop_at: str = ""
    """`RCPT` or `DATA`: break the connection there; of a mail's data after all of it has come."""
    drop_for: str = ""
    """An address at which the connection breaks."""
    slow: float = 0.0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    connections: int = 0
    signed_in: bool = False

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:  # noqa: N802 - the name of aiosmtpd
        if session.ssl is None:  # and not the second one, behind STARTTLS
            self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - the name of aiosmtpd
        self.signed_in = bool(session.authenticated)
        if self.drop_at == "RCPT" or address == self.drop_for:
            server.transport.abort()
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the name of aiosmtpd
        await asyncio.sleep(self.slow)
        if self.data:
            return self.data
        self.raw.append(envelope.content)
        self.mails.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=default)))
        if self.drop_at == "DATA":
            server.transport.abort()
        return "250 OK"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right)


@contextmanager
def smtp_server(behaviour: Behaviour, security: str = "none") -> Iterator[Server]:
    """Run it for the block; gives where it is."""
    trust = ssl.create_default_context()
    extra: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as directory:
        if security != "none":
            certificate = _certificate(Path(directory))
            mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            mine.load_cert_chain(certificate)
            trust.load_verify_locations(certificate)
            extra = {"authenticator": authenticate}
            extra |= {"ssl_context": mine} if security == "tls" else {"tls_context": mine, "require_starttls": True}
            if security == "tls":
                extra["auth_require_tls"] = False  # it does not see that all of it is TLS
        controller = Controller(behaviour, hostname="127.0.0.1", port=_free_port(), **extra)
        controller.start()
        try:
            user, password = (USER, PASSWORD) if security != "none" else (None, None)
            yield Server("localhost", controller.port, security, user, password, "kabar@jagaraya.test", trust)  # type: ignore[arg-type]
        finally:
            controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(directory: Path) -> Path:
    """A certificate for localhost that nobody has signed but itself."""
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = directory / "both.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


@dataclass
class UserAgent:
    """A browser: its keys, and how it reads what a push service hands it (RFC 8291, written from the other side)."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = b"sixteen bytes ok"

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": base64url(point(self.key)), "auth": base64url(self.auth)}

    def read(self, body: bytes) -> bytes:
        salt, theirs, sealed = body[:16], body[21 : 21 + body[20]], body[21 + body[20] :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        info = b"WebPush: info\0" + point(self.key) + theirs
        keying = HKDF(SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(keying)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(keying)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        text, mark, _ = padded.rpartition(b"\x02")
        assert mark
        return text


@dataclass
class PushService:
    """A push service on a free port; answers `status`, or hangs up before it does."""

    status: int = 201
    hang_up: bool = False
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def endpoint(self, path: str = "/push/1") -> str:
        return f"http://localhost:{self.port}{path}"

    async def handle(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        request, body = None, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                break
        if request is None:
            return
        headers = {name.decode(): value.decode() for name, value in request.headers}
        self.posts.append((request.target.decode(), headers, body))
        if not self.hang_up:
            answer = h11.Response(status_code=self.status, headers=[("Content-Length", "0"), ("Connection", "close")])
            await stream.send_all((connection.send(answer) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        await stream.aclose()


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """Run it for the block."""
    service = PushService()
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(lambda task_status: trio.serve_tcp(
            service.handle, 0, host="127.0.0.1", task_status=task_status))  # fmt: skip
        service.port = listeners[0].socket.getsockname()[1]
        yield service
        nursery.cancel_scope.cancel()
